#include "tests/base/check.h"

#include "tuner/base/rng.h"

static double magnitude(double x)
{
    return x < 0 ? -x : x;
}

/* SplitMix64 of 0 and xoshiro256** after it, from the authors' C code (prng.di.unimi.it). */
static void test_known_sequence(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 0);
    assert_true(rng.state[0] == 0xe220a8397b1dcdaf && rng.state[1] == 0x6e789e6aa1b965f4);
    assert_true(rng.state[2] == 0x06c45d188009454f && rng.state[3] == 0xf88bb8a8724c81ec);
    rng = (struct rng){{1, 2, 3, 4}};
    static const uint64_t first[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < N_OF(first); i++) assert_true(rng_next(&rng) == first[i]);
}

static void test_below(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 42);
    int count[7] = {0};
    for (int i = 0; i < 70000; i++) {
        uint64_t value = rng_below(&rng, 7);
        assert_true(value < 7);
        count[value]++;
    }
    for (int i = 0; i < 7; i++) assert_in_range(count[i], 9600, 10400); /* four standard deviations */
    /* Where a plain remainder would give the lower half twice as often. */
    uint64_t bound = 3 * (UINT64_C(1) << 62), low = 0;
    for (int i = 0; i < 10000; i++) low += rng_below(&rng, bound) < (UINT64_C(1) << 62);
    assert_in_range(low, 3130, 3540);
    assert_true(rng_below(&rng, 1) == 0);
}

static void test_unit(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double value = rng_unit(&rng);
        assert_true(value >= 0 && value < 1);
        sum += value;
    }
    assert_true(magnitude(sum / 100000 - 0.5) < 0.004);
}

/* Distribution function of the normal law, by the power series of erf (Abramowitz and Stegun, 7.1.5). */
static double normal_below(double x)
{
    double term = x, sum = x;
    for (int n = 1; n < 100; n++) {
        term *= -x * x / 2 / n;
        sum += term / (2 * n + 1);
    }
    return 0.5 + sum * 0.3989422804014327; /* 1 / sqrt(2 pi) */
}

/* Moments, and the whole distribution against the law. */
static void test_normal(void **state)
{
    (void)state;
    enum { N = 200000, BINS = 33 };
    struct rng rng;
    rng_seed(&rng, 4);
    double sum = 0, squares = 0, fourth = 0;
    int below[BINS] = {0};
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        for (int bin = 0; bin < BINS; bin++) below[bin] += x < -4 + bin * 0.25;
    }
    assert_true(magnitude(sum / N) < 0.01);
    assert_true(magnitude(squares / N - 1) < 0.015);
    assert_true(magnitude(fourth / N - 3) < 0.1);
    for (int bin = 0; bin < BINS; bin++) {
        double expected = normal_below(-4 + bin * 0.25);
        assert_true(magnitude((double)below[bin] / N - expected) < 0.0045);
    }
}

/* The same numbers from every compiler and machine. */
static void test_normal_is_the_same_everywhere(void **state)
{
    (void)state;
    static const double expected[] = {
        0x1.73533a94d8078p-3, 0x1.443dca3b9831ep-1, 0x1.021b1c509d741p-5,
        0x1.81dbe7b4dceb7p-1, 0x1.2990f0362405fp-2, 0x1.50e1430e8fb24p+0,
    };
    struct rng rng;
    rng_seed(&rng, 2026);
    double value = 0;
    for (size_t i = 0; i < N_OF(expected); i++) {
        for (int skip_some = 0; skip_some < 1000; skip_some++) value = rng_normal(&rng);
        if (value != expected[i]) fail_msg("number %zu is %a, expected %a", i, value, expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sequence),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_normal_is_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
