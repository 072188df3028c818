/* Who gets the next slice: properties on simulated problems, whose medians fall as trials are spent on them.
 */
#include <math.h>
#include "tests/tuner/support.h"
#include "tuner/base/rng.h"
#include "tuner/sweep_allocate.h"

enum { N_MAX = 12 };
static const double first_part = 0.5;

/* A median that falls from `from` to `to` ns, half of the way in `half` trials of trial_ns each. */
struct simulated {
    double calls, from, to, half, trial_ns;
    double trials, spent_ns;
};

static double median_of(const struct simulated *problem)
{
    return problem->to + (problem->from - problem->to) * exp2(-problem->trials / problem->half);
}

static double total_of(const struct simulated *problems, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += problems[i].calls * median_of(&problems[i]);
    return sum;
}

static void spend(struct simulated *problem, struct prospect *prospect, double slice_ns)
{
    problem->spent_ns += slice_ns;
    for (double left_ns = slice_ns - prospect->reopen_ns; left_ns >= problem->trial_ns;) {
        double trials = fmin(4, floor(left_ns / problem->trial_ns)); /* a batch */
        problem->trials += trials;
        left_ns -= trials * problem->trial_ns;
        prospect_note(prospect, median_of(problem), trials, trials * problem->trial_ns);
    }
    prospect->begun = true;
}

/* Spends budget_ns; asserts on the way that nobody gets a second slice before everybody had the first, and
 * that the slices never exceed what is left. */
static void simulate(struct simulated *problems, size_t n, double budget_ns)
{
    struct prospect prospects[N_MAX];
    double left_ns = budget_ns;
    size_t begun = 0;
    for (size_t i = 0; i < n; i++)
        prospect_begin(&prospects[i], problems[i].calls, problems[i].to, 1.0 / (double)n);
    for (size_t slices = 0;; slices++) {
        double first_ns = first_part * budget_ns - (budget_ns - left_ns);
        struct allocation next = allocate_next(prospects, n, first_ns, left_ns, true);
        if (next.index == n) break;
        if (slices > 1000000) fail_msg("no end");
        assert_true(next.slice_ns >= 0 && next.slice_ns <= left_ns);
        assert_true(prospects[next.index].begun == (begun == n));
        begun += !prospects[next.index].begun;
        left_ns -= next.slice_ns;
        spend(&problems[next.index], &prospects[next.index], next.slice_ns);
    }
    assert_int_equal(begun, n);
}

static void equally(struct simulated *problems, size_t n, double budget_ns)
{
    for (size_t i = 0; i < n; i++) {
        problems[i].spent_ns = budget_ns / (double)n;
        problems[i].trials = floor(problems[i].spent_ns / problems[i].trial_ns);
    }
}

static struct simulated any(struct rng *rng)
{
    double from = exp(log(1e5) + rng_unit(rng) * log(1e4)); /* 0.1 ms to 1 s */
    return (struct simulated){.calls = 1 + (double)rng_below(rng, 32),
                              .from = from,
                              .to = from * (0.2 + 0.8 * rng_unit(rng)),
                              .half = 5 + rng_unit(rng) * 60,
                              .trial_ns = 2e8 + 7 * from};
}

static void test_random_problems(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    int rounds = scaled(300), better = 0;
    double log_ratio = 0;
    for (int round = 0; round < rounds; round++) {
        struct simulated ours[N_MAX], equal[N_MAX];
        size_t n = 2 + rng_below(&rng, N_MAX - 1);
        double budget_ns = (double)n * (2e9 + rng_unit(&rng) * 30e9);
        for (size_t i = 0; i < n; i++) ours[i] = equal[i] = any(&rng);
        simulate(ours, n, budget_ns);
        equally(equal, n, budget_ns);
        log_ratio += log(total_of(ours, n) / total_of(equal, n));
        better += total_of(ours, n) <= total_of(equal, n);
    }
    print_message("against equal shares: %.3f of what all calls take, better in %d of %d sweeps\n",
                  exp(log_ratio / rounds), better, rounds);
    /* What all calls take together comes out shorter than with equal shares, nearly always. */
    assert_true(exp(log_ratio / rounds) < 0.98);
    assert_true(better > rounds * 4 / 5);
}

static void test_calls_weigh(void **state)
{
    (void)state;
    struct simulated two[] = {{.calls = 1, .from = 1e7, .to = 4e6, .half = 40, .trial_ns = 3e8},
                              {.calls = 16, .from = 1e7, .to = 4e6, .half = 40, .trial_ns = 3e8}};
    simulate(two, 2, 60e9);
    assert_true(two[1].spent_ns > 1.5 * two[0].spent_ns);
    struct simulated same[] = {two[0], two[0]};
    same[0].trials = same[1].trials = same[0].spent_ns = same[1].spent_ns = 0;
    simulate(same, 2, 60e9);
    assert_true(fabs(same[0].spent_ns - same[1].spent_ns) < 0.1 * 60e9);
}

static void test_a_converged_problem_gets_no_more(void **state)
{
    (void)state;
    /* The first is where it will ever be; it is called no less and takes no longer to try. */
    struct simulated two[] = {{.calls = 4, .from = 1e7, .to = 1e7, .half = 40, .trial_ns = 3e8},
                              {.calls = 4, .from = 1e7, .to = 2e6, .half = 40, .trial_ns = 3e8}};
    simulate(two, 2, 120e9);
    assert_true(two[0].spent_ns < 0.35 * 120e9); /* 0.25 of it were its first slice */
    assert_true(two[1].spent_ns > 0.60 * 120e9);
}

static void test_what_is_over_gets_nothing(void **state)
{
    (void)state;
    struct prospect prospects[2];
    for (size_t i = 0; i < 2; i++) {
        prospect_begin(&prospects[i], 1, 1e6, 0.5);
        prospect_note(&prospects[i], 1e6, 10, 1e9);
    }
    prospects[0].over = true;
    assert_int_equal(allocate_next(prospects, 2, 0, 60e9, true).index, 1);
    prospects[1].over = true;
    assert_int_equal(allocate_next(prospects, 2, 0, 60e9, true).index, 2);
}

static void test_first_slices_are_for_all_cheapest_first(void **state)
{
    (void)state;
    struct prospect prospects[3];
    const double guess_ns[] = {3e6, 1e6, 2e6}, share[] = {0.5, 0.25, 0.25};
    const size_t order[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) prospect_begin(&prospects[i], 1, guess_ns[i], share[i]);
    for (size_t i = 0; i < 3; i++) {
        /* Without a moment left too, as long as they may begin; a length of 0 is one look. */
        struct allocation none = allocate_next(prospects, 3, 0, 0, true);
        assert_true(none.index == order[i] && none.slice_ns == 0);
        assert_int_equal(allocate_next(prospects, 3, 0, 0, false).index, 3);
        struct allocation next = allocate_next(prospects, 3, 8e9, 100e9, true);
        assert_int_equal(next.index, order[i]);
        const double expected[] = {2e9, 8e9 / 3, 8e9};
        assert_true(fabs(next.slice_ns - expected[i]) < 1);
        prospect_note(&prospects[next.index], 1e6, 5, 1e9);
    }
}

static void test_opening_a_session_counts(void **state)
{
    (void)state;
    struct prospect prospects[2];
    for (size_t i = 0; i < 2; i++) {
        prospect_begin(&prospects[i], 1, 1e6, 0.5);
        prospect_note(&prospects[i], 1e7, 10, 3e9);
    }
    prospects[0].reopen_ns = 4e9;
    assert_int_equal(allocate_next(prospects, 2, 0, 60e9, true).index, 1);
    double slice_ns;
    prospect_rate(&prospects[0], 60e9, &slice_ns);
    assert_true(slice_ns >= 4 * 4e9); /* once it is open, it is used */
    prospects[0].calls = 10;
    assert_int_equal(allocate_next(prospects, 2, 0, 60e9, true).index, 0);
    /* What is left is not enough to open it and try anything. */
    assert_int_equal(allocate_next(prospects, 2, 0, 4.1e9, true).index, 1);
}

static void test_hints_and_recalled_trials(void **state)
{
    (void)state;
    struct prospect prospects[2];
    for (size_t i = 0; i < 2; i++) {
        prospect_begin(&prospects[i], 1, 1e6, 0.5);
        prospect_note(&prospects[i], 1e7, 10, 3e9);
    }
    prospects[1].hint = 0.1;
    prospects[1].hint_ns = 2e8;
    struct allocation next = allocate_next(prospects, 2, 0, 60e9, true);
    assert_true(next.index == 1 && next.slice_ns == 2e8);
    assert_int_equal(allocate_next(prospects, 2, 0, 1e8, true).index, 2); /* no time for anything */
    prospect_note(&prospects[1], 1e7, 4, 1e9); /* it was tried, and came to nothing */
    assert_int_equal(allocate_next(prospects, 2, 0, 60e9, true).index, 0);
    double slice_ns, recalled_ns, before = prospect_rate(&prospects[0], 60e9, &slice_ns);
    prospect_recall(&prospects[0], 1e7, 200);
    assert_true(prospect_rate(&prospects[0], 60e9, &recalled_ns) < before / 5);
    assert_true(recalled_ns == slice_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems),
        cmocka_unit_test(test_calls_weigh),
        cmocka_unit_test(test_a_converged_problem_gets_no_more),
        cmocka_unit_test(test_what_is_over_gets_nothing),
        cmocka_unit_test(test_first_slices_are_for_all_cheapest_first),
        cmocka_unit_test(test_opening_a_session_counts),
        cmocka_unit_test(test_hints_and_recalled_trials),
    };
    return cmocka_run_group_tests_name("sweep_allocate", tests, NULL, NULL);
}
