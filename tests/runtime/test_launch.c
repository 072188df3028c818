/* Launches: right results, arguments refused before anything runs, workspace, no allocation on the way. */
#include "tests/runtime/fixture.h"
#include "tests/runtime/count_allocations.h"

static struct fixture fixture;

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "launch");
    fixture_put(
        &fixture, book,
        &(struct put){.problem = "gemm f32 nt m=16 n=64 k=32", .median_ns = 100, .wants = {"m <= 20"}});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=8 n=32 k=16 batch=3", .median_ns = 100});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt bias m=8 n=32 k=16",
                              .median_ns = 100,
                              .variant = FIXTURE_CODES - 1});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=8 n=128 k=16",
                              .name = "hungry",
                              .median_ns = 100,
                              .workspace_bytes = "m % 7 == 3 ? 100000 : 64 * m",
                              .shared_bytes = "256"});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=8 n=256 k=16", .entry = "empty", .median_ns = 1});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt al=2222 m=8 n=30 k=16", .median_ns = 100});
    assert_done(book_close(book));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

static tb_plan *plan_of(struct session *s, tb_gemm_problem problem)
{
    tb_plan *plan = NULL;
    assert_status(tb_gemm_plan(s->context, &problem, 0, &plan), TB_OK);
    return plan;
}

static void test_product(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32));
    struct matrices x = matrices_make(16, 64, 32, 1);
    tb_gemm_args args = matrices_args(&x);
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    matrices_check(&x, 0);
    args.m = x.m = 5; /* another m, the same plan */
    memset(x.d, 0x7f, 16 * 64 * sizeof(float));
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    matrices_check(&x, 0);
    tb_stats_values stats = TB_STATS_INIT;
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.launches, 2);
    matrices_free(&x);
    session_close(&s);
}

static void test_batch(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_gemm_problem problem = fixture_problem(8, 32, 16);
    problem.batch = 3;
    tb_plan *plan = plan_of(&s, problem);
    struct matrices x = matrices_make(8, 32, 16, 3);
    tb_gemm_args args = matrices_args(&x);
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    matrices_check(&x, 0);
    args.stride_d = 0;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    assert_says("stride_d");
    args = matrices_args(&x);
    args.stride_a = 8 * 16 + 1; /* every item must lie as aligned as was promised */
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_NOT_COVERED);
    args.stride_a = -8 * 16;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    args.stride_a = INT64_MAX / 8 * 4;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    matrices_free(&x);
    session_close(&s);
}

static void test_epilogue(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_gemm_problem problem = fixture_problem(8, 32, 16);
    problem.has_bias = 1;
    tb_plan *plan = plan_of(&s, problem);
    struct matrices x = matrices_make(8, 32, 16, 1);
    tb_gemm_args args = matrices_args(&x);
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    assert_says("bias is NULL");
    args.bias = x.bias;
    args.beta = 2;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    assert_says("c is NULL");
    args.c = x.c;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 32; j++)
            assert_true(x.d[i * 32 + j] ==
                        matrices_expect(&x, 0, i, j, FIXTURE_CODES - 1) + x.bias[j] + 2 * x.c[i * 32 + j]);
    /* in place, and c left behind where beta is 0 */
    float before = x.d[0];
    args.c = x.d;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    assert_true(x.d[0] == matrices_expect(&x, 0, 0, 0, FIXTURE_CODES - 1) + x.bias[0] + 2 * before);
    args.ldc = 64;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    args.ldc = 0;
    args.beta = 0;
    args.c = (const void *)3;
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    matrices_free(&x);
    session_close(&s);
}

static void test_pointers(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32));
    struct matrices x = matrices_make(16, 64, 32, 1);
    tb_gemm_args good = matrices_args(&x), bad;
    tb_launch launch;
    bad = good, bad.a = NULL;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.b = NULL;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.d = NULL;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_says("d is NULL");
    bad = good, bad.a = x.a + 1;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    assert_says("align_a=4");
    bad = good, bad.d = (char *)x.d + 2;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_NOT_COVERED);
    bad = good, bad.d = x.a;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    bad = good, bad.bias = x.bias;
    assert_status(tb_gemm_prepare(plan, &bad, NULL, &launch), TB_INVALID);
    assert_status(tb_gemm_prepare(NULL, &good, NULL, &launch), TB_INVALID);
    assert_status(tb_gemm_prepare(plan, NULL, NULL, &launch), TB_INVALID);
    assert_status(tb_gemm_prepare(plan, &good, NULL, NULL), TB_INVALID);
    assert_status(tb_launch_run(NULL, NULL), TB_INVALID);
    matrices_free(&x);
    session_close(&s);
}

static void test_sizes(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32));
    struct matrices x = matrices_make(32, 64, 32, 1);
    tb_gemm_args good = matrices_args(&x), bad;
    good.m = 16;
    memset(x.d, 0x7f, 32 * 64 * sizeof(float));
    bad = good, bad.m = 21; /* the kernel wants m <= 20 */
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_NOT_COVERED);
    assert_says("m <= 20");
    bad = good, bad.n = 63;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_NOT_COVERED);
    bad = good, bad.k = 31;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_NOT_COVERED);
    bad = good, bad.batch = 2;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_NOT_COVERED);
    bad = good, bad.m = 0;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_INVALID);
    bad = good, bad.lda = 31;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_INVALID);
    assert_says("lda=31");
    bad = good, bad.ldd = 65;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_NOT_COVERED);
    bad = good, bad.ldb = INT64_MAX / 2;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_INVALID);
    for (size_t i = 0; i < 32 * 64 * sizeof(float); i++) assert_int_equal(((unsigned char *)x.d)[i], 0x7f);
    /* rows apart: what lies between them stays */
    bad = good, bad.m = 4, bad.ldd = 80;
    assert_status(tb_gemm_launch(plan, &bad, NULL, NULL), TB_OK);
    for (int i = 0; i < 4; i++) {
        assert_true(x.d[i * 80 + 63] == matrices_expect(&x, 0, i, 63, 0));
        assert_int_equal(((unsigned char *)&x.d[i * 80 + 64])[0], 0x7f);
    }
    matrices_free(&x);
    session_close(&s);
}

static void test_refused_launch_does_not_run(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32));
    struct matrices x = matrices_make(16, 64, 32, 1);
    tb_gemm_args args = matrices_args(&x);
    tb_launch launch;
    assert_status(tb_gemm_prepare(plan, &args, NULL, &launch), TB_OK);
    args.m = 21;
    assert_status(tb_gemm_prepare(plan, &args, NULL, &launch), TB_NOT_COVERED);
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
    memset(&launch, 0, sizeof launch);
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
    matrices_free(&x);
    session_close(&s);
}

static void test_single_rows_have_no_pitch(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_gemm_problem problem =
        fixture_problem(8, 30, 16); /* rows of d are 120 bytes: promised as far as true */
    problem.align_a = problem.align_b = problem.align_c = problem.align_d = 2;
    tb_plan *plan = plan_of(&s, problem);
    struct matrices x = matrices_make(8, 30, 16, 1);
    tb_gemm_args args = matrices_args(&x);
    assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_OK);
    matrices_check(&x, 0);
    matrices_free(&x);
    session_close(&s);
}

/* The need of "hungry" jumps at m = 3, 10, 17, ...: no launch gets less than it needs. */
static void test_workspace(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(8, 128, 16));
    size_t bytes = 0, alignment = 0;
    assert_status(tb_gemm_workspace(plan, 2, &bytes, &alignment), TB_OK);
    assert_int_equal(alignment, 64);
    assert_true(bytes >= 2 * 64 + 256 && bytes < 100000);
    assert_status(tb_gemm_workspace(plan, 40, &bytes, &alignment), TB_OK);
    assert_true(bytes >= 100000);
    assert_status(tb_gemm_workspace(plan, 0, &bytes, &alignment), TB_INVALID);
    assert_status(tb_gemm_workspace(plan, INT64_MAX, &bytes, &alignment), TB_INVALID);
    assert_status(tb_gemm_workspace(NULL, 1, &bytes, &alignment), TB_INVALID);
    void *workspace = aligned_alloc(alignment, (bytes + 63) / 64 * 64);
    struct matrices x = matrices_make(40, 128, 16, 1);
    for (int m = 1; m <= 40; m++) {
        tb_gemm_args args = matrices_args(&x);
        args.m = x.m = m;
        args.workspace_bytes = bytes;
        assert_status(tb_gemm_launch(plan, &args, workspace, NULL), TB_OK);
        matrices_check(&x, 0);
        args.workspace_bytes = 4096 + 256;
        tb_status status = tb_gemm_launch(plan, &args, workspace, NULL);
        assert_int_equal(status, m % 7 == 3 ? TB_INVALID : status);
        if (status != TB_OK) assert_says("workspace_bytes=4352");
        assert_status(tb_gemm_launch(plan, &args, (char *)workspace + 32, NULL), TB_INVALID);
        assert_status(tb_gemm_launch(plan, &args, NULL, NULL), TB_INVALID);
    }
    free(workspace);
    matrices_free(&x);
    session_close(&s);
}

static void test_workspace_of_a_narrow_kernel(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "launch");
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32)); /* m <= 20 */
    size_t bytes = 1, alignment;
    assert_status(tb_gemm_workspace(plan, 100000, &bytes, &alignment), TB_OK);
    assert_int_equal(bytes, 0);
    session_close(&s);
}

static void test_nothing_is_allocated(void **state)
{
    (void)state;
    if (!COUNTS_ALLOCATIONS) {
        print_message("skipped: allocations are not counted under a sanitizer\n");
        skip();
    }
    struct session s = fixture_open(&fixture, "launch");
    tb_gemm_problem problem = fixture_problem(16, 64, 32);
    tb_plan *plan = plan_of(&s, problem), *again = NULL;
    struct matrices x = matrices_make(16, 64, 32, 1);
    tb_gemm_args args = matrices_args(&x);
    tb_launch launch;
    uint64_t before = allocations;
    void *volatile counted = malloc(1);
    free(counted);
    assert_true(allocations > before); /* the counter counts */
    before = allocations;
    tb_status planned = tb_gemm_plan(s.context, &problem, 0, &again);
    tb_status prepared = tb_gemm_prepare(plan, &args, NULL, &launch);
    tb_status ran = TB_OK;
    for (int i = 0; i < 10 && ran == TB_OK; i++) ran = tb_launch_run(&launch, NULL);
    uint64_t after = allocations;
    assert_status(planned, TB_OK);
    assert_status(prepared, TB_OK);
    assert_status(ran, TB_OK);
    assert_int_equal(after - before, 0);
    matrices_free(&x);
    session_close(&s);
}

struct pool {
    unsigned calls, most_threads;
};

static void pool_run(void *pool, uint32_t count, uint32_t threads, void (*body)(void *, uint32_t, uint32_t),
                     void *context)
{
    struct pool *mine = pool;
    mine->calls++;
    if (threads > mine->most_threads) mine->most_threads = threads;
    for (uint32_t i = count; i-- > 0;) body(context, i, i % threads);
}

static void test_thread_pool(void **state)
{
    (void)state;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        print_message("skipped: one CPU only, a launch stays on the caller's thread\n");
        skip();
    }
    struct pool pool = {0, 0};
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = 2;
    options.parallel_for = pool_run;
    options.pool = &pool;
    struct book *book = fixture_book(&fixture, "pool");
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=1 n=1 k=1",
                              .device_class = fixture.target,
                              .evidence = EVIDENCE_DEFAULT,
                              .shared_bytes = "64"});
    assert_done(book_close(book));
    struct session s;
    assert_status(tb_open(fixture_path(&fixture, "pool"), &s.book), TB_OK);
    assert_status(tb_context_create(s.book, "cpu", 0, &options, &s.context), TB_OK);
    tb_plan *plan = plan_of(&s, fixture_problem(16, 64, 32));
    struct matrices x = matrices_make(16, 64, 32, 1);
    tb_gemm_args args = matrices_args(&x);
    size_t alignment;
    assert_status(tb_gemm_workspace(plan, 16, &args.workspace_bytes, &alignment), TB_OK);
    void *workspace = aligned_alloc(alignment, (args.workspace_bytes + 63) / 64 * 64);
    assert_status(tb_gemm_launch(plan, &args, workspace, NULL), TB_OK);
    matrices_check(&x, 0);
    assert_int_equal(pool.calls, 1);
    assert_int_equal(pool.most_threads, 2);
    free(workspace);
    matrices_free(&x);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_epilogue),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refused_launch_does_not_run),
        cmocka_unit_test(test_single_rows_have_no_pitch),
        cmocka_unit_test(test_workspace),
        cmocka_unit_test(test_workspace_of_a_narrow_kernel),
        cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_thread_pool),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
