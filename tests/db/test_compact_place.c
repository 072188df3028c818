/* A compaction in place of its book, beside others that use it; what becomes of trials; regret that does not
 * add up. */
#include <signal.h>
#include <sys/wait.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/check.h"
#include "db/compact.h"
#include "tuner/base/clock.h"

static char *folder;
static char path[4096], other[4096];
static struct hash environment;

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    snprintf(path, sizeof path, "%s/a.book", folder);
    snprintf(other, sizeof other, "%s/b.book", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static const char *key_of(unsigned number)
{
    static char key[KEY_BYTES_MAX + 1];
    snprintf(key, sizeof key, "gemm/f32@x86-64-v4:2:38/n=0000000064/m=%010u", number);
    return key;
}

static void put(struct book *book, unsigned record, unsigned kernel, uint64_t median)
{
    struct record_entry entry = {.kernel = numbered_hash(kernel),
                                 .environment = environment,
                                 .verified = 1,
                                 .timing = {.median_ns = median, .high_ns = median + 1, .samples = 20}};
    assert_ok(book_put_entry(book, key_of(record), &entry, 0, NULL, 0));
}

/* Records 1: kernels 1, 2, 3 at 1000, 1015, 1030 ns; 2: kernel 2; 3: kernel 3. */
static struct book *make_book(const char *at)
{
    struct book *book;
    assert_ok(book_open(at, BOOK_WRITE, &book));
    for (unsigned k = 1; k <= 4; k++) put_numbered_kernel(book, k, "x86-64-v4");
    assert_ok(book_put_environment(book, "{}", &environment));
    put(book, 1, 1, 1000);
    put(book, 1, 2, 1015);
    put(book, 1, 3, 1030);
    put(book, 2, 2, 500);
    put(book, 3, 3, 500);
    return book;
}

static enum status compact(const char *output, struct compact_report *report)
{
    struct book_compact options = {.path = path, .output = output, .regret = COMPACT_REGRET_ONE / 50};
    enum status status = book_compact(&options, report);
    compact_report_free(report);
    return status;
}

static void find(void *context, const struct check_finding *finding)
{
    (void)context;
    fail_msg("%s %s: %s", finding->table, finding->key, finding->what);
}

static void must_be_sound(void)
{
    struct check_options options = {.visit = find};
    struct check_summary summary;
    assert_ok(book_check(path, &options, &summary));
}

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

static void regret_does_not_add_up(void **state)
{
    (void)state;
    struct compact_report report;
    static struct record record;
    struct book *book = make_book(path);
    struct hash second = numbered_hash(2);
    struct record_entry third = {.kernel = numbered_hash(3),
                                 .environment = environment,
                                 .verified = 1,
                                 .timing = {.median_ns = 490, .high_ns = 491, .samples = 20}};
    struct book_finals finals = {
        .entries = &third, .n_entries = 1, .environment = &environment, .measured = &second, .n_measured = 1};
    assert_ok(book_close(book));
    assert_ok(compact(NULL, &report));
    /* Nobody but record 1 wants kernel 2 any more. Kernel 3 is within 2 % of it, but not of what kernel 1
     * took. */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_finals(book, key_of(2), &finals));
    assert_ok(book_close(book));
    for (int again = 0; again < 2; again++) {
        assert_ok(compact(NULL, &report));
        assert_ok(book_open(path, BOOK_READ, &book));
        assert_ok(book_get_record(book, key_of(1), &record));
        assert_int_equal(record.entries[0].timing.median_ns, 1015);
        assert_ok(book_close(book));
    }
    /* Measured anew, it counts from what was measured. */
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_finals(book, key_of(1), &finals));
    assert_ok(book_close(book));
    assert_ok(compact(NULL, &report));
    assert_ok(book_open(path, BOOK_READ, &book));
    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.kernels, 1);
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

/* ---- trials ---- */

static void try_it(struct book *book, unsigned kernel, const char *configuration, const char *boot,
                   int verdict, uint64_t median)
{
    uint64_t sequence;
    struct trial trial = {.verdict = (uint8_t)verdict,
                          .kernel = numbered_hash(kernel),
                          .environment = environment,
                          .timing = {.median_ns = median, .high_ns = median + 1, .samples = 20},
                          .configuration = configuration,
                          .detail = ""};
    if (boot) setenv("TUNEBOOK_TEST_BOOT", boot, 1);
    assert_ok(book_start(book, key_of(1), configuration, &trial.kernel, &sequence));
    unsetenv("TUNEBOOK_TEST_BOOT");
    if (verdict != VERDICT_STARTED) assert_ok(book_finish(book, key_of(1), sequence, &trial));
}

struct seen {
    char text[512];
};

static bool see(void *context, uint64_t sequence, const struct trial *trial)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%s#%d:%s:%d ", trial->configuration, (int)sequence,
             verdict_name((enum verdict)trial->verdict), (int)trial->timing.median_ns);
    return true;
}

static int in_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In alphabetical order: a book has them by hash. */
static void trials_are(const char *at, const char *expected)
{
    struct seen seen = {""};
    struct book *book;
    char *words[32], sorted[512] = "";
    size_t n = 0;
    assert_ok(book_open(at, BOOK_READ, &book));
    assert_ok(book_each_trial(book, key_of(1), see, &seen));
    assert_ok(book_close(book));
    for (char *word = strtok(seen.text, " "); word; word = strtok(NULL, " ")) words[n++] = word;
    qsort(words, n, sizeof *words, in_order);
    for (size_t i = 0; i < n; i++) strcat(strcat(sorted, words[i]), " ");
    assert_string_equal(sorted, expected);
}

static void dead_trials_go(void **state)
{
    (void)state;
    struct compact_report report;
    struct book *book = make_book(path);
    try_it(book, 9, "a", NULL, VERDICT_OK, 11);         /* superseded */
    try_it(book, 9, "a", "before", VERDICT_STARTED, 0); /* resolved by the next */
    try_it(book, 9, "a", NULL, VERDICT_SLOW, 12);
    try_it(book, 8, "b", NULL, VERDICT_WRONG, 0);
    try_it(book, 8, "b", "before", VERDICT_STARTED, 0); /* a machine that went down with it */
    try_it(book, 7, "c", NULL, VERDICT_PRUNED, 0);
    try_it(book, 7, "d", NULL, VERDICT_OK, 13); /* of another compiler's kernel */
    try_it(book, 6, "d", NULL, VERDICT_OK, 14);
    assert_ok(book_close(book));
    pid_t child = fork();
    if (child == 0) { /* one whose owner is gone, of this boot */
        if (book_open(path, BOOK_WRITE, &book) != STATUS_OK) _exit(1);
        try_it(book, 5, "e", NULL, VERDICT_STARTED, 0);
        _exit(book_close(book) != STATUS_OK);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_ok(compact(other, &report));
    trials_are(other, "a#3:slow:12 b#1:wrong:0 b#2:started:0 c#1:pruned:0 d#1:ok:13 d#2:ok:14 ");
    unlink(other);
    struct book_compact options = {.path = path, .output = other, .drop_trials = true};
    assert_ok(book_compact(&options, &report));
    assert_int_equal(report.before.trials, 9);
    assert_int_equal(report.after.trials, 0);
    compact_report_free(&report);
    trials_are(other, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_place_it_stays_the_book_it_is, begin, end),
        cmocka_unit_test_setup_teardown(regret_does_not_add_up, begin, end),
        cmocka_unit_test_setup_teardown(whoever_has_it_open_is_named, begin, end),
        cmocka_unit_test_setup_teardown(what_is_written_meanwhile_is_not_lost, begin, end),
        cmocka_unit_test_setup_teardown(writers_come_and_go, begin, end),
        cmocka_unit_test_setup_teardown(refused_by_name, begin, end),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, begin, end),
        cmocka_unit_test_setup_teardown(dead_trials_go, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
