/* The fewest items that hit every set, against all choices that there are. */
#include "tests/base/check.h"
#include "db/cover.h"
#include "tests/scale.h"
#include "tuner/base/rng.h"

enum { ITEMS_MAX = 12, SETS_MAX = 24 };

struct sample {
    struct cover cover;
    uint32_t sets[SETS_MAX]; /* as bits */
    uint32_t n_sets, required;
};

static void add(struct sample *sample, uint32_t bits)
{
    uint32_t items[32], n = 0;
    for (uint32_t i = 0; i < 32; i++)
        if (bits >> i & 1) items[n++] = i;
    assert_ok(cover_add(&sample->cover, items, n));
    if (bits) sample->sets[sample->n_sets++] = bits;
}

static void make(uint64_t seed, struct sample *sample)
{
    struct rng rng;
    rng_seed(&rng, seed);
    *sample = (struct sample){.cover.n_items = 1 + (uint32_t)rng_below(&rng, ITEMS_MAX)};
    uint64_t n = rng_below(&rng, SETS_MAX), most = 1 + rng_below(&rng, 4);
    for (uint64_t s = 0; s < n; s++) {
        uint32_t bits = 0;
        for (uint64_t i = 0; i < most; i++) bits |= UINT32_C(1) << rng_below(&rng, sample->cover.n_items);
        add(sample, bits);
    }
    if (rng_below(&rng, 3) == 0) sample->required = UINT32_C(1) << rng_below(&rng, sample->cover.n_items);
}

static bool hits_all(const struct sample *sample, uint32_t chosen)
{
    for (uint32_t s = 0; s < sample->n_sets; s++)
        if (!(sample->sets[s] & chosen)) return false;
    return (chosen & sample->required) == sample->required;
}

static unsigned fewest(const struct sample *sample)
{
    unsigned best = ITEMS_MAX + 1;
    for (uint32_t chosen = 0; chosen < UINT32_C(1) << sample->cover.n_items; chosen++) {
        unsigned n = (unsigned)__builtin_popcount(chosen);
        if (n < best && hits_all(sample, chosen)) best = n;
    }
    return best;
}

static uint32_t solve(const struct sample *sample, struct cover_result *result)
{
    uint8_t chosen[ITEMS_MAX] = {0};
    uint32_t bits = 0;
    for (uint32_t i = 0; i < sample->cover.n_items; i++) chosen[i] = sample->required >> i & 1;
    assert_ok(cover_solve(&sample->cover, chosen, result));
    for (uint32_t i = 0; i < sample->cover.n_items; i++) bits |= (uint32_t)chosen[i] << i;
    return bits;
}

static void small_ones_are_exact(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < test_scaled(5000); seed++) {
        struct sample sample;
        struct cover_result result;
        make(seed, &sample);
        uint32_t chosen = solve(&sample, &result);
        unsigned best = fewest(&sample);
        if (!hits_all(&sample, chosen) || (unsigned)__builtin_popcount(chosen) != best ||
            result.n_chosen != best || result.lower_bound != best)
            fail_msg("seed %llu: %zu chosen, at least %zu, and %u are enough", (unsigned long long)seed,
                     result.n_chosen, result.lower_bound, best);
        cover_free(&sample.cover);
    }
}

/* Too large to be solved: still a hitting set, nothing in it superfluous, the same each time, above its
 * bound. */
static void large_ones_are_sound(void **state)
{
    (void)state;
    enum { ITEMS = 3000, SETS = 20000 };
    struct cover cover = {.n_items = ITEMS};
    struct rng rng;
    rng_seed(&rng, 1);
    for (uint32_t s = 0; s < SETS; s++) {
        uint32_t first = (uint32_t)rng_below(&rng, ITEMS - 200), items[3];
        items[0] = first;
        items[1] = first + 1 + (uint32_t)rng_below(&rng, 90);
        items[2] = items[1] + 1 + (uint32_t)rng_below(&rng, 90);
        assert_ok(cover_add(&cover, items, 3));
        assert_ok(cover_add(&cover, items, 3)); /* once is enough */
    }
    assert_true(cover.n_sets <= SETS);
    static uint8_t chosen[ITEMS], again[ITEMS];
    static uint32_t hits[SETS];
    struct cover_result result, second;
    assert_ok(cover_solve(&cover, chosen, &result));
    assert_ok(cover_solve(&cover, again, &second));
    assert_memory_equal(chosen, again, sizeof chosen);
    static uint8_t needed[ITEMS];
    for (size_t s = 0; s < cover.n_sets; s++) {
        uint32_t last = 0;
        for (size_t m = cover.begins[s]; m < cover.begins[s + 1]; m++)
            if (chosen[cover.members[m]]) hits[s]++, last = cover.members[m];
        assert_true(hits[s] > 0);
        if (hits[s] == 1) needed[last] = 1;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(chosen[i], needed[i]);
        n += chosen[i];
    }
    assert_int_equal(n, result.n_chosen);
    assert_true(result.lower_bound > 0 && result.lower_bound <= n);
    cover_free(&cover);
}

static void the_cheaper_of_equals_is_taken(void **state)
{
    (void)state;
    const uint64_t costs[] = {5, 3, 4};
    struct cover cover = {.n_items = 3, .costs = costs};
    struct cover_result result;
    uint8_t chosen[3] = {0};
    assert_ok(cover_add(&cover, (const uint32_t[]){0, 1, 2}, 3));
    assert_ok(cover_solve(&cover, chosen, &result));
    assert_memory_equal(chosen, ((uint8_t[]){0, 1, 0}), 3);
    cover_free(&cover);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_are_exact),
        cmocka_unit_test(large_ones_are_sound),
        cmocka_unit_test(the_cheaper_of_equals_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
