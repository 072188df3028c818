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
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/bundle.h"
#include "tuner/base/clock.h"

enum { BATCH = 20000, CODE_BYTES = 50000, ENVIRONMENTS = 4 };
static size_t n_records, n_codes, n_entries;
static struct hash environments[ENVIRONMENTS];

static void put_kernels(struct book *book)
{
    static uint8_t code[CODE_BYTES];
    struct descriptor descriptor = {.op = "gemm",
                                    .template_name = "gemm_mfma",
                                    .target = "gfx942",
                                    .configuration = "TILE_M=64,TILE_N=64,TILE_K=256,UNROLL=4",
                                    .definitions = "TILE_M=64\nTILE_N=64\nA_TYPE=f32\nB_TYPE=f32\n",
                                    .compiler = "clang 22 -O3",
                                    .code_bytes = sizeof code};
    struct rng rng;
    rng_seed(&rng, 1);
    descriptor.source = sha256_of("source", 6);
    assert_ok(book_put_source(book, &descriptor.source, "source", 6));
    for (uint64_t i = 0; i < n_codes; i++) {
        /* Half random, half zeros: code compresses about as well. */
        for (size_t b = 0; b < sizeof code / 2; b++) code[b] = (uint8_t)rng_next(&rng);
        descriptor.code = sha256_of(code, sizeof code);
        struct hash kernel = numbered_hash(i);
        assert_ok(book_put_kernel(book, &kernel, &descriptor, code, sizeof code));
    }
}

static void make_record(size_t i, char key[KEY_BYTES_MAX + 1], struct record *record)
{
    struct key_parts parts = {.head = "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444",
                              .device_class = "gfx942:304:5300",
                              .n_sizes = 4,
                              .names = {"n", "k", "b", "m"},
                              .sizes = {(int64_t)(64 * (1 + i / 10000)), (int64_t)(64 * (1 + i / 100 % 100)),
                                        1, (int64_t)(1 + i % 100)}};
    assert_ok(key_format(&parts, key));
    *record =
        (struct record){.baseline_ns = 1000 + i, .default_ns = 2000 + i, .baseline_name = "hipblaslt 1.0"};
    for (uint64_t e = 0; e < n_entries; e++) {
        uint64_t median = 1000 + i * 2654435761u % 1000003 + 10 * e;
        struct record_entry entry = {
            .kernel = numbered_hash((i * 7 + e) % n_codes),
            .environment = environments[i % ENVIRONMENTS],
            .verified = 1,
            .timing = {median, median - 9, median + 9, median - 3, median + 3, median - 20, 50, 20, 2},
            .measured_at_s = 1790000000 + i};
        record_insert(record, &entry);
    }
}

struct fill {
    size_t begin, end;
};

static int fill_body(struct book *to, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    const struct fill *fill = context;
    static struct record record;
    struct text bytes = {0};
    int code = 0;
    for (size_t i = fill->begin; i < fill->end && !code; i++) {
        char text[KEY_BYTES_MAX + 1];
        make_record(i, text, &record);
        text_clear(&bytes);
        record_encode(&record, &bytes);
        MDB_val key = value_of(text, strlen(text)), value = value_of(bytes.data, bytes.size);
        code = mdb_put(txn, to->environment->tables[TABLE_RECORD], &key, &value, MDB_APPEND);
    }
    text_free(&bytes);
    return code;
}

static void make_book(const char *path)
{
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    for (int i = 0; i < ENVIRONMENTS; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"device\":\"bench\",\"number\":%d}", i);
        assert_ok(book_put_environment(book, json, &environments[i]));
    }
    put_kernels(book);
    for (size_t i = 0; i < n_records; i += BATCH) {
        struct fill fill = {i, i + BATCH < n_records ? i + BATCH : n_records};
        assert_ok(book_write(book, "fill", fill_body, &fill));
    }
    assert_ok(book_close(book));
}

static const char *from_path, *bundle_path, *new_path;

static void run_export(void)
{
    struct book *book;
    struct bundle_counts counts;
    struct bundle_export_options options = {0};
    assert_ok(book_open(from_path, BOOK_READ, &book));
    assert_ok(bundle_export(book, bundle_path, &options, &counts));
    assert_ok(book_close(book));
    assert_int_equal(counts.records, n_records);
}

static void run_import(void)
{
    struct bundle_report report;
    struct bundle_import_options options = {.allow_unsigned = true};
    assert_ok(bundle_import(bundle_path, new_path, &options, &report));
}

static void run_dry(void)
{
    struct bundle_report report;
    struct bundle_import_options options = {.dry_run = true};
    assert_ok(bundle_import(bundle_path, new_path, &options, &report));
    assert_int_equal(report.changes[BUNDLE_SAME], n_records);
}

static void make(void)
{
    make_book(from_path);
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
    n_records = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    n_codes = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
    n_entries = argc > 3 ? strtoul(argv[3], NULL, 10) : 2;
    char *folder = argc > 4 ? NULL : folder_begin();
    const char *in = folder ? folder : argv[4];
    from_path = in_folder(in, "from.book"), bundle_path = in_folder(in, "b.bundle"),
    new_path = in_folder(in, "to.book");
    if (access(from_path, F_OK)) measure("filling a book", make);
    unlink(new_path);
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
    if (folder) folder_end(folder);
    return 0;
}
