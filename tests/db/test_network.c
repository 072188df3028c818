/* Books on network file systems, with TUNEBOOK_TEST_NETWORK_FS standing for one. "Machines" are scratch
 * folders. */
#include <dirent.h>
#include <sys/wait.h>
#include "tests/db/samples.h"

static char *folder;
static const char key[] = "gemm/f32@t:1:1/n=0000000064/m=0000000008";

static void on_machine(const char *name)
{
    const char *path = in_folder(folder, name);
    mkdir(path, 0755);
    setenv("TMPDIR", path, 1);
}

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    setenv("TUNEBOOK_TEST_NETWORK_FS", "1", 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unsetenv("TUNEBOOK_TEST_NETWORK_FS");
    folder_end(folder);
    return 0;
}

static struct book *open_as(const char *machine, enum book_mode mode)
{
    struct book *book;
    on_machine(machine);
    assert_ok(book_open(in_folder(folder, "share/user.book"), mode, &book));
    return book;
}

static void put(struct book *book, uint64_t kernel)
{
    struct record_entry entry = {.kernel = put_numbered_kernel(book, kernel, "t"),
                                 .timing.high_ns = 100 + kernel};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
}

static uint32_t entries_seen(const char *machine)
{
    struct record record;
    struct book *book = open_as(machine, BOOK_READ);
    enum status status = book_get_record(book, key, &record);
    assert_null(book_scratch(book));
    assert_ok(book_close(book));
    return status == STATUS_OK ? record.n_entries : 0;
}

static size_t files_in(const char *path)
{
    size_t n = 0;
    DIR *open_folder = opendir(path);
    assert_non_null(open_folder);
    for (struct dirent *it; (it = readdir(open_folder));) n += it->d_name[0] != '.';
    closedir(open_folder);
    return n;
}

static void worked_on_locally_and_published(void **state)
{
    (void)state;
    struct book *book = open_as("a", BOOK_WRITE);
    assert_non_null(book_scratch(book));
    assert_true(text_starts_with(book_scratch(book), in_folder(folder, "a/tunebook-")));
    assert_string_equal(book_path(book), in_folder(folder, "share/user.book"));
    put(book, 1);
    assert_int_equal(files_in(in_folder(folder, "share")), 0); /* not yet */
    assert_ok(book_publish(book));
    assert_int_equal(files_in(in_folder(folder, "share")), 1); /* and no lock file beside it */
    assert_int_equal(entries_seen("b"), 1);
    put(book, 2);
    assert_int_equal(entries_seen("b"), 1);
    assert_ok(book_close(book));
    assert_int_equal(entries_seen("b"), 2);
    assert_int_equal(files_in(in_folder(folder, "share")), 1);
    char uid[64];
    snprintf(uid, sizeof uid, "b/tunebook-%u", (unsigned)geteuid());
    assert_int_equal(files_in(in_folder(folder, uid)), 0); /* readers' copies are gone */
}

/* Two machines publish in turn: neither loses what the other put. */
static void nobody_is_overwritten(void **state)
{
    (void)state;
    struct book *a = open_as("a", BOOK_WRITE), *b = open_as("b", BOOK_WRITE);
    struct hash kernel = numbered_hash(3);
    uint64_t sequence;
    put(a, 3);
    put(b, 4);
    assert_ok(book_quarantine(a, "t:1:1", &kernel, &kernel, VERDICT_HANG));
    assert_ok(book_start(a, key, "A=1", &kernel, &sequence));
    struct trial trial = {.verdict = VERDICT_OK, .configuration = "A=1"};
    assert_ok(book_finish(a, key, sequence, &trial));
    assert_ok(book_close(a));
    assert_ok(book_close(b));
    assert_int_equal(entries_seen("c"), 4);
    struct book *c = open_as("c", BOOK_READ);
    enum verdict verdict;
    struct book_counts counts;
    assert_ok(book_quarantined(c, "t:1:1", &kernel, &kernel, &verdict));
    assert_int_equal(verdict, VERDICT_HANG);
    assert_ok(book_count(c, &counts));
    assert_int_equal(counts.trials, 1);
    assert_ok(book_close(c));
    /* And a's next publication has b's. */
    a = open_as("a", BOOK_WRITE);
    put(a, 5);
    assert_ok(book_close(a));
    assert_int_equal(entries_seen("c"), 5);
}

/* What was not published when the machine's process died is found again. */
static void a_crash_before_publishing(void **state)
{
    (void)state;
    if (fork() == 0) {
        struct book *book = open_as("a", BOOK_WRITE);
        put(book, 6);
        _exit(0);
    }
    wait(NULL);
    assert_int_equal(entries_seen("c"), 5);
    assert_ok(book_close(open_as("a", BOOK_WRITE)));
    assert_int_equal(entries_seen("c"), 6);
}

/* Several machines publish side by side, each its own problems, again and again. */
enum { MACHINES = 4 };

static void own_key(unsigned machine, unsigned number, char out[KEY_BYTES_MAX + 1])
{
    snprintf(out, KEY_BYTES_MAX + 1, "gemm/f32@t:1:1/n=%010u/m=%010u", machine + 1, number + 1);
}

static _Noreturn void publish_often(unsigned machine, unsigned publications)
{
    char name[16];
    snprintf(name, sizeof name, "m%u", machine);
    on_machine(name);
    for (unsigned i = 0; i < publications; i++) {
        struct book *book;
        char own[KEY_BYTES_MAX + 1];
        struct record_entry entry = {.timing.high_ns = 1 + i};
        own_key(machine, i, own);
        if (book_open(in_folder(folder, "share/often.book"), BOOK_WRITE, &book) != STATUS_OK) _exit(1);
        entry.kernel = put_numbered_kernel(book, machine, "t");
        if (book_put_entry(book, own, &entry, 0, NULL, 0) != STATUS_OK) _exit(2);
        if (book_close(book) != STATUS_OK) {
            fprintf(stderr, "%s\n", status_message());
            _exit(3);
        }
    }
    _exit(0);
}

static void nobody_is_overwritten_side_by_side(void **state)
{
    (void)state;
    unsigned publications = (unsigned)test_few_or_full(10, 100);
    pid_t children[MACHINES];
    for (unsigned m = 0; m < MACHINES; m++) {
        children[m] = fork();
        if (children[m] == 0) publish_often(m, publications);
    }
    for (unsigned m = 0; m < MACHINES; m++) {
        int status;
        assert_int_equal(waitpid(children[m], &status, 0), children[m]);
        assert_int_equal(status, 0);
    }
    struct book *book;
    on_machine("reader");
    assert_ok(book_open(in_folder(folder, "share/often.book"), BOOK_READ, &book));
    for (unsigned m = 0; m < MACHINES; m++)
        for (unsigned i = 0; i < publications; i++) {
            struct record record;
            char own[KEY_BYTES_MAX + 1];
            own_key(m, i, own);
            if (book_get_record(book, own, &record) != STATUS_OK)
                fail_msg("lost: publication %u of machine %u", i, m);
        }
    assert_ok(book_close(book));
}

/* Named by TUNEBOOK_SCRATCH it is that folder or none. */
static void a_named_scratch_folder(void **state)
{
    (void)state;
    struct book *book;
    const char *path = in_folder(folder, "share/named.book"), *named = in_folder(folder, "named");
    char line[2048];
    setenv("TUNEBOOK_SCRATCH", named, 1);
    snprintf(line, sizeof line, "%s: scratch folder %s: No such file or directory", path, named);
    assert_fails(book_open(path, BOOK_WRITE, &book), STATUS_IO, line);
    fclose(fopen(named, "w"));
    snprintf(line, sizeof line, "%s: scratch folder %s: not a folder", path, named);
    assert_fails(book_open(path, BOOK_WRITE, &book), STATUS_USAGE, line);
    unlink(named);
    mkdir(named, 0755);
    setenv("TUNEBOOK_TEST_NETWORK_FS", folder, 1);
    snprintf(line, sizeof line,
             "%s: scratch folder %s: on a network file system itself (a pretended one); name a local one",
             path, named);
    assert_fails(book_open(path, BOOK_WRITE, &book), STATUS_USAGE, line);
    setenv("TUNEBOOK_TEST_NETWORK_FS", in_folder(folder, "share"), 1);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_true(text_starts_with(book_scratch(book), named));
    assert_ok(book_close(book));
    assert_ok(book_open(in_folder(folder, "local.book"), BOOK_WRITE, &book));
    assert_null(book_scratch(book));
    assert_ok(book_close(book));
    setenv("TUNEBOOK_TEST_NETWORK_FS", "1", 1);
    unsetenv("TUNEBOOK_SCRATCH");
}

static void errors_name_the_book(void **state)
{
    (void)state;
    struct book *book;
    char line[2048];
    const char *path = in_folder(folder, "share/none.book");
    snprintf(line, sizeof line, "%s: no such book", path);
    on_machine("a");
    assert_fails(book_open(path, BOOK_READ, &book), STATUS_NOT_FOUND, line);
    path = in_folder(folder, "share/bad.book");
    FILE *file = fopen(path, "w");
    fputs("words", file);
    fclose(file);
    snprintf(line, sizeof line, "%s: no book (not an LMDB file)", path);
    assert_fails(book_open(path, BOOK_READ, &book), STATUS_BAD_DATA, line);
    assert_fails(book_open(path, BOOK_WRITE, &book), STATUS_BAD_DATA, line);
}

static void frozen_to_a_share(void **state)
{
    (void)state;
    struct book *book = open_as("a", BOOK_WRITE);
    const char *path = in_folder(folder, "share/frozen.book");
    assert_ok(book_freeze(&book, 1, path));
    assert_ok(book_close(book));
    struct record record;
    assert_ok(book_open(path, BOOK_FROZEN, &book));
    assert_ok(book_get_record(book, key, &record));
    assert_int_equal(record.n_entries, 6);
    assert_ok(book_close(book));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_on_locally_and_published),
        cmocka_unit_test(nobody_is_overwritten),
        cmocka_unit_test(a_crash_before_publishing),
        cmocka_unit_test(nobody_is_overwritten_side_by_side),
        cmocka_unit_test(a_named_scratch_folder),
        cmocka_unit_test(errors_name_the_book),
        cmocka_unit_test(frozen_to_a_share),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
