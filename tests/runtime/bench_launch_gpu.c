/* What tb_launch_run costs beside the launch itself, on the NVIDIA GPU that is here: CPU time of a call
 * against a bare cuLaunchKernelEx of the same kernel, in turns. One JSON line per figure, medians over blocks
 * with quartiles; the last is the difference. Skipped where there is no GPU. */
#include "tests/device/gpu_here.h"
#include "db/book.h"
#include "frontends/runtime/tunebook.h"
#include "tuner/base/clock.h"
#include "tuner/device/cuda_driver.h"
#include "tuner/launch/kernel.h"
#include "tuner/launch/problem_key.h"
#include "tuner/tuning.h"

const char *const here_backend = "cuda";

enum { BLOCK_COUNT = 301, RUNS = 64, M = 4, COLUMNS = 64, K = 64 };
static const char problem_text[] = "gemm f32 nt m=4 n=64 k=64";

#define assert_tb(call)                                                  \
    do {                                                                 \
        if ((call) != TB_OK) fail_msg("%s: %s", #call, tb_last_error()); \
    } while (0)

/* The default kernel of gemm_simt, in a book of its own. */
struct subject {
    struct bench bench;
    struct problem problem;
    struct tuning tuning;
    struct candidate candidate;
    struct manifest **templates;
    size_t n_templates;
    char book[64];
    void *memory[3]; /* A, B, D */
};

static void compile(struct subject *subject)
{
    const struct manifest *simt = NULL;
    struct bench *bench = &subject->bench;
    assert_ok(problem_parse(problem_text, &subject->problem));
    assert_ok(template_load(NULL, &subject->templates, &subject->n_templates));
    for (size_t i = 0; i < subject->n_templates; i++)
        if (strcmp(subject->templates[i]->name, "gemm_simt") == 0) simt = subject->templates[i];
    assert_non_null(simt);
    struct tuning_scene scene = {&subject->problem, &bench->info->facts, bench->info->device_class.target,
                                 bench->compiler, text_string(&bench->identity)};
    assert_ok(tuning_open(&scene, simt, &subject->tuning));
    assert_ok(candidate_prepare(&subject->tuning, &subject->tuning.fallback, &subject->candidate));
    assert_ok(compile_run(&subject->candidate.job, 1, 1, 120000, NULL));
    assert_int_equal(subject->candidate.job.verdict, VERDICT_OK);
    candidate_compiled(&subject->candidate);
}

static void put_in_book(struct subject *subject)
{
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    struct candidate *candidate = &subject->candidate;
    struct record_entry entry = {
        .kernel = candidate->kernel, .evidence = EVIDENCE_DEFAULT, .timing = {.high_ns = 1}};
    snprintf(subject->book, sizeof subject->book, "/tmp/tunebook-launch-%ld.book", (long)getpid());
    assert_ok(book_open(subject->book, BOOK_WRITE, &book));
    assert_ok(book_put_kernel(book, &candidate->kernel, &candidate->descriptor, candidate->job.code.data,
                              candidate->job.code.size));
    assert_ok(problem_key(&subject->problem, subject->bench.info->device_class.target, key));
    assert_ok(book_put_entry(book, key, &entry, 0, "", 0));
    assert_ok(book_close(book));
}

static void remove_book(const struct subject *subject)
{
    char lock[80];
    snprintf(lock, sizeof lock, "%s-lock", subject->book);
    unlink(subject->book);
    unlink(lock);
}

/* --- the two --- */

struct direct {
    struct kernel *kernel;
    struct kernel_launch launch;
    unsigned char args[256];
    size_t args_bytes;
};

static double time_direct(struct subject *subject, struct direct *direct)
{
    const struct device_step *step = &direct->launch.steps[0];
    void *extra[] = {(void *)CUDA_PARAM_POINTER, direct->args, (void *)CUDA_PARAM_SIZE, &direct->args_bytes,
                     (void *)CUDA_PARAM_END};
    struct cuda_launch_config config = {.shared_bytes = step->shared_bytes};
    memcpy(config.grid, step->grid, sizeof config.grid);
    memcpy(config.block, step->block, sizeof config.block);
    uint64_t begin = clock_ns();
    for (int i = 0; i < RUNS; i++)
        if (cuda.cuLaunchKernelEx((const struct CUlaunchConfig_st *)&config, step->function, NULL, extra))
            fail_msg("cuLaunchKernelEx failed");
    double ns = (double)(clock_ns() - begin) / RUNS;
    assert_ok(subject->bench.api->synchronize(subject->bench.device, NULL));
    return ns;
}

static double time_library(struct subject *subject, const tb_launch *launch)
{
    uint64_t begin = clock_ns();
    for (int i = 0; i < RUNS; i++)
        if (tb_launch_run(launch, NULL) != TB_OK) fail_msg("tb_launch_run: %s", tb_last_error());
    double ns = (double)(clock_ns() - begin) / RUNS;
    assert_ok(subject->bench.api->synchronize(subject->bench.device, NULL));
    return ns;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double *samples)
{
    qsort(samples, BLOCK_COUNT, sizeof *samples, compare);
    printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"ns\",\"q1\":%.1f,\"q3\":%.1f}\n", name,
           samples[BLOCK_COUNT / 2], samples[BLOCK_COUNT / 4], samples[3 * BLOCK_COUNT / 4]);
}

static void run_both(struct subject *subject, struct direct *direct, const tb_launch *launch)
{
    static double bare[BLOCK_COUNT], library[BLOCK_COUNT], difference[BLOCK_COUNT];
    time_direct(subject, direct);
    time_library(subject, launch);
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (i % 2) bare[i] = time_direct(subject, direct);
        library[i] = time_library(subject, launch);
        if (i % 2 == 0) bare[i] = time_direct(subject, direct);
        difference[i] = library[i] - bare[i];
    }
    report("cuLaunchKernelEx", bare);
    report("tb_launch_run", library);
    report("tb_launch_run beside cuLaunchKernelEx", difference);
}

/* --- getting there --- */

static void bind(struct subject *subject, struct direct *direct)
{
    struct bench *bench = &subject->bench;
    void *pointers[OP_OPERANDS_MAX] = {subject->memory[0], subject->memory[1], subject->memory[2],
                                       subject->memory[2]};
    struct candidate *candidate = &subject->candidate;
    *direct = (struct direct){.args_bytes = subject->problem.op->args_bytes};
    assert_ok(kernel_load(bench->api, bench->device, &candidate->descriptor, candidate->job.code.data,
                          candidate->job.code.size, &direct->kernel));
    assert_ok(kernel_bind(direct->kernel, &subject->problem, &direct->launch));
    assert_int_equal(direct->launch.n_steps, 1);
    subject->problem.op->bind(&subject->problem, pointers, NULL, direct->args);
}

static void measure(struct subject *subject)
{
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_launch launch;
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;
    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    struct direct direct;
    problem.m = M, problem.n = COLUMNS, problem.k = K, problem.layout = TB_NT;
    assert_tb(tb_open(subject->book, &book));
    assert_tb(tb_context_create(book, "cuda", 0, NULL, &context));
    assert_tb(tb_gemm_plan(context, &problem, 0, &plan));
    args.m = M, args.n = COLUMNS, args.k = K;
    args.a = subject->memory[0], args.b = subject->memory[1], args.d = subject->memory[2];
    assert_tb(tb_gemm_prepare(plan, &args, NULL, &launch));
    bind(subject, &direct);
    run_both(subject, &direct, &launch);
    kernel_unload(direct.kernel);
    tb_context_destroy(context);
    tb_close(book);
}

int main(int argc, char **argv)
{
    static struct subject subject;
    struct bench *bench = &subject.bench;
    struct gpu_scope scope;
    uint32_t n = 0;
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (device_find("cuda")->count(&n) != STATUS_OK || !n) {
        printf("SKIPPED: launches on a GPU: %s\n", n ? "" : status_message());
        return 0;
    }
    bench_begin(bench);
    compile(&subject);
    put_in_book(&subject);
    for (int i = 0; i < 3; i++) {
        assert_ok(bench->api->allocate(bench->device, 4 * COLUMNS * K, 256, &subject.memory[i]));
        assert_ok(bench->api->fill(bench->device, subject.memory[i], 0, 4 * COLUMNS * K));
    }
    assert_ok(gpu_enter(bench->device, &scope)); /* the context is current, as it is in an engine */
    measure(&subject);
    gpu_leave(bench->device, &scope);
    remove_book(&subject);
    return 0;
}
