/* What the library costs beside its kernels: one JSON line per figure, medians over blocks with quartiles. */
#include "tests/runtime/attention_fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include "templates/device/cpu.h"
#include "templates/gemm/gemm_args.h"
#include "tuner/base/clock.h"
#include "tuner/descriptor.h"

enum { BLOCKS = 201, SHAPES = 400, HIT_SHAPES = 64, HITS = 6400, RUNS = 6400, TUNED_K = 1000, OWN_K = 1001 };

static struct fixture fixture;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double *samples, size_t n)
{
    qsort(samples, n, sizeof *samples, compare);
    printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"ns\",\"q1\":%.2f,\"q3\":%.2f}\n", name, samples[n / 2],
           samples[n / 4], samples[3 * n / 4]);
    fflush(stdout);
}

/* --- plan hits --- */

struct hits {
    tb_context *context;
    pthread_barrier_t *barrier;
    double ns[BLOCKS];
};

static double time_hits(tb_context *context)
{
    tb_gemm_problem problems[HIT_SHAPES];
    for (int i = 0; i < HIT_SHAPES; i++) problems[i] = fixture_problem(16, 64 + 8 * i, 64);
    tb_plan *plan, *volatile sink;
    uint64_t begin = clock_ns();
    for (int i = 0; i < HITS; i++) {
        tb_gemm_plan(context, &problems[i % HIT_SHAPES], 0, &plan);
        sink = plan;
    }
    (void)sink;
    return (double)(clock_ns() - begin) / HITS;
}

static void *hit(void *argument)
{
    struct hits *hits = argument;
    for (int i = 0; i < BLOCKS; i++) {
        pthread_barrier_wait(hits->barrier);
        hits->ns[i] = time_hits(hits->context);
    }
    return NULL;
}

static void bench_hits(tb_context *context, unsigned threads, const char *name)
{
    struct hits *hits = calloc(threads, sizeof *hits);
    pthread_t *ids = calloc(threads, sizeof *ids);
    double *all = calloc((size_t)threads * BLOCKS, sizeof *all);
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, threads);
    (void)time_hits(context);
    for (unsigned i = 0; i < threads; i++) {
        hits[i] = (struct hits){.context = context, .barrier = &barrier};
        pthread_create(&ids[i], NULL, hit, &hits[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        memcpy(all + (size_t)i * BLOCKS, hits[i].ns, sizeof hits[i].ns);
    }
    report(name, all, (size_t)threads * BLOCKS);
    pthread_barrier_destroy(&barrier);
    free(all);
    free(ids);
    free(hits);
}

/* --- first lookups: every block asks a new context for every shape --- */

static void bench_lookups(tb_book *book, int64_t m, int64_t k, tb_match match, const char *name)
{
    double ns[BLOCKS];
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    for (int block = -1; block < BLOCKS; block++) { /* the first touches the map */
        tb_context *context;
        tb_plan *plan = NULL;
        assert_status(tb_context_create(book, "cpu", 0, &options, &context), TB_OK);
        uint64_t begin = clock_ns();
        for (int i = 0; i < SHAPES; i++) {
            tb_gemm_problem problem = fixture_problem(m, 64 + 8 * i, k);
            assert_status(tb_gemm_plan(context, &problem, TB_PLAN_NO_LOAD, &plan), TB_OK);
        }
        if (block >= 0) ns[block] = (double)(clock_ns() - begin) / SHAPES;
        tb_explanation out = TB_EXPLANATION_INIT;
        assert_status(tb_plan_explain(plan, &out), TB_OK);
        assert_int_equal(out.match, match);
        tb_context_destroy(context);
    }
    report(name, ns, BLOCKS);
}

/* --- launches: an empty kernel through the library, and called by itself --- */

typedef void entry(const struct gemm_args *args, const struct cpu_block *block);

static double time_direct(entry *volatile function)
{
    struct gemm_args args = {0};
    struct cpu_block block = {0};
    uint64_t begin = clock_ns();
    for (int i = 0; i < RUNS; i++) function(&args, &block);
    return (double)(clock_ns() - begin) / RUNS;
}

static double time_runs(const tb_launch *launch)
{
    uint64_t begin = clock_ns();
    for (int i = 0; i < RUNS; i++) tb_launch_run(launch, NULL);
    return (double)(clock_ns() - begin) / RUNS;
}

static double time_prepares(const tb_plan *plan, const tb_gemm_args *args, tb_launch *launch)
{
    uint64_t begin = clock_ns();
    for (int i = 0; i < RUNS; i++) tb_gemm_prepare(plan, args, NULL, launch);
    return (double)(clock_ns() - begin) / RUNS;
}

static entry *load_empty(void)
{
    const char *path = fixture_path(&fixture, "empty.so");
    assert_done(file_publish(path, fixture.code[0].data, fixture.code[0].size, 0700));
    void *library = dlopen(path, RTLD_NOW);
    assert_non_null(library);
    entry *function;
    *(void **)&function = dlsym(library, "empty");
    assert_non_null(function);
    return function;
}

static void bench_launches(tb_context *context)
{
    double run[BLOCKS], beyond[BLOCKS], prepare[BLOCKS];
    tb_gemm_problem problem = fixture_problem(8, 32, 16);
    struct matrices x = matrices_make(8, 32, 16, 1);
    tb_gemm_args args = matrices_args(&x);
    tb_plan *plan;
    tb_launch launch;
    entry *function = load_empty();
    assert_status(tb_gemm_plan(context, &problem, 0, &plan), TB_OK);
    assert_status(tb_gemm_prepare(plan, &args, NULL, &launch), TB_OK);
    assert_status(tb_launch_run(&launch, NULL), TB_OK);
    for (int i = 0; i < BLOCKS; i++) {
        run[i] = time_runs(&launch);
        beyond[i] = run[i] - time_direct(function);
        prepare[i] = time_prepares(plan, &args, &launch);
    }
    report("launch_run_empty_kernel", run, BLOCKS);
    report("launch_run_beyond_kernel", beyond, BLOCKS);
    report("gemm_prepare", prepare, BLOCKS);
    matrices_free(&x);
}

/* --- attention: hits and preparing, on the calling thread --- */

static const char attention_text[] =
    "attention f32 causal varlen lse d=16 q_heads=4 kv_heads=2 page=16 batch=6 q_len=4 kv_len=64";

static double time_attention_hits(tb_context *context, const tb_attention_problem *first)
{
    tb_attention_problem problems[HIT_SHAPES];
    tb_plan *plan, *volatile sink;
    for (int i = 0; i < HIT_SHAPES; i++) {
        problems[i] = *first;
        problems[i].value_size = 0; /* as callers leave it */
        problems[i].kv_len = 33 + i;
    }
    uint64_t begin = clock_ns();
    for (int i = 0; i < HITS; i++) {
        tb_attention_plan(context, &problems[i % HIT_SHAPES], 0, &plan);
        sink = plan;
    }
    (void)sink;
    return (double)(clock_ns() - begin) / HITS;
}

static void bench_attention(tb_context *context)
{
    double hit[BLOCKS], prepare[BLOCKS];
    tb_attention_problem problem = attention_problem(attention_text);
    struct tensors x = tensors_make(attention_text);
    tb_attention_args args = tensors_args(&x);
    tb_plan *plan;
    tb_launch launch;
    assert_status(tb_attention_plan(context, &problem, 0, &plan), TB_OK);
    assert_status(tb_attention_prepare(plan, &args, NULL, &launch), TB_OK);
    (void)time_attention_hits(context, &problem);
    for (int i = 0; i < BLOCKS; i++) {
        hit[i] = time_attention_hits(context, &problem);
        uint64_t begin = clock_ns();
        for (int j = 0; j < RUNS; j++) tb_attention_prepare(plan, &args, NULL, &launch);
        prepare[i] = (double)(clock_ns() - begin) / RUNS;
    }
    report("attention_plan_hit", hit, BLOCKS);
    report("attention_prepare", prepare, BLOCKS);
    tensors_free(&x);
}

static void bench_open(void)
{
    double ns[BLOCKS];
    const char *path = fixture_path(&fixture, "bench");
    for (int i = 0; i < BLOCKS; i++) {
        tb_book *book;
        uint64_t begin = clock_ns();
        assert_status(tb_open(path, &book), TB_OK);
        ns[i] = (double)(clock_ns() - begin);
        tb_close(book);
    }
    report("open", ns, BLOCKS);
}

/* --- a book --- */

static struct manifest *load_template(const char *name)
{
    struct manifest **all, *found = NULL;
    size_t n;
    assert_done(template_load(NULL, &all, &n));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i]->name, name) == 0)
            found = all[i];
        else
            manifest_free(all[i]);
    }
    free(all);
    assert_non_null(found);
    return found;
}

/* The shapes with this k are answered by a kernel with the descriptor of gemm_cpu's default, as tuned here:
 * all by one (TUNED_K), or each by its own (OWN_K). */
static void put_tuned(struct book *book, int k)
{
    struct manifest *manifest = load_template("gemm_cpu");
    struct descriptor *descriptor = calloc(1, sizeof *descriptor);
    const struct text *code = &fixture.code[0];
    struct record_entry entry = {.verified = 1, .timing = {100, 100, 100, 100, 100, 100, 10, 20, 0}};
    for (int i = 0; i < SHAPES; i++) {
        struct problem problem;
        int64_t slots[SLOT_COUNT] = {0};
        char key[KEY_BYTES_MAX + 1];
        assert_done(problem_parse(arena_format(&fixture.arena, "gemm f32 nt m=16 n=%d k=%d", 64 + 8 * i, k),
                                  &problem));
        for (uint32_t j = 0; j < manifest->n_parameters; j++)
            slots[manifest->parameters[j].slot] = manifest->defaults[j];
        struct descriptor_request request = {manifest, &problem, slots, fixture.target, "cc"};
        if (i == 0) {
            assert_done(descriptor_kernel_hash(&request, &entry.kernel));
            assert_done(descriptor_build(&fixture.arena, &request, descriptor));
            descriptor->code = sha256_of(code->data, code->size);
            descriptor->code_bytes = (uint32_t)code->size;
        }
        if (k == OWN_K) entry.kernel = sha256_of(&i, sizeof i);
        if (k == OWN_K || i == 0)
            assert_done(book_put_kernel(book, &entry.kernel, descriptor, code->data, code->size));
        assert_done(problem_key(&problem, fixture.class_text, key));
        assert_done(book_put_entry(book, key, &entry, 0, "", 0));
    }
    free(descriptor);
    manifest_free(manifest);
}

static void make_book(void)
{
    struct book *book = fixture_book(&fixture, "bench");
    for (int i = 0; i < SHAPES; i++) {
        char problem[64];
        snprintf(problem, sizeof problem, "gemm f32 nt m=16 n=%d k=64", 64 + 8 * i);
        fixture_put(&fixture, book, &(struct put){.problem = problem, .median_ns = 100});
    }
    fixture_put(&fixture, book,
                &(struct put){.problem = "gemm f32 nt m=8 n=32 k=16", .entry = "empty", .median_ns = 1});
    attention_put(&fixture, book, &(struct attention_put){.problem = attention_text, .median_ns = 1});
    put_tuned(book, TUNED_K);
    put_tuned(book, OWN_K);
    assert_done(book_close(book));
}

int main(void)
{
    fixture_setup(&fixture);
    make_book();
    bench_open();
    struct session s = fixture_open(&fixture, "bench");
    bench_lookups(s.book, 16, 64, TB_EXACT, "lookup_exact");
    bench_lookups(s.book, 20, 64, TB_NEAR_SHAPE, "lookup_near_shape");
    bench_lookups(s.book, 16, TUNED_K, TB_EXACT, "lookup_exact_gemm_cpu");
    bench_lookups(s.book, 16, OWN_K, TB_EXACT, "lookup_exact_gemm_cpu_new_kernel");
    bench_lookups(s.book, 20, TUNED_K, TB_NEAR_SHAPE, "lookup_near_shape_gemm_cpu");
    bench_hits(s.context, 1, "plan_hit_1_thread");
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads > 1) {
        char name[64];
        snprintf(name, sizeof name, "plan_hit_%ld_threads", threads);
        bench_hits(s.context, (unsigned)threads, name);
    }
    bench_launches(s.context);
    bench_attention(s.context);
    session_close(&s);
    fixture_teardown(&fixture);
    return 0;
}
