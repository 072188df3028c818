/* Plans: how a problem is answered, what flags demand, what is remembered and counted. */
#include "tests/runtime/fixture.h"

static struct fixture fixture;

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "plans");
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=16 n=64 k=64", .median_ns = 100, .baseline_ns = 150});
    fixture_put(
        &fixture, book,
        &(struct put){
            .problem = "gemm f32 nt m=16 n=64 k=64", .name = "second", .variant = 1, .median_ns = 200});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=32 n=64 k=64",
                              .name = "racy",
                              .variant = 2,
                              .median_ns = 100,
                              .baseline_ns = 90,
                              .nondeterministic = true});
    fixture_put(
        &fixture, book,
        &(struct put){
            .problem = "gemm f32 nt m=32 n=64 k=64", .name = "steady", .variant = 1, .median_ns = 300});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=16 n=512 k=512",
                              .name = "picky",
                              .median_ns = 10,
                              .wants = {"m == 16", "k % 8 == 0"}});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=16 n=4096 k=4096",
                              .name = "unsure",
                              .median_ns = 10,
                              .unverified = true});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=1 n=1 k=1",
                              .name = "fallback",
                              .device_class = fixture.target,
                              .evidence = EVIDENCE_DEFAULT,
                              .wants = {"n != 4096"}});
    assert_done(book_close(book));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

static tb_explanation plan_and_explain(tb_context *context, tb_gemm_problem problem, unsigned flags)
{
    tb_plan *plan = NULL;
    tb_explanation out = TB_EXPLANATION_INIT;
    assert_status(tb_gemm_plan(context, &problem, flags, &plan), TB_OK);
    assert_status(tb_plan_explain(plan, &out), TB_OK);
    return out;
}

static void test_exact(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_explanation out = plan_and_explain(s.context, fixture_problem(16, 64, 64), 0);
    assert_int_equal(out.match, TB_EXACT);
    assert_int_equal(out.evidence, TB_MEASURED);
    assert_string_equal(out.template_name, "naive");
    assert_string_equal(out.configuration, "ADD=0");
    assert_int_equal(out.expected_ns, 100);
    assert_int_equal(out.baseline_ns, 150);
    assert_non_null(strstr(out.book, "/plans"));
    assert_non_null(strstr(out.record, "n=0000000064,k=0000000064"));
    session_close(&s);
}

static void test_near_shape(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_explanation out = plan_and_explain(s.context, fixture_problem(17, 64, 64), 0);
    assert_int_equal(out.match, TB_NEAR_SHAPE);
    assert_string_equal(out.template_name, "naive");
    /* a clause that the real shape breaks keeps its kernel away, and the answer goes on */
    out = plan_and_explain(s.context, fixture_problem(17, 512, 512), 0);
    assert_int_equal(out.match, TB_DEFAULT);
    assert_string_equal(out.template_name, "fallback");
    session_close(&s);
}

static void test_default(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_explanation out = plan_and_explain(s.context, fixture_problem(1, 20000, 3), 0);
    assert_int_equal(out.match, TB_DEFAULT);
    assert_int_equal(out.evidence, TB_BY_DEFAULT);
    assert_string_equal(out.template_name, "fallback");
    assert_int_equal(out.expected_ns, 0);
    session_close(&s);
}

static void test_looser_alignment(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    problem.align_a = problem.align_b = problem.align_d = 6;
    tb_explanation out = plan_and_explain(s.context, problem, 0);
    assert_int_equal(out.match, TB_NEAR_SHAPE);
    assert_string_equal(out.template_name, "naive");
    session_close(&s);
}

static void test_flags(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem exact = fixture_problem(16, 64, 64), racy = fixture_problem(32, 64, 64),
                    near = fixture_problem(33, 64, 64);
    tb_plan *plan = NULL;
    assert_string_equal(plan_and_explain(s.context, racy, 0).template_name, "racy");
    assert_string_equal(plan_and_explain(s.context, racy, TB_PLAN_DETERMINISTIC).template_name, "steady");
    assert_string_equal(plan_and_explain(s.context, exact, TB_PLAN_ONLY_IF_FASTER).template_name, "naive");
    assert_status(tb_gemm_plan(s.context, &racy, TB_PLAN_ONLY_IF_FASTER, &plan), TB_NO_KERNEL);
    assert_says("90 ns");
    assert_status(tb_gemm_plan(s.context, &near, TB_PLAN_EXACT_ONLY, &plan), TB_NO_KERNEL);
    assert_string_equal(plan_and_explain(s.context, exact, TB_PLAN_EXACT_ONLY).template_name, "naive");
    assert_status(tb_gemm_plan(s.context, &exact, 64, &plan), TB_INVALID);
    assert_null(plan);
    session_close(&s);
}

static void test_no_load(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    struct matrices x = matrices_make(16, 64, 64, 1);
    tb_gemm_args args = matrices_args(&x);
    tb_plan *plan;
    size_t bytes, alignment;
    assert_string_equal(plan_and_explain(s.context, problem, TB_PLAN_NO_LOAD).template_name, "naive");
    assert_status(tb_gemm_plan(s.context, &problem, TB_PLAN_NO_LOAD, &plan), TB_OK);
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    assert_says("NO_LOAD");
    assert_status(tb_gemm_workspace(plan, 16, &bytes, &alignment), TB_INVALID);
    matrices_free(&x);
    session_close(&s);
}

static void test_no_kernel_is_remembered(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problem = fixture_problem(16, 4096, 4096);
    tb_plan *plan = NULL;
    tb_stats_values stats = TB_STATS_INIT;
    for (int i = 0; i < 3; i++) {
        assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_NO_KERNEL);
        assert_null(plan);
        assert_says("gemm f32 nt m=16 n=4096 k=4096");
        assert_says("not verified");
    }
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.no_kernel, 1);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.hits, 2);
    session_close(&s);
}

static void test_same_plan_and_stats(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problem = fixture_problem(16, 64, 64), same = problem;
    tb_plan *first, *second, *other;
    assert_status(tb_gemm_plan(s.context, &problem, 0, &first), TB_OK);
    same.has_bias = 0;
    assert_status(tb_gemm_plan(s.context, &same, 0, &second), TB_OK);
    assert_ptr_equal(first, second);
    assert_status(tb_gemm_plan(s.context, &problem, TB_PLAN_DETERMINISTIC, &other), TB_OK);
    assert_ptr_not_equal(first, other);
    (void)plan_and_explain(s.context, fixture_problem(17, 64, 64), 0);
    tb_stats_values stats = TB_STATS_INIT;
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.misses, 3);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.answered[TB_EXACT], 2);
    assert_int_equal(stats.answered[TB_NEAR_SHAPE], 1);
    assert_int_equal(stats.answered[TB_DEFAULT], 0);
    assert_int_equal(stats.launches, 0);
    session_close(&s);
}

static void test_has_bias_is_a_flag(void **state)
{
    (void)state;
    struct book *book = fixture_book(&fixture, "bias");
    fixture_put(&fixture, book,
                &(struct put){
                    .problem = "gemm f32 nt bias m=4 n=8 k=8", .variant = FIXTURE_CODES - 1, .median_ns = 1});
    assert_done(book_close(book));
    struct session s = fixture_open(&fixture, "bias");
    tb_gemm_problem one = fixture_problem(4, 8, 8), many;
    one.has_bias = 1;
    many = one;
    many.has_bias = -7;
    tb_plan *first, *second;
    assert_status(tb_gemm_plan(s.context, &one, 0, &first), TB_OK);
    assert_status(tb_gemm_plan(s.context, &many, 0, &second), TB_OK);
    assert_ptr_equal(first, second);
    session_close(&s);
}

static void test_invalid_problems(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_plan *plan = NULL;
    tb_gemm_problem good = fixture_problem(16, 64, 64), bad;
    bad = good, bad.m = 0;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    assert_says("m=0");
    bad = good, bad.k = -5;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    bad = good, bad.n = INT64_MAX;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    bad = good, bad.layout = (tb_layout)9;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    bad = good, bad.a_type = (tb_type)-1;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    bad = good, bad.align_b = 9;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    bad = good, bad.activation = TB_SWIGLU, bad.n = 63;
    assert_status(tb_gemm_plan(s.context, &bad, 0, &plan), TB_INVALID);
    assert_status(tb_gemm_plan(NULL, &good, 0, &plan), TB_INVALID);
    assert_status(tb_gemm_plan(s.context, NULL, 0, &plan), TB_INVALID);
    assert_status(tb_gemm_plan(s.context, &good, 0, NULL), TB_INVALID);
    assert_null(plan);
    session_close(&s);
}

static void test_candidates(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    tb_explanation list[16], again[1] = {TB_EXPLANATION_INIT};
    for (int i = 0; i < 16; i++) list[i] = (tb_explanation)TB_EXPLANATION_INIT;
    size_t n = 16, one = 1, none = 0;
    assert_status(tb_gemm_candidates(s.context, &problem, list, &n), TB_OK);
    assert_true(n >= 3);
    assert_string_equal(list[0].template_name, "naive");
    assert_string_equal(list[1].template_name, "second");
    assert_int_equal(list[1].match, TB_EXACT);
    for (size_t i = 1; i < n; i++) assert_true(list[i - 1].match <= list[i].match);
    assert_status(tb_gemm_candidates(s.context, &problem, again, &one), TB_OK);
    assert_int_equal(one, 1);
    assert_ptr_equal(again[0].template_name, list[0].template_name);
    assert_status(tb_gemm_candidates(s.context, &problem, NULL, &none), TB_OK);
    assert_int_equal(none, 0);
    session_close(&s);
}

static void test_warm(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_gemm_problem problems[3] = {fixture_problem(16, 64, 64), fixture_problem(16, 4096, 4096),
                                   fixture_problem(9, 9, 9)};
    size_t planned = 99;
    assert_status(tb_gemm_warm(s.context, problems, 3, &planned), TB_OK);
    assert_int_equal(planned, 2);
    tb_stats_values stats = TB_STATS_INIT;
    tb_plan *plan;
    assert_status(tb_gemm_plan(s.context, &problems[0], 0, &plan), TB_OK);
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.hits, 1);
    problems[1].m = -1;
    assert_status(tb_gemm_warm(s.context, problems, 3, &planned), TB_INVALID);
    assert_status(tb_gemm_warm(s.context, NULL, 0, NULL), TB_OK);
    session_close(&s);
}

static void test_many_problems(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    int64_t count = (int64_t)test_scaled(3000);
    tb_plan **plans = calloc((size_t)count, sizeof *plans);
    for (int64_t i = 0; i < count; i++) {
        tb_gemm_problem problem = fixture_problem(i % 7 + 1, i + 5000, 3);
        assert_status(tb_gemm_plan(s.context, &problem, 0, &plans[i]), TB_OK);
    }
    for (int64_t i = 0; i < count; i++) {
        tb_gemm_problem problem = fixture_problem(i % 7 + 1, i + 5000, 3);
        tb_plan *plan;
        assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
        assert_ptr_equal(plan, plans[i]);
    }
    free(plans);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_near_shape),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_looser_alignment),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_no_load),
        cmocka_unit_test(test_no_kernel_is_remembered),
        cmocka_unit_test(test_same_plan_and_stats),
        cmocka_unit_test(test_has_bias_is_a_flag),
        cmocka_unit_test(test_invalid_problems),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_warm),
        cmocka_unit_test(test_many_problems),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
