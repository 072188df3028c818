/* Books that bundles are made of, what a book holds as one hash, and bundles by hand. */
#ifndef TUNEBOOK_TESTS_DB_BUNDLE_SAMPLES_H
#define TUNEBOOK_TESTS_DB_BUNDLE_SAMPLES_H

#include "tests/db/samples.h"
#include "db/book_each.h"
#include "db/bundle.h"
#include "tuner/base/file.h"

enum { SAMPLE_KERNELS = 6, SAMPLE_RECORDS = 40 };

static inline struct hash put_sample_environment(struct book *book, unsigned number)
{
    char json[64];
    struct hash hash;
    snprintf(json, sizeof json, "{\"device\":\"sample\",\"number\":%u}", number);
    assert_ok(book_put_environment(book, json, &hash));
    return hash;
}

/* Record `i`: the same for the same number, with one to four entries. */
static inline void put_sample_record(struct book *book, unsigned i)
{
    struct rng rng;
    char key[KEY_BYTES_MAX + 1];
    struct key_parts parts = {.n_sizes = 2, .names = {"n", "m"}, .sizes = {16, i}};
    snprintf(parts.head, sizeof parts.head, "%s", i % 5 ? "gemm/a=f32/nn" : "attention/q=f32");
    snprintf(parts.device_class, sizeof parts.device_class, "%s",
             i % 3 ? "gfx942:304:5300" : "x86-64-v4:2:8");
    assert_ok(key_format(&parts, key));
    rng_seed(&rng, i);
    for (unsigned e = 0; e <= i % 4; e++) {
        struct record_entry entry = sample_entry(&rng);
        entry.kernel = numbered_hash((i + e) % SAMPLE_KERNELS);
        if (entry.evidence == EVIDENCE_MEASURED)
            entry.environment = put_sample_environment(book, i % 3);
        else
            memset(&entry.environment, 0, sizeof entry.environment);
        assert_ok(book_put_entry(book, key, &entry, 100 + i, "vendor \"1\" \\ 2", i % 2 ? 200 + i : 0));
    }
}

static inline struct book *open_book(const char *path, enum book_mode mode)
{
    struct book *book;
    assert_ok(book_open(path, mode, &book));
    return book;
}

/* All of it, in one order or in the other. */
static inline void make_sample_book(const char *path, bool backwards)
{
    struct book *book = open_book(path, BOOK_WRITE);
    struct hash source = numbered_hash(1 << 20);
    for (unsigned i = 0; i < SAMPLE_KERNELS; i++)
        put_numbered_kernel(book, backwards ? SAMPLE_KERNELS - 1 - i : i, "gfx942");
    for (unsigned i = 0; i < SAMPLE_RECORDS; i++)
        put_sample_record(book, backwards ? SAMPLE_RECORDS - 1 - i : i);
    assert_ok(book_put_source(book, &source, "a source", 8));
    assert_ok(book_close(book));
}

static inline bool add_row(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    (void)status;
    uint64_t sizes[2] = {key->mv_size, value->mv_size};
    sha256_add(context, sizes, sizeof sizes);
    sha256_add(context, key->mv_data, key->mv_size);
    sha256_add(context, value->mv_data, value->mv_size);
    return true;
}

/* Of all rows but those of `meta`, which has the book's own id. */
static inline struct hash content_of(const char *path)
{
    struct sha256 sha;
    struct book *book = open_book(path, BOOK_READ);
    sha256_begin(&sha);
    for (enum table table = TABLE_META + 1; table < TABLE_COUNT; table++) {
        sha256_add_field(&sha, table_name(table));
        assert_ok(book_each(book, table, "", 0, add_row, &sha));
    }
    assert_ok(book_close(book));
    return sha256_end(&sha);
}

static inline void assert_same_content(const char *a, const char *b)
{
    struct hash of_a = content_of(a), of_b = content_of(b);
    assert_memory_equal(of_a.bytes, of_b.bytes, sizeof of_a.bytes);
}

static inline void export_to(const char *book_path, const char *path, bool without_code)
{
    struct bundle_counts counts;
    struct bundle_export_options options = {.without_code = without_code};
    struct book *book = open_book(book_path, BOOK_READ);
    assert_ok(bundle_export(book, path, &options, &counts));
    assert_ok(book_close(book));
}

static inline enum status import_from(const char *path, const char *book_path, bool dry_run,
                                      struct bundle_report *report)
{
    struct bundle_import_options options = {.dry_run = dry_run, .allow_unsigned = true};
    return bundle_import(path, book_path, &options, report);
}

static inline struct text content(const char *path)
{
    struct text text = {0};
    assert_ok(file_read(path, 1 << 28, &text));
    return text;
}

#endif
