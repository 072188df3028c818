/* Every write, sync, rename and allocation of whatever makes or changes a book fails once, in turn. What is
 * made is there whole or not at all, what is changed is as it was, what is only read stays, and nothing is
 * left behind. */
#include "tests/db/faults.h"
#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/db/bundle_samples.h"
#include "db/book_internal.h"
#include "db/compact.h"
#include "db/merge.h"

static char *folder;
static const char *sources[3], *bundle, *target, *target_lock;
static struct hash source_contents[3];
static int n_files; /* without the target, where nothing is left over */

/* What a child tells of its run. */
struct outcome {
    enum status status;
    bool spent; /* the call to fail was reached */
    bool was_of_libarchive;
    char line[1024];
};
static struct outcome *outcome; /* shared by parent and child */

/* ---- operations ---- */

static enum status run_merge(void)
{
    struct book *books[2] = {0};
    struct merge_counts counts;
    enum status status = book_open(sources[0], BOOK_READ, &books[0]);
    if (status == STATUS_OK) status = book_open(sources[1], BOOK_READ, &books[1]);
    struct book_merge merge = {.books = books, .n_books = 2, .path = target};
    if (status == STATUS_OK) status = book_merge(&merge, &counts);
    for (int i = 0; i < 2; i++) book_close(books[i]);
    return status;
}

static enum status run_import(void)
{
    struct bundle_report report;
    return import_from(bundle, target, false, &report);
}

static enum status with_first(enum status (*run)(struct book *book))
{
    struct book *book;
    TRY(book_open(sources[0], BOOK_READ, &book));
    enum status status = run(book);
    book_close(book);
    return status;
}

static enum status export_book(struct book *book)
{
    struct bundle_counts counts;
    struct bundle_export_options options = {0};
    return bundle_export(book, target, &options, &counts);
}

static enum status freeze_book(struct book *book)
{
    return book_freeze(&book, 1, target);
}

static enum status run_export(void)
{
    return with_first(export_book);
}

static enum status run_freeze(void)
{
    return with_first(freeze_book);
}

static enum status compact_book(const char *from, const char *to)
{
    struct book_compact options = {.path = from, .output = to, .regret = COMPACT_REGRET_ONE / 50};
    struct compact_report report;
    TRY(book_compact(&options, &report));
    compact_report_free(&report);
    return STATUS_OK;
}

static enum status run_compact(void)
{
    return compact_book(sources[0], target);
}

static enum status run_compact_in_place(void)
{
    return compact_book(target, NULL);
}

static struct hash bytes_of(const char *path)
{
    struct text text = content(path);
    struct hash hash = sha256_of(text.data, text.size);
    text_free(&text);
    return hash;
}

/* `least`: calls of each kind that an operation cannot do without. */
static const struct operation {
    const char *name;
    bool into_a_book; /* the target is a book already; else there is none */
    enum status (*run)(void);
    struct hash (*content)(const char *path);
    int least[FAULT_COUNT];
} operations[] = {
    {"merge", false, run_merge, content_of, {5, 1, 1, 20}},
    {"import, a new book", false, run_import, content_of, {5, 1, 1, 20}},
    {"import into a book", true, run_import, content_of, {2, 1, 0, 20}},
    {"export", false, run_export, bytes_of, {1, 1, 1, 20}},
    {"compact", false, run_compact, content_of, {5, 1, 1, 20}},
    {"compact in place", true, run_compact_in_place, content_of, {5, 1, 1, 20}},
    {"freeze", false, run_freeze, content_of, {5, 1, 1, 10}},
};

/* ---- */

static void copy_file(const char *from, const char *to)
{
    struct text bytes = content(from);
    assert_ok(file_publish(to, bytes.data, bytes.size, 0644));
    text_free(&bytes);
}

static void prepare(const struct operation *operation)
{
    unlink(target);
    unlink(target_lock);
    if (operation->into_a_book) copy_file(sources[2], target);
}

/* Without the target. */
static int files_in_folder(void)
{
    int n = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        n += entry->d_name[0] != '.' && strcmp(entry->d_name, "target") &&
             strcmp(entry->d_name, "target-lock");
    closedir(entries);
    return n;
}

static int begin(void **state)
{
    (void)state;
    static char paths[6][4096];
    static const char *const leaves[] = {"a.book",   "b.book", "base.book",
                                         "b.bundle", "target", "target-lock"};
    folder = folder_begin();
    outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(outcome != MAP_FAILED);
    for (int i = 0; i < 6; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", folder, leaves[i]);
    for (int i = 0; i < 3; i++) sources[i] = paths[i];
    bundle = paths[3], target = paths[4], target_lock = paths[5];
    make_sample_book(sources[0], false);
    for (int i = 1; i < 3; i++) {
        struct book *book = open_book(sources[i], BOOK_WRITE);
        for (unsigned k = 0; k < SAMPLE_KERNELS; k++) put_numbered_kernel(book, k, "gfx942");
        for (unsigned r = 0; r < 10; r++) put_sample_record(book, 20 * (unsigned)i + r);
        assert_ok(book_close(book));
    }
    for (int i = 0; i < 3; i++) source_contents[i] = content_of(sources[i]);
    export_to(sources[0], bundle, false);
    n_files = files_in_folder();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static bool is_there(const struct operation *operation, const struct hash *hash)
{
    if (access(target, F_OK)) return false;
    struct hash now = operation->content(target);
    return memcmp(now.bytes, hash->bytes, sizeof now.bytes) == 0;
}

static _Noreturn void run_in_child(const struct operation *operation, enum fault fault, long n)
{
    signal(SIGSEGV, SIG_DFL); /* not cmocka's */
    signal(SIGABRT, SIG_DFL);
    const struct rlimit no_core = {0};
    setrlimit(RLIMIT_CORE, &no_core);
    *outcome = (struct outcome){0};
    fault_of_libarchive = &outcome->was_of_libarchive;
    fails_in[fault] = n;
    outcome->status = operation->run();
    outcome->spent = fails_in[fault] == 0;
    fails_in[fault] = 0;
    if (outcome->status != STATUS_OK) snprintf(outcome->line, sizeof outcome->line, "%s", status_message());
    _exit(0);
}

/* One call fails. False: there are no so many. */
static bool one_fails(const struct operation *operation, enum fault fault, long n, const struct hash *after,
                      int *failures)
{
    int code;
    prepare(operation);
    pid_t child = fork();
    if (child == 0) run_in_child(operation, fault, n);
    assert_int_equal(waitpid(child, &code, 0), child);
    struct outcome told = *outcome;
    static char line[1280];
    snprintf(line, sizeof line, "%s: call %ld of kind %d: %s", operation->name, n, fault, told.line);
    bool died = code != 0;
    if (died && !told.was_of_libarchive) fail_msg("%s: died: 0x%x", line, code);
    if (!died && told.status == STATUS_OK) { /* none failed, or one that was not needed */
        if (!is_there(operation, after)) fail_msg("%s, and not all is there", line);
    } else {
        *failures += 1;
        if (!died && (!told.spent || !*told.line)) fail_msg("%s: no reason", line);
        if (operation->into_a_book ? !is_there(operation, &source_contents[2]) : !access(target, F_OK))
            fail_msg("%s, and something is there", line);
    }
    if (operation->into_a_book) assert_ok(book_verify(target));
    if (!died && files_in_folder() != n_files) fail_msg("%s, and a file is left", line);
    return died || told.spent;
}

static void every_call_fails(enum fault fault)
{
    for (size_t i = 0; i < N_OF(operations); i++) {
        const struct operation *operation = &operations[i];
        int failures = 0;
        long n = 1;
        prepare(operation);
        assert_ok(operation->run());
        struct hash after = operation->content(target);
        while (one_fails(operation, fault, n, &after, &failures)) n++;
        print_message("%s: %d of %ld calls were needed\n", operation->name, failures, n - 1);
        assert_true(failures >= operation->least[fault]);
        for (int k = 0; k < 3; k++) {
            struct hash now = content_of(sources[k]);
            assert_memory_equal(now.bytes, source_contents[k].bytes, sizeof now.bytes);
        }
    }
}

static void writes(void **state)
{
    (void)state;
    every_call_fails(FAULT_WRITE);
}

static void syncs(void **state)
{
    (void)state;
    every_call_fails(FAULT_SYNC);
}

static void renames(void **state)
{
    (void)state;
    every_call_fails(FAULT_RENAME);
}

static void allocations(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    every_call_fails(FAULT_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(syncs),
        cmocka_unit_test(renames),
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
