/* A book for a GPU that is not here, taken to where it is: filled without it, served by the library as what
 * it is, confirmed on the device, served as measured. Fake drivers are the GPU, the fakes of
 * NVRTC and hiprtc its compilers. */
#include "frontends/runtime/tunebook.h"
#include "tests/device/gpu_fakes.h"
#include "tuner/launch/problem_key.h"
#include "tuner/predict.h"

static const char problem_text[] = "gemm f32 nt m=20 n=24 k=32";
enum { M = 20, N = 24, K = 32 };
static const char *backend = "cuda";

/* ---- predicting and confirming ---- */

struct scene {
    char path[128], class_text[CLASS_TEXT_BYTES];
    struct book *book;
    struct manifest **templates;
    size_t n_templates;
    struct sweep_problem problem;
    char key[KEY_BYTES_MAX + 1];
    size_t n_confirmed; /* by the last confirmation */
    struct sweep_confirmed confirmed[16];
    struct sweep_result result;
};

static void open_scene(struct scene *scene)
{
    const struct device_api *api = device_find(backend);
    struct device *device;
    *scene = (struct scene){.problem.calls = 1};
    setenv("TUNEBOOK_SLOW", "20", 1); /* deadlines are of the clock on the wall, and other tests run beside */
    assert_ok(api->open(0, NULL, &device));
    snprintf(scene->class_text, sizeof scene->class_text, "%s", api->info(device)->class_text);
    api->close(device);
    snprintf(scene->path, sizeof scene->path, "%s/gpu.book", gpu_scratch);
    assert_ok(book_open(scene->path, BOOK_WRITE, &scene->book));
    assert_ok(template_load(NULL, &scene->templates, &scene->n_templates));
    assert_ok(problem_parse(problem_text, &scene->problem.problem));
    assert_ok(problem_key(&scene->problem.problem, scene->class_text, scene->key));
}

static void close_scene(struct scene *scene)
{
    for (size_t i = 0; i < scene->n_templates; i++) manifest_free(scene->templates[i]);
    free(scene->templates);
    assert_ok(book_close(scene->book));
}

static void predict(struct scene *scene)
{
    struct predict_summary summary;
    struct predict_options options = {.class_text = scene->class_text,
                                      .templates = scene->templates,
                                      .n_templates = scene->n_templates,
                                      .jobs = 2,
                                      .book = scene->book};
    assert_ok(predict_run(&options, &scene->problem, 1, &summary));
    assert_int_equal(summary.entries, PREDICT_KEPT);
}

static void on_finished(void *context, const struct sweep_result *result)
{
    struct scene *scene = context;
    scene->result = *result;
    scene->n_confirmed = result->n_confirmed < 16 ? result->n_confirmed : 16;
    for (size_t i = 0; i < scene->n_confirmed; i++) scene->confirmed[i] = result->confirmed[i];
}

static void confirm(struct scene *scene)
{
    struct sweep_summary summary;
    struct sweep_options options = {.backend = backend,
                                    .jobs = 2,
                                    .templates = scene->templates,
                                    .n_templates = scene->n_templates,
                                    .confirm = true,
                                    .book = scene->book,
                                    .finished = on_finished,
                                    .context = scene};
    scene->n_confirmed = 0;
    assert_ok(sweep_run(&options, &scene->problem, 1, &summary));
}

static unsigned count(const struct record *record, enum evidence evidence)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < record->n_entries; i++) n += record->entries[i].evidence == evidence;
    return n;
}

/* ---- the library ---- */

#define assert_tb(call)                                                  \
    do {                                                                 \
        if ((call) != TB_OK) fail_msg("%s: %s", #call, tb_last_error()); \
    } while (0)

static tb_evidence evidence_of(const char *path)
{
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;
    tb_explanation how = TB_EXPLANATION_INIT;
    assert_tb(tb_open(path, &book));
    assert_tb(tb_context_create(book, backend, 0, NULL, &context));
    problem.m = M, problem.n = N, problem.k = K, problem.layout = TB_NT;
    assert_tb(tb_gemm_plan(context, &problem, 0, &plan));
    assert_tb(tb_plan_explain(plan, &how));
    assert_int_equal(how.match, TB_EXACT);
    assert_true(how.expected_ns > 0);
    tb_evidence evidence = how.evidence;
    tb_context_destroy(context);
    tb_close(book);
    return evidence;
}

/* ---- cases ---- */

static void check_ranks(const struct scene *scene)
{
    for (size_t i = 0; i < scene->n_confirmed; i++) {
        const struct sweep_confirmed *one = &scene->confirmed[i];
        size_t faster = 0;
        assert_true(one->rank_before <= PREDICT_KEPT);
        for (size_t j = 0; j < scene->n_confirmed; j++)
            faster += scene->confirmed[j].measured_ns && scene->confirmed[j].measured_ns < one->measured_ns;
        assert_int_equal(one->rank_after, one->verdict == VERDICT_OK ? faster + 1 : 0);
        assert_int_equal(one->measured_ns > 0, one->verdict == VERDICT_OK);
        assert_false(one->kept && one->verdict != VERDICT_OK);
    }
}

static void test_confirm(void **state)
{
    struct scene scene;
    struct record record = {0};
    (void)state;
    open_scene(&scene);
    predict(&scene);
    assert_int_equal(evidence_of(scene.path), TB_PREDICTED);
    confirm(&scene);
    assert_true(scene.result.has_best && scene.result.has_default);
    assert_int_equal(scene.n_confirmed, 1 + PREDICT_KEPT);
    assert_int_equal(scene.confirmed[0].evidence, EVIDENCE_DEFAULT);
    for (size_t i = 1; i < scene.n_confirmed; i++) {
        assert_int_equal(scene.confirmed[i].evidence, EVIDENCE_PREDICTED);
        assert_int_equal(scene.confirmed[i].verdict, VERDICT_OK);
        assert_int_equal(scene.confirmed[i].rank_before, i);
        assert_true(scene.confirmed[i].before_ns > 0);
    }
    check_ranks(&scene);
    assert_ok(book_get_record(scene.book, scene.key, &record));
    assert_int_equal(count(&record, EVIDENCE_PREDICTED), 0);
    assert_true(count(&record, EVIDENCE_MEASURED) >= 1);
    assert_true(record.default_ns > 0 && record.entries[0].verified);
    assert_int_equal(evidence_of(scene.path), TB_MEASURED);
    confirm(&scene); /* nothing is left */
    assert_int_equal(scene.n_confirmed, 0);
    assert_string_equal(scene.result.note, "nothing to confirm");
    close_scene(&scene);
}

/* What was measured under another environment is measured again, and its old time goes. */
static void test_stale(void **state)
{
    struct scene scene;
    struct record record = {0};
    struct record_entry stale;
    (void)state;
    open_scene(&scene);
    predict(&scene);
    confirm(&scene);
    assert_ok(book_get_record(scene.book, scene.key, &record));
    stale = record.entries[0];
    struct hash kernel = stale.kernel, here = stale.environment;
    assert_ok(book_put_environment(scene.book, "{\"driver\":\"an older one\"}", &stale.environment));
    stale.timing.median_ns = stale.timing.high_ns = 1;
    struct book_finals finals = {
        .entries = &stale, .n_entries = 1, .environment = &here, .measured = &kernel, .n_measured = 1};
    assert_ok(book_put_finals(scene.book, scene.key, &finals));
    confirm(&scene);
    assert_true(scene.n_confirmed >= 1);
    check_ranks(&scene);
    assert_ok(book_get_record(scene.book, scene.key, &record));
    assert_true(record.n_entries >= 1);
    for (uint32_t i = 0; i < record.n_entries; i++) {
        assert_memory_equal(&record.entries[i].environment, &here, sizeof here);
        assert_true(record.entries[i].timing.median_ns > 1);
    }
    close_scene(&scene);
}

/* A prediction that does not pass on the device is served no longer. */
static void test_fails_there(void **state)
{
    struct scene scene;
    struct record record = {0};
    size_t failed = 0;
    (void)state;
    open_scene(&scene);
    predict(&scene);
    confirm(&scene);
    assert_int_equal(scene.n_confirmed, 1 + PREDICT_KEPT);
    for (size_t i = 0; i < scene.n_confirmed; i++) {
        if (scene.confirmed[i].verdict == VERDICT_OK) continue;
        assert_int_equal(scene.confirmed[i].verdict, VERDICT_OUT_OF_BOUNDS);
        assert_true(*scene.confirmed[i].detail && !scene.confirmed[i].kept);
        failed++;
    }
    assert_int_equal(failed, 1);
    check_ranks(&scene);
    assert_ok(book_get_record(scene.book, scene.key, &record));
    assert_int_equal(count(&record, EVIDENCE_PREDICTED), 0);
    assert_true(count(&record, EVIDENCE_MEASURED) >= 1);
    close_scene(&scene);
}

#define SMALL "name=Small GPU;units=4;l2_bytes=16384"

static void test_confirm_hip(void **state)
{
    backend = "hip";
    test_confirm(state);
}

static const struct gpu_case cases[] = {
    {"confirm", test_confirm, "cuda", SMALL, GPU_PASSES},
    {"confirm_hip", test_confirm_hip, "hip6", SMALL, GPU_PASSES},
    {"stale", test_stale, "cuda", SMALL, GPU_PASSES},
    {"fails_there", test_fails_there, "cuda",
     SMALL ";once=%s/once;async=CUDA_ERROR_ILLEGAL_ADDRESS after 9 launches", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main_with_fakes(argc, argv, cases, sizeof cases / sizeof *cases, "sm_90a");
}
