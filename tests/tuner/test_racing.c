/* Racing, on a clock and launches of the test's own: whom it stops, how soon, how often wrongly. */
#include <math.h>
#include "tests/tuner/support.h"
#include "tuner/base/rng.h"
#include "tuner/measure.h"
#include "tuner/racing.h"
#include "tuner/stats.h"

/* Launches so long that each is a block of its own. */
static const double base_ns = 6e6;

/* A kernel that takes factor * base_ns, times lognormal noise, times `stall` every tenth time or so. */
struct fake {
    uint64_t now_ns;
    struct rng rng;
    double factor, sigma, stall;
};

static void fake_launch(void *context, uint64_t i)
{
    struct fake *fake = context;
    (void)i;
    double ns = base_ns * fake->factor * exp(fake->sigma * rng_normal(&fake->rng));
    if (fake->stall > 1 && rng_below(&fake->rng, 10) == 0) ns *= fake->stall;
    fake->now_ns += (uint64_t)ns;
}

static uint64_t fake_now(void *context)
{
    return ((struct fake *)context)->now_ns;
}

enum { BLOCKS_MAX = 60 };

static enum verdict run(struct fake fake, uint64_t seed, uint64_t rival_ns, struct timing *out)
{
    rng_seed(&fake.rng, seed);
    struct measured measured = {.launch = fake_launch, .context = &fake, .now = fake_now};
    struct measure_setting setting = {
        .time_ns = (uint64_t)(BLOCKS_MAX * base_ns), .interval = 0.01, .rival_ns = rival_ns};
    enum verdict verdict;
    assert_ok(measure_run(&measured, &setting, &verdict, out));
    return verdict;
}

/* The upper end of a rival's interval, measured like any candidate. */
static uint64_t rival_of(struct fake fake, uint64_t seed)
{
    struct timing timing;
    assert_int_equal(run(fake, seed, 0, &timing), VERDICT_OK);
    return timing.high_ns;
}

static void test_without_a_rival_all_blocks_are_measured(void **state)
{
    (void)state;
    struct timing timing;
    assert_int_equal(run((struct fake){.factor = 1, .sigma = 0.3}, 1, 0, &timing), VERDICT_OK);
    assert_true(timing.samples >= BLOCKS_MAX * 0.8);
    assert_true(timing.flags & TIMING_UNSTABLE);
    assert_int_equal(timing.launches_per_sample, 1);
}

static void test_the_clearly_slower_stop_within_a_few_blocks(void **state)
{
    (void)state;
    int rounds = scaled(500), narrow = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)rounds; seed++) {
        struct timing timing;
        uint64_t rival = rival_of((struct fake){.factor = 1, .sigma = 0.05}, seed);
        struct fake slower = {.factor = 1.5, .sigma = 0.05}, slowest = {.factor = 2, .sigma = 0.05};
        /* Six blocks that happen to agree within 1 % are the end as well, and no race was lost. */
        narrow += run(slower, seed + 1000000, rival, &timing) == VERDICT_OK;
        assert_in_range(timing.samples, RACE_FAR_BLOCKS, RACE_BLOCKS);
        double median = (double)timing.median_ns / base_ns; /* honest, though of few blocks */
        assert_true(median > 1.5 * 0.85 && median < 1.5 * 1.15);
        assert_true(timing.low_ns <= timing.median_ns && timing.median_ns <= timing.high_ns);
        assert_int_equal(run(slowest, seed + 2000000, rival, &timing), VERDICT_SLOW);
        assert_int_equal(timing.samples, RACE_FAR_BLOCKS);
    }
    assert_true(narrow <= 1 + rounds / 50);
}

static void test_noise_delays_the_end(void **state)
{
    (void)state;
    struct timing timing;
    uint64_t rival = (uint64_t)base_ns, stopped = 0, samples = 0;
    for (uint64_t seed = 1; seed <= 200; seed++)
        if (run((struct fake){.factor = 1.3, .sigma = 0.25}, seed, rival, &timing) == VERDICT_SLOW) {
            stopped++;
            samples += timing.samples;
        }
    assert_true(stopped > 100);
    assert_true(samples > 2 * RACE_BLOCKS * stopped);
}

static void test_within_the_margin_nobody_stops(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= (uint64_t)scaled(500); seed++) {
        struct timing timing;
        uint64_t rival = rival_of((struct fake){.factor = 1, .sigma = 0.02}, seed);
        struct fake close = {.factor = 1.05, .sigma = 0.02};
        assert_int_equal(run(close, seed + 1000000, rival, &timing), VERDICT_OK);
    }
}

/* Of 2000 candidates as fast as their rival or up to twice as fast, how many were stopped? */
static double wrong_share(double sigma, double stall, int rounds)
{
    struct rng rng;
    rng_seed(&rng, 7);
    int wrong = 0;
    for (int i = 0; i < rounds; i++) {
        struct timing timing;
        struct fake rival = {.factor = 1, .sigma = sigma, .stall = stall}, faster = rival;
        faster.factor = 0.5 + rng_unit(&rng) / 2;
        uint64_t high_ns = rival_of(rival, rng_next(&rng));
        wrong += run(faster, rng_next(&rng), high_ns, &timing) == VERDICT_SLOW;
    }
    return (double)wrong / rounds;
}

static void test_the_faster_are_not_stopped(void **state)
{
    (void)state;
    int rounds = scaled(2000);
    for (double sigma = 0.01; sigma < 0.2; sigma += 0.03) {
        assert_true(wrong_share(sigma, 1, rounds) == 0);
        assert_true(wrong_share(sigma, 6, rounds) <= 0.002); /* three stalls in a row: one in a thousand */
    }
    /* Blocks that vary by half: still under one in a hundred. */
    double wild = wrong_share(0.5, 1, rounds);
    if (wild > 0.01) fail_msg("%.4f of the faster were stopped", wild);
}

/* The worst case: a median that is the bar itself, so that every block is above it with a chance of a half.
 * racing.c claims 4 % over 2000 blocks. */
static void test_repeated_looks_stay_rare_errors(void **state)
{
    (void)state;
    enum { BLOCKS = 400 };
    struct rng rng;
    int rounds = scaled(1000), wrong = 0;
    double samples[BLOCKS], sorted[BLOCKS];
    rng_seed(&rng, 11);
    for (int round = 0; round < rounds; round++) {
        bool lost = false;
        for (size_t n = 0, look = RACE_FAR_BLOCKS; n < BLOCKS && !lost;) {
            samples[n++] = RACE_MARGIN * 100 + (rng_below(&rng, 2) ? 1 : -1);
            if (n < look) continue;
            look = n < 16 ? n + 1 : n + n / 8;
            struct stats stats;
            memcpy(sorted, samples, n * sizeof *samples);
            stats_of(sorted, n, &stats);
            lost = race_is_lost(sorted, n, 100);
        }
        wrong += lost;
    }
    double share = (double)wrong / rounds, slack = 4 * sqrt(0.04 * 0.96 / rounds);
    if (share > 0.04 + slack) fail_msg("%.4f stopped at the bar", share);
    assert_true(wrong > 0); /* the test looks at the bar, not below */
}

static void test_saving_is_what_finishers_took_less_what_losers_took(void **state)
{
    (void)state;
    struct race_account account = {0};
    struct race_saving saving, sum = {0};
    struct timing lost = {.median_ns = 3000, .samples = 4, .launches_per_sample = 20};
    race_count(&account, VERDICT_SLOW, &lost);
    race_saved(&account, &saving);
    assert_true(saving.stopped == 1 && saving.samples == 0 && saving.ns == 0); /* nobody to go by */
    race_count(&account, VERDICT_OK,
               &(struct timing){.median_ns = 1000, .samples = 50, .launches_per_sample = 40});
    race_count(&account, VERDICT_OK,
               &(struct timing){.median_ns = 2000, .samples = 30, .launches_per_sample = 20});
    race_count(&account, VERDICT_SLOW, &lost);
    race_count(&account, VERDICT_CRASH, &(struct timing){0});
    race_saved(&account, &saving);
    assert_int_equal(saving.stopped, 2);
    assert_int_equal(saving.samples, 2 * 40 - 8);
    assert_int_equal(saving.ns, 2 * 1600000 - 2 * 240000);
    race_saving_add(&sum, &saving);
    race_saving_add(&sum, &saving);
    assert_true(sum.stopped == 4 && sum.samples == 144 && sum.ns == 2 * saving.ns);
    /* Losers that took longer than those that ran to the end saved nothing. */
    race_count(&account, VERDICT_SLOW,
               &(struct timing){.median_ns = 1000000000, .samples = 500, .launches_per_sample = 1});
    race_saved(&account, &saving);
    assert_true(saving.stopped == 3 && saving.samples == 0 && saving.ns == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_rival_all_blocks_are_measured),
        cmocka_unit_test(test_the_clearly_slower_stop_within_a_few_blocks),
        cmocka_unit_test(test_noise_delays_the_end),
        cmocka_unit_test(test_within_the_margin_nobody_stops),
        cmocka_unit_test(test_the_faster_are_not_stopped),
        cmocka_unit_test(test_repeated_looks_stay_rare_errors),
        cmocka_unit_test(test_saving_is_what_finishers_took_less_what_losers_took),
    };
    return cmocka_run_group_tests_name("racing", tests, NULL, NULL);
}
