/* Merging and comparing two books of a million records each, nine tenths of them in both, with 2,000 code
 * objects of 50 KB: JSON lines {"name", "value", "unit"}.
 *
 *     bench_merge [RECORDS] [FOLDER]     default 1000000, a new folder under $TMPDIR
 *
 * Each step is a process of its own, so that its peak of memory (mapped pages of the books included) is its
 * own. The floor reads both books and writes and syncs as many bytes as the merged one has. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/diff.h"
#include "db/merge.h"
#include "tuner/base/clock.h"

enum { KERNELS = 2000, CODE_BYTES = 50000, M_STEPS = 20, K_STEPS = 50, BATCH = 20000 };

static size_t n_records = 1000000;
static char paths[3][4096]; /* two books and what becomes of them */

static void code_of(uint64_t number, uint8_t code[CODE_BYTES])
{
    struct rng rng;
    rng_seed(&rng, number);
    for (size_t i = 0; i < CODE_BYTES; i++) code[i] = (uint8_t)rng_next(&rng);
}

static void put_kernel(struct book *book, uint64_t number)
{
    static uint8_t code[CODE_BYTES];
    code_of(number, code);
    struct descriptor descriptor = {.code = sha256_of(code, CODE_BYTES),
                                    .op = "gemm",
                                    .template_name = "gemm_cpu",
                                    .configuration = "TILE_M=64,TILE_N=64,TILE_K=256,UNROLL=4",
                                    .target = "x86-64-v4",
                                    .compiler = "gcc 12.2.0 -O3",
                                    .code_bytes = CODE_BYTES};
    struct hash kernel = numbered_hash(number);
    assert_ok(book_put_kernel(book, &kernel, &descriptor, code, CODE_BYTES));
}

struct fill {
    size_t begin, end, first;
    uint64_t book;
};

static int put_record(struct book *to, MDB_txn *txn, size_t i, uint64_t book, struct text *bytes)
{
    static struct record record;
    struct key_parts parts = {.device_class = "x86-64-v4:2:38",
                              .n_sizes = 4,
                              .names = {"n", "k", "b", "m"},
                              .sizes = {(int64_t)(64 * (1 + i / M_STEPS / K_STEPS)),
                                        (int64_t)(64 * (1 + i / M_STEPS % K_STEPS)), 1, 4 << i % M_STEPS}};
    char text[KEY_BYTES_MAX + 1];
    strcpy(parts.head, "gemm/a=f32,b=f32,d=f32,acc=f32/nt/none/al=4444");
    if (key_format(&parts, text) != STATUS_OK) return EINVAL;
    record.n_entries = 0;
    for (uint64_t e = 0; e < 2; e++) {
        uint64_t ns = 1000 + (i * 7 + e * 13 + book * (i % 3)) % 100;
        struct record_entry entry = {
            .kernel = numbered_hash((i + e + book * 500) % KERNELS + book * 500),
            .environment = numbered_hash(1 << 20),
            .verified = 1,
            .timing = {.median_ns = ns, .low_ns = ns - 1, .high_ns = ns + 1, .samples = 20}};
        record_insert(&record, &entry);
    }
    text_clear(bytes);
    record_encode(&record, bytes);
    MDB_val key = value_of(text, strlen(text)), value = value_of(bytes->data, bytes->size);
    return mdb_put(txn, to->environment->tables[TABLE_RECORD], &key, &value, 0);
}

static int fill_body(struct book *to, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    const struct fill *fill = context;
    struct text bytes = {0};
    int code = 0;
    for (size_t i = fill->begin; i < fill->end && !code; i++)
        code = put_record(to, txn, fill->first + i, fill->book, &bytes);
    text_free(&bytes);
    return code;
}

static int make_book(uint64_t number)
{
    struct book *book;
    assert_ok(book_open(paths[number], BOOK_WRITE, &book));
    for (uint64_t k = 0; k < KERNELS; k++) put_kernel(book, k + number * 500);
    for (size_t begin = 0; begin < n_records; begin += BATCH) {
        struct fill fill = {.begin = begin,
                            .end = begin + BATCH < n_records ? begin + BATCH : n_records,
                            .first = number * n_records / 10,
                            .book = number};
        assert_ok(book_write(book, "fill", fill_body, &fill));
    }
    return book_close(book) == STATUS_OK ? 0 : 1;
}

static int make_books(void)
{
    return make_book(0) || make_book(1);
}

static int copy_bytes(const char *path, int to, off_t most)
{
    static char block[1 << 20];
    int from = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t got; from >= 0 && (got = read(from, block, sizeof block)) > 0; most -= got)
        if (most > 0 && write(to, block, (size_t)got) != got) return 1;
    return from < 0 || close(from);
}

/* As many bytes as the merged book will have, about. */
static int floor_of_merge(void)
{
    char path[4200];
    snprintf(path, sizeof path, "%s.floor", paths[2]);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat first;
    int failed = to < 0 || stat(paths[0], &first) || copy_bytes(paths[0], to, first.st_size) ||
                 copy_bytes(paths[1], to, first.st_size / 4) || fsync(to) || close(to);
    unlink(path);
    return failed;
}

static uint64_t n_conflicts, n_rows;

static void count_conflict(void *context, const struct merge_conflict *conflict)
{
    (void)context, (void)conflict;
    n_conflicts++;
}

static int merge_books(void)
{
    struct book *books[2];
    struct merge_counts counts;
    struct book_merge merge = {.books = books, .n_books = 2, .path = paths[2], .conflict = count_conflict};
    for (int i = 0; i < 2; i++) assert_ok(book_open(paths[i], BOOK_READ, &books[i]));
    assert_ok(book_merge(&merge, &counts));
    for (int i = 0; i < 2; i++) assert_ok(book_close(books[i]));
    return counts.records != n_records + n_records / 10;
}

static bool count_row(void *context, const struct diff_row *row)
{
    (void)context;
    n_rows += row->kind != DIFF_SAME;
    return true;
}

static int diff_books(void)
{
    struct book *books[2];
    struct diff *diff;
    for (int i = 0; i < 2; i++) assert_ok(book_open(paths[i], BOOK_READ, &books[i]));
    assert_ok(diff_open(books[0], books[1], &diff));
    for (int walk = 0; walk < 2; walk++)
        assert_ok(diff_each(diff, count_row, NULL)); /* as the command does */
    diff_close(diff);
    for (int i = 0; i < 2; i++) assert_ok(book_close(books[i]));
    return n_rows == 0;
}

static void step(const char *name, int (*run)(void))
{
    struct rusage usage;
    int status;
    uint64_t begin = clock_ns();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(run());
    assert_true(child > 0 && wait4(child, &status, 0, &usage) == child && status == 0);
    printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"s\"}\n", name,
           (double)(clock_ns() - begin) / 1e9);
    printf("{\"name\": \"%s, memory\", \"value\": %.1f, \"unit\": \"MiB\"}\n", name,
           (double)usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    char *folder = argc > 2 ? NULL : folder_begin();
    if (argc > 1) n_records = strtoull(argv[1], NULL, 10) / 10 * 10;
    static const char *const leaves[] = {"a.book", "b.book", "merged.book"};
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder ? folder : argv[2], leaves[i]);
    unlink(paths[2]);
    if (access(paths[0], F_OK) || access(paths[1], F_OK)) step("merge: making two books", make_books);
    step("merge: floor", floor_of_merge);
    step("merge: merge", merge_books);
    step("merge: diff", diff_books);
    if (folder) folder_end(folder);
    return 0;
}
