/* The published score: its curves on small examples, its budgets on the public recordings, and what must come
 * out at its two ends. */
#include "tests/base/check.h"
#include <math.h>
#include "search/monotone.h"
#include "search/score.h"
#include "tuner/base/file.h"

static void close_to(double value, double expected)
{
    if (fabs(value - expected) > 1e-9 * (1 + fabs(expected))) fail_msg("%.12g, not %.12g", value, expected);
}

static void isotonic_pools_violators(void **state)
{
    (void)state;
    double y[] = {5, 3, 4, 1, 2, 3}, weight[] = {1, 1, 1, 1, 1, 2};
    static const double expected[] = {5, 3.5, 3.5, 2.25, 2.25, 2.25};
    size_t scratch[6];
    isotonic_fit(y, weight, 6, scratch);
    for (size_t i = 0; i < 6; i++) close_to(y[i], expected[i]);
}

static void linear_between_and_constant_beyond(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 4}, y[] = {10, 20, 0};
    static const double cases[][2] = {{0, 10}, {1, 10}, {1.5, 15}, {2, 20}, {3, 10}, {4, 0}, {9, 0}};
    for (size_t i = 0; i < N_OF(cases); i++) close_to(interpolate_linear(x, y, 3, cases[i][0]), cases[i][1]);
    close_to(interpolate_linear(x, y, 1, 7), 10);
}

/* Values from Fritsch and Carlson's formulae done by hand: interior slope 2 * 3 / (3 / 2 + 3 / 1) over even
 * steps of slope 2 and 1, at the ends (3 d0 - d1) / 2. */
static void pchip_is_monotone_and_exact(void **state)
{
    (void)state;
    static const double x[] = {0, 1, 2}, y[] = {0, 2, 3}, line[] = {1, 3, 5}, steps[] = {0, 0, 1};
    double slope[3];
    pchip_slopes(x, y, 3, slope);
    close_to(slope[0], 2.5);
    close_to(slope[1], 4.0 / 3);
    close_to(slope[2], 0.5);
    for (size_t i = 0; i < 3; i++) close_to(pchip_at(x, y, slope, 3, x[i]), y[i]);
    pchip_slopes(x, line, 3, slope);
    for (double at = 0; at <= 2; at += 0.125) close_to(pchip_at(x, line, slope, 3, at), 1 + 2 * at);
    pchip_slopes(x, steps, 3, slope);
    double last = 0;
    for (double at = 0; at <= 2; at += 0.125) {
        double value = pchip_at(x, steps, slope, 3, at);
        assert_true(value >= last && value <= 1);
        last = value;
    }
    pchip_slopes(x, y, 2, slope);
    close_to(pchip_at(x, y, slope, 2, 0.25), 0.5);
}

/* 1000 configurations of times 1001 .. 2000, each at a cost of 10, and 250 invalid ones at a cost of 2. */
static struct recording *make_ramp(void)
{
    struct text text = {0};
    text_append(&text, "{\"tune_params_keys\": [\"i\"], \"cache\": {");
    for (int i = 0; i < 1000; i++)
        text_format(&text, "\"%d\": {\"i\": %d, \"time\": %d, \"benchmark_time\": 10},", i, i, 2000 - i);
    for (int i = 1000; i < 1250; i++)
        text_format(&text, "\"%d\": {\"i\": %d, \"time\": \"InvalidConfig\", \"benchmark_time\": 2}%s", i, i,
                    i == 1249 ? "}}" : ",");
    struct recording *recording = NULL;
    assert_ok(recording_read("ramp", text_string(&text), text.size, &recording));
    text_free(&text);
    return recording;
}

static void a_landscape_and_its_budget(void **state)
{
    (void)state;
    struct recording *recording = make_ramp();
    struct landscape landscape;
    assert_ok(landscape_of(recording, &landscape));
    assert_int_equal(landscape.n, 1000);
    close_to(landscape.optimum_ns, 1001e6);
    close_to(landscape.median_ns, 1500.5e6);
    close_to(landscape.median_cost_ns, 10e6);
    close_to(landscape.expected_cost_ns, 10e6 + 0.2 * 2e6);
    /* 5 % of the way from the optimum to the median: 1025.975; the first as good is the 975th from the worst.
     */
    assert_int_equal(landscape_budget_evaluations(&landscape, 0.95), 38); /* 975 / 26, rounded up */
    close_to(landscape_budget_ns(&landscape, 0.95), 38 * 10e6);
    close_to(landscape_random_ns(&landscape, 1), 1500e6); /* round(1001 / 2), to even: 500 from the worst */
    close_to(landscape_random_ns(&landscape, 9), 2000e6 - 901e6);
    close_to(landscape_random_ns(&landscape, 1000000), 1001e6);
    landscape_free(&landscape);
    recording_free(recording);
}

static double score_of(const struct landscape *landscape, const struct replay *replays, size_t n,
                       double *last)
{
    static double score[1000], nearness[1000];
    double sum = 0;
    assert_ok(score_over_time(landscape, &score_setting_published, replays, n, score, nearness));
    for (size_t i = 0; i < 1000; i++) sum += score[i] / 1000;
    *last = nearness[999];
    return sum;
}

/* Finding the optimum at once is 1, never leaving the worst is below 0, random search about 0. */
static void the_ends_of_the_scale(void **state)
{
    (void)state;
    enum { REPEATS = 100 };
    struct recording *recording = make_ramp();
    struct landscape landscape;
    struct replay replays[REPEATS];
    double last;
    assert_ok(landscape_of(recording, &landscape));
    struct replay_point points[60];
    for (size_t end = 0; end < 2; end++) {
        for (size_t i = 0; i < N_OF(points); i++)
            points[i] = (struct replay_point){(double)(i + 1) * 10e6, end ? 2000e6 : 1001e6};
        for (size_t r = 0; r < REPEATS; r++)
            replays[r] = (struct replay){.points = points, .n = N_OF(points)};
        double score = score_of(&landscape, replays, REPEATS, &last);
        if (end)
            assert_true(score < -1);
        else
            close_to(score, 1);
        close_to(last, end ? 1001.0 / 2000 : 1);
        close_to(score_fraction_of_optimum(&landscape, replays, REPEATS, 25), end ? 1001.0 / 2000 : 1);
    }
    for (size_t r = 0; r < REPEATS; r++) {
        struct replay_options options = {.strategy = "random",
                                         .seed = r,
                                         .max_time_ns =
                                             score_replay_ns(&landscape, &score_setting_published)};
        assert_ok(replay_run(recording, &options, &replays[r]));
    }
    double score = score_of(&landscape, replays, REPEATS, &last);
    if (fabs(score) > 0.1) fail_msg("random search has the score %.3f", score);
    for (size_t r = 0; r < REPEATS; r++) replay_free(&replays[r]);
    landscape_free(&landscape);
    recording_free(recording);
}

static void a_replay_is_repeatable_and_keeps_its_limits(void **state)
{
    (void)state;
    struct recording *recording = make_ramp();
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct replay one, two;
        struct replay_options options = {.seed = seed, .max_evaluations = 300, .batch = 1 + seed};
        assert_ok(replay_run(recording, &options, &one));
        assert_ok(replay_run(recording, &options, &two));
        assert_int_equal(one.n, 300);
        assert_int_equal(two.n, 300);
        assert_memory_equal(one.points, two.points, 300 * sizeof *one.points);
        assert_false(one.finished);
        replay_free(&one);
        replay_free(&two);
    }
    struct replay all;
    assert_ok(replay_run(recording, &(struct replay_options){.strategy = "exhaustive"}, &all));
    assert_int_equal(all.n, 1250);
    assert_true(all.finished);
    close_to(all.points[1249].best_ns, 1001e6);
    close_to(all.points[1249].time_ns, 10500e6);
    replay_free(&all);
    recording_free(recording);
}

/* Evaluations of ../shared/spaces/README.md, and the times in the authors' own list within 3 %. */
static void budgets_of_public_recordings(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t n;
        uint64_t evaluations;
        double seconds;
    } cases[] = {
        {"convolution_milo__A100.json.zst", 4362, 1050, 2550},
        {"convolution_milo__MI250X.json.zst", 4362, 51, 85},
        {"dedispersion_milo__MI250X.json.zst", 11130, 371, 1700},
        {"gemm__RTX_3090.json.zst", 17956, 1282, 0},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct text path = {0}, content = {0};
        struct recording *recording;
        struct landscape landscape;
        text_format(&path, "../shared/spaces/%s", cases[i].file);
        if (file_read_unpacked(text_string(&path), 1 << 30, &content) == STATUS_NOT_FOUND) {
            print_message("no ../shared/spaces here: skipped\n");
            text_free(&path);
            skip();
        }
        assert_ok(recording_read(cases[i].file, content.data, content.size, &recording));
        assert_ok(landscape_of(recording, &landscape));
        assert_int_equal(recording->n, cases[i].n);
        assert_int_equal(landscape_budget_evaluations(&landscape, 0.95), cases[i].evaluations);
        double seconds = landscape_budget_ns(&landscape, 0.95) / 1e9;
        print_message("%s: %.0f s\n", cases[i].file, seconds);
        if (cases[i].seconds > 0 && fabs(seconds / cases[i].seconds - 1) > 0.03)
            fail_msg("%s: %.1f s, not %.0f", cases[i].file, seconds, cases[i].seconds);
        landscape_free(&landscape);
        recording_free(recording);
        text_free(&content);
        text_free(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isotonic_pools_violators),
        cmocka_unit_test(linear_between_and_constant_beyond),
        cmocka_unit_test(pchip_is_monotone_and_exact),
        cmocka_unit_test(a_landscape_and_its_budget),
        cmocka_unit_test(the_ends_of_the_scale),
        cmocka_unit_test(a_replay_is_repeatable_and_keeps_its_limits),
        cmocka_unit_test(budgets_of_public_recordings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
