/* Sweeps of several problems: everybody is tuned, problems learn from each other, an interruption loses
 * nothing. */
#include "tests/tuner/support.h"
#include "tuner/base/file.h"
#include "tuner/sweep.h"
#include "tuner/sweep_internal.h"

/* The kernel of the command line's tests. What is good comes last in the order of the space. */
static const char manifest_json[] =
    "{\"name\": \"naive\", \"op\": \"gemm\", \"source\": \"naive.kernel\",\n"
    " \"targets\": [\"x86-64\", \"x86-64-v2\", \"x86-64-v3\", \"x86-64-v4\", \"armv8-a\", \"generic\"],\n"
    " \"accepts\": [\"a_type == f32 && b_type == f32 && d_type == f32\", \"layout == nn\", \"act == none\", "
    "\"bias == 0\"],\n"
    " \"parameters\": {\"UNROLL\": [1, 2], \"MODE\": [\"slow\", \"wrong\", \"broken\", \"good\"]},\n"
    " \"where\": [\"MODE == good || UNROLL == 1\"],\n"
    " \"launch\": [{\"entry\": \"naive\", \"grid\": [\"m\", \"1\", \"batch\"], \"block\": [\"1\", \"1\", "
    "\"1\"]}],\n"
    " \"default\": {\"UNROLL\": 1, \"MODE\": \"slow\"}}\n";

enum { CONFIGURATIONS = 5, PROBLEMS_MAX = 4 };

static char folder[256];
static struct manifest **templates;
static size_t n_templates;

static int set_up(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    char path[400], command[900];
    snprintf(folder, sizeof folder, "%s/sweep-many-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/cache", folder);
    setenv("XDG_CACHE_HOME", path, 1);
    snprintf(path, sizeof path, "%s/naive.json", folder);
    if (file_publish(path, manifest_json, strlen(manifest_json), 0644) != STATUS_OK) return -1;
    snprintf(command, sizeof command, "cp '%s/tests/cli/templates/naive.kernel' '%s'", test_root(), folder);
    if (system(command)) return -1;
    return template_load(folder, &templates, &n_templates) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[400];
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* --- Sweeps. --- */

struct run {
    struct sweep_options options;
    struct sweep_result results[PROBLEMS_MAX]; /* by index */
    size_t n_results, stop_after;              /* stop_after: lines of progress; 0: never */
    int stop;
    struct sweep_summary summary;
};

static void note_result(void *context, const struct sweep_result *result)
{
    struct run *run = context;
    assert_true(result->index < PROBLEMS_MAX && !run->results[result->index].problem.op);
    run->results[result->index] = *result;
    run->n_results++;
}

static void note_progress(void *context, double fraction, const char *line)
{
    struct run *run = context;
    (void)line;
    assert_true(fraction >= 0 && fraction <= 1);
    if (run->stop_after && --run->stop_after == 0) run->stop = 1;
}

static enum status sweep(const char *book_name, const char *const *problems, size_t n, struct run *run)
{
    struct sweep_problem list[PROBLEMS_MAX];
    struct book *book;
    char path[400];
    snprintf(path, sizeof path, "%s/%s.book", folder, book_name);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct sweep_problem){.calls = 1 + (double)i};
        assert_ok(problem_parse(problems[i], &list[i].problem));
    }
    assert_ok(book_open(path, BOOK_WRITE, &book));
    run->options.backend = "cpu";
    run->options.threads = 1;
    run->options.templates = templates;
    run->options.n_templates = n_templates;
    run->options.book = book;
    run->options.strategy = "exhaustive";
    run->options.finished = note_result;
    run->options.progress = note_progress;
    run->options.stop = &run->stop;
    run->options.context = run;
    enum status status = sweep_run(&run->options, list, n, &run->summary);
    assert_ok(book_close(book));
    return status;
}

/* Far too much time for spaces so small: it ends when they do. */
static const struct sweep_budget plenty = {.time_ns = 600000000000u};

static const char *const three[] = {"gemm f32 nn m=40 n=24 k=24", "gemm f32 nn m=8 n=24 k=24",
                                    "gemm f32 nn m=16 n=48 k=24"};

static void assert_tuned(const struct sweep_result *result, size_t index)
{
    struct problem problem;
    assert_ok(problem_parse(three[index], &problem));
    assert_memory_equal(&result->problem, &problem, sizeof problem);
    assert_true(result->calls == 1 + (double)index);
    assert_int_equal(result->n_verdicts[VERDICT_OK] + result->n_verdicts[VERDICT_SLOW], 3);
    assert_int_equal(result->n_verdicts[VERDICT_WRONG], 1);
    assert_int_equal(result->n_verdicts[VERDICT_COMPILE_ERROR], 1);
    assert_true(result->has_best && result->has_default);
    assert_non_null(strstr(result->best.configuration, "MODE=good"));
    assert_true(result->best_against_default.median > 1.5);
    assert_true(result->open_ns && result->finals_ns &&
                result->total_ns >= result->open_ns + result->finals_ns + result->trial_ns);
}

static void test_everybody_is_tuned(void **state)
{
    (void)state;
    struct run first = {.options.budget = plenty}, second = {.options.budget = plenty};
    assert_ok(sweep("all", three, 3, &first));
    assert_int_equal(first.n_results, 3);
    assert_int_equal(first.summary.problems, 3);
    assert_int_equal(first.summary.tuned, 3);
    assert_int_equal(first.summary.trials, 3 * CONFIGURATIONS);
    for (size_t i = 0; i < 3; i++) assert_tuned(&first.results[i], i);
    /* The kernels are the same for all: each is compiled once. */
    assert_int_equal(first.summary.compiled + first.summary.compile_hits, 3 * CONFIGURATIONS);
    assert_int_equal(first.summary.compiled, CONFIGURATIONS + 2); /* errors are not kept */
    assert_ok(sweep("all", three, 3, &second));
    assert_int_equal(second.summary.trials, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_tuned(&second.results[i], i);
        assert_int_equal(second.results[i].recalled, CONFIGURATIONS);
    }
}

static void test_an_interruption_loses_nothing(void **state)
{
    (void)state;
    struct run first = {.options.budget = plenty, .stop_after = 7}, second = {.options.budget = plenty};
    assert_int_equal(sweep("stop", three, 3, &first), STATUS_INTERRUPTED);
    assert_true(first.summary.interrupted);
    assert_true(first.summary.trials >= 3 && first.summary.trials < 3 * CONFIGURATIONS);
    assert_true(first.n_results >= 1 && first.n_results == first.summary.problems);
    assert_ok(sweep("stop", three, 3, &second));
    assert_int_equal(first.summary.trials + second.summary.trials, 3 * CONFIGURATIONS);
    for (size_t i = 0; i < 3; i++) assert_tuned(&second.results[i], i);
}

static void test_a_problem_without_a_template_is_told(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm f32 nt m=8 n=24 k=24", "gemm f32 nn m=8 n=24 k=24"};
    struct run run = {.options.budget = plenty};
    assert_ok(sweep("without", problems, 2, &run));
    assert_int_equal(run.n_results, 2);
    assert_false(run.results[0].has_best);
    assert_non_null(strstr(run.results[0].note, "layout == nn"));
    assert_true(run.results[1].has_best);
}

/* Two trials are not enough to come to what is good in the order of the space: the default and one more. The
 * neighbour is too far for a record of the book to be its start. */
static void test_a_neighbour_starts_where_another_got(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm f32 nn m=8 n=24 k=24", "gemm f32 nn m=64 n=24 k=24"};
    struct run alone = {.options.budget.trials = 2}, before = {.options.budget.trials = CONFIGURATIONS},
               both = {.options.budget.trials = 2};
    assert_ok(sweep("alone", problems + 1, 1, &alone));
    assert_null(strstr(alone.results[0].best.configuration, "MODE=good"));
    assert_ok(sweep("learned", problems, 1, &before));
    assert_ok(sweep("learned", problems, 2, &both));
    assert_int_equal(both.summary.trials, 2);
    assert_non_null(strstr(both.results[1].best.configuration, "MODE=good"));
}

/* --- What is found later. --- */

struct stage {
    struct sweep sweep;
    struct sweep_task *tasks[PROBLEMS_MAX];
    struct prospect prospects[PROBLEMS_MAX];
    const struct device_api *api;
    struct device *device;
};

static void stage_open(struct stage *stage, const char *const *problems, size_t n)
{
    static struct sweep_summary summary;
    static struct sweep_options options = {.backend = "cpu"};
    struct sweep_problem list[PROBLEMS_MAX] = {0};
    struct device_options device_options = {.threads = 1};
    stage->api = device_find("cpu");
    assert_ok(stage->api->open(0, &device_options, &stage->device));
    stage->sweep = (struct sweep){
        .options = &options, .info = stage->api->info(stage->device), .summary = &summary, .n_problems = n};
    for (size_t i = 0; i < n; i++) assert_ok(problem_parse(problems[i], &list[i].problem));
    assert_ok(sweep_lessons_begin(&stage->sweep, list, n));
    for (size_t i = 0; i < n; i++) {
        struct sweep_task *task;
        assert_ok(sweep_task_create(&stage->sweep, &list[i], i, &task));
        struct tuning *tuning = &task->tunings[task->n_tunings++];
        assert_ok(tuning_open(&task->scene, templates[0], tuning));
        struct search_options search = {.strategy = "exhaustive"};
        assert_ok(search_create(tuning->space, &search, &tuning->search));
        stage->tasks[i] = task;
        prospect_begin(&stage->prospects[i], 1, 1e6, 0.3);
    }
}

static void stage_close(struct stage *stage)
{
    for (size_t i = 0; i < stage->sweep.n_problems; i++) sweep_task_close(stage->tasks[i]);
    free(stage->sweep.lessons);
    stage->api->close(stage->device);
}

/* The task has tried a configuration that takes so long. */
static void tried(struct sweep_task *task, const char *text, enum verdict verdict, uint64_t median_ns)
{
    struct tuning *tuning = &task->tunings[0];
    struct candidate candidate = {.tuning = tuning};
    struct timing timing = {.median_ns = median_ns, .high_ns = median_ns};
    task->fresh_trials++;
    task->result.trial_ns += 1000;
    assert_true(tuning_configuration(tuning, text, &candidate.configuration));
    assert_ok(sweep_note(task, &candidate, verdict, &timing, false));
}

static bool next_is(struct sweep_task *task, const char *text)
{
    struct configuration expected, next;
    bool finished;
    assert_true(tuning_configuration(&task->tunings[0], text, &expected));
    assert_int_equal(search_ask(task->tunings[0].search, &next, 1, &finished), 1);
    return memcmp(&next, &expected, sizeof next) == 0;
}

static void test_what_is_found_later_is_suggested(void **state)
{
    (void)state;
    /* Two neighbours of the first, one of them nearer; one problem is of other words, so no neighbour. */
    static const char *const problems[] = {"gemm f32 nn m=8 n=24 k=24", "gemm f32 nn m=16 n=24 k=24",
                                           "gemm f32 nn m=64 n=24 k=24", "gemm f32 nn al=2222 m=8 n=24 k=24"};
    struct stage stage = {0};
    stage_open(&stage, problems, 4);
    struct sweep_task *first = stage.tasks[0];
    for (size_t i = 1; i < 3; i++) tried(stage.tasks[i], "UNROLL=1,MODE=broken", VERDICT_COMPILE_ERROR, 0);
    tried(first, "UNROLL=1,MODE=slow", VERDICT_OK, 2000);
    tried(first, "UNROLL=1,MODE=wrong", VERDICT_WRONG, 0);
    sweep_lessons_take(first);
    sweep_lessons_spread(&stage.sweep, 0, stage.tasks, stage.prospects);
    assert_true(stage.prospects[1].hint == 0); /* nothing was gained yet, but it is news */
    assert_true(next_is(stage.tasks[1], "UNROLL=1,MODE=slow"));
    tried(first, "UNROLL=2,MODE=good", VERDICT_SLOW, 900); /* slow is no lesson */
    sweep_lessons_take(first);
    sweep_lessons_spread(&stage.sweep, 0, stage.tasks, stage.prospects);
    assert_true(stage.prospects[1].hint == 0);
    tried(first, "UNROLL=1,MODE=good", VERDICT_OK, 1000);
    sweep_lessons_take(first);
    sweep_lessons_spread(&stage.sweep, 0, stage.tasks, stage.prospects);
    assert_true(stage.prospects[1].hint > stage.prospects[2].hint && stage.prospects[2].hint > 0);
    assert_true(stage.prospects[0].hint == 0 && stage.prospects[3].hint == 0);
    assert_true(next_is(stage.tasks[1], "UNROLL=1,MODE=good"));
    assert_true(next_is(stage.tasks[2], "UNROLL=1,MODE=slow")); /* the first suggestion still waits */
    assert_true(next_is(stage.tasks[2], "UNROLL=1,MODE=good"));
    assert_false(next_is(stage.tasks[3], "UNROLL=1,MODE=good"));
    stage_close(&stage);
}

static void test_starts_come_from_the_nearest_first(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm f32 nn m=8 n=24 k=24", "gemm f32 nn m=32 n=24 k=24",
                                           "gemm f32 nn m=16 n=24 k=24", "gemm f32 nn m=4096 n=24 k=24"};
    struct stage stage = {0};
    struct configuration starts[SWEEP_LESSON_STARTS], expected;
    stage_open(&stage, problems, 4);
    tried(stage.tasks[1], "UNROLL=1,MODE=good", VERDICT_OK, 10);
    tried(stage.tasks[1], "UNROLL=1,MODE=slow", VERDICT_OK, 30);
    tried(stage.tasks[2], "UNROLL=2,MODE=good", VERDICT_OK, 2000);
    tried(stage.tasks[2], "UNROLL=1,MODE=slow", VERDICT_OK, 3000); /* the default: a start anyway */
    tried(stage.tasks[3], "UNROLL=1,MODE=slow", VERDICT_OK, 1);    /* nine octaves away */
    for (size_t i = 1; i < 4; i++) sweep_lessons_take(stage.tasks[i]);
    struct tuning *tuning = &stage.tasks[0]->tunings[0];
    assert_int_equal(sweep_lessons_starts(stage.tasks[0], tuning, starts, SWEEP_LESSON_STARTS), 2);
    assert_true(tuning_configuration(tuning, "UNROLL=2,MODE=good", &expected));
    assert_memory_equal(&starts[0], &expected, sizeof expected);
    assert_true(tuning_configuration(tuning, "UNROLL=1,MODE=good", &expected));
    assert_memory_equal(&starts[1], &expected, sizeof expected);
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_is_tuned),
        cmocka_unit_test(test_an_interruption_loses_nothing),
        cmocka_unit_test(test_a_problem_without_a_template_is_told),
        cmocka_unit_test(test_a_neighbour_starts_where_another_got),
        cmocka_unit_test(test_what_is_found_later_is_suggested),
        cmocka_unit_test(test_starts_come_from_the_nearest_first),
    };
    return cmocka_run_group_tests_name("sweep_many", tests, set_up, tear_down);
}
