/* Programs built with an older or newer header: structs of another size. */
#include "tests/runtime/fixture.h"

static struct fixture fixture;

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "abi");
    fixture_put(&fixture, book, &(struct put){.problem = "gemm f32 nt m=16 n=64 k=64", .median_ns = 100});
    assert_done(book_close(book));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

static void test_version(void **state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", TB_VERSION_MAJOR, TB_VERSION_MINOR, TB_VERSION_PATCH);
    assert_int_equal(tb_abi_version(), TB_ABI_VERSION);
    assert_string_equal(tb_version(), version);
    assert_string_equal(tb_status_name(TB_NOT_COVERED), "not_covered");
    assert_string_equal(tb_status_name((tb_status)77), "unknown");
    assert_string_equal(tb_status_name((tb_status)-1), "unknown");
}

/* The layout is a promise: these figures change with TB_ABI_VERSION only. */
static void test_layout(void **state)
{
    (void)state;
    assert_int_equal(sizeof(tb_gemm_problem), 80);
    assert_int_equal(offsetof(tb_gemm_problem, align_d), 76);
    assert_int_equal(offsetof(tb_gemm_args, lda), 80);
    assert_int_equal(sizeof(tb_gemm_args), 168);
    assert_int_equal(sizeof(tb_explanation), 72);
    assert_int_equal(sizeof(tb_stats_values), 72);
    assert_int_equal(sizeof(tb_context_options), 32);
    assert_int_equal(sizeof(tb_launch), 2048);
}

static void test_older_problem(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    tb_gemm_problem problem = fixture_problem(16, 64, 64), older;
    tb_plan *plan, *same;
    assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
    memset(&older, 0xee, sizeof older); /* what the caller's struct does not have is not looked at */
    memcpy(&older, &problem, offsetof(tb_gemm_problem, activation));
    older.struct_size = offsetof(tb_gemm_problem, activation);
    assert_status(tb_gemm_plan(s.context, &older, 0, &same), TB_OK);
    assert_ptr_equal(plan, same);
    session_close(&s);
}

static void test_newer_problem(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    struct {
        tb_gemm_problem problem;
        int64_t added;
    } newer = {fixture_problem(16, 64, 64), 0};
    tb_plan *plan;
    newer.problem.struct_size = sizeof newer;
    assert_status(tb_gemm_plan(s.context, &newer.problem, 0, &plan), TB_OK);
    newer.added = 1;
    assert_status(tb_gemm_plan(s.context, &newer.problem, 0, &plan), TB_INVALID);
    assert_says("update the library");
    session_close(&s);
}

static void test_absurd_sizes(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    const size_t sizes[] = {0, 8, 16, 5000, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        tb_gemm_problem problem = fixture_problem(16, 64, 64);
        tb_explanation explanation = TB_EXPLANATION_INIT;
        tb_stats_values stats = TB_STATS_INIT;
        tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
        tb_context *context;
        tb_plan *plan;
        assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
        problem.struct_size = explanation.struct_size = stats.struct_size = sizes[i];
        options.struct_size = sizes[i] == 16 ? 0 : sizes[i];
        assert_status(tb_plan_explain(plan, &explanation), TB_INVALID);
        assert_status(tb_stats(s.context, &stats), TB_INVALID);
        assert_status(tb_context_create(s.book, "cpu", 0, &options, &context), TB_INVALID);
        assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_INVALID);
        assert_says("struct_size");
    }
    session_close(&s);
}

/* Only what the caller has room for is written. */
static void test_older_outputs(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    tb_plan *plan;
    assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
    tb_explanation out;
    memset(&out, 0xee, sizeof out);
    out.struct_size = offsetof(tb_explanation, record);
    assert_status(tb_plan_explain(plan, &out), TB_OK);
    assert_int_equal(out.struct_size, offsetof(tb_explanation, record));
    assert_string_equal(out.template_name, "naive");
    for (size_t i = offsetof(tb_explanation, record); i < sizeof out; i++)
        assert_int_equal(((unsigned char *)&out)[i], 0xee);
    tb_stats_values stats;
    memset(&stats, 0xee, sizeof stats);
    stats.struct_size = offsetof(tb_stats_values, no_kernel);
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.misses, 1);
    for (size_t i = offsetof(tb_stats_values, no_kernel); i < sizeof stats; i++)
        assert_int_equal(((unsigned char *)&stats)[i], 0xee);
    session_close(&s);
}

static void test_older_args(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    struct matrices x = matrices_make(16, 64, 64, 1);
    tb_gemm_args given = matrices_args(&x), older;
    tb_plan *plan;
    assert_status(tb_gemm_plan(s.context, &problem, 0, &plan), TB_OK);
    memset(&older, 0xee, sizeof older); /* no pitches, strides or scales: tight, 1 and 0 */
    memcpy(&older, &given, offsetof(tb_gemm_args, lda));
    older.struct_size = offsetof(tb_gemm_args, lda);
    assert_status(tb_gemm_launch(plan, &older, NULL, NULL), TB_OK);
    matrices_check(&x, 0);
    older.struct_size = offsetof(tb_gemm_args, d);
    assert_status(tb_gemm_launch(plan, &older, NULL, NULL), TB_INVALID);
    matrices_free(&x);
    session_close(&s);
}

/* Arrays step by the caller's size. */
static void test_older_arrays(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "abi");
    enum { OLD = offsetof(tb_gemm_problem, align_b) + 4 };
    tb_gemm_problem problem = fixture_problem(16, 64, 64);
    _Alignas(8) char packed[2][OLD];
    _Static_assert(OLD % 8 == 0, "an older struct has whole words");
    problem.struct_size = OLD;
    for (int i = 0; i < 2; i++, problem.m++) memcpy(packed[i], &problem, OLD);
    size_t planned;
    assert_status(tb_gemm_warm(s.context, (const tb_gemm_problem *)(void *)packed, 2, &planned), TB_OK);
    assert_int_equal(planned, 2);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),       cmocka_unit_test(test_layout),
        cmocka_unit_test(test_older_problem), cmocka_unit_test(test_newer_problem),
        cmocka_unit_test(test_absurd_sizes),  cmocka_unit_test(test_older_outputs),
        cmocka_unit_test(test_older_args),    cmocka_unit_test(test_older_arrays),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
