/* Books for GPUs that are not here: the smaller problems that kernels are verified with, and a prediction
 * from the ranking to the record, with the real compiler where there is one. */
#include "tests/tuner/support.h"

#include "tuner/base/file.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/defaults_targets.h"
#include "tuner/launch/problem_key.h"
#include "tuner/predict.h"
#include "tuner/predict_small.h"
#include "tuner/tuning.h"

static char folder[64];
static struct manifest **templates;
static size_t n_templates;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tunebook-predict-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    setenv("XDG_CACHE_HOME", folder, 1);
    return template_load(NULL, &templates, &n_templates) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* ---- smaller problems ---- */

static int64_t value_of(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    return expr_eval(expr, slots, &value) == EXPR_FINE ? value : -1;
}

/* The launch of both does the same things, in one block where the whole does, in several where it does. */
static void check_path(const struct manifest *manifest, const int64_t *whole, const int64_t *small)
{
    assert_int_equal(value_of(&manifest->workspace_bytes, whole) > 0,
                     value_of(&manifest->workspace_bytes, small) > 0);
    for (uint32_t s = 0; s < manifest->n_steps; s++) {
        const struct manifest_step *step = &manifest->steps[s];
        bool runs = !step->has_when || value_of(&step->when, whole) != 0;
        assert_int_equal(runs, !step->has_when || value_of(&step->when, small) != 0);
        for (int d = 0; d < 3 && runs && step->entry; d++)
            assert_int_equal(value_of(&step->grid[d], whole) > 1, value_of(&step->grid[d], small) > 1);
    }
}

/* What the emulator is asked instead of the device: the configuration is one of the smaller problem's space
 * on the smaller device, the path is the same, what is left over behind the tiles, too, and it is small. */
static void check_small(const struct tuning *tuning, const char *class_text,
                        const struct configuration *configuration, unsigned *found, unsigned *lacking)
{
    const struct manifest *manifest = tuning->manifest;
    const struct problem *problem = tuning->scene->problem;
    struct predict_small small;
    int64_t slots[SLOT_COUNT], small_slots[SLOT_COUNT];
    struct text text = {0};
    memcpy(slots, tuning->slots, sizeof slots);
    space_values(tuning->space, configuration, slots);
    if (!predict_small(manifest, problem, slots, &small)) {
        (*lacking)++;
        if (getenv("TUNEBOOK_TEST_VERBOSE")) {
            char words[PROBLEM_TEXT_BYTES];
            manifest_print_configuration(manifest, slots, &text);
            problem_print(problem, words);
            print_message("none: %s, %s %s\n", words, manifest->name, text_string(&text));
            text_free(&text);
        }
        return;
    }
    (*found)++;
    struct device_facts facts;
    defaults_class_facts(class_text, tuning->scene->target, &facts);
    facts.value[DEVICE_FACT_units] = small.units;
    struct tuning_scene scene = {&small.problem, &facts, tuning->scene->target, NULL, ""};
    struct tuning there;
    struct configuration same;
    assert_ok(tuning_open(&scene, manifest, &there));
    manifest_print_configuration(manifest, slots, &text);
    if (!tuning_configuration(&there, text_string(&text), &same)) fail_msg("%s", text_string(&text));
    memcpy(small_slots, there.slots, sizeof small_slots);
    space_values(there.space, &same, small_slots);
    check_path(manifest, slots, small_slots);
    double products = (double)problem_size(&small.problem, "batch");
    static const char *const sizes[] = {"m", "n", "k"};
    for (int i = 0; i < 3; i++) {
        int64_t was = problem_size(problem, sizes[i]), is = problem_size(&small.problem, sizes[i]);
        products *= (double)is;
        assert_true(is <= was);
        if (is != was) assert_int_equal((was - is) % value_of(&manifest->model[i], slots), 0);
    }
    assert_true(products <= 6.1e8);
    tuning_close(&there);
    text_free(&text);
}

static void sample_template(const struct manifest *manifest, const char *class_text, const char *problem_text,
                            unsigned *found, unsigned *lacking)
{
    struct problem problem;
    struct device_facts facts;
    struct tuning tuning;
    struct rng rng;
    char target[32];
    uint32_t units, gbps;
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(class_parse(class_text, target, &units, &gbps));
    defaults_class_facts(class_text, target, &facts);
    struct tuning_scene scene = {&problem, &facts, target, NULL, ""};
    if (!manifest->has_model || tuning_open(&scene, manifest, &tuning) != STATUS_OK) return;
    rng_seed(&rng, 7);
    for (int i = 0; i < scaled(12); i++) {
        struct configuration configuration;
        assert_true(space_random(tuning.space, &rng, &configuration));
        check_small(&tuning, class_text, &configuration, found, lacking);
    }
    tuning_close(&tuning);
}

static void test_small(void **state)
{
    static const char *const classes[] = {"gfx942:304:5300", "sm_90a:132:3350"};
    static const char *const problems[] = {
        "gemm bf16 nt m=1 n=8192 k=8192",      "gemm bf16 nt m=16 n=1280 k=8192",
        "gemm bf16 nt m=200 n=7168 k=8192",    "gemm bf16 nn m=8192 n=16032 k=8190",
        "gemm f16 tn m=4097 n=511 k=3584",     "gemm bf16 nt swiglu m=512 n=7168 k=8192",
        "gemm f32 nn m=33 n=130 k=77 batch=3", "gemm bf16 tt bias+gelu m=300 n=4096 k=64"};
    unsigned found = 0, lacking = 0;
    (void)state;
    for (size_t t = 0; t < n_templates; t++)
        for (int c = 0; c < 2; c++)
            for (size_t p = 0; p < sizeof problems / sizeof *problems; p++)
                sample_template(templates[t], classes[c], problems[p], &found, &lacking);
    print_message("%u smaller problems; %u configurations have none\n", found, lacking);
    assert_true(found >= 100);
    assert_true(lacking <= found / 20);
}

/* ---- predictions ---- */

static void assert_same(const struct record *a, const struct record *b)
{
    struct text left = {0}, right = {0};
    record_encode(a, &left);
    record_encode(b, &right);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    text_free(&left);
    text_free(&right);
}

static const char problem_text[] = "gemm bf16 nt m=12 n=40 k=72";
static const char class_text[] = "gfx942:304:5300";

static struct book *open_book(const char *name)
{
    char path[128];
    struct book *book;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(book_open(path, BOOK_WRITE, &book));
    return book;
}

struct news {
    struct predict_result result;
    unsigned n;
    volatile int stop;
    unsigned stop_after; /* this many lines of news; 0: never */
    unsigned lines;
};

static void on_progress(void *context, double fraction, const char *line)
{
    struct news *news = context;
    assert_true(fraction >= 0 && fraction <= 1 && *line);
    if (++news->lines == news->stop_after) news->stop = 1;
}

static void on_finished(void *context, const struct predict_result *result)
{
    struct news *news = context;
    news->result = *result;
    news->n++;
}

static enum status predict(struct book *book, struct manifest *const *of, size_t n, struct news *news,
                           struct predict_summary *summary)
{
    struct sweep_problem problem = {.calls = 1};
    assert_ok(problem_parse(problem_text, &problem.problem));
    struct predict_options options = {.class_text = class_text,
                                      .templates = of,
                                      .n_templates = n,
                                      .jobs = 2,
                                      .book = book,
                                      .stop = &news->stop,
                                      .progress = on_progress,
                                      .finished = on_finished,
                                      .context = news};
    return predict_run(&options, &problem, 1, summary);
}

static void get_record(struct book *book, struct record *out)
{
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(problem_key(&problem, class_text, key));
    assert_ok(book_get_record(book, key, out));
}

static bool can_compile(void)
{
    const struct compiler_api *compiler;
    struct text identity = {0};
    bool can = compiler_for_target("gfx942", &compiler, &identity) == STATUS_OK;
    if (!can) print_message("SKIPPED: %s\n", status_message());
    text_free(&identity);
    return can;
}

/* The entries that the result names, in their order, with code for the target, called what they are. */
static void check_entries(struct book *book, const struct predict_result *result)
{
    static const struct hash none;
    struct record record = {0};
    get_record(book, &record);
    assert_int_equal(record.n_entries, result->n);
    for (uint32_t i = 0; i < record.n_entries; i++) {
        const struct record_entry *entry = &record.entries[i];
        struct value bytes, code;
        struct descriptor descriptor;
        assert_int_equal(entry->evidence, EVIDENCE_PREDICTED);
        assert_int_equal(entry->verified, 0);
        assert_int_equal(entry->measured_at_s, 0);
        assert_int_equal(entry->timing.samples, 0);
        assert_memory_equal(&entry->environment, &none, sizeof none);
        assert_true(entry->timing.median_ns > 1000); /* a launch takes more */
        assert_ok(book_get_descriptor(book, &entry->kernel, &bytes, &descriptor));
        assert_string_equal(descriptor.target, "gfx942");
        assert_true(descriptor.resources.registers > 0);
        assert_ok(book_get_code(book, &descriptor.code, &code));
        assert_memory_equal(code.bytes, "\177ELF", 4);
        bool named = false;
        for (size_t c = 0; c < result->n; c++)
            named |= strcmp(result->choices[c].configuration, descriptor.configuration) == 0;
        assert_true(named);
        value_free(&code);
        value_free(&bytes);
    }
}

static void test_predict(void **state)
{
    struct news news = {0}, again = {0};
    struct predict_summary summary;
    struct record before = {0}, after = {0};
    (void)state;
    if (!can_compile()) return;
    struct book *book = open_book("whole.book");
    assert_ok(predict(book, templates, n_templates, &news, &summary));
    assert_int_equal(news.n, 1);
    if (!news.result.n) fail_msg("%s", news.result.note);
    assert_int_equal(news.result.n, PREDICT_KEPT);
    assert_int_equal(summary.entries, PREDICT_KEPT);
    assert_true(summary.verified >= PREDICT_KEPT && summary.compiled >= PREDICT_KEPT);
    for (size_t i = 1; i < news.result.n; i++)
        assert_true(news.result.choices[i].predicted_ns >= news.result.choices[i - 1].predicted_ns ||
                    news.result.choices[i].spill_bytes > news.result.choices[i - 1].spill_bytes);
    check_entries(book, &news.result);
    get_record(book, &before);
    assert_ok(predict(book, templates, n_templates, &again, &summary));
    get_record(book, &after);
    assert_same(&before, &after);
    assert_int_equal(summary.compiled, 0);
    assert_int_equal(summary.verified, 0);
    assert_true(summary.recalled >= PREDICT_KEPT);
    assert_ok(book_close(book));
}

/* Stopped at each of its stages it goes on from there, and ends where the other one did. */
static void test_resumes(void **state)
{
    struct record whole = {0}, resumed = {0};
    struct predict_summary summary;
    (void)state;
    if (!can_compile()) return;
    struct book *book = open_book("whole.book"); /* of the test before */
    get_record(book, &whole);
    assert_ok(book_close(book));
    book = open_book("stopped.book");
    for (unsigned stage = 1; stage <= 3; stage++) {
        struct news news = {.stop_after = stage};
        assert_int_equal(predict(book, templates, n_templates, &news, &summary), STATUS_INTERRUPTED);
        assert_non_null(strstr(status_message(), "the same command resumes"));
        assert_int_equal(news.n, 0);
    }
    struct news news = {0};
    assert_ok(predict(book, templates, n_templates, &news, &summary));
    assert_int_equal(summary.compiled, 0); /* they are in the cache */
    get_record(book, &resumed);
    assert_same(&whole, &resumed);
    assert_ok(book_close(book));
}

/* What was measured stays, and in front; former predictions go. */
static void test_beside_measured(void **state)
{
    struct record record = {0};
    struct predict_summary summary;
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    (void)state;
    if (!can_compile()) return;
    struct book *book = open_book("whole.book");
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(problem_key(&problem, class_text, key));
    get_record(book, &record);
    struct hash kernel = record.entries[PREDICT_KEPT - 1].kernel; /* the last of them, and now the fastest */
    struct record_entry measured = {.kernel = kernel,
                                    .evidence = EVIDENCE_MEASURED,
                                    .verified = 1,
                                    .timing = {.median_ns = 9000000, .high_ns = 9000000, .samples = 5}};
    assert_ok(book_put_environment(book, "{\"device\":\"a test\"}", &measured.environment));
    assert_ok(book_put_entry(book, key, &measured, 0, "", 0));
    struct news news = {0};
    assert_ok(predict(book, templates, n_templates, &news, &summary));
    memset(&record, 0, sizeof record);
    get_record(book, &record);
    assert_int_equal(record.n_entries, PREDICT_KEPT); /* it, and the two others */
    assert_int_equal(record.entries[0].evidence, EVIDENCE_MEASURED);
    assert_memory_equal(&record.entries[0].kernel, &kernel, sizeof kernel);
    for (uint32_t i = 1; i < record.n_entries; i++)
        assert_int_equal(record.entries[i].evidence, EVIDENCE_PREDICTED);
    assert_ok(book_close(book));
}

/* A template that computes something else compiles, and none of its kernels gets into the book. */
static void test_wrong_template(void **state)
{
    static const char right[] = "gpu_barrier();";
    struct manifest *simt = NULL, *wrong;
    struct predict_summary summary;
    struct news news = {0};
    struct record record;
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    (void)state;
    if (!can_compile()) return;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, "gemm_simt") == 0) simt = templates[i];
    assert_non_null(simt);
    char *source = strdup(simt->source);
    unsigned n = 0;
    for (char *at = source; (at = strstr(at, right)); n++) memset(at, ' ', sizeof right - 2); /* leaves ';' */
    assert_true(n > 0);
    assert_ok(manifest_parse("a test", simt->json, strlen(simt->json), source, &wrong));
    struct book *book = open_book("wrong.book");
    assert_ok(predict(book, &wrong, 1, &news, &summary));
    assert_int_equal(news.result.n, 0);
    assert_true(news.result.n_rejected >= PREDICT_KEPT);
    assert_int_equal(summary.failed, news.result.n_rejected);
    if (!strstr(news.result.note, "race")) fail_msg("%s", news.result.note);
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(problem_key(&problem, class_text, key));
    assert_int_equal(book_get_record(book, key, &record), STATUS_NOT_FOUND);
    assert_ok(book_close(book));
    manifest_free(wrong);
    free(source);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_predict),
                                       cmocka_unit_test(test_resumes), cmocka_unit_test(test_beside_measured),
                                       cmocka_unit_test(test_wrong_template)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
