/* The library on a GPU: kernels with tensor maps planned from a book, prepared once and launched as often as
 * one likes, into a stream or a graph. The driver is the fake libcuda; each case is a process of its own. */
#include "frontends/runtime/tunebook.h"
#include "tests/device/gpu_fakes.h"
#include "tests/device/gpu_gemm.h"
#include "tuner/launch/problem_key.h"
#include "tuner/sweep.h"

const struct gpu_names gpu = {.backend = "cuda", .library = "libcuda.so.1"};

#define assert_status(call, code)                                                           \
    do {                                                                                    \
        tb_status status_ = (call);                                                         \
        if (status_ != (code))                                                              \
            fail_msg("%s instead of %s: %s", tb_status_name(status_), tb_status_name(code), \
                     tb_last_error());                                                      \
    } while (0)

enum { MAPS = 4 };

static const char problem_text[] = "gemm a=bf16 b=bf16 d=f32 nt m=37 n=44 k=72";
static const tb_gemm_problem problem_of_library = {
    sizeof(tb_gemm_problem), 37, 44, 72, 1, TB_BF16, TB_BF16, TB_F32, TB_NT, TB_NONE, 0, 4, 4, 4, 4};

static struct manifest *template_of_boxes(void)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/tests/emulator/kernels", test_root());
    return gemm_find(folder, "boxes");
}

/* A book with one kernel, as a sweep would leave it. */
static void fill_book(struct gemm_run *run, const char *path)
{
    const struct device_info *info = run->api->info(run->device);
    struct text identity = {0};
    struct tuning tuning;
    struct candidate candidate;
    struct book *book;
    char key[KEY_BYTES_MAX + 1];
    struct manifest *manifest = template_of_boxes();
    assert_ok(compiler_find("emu")->identify(info->device_class.target, &identity));
    struct tuning_scene scene = {&run->problem, &info->facts, info->device_class.target, compiler_find("emu"),
                                 text_string(&identity)};
    assert_ok(tuning_open(&scene, manifest, &tuning));
    assert_ok(candidate_prepare(&tuning, &tuning.fallback, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK) fail_msg("%s", candidate.job.detail);
    candidate_compiled(&candidate);
    struct record_entry entry = {.kernel = candidate.kernel,
                                 .evidence = EVIDENCE_MEASURED,
                                 .verified = 1,
                                 .timing = {9, 9, 9, 9, 9, 9, 10, 20, 0}};
    assert_ok(problem_key(&run->problem, info->class_text, key));
    assert_ok(book_open(path, BOOK_WRITE, &book));
    assert_ok(book_put_kernel(book, &entry.kernel, &candidate.descriptor, candidate.job.code.data,
                              candidate.job.code.size));
    assert_ok(book_put_entry(book, key, &entry, 0, "", 0));
    assert_ok(book_close(book));
    candidate_free(&candidate);
    tuning_close(&tuning);
    manifest_free(manifest);
    text_free(&identity);
}

struct scene {
    struct gemm_run run;
    char folder[64];
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_gemm_args args;
};

static void scene_open(struct scene *scene)
{
    char path[128];
    *scene = (struct scene){.run = {.api = device_find("cuda")}, .folder = "/tmp/tunebook-test-XXXXXX"};
    assert_non_null(mkdtemp(scene->folder));
    snprintf(path, sizeof path, "%s/book", scene->folder);
    assert_ok(scene->run.api->open(0, NULL, &scene->run.device));
    gemm_begin(&scene->run, problem_text);
    fill_book(&scene->run, path);
    assert_status(tb_open(path, &scene->book), TB_OK);
    assert_status(tb_context_create(scene->book, "cuda", 0, NULL, &scene->context), TB_OK);
    assert_status(tb_gemm_plan(scene->context, &problem_of_library, 0, &scene->plan), TB_OK);
    scene->args = (tb_gemm_args)TB_GEMM_ARGS_INIT;
    scene->args.m = problem_of_library.m;
    scene->args.n = problem_of_library.n;
    scene->args.k = problem_of_library.k;
    scene->args.a = scene->run.there[0];
    scene->args.b = scene->run.there[1];
    scene->args.d = scene->run.there[3];
    scene->args.lda = scene->args.ldb = scene->run.operand[0].pitch;
    scene->args.ldd = scene->run.operand[3].pitch;
}

static void scene_close(struct scene *scene)
{
    char command[128];
    tb_context_destroy(scene->context);
    tb_close(scene->book);
    gemm_end(&scene->run);
    scene->run.api->close(scene->run.device);
    snprintf(command, sizeof command, "rm -rf '%s'", scene->folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(fake_living(), 0);
}

static void forget_output(struct scene *scene)
{
    unsigned d = scene->run.output;
    assert_ok(scene->run.api->fill(scene->run.device, scene->run.there[d], 0xff, scene->run.bytes[d]));
    assert_ok(scene->run.api->synchronize(scene->run.device, NULL));
}

static void check_output(struct scene *scene)
{
    unsigned d = scene->run.output;
    const struct device_api *api = scene->run.api;
    assert_ok(api->synchronize(scene->run.device, NULL));
    assert_ok(api->download(scene->run.device, scene->run.host[d], scene->run.there[d], scene->run.bytes[d]));
    gemm_compare(&scene->run, "boxes");
}

/* Whatever is said of the kernel is settled when a launch is prepared. */
static void test_launch(void **state)
{
    (void)state;
    struct scene scene;
    tb_launch launch, copy;
    size_t bytes, alignment;
    scene_open(&scene);
    assert_status(tb_gemm_workspace(scene.plan, 64, &bytes, &alignment), TB_OK);
    assert_int_equal(bytes, 0);
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), 0);
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_OK);
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), MAPS - 1); /* C takes no part */
    memcpy(&copy, &launch, sizeof copy);
    memset(&launch, 0xff, sizeof launch);
    for (int i = 0; i < 3; i++) {
        forget_output(&scene);
        assert_status(tb_launch_run(&copy, NULL), TB_OK);
        check_output(&scene);
    }
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), MAPS - 1);
    assert_int_equal(fake_calls("cuLaunchKernelEx"), 3); /* the manifest says programmatic */
    assert_int_equal(fake_calls("a launch that had to load"), 0);
    scene_close(&scene);
}

/* A graph of the caller's: prepared before the capture, replayed. */
static void test_capture(void **state)
{
    (void)state;
    struct scene scene;
    tb_launch launch;
    scene_open(&scene);
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_OK);
    forget_output(&scene);
    unsigned allocated = fake_calls("cuMemAlloc_v2");
    void *stream = NULL, *recorded = NULL, *executable = NULL, *context = NULL, *popped;
    unsigned (*retain)(void **, int), (*push)(void *), (*pop)(void **), (*create)(void **, unsigned);
    unsigned (*begin)(void *, unsigned), (*end)(void *, void **), (*run)(void *, void *), (*wait)(void *);
    unsigned (*instantiate)(void **, void *, unsigned long long), (*destroy)(void *), (*drop)(void *);
    unsigned (*release)(int), (*finish)(void *);
    *(void **)&retain = fake_symbol("cuDevicePrimaryCtxRetain");
    *(void **)&release = fake_symbol("cuDevicePrimaryCtxRelease_v2");
    *(void **)&push = fake_symbol("cuCtxPushCurrent_v2");
    *(void **)&pop = fake_symbol("cuCtxPopCurrent_v2");
    *(void **)&create = fake_symbol("cuStreamCreate");
    *(void **)&begin = fake_symbol("cuStreamBeginCapture_v2");
    *(void **)&end = fake_symbol("cuStreamEndCapture");
    *(void **)&instantiate = fake_symbol("cuGraphInstantiateWithFlags");
    *(void **)&run = fake_symbol("cuGraphLaunch");
    *(void **)&wait = fake_symbol("cuStreamSynchronize");
    *(void **)&destroy = fake_symbol("cuGraphDestroy");
    *(void **)&drop = fake_symbol("cuGraphExecDestroy");
    *(void **)&finish = fake_symbol("cuStreamDestroy_v2");
    assert_int_equal(retain(&context, 0) || push(context) || create(&stream, 1), 0);
    assert_int_equal(begin(stream, 1), 0);
    assert_status(tb_launch_run(&launch, stream), TB_OK);
    assert_int_equal(end(stream, &recorded), 0);
    assert_int_equal(instantiate(&executable, recorded, 0) || destroy(recorded), 0);
    memset(&launch, 0xff, sizeof launch); /* the graph has its own */
    for (int i = 0; i < 2; i++) {
        forget_output(&scene);
        assert_int_equal(run(executable, stream) || wait(stream), 0);
        check_output(&scene);
    }
    assert_int_equal(fake_calls("cuMemAlloc_v2"), allocated);
    assert_int_equal(drop(executable) || finish(stream) || pop(&popped) || release(0), 0);
    scene_close(&scene);
}

/* Other sizes of m, and arguments that no map can describe. */
static void test_prepare(void **state)
{
    (void)state;
    struct scene scene;
    tb_launch launch;
    scene_open(&scene);
    scene.args.m = 1;
    scene.args.lda = 73; /* one row has no pitch */
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_OK);
    assert_status(tb_launch_run(&launch, NULL), TB_OK);
    scene.args.lda = (int64_t)1 << 39;
    scene.args.m = 2;
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_NOT_COVERED);
    assert_non_null(strstr(tb_last_error(), "tensor map of a: its rows lie 1099511627776 bytes apart"));
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID); /* it is not whole */
    scene.args.lda = 72;
    fake_control("fail=cuTensorMapEncodeTiled@2:CUDA_ERROR_INVALID_VALUE");
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_NOT_COVERED);
    assert_string_equal(
        tb_last_error(),
        "tensor map of b: cuTensorMapEncodeTiled: CUDA_ERROR_INVALID_VALUE (invalid argument)");
    assert_status(tb_launch_run(&launch, NULL), TB_INVALID);
    assert_ok(scene.run.api->synchronize(scene.run.device, NULL));
    scene_close(&scene);
}

/* A driver from before CUDA 12. */
static void test_prepare_before_12(void **state)
{
    (void)state;
    struct scene scene;
    tb_launch launch;
    scene_open(&scene);
    assert_status(tb_gemm_prepare(scene.plan, &scene.args, NULL, &launch), TB_UNAVAILABLE);
    assert_non_null(strstr(tb_last_error(), "need the NVIDIA driver of CUDA 12.0"));
    scene_close(&scene);
}

static void keep_result(void *context, const struct sweep_result *result)
{
    *(struct sweep_result *)context = *result;
}

/* What is measured is launched, maps and all: a sweep through the fake compiler and driver, with memory of
 * its own.
 */
static void test_swept(void **state)
{
    char path[128];
    struct book *book;
    struct sweep_summary summary;
    struct sweep_result result = {0};
    struct manifest *manifest = template_of_boxes();
    struct sweep_problem problem = {.calls = 1};
    struct sweep_options options = {.budget.trials = 2,
                                    .backend = "cuda",
                                    .jobs = 2,
                                    .templates = &manifest,
                                    .n_templates = 1,
                                    .finished = keep_result,
                                    .context = &result};
    (void)state;
    snprintf(path, sizeof path, "%s/book", gpu_scratch);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    options.book = book;
    assert_ok(problem_parse("gemm bf16 nt m=9 n=24 k=40", &problem.problem));
    assert_ok(sweep_run(&options, &problem, 1, &summary));
    if (!result.has_best) fail_msg("%s", result.note);
    assert_int_equal(result.n_verdicts[VERDICT_OK] + result.n_verdicts[VERDICT_SLOW], 2);
    assert_ok(book_close(book));
    manifest_free(manifest);
}

static const struct gpu_case cases[] = {
    {"launch", test_launch, "cuda", "", GPU_PASSES},
    {"capture", test_capture, "cuda", "", GPU_PASSES},
    {"prepare", test_prepare, "cuda", "", GPU_PASSES},
    {"prepare_before_12", test_prepare_before_12, "cuda-11.4", "", GPU_PASSES},
    {"swept", test_swept, "cuda", "name=Small GPU;units=4;l2_bytes=16384", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main_with_fakes(argc, argv, cases, sizeof cases / sizeof *cases, "sm_90a");
}
