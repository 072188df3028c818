/* Order statistics against brute force. */
#include <math.h>
#include "tests/tuner/support.h"
#include "tuner/base/rng.h"
#include "tuner/stats.h"

/* P(binomial(n, 1/2) < r) by Pascal's triangle, in doubles scaled by 2^-n. */
static double chance_below(size_t n, size_t r)
{
    double row[64] = {1};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j > 0; j--) row[j] = (row[j] + row[j - 1]) / 2;
        row[0] /= 2;
    }
    double sum = 0;
    for (size_t i = 0; i < r; i++) sum += row[i];
    return sum;
}

static void test_rank_is_the_largest_allowed(void **state)
{
    (void)state;
    for (size_t n = 1; n < 60; n++) {
        size_t rank = stats_interval_rank(n);
        assert_true(chance_below(n, rank) <= 0.025 + 1e-12);
        assert_true(chance_below(n, rank + 1) > 0.025 || rank == n / 2);
    }
    /* Conover, Practical Nonparametric Statistics: n = 6: 1, n = 10: 2, n = 20: 6 */
    assert_int_equal(stats_interval_rank(5), 0);
    assert_int_equal(stats_interval_rank(6), 1);
    assert_int_equal(stats_interval_rank(10), 2);
    assert_int_equal(stats_interval_rank(20), 6);
    assert_true(stats_interval_rank(20000) > 9800 && stats_interval_rank(20000) < 10000);
}

static void test_quantiles(void **state)
{
    (void)state;
    double one[] = {3}, two[] = {5, 1}, five[] = {5, 1, 4, 2, 3};
    struct stats stats;
    stats_of(one, 1, &stats);
    assert_true(stats.median == 3 && stats.q1 == 3 && stats.q3 == 3 && stats.low == 3 && stats.high == 3 &&
                stats.min == 3);
    stats_of(two, 2, &stats);
    assert_true(stats.median == 3 && stats.q1 == 2 && stats.q3 == 4 && stats.low == 1 && stats.high == 5);
    stats_of(five, 5, &stats);
    assert_true(stats.median == 3 && stats.q1 == 2 && stats.q3 == 4 && stats.min == 1);
}

/* The interval holds the true median at least 95 % of the time, whatever the distribution. */
static void test_interval_covers(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    int rounds = scaled(20000);
    for (size_t n = 6; n <= 50; n += 11) {
        int inside = 0;
        for (int round = 0; round < rounds; round++) {
            double samples[50];
            for (size_t i = 0; i < n; i++) samples[i] = exp(2 * rng_normal(&rng)); /* median 1 */
            struct stats stats;
            stats_of(samples, n, &stats);
            inside += stats.low <= 1 && 1 <= stats.high;
        }
        double share = (double)inside / rounds, slack = 4 * sqrt(0.05 * 0.95 / rounds);
        if (share < 0.95 - slack) fail_msg("n = %zu: %.4f", n, share);
        assert_true(share < 0.99 + slack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rank_is_the_largest_allowed),
                                       cmocka_unit_test(test_quantiles),
                                       cmocka_unit_test(test_interval_covers)};
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
