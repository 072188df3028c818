/* Attention planned: matches, flags, problems refused, structs of other versions, threads, and that a hit and
 * a launch allocate nothing. */
#include "tests/runtime/attention_fixture.h"
#include "tests/runtime/count_allocations.h"

#include <pthread.h>

static struct fixture fixture;

static const char text[] = "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9";
static const char missing[] = "attention f32 full d=64 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9";

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "plans");
    attention_put(&fixture, book,
                  &(struct attention_put){
                      .problem = text, .median_ns = 100, .baseline_ns = 120, .wants = {"kv_len <= 80"}});
    attention_put(
        &fixture, book,
        &(struct attention_put){.problem = text, .name = "slow", .median_ns = 200, .nondeterministic = true});
    attention_put(&fixture, book,
                  &(struct attention_put){
                      .problem = "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=64 q_len=1 kv_len=64",
                      .name = "racy",
                      .median_ns = 90,
                      .nondeterministic = true});
    attention_put(&fixture, book,
                  &(struct attention_put){.problem = "attention f32 causal d=16 q_heads=4 q_len=8",
                                          .name = "fallback",
                                          .evidence = EVIDENCE_DEFAULT,
                                          .device_class = fixture.target,
                                          .wants = {"q_heads == kv_heads"}});
    attention_put(&fixture, book,
                  &(struct attention_put){.problem = "attention f32 full d=64 q_heads=4 q_len=300",
                                          .name = "unverified",
                                          .median_ns = 1,
                                          .unverified = true});
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

static tb_explanation explain(tb_context *context, const char *problem_text, unsigned flags)
{
    tb_attention_problem problem = attention_problem(problem_text);
    tb_explanation out = TB_EXPLANATION_INIT;
    tb_plan *plan = NULL;
    assert_status(tb_attention_plan(context, &problem, flags, &plan), TB_OK);
    assert_status(tb_plan_explain(plan, &out), TB_OK);
    return out;
}

static void test_matches(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_explanation out = explain(s.context, text, 0);
    assert_int_equal(out.match, TB_EXACT);
    assert_int_equal(out.evidence, TB_MEASURED);
    assert_string_equal(out.template_name, "naive");
    assert_int_equal(out.expected_ns, 100);
    assert_int_equal(out.baseline_ns, 120);
    assert_non_null(strstr(out.record, "attention/q=f32,kv=f32,o=f32/causal/d=16,dv=16/plain@"));
    /* other lengths and batches, one that the nearest kernel refuses, and other heads: the same head's record
     */
    out = explain(s.context, "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=3 q_len=6 kv_len=20", 0);
    assert_int_equal(out.match, TB_NEAR_SHAPE);
    assert_string_equal(out.template_name, "naive");
    out = explain(s.context, "attention f32 causal d=16 q_heads=8 kv_heads=2 batch=2 q_len=5 kv_len=9", 0);
    assert_int_equal(out.match, TB_NEAR_SHAPE);
    out = explain(s.context, "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=40 q_len=1 kv_len=90", 0);
    assert_string_equal(out.template_name, "racy");
    /* far from all records: the target's default */
    out = explain(s.context, "attention f32 causal d=16 q_heads=9 q_len=7000", 0);
    assert_int_equal(out.match, TB_DEFAULT);
    assert_string_equal(out.template_name, "fallback");
    session_close(&s);
}

/* What lies in pages, has a window or another head size is never answered by what does not. */
static void test_other_kinds(void **state)
{
    (void)state;
    static const char *const others[] = {
        "attention f32 causal d=16 q_heads=4 kv_heads=2 page=16 batch=2 q_len=5 kv_len=9",
        "attention f32 sliding d=16 q_heads=4 kv_heads=2 window=5 batch=2 q_len=5 kv_len=9",
        "attention f32 causal d=24 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9",
        "attention f32 causal d=16 dv=24 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9",
        "attention f32 causal lse d=16 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9",
        "attention bf16 causal d=16 q_heads=4 kv_heads=2 batch=2 q_len=5 kv_len=9",
    };
    struct session s = fixture_open(&fixture, "plans");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        tb_attention_problem problem = attention_problem(others[i]);
        tb_plan *plan = NULL;
        (void)explain(s.context, text, 0);
        assert_status(tb_attention_plan(s.context, &problem, 0, &plan), TB_NO_KERNEL);
        assert_null(plan);
        assert_says(others[i]);
    }
    session_close(&s);
}

static void test_flags(void **state)
{
    (void)state;
    static const char racy[] = "attention f32 causal d=16 q_heads=4 kv_heads=2 batch=64 q_len=1 kv_len=64";
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem near = attention_problem(text), own = near, mine = attention_problem(racy);
    tb_plan *plan = NULL;
    near.q_len = 6;
    assert_status(tb_attention_plan(s.context, &near, TB_PLAN_EXACT_ONLY, &plan), TB_NO_KERNEL);
    assert_status(tb_attention_plan(s.context, &mine, TB_PLAN_DETERMINISTIC, &plan), TB_NO_KERNEL);
    assert_says("not deterministic");
    assert_status(tb_attention_plan(s.context, &mine, TB_PLAN_ONLY_IF_FASTER, &plan), TB_NO_KERNEL);
    assert_status(tb_attention_plan(s.context, &own, 64, &plan), TB_INVALID);
    assert_null(plan);
    assert_string_equal(explain(s.context, text, TB_PLAN_ONLY_IF_FASTER).template_name, "naive");
    assert_status(tb_attention_plan(s.context, &own, TB_PLAN_NO_LOAD, &plan), TB_OK);
    struct tensors x = tensors_make(text);
    tb_attention_args args = tensors_args(&x);
    size_t bytes, alignment;
    assert_status(tb_attention_launch(plan, &args, NULL, NULL), TB_INVALID);
    assert_says("NO_LOAD");
    assert_status(tb_attention_workspace(plan, 1, 1, 1, &bytes, &alignment), TB_INVALID);
    tensors_free(&x);
    session_close(&s);
}

static void test_invalid_problems(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem good = attention_problem(text), bad;
    tb_plan *plan = NULL;
#define WRONG(change, says)                                                  \
    bad = good, change;                                                      \
    assert_status(tb_attention_plan(s.context, &bad, 0, &plan), TB_INVALID); \
    assert_says(says)
    WRONG(bad.q_heads = 5, "q_heads=5 is no multiple of kv_heads=2");
    WRONG(bad.kv_heads = 0, "kv_heads=0");
    WRONG(bad.head_size = 12, "d=12 is no multiple of 8");
    WRONG(bad.head_size = 1024, "d=1024");
    WRONG(bad.value_size = 9, "dv=9");
    WRONG(bad.q_len = 0, "q_len=0");
    WRONG(bad.kv_len = 0, "kv_len=0");
    WRONG(bad.batch = 0, "batch=0");
    WRONG(bad.batch = 1 << 30, "2^31");
    WRONG(bad.page = 24, "page=24");
    WRONG(bad.window = 4, "window=4");
    WRONG(bad.mask = TB_MASK_SLIDING, "window");
    WRONG(bad.mask = (tb_mask)9, "mask");
    WRONG(bad.q_type = TB_I8, "q_type");
    WRONG(bad.kv_type = TB_F16, "kv_type=f16");
    WRONG(bad.o_type = (tb_type)77, "o_type");
#undef WRONG
    assert_status(tb_attention_plan(NULL, &good, 0, &plan), TB_INVALID);
    assert_status(tb_attention_plan(s.context, NULL, 0, &plan), TB_INVALID);
    assert_status(tb_attention_plan(s.context, &good, 0, NULL), TB_INVALID);
    assert_says("tb_attention_plan");
    assert_null(plan);
    session_close(&s);
}

/* What means the same is the same plan, and each way to write it hits. */
static void test_same_plan(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem problem = attention_problem(text), brief = problem;
    tb_plan *plan, *same;
    tb_stats_values stats = TB_STATS_INIT;
    brief.value_size = 0;
    assert_status(tb_attention_plan(s.context, &brief, 0, &plan), TB_OK);
    assert_status(tb_attention_plan(s.context, &problem, 0, &same), TB_OK);
    assert_ptr_equal(plan, same);
    assert_status(tb_attention_plan(s.context, &brief, 0, &same), TB_OK);
    assert_ptr_equal(plan, same);
    problem = attention_problem(missing);
    for (int i = 0; i < 3; i++) assert_status(tb_attention_plan(s.context, &problem, 0, &same), TB_NO_KERNEL);
    assert_says("no kernel for attention f32 d=64");
    problem.lse = 4, brief = problem, brief.lse = 1;
    assert_status(tb_attention_plan(s.context, &problem, 0, &same), TB_NO_KERNEL);
    assert_status(tb_attention_plan(s.context, &brief, 0, &same), TB_NO_KERNEL);
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.misses, 3);
    assert_int_equal(stats.no_kernel, 2);
    assert_int_equal(stats.hits, 5);
    session_close(&s);
}

static void test_warm_and_candidates(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem problems[2] = {attention_problem(text), attention_problem(missing)};
    size_t planned = 9, n = 8;
    assert_status(tb_attention_warm(s.context, problems, 2, &planned), TB_OK);
    assert_int_equal(planned, 1);
    problems[1].batch = 0;
    assert_status(tb_attention_warm(s.context, problems, 2, NULL), TB_INVALID);
    assert_status(tb_attention_warm(s.context, NULL, 2, NULL), TB_INVALID);
    tb_explanation list[8];
    for (int i = 0; i < 8; i++) list[i] = (tb_explanation)TB_EXPLANATION_INIT;
    assert_status(tb_attention_candidates(s.context, &problems[0], list, &n), TB_OK);
    assert_true(n >= 2);
    assert_string_equal(list[0].template_name, "naive");
    assert_string_equal(list[1].template_name, "slow");
    n = 1;
    assert_status(tb_attention_candidates(s.context, &problems[0], NULL, &n), TB_INVALID);
    assert_says("tb_attention_candidates");
    session_close(&s);
}

/* A plan belongs to the calls of its op, and both live in one context. */
static void test_both_ops(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem attention = attention_problem(text);
    tb_gemm_problem gemm = fixture_problem(16, 64, 64);
    struct tensors x = tensors_make(text);
    struct matrices y = matrices_make(16, 64, 64, 1);
    tb_attention_args a = tensors_args(&x);
    tb_gemm_args g = matrices_args(&y);
    tb_plan *p, *q;
    tb_launch launch;
    size_t bytes, alignment;
    assert_status(tb_attention_plan(s.context, &attention, 0, &p), TB_OK);
    assert_status(tb_gemm_plan(s.context, &gemm, 0, &q), TB_OK);
    assert_status(tb_attention_prepare(q, &a, NULL, &launch), TB_INVALID);
    assert_says("a plan for gemm");
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
    assert_status(tb_gemm_prepare(p, &g, NULL, &launch), TB_INVALID);
    assert_status(tb_gemm_workspace(p, 1, &bytes, &alignment), TB_INVALID);
    assert_status(tb_attention_workspace(q, 1, 1, 1, &bytes, &alignment), TB_INVALID);
    assert_status(tb_attention_launch(p, &a, NULL, NULL), TB_OK);
    assert_status(tb_gemm_launch(q, &g, NULL, NULL), TB_OK);
    tensors_check(&x);
    matrices_check(&y, 0);
    matrices_free(&y);
    tensors_free(&x);
    session_close(&s);
}

/* --- structs of other versions --- */

/* The layout is a promise: these figures change with TB_ABI_VERSION only. */
static void test_layout(void **state)
{
    (void)state;
    tb_attention_args args = TB_ATTENTION_ARGS_INIT;
    assert_int_equal(sizeof(tb_attention_problem), 112);
    assert_int_equal(offsetof(tb_attention_problem, lse), 108);
    assert_int_equal(offsetof(tb_attention_args, batch), 104);
    assert_int_equal(offsetof(tb_attention_args, q_tokens), 176);
    assert_int_equal(offsetof(tb_attention_args, workspace_bytes), 352);
    assert_int_equal(sizeof(tb_attention_args), 368);
    assert_int_equal(args.batch, 1);
    args.batch = 0;
    for (size_t i = sizeof args.struct_size; i < sizeof args; i++)
        assert_int_equal(((const unsigned char *)&args)[i], 0);
}

static void test_versions(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    struct {
        tb_attention_problem problem;
        int64_t added;
    } newer = {attention_problem(text), 0};
    tb_attention_problem problem = newer.problem, older;
    struct tensors x = tensors_make(text);
    tb_attention_args args = tensors_args(&x), short_args;
    tb_plan *plan, *same;
    assert_status(tb_attention_plan(s.context, &problem, 0, &plan), TB_OK);
    memset(&older, 0xee, sizeof older); /* what the caller's struct does not have is not looked at */
    memcpy(&older, &problem, offsetof(tb_attention_problem, varlen));
    older.struct_size = offsetof(tb_attention_problem, varlen);
    assert_status(tb_attention_plan(s.context, &older, 0, &same), TB_OK);
    assert_ptr_equal(plan, same);
    newer.problem.struct_size = sizeof newer;
    assert_status(tb_attention_plan(s.context, &newer.problem, 0, &same), TB_OK);
    assert_ptr_equal(plan, same);
    newer.added = 1;
    assert_status(tb_attention_plan(s.context, &newer.problem, 0, &same), TB_INVALID);
    assert_says("update the library");
    problem.struct_size = 8;
    assert_status(tb_attention_plan(s.context, &problem, 0, &same), TB_INVALID);
    assert_says("struct_size");
    memset(&short_args, 0xee, sizeof short_args);
    memcpy(&short_args, &args, offsetof(tb_attention_args, q_tokens));
    short_args.struct_size = offsetof(tb_attention_args, q_tokens);
    assert_status(tb_attention_launch(plan, &short_args, NULL, NULL), TB_OK);
    tensors_check(&x);
    short_args.struct_size = 64;
    assert_status(tb_attention_launch(plan, &short_args, NULL, NULL), TB_INVALID);
    assert_says("tb_attention_args");
    tensors_free(&x);
    session_close(&s);
}

/* --- hits --- */

static void test_nothing_is_allocated(void **state)
{
    (void)state;
    if (!COUNTS_ALLOCATIONS) {
        print_message("skipped: allocations are not counted under a sanitizer\n");
        skip();
    }
    struct session s = fixture_open(&fixture, "plans");
    tb_attention_problem problem = attention_problem(text);
    struct tensors x = tensors_make(text);
    tb_attention_args args = tensors_args(&x);
    tb_plan *plan, *again;
    tb_launch launch;
    uint64_t before = allocations;
    void *volatile counted = malloc(1);
    free(counted);
    assert_true(allocations > before); /* the counter counts */
    assert_status(tb_attention_plan(s.context, &problem, 0, &plan), TB_OK);
    args.flags = TB_ATTENTION_CHECK_TABLES;
    before = allocations;
    tb_status planned = tb_attention_plan(s.context, &problem, 0, &again);
    tb_status prepared = tb_attention_prepare(plan, &args, NULL, &launch);
    tb_status ran = TB_OK;
    for (int i = 0; i < 10 && ran == TB_OK; i++) ran = tb_launch_run(&launch, NULL);
    uint64_t after = allocations;
    assert_status(planned, TB_OK);
    assert_status(prepared, TB_OK);
    assert_status(ran, TB_OK);
    assert_int_equal(after - before, 0);
    tensors_free(&x);
    session_close(&s);
}

enum { THREADS = 4, SHAPES = 200, ROUNDS = 20 };

struct worker {
    tb_context *context;
    pthread_barrier_t *barrier;
    unsigned seed;
    tb_plan *plans[SHAPES];
    uint64_t failures;
};

/* Attention and products in turns: one cache for both. */
static void work_once(struct worker *worker, const struct tensors *x, unsigned shape)
{
    tb_plan *plan = NULL;
    if (shape % 2) {
        tb_gemm_problem gemm = fixture_problem(16, 40 + shape / 8, 64);
        worker->failures += tb_gemm_plan(worker->context, &gemm, 0, &plan) != TB_OK;
    } else {
        tb_attention_problem problem = attention_problem(text);
        problem.q_len = 3 + shape / 50;
        problem.kv_len = 5 + shape % 25;
        worker->failures += tb_attention_plan(worker->context, &problem, 0, &plan) != TB_OK;
        tb_attention_args args = tensors_args(x);
        if (plan) worker->failures += tb_attention_launch(plan, &args, NULL, NULL) != TB_OK;
    }
    if (worker->plans[shape] && worker->plans[shape] != plan) worker->failures++;
    worker->plans[shape] = plan;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct tensors x = tensors_make(text);
    pthread_barrier_wait(worker->barrier);
    for (unsigned i = 0; i < SHAPES * ROUNDS; i++) {
        worker->seed = worker->seed * 1664525 + 1013904223;
        work_once(worker, &x, i < SHAPES ? i : (worker->seed >> 8) % SHAPES);
    }
    tensors_check(&x);
    tensors_free(&x);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "plans");
    struct worker *workers = calloc(THREADS, sizeof *workers);
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    tb_stats_values stats = TB_STATS_INIT;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.context = s.context, .barrier = &barrier, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
        for (int shape = 0; shape < SHAPES; shape++)
            assert_ptr_equal(workers[i].plans[shape], workers[0].plans[shape]);
    }
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.hits + stats.misses, THREADS * SHAPES * ROUNDS);
    pthread_barrier_destroy(&barrier);
    free(workers);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),   cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_flags),     cmocka_unit_test(test_invalid_problems),
        cmocka_unit_test(test_same_plan), cmocka_unit_test(test_warm_and_candidates),
        cmocka_unit_test(test_both_ops),  cmocka_unit_test(test_layout),
        cmocka_unit_test(test_versions),  cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
