/* Many threads on one context: every one gets the same plans, and the counts add up. */
#include "tests/runtime/fixture.h"

#include <pthread.h>

enum { THREADS = 8, SHAPES = 600 };

static struct fixture fixture;

static int group_setup(void **state)
{
    (void)state;
    fixture_setup(&fixture);
    struct book *book = fixture_book(&fixture, "threads");
    fixture_put(&fixture, book, &(struct put){.problem = "gemm f32 nt m=4 n=8 k=8", .median_ns = 100});
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt al=2222 m=1 n=1 k=1",
                              .name = "fallback",
                              .variant = 1,
                              .device_class = fixture.target,
                              .evidence = EVIDENCE_DEFAULT});
    assert_done(book_close(book));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    fixture_teardown(&fixture);
    return 0;
}

struct worker {
    struct session *session;
    pthread_barrier_t *barrier;
    size_t rounds;
    unsigned seed;
    tb_plan *plans[SHAPES];
    uint64_t calls, launches, failures;
};

static void work_once(struct worker *worker, const struct matrices *x, unsigned shape)
{
    tb_gemm_problem problem = fixture_problem(4, 8 + shape, 8);
    tb_plan *plan = NULL;
    problem.align_d = 2;
    worker->failures += tb_gemm_plan(worker->session->context, &problem, 0, &plan) != TB_OK;
    worker->calls++;
    if (worker->plans[shape] && worker->plans[shape] != plan) worker->failures++;
    worker->plans[shape] = plan;
    if (!plan || shape != 0) return;
    tb_gemm_args args = matrices_args(x);
    worker->failures += tb_gemm_launch(plan, &args, NULL, NULL) != TB_OK;
    worker->launches++;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct matrices x = matrices_make(4, 8, 8, 1);
    pthread_barrier_wait(worker->barrier);
    for (size_t round = 0; round < worker->rounds; round++)
        for (unsigned i = 0; i < SHAPES; i++) {
            worker->seed = worker->seed * 1664525 + 1013904223;
            work_once(worker, &x, round == 0 ? i : (worker->seed >> 8) % SHAPES);
        }
    matrices_free(&x);
    return NULL;
}

static void test_planning_at_once(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "threads");
    struct worker *workers = calloc(THREADS, sizeof *workers);
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    uint64_t calls = 0, launches = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].session = &s;
        workers[i].barrier = &barrier;
        workers[i].rounds = test_scaled(20);
        workers[i].seed = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
        calls += workers[i].calls;
        launches += workers[i].launches;
        for (int shape = 0; shape < SHAPES; shape++)
            assert_ptr_equal(workers[i].plans[shape], workers[0].plans[shape]);
    }
    tb_stats_values stats = TB_STATS_INIT;
    assert_status(tb_stats(s.context, &stats), TB_OK);
    assert_int_equal(stats.misses, SHAPES);
    assert_int_equal(stats.hits, calls - SHAPES);
    assert_int_equal(stats.launches, launches);
    pthread_barrier_destroy(&barrier);
    free(workers);
    session_close(&s);
}

/* Contexts come and go on threads while others plan on one book. */
static void *churn(void *argument)
{
    const struct session *session = argument;
    uintptr_t failures = 0;
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    for (size_t i = 0; i < test_scaled(10); i++) {
        tb_context *context;
        tb_plan *plan;
        tb_gemm_problem problem = fixture_problem(4, 8, 8);
        char digest[65];
        if (tb_context_create(session->book, "cpu", 0, &options, &context) != TB_OK)
            return (void *)(uintptr_t)99;
        failures += tb_gemm_plan(context, &problem, 0, &plan) != TB_OK;
        failures += tb_book_digest(session->book, digest) != TB_OK;
        tb_context_destroy(context);
    }
    return (void *)failures;
}

static void test_contexts_at_once(void **state)
{
    (void)state;
    struct session s = fixture_open(&fixture, "threads");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, churn, &s), 0);
    for (int i = 0; i < 4; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planning_at_once),
        cmocka_unit_test(test_contexts_at_once),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
