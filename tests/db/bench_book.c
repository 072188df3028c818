/* Opening and asking a book of a million records: JSON lines {"name", "value", "q1", "q3", "unit"}.
 *
 *     bench_book [RECORDS] [FOLDER]     default 1000000, a new folder under $TMPDIR
 *
 * One thread; medians with quartiles over single calls. `is_valid` accepts at once: what the caller evaluates
 * is not part of a lookup. */
#include <errno.h>
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/lookup.h"
#include "tuner/base/clock.h"

enum { HEADS = 10, K_STEPS = 50, M_STEPS = 20, KERNELS = 1000, ROUNDS = 20000, BATCH = 20000 };

static const char *const size_names[] = {"n", "k", "b", "m"};
static struct book *book;

static void make_key(size_t i, bool shifted, struct key_parts *parts)
{
    *parts = (struct key_parts){.device_class = "x86-64-v4:2:38", .n_sizes = 4};
    for (int s = 0; s < 4; s++) strcpy(parts->names[s], size_names[s]);
    parts->sizes[3] = 4 << i % M_STEPS; /* powers of two: the shifted one lies between */
    if (shifted) parts->sizes[3] += parts->sizes[3] / 2 + 1;
    parts->sizes[2] = 1;
    parts->sizes[1] = (int64_t)(64 * (1 + i / M_STEPS % K_STEPS));
    parts->sizes[0] = (int64_t)(64 * (1 + i / M_STEPS / K_STEPS / HEADS));
    snprintf(parts->head, sizeof parts->head, "gemm/a=f32,b=f32,d=f32,acc=f32/nt/none/al=%zu%zu44",
             i / M_STEPS / K_STEPS % HEADS, i / M_STEPS / K_STEPS % HEADS);
}

/* Of the size that a real template's descriptor has. */
static void put_kernels(void)
{
    static char texts[40][24];
    static uint8_t code[60];
    struct descriptor descriptor = {
        .op = "gemm",
        .template_name = "gemm_cpu",
        .configuration = "TILE_M=64,TILE_N=64,TILE_K=256,UNROLL=4,PREFETCH=1,PACK=1",
        .definitions = "TILE_M=64\nTILE_N=64\nTILE_K=256\nA_TYPE=f32\nB_TYPE=f32\n",
        .target = "x86-64-v4",
        .compiler = "gcc 12.2.0 -O3 -march=x86-64-v4 -shared -fPIC",
        .n_names = 40,
        .n_clauses = 12,
        .n_steps = 2};
    for (uint32_t i = 0; i < 40; i++) {
        snprintf(texts[i], sizeof texts[i], "device.name_%u", i);
        descriptor.names[i] = texts[i];
    }
    for (uint32_t i = 0; i < 12; i++) {
        descriptor.clauses[i] = (struct blob){code, sizeof code};
        descriptor.clause_texts[i] = "m >= TILE_M || n >= TILE_N && k % 8 == 0";
    }
    for (int s = 0; s < 2; s++) {
        descriptor.steps[s].entry = "gemm_cpu";
        for (int i = 0; i < 3; i++) descriptor.steps[s].grid[i] = (struct blob){code, 20};
    }
    for (uint64_t i = 0; i < KERNELS; i++) {
        struct hash kernel = numbered_hash(i);
        descriptor.code = sha256_of(&i, sizeof i);
        assert_ok(book_put_kernel(book, &kernel, &descriptor, &i, sizeof i));
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
        struct key_parts parts;
        char text[KEY_BYTES_MAX + 1];
        make_key(i, false, &parts);
        if (key_format(&parts, text) != STATUS_OK) return EINVAL;
        memset(&record, 0, sizeof record);
        for (uint64_t k = 0; k < 2; k++) {
            struct record_entry entry = {.kernel = numbered_hash((i + k) % KERNELS),
                                         .timing.high_ns = 100 + k};
            record_insert(&record, &entry);
        }
        text_clear(&bytes);
        record_encode(&record, &bytes);
        MDB_val key = value_of(text, strlen(text)), value = value_of(bytes.data, bytes.size);
        code = mdb_put(txn, to->environment->tables[TABLE_RECORD], &key, &value, 0);
    }
    text_free(&bytes);
    return code;
}

static bool accept(void *context, struct book *from, const struct record_entry *entry,
                   const struct descriptor *descriptor)
{
    (void)context, (void)from, (void)entry;
    return descriptor->n_steps == 2;
}

/* Other heads than the own: of records that are there, or of none. */
enum others { PRESENT, ABSENT };

static enum match ask(size_t i, bool shifted, size_t n_heads, enum others others, uint64_t *ns)
{
    struct key_parts parts;
    make_key(i, shifted, &parts);
    char texts[9][64];
    const char *heads[9] = {parts.head};
    for (size_t h = 1; h < n_heads; h++) {
        snprintf(texts[h], sizeof texts[h], "gemm/a=f32,b=f32,d=f32,acc=f32/nt/none/al=%zu%zu%s", h, h,
                 others == PRESENT ? "44" : "00");
        heads[h] = texts[h];
    }
    struct lookup_request request = {.heads = heads,
                                     .n_heads = n_heads,
                                     .device_class = parts.device_class,
                                     .target = "x86-64-v4",
                                     .n_sizes = 4,
                                     .size_names = size_names,
                                     .sizes = parts.sizes,
                                     .worst = MATCH_DEFAULT,
                                     .is_valid = accept};
    struct lookup_answer answer;
    uint64_t begin = clock_ns();
    enum status status = lookup(&book, 1, &request, &answer);
    *ns = clock_ns() - begin;
    if (status != STATUS_OK) return MATCH_NONE;
    value_free(&answer.descriptor_bytes);
    return answer.match;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, uint64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare);
    printf("{\"name\": \"%s\", \"value\": %.3f, \"q1\": %.3f, \"q3\": %.3f, \"unit\": \"us\"}\n", name,
           (double)ns[n / 2] / 1e3, (double)ns[n / 4] / 1e3, (double)ns[3 * n / 4] / 1e3);
}

static void bench_lookup(const char *name, size_t n, bool shifted, size_t n_heads, enum others others,
                         enum match expected)
{
    static uint64_t ns[ROUNDS];
    struct rng rng;
    for (int warm = 1; warm >= 0; warm--) {
        rng_seed(&rng, 1);
        for (size_t i = 0; i < ROUNDS; i++)
            assert_int_equal(ask(rng_below(&rng, n), shifted, n_heads, others, &ns[i]), expected);
    }
    print(name, ns, ROUNDS);
}

static void bench_open(const char *name, const char *path, enum book_mode mode)
{
    uint64_t ns[501];
    for (size_t i = 0; i < N_OF(ns); i++) {
        struct book *opened;
        uint64_t begin = clock_ns();
        assert_ok(book_open(path, mode, &opened));
        ns[i] = clock_ns() - begin;
        assert_ok(book_close(opened));
    }
    print(name, ns, N_OF(ns));
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    char *folder = argc > 2 ? NULL : folder_begin();
    const char *path = in_folder(folder ? folder : argv[2], "bench.book");
    assert_ok(book_open(path, BOOK_WRITE, &book));
    struct book_counts counts;
    assert_ok(book_count(book, &counts));
    if (counts.records < n) {
        put_kernels();
        for (size_t i = 0; i < n; i += BATCH) {
            struct fill fill = {i, i + BATCH < n ? i + BATCH : n};
            assert_ok(book_write(book, "fill", fill_body, &fill));
        }
        assert_ok(book_count(book, &counts));
    }
    printf("{\"name\": \"book: records\", \"value\": %llu, \"unit\": \"records\"}\n",
           (unsigned long long)counts.records);
    printf("{\"name\": \"book: size\", \"value\": %llu, \"unit\": \"bytes\"}\n",
           (unsigned long long)counts.bytes);
    assert_ok(book_close(book));
    bench_open("book: open to read", path, BOOK_READ);
    bench_open("book: open to write", path, BOOK_WRITE);
    assert_ok(book_open(path, BOOK_READ, &book));
    bench_lookup("book: lookup exact", n, false, 1, ABSENT, MATCH_EXACT);
    bench_lookup("book: lookup near_shape", n, true, 1, ABSENT, MATCH_NEAR_SHAPE);
    bench_lookup("book: lookup near_shape, 8 more heads, absent", n, true, 9, ABSENT, MATCH_NEAR_SHAPE);
    bench_lookup("book: lookup near_shape, 8 more heads, present", n, true, 9, PRESENT, MATCH_NEAR_SHAPE);
    assert_ok(book_close(book));
    if (folder) folder_end(folder);
    return 0;
}
