/* Exporting and importing a book of a million records and 2,000 code objects of 50 KB: JSON lines {"name",
 * "value", "unit"}.
 *
 *     bench_bundle [RECORDS] [CODES] [ENTRIES] [FOLDER]     default 1000000 2000 2, a new folder under
 * $TMPDIR
 *
 * Each step runs in a child, whose largest resident set is its memory; its CPU time says what a loaded
 * machine would have needed. */
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/db/many_records.h"
#include "db/bundle.h"
#include "db/check.h"
#include "tuner/base/clock.h"

static struct many many = {.records = 1000000, .codes = 2000, .entries = 2};

static const char *from_path, *bundle_path, *new_path, *other_path;

static void run_export(void)
{
    struct book *book;
    struct bundle_counts counts;
    struct bundle_export_options options = {0};
    assert_ok(book_open(from_path, BOOK_READ, &book));
    assert_ok(bundle_export(book, bundle_path, &options, &counts));
    assert_ok(book_close(book));
    assert_int_equal(counts.records, many.records);
}

static void run_import(void)
{
    struct bundle_report report;
    struct bundle_import_options options = {.allow_unsigned = true};
    assert_ok(bundle_import(bundle_path, new_path, &options, &report));
}

/* A book of other problems. */
static void make_other(void)
{
    struct many other = {.first = many.records, .records = many.records, .codes = 100, .entries = 2};
    many_make(other_path, &other);
}

static void run_import_into_other(void)
{
    struct bundle_report report;
    struct bundle_import_options options = {.allow_unsigned = true};
    assert_ok(bundle_import(bundle_path, other_path, &options, &report));
    assert_int_equal(report.changes[BUNDLE_NEW], many.records);
}

static void run_dry(void)
{
    struct bundle_report report;
    struct bundle_import_options options = {.dry_run = true};
    assert_ok(bundle_import(bundle_path, new_path, &options, &report));
    assert_int_equal(report.changes[BUNDLE_SAME], many.records);
}

static void make(void)
{
    many_make(from_path, &many);
}

static void print_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    if (!finding->is_note) printf("%s %s: %s\n", finding->table, finding->key, finding->what);
}

static void measure(const char *name, void (*step)(void))
{
    fflush(stdout);
    uint64_t begin = clock_ns();
    pid_t child = fork();
    if (child == 0) {
        step();
        _exit(0);
    }
    int status;
    struct rusage usage;
    wait4(child, &status, 0, &usage);
    if (status) {
        printf("%s failed\n", name);
        exit(1);
    }
    printf("{\"name\": \"bundle: %s\", \"value\": %.2f, \"unit\": \"s\"}\n", name,
           (double)(clock_ns() - begin) / 1e9);
    printf("{\"name\": \"bundle: %s, CPU\", \"value\": %.2f, \"unit\": \"s\"}\n", name,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    printf("{\"name\": \"bundle: %s, memory\", \"value\": %ld, \"unit\": \"MiB\"}\n", name,
           usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    if (argc > 1) many.records = strtoul(argv[1], NULL, 10);
    if (argc > 2) many.codes = strtoul(argv[2], NULL, 10);
    if (argc > 3) many.entries = strtoul(argv[3], NULL, 10);
    char *folder = argc > 4 ? NULL : folder_begin();
    const char *in = folder ? folder : argv[4];
    from_path = in_folder(in, "from.book"), bundle_path = in_folder(in, "b.bundle"),
    new_path = in_folder(in, "to.book"), other_path = in_folder(in, "other.book");
    if (access(from_path, F_OK)) measure("filling a book", make);
    unlink(new_path);
    unlink(other_path);
    struct stat info;
    measure("export", run_export);
    if (!stat(bundle_path, &info))
        printf("{\"name\": \"bundle: size\", \"value\": %lld, \"unit\": \"bytes\"}\n",
               (long long)info.st_size);
    measure("import into a new book", run_import);
    if (!stat(new_path, &info))
        printf("{\"name\": \"bundle: size of the new book\", \"value\": %lld, \"unit\": \"bytes\"}\n",
               (long long)info.st_size);
    measure("import again", run_import);
    measure("dry run", run_dry);
    measure("filling a book of other records", make_other);
    measure("import into a book of as many others", run_import_into_other);
    struct check_summary summary;
    assert_ok(book_check(other_path, &(struct check_options){.visit = print_finding}, &summary));
    assert_int_equal(summary.findings, 0);
    if (folder) folder_end(folder);
    return 0;
}
