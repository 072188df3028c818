/* The algebra of merging, over generated records and books with few kernels, environments and values, so that
 * everything collides. A failure names the seed that brings it back: TUNEBOOK_TEST_SEED=N. */
#include "tests/db/samples.h"
#include "db/book_internal.h"
#include "db/diff.h"
#include "db/merge.h"

static const char *const classes[] = {"x86-64-v4:2:38", "x86-64-v3:8:40"};
static uint64_t seed;

static void note_seed(uint64_t number)
{
    const char *given = getenv("TUNEBOOK_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : number;
}

#define assert_seeded(condition)                                                                         \
    do {                                                                                                 \
        if (!(condition))                                                                                \
            fail_msg("%s does not hold; TUNEBOOK_TEST_SEED=%llu", #condition, (unsigned long long)seed); \
    } while (0)

/* ---- records ---- */

struct world {
    uint64_t kernels, environments, times;
};

static struct record_entry few_entry(struct rng *rng, const struct world *world)
{
    struct record_entry entry = {.kernel = numbered_hash(rng_below(rng, world->kernels)),
                                 .environment = numbered_hash(1000 + rng_below(rng, world->environments)),
                                 .evidence =
                                     (uint8_t)(rng_below(rng, 4) ? 0 : rng_below(rng, EVIDENCE_COUNT)),
                                 .verified = (uint8_t)rng_below(rng, 2),
                                 .measured_at_s = rng_below(rng, 2)};
    entry.timing.low_ns = rng_below(rng, world->times);
    entry.timing.median_ns = entry.timing.low_ns + rng_below(rng, 2);
    entry.timing.high_ns = entry.timing.median_ns + rng_below(rng, 2);
    entry.timing.samples = (uint32_t)rng_below(rng, 3);
    entry.timing.flags = (uint32_t)rng_below(rng, 2);
    return entry;
}

static void few_record(struct rng *rng, const struct world *world, uint64_t most, struct record *out)
{
    static const char *const names[] = {"", "openblas 0.3.21", "openblas 0.3.27"};
    memset(out, 0, sizeof *out);
    out->baseline_ns = rng_below(rng, 3);
    out->default_ns = rng_below(rng, 3);
    strcpy(out->baseline_name, names[rng_below(rng, N_OF(names))]);
    for (uint64_t i = 0, n = rng_below(rng, most); i < n; i++) {
        struct record_entry entry = few_entry(rng, world);
        record_insert(out, &entry);
    }
}

static bool same_record(const struct record *a, const struct record *b)
{
    struct text x = {0}, y = {0};
    record_encode(a, &x);
    record_encode(b, &y);
    bool same = x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    text_free(&x);
    text_free(&y);
    return same;
}

static void joined(const struct record *a, const struct record *b, struct record *out)
{
    static struct record result;
    result = *a;
    record_merge(&result, b);
    *out = result;
}

static void laws_hold(const struct record *a, const struct record *b, const struct record *c)
{
    static struct record x, y, empty;
    joined(a, b, &x);
    joined(b, a, &y);
    assert_seeded(same_record(&x, &y)); /* commutative */
    joined(&x, c, &x);
    joined(b, c, &y);
    joined(a, &y, &y);
    assert_seeded(same_record(&x, &y)); /* associative */
    joined(&x, b, &y);
    assert_seeded(same_record(&x, &y)); /* idempotent, later too */
    joined(a, a, &x);
    assert_seeded(same_record(&x, a));
    joined(a, &empty, &x);
    joined(&empty, a, &y);
    assert_seeded(same_record(&x, a) && same_record(&y, a)); /* identity */
}

static void records_form_a_semilattice(void **state)
{
    (void)state;
    /* Few of everything; then more kernels than a record has room for, so that entries fall out. */
    const struct world worlds[] = {{4, 2, 3}, {40, 4, 6}};
    const uint64_t most[] = {12, 400};
    for (size_t w = 0; w < N_OF(worlds); w++)
        for (size_t n = 0; n < test_scaled(w ? 400 : 20000); n++) {
            static struct record records[3];
            struct rng rng;
            note_seed(n + (w << 32));
            rng_seed(&rng, seed);
            for (int i = 0; i < 3; i++) few_record(&rng, &worlds[w], most[w], &records[i]);
            laws_hold(&records[0], &records[1], &records[2]);
        }
}

static const struct record_entry *entry_like(const struct record *record, const struct record_entry *like)
{
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (!memcmp(&record->entries[i].kernel, &like->kernel, sizeof like->kernel) &&
            !memcmp(&record->entries[i].environment, &like->environment, sizeof like->environment))
            return &record->entries[i];
    return NULL;
}

static void no_entry_is_lost(void **state)
{
    (void)state;
    const struct world world = {8, 4, 5}; /* 32 different ones: all fit */
    for (size_t n = 0; n < test_scaled(5000); n++) {
        static struct record parts[2], whole;
        struct rng rng;
        note_seed(n);
        rng_seed(&rng, seed);
        for (int i = 0; i < 2; i++) few_record(&rng, &world, 40, &parts[i]);
        joined(&parts[0], &parts[1], &whole);
        for (int i = 0; i < 2; i++)
            for (uint32_t e = 0; e < parts[i].n_entries; e++) {
                const struct record_entry *mine = &parts[i].entries[e], *kept = entry_like(&whole, mine);
                assert_seeded(kept && record_entry_compare(kept, mine) <= 0);
            }
        for (uint32_t e = 0; e < whole.n_entries; e++) { /* and none is made up */
            const struct record_entry *a = entry_like(&parts[0], &whole.entries[e]),
                                      *b = entry_like(&parts[1], &whole.entries[e]);
            assert_seeded((a && !memcmp(a, &whole.entries[e], sizeof *a)) ||
                          (b && !memcmp(b, &whole.entries[e], sizeof *b)));
            assert_seeded(!e || record_entry_compare(&whole.entries[e - 1], &whole.entries[e]) < 0);
        }
    }
}

/* ---- books ---- */

static void few_key(uint64_t number, char out[KEY_BYTES_MAX + 1])
{
    struct key_parts parts = {.n_sizes = 2, .names = {"n", "m"}, .sizes = {64, (int64_t)number / 2}};
    strcpy(parts.head, "gemm/nt");
    strcpy(parts.device_class, classes[number % 2]);
    assert_ok(key_format(&parts, out));
}

static void put_trials(struct rng *rng, struct book *book, const char *key)
{
    struct trial trial = {.configuration = "N=1", .detail = ""};
    uint64_t sequence;
    for (uint64_t i = 0, n = rng_below(rng, 4); i < n; i++) {
        trial.kernel = numbered_hash(1);
        trial.verdict = (uint8_t)(rng_below(rng, 2) ? VERDICT_OK : VERDICT_WRONG);
        trial.finished_at_s = 1 + rng_below(rng, 4);
        assert_ok(book_start(book, key, trial.configuration, &trial.kernel, &sequence));
        if (rng_below(rng, 4)) assert_ok(book_finish(book, key, sequence, &trial));
    }
}

/* A descriptor's bytes may differ between books under one kernel's name. */
static void put_other_kernel(struct book *book, uint64_t number)
{
    struct descriptor descriptor = {
        .op = "gemm", .template_name = "numbered", .configuration = "other", .target = "t", .args_abi = 1};
    struct hash kernel = numbered_hash(number);
    descriptor.code = sha256_of("other", 5);
    assert_ok(book_put_kernel(book, &kernel, &descriptor, "other", 5));
}

static struct book *few_book(struct rng *rng, const char *path)
{
    const struct world world = {4, 2, 4};
    struct hash ids[2];
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    assert_ok(book_open(path, BOOK_WRITE, &book));
    for (uint64_t i = 0; i < world.kernels; i++) put_numbered_kernel(book, i, "x86-64-v4");
    if (rng_below(rng, 2)) put_other_kernel(book, rng_below(rng, 2));
    assert_ok(book_put_environment(book, "{\"a\":1}", &ids[0]));
    if (rng_below(rng, 2)) assert_ok(book_put_environment(book, "{\"b\":1}", &ids[1]));
    ids[0] = numbered_hash(1 << 20);
    assert_ok(book_put_source(book, &ids[0], rng_below(rng, 2) ? "one" : "two", 3));
    for (uint64_t i = 0, n = rng_below(rng, 8); i < n; i++) {
        struct record_entry entry = few_entry(rng, &world);
        few_key(rng_below(rng, 6), key);
        assert_ok(book_put_entry(book, key, &entry, rng_below(rng, 3), "vendor", rng_below(rng, 3)));
        put_trials(rng, book, key);
    }
    ids[0] = numbered_hash(rng_below(rng, 2));
    assert_ok(book_quarantine(book, classes[0], &ids[0], &ids[0],
                              rng_below(rng, 2) ? VERDICT_HANG : VERDICT_CRASH));
    return book;
}

static void merged(const char *folder, const char *leaf, size_t n, struct book *const *books,
                   struct book **out)
{
    const char *path = in_folder(folder, leaf);
    struct book_merge merge = {.books = books, .n_books = n, .path = path};
    struct merge_counts counts;
    assert_ok(book_merge(&merge, &counts));
    assert_ok(book_open(path, BOOK_WRITE, out));
}

static bool same_content(struct book *a, struct book *b)
{
    char x[SHA256_HEX_BYTES], y[SHA256_HEX_BYTES];
    assert_ok(book_digest(a, x));
    assert_ok(book_digest(b, y));
    return strcmp(x, y) == 0;
}

static struct text frozen_bytes(const char *folder, struct book *book)
{
    const char *path = in_folder(folder, "frozen.book");
    struct text bytes = {0};
    char block[4096];
    assert_ok(book_freeze(&book, 1, path));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t got; (got = fread(block, 1, sizeof block, file));) text_append_bytes(&bytes, block, got);
    fclose(file);
    return bytes;
}

static void books_laws(const char *folder, struct rng *rng)
{
    struct book *in[3], *out[6];
    in[0] = few_book(rng, in_folder(folder, "a.book"));
    in[1] = few_book(rng, in_folder(folder, "b.book"));
    in[2] = few_book(rng, in_folder(folder, "c.book"));
    merged(folder, "abc.book", 3, in, &out[0]);
    merged(folder, "cab.book", 3, (struct book *const[]){in[2], in[0], in[1]}, &out[1]);
    merged(folder, "ab.book", 2, in, &out[2]);
    merged(folder, "ab-c.book", 2, (struct book *const[]){out[2], in[2]}, &out[3]);
    merged(folder, "again.book", 3, (struct book *const[]){out[3], in[1], in[1]}, &out[4]);
    merged(folder, "alone.book", 1, (struct book *const[]){out[0]}, &out[5]);
    for (int i = 1; i < 6; i++)
        if (i != 2) assert_seeded(same_content(out[0], out[i]));
    struct text one = frozen_bytes(folder, out[0]), other = frozen_bytes(folder, out[3]);
    assert_seeded(one.size == other.size && memcmp(one.data, other.data, one.size) == 0);
    text_free(&one);
    text_free(&other);
    for (int i = 0; i < 6; i++) assert_ok(book_close(out[i]));
    for (int i = 0; i < 3; i++) assert_ok(book_close(in[i]));
}

static void books_form_a_semilattice(void **state)
{
    (void)state;
    for (size_t n = 0; n < test_scaled(8); n++) {
        char *folder = folder_begin();
        struct rng rng;
        note_seed(n);
        rng_seed(&rng, seed);
        books_laws(folder, &rng);
        folder_end(folder);
    }
}

/* ---- conflicts, refusals, order of times ---- */

struct seen {
    int n;
    uint64_t low_ns, high_ns;
    struct book *low_book;
};

static void see(void *context, const struct merge_conflict *conflict)
{
    struct seen *seen = context;
    seen->n++;
    seen->low_ns = conflict->low->timing.median_ns;
    seen->high_ns = conflict->high->timing.median_ns;
    seen->low_book = conflict->low_book;
}

static struct book *timed_book(const char *path, uint64_t median_ns, uint64_t spread_ns)
{
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    few_key(2, key);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    struct record_entry entry = {.kernel = put_numbered_kernel(book, 1, "x86-64-v4"),
                                 .environment = numbered_hash(7),
                                 .timing = {.median_ns = median_ns,
                                            .low_ns = median_ns - spread_ns,
                                            .high_ns = median_ns + spread_ns,
                                            .samples = 20}};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    return book;
}

static void conflicts_are_disjoint_intervals(void **state)
{
    (void)state;
    char *folder = folder_begin();
    const char *path = in_folder(folder, "out.book");
    struct book *books[3] = {timed_book(in_folder(folder, "a.book"), 1000, 10),
                             timed_book(in_folder(folder, "b.book"), 1020, 10),
                             timed_book(in_folder(folder, "c.book"), 1021, 10)};
    struct seen seen = {0};
    struct merge_counts counts;
    struct book_merge merge = {.books = books, .n_books = 2, .path = path, .conflict = see, .context = &seen};
    assert_ok(book_merge(&merge, &counts)); /* 990..1010 and 1010..1030 meet */
    assert_int_equal(counts.conflicts, 0);
    unlink(path);
    merge.n_books = 3;
    assert_ok(book_merge(&merge, &counts));
    assert_int_equal(counts.conflicts, 1);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.low_ns, 1000);
    assert_int_equal(seen.high_ns, 1021);
    assert_ptr_equal(seen.low_book, books[0]);
    for (int i = 0; i < 3; i++) assert_ok(book_close(books[i]));
    folder_end(folder);
}

static bool is_empty_but(const char *folder, int expected)
{
    char command[4096];
    int n = 0;
    snprintf(command, sizeof command, "ls %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%d", &n) != 1) n = -1;
    if (pipe) pclose(pipe);
    return n == expected;
}

static void refused_merges_write_nothing(void **state)
{
    (void)state;
    char *folder = folder_begin();
    char a[4096], copy[4096], command[9000];
    snprintf(a, sizeof a, "%s/a.book", folder);
    snprintf(copy, sizeof copy, "%s/copy.book", folder);
    struct book *books[2] = {timed_book(a, 1000, 10), NULL};
    struct merge_counts counts;
    assert_ok(book_close(books[0]));
    snprintf(command, sizeof command, "cp %s %s", a, copy);
    assert_int_equal(system(command), 0);
    assert_ok(book_open(a, BOOK_WRITE, &books[0]));
    assert_ok(book_open(copy, BOOK_WRITE, &books[1]));
    struct book_merge merge = {.books = books, .n_books = 2, .path = in_folder(folder, "out.book")};
    assert_ok(book_merge(&merge, &counts)); /* a copy is welcome ... */
    unlink(in_folder(folder, "out.book"));
    put_numbered_kernel(books[1], 9, "x86-64-v4"); /* ... until it goes its own way */
    assert_int_equal(book_merge(&merge, &counts), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "two books with one id"));
    merge.path = a;
    assert_int_equal(book_merge(&merge, &counts), STATUS_USAGE);
    merge.n_books = 1;
    merge.path = copy;
    assert_int_equal(book_merge(&merge, &counts), STATUS_USAGE);
    merge.path = "/proc/nowhere/x.book";
    assert_int_equal(book_merge(&merge, &counts), STATUS_IO);
    int stop = 1;
    merge.path = in_folder(folder, "out.book");
    merge.stop = &stop;
    assert_int_equal(book_merge(&merge, &counts), STATUS_INTERRUPTED);
    assert_true(is_empty_but(folder, 4)); /* two books and their lock files */
    for (int i = 0; i < 2; i++) assert_ok(book_close(books[i]));
    folder_end(folder);
}

/* A kernel whose row is gone from one book is taken from the other; from none: by name. */
static int drop_kernel(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    MDB_val key = value_of(context, SHA256_BYTES);
    return mdb_del(txn, book->environment->tables[TABLE_KERNEL], &key, NULL);
}

static void what_records_name_must_be_somewhere(void **state)
{
    (void)state;
    char *folder = folder_begin();
    struct book *books[2] = {timed_book(in_folder(folder, "a.book"), 1000, 10),
                             timed_book(in_folder(folder, "b.book"), 1000, 10)};
    struct hash kernel = numbered_hash(1);
    struct merge_counts counts;
    struct book_merge merge = {.books = books, .n_books = 2, .path = in_folder(folder, "out.book")};
    assert_ok(book_write(books[0], "drop", drop_kernel, &kernel));
    assert_ok(book_merge(&merge, &counts));
    unlink(in_folder(folder, "out.book"));
    assert_ok(book_write(books[1], "drop", drop_kernel, &kernel));
    assert_int_equal(book_merge(&merge, &counts), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "is in no book"));
    for (int i = 0; i < 2; i++) assert_ok(book_close(books[i]));
    folder_end(folder);
}

/* A record that says one thing twice can only come from elsewhere; and 80 entries do not fit. */
static int put_raw(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    char name[KEY_BYTES_MAX + 1];
    struct text bytes = {0};
    few_key(2, name);
    record_encode(context, &bytes);
    MDB_val key = value_of(name, strlen(name)), value = value_of(bytes.data, bytes.size);
    int code = mdb_put(txn, book->environment->tables[TABLE_RECORD], &key, &value, 0);
    text_free(&bytes);
    return code;
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    static struct record twice, many;
    struct merge_counts counts;
    char *folder = folder_begin();
    struct book *books[2] = {timed_book(in_folder(folder, "a.book"), 1000, 10),
                             timed_book(in_folder(folder, "b.book"), 1000, 10)};
    struct record_entry entry = {.kernel = numbered_hash(1), .timing.high_ns = 5};
    twice = (struct record){.n_entries = 2, .entries = {entry, entry}};
    twice.entries[1].timing.high_ns = 6;
    assert_ok(book_write(books[0], "put", put_raw, &twice));
    struct book_merge merge = {.books = books, .n_books = 1, .path = in_folder(folder, "out.book")};
    assert_ok(book_merge(&merge, &counts));
    assert_int_equal(counts.entries, 1);
    assert_int_equal(counts.left_out, 0);
    unlink(merge.path);
    for (uint64_t i = 0; i < 80; i++) { /* 64 in the one, the other 16 in the other */
        if (i == RECORD_ENTRIES_MAX || i == 0) memset(&many, 0, sizeof many);
        entry.environment = numbered_hash(100 + i);
        entry.timing.high_ns = 100 - i;
        record_insert(&many, &entry);
        if (i + 1 == RECORD_ENTRIES_MAX) assert_ok(book_write(books[0], "put", put_raw, &many));
    }
    assert_ok(book_write(books[1], "put", put_raw, &many));
    merge.n_books = 2;
    assert_ok(book_merge(&merge, &counts));
    assert_int_equal(counts.entries, RECORD_ENTRIES_MAX);
    assert_int_equal(counts.left_out, 16);
    for (int i = 0; i < 2; i++) assert_ok(book_close(books[i]));
    folder_end(folder);
}

static void differences_are_judged_by_intervals(void **state)
{
    (void)state;
    static struct record a, b;
    struct record_entry entry = {.kernel = numbered_hash(1),
                                 .timing = {.median_ns = 100, .low_ns = 98, .high_ns = 102}};
    struct diff_row row;
    memset(&a, 0, sizeof a);
    record_insert(&a, &entry);
    diff_judge(&a, NULL, &row);
    assert_int_equal(row.kind, DIFF_GONE);
    diff_judge(&b, &a, &row); /* a record without entries is none */
    assert_int_equal(row.kind, DIFF_NEW);
    diff_judge(&a, &a, &row);
    assert_int_equal(row.kind, DIFF_SAME);
    const struct {
        uint64_t median_ns;
        enum diff_kind kind;
    } cases[] = {{103, DIFF_CHANGED}, {105, DIFF_SLOWER}, {96, DIFF_CHANGED}, {95, DIFF_FASTER}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        memset(&b, 0, sizeof b);
        entry.kernel = numbered_hash(2);
        entry.timing = (struct timing){.median_ns = cases[i].median_ns,
                                       .low_ns = cases[i].median_ns - 2,
                                       .high_ns = cases[i].median_ns + 2};
        record_insert(&b, &entry);
        diff_judge(&a, &b, &row);
        assert_int_equal(row.kind, cases[i].kind);
        assert_true(row.winner_changed);
        assert_true(row.ratio == (double)cases[i].median_ns / 100);
    }
    b.entries[0].evidence = EVIDENCE_PREDICTED; /* nothing measured, nothing judged */
    diff_judge(&a, &b, &row);
    assert_int_equal(row.kind, DIFF_CHANGED);
    assert_false(row.is_timed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_form_a_semilattice),   cmocka_unit_test(no_entry_is_lost),
        cmocka_unit_test(books_form_a_semilattice),     cmocka_unit_test(conflicts_are_disjoint_intervals),
        cmocka_unit_test(refused_merges_write_nothing), cmocka_unit_test(what_records_name_must_be_somewhere),
        cmocka_unit_test(what_does_not_fit_is_counted), cmocka_unit_test(differences_are_judged_by_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
