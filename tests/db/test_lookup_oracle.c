/* Lookups in small random books against an oracle that looks at everything. */
#include "db/lookup.h"
#include "db/lookup_search.h"
#include <math.h>
#include "tests/db/samples.h"

enum { BOOKS_MAX = 3, KERNELS = 12, ITEMS_MAX = 400, SIZES = 3 };

static const char *const heads[] = {"gemm/f32/al=4", "gemm/f32/al=2", "gemm/f32/al=0", "gemm/bf16/al=4"};
static const char *const classes[] = {"cpu:2:20", "cpu:4:20", "cpu:16:40", "gpu:2:20", "cpu"};
static const char *const names[] = {"n", "k", "m"};

/* One entry of one record, as put. */
struct item {
    size_t book;
    struct key_parts parts;
    char key[KEY_BYTES_MAX + 1];
    struct record_entry entry;
};

static struct item items[ITEMS_MAX];
static size_t n_items;
static struct book *books[BOOKS_MAX];
static char *folder;
static bool usable[KERNELS];

static bool is_valid(void *context, struct book *book, const struct record_entry *entry,
                     const struct descriptor *descriptor)
{
    (void)context;
    assert_non_null(book);
    uint64_t number = strtoull(descriptor->configuration + 2, NULL, 10);
    struct hash kernel = numbered_hash(number);
    assert_memory_equal(&kernel, &entry->kernel, sizeof kernel);
    return usable[number];
}

/* What a caller has read before: of each book some kernels. */
static struct known {
    bool given;
    struct value bytes;
    struct descriptor descriptor;
} known[BOOKS_MAX][KERNELS];

static const struct descriptor *known_descriptor(void *context, struct book *book, const struct hash *kernel)
{
    (void)context;
    for (size_t b = 0; b < BOOKS_MAX; b++)
        for (uint64_t k = 0; book == books[b] && k < KERNELS; k++) {
            struct hash numbered = numbered_hash(k);
            if (memcmp(&numbered, kernel, sizeof numbered) == 0)
                return known[b][k].given ? &known[b][k].descriptor : NULL;
        }
    return NULL;
}

static void read_known(struct rng *rng, size_t b)
{
    for (uint64_t k = 0; k < KERNELS; k++) {
        struct known *one = &known[b][k];
        struct hash kernel = numbered_hash(k);
        one->given = rng_below(rng, 2);
        if (one->given) assert_ok(book_get_descriptor(books[b], &kernel, &one->bytes, &one->descriptor));
    }
}

static void forget_known(size_t b)
{
    for (uint64_t k = 0; k < KERNELS; k++) {
        value_free(&known[b][k].bytes);
        known[b][k].given = false;
    }
}

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static void put_random_item(struct rng *rng, size_t book)
{
    struct item *item = &items[n_items];
    memset(item, 0, sizeof *item);
    item->book = book;
    item->parts.n_sizes = SIZES;
    strcpy(item->parts.head, heads[rng_below(rng, N_OF(heads))]);
    strcpy(item->parts.device_class, classes[rng_below(rng, N_OF(classes))]);
    for (int i = 0; i < SIZES; i++) {
        strcpy(item->parts.names[i], names[i]);
        bool is_default = !strchr(item->parts.device_class, ':');
        item->parts.sizes[i] = is_default ? 0 : (int64_t)(1 + rng_below(rng, i == 2 ? 40 : 6));
    }
    assert_ok(key_format(&item->parts, item->key));
    uint64_t kernel = rng_below(rng, KERNELS);
    item->entry = (struct record_entry){.kernel = numbered_hash(kernel),
                                        .evidence = (uint8_t)rng_below(rng, EVIDENCE_COUNT),
                                        .timing.high_ns = 1 + rng_below(rng, 4)};
    /* One entry a kernel and record: what replaces what is another test's matter. */
    for (size_t i = 0; i < n_items; i++)
        if (items[i].book == book && !strcmp(items[i].key, item->key) &&
            !memcmp(&items[i].entry.kernel, &item->entry.kernel, sizeof item->entry.kernel))
            return;
    assert_ok(book_put_entry(books[book], item->key, &item->entry, 0, NULL, 0));
    n_items++;
}

/* Where an item would rank; false where it may not answer. Written from lookup.h, not from lookup.c. */
static bool oracle_rank(const struct lookup_request *request, const struct item *item, uint32_t rank[7])
{
    const struct key_parts *parts = &item->parts;
    size_t head = 0;
    while (head < request->n_heads && strcmp(request->heads[head], parts->head)) head++;
    uint64_t number = 0;
    while (memcmp((struct hash[]){numbered_hash(number)}, &item->entry.kernel, sizeof(struct hash))) number++;
    if (head == request->n_heads || !usable[number]) return false;
    bool same = true, near = true, group = true;
    uint32_t distance = 0, class_distance = 0;
    for (int i = 0; i < SIZES; i++) {
        int64_t a = parts->sizes[i], b = request->sizes[i], limit = i == SIZES - 1 ? 4 : 2;
        if (a != b) same = false;
        if (a != b && i < SIZES - 1) group = false;
        if (a > limit * b || b > limit * a) near = false;
        if (a && b) distance += log2_distance((uint64_t)a, (uint64_t)b);
    }
    bool same_class = !strcmp(parts->device_class, request->device_class);
    const char *colon = strchr(parts->device_class, ':');
    size_t target = strlen(request->target);
    bool same_target = colon && (size_t)(colon - parts->device_class) == target &&
                       !strncmp(parts->device_class, request->target, target);
    enum match match = MATCH_NONE;
    if (same_class && same && head == 0)
        match = MATCH_EXACT;
    else if (same_class && near)
        match = MATCH_NEAR_SHAPE;
    else if (same_target && !same_class && near)
        match = MATCH_SIBLING_CLASS;
    else if (!strcmp(parts->device_class, request->target))
        match = MATCH_DEFAULT, distance = 0, group = true;
    if (match > request->worst || match == MATCH_NONE) return false;
    if (match == MATCH_SIBLING_CLASS) {
        unsigned long a[2], b[2];
        sscanf(colon, ":%lu:%lu", &a[0], &a[1]);
        sscanf(strchr(request->device_class, ':'), ":%lu:%lu", &b[0], &b[1]);
        class_distance = log2_distance(a[0] * a[1], b[0] * b[1]);
    }
    uint32_t fields[7] = {match,    item->entry.evidence, class_distance, !group, (uint32_t)head,
                          distance, (uint32_t)item->book};
    memcpy(rank, fields, sizeof fields);
    return true;
}

static int compare_items(const struct item *a, const uint32_t ra[7], const struct item *b,
                         const uint32_t rb[7])
{
    for (int i = 0; i < 7; i++)
        if (ra[i] != rb[i]) return ra[i] < rb[i] ? -1 : 1;
    int order = strcmp(a->key, b->key);
    return order ? order : record_entry_compare(&a->entry, &b->entry);
}

static const struct item *oracle(const struct lookup_request *request, const bool *excluded)
{
    const struct item *best = NULL;
    uint32_t best_rank[7] = {0}, rank[7];
    for (size_t i = 0; i < n_items; i++) {
        if (excluded && excluded[i]) continue;
        if (!oracle_rank(request, &items[i], rank)) continue;
        if (best && compare_items(best, best_rank, &items[i], rank) < 0) continue;
        best = &items[i];
        memcpy(best_rank, rank, sizeof rank);
    }
    return best;
}

static void check_best(const struct lookup_request *request, size_t n_books)
{
    struct lookup_answer answer;
    const struct item *expected = oracle(request, NULL);
    enum status status = lookup(books, n_books, request, &answer);
    if (!expected) {
        assert_int_equal(status, STATUS_NOT_FOUND);
        assert_int_equal(answer.match, MATCH_NONE);
        assert_true(answer.reason[0]);
        return;
    }
    assert_ok(status);
    uint32_t rank[7];
    oracle_rank(request, expected, rank);
    assert_string_equal(answer.key, expected->key);
    assert_int_equal(answer.match, rank[0]);
    assert_int_equal(answer.evidence, rank[1]);
    assert_int_equal(answer.layer, expected->book);
    assert_int_equal(record_entry_compare(&answer.entry, &expected->entry), 0);
    assert_int_equal(answer.reason[0] == 0, answer.match == MATCH_EXACT);
    assert_string_equal(answer.descriptor.op, "gemm");
    value_free(&answer.descriptor_bytes);
}

static void check_all(const struct lookup_request *request, size_t n_books)
{
    static struct lookup_answer answers[KERNELS + 1];
    static bool excluded[ITEMS_MAX];
    memset(excluded, 0, sizeof excluded);
    size_t n = lookup_all(books, n_books, request, answers, N_OF(answers)), expected_n = 0;
    for (const struct item *expected; (expected = oracle(request, excluded)); expected_n++) {
        assert_true(expected_n < n);
        assert_string_equal(answers[expected_n].key, expected->key);
        assert_int_equal(answers[expected_n].layer, expected->book);
        assert_int_equal(record_entry_compare(&answers[expected_n].entry, &expected->entry), 0);
        for (size_t i = 0; i < n_items; i++)
            if (!memcmp(&items[i].entry.kernel, &expected->entry.kernel, sizeof expected->entry.kernel))
                excluded[i] = true;
    }
    assert_int_equal(n, expected_n);
    for (size_t i = 0; i < n; i++) value_free(&answers[i].descriptor_bytes);
    /* Less room gives the front of the same list. */
    size_t few = lookup_all(books, n_books, request, answers, 2);
    assert_int_equal(few, n < 2 ? n : 2);
    for (size_t i = 0; i < few; i++) value_free(&answers[i].descriptor_bytes);
}

static void check_one_set(struct rng *rng, size_t n_books)
{
    int64_t sizes[SIZES];
    for (size_t q = 0; q < 60; q++) {
        for (size_t i = 0; i < KERNELS; i++) usable[i] = rng_below(rng, 3) != 0;
        for (int i = 0; i < SIZES; i++) sizes[i] = (int64_t)(1 + rng_below(rng, i == 2 ? 40 : 6));
        if (q % 3 == 0 && n_items) memcpy(sizes, items[rng_below(rng, n_items)].parts.sizes, sizeof sizes);
        struct lookup_request request = {.heads = heads,
                                         .n_heads = 1 + (size_t)rng_below(rng, 3),
                                         .device_class = classes[rng_below(rng, 4)],
                                         .target = "cpu",
                                         .n_sizes = SIZES,
                                         .size_names = names,
                                         .sizes = sizes,
                                         .worst = (enum match)rng_below(rng, MATCH_NONE + 1),
                                         .max_probes = UINT32_MAX,
                                         .is_valid = is_valid,
                                         .known = rng_below(rng, 2) ? known_descriptor : NULL};
        if (request.device_class[0] == 'g') request.target = "gpu";
        check_best(&request, n_books);
        check_all(&request, n_books);
        /* Bounded, it may find less, but never what is unusable or better than the best. */
        struct lookup_answer answer;
        request.max_probes = 1 + (uint32_t)rng_below(rng, 6);
        if (lookup(books, n_books, &request, &answer) == STATUS_OK) {
            assert_non_null(oracle(&request, NULL));
            value_free(&answer.descriptor_bytes);
        }
    }
}

static void lookups_agree_with_the_oracle(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t set = 0; set < test_scaled(8); set++) {
        size_t n_books = 1 + (size_t)rng_below(&rng, BOOKS_MAX);
        n_items = 0;
        for (size_t b = 0; b < n_books; b++) {
            char leaf[64];
            snprintf(leaf, sizeof leaf, "%zu-%zu.book", set, b);
            assert_ok(book_open(in_folder(folder, leaf), BOOK_WRITE, &books[b]));
            for (uint64_t k = 0; k < KERNELS; k++) put_numbered_kernel(books[b], k, "cpu");
            for (uint64_t i = 0, n = rng_below(&rng, ITEMS_MAX / 4); i < n; i++) put_random_item(&rng, b);
            read_known(&rng, b);
        }
        check_one_set(&rng, n_books);
        for (size_t b = 0; b < n_books; b++) {
            forget_known(b);
            book_close(books[b]);
        }
    }
}

static void fixed_logarithms(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    assert_int_equal(log2_fixed(1), 0);
    assert_int_equal(log2_fixed(2), 65536);
    assert_int_equal(log2_fixed(UINT64_C(1) << 63), 63 * 65536);
    assert_int_equal(log2_distance(16, 32), 65536);
    assert_int_equal(log2_distance(32, 16), 65536);
    for (size_t i = 0; i < test_scaled(20000); i++) {
        uint64_t value = 1 + rng_below(&rng, UINT64_C(1) << rng_below(&rng, 40));
        double exact = 65536 * log2((double)value);
        assert_true(fabs(log2_fixed(value) - exact) <= 1.0);
        assert_true(log2_fixed(value) <= log2_fixed(value + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_agree_with_the_oracle),
        cmocka_unit_test(fixed_logarithms),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
