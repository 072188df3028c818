/* Compacting a book of a million records and 2,000 code objects of 50 KB: JSON lines {"name", "value",
 * "unit"}.
 *
 *     bench_compact [RECORDS] [CODES] [ENTRIES] [FOLDER]     default 1000000 2000 2, a new folder under
 * $TMPDIR
 *
 * Each step is a process of its own, so that its peak of memory is its own. The floor reads the book and
 * writes and syncs as many bytes as the compacted one has. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/db/many_records.h"
#include "db/compact.h"
#include "tuner/base/clock.h"

static struct many many = {.records = 1000000, .codes = 2000, .entries = 2};
static char from[4096], to[4096];

static uint32_t covers_all(void *context, const char *key, const struct descriptor *descriptor)
{
    (void)context, (void)key, (void)descriptor;
    return 1;
}

static void make(void)
{
    many_make(from, &many);
}

static void compact(void)
{
    struct compact_report report;
    struct book_compact options = {
        .path = from, .output = to, .regret = COMPACT_REGRET_ONE / 50, .covers = covers_all};
    assert_ok(book_compact(&options, &report));
    assert_int_equal(report.records, many.records);
    printf("{\"name\": \"compact: kernels\", \"value\": %llu, \"unit\": \"of %llu; at least %llu\"}\n",
           (unsigned long long)report.after.kernels, (unsigned long long)report.before.kernels,
           (unsigned long long)report.lower_bound);
    fflush(stdout);
    compact_report_free(&report);
}

static void floor_of_it(void)
{
    static char block[1 << 20];
    struct stat made;
    assert_int_equal(stat(to, &made), 0);
    int in = open(from, O_RDONLY | O_CLOEXEC), out;
    strcat(to, ".floor");
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    off_t left = made.st_size;
    for (ssize_t got; (got = read(in, block, sizeof block)) > 0; left -= got)
        if (left > 0) assert_true(write(out, block, (size_t)got) == got);
    assert_int_equal(fsync(out), 0);
    close(in);
    close(out);
    unlink(to);
}

static void measure(const char *name, void (*step)(void))
{
    struct rusage usage;
    int status;
    uint64_t begin = clock_ns();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        step();
        _exit(0);
    }
    assert_true(child > 0 && wait4(child, &status, 0, &usage) == child && status == 0);
    printf("{\"name\": \"compact: %s\", \"value\": %.2f, \"unit\": \"s\"}\n", name,
           (double)(clock_ns() - begin) / 1e9);
    printf("{\"name\": \"compact: %s, CPU\", \"value\": %.2f, \"unit\": \"s\"}\n", name,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    printf("{\"name\": \"compact: %s, memory\", \"value\": %ld, \"unit\": \"MiB\"}\n", name,
           usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    if (argc > 1) many.records = strtoul(argv[1], NULL, 10);
    if (argc > 2) many.codes = strtoul(argv[2], NULL, 10);
    if (argc > 3) many.entries = strtoul(argv[3], NULL, 10);
    char *folder = argc > 4 ? NULL : folder_begin();
    snprintf(from, sizeof from, "%s/compact.book", folder ? folder : argv[4]);
    snprintf(to, sizeof to, "%s/compacted.book", folder ? folder : argv[4]);
    unlink(to);
    if (access(from, F_OK)) measure("making a book", make);
    measure("compact", compact);
    measure("floor", floor_of_it);
    if (folder) folder_end(folder);
    return 0;
}
