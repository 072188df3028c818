/* attention_cpu against attention composed of OpenBLAS's products, f32, heads of llama-3.2-1b:
 *
 *     build/tests/tuner/bench_attention_cpu [--threads=N] [--cpu-time] [--config=TEXT] [LENGTH...]
 *
 * The composed side takes heads one after the other, as many at a time as there are threads, each with
 * OpenBLAS on one thread: blocks of rows; for each the product with the keys that any row of the block sees,
 * softmax in place, with the same exponential as the template's, the product with their values, the division.
 * With a causal mask columns right of a block's last row are thus skipped. The rows of a block are those of
 * 64, 128 and 256 that are fastest, tried for each case. attention_cpu runs the fastest of its default and
 * its starts, tried likewise, or --config. The two run in turns; a pair gives a ratio of times, of which the
 * median and the quartiles are printed, and the geometric mean of the medians at the end. --cpu-time takes
 * the CPU time of one thread, which a loaded machine disturbs less. */
#include <dlfcn.h>
#include <math.h>
#include <time.h>
#include "templates/attention/attention.h"
#include "templates/proof.h"
#include "tests/tuner/support.h"
#include "tuner/base/clock.h"
#include "tuner/device/cpu_load.h"
#include "tuner/device/cpu_pool.h"
#include "tuner/launch/kernel.h"
#include "tuner/tuning.h"
#include "tuner/vendor/openblas_library.h"
#include "tuner/worker.h"
/* Its words are macros with names of enumerators: behind those. */
#include "templates/attention/attention_args.h"
#include "templates/device/cpu.h"

enum { Q_HEADS = 32, KV_HEADS = 8, HEAD = 64, PAIRS = 9, TRIES = 3, ROWS_MOST = 256, LENGTHS_MOST = 16 };
static const double SIDE_NS = 3e7; /* a side of a pair runs at least this long */

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void sgemm_function(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

struct composed_rows { /* of plain_attention/composed.c */
    float *scores, *sums, *outputs;
    long long n, columns, pitch, first_end, end_step, dv, output_pitch;
};
typedef void composed_function(const struct composed_rows *rows, const struct cpu_block *block);

static struct {
    uint32_t threads;
    bool cpu_time;
    const char *config;
    const struct device_api *api;
    struct device *device;
    struct cpu_pool *pool;
    const struct compiler_api *compiler;
    const char *identity;
    sgemm_function *sgemm;
    composed_function *softmax, *divide;
} bench;

/* One case: a length, and a mask or none. */
struct subject {
    struct problem problem;
    void *operands[OP_OPERANDS_MAX];
    size_t bytes[OP_OPERANDS_MAX];
    struct attention_args args;
    float *composed_o, *scores; /* scores: ROWS_MOST rows for each thread */
    long long length;
    int rows; /* of a block of the composed side */
    struct tuning tuning;
    struct candidate candidate;
    struct kernel *kernel;
    struct kernel_launch launch;
    void *workspace;
};

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(bench.cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ---- the composed side ---- */

static void composed_block(const struct subject *s, uint32_t head, uint32_t slot, long long first)
{
    const struct attention_args *a = &s->args;
    bool causal = s->problem.value[ATTENTION_MASK] == ATTENTION_CAUSAL;
    int n = (int)(s->length - first < s->rows ? s->length - first : s->rows), group = Q_HEADS / KV_HEADS;
    int seen = causal ? (int)first + n : (int)s->length, pitch = (int)s->length + 16;
    long long kv_head = head / group;
    float sums[ROWS_MOST];
    struct composed_rows rows = {.scores = s->scores + (long long)slot * ROWS_MOST * pitch,
                                 .sums = sums,
                                 .n = n,
                                 .columns = seen,
                                 .pitch = pitch,
                                 .first_end = causal ? first + 1 : s->length,
                                 .end_step = causal,
                                 .dv = HEAD,
                                 .output_pitch = a->o_stride_token};
    rows.outputs = s->composed_o + first * a->o_stride_token + head * a->o_stride_head;
    bench.sgemm(ROW_MAJOR, NO_TRANS, TRANS, n, seen, HEAD, a->scale * 1.44269504f,
                (const float *)a->q + first * a->q_stride_token + head * a->q_stride_head,
                (int)a->q_stride_token, (const float *)a->k + kv_head * a->k_stride_head,
                (int)a->k_stride_token, 0, rows.scores, pitch);
    bench.softmax(&rows, NULL);
    bench.sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, n, HEAD, seen, 1, rows.scores, pitch,
                (const float *)a->v + kv_head * a->v_stride_head, (int)a->v_stride_token, 0, rows.outputs,
                (int)a->o_stride_token);
    bench.divide(&rows, NULL);
}

static void composed_head(void *context, uint32_t head, uint32_t slot)
{
    const struct subject *s = context;
    for (long long first = 0; first < s->length; first += s->rows) composed_block(s, head, slot, first);
}

static void run_composed(struct subject *s)
{
    cpu_pool_run(bench.pool, Q_HEADS, bench.threads, composed_head, s);
}

/* ---- the template ---- */

static void run_template(struct subject *s)
{
    assert_ok(kernel_run(s->kernel, &s->launch, &s->args, s->launch.args_bytes, s->workspace, NULL));
}

static void template_close(struct subject *s)
{
    kernel_unload(s->kernel);
    free(s->workspace);
    candidate_free(&s->candidate);
    s->kernel = NULL;
}

static void template_open(struct subject *s, const struct configuration *configuration)
{
    if (s->kernel) template_close(s);
    assert_ok(candidate_prepare(&s->tuning, configuration, &s->candidate));
    assert_ok(compile_run(&s->candidate.job, 1, 1, 120000, NULL));
    if (s->candidate.job.verdict != VERDICT_OK) fail_msg("%s", s->candidate.job.detail);
    candidate_compiled(&s->candidate);
    assert_ok(kernel_load(bench.api, bench.device, &s->candidate.descriptor, s->candidate.job.code.data,
                          s->candidate.job.code.size, &s->kernel));
    assert_ok(kernel_bind(s->kernel, &s->problem, &s->launch));
    s->workspace = aligned_alloc(64, (s->launch.workspace_bytes + s->launch.scratch_bytes + 127) / 64 * 64);
    s->args.workspace = s->workspace;
}

/* ---- timing ---- */

static double time_runs(struct subject *s, void (*run)(struct subject *), int runs)
{
    double begin = now_ns();
    for (int i = 0; i < runs; i++) run(s);
    return (now_ns() - begin) / runs;
}

static double best_time(struct subject *s, void (*run)(struct subject *))
{
    double best = time_runs(s, run, 1);
    int runs = best < SIDE_NS / 4 ? (int)(SIDE_NS / 4 / best) + 1 : 1;
    for (int i = 0; i < TRIES; i++) best = fmin(best, time_runs(s, run, runs));
    return best;
}

static void choose_rows(struct subject *s)
{
    double best = INFINITY;
    int chosen = 0;
    for (int rows = 64; rows <= ROWS_MOST; rows *= 2) {
        s->rows = rows;
        double ns = best_time(s, run_composed);
        if (ns < best) best = ns, chosen = rows;
    }
    s->rows = chosen;
}

static void choose_configuration(struct subject *s)
{
    const struct manifest *manifest = s->tuning.manifest;
    struct configuration one, chosen = s->tuning.fallback;
    if (bench.config) {
        if (!tuning_configuration(&s->tuning, bench.config, &chosen))
            fail_msg("no configuration: %s", bench.config);
        template_open(s, &chosen);
        return;
    }
    template_open(s, &chosen);
    double best = best_time(s, run_template);
    for (uint32_t i = 0; i < manifest->n_starts; i++) {
        if (!tuning_values_configuration(&s->tuning, manifest->starts[i], &one)) continue;
        template_open(s, &one);
        double ns = best_time(s, run_template);
        if (ns < best) best = ns, chosen = one;
    }
    template_open(s, &chosen);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest difference of the two results. */
static double difference(const struct subject *s)
{
    const float *o = s->args.o;
    double worst = 0;
    for (size_t i = 0; i < s->bytes[ATTENTION_OPERAND_O] / sizeof *o; i++)
        worst = fmax(worst, fabs((double)o[i] - (double)s->composed_o[i]));
    return worst;
}

/* The median ratio of the case. */
static double measure(struct subject *s)
{
    double ratio[PAIRS], ours = INFINITY, theirs = INFINITY;
    struct op_work work;
    int runs[2] = {1 + (int)(SIDE_NS / best_time(s, run_template)),
                   1 + (int)(SIDE_NS / best_time(s, run_composed))};
    for (int i = 0; i < PAIRS; i++) {
        double a = time_runs(s, run_template, runs[0]), b = time_runs(s, run_composed, runs[1]);
        ratio[i] = b / a;
        ours = fmin(ours, a);
        theirs = fmin(theirs, b);
    }
    qsort(ratio, PAIRS, sizeof *ratio, compare);
    s->problem.op->work(&s->problem, &work);
    double off = difference(s);
    if (!(off < 1e-4)) fail_msg("the results differ by %g", off);
    printf("%5lld %-6s  %5.2f  [%4.2f %4.2f]  %9.3f ms %6.1f GFLOPS  %9.3f ms %6.1f GFLOPS  rows %3d  %s\n",
           s->length, s->problem.value[ATTENTION_MASK] ? "causal" : "full", ratio[PAIRS / 2],
           ratio[PAIRS / 4], ratio[PAIRS - 1 - PAIRS / 4], ours / 1e6, work.flops / ours, theirs / 1e6,
           work.flops / theirs, s->rows, candidate_name(&s->candidate));
    fflush(stdout);
    return ratio[PAIRS / 2];
}

/* ---- cases ---- */

static void subject_open(struct subject *s, const struct manifest *manifest, long long length, bool causal)
{
    char text[PROBLEM_TEXT_BYTES];
    struct operand operands[OP_OPERANDS_MAX];
    *s = (struct subject){.length = length};
    snprintf(text, sizeof text, "attention f32 %s d=%d q_heads=%d kv_heads=%d q_len=%lld",
             causal ? "causal" : "full", HEAD, Q_HEADS, KV_HEADS, length);
    assert_ok(problem_parse(text, &s->problem));
    unsigned n = s->problem.op->operands(&s->problem, operands);
    for (unsigned i = 0; i < n; i++) {
        const struct operand *o = &operands[i];
        s->bytes[i] = (size_t)(o->batch_stride * o->batch) * dtype_bytes(o->type);
        s->operands[i] = aligned_alloc(64, (s->bytes[i] + 63) / 64 * 64);
        if (o->role != OPERAND_OUTPUT)
            op_proof_find("attention")->fill(&s->problem, o, i, PROOF_NORMAL, 1, s->operands[i]);
    }
    s->problem.op->bind(&s->problem, s->operands, NULL, &s->args);
    s->composed_o = aligned_alloc(64, s->bytes[ATTENTION_OPERAND_O]);
    s->scores = aligned_alloc(64, (size_t)(bench.threads * ROWS_MOST * (length + 16)) * sizeof(float));
    /* The scene is the tuning's as long as that is open. */
    static struct tuning_scene scene;
    static const struct device_info *info;
    info = bench.api->info(bench.device);
    scene = (struct tuning_scene){&s->problem, &info->facts, host_target(), bench.compiler, bench.identity};
    assert_ok(tuning_open(&scene, manifest, &s->tuning));
}

static void subject_close(struct subject *s)
{
    template_close(s);
    tuning_close(&s->tuning);
    for (unsigned i = 0; i < ATTENTION_OPERANDS; i++) free(s->operands[i]);
    free(s->composed_o);
    free(s->scores);
}

static void open_blas(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *handle = openblas_library();
    void *symbol = handle ? dlsym(handle, "cblas_sgemm") : NULL;
    memcpy(&bench.sgemm, &symbol, sizeof symbol);
    if (handle) printf("OpenBLAS with its kernels for %s\n", openblas_core(handle));
}

static void open_composed(void)
{
    struct text source = {0};
    char path[256];
    void *object;
    snprintf(path, sizeof path, "%s/tests/tuner/plain_attention/composed.c", test_root());
    assert_ok(source_flatten(test_root(), path, &source));
    struct compile_job job = {.compiler = bench.compiler, .identity = bench.identity};
    job.request = (struct compile_request){.source = text_string(&source),
                                           .source_name = "attention_composed",
                                           .definitions = "",
                                           .target = host_target()};
    assert_ok(compile_run(&job, 1, 1, 120000, NULL));
    if (job.verdict != VERDICT_OK) fail_msg("%s", job.detail);
    assert_ok(cpu_load(job.code.data, job.code.size, &object));
    void *softmax = dlsym(object, "composed_softmax"), *divide = dlsym(object, "composed_divide");
    memcpy(&bench.softmax, &softmax, sizeof softmax);
    memcpy(&bench.divide, &divide, sizeof divide);
    text_free(&job.code);
    text_free(&source);
}

static const struct manifest *find_template(void)
{
    struct manifest **templates;
    size_t n;
    assert_ok(template_load(NULL, &templates, &n));
    for (size_t i = 0; i < n; i++)
        if (strcmp(templates[i]->name, "attention_cpu") == 0) return templates[i];
    fail_msg("no template is called attention_cpu");
    return NULL;
}

static size_t read_options(int argc, char **argv, long long lengths[LENGTHS_MOST])
{
    static const long long usual[] = {128, 256, 512, 1024, 2048, 4096};
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--threads=", 10) == 0)
            bench.threads = (uint32_t)atoi(argv[i] + 10);
        else if (strncmp(argv[i], "--config=", 9) == 0)
            bench.config = argv[i] + 9;
        else if (strcmp(argv[i], "--cpu-time") == 0)
            bench.cpu_time = true;
        else if (n < LENGTHS_MOST && atoi(argv[i]) > 0)
            lengths[n++] = atoi(argv[i]) / 16 * 16;
    }
    if (bench.cpu_time) bench.threads = 1;
    if (n) return n;
    memcpy(lengths, usual, sizeof usual);
    return sizeof usual / sizeof usual[0];
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    long long lengths[LENGTHS_MOST];
    size_t n = read_options(argc, argv, lengths);
    open_blas();
    if (!bench.sgemm) {
        printf("SKIPPED: libopenblas.so.0 is not here (Debian: apt-get install libopenblas0-pthread)\n");
        return 0;
    }
    struct device_options options = {.threads = bench.threads};
    bench.api = device_find("cpu");
    bench.compiler = host_compiler(&bench.identity);
    assert_ok(bench.api->open(0, &options, &bench.device));
    bench.threads = (uint32_t)bench.api->info(bench.device)->facts.value[DEVICE_FACT_units];
    assert_ok(cpu_pool_create(bench.threads, &bench.pool));
    open_composed();
    const struct manifest *manifest = find_template();
    printf("%u threads%s; ratio [quartiles], attention_cpu, composed\n", bench.threads,
           bench.cpu_time ? ", CPU time" : "");
    double logs = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        struct subject subject;
        subject_open(&subject, manifest, lengths[i / 2], i % 2);
        choose_rows(&subject);
        choose_configuration(&subject);
        logs += log(measure(&subject));
        subject_close(&subject);
    }
    printf("geomean %.3f\n", exp(logs / (double)(2 * n)));
    cpu_pool_destroy(bench.pool);
    bench.api->close(bench.device);
    return 0;
}
