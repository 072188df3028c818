/* The whole loop on a small template of the test's own: what wins, and what is remembered. */
#include "tests/tuner/naive_sweep.h"
#include "tuner/launch/problem_key.h"

static void test_key(char key[KEY_BYTES_MAX + 1])
{
    struct problem problem;
    assert_int_equal(problem_parse("gemm f32 nn m=24 n=24 k=24", &problem), STATUS_OK);
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.threads = 1, .measure_class = true};
    struct device *device;
    assert_int_equal(api->open(0, &options, &device), STATUS_OK);
    assert_int_equal(problem_key(&problem, api->info(device)->class_text, key), STATUS_OK);
    api->close(device);
}

static void every_way_to_end_gets_its_verdict(void **state)
{
    (void)state;
    char book[300];
    snprintf(book, sizeof book, "%s/verdicts.book", folder);
    struct run run = {.log = -1};
    assert_swept(book, &run);
    const struct sweep_result *result = &run.result;
    assert_int_equal(result->n_verdicts[VERDICT_WRONG], 2);
    assert_int_equal(result->n_verdicts[VERDICT_CRASH], 2);
    assert_int_equal(result->n_verdicts[VERDICT_COMPILE_ERROR], 2);
    assert_int_equal(result->n_verdicts[VERDICT_OK] + result->n_verdicts[VERDICT_SLOW], 6);
    assert_int_equal(run.summary.trials, CONFIGURATIONS);
    assert_true(result->has_best);
    assert_true(result->has_default);
    assert_non_null(strstr(result->best.configuration, "MODE=good"));
    assert_non_null(strstr(result->fallback.configuration, "MODE=slow"));
    assert_true(result->best_against_default.median > 2.0);
}

static void a_second_sweep_remembers(void **state)
{
    (void)state;
    char book[300];
    snprintf(book, sizeof book, "%s/memory.book", folder);
    struct run first = {.log = -1}, second = {.log = -1}, fresh = {.log = -1, .options.fresh = true};
    assert_swept(book, &first);
    assert_swept(book, &second);
    assert_int_equal(second.summary.trials, 0);
    assert_int_equal(second.result.recalled, CONFIGURATIONS);
    assert_true(second.result.has_best);
    assert_swept(book, &fresh);
    assert_int_equal(fresh.summary.trials, CONFIGURATIONS);
}

/* The record of the test's problem; the caller frees. */
static struct record *read_record(const char *path)
{
    char key[KEY_BYTES_MAX + 1];
    struct book *book;
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    test_key(key);
    assert_int_equal(book_open(path, BOOK_READ, &book), STATUS_OK);
    assert_int_equal(book_get_record(book, key, record), STATUS_OK);
    assert_int_equal(book_close(book), STATUS_OK);
    return record;
}

static void assert_configuration(const char *path, const struct hash *kernel, const char *configuration)
{
    struct book *book;
    struct value bytes;
    struct descriptor *descriptor = calloc(1, sizeof *descriptor);
    assert_int_equal(book_open(path, BOOK_READ, &book), STATUS_OK);
    assert_int_equal(book_get_descriptor(book, kernel, &bytes, descriptor), STATUS_OK);
    assert_string_equal(descriptor->configuration, configuration);
    value_free(&bytes);
    assert_int_equal(book_close(book), STATUS_OK);
    free(descriptor);
}

static void the_record_answers_with_the_winner(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/record.book", folder);
    struct run run = {.log = -1};
    assert_swept(path, &run);
    struct record *record = read_record(path);
    assert_true(record->n_entries >= 2); /* the default is always kept */
    assert_int_equal(record->entries[0].evidence, EVIDENCE_MEASURED);
    assert_int_equal(record->entries[0].timing.median_ns, run.result.best.timing.median_ns);
    assert_int_equal(record->default_ns, run.result.fallback.timing.median_ns);
    assert_configuration(path, &record->entries[0].kernel, run.result.best.configuration);
    free(record);
}

/* An entry as a lucky hour would have left it: 1 ns, of very many samples. */
static void put_lucky(const char *path, const struct record_entry *like, const struct hash *environment)
{
    char key[KEY_BYTES_MAX + 1];
    struct book *book;
    struct record_entry lucky = *like;
    lucky.environment = *environment;
    lucky.timing = (struct timing){1, 1, 1, 1, 1, 1, UINT32_MAX, 1, TIMING_INTERLEAVED};
    test_key(key);
    assert_int_equal(book_open(path, BOOK_WRITE, &book), STATUS_OK);
    assert_int_equal(book_put_entry(book, key, &lucky, 0, NULL, 0), STATUS_OK);
    assert_int_equal(book_close(book), STATUS_OK);
}

static void a_lucky_hour_does_not_win_for_good(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/lucky.book", folder);
    struct run first = {.log = -1}, second = {.log = -1};
    assert_swept(path, &first);
    struct record *record = read_record(path);
    const struct record_entry *slow = &record->entries[record->n_entries - 1];
    struct hash elsewhere = sha256_of("elsewhere", 9);
    assert_configuration(path, &slow->kernel, first.result.fallback.configuration);
    put_lucky(path, slow, &slow->environment);
    put_lucky(path, slow, &elsewhere);
    assert_swept(path, &second);
    struct record *after = read_record(path);
    assert_true(after->entries[0].timing.median_ns > 1);
    assert_true(second.result.best_against_default.median > 2.0);
    assert_configuration(path, &after->entries[0].kernel, second.result.best.configuration);
    for (uint32_t i = 0; i < after->n_entries; i++)
        assert_memory_equal(&after->entries[i].environment, &slow->environment, sizeof(struct hash));
    free(record);
    free(after);
}

/* Its own trials are one, the slow default's; the winner comes from the record. */
static void a_short_fresh_sweep_keeps_the_winner(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/champion.book", folder);
    struct run first = {.log = -1};
    struct run fresh = {.log = -1, .options.fresh = true, .options.budget.trials = 1};
    assert_swept(path, &first);
    assert_swept(path, &fresh);
    assert_int_equal(fresh.summary.trials, 1);
    assert_true(fresh.result.best_against_default.median > 2.0);
    struct record *record = read_record(path);
    assert_configuration(path, &record->entries[0].kernel, fresh.result.best.configuration);
    assert_non_null(strstr(fresh.result.best.configuration, "MODE=good"));
    free(record);
}

static void a_dry_run_only_counts(void **state)
{
    (void)state;
    struct manifest **templates;
    size_t n;
    struct sweep_problem problem = {.calls = 1};
    struct run run = {.log = -1};
    assert_int_equal(problem_parse("gemm f32 nn m=24 n=24 k=24", &problem.problem), STATUS_OK);
    assert_int_equal(template_load(folder, &templates, &n), STATUS_OK);
    run.options = (struct sweep_options){.backend = "cpu",
                                         .threads = 1,
                                         .templates = templates,
                                         .n_templates = n,
                                         .dry_run = true,
                                         .finished = note_result,
                                         .context = &run};
    assert_int_equal(sweep_run(&run.options, &problem, 1, &run.summary), STATUS_OK);
    assert_true(run.result.space_valid == CONFIGURATIONS);
    assert_true(run.result.space_raw == 20);
    assert_false(run.result.has_best);
    for (size_t i = 0; i < n; i++) manifest_free(templates[i]);
    free(templates);
}

static void budgets_are_parsed(void **state)
{
    (void)state;
    struct sweep_budget budget;
    assert_int_equal(sweep_budget_parse("60s", &budget), STATUS_OK);
    assert_true(budget.time_ns == 60000000000u && budget.trials == 0);
    assert_int_equal(sweep_budget_parse("1.5h", &budget), STATUS_OK);
    assert_true(budget.time_ns == 5400000000000u);
    assert_int_equal(sweep_budget_parse("500", &budget), STATUS_OK);
    assert_true(budget.trials == 500 && budget.time_ns == 0);
    assert_int_equal(sweep_budget_parse("10%", &budget), STATUS_OK);
    assert_true(budget.fraction == 0.1);
    static const char *const bad[] = {"", "0", "-1", "s", "5x", "101%", "1.5", "nan", "inf", "60 s", "1e99s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sweep_budget_parse(bad[i], &budget), STATUS_USAGE);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_are_parsed),
        cmocka_unit_test(a_dry_run_only_counts),
        cmocka_unit_test(every_way_to_end_gets_its_verdict),
        cmocka_unit_test(a_second_sweep_remembers),
        cmocka_unit_test(the_record_answers_with_the_winner),
        cmocka_unit_test(a_lucky_hour_does_not_win_for_good),
        cmocka_unit_test(a_short_fresh_sweep_keeps_the_winner),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
