/* A compaction in place of its book, beside others that use it. */
#include "tests/db/compact_samples.h"
#include "tuner/base/clock.h"

static int files(void)
{
    char command[4200];
    int n = -1;
    snprintf(command, sizeof command, "ls %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%d", &n) != 1) n = -1;
    if (pipe) pclose(pipe);
    return n;
}

static void in_place_it_stays_the_book_it_is(void **state)
{
    (void)state;
    struct compact_report report;
    struct stat stat_now;
    struct book *book = make_book(path);
    char before[33], after[33], link_path[4200];
    assert_ok(book_id(book, before));
    assert_ok(book_close(book));
    assert_int_equal(chmod(path, 0640), 0);
    snprintf(link_path, sizeof link_path, "%s/link.book", folder);
    assert_int_equal(symlink("a.book", link_path), 0);
    struct book_compact options = {.path = link_path, .regret = COMPACT_REGRET_ONE / 50};
    assert_ok(book_compact(&options, &report));
    assert_int_equal(report.before.kernels, 4);
    assert_int_equal(report.after.kernels, 2);
    assert_int_equal(report.n_groups, 1);
    assert_int_equal(report.groups[0].worst, 15000);
    compact_report_free(&report);
    assert_int_equal(lstat(link_path, &stat_now), 0);
    assert_true(S_ISLNK(stat_now.st_mode));
    assert_int_equal(stat(path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 07777, 0640);
    assert_int_equal(files(), 3); /* the book, its lock file, the link */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_id(book, after));
    assert_string_equal(before, after);
    put(book, 9, 2, 7); /* it goes on */
    assert_ok(book_close(book));
    must_be_sound();
}

/* ---- others ---- */

static pid_t open_in_child(enum book_mode mode)
{
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct book *book;
        if (book_open(path, mode, &book) != STATUS_OK || write(pipes[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void whoever_has_it_open_is_named(void **state)
{
    (void)state;
    struct compact_report report;
    char owner[32];
    assert_ok(book_close(make_book(path)));
    for (enum book_mode mode = BOOK_READ; mode <= BOOK_WRITE; mode++) {
        pid_t child = open_in_child(mode);
        snprintf(owner, sizeof owner, "process %d has it open", (int)child);
        assert_int_equal(compact(NULL, &report), STATUS_BUSY);
        assert_non_null(strstr(status_message(), owner));
        assert_ok(compact(other, &report)); /* another file is nobody's trouble */
        assert_int_equal(unlink(other), 0);
        end_child(child);
    }
    struct book *book;
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_int_equal(compact(NULL, &report), STATUS_BUSY);
    assert_ok(book_close(book));
    assert_ok(compact(NULL, &report));
}

static void write_in_child(unsigned record)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct book *book;
        enum status status = book_open(path, BOOK_WRITE, &book);
        if (status == STATUS_OK) put(book, record, 2, 100 + record);
        _exit(status == STATUS_OK && book_close(book) == STATUS_OK ? 0 : 1);
    }
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
}

static uint32_t write_meanwhile(void *context, const char *key, const struct descriptor *descriptor)
{
    (void)key, (void)descriptor;
    if (!*(bool *)context) write_in_child(77);
    *(bool *)context = true;
    return 1;
}

static void what_is_written_meanwhile_is_not_lost(void **state)
{
    (void)state;
    static struct record record;
    struct compact_report report;
    struct book *book;
    bool written = false;
    assert_ok(book_close(make_book(path)));
    struct book_compact options = {
        .path = path, .regret = COMPACT_REGRET_ONE / 50, .covers = write_meanwhile, .context = &written};
    assert_int_equal(book_compact(&options, &report), STATUS_BUSY);
    assert_non_null(strstr(status_message(), "was written meanwhile"));
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_ok(book_get_record(book, key_of(77), &record));
    assert_ok(book_close(book));
    assert_int_equal(files(), 2);
}

/* Writers come and go while the book is compacted again and again: each record that one of them was told is
 * kept is there in the end. */
static void writers_come_and_go(void **state)
{
    (void)state;
    enum { WRITERS = 2 };
    unsigned each = (unsigned)test_scaled(30), compacted = 0, busy = 0;
    pid_t children[WRITERS];
    assert_ok(book_close(make_book(path)));
    for (unsigned w = 0; w < WRITERS; w++) {
        children[w] = fork();
        assert_true(children[w] >= 0);
        if (children[w]) continue;
        struct rng rng;
        rng_seed(&rng, w);
        for (unsigned i = 0; i < each; i++) {
            struct book *book;
            if (book_open(path, BOOK_WRITE, &book) != STATUS_OK) _exit(1);
            put(book, 1000 + w * each + i, 2, 100);
            if (book_close(book) != STATUS_OK) _exit(2);
            clock_sleep_ns(rng_below(&rng, 8) * 1000000);
        }
        _exit(0);
    }
    for (unsigned left = WRITERS; left;) {
        struct compact_report report;
        enum status status = compact(NULL, &report);
        if (status != STATUS_OK && status != STATUS_BUSY) fail_msg("%s", status_message());
        status == STATUS_OK ? compacted++ : busy++;
        for (unsigned w = 0; w < WRITERS; w++) {
            int code;
            if (!children[w] || waitpid(children[w], &code, WNOHANG) != children[w]) continue;
            assert_int_equal(code, 0);
            children[w] = 0;
            left--;
        }
    }
    print_message("%u compactions, %u found it in use\n", compacted, busy);
    struct book *book;
    static struct record record;
    assert_ok(book_open(path, BOOK_READ, &book));
    for (unsigned i = 0; i < WRITERS * each; i++) assert_ok(book_get_record(book, key_of(1000 + i), &record));
    assert_ok(book_close(book));
    must_be_sound();
}

/* ---- refused ---- */

static void refused_by_name(void **state)
{
    (void)state;
    struct compact_report report;
    struct book *book = make_book(path);
    char same[4200];
    assert_ok(book_freeze(&book, 1, other));
    assert_ok(book_close(book));
    snprintf(same, sizeof same, "%s/same.book", folder);
    assert_int_equal(link(path, same), 0);
    assert_int_equal(compact(path, &report), STATUS_USAGE);
    assert_int_equal(compact(same, &report), STATUS_USAGE);
    assert_non_null(strstr(status_message(), "is the book itself"));
    assert_int_equal(compact(other, &report), STATUS_USAGE);
    assert_non_null(strstr(status_message(), "exists already"));
    assert_int_equal(compact("/proc/nowhere/x.book", &report), STATUS_IO);
    struct book_compact options = {.path = other, .regret = 0};
    assert_int_equal(book_compact(&options, &report), STATUS_USAGE);
    assert_non_null(strstr(status_message(), "frozen"));
    options.output = in_folder(folder, "c.book"); /* but it can be read */
    assert_ok(book_compact(&options, &report));
    compact_report_free(&report);
    int stop = 1;
    options.output = in_folder(folder, "d.book");
    options.stop = &stop;
    assert_int_equal(book_compact(&options, &report), STATUS_INTERRUPTED);
    setenv("TUNEBOOK_TEST_NETWORK_FS", "1", 1);
    assert_int_equal(compact(NULL, &report), STATUS_USAGE);
    assert_ok(compact(in_folder(folder, "e.book"), &report));
    unsetenv("TUNEBOOK_TEST_NETWORK_FS");
    options = (struct book_compact){.path = "/nowhere/x.book"};
    assert_int_equal(book_compact(&options, &report), STATUS_NOT_FOUND);
    assert_int_equal(access(in_folder(folder, "d.book"), F_OK), -1);
}

/* A kernel or code that is missing stops it before anything is written. */
static int drop_row(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    struct hash kernel = numbered_hash(2), code = sha256_of("code 2", 6);
    enum table table = *(enum table *)context;
    MDB_val key = value_of(table == TABLE_KERNEL ? kernel.bytes : code.bytes, SHA256_BYTES);
    return mdb_del(txn, book->environment->tables[table], &key, NULL);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    enum table tables[] = {TABLE_CODE, TABLE_KERNEL};
    struct compact_report report;
    struct book *book = make_book(path);
    for (int i = 0; i < 2; i++) {
        assert_ok(book_write(book, "drop", drop_row, &tables[i]));
        assert_int_equal(compact(other, &report), STATUS_BAD_DATA);
        assert_non_null(strstr(status_message(), "is damaged or not there"));
    }
    assert_ok(book_close(book));
    assert_int_equal(files(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_place_it_stays_the_book_it_is, begin, end),
        cmocka_unit_test_setup_teardown(whoever_has_it_open_is_named, begin, end),
        cmocka_unit_test_setup_teardown(what_is_written_meanwhile_is_not_lost, begin, end),
        cmocka_unit_test_setup_teardown(writers_come_and_go, begin, end),
        cmocka_unit_test_setup_teardown(refused_by_name, begin, end),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
