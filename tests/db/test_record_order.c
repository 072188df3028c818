#include "tests/db/samples.h"

/* Few distinct values, so that ties of every depth happen. */
static struct record_entry tied_entry(struct rng *rng)
{
    struct record_entry entry = {.kernel = numbered_hash(rng_below(rng, 8)),
                                 .environment = numbered_hash(rng_below(rng, 3)),
                                 .evidence = (uint8_t)rng_below(rng, EVIDENCE_COUNT),
                                 .verified = (uint8_t)rng_below(rng, 2),
                                 .measured_at_s = rng_below(rng, 2)};
    entry.timing.high_ns = rng_below(rng, 3);
    entry.timing.median_ns = rng_below(rng, 3);
    entry.timing.samples = (uint32_t)rng_below(rng, 3);
    entry.timing.flags = (uint32_t)rng_below(rng, 2);
    return entry;
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void the_order_is_total(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t n = 0; n < test_scaled(20000); n++) {
        struct record_entry a = tied_entry(&rng), b = tied_entry(&rng), c = tied_entry(&rng);
        int ab = sign(record_entry_compare(&a, &b)), bc = sign(record_entry_compare(&b, &c));
        assert_int_equal(ab, -sign(record_entry_compare(&b, &a)));
        if (ab == bc) assert_int_equal(sign(record_entry_compare(&a, &c)), ab);
        if (ab == 0) {
            assert_memory_equal(&a.kernel, &b.kernel, sizeof a.kernel);
            assert_memory_equal(&a.environment, &b.environment, sizeof a.environment);
        }
    }
}

static void better_means_evidence_then_upper_bound(void **state)
{
    (void)state;
    struct record_entry slow = {.evidence = EVIDENCE_MEASURED, .timing = {.high_ns = 100, .median_ns = 50}};
    struct record_entry fast = {.evidence = EVIDENCE_MEASURED, .timing = {.high_ns = 90, .median_ns = 80}};
    struct record_entry guess = {.evidence = EVIDENCE_PREDICTED, .timing = {.high_ns = 1, .median_ns = 1}};
    struct record_entry unknown = {.evidence = EVIDENCE_MEASURED};
    assert_true(record_entry_compare(&fast, &slow) < 0);
    assert_true(record_entry_compare(&slow, &guess) < 0);
    assert_true(record_entry_compare(&slow, &unknown) < 0);
    assert_true(record_entry_compare(&unknown, &guess) < 0);
}

static void shuffle(struct rng *rng, struct record_entry *entries, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(rng, i);
        struct record_entry swapped = entries[i - 1];
        entries[i - 1] = entries[j];
        entries[j] = swapped;
    }
}

static void insertion_order_does_not_matter(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (size_t n = 0; n < test_scaled(300); n++) {
        struct record_entry entries[40];
        static struct record one, other;
        size_t count = 1 + (size_t)rng_below(&rng, N_OF(entries));
        for (size_t i = 0; i < count; i++) entries[i] = tied_entry(&rng);
        memset(&one, 0, sizeof one);
        memset(&other, 0, sizeof other);
        for (size_t i = 0; i < count; i++) record_insert(&one, &entries[i]);
        shuffle(&rng, entries, count);
        for (size_t i = 0; i < count; i++) record_insert(&other, &entries[i]);
        for (size_t i = 0; i < count; i++) record_insert(&other, &entries[i]); /* idempotent */
        assert_int_equal(one.n_entries, other.n_entries);
        assert_memory_equal(one.entries, other.entries, one.n_entries * sizeof *one.entries);
        for (uint32_t i = 1; i < one.n_entries; i++)
            assert_true(record_entry_compare(&one.entries[i - 1], &one.entries[i]) < 0);
    }
}

/* Samples decide only between equals: a noisy measurement takes more of them. */
static void the_better_of_two_measurements_stays(void **state)
{
    (void)state;
    struct record record = {0};
    struct record_entry noisy = {.timing = {.high_ns = 20, .median_ns = 9, .samples = 30}};
    struct record_entry sure = {.timing = {.high_ns = 10, .median_ns = 9, .samples = 8}};
    struct record_entry surer = {.timing = {.high_ns = 10, .median_ns = 9, .samples = 9}};
    record_insert(&record, &noisy);
    record_insert(&record, &surer);
    record_insert(&record, &sure);
    record_insert(&record, &noisy);
    assert_int_equal(record.n_entries, 1);
    assert_int_equal(record.entries[0].timing.samples, 9);
}

static void a_full_record_keeps_the_best(void **state)
{
    (void)state;
    static struct record record;
    struct rng rng;
    rng_seed(&rng, 3);
    uint64_t times[300];
    memset(&record, 0, sizeof record);
    for (size_t i = 0; i < N_OF(times); i++) times[i] = i + 1;
    for (size_t i = N_OF(times); i > 1; i--) {
        size_t j = (size_t)rng_below(&rng, i);
        uint64_t swapped = times[i - 1];
        times[i - 1] = times[j];
        times[j] = swapped;
    }
    for (size_t i = 0; i < N_OF(times); i++) {
        struct record_entry entry = {.kernel = numbered_hash(times[i]), .timing.high_ns = times[i]};
        record_insert(&record, &entry);
    }
    assert_int_equal(record.n_entries, RECORD_ENTRIES_MAX);
    for (uint32_t i = 0; i < RECORD_ENTRIES_MAX; i++)
        assert_int_equal(record.entries[i].timing.high_ns, i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_total),
        cmocka_unit_test(better_means_evidence_then_upper_bound),
        cmocka_unit_test(insertion_order_does_not_matter),
        cmocka_unit_test(the_better_of_two_measurements_stays),
        cmocka_unit_test(a_full_record_keeps_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
