/* A large transaction whose pages are written out early holds what any other would: rows put, replaced and
 * removed in random order, before and after; and where it is given up, nothing of it is there. */
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/txn_memory.h"

enum { ROWS = 20000, STEPS = 20000, LARGE = 9000 };

static struct hash expected[ROWS]; /* of the value; zeros: none */

static size_t make_value(struct rng *rng, uint8_t *value)
{
    size_t size = (size_t)rng_below(rng, 50) ? (size_t)rng_below(rng, 300) : LARGE;
    for (size_t i = 0; i < size; i++) value[i] = (uint8_t)rng_next(rng);
    return size;
}

static int step(struct book *book, MDB_txn *txn, struct rng *rng)
{
    static uint8_t bytes[LARGE];
    size_t row = (size_t)rng_below(rng, ROWS);
    struct hash name = numbered_hash(row);
    MDB_dbi dbi = book->environment->tables[TABLE_SOURCE];
    MDB_val key = value_of(name.bytes, sizeof name.bytes);
    if (rng_below(rng, 4) == 0) {
        int code = mdb_del(txn, dbi, &key, NULL);
        memset(&expected[row], 0, sizeof expected[row]);
        return code == MDB_NOTFOUND ? 0 : code;
    }
    MDB_val value = value_of(bytes, make_value(rng, bytes));
    expected[row] = sha256_of(bytes, value.mv_size);
    return mdb_put(txn, dbi, &key, &value, 0);
}

struct work {
    uint64_t seed, note_bytes;
    bool give_up;
};

static int work_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    const struct work *work = context;
    struct txn_memory memory;
    struct rng rng;
    int code = 0;
    rng_seed(&rng, work->seed);
    txn_memory_begin(&memory, book->environment);
    assert_non_null(memory.map);
    for (int i = 0; i < STEPS && !code; i++) {
        code = step(book, txn, &rng);
        if (!code) code = txn_memory_note(&memory, txn, work->note_bytes);
    }
    if (code || !work->give_up) return code;
    *refusal = STATUS_USAGE;
    return BODY_REFUSED;
}

static void check(struct book *book)
{
    static const struct hash none;
    MDB_txn *txn;
    assert_ok(read_begin(book, &txn));
    for (size_t row = 0; row < ROWS; row++) {
        struct hash name = numbered_hash(row);
        MDB_val key = value_of(name.bytes, sizeof name.bytes), value;
        int code = mdb_get(txn, book->environment->tables[TABLE_SOURCE], &key, &value);
        bool wanted = memcmp(&expected[row], &none, sizeof none) != 0;
        assert_int_equal(code, wanted ? 0 : MDB_NOTFOUND);
        if (!wanted) continue;
        struct hash hash = sha256_of(value.mv_data, value.mv_size);
        assert_memory_equal(hash.bytes, expected[row].bytes, sizeof hash.bytes);
    }
    read_end(book, txn);
}

static void what_was_written_out_early_is_there(void **state)
{
    (void)state;
    char *folder = folder_begin();
    const char *path = in_folder(folder, "large.book");
    struct book *book;
    assert_ok(book_open(path, BOOK_WRITE, &book));
    /* Never; every 300 steps; every 10,000. */
    const uint64_t notes[] = {0, (32 << 20) / 300, (32 << 20) / 10000};
    for (uint64_t i = 0; i < N_OF(notes); i++) {
        struct work work = {.seed = i, .note_bytes = notes[i % N_OF(notes)]};
        assert_ok(book_write(book, "work", work_body, &work));
        check(book);
        struct hash before[ROWS];
        memcpy(before, expected, sizeof before);
        work = (struct work){.seed = 100 + i, .note_bytes = notes[1], .give_up = true};
        assert_int_equal(book_write(book, "work", work_body, &work), STATUS_USAGE);
        memcpy(expected, before, sizeof before);
        check(book);
        assert_ok(book_verify(path));
    }
    assert_ok(book_close(book));
    folder_end(folder);
}

/* What a transaction has put lies in the file before it commits. */
static int grow_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    static uint8_t bytes[1 << 20];
    struct txn_memory memory;
    struct stat before, after;
    int code = 0;
    txn_memory_begin(&memory, book->environment);
    assert_int_equal(stat(context, &before), 0);
    for (uint64_t i = 0; i < 40 && !code; i++) {
        struct hash name = numbered_hash(i);
        MDB_val key = value_of(name.bytes, sizeof name.bytes), value = value_of(bytes, sizeof bytes);
        code = mdb_put(txn, book->environment->tables[TABLE_SOURCE], &key, &value, 0);
        if (!code) code = txn_memory_note(&memory, txn, sizeof bytes);
    }
    if (code) return code;
    assert_int_equal(stat(context, &after), 0);
    assert_true(after.st_size - before.st_size >= 32 << 20);
    *refusal = STATUS_USAGE;
    return BODY_REFUSED;
}

static void pages_are_written_out_early(void **state)
{
    (void)state;
    char *folder = folder_begin();
    struct book *book;
    struct book_counts counts;
    char path[4096];
    snprintf(path, sizeof path, "%s/grows.book", folder);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_int_equal(book_write(book, "grow", grow_body, path), STATUS_USAGE);
    assert_ok(book_count(book, &counts));
    assert_int_equal(counts.kernels + counts.codes, 0);
    assert_ok(book_close(book));
    folder_end(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_out_early_is_there),
                                       cmocka_unit_test(pages_are_written_out_early)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
