/* A sweep on a GPU that is not here, from the template to a launch by the library: the fake NVRTC or hiprtc
 * compiles, the fake libcuda or libamdhip64 runs, with memory of its own. */
#include "frontends/runtime/tunebook.h"
#include "tests/device/gpu_fakes.h"
#include "tuner/sweep.h"
#include "tuner/launch/problem_key.h"

static const char problem_text[] = "gemm f32 nt m=20 n=24 k=32";
enum { M = 20, N = 24, K = 32 };

/* Whose GPU; a case is a process of its own. */
static const char *backend = "cuda", *class_text = "sm_90a:4:3350";

/* ---- the sweep ---- */

struct news {
    struct sweep_result results[4];
    size_t n;
};

static void on_finished(void *context, const struct sweep_result *result)
{
    struct news *news = context;
    if (news->n < 4) news->results[news->n++] = *result;
}

static struct book *open_book(char path[128])
{
    struct book *book;
    snprintf(path, 128, "%s/user.book", gpu_scratch);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    return book;
}

static enum status sweep(struct book *book, uint64_t trials, struct news *news, struct sweep_summary *summary)
{
    struct manifest **templates;
    size_t n;
    struct sweep_problem problem = {.calls = 1};
    struct sweep_options options = {.budget.trials = trials,
                                    .backend = backend,
                                    .jobs = 2,
                                    .book = book,
                                    .finished = on_finished,
                                    .context = news};
    assert_ok(problem_parse(problem_text, &problem.problem));
    assert_ok(template_load(NULL, &templates, &n));
    options.templates = templates;
    options.n_templates = n;
    *news = (struct news){0};
    enum status status = sweep_run(&options, &problem, 1, summary);
    for (size_t i = 0; i < n; i++) manifest_free(templates[i]);
    free(templates);
    return status;
}

static void check_record(struct book *book)
{
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    struct record *record = calloc(1, sizeof *record);
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(problem_key(&problem, class_text, key));
    assert_ok(book_get_record(book, key, record));
    assert_true(record->n_entries >= 1);
    assert_int_equal(record->entries[0].evidence, EVIDENCE_MEASURED);
    assert_true(record->entries[0].verified);
    assert_true(record->entries[0].timing.flags & TIMING_INTERLEAVED);
    free(record);
}

/* ---- the library ---- */

#define assert_tb(call)                                                  \
    do {                                                                 \
        if ((call) != TB_OK) fail_msg("%s: %s", #call, tb_last_error()); \
    } while (0)

static void put(const struct device_api *api, struct device *device, const float *host, size_t n,
                void **there)
{
    assert_ok(api->allocate(device, n * sizeof *host, 256, there));
    assert_ok(api->upload(device, *there, host, n * sizeof *host));
}

static void launch(const char *book_path)
{
    const struct device_api *api = device_find(backend);
    struct device *device;
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;
    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    tb_explanation how = TB_EXPLANATION_INIT;
    float a[M * K], b[N * K], d[M * N];
    void *there[3], *workspace = NULL;
    size_t bytes, alignment;
    for (int i = 0; i < M * K; i++) a[i] = (float)(i % 7) - 3;
    for (int i = 0; i < N * K; i++) b[i] = (float)(i % 5) - 2;
    memset(d, 0xff, sizeof d);
    assert_ok(api->open(0, NULL, &device));
    put(api, device, a, M * K, &there[0]);
    put(api, device, b, N * K, &there[1]);
    put(api, device, d, M * N, &there[2]);
    assert_tb(tb_open(book_path, &book));
    assert_tb(tb_context_create(book, backend, 0, NULL, &context));
    problem.m = M, problem.n = N, problem.k = K, problem.layout = TB_NT;
    assert_tb(tb_gemm_plan(context, &problem, 0, &plan));
    assert_tb(tb_plan_explain(plan, &how));
    assert_string_equal(how.template_name, "gemm_simt");
    assert_int_equal(how.match, TB_EXACT);
    assert_true(how.expected_ns > 0);
    assert_tb(tb_gemm_workspace(plan, M, &bytes, &alignment));
    if (bytes) assert_ok(api->allocate(device, bytes, alignment, &workspace));
    args.m = M, args.n = N, args.k = K, args.a = there[0], args.b = there[1], args.d = there[2];
    args.workspace_bytes = bytes;
    assert_tb(tb_gemm_launch(plan, &args, workspace, NULL));
    assert_ok(api->synchronize(device, NULL));
    assert_ok(api->download(device, d, there[2], sizeof d));
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = 0;
            for (int p = 0; p < K; p++) sum += a[i * K + p] * b[j * K + p];
            assert_true(d[i * N + j] == sum);
        }
    tb_context_destroy(context);
    tb_close(book);
    for (int i = 0; i < 3; i++) api->release(device, there[i]);
    if (workspace) api->release(device, workspace);
    api->close(device);
}

/* ---- cases ---- */

static void test_sweep(void **state)
{
    struct news news;
    struct sweep_summary summary;
    char path[128];
    struct book *book = open_book(path);
    (void)state;
    assert_ok(sweep(book, 3, &news, &summary));
    assert_int_equal(news.n, 1);
    const struct sweep_result *result = &news.results[0];
    if (!result->has_best) fail_msg("%s", result->note);
    assert_string_equal(result->best.template_name, "gemm_simt");
    assert_int_equal(result->n_verdicts[VERDICT_OK] + result->n_verdicts[VERDICT_SLOW], 3);
    assert_int_equal(summary.trials, 3);
    assert_true(summary.busy_ns > 0 && summary.busy_ns < summary.total_ns);
    check_record(book);
    assert_ok(book_close(book));
    launch(path);
}

/* One fault among the trials of a sweep costs one trial, and the same command goes on where another ended. */
static void meet_faults(enum verdict verdict)
{
    struct news news;
    struct sweep_summary summary;
    char path[128];
    struct book *book = open_book(path);
    assert_ok(sweep(book, 4, &news, &summary));
    const struct sweep_result *result = &news.results[0];
    assert_int_equal(result->n_verdicts[verdict], 1);
    assert_int_equal(result->n_verdicts[VERDICT_OK] + result->n_verdicts[VERDICT_SLOW], 3);
    assert_true(result->has_best);
    assert_ok(sweep(book, 1, &news, &summary));
    assert_int_equal(news.results[0].recalled, 4);
    assert_ok(book_close(book));
}

static void test_sweep_meets_faults(void **state)
{
    (void)state;
    meet_faults(VERDICT_OUT_OF_BOUNDS);
}

static void test_sweep_hip(void **state)
{
    backend = "hip";
    class_text = "gfx942:4:5300";
    test_sweep(state);
}

/* ROCm ends the process of a kernel that strays. */
static void test_sweep_is_aborted_hip(void **state)
{
    (void)state;
    backend = "hip";
    meet_faults(VERDICT_CRASH);
}

#define SMALL "name=Small GPU;units=4;l2_bytes=16384"

static const struct gpu_case cases[] = {
    {"sweep", test_sweep, "cuda", SMALL, GPU_PASSES},
    {"sweep_meets_faults", test_sweep_meets_faults, "cuda",
     SMALL ";once=%s/once;async=CUDA_ERROR_ILLEGAL_ADDRESS after 9 launches", GPU_PASSES},
    {"sweep_hip", test_sweep_hip, "hip6", SMALL, GPU_PASSES},
    {"sweep_is_aborted_hip", test_sweep_is_aborted_hip, "hip6", SMALL ";once=%s/once;abort=after 9 launches",
     GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main_with_fakes(argc, argv, cases, sizeof cases / sizeof *cases, "sm_90a");
}
