/* A book of very many records, quickly made: for benchmarks, and for what takes long enough to be
 * interrupted. */
#ifndef TUNEBOOK_TESTS_DB_MANY_RECORDS_H
#define TUNEBOOK_TESTS_DB_MANY_RECORDS_H

#include "tests/db/samples.h"
#include "db/book_internal.h"

enum { MANY_BATCH = 20000, MANY_CODE_BYTES = 50000, MANY_ENVIRONMENTS = 4 };

/* Records `first` to `first` + `records` of all there could be. */
struct many {
    size_t first, records, codes, entries;
    struct hash environments[MANY_ENVIRONMENTS];
    size_t begin, end; /* of the batch at work */
};

static inline void many_put_kernels(struct book *book, size_t codes)
{
    static uint8_t code[MANY_CODE_BYTES];
    struct descriptor descriptor = {.op = "gemm",
                                    .template_name = "gemm_mfma",
                                    .target = "gfx942",
                                    .configuration = "TILE_M=64,TILE_N=64,TILE_K=256,UNROLL=4",
                                    .definitions = "TILE_M=64\nTILE_N=64\nA_TYPE=f32\nB_TYPE=f32\n",
                                    .compiler = "clang 22 -O3",
                                    .args_abi = 1,
                                    .code_bytes = sizeof code};
    struct rng rng;
    rng_seed(&rng, 1);
    struct sha256 sha; /* of a manifest and a source, the two lines */
    sha256_begin(&sha);
    sha256_add_field(&sha, "{}");
    sha256_add_field(&sha, "source");
    descriptor.source = sha256_end(&sha);
    assert_ok(book_put_source(book, &descriptor.source, "{}\nsource", 9));
    for (uint64_t i = 0; i < codes; i++) {
        /* Half random, half zeros: code compresses about as well. */
        for (size_t b = 0; b < sizeof code / 2; b++) code[b] = (uint8_t)rng_next(&rng);
        descriptor.code = sha256_of(code, sizeof code);
        struct hash kernel = numbered_hash(i);
        assert_ok(book_put_kernel(book, &kernel, &descriptor, code, sizeof code));
    }
}

static inline void many_key(size_t i, char key[KEY_BYTES_MAX + 1])
{
    struct key_parts parts = {.head = "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444",
                              .device_class = "gfx942:304:5300",
                              .n_sizes = 4,
                              .names = {"n", "k", "b", "m"},
                              .sizes = {(int64_t)(64 * (1 + i / 10000)), (int64_t)(64 * (1 + i / 100 % 100)),
                                        1, (int64_t)(1 + i % 100)}};
    assert_ok(key_format(&parts, key));
}

static inline void many_record(const struct many *many, size_t i, struct record *record)
{
    *record =
        (struct record){.baseline_ns = 1000 + i, .default_ns = 2000 + i, .baseline_name = "hipblaslt 1.0"};
    for (uint64_t e = 0; e < many->entries; e++) {
        uint64_t median = 1000 + i * 2654435761u % 1000003 + 10 * e;
        struct record_entry entry = {
            .kernel = numbered_hash((i * 7 + e) % many->codes),
            .environment = many->environments[i % MANY_ENVIRONMENTS],
            .verified = 1,
            .timing = {median, median - 9, median + 9, median - 3, median + 3, median - 20, 50, 20, 2},
            .measured_at_s = 1790000000 + i};
        record_insert(record, &entry);
    }
}

static inline int many_body(struct book *to, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    const struct many *many = context;
    static struct record record;
    struct text bytes = {0};
    int code = 0;
    for (size_t i = many->begin; i < many->end && !code; i++) {
        char text[KEY_BYTES_MAX + 1];
        many_key(i, text);
        many_record(many, i, &record);
        text_clear(&bytes);
        record_encode(&record, &bytes);
        MDB_val key = value_of(text, strlen(text)), value = value_of(bytes.data, bytes.size);
        code = mdb_put(txn, to->environment->tables[TABLE_RECORD], &key, &value, MDB_APPEND);
    }
    text_free(&bytes);
    return code;
}

static inline void many_make(const char *path, struct many *many)
{
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    for (int i = 0; i < MANY_ENVIRONMENTS; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"device\":\"bench\",\"number\":%d}", i);
        assert_ok(book_put_environment(book, json, &many->environments[i]));
    }
    many_put_kernels(book, many->codes);
    size_t last = many->first + many->records;
    for (many->begin = many->first; many->begin < last; many->begin = many->end) {
        many->end = many->begin + MANY_BATCH < last ? many->begin + MANY_BATCH : last;
        assert_ok(book_write(book, "fill", many_body, many));
    }
    assert_ok(book_close(book));
}

#endif
