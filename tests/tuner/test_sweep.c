/* The whole loop on a small template of the test's own: what wins, what is remembered, what a killed sweep
 * leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/scale.h"
#include "tuner/base/clock.h"
#include "tuner/base/file.h"
#include "tuner/base/rng.h"
#include "tuner/launch/problem_key.h"
#include "tuner/sweep.h"

static char folder[256];

/* Two honest values of UNROLL, and a MODE whose other values must each get their verdict. */
static const char manifest_json[] =
    "{\"name\": \"naive\", \"op\": \"gemm\", \"source\": \"naive.c\",\n"
    " \"targets\": [\"x86-64-v2\", \"x86-64-v3\", \"x86-64-v4\", \"armv8-a\"],\n"
    " \"accepts\": [\"a_type == f32 && b_type == f32 && d_type == f32\", \"layout == nn\", \"act == none\", "
    "\"bias == 0\"],\n"
    " \"parameters\": {\"UNROLL\": [1, 2, 4, 8], \"MODE\": [\"good\", \"slow\", \"wrong\", \"segv\", "
    "\"broken\"]},\n"
    " \"where\": [\"MODE == good || UNROLL <= 2\"],\n"
    " \"deterministic\": \"1\",\n"
    " \"launch\": [{\"entry\": \"naive\", \"grid\": [\"m\", \"1\", \"batch\"], \"block\": [\"1\", \"1\", "
    "\"1\"]}],\n"
    " \"default\": {\"UNROLL\": 1, \"MODE\": \"slow\"}}\n";

static const char kernel_source[] =
    "#define MODE_GOOD 0\n#define MODE_SLOW 1\n#define MODE_WRONG 2\n#define MODE_SEGV 3\n#define "
    "MODE_BROKEN 4\n"
    "#ifndef UNROLL\n#define UNROLL 1\n#endif\n#ifndef MODE\n#define MODE MODE_GOOD\n#endif\n"
    "struct gemm_args { const float *a, *b, *c; const void *bias; float *d; void *w; long long m, n, k, "
    "batch,\n"
    "    lda, ldb, ldc, ldd, sa, sb, sc, sd, sbias; float alpha, beta; };\n"
    "struct cpu_block { unsigned index[3], grid[3]; void *shared; unsigned long long shared_bytes; };\n"
    "#if MODE == MODE_BROKEN\n#error this configuration does not compile\n#endif\n"
    "__attribute__((visibility(\"default\"))) void naive(const struct gemm_args *g, const struct cpu_block "
    "*block)\n{\n"
    "    long long i = block->index[0], z = g->batch > 1 ? block->index[2] : 0;\n"
    "    const float *a = g->a + z * g->sa + i * g->lda, *b = g->b + z * g->sb;\n"
    "    float *d = g->d + z * g->sd + i * g->ldd;\n"
    "#if MODE == MODE_SEGV\n    *(volatile int *)8 = 1;\n#endif\n"
    "    for (int twice = 0; twice < (MODE == MODE_SLOW ? 12 : 1); twice++)\n"
    "    for (long long j = 0; j < g->n; j++) {\n"
    "        float sum = 0;\n"
    "        _Pragma(\"GCC unroll 8\") for (long long p = 0; p < g->k - (MODE == MODE_WRONG); p++)\n"
    "            sum += a[p] * b[p * g->ldb + j];\n"
    "        __asm__ volatile(\"\" : \"+m\"(sum));\n"
    "        if (twice + 1 == (MODE == MODE_SLOW ? 12 : 1)) {\n"
    "            float value = g->alpha * sum;\n"
    "            if (g->beta != 0) value += g->beta * g->c[z * g->sc + i * g->ldc + j];\n"
    "            d[j] = value;\n"
    "        }\n"
    "    }\n"
    "}\n";

static void write_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_publish(path, text, strlen(text), 0644), STATUS_OK);
}

static int set_up(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/sweep-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) return -1;
    char cache[300];
    snprintf(cache, sizeof cache, "%s/cache", folder);
    setenv("XDG_CACHE_HOME", cache, 1);
    write_file("naive.json", manifest_json);
    write_file("naive.c", kernel_source);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* --- Running a sweep in this process. --- */

struct run {
    struct sweep_options options;
    struct sweep_result result;
    struct sweep_summary summary;
    int log; /* descriptor that gets "TRIALS\n" after each; -1: none */
};

static void note_result(void *context, const struct sweep_result *result)
{
    ((struct run *)context)->result = *result;
}

static void note_progress(void *context, double fraction, const char *line)
{
    struct run *run = context;
    size_t problem, problems, trials;
    (void)fraction;
    const char *colon = strstr(line, ": ");
    if (run->log < 0 || !colon || sscanf(line, "[%zu/%zu]", &problem, &problems) != 2 ||
        sscanf(colon, ": %zu trials", &trials) != 1)
        return;
    char text[32];
    int size = snprintf(text, sizeof text, "%zu\n", trials);
    if (write(run->log, text, (size_t)size) != size) _exit(9);
}

static enum status run_sweep(const char *book_path, struct run *run)
{
    struct manifest **templates;
    size_t n;
    struct book *book = NULL;
    struct sweep_problem problem = {.calls = 1};
    TRY(problem_parse("gemm f32 nn m=24 n=24 k=24", &problem.problem));
    TRY(template_load(folder, &templates, &n));
    TRY(book_open(book_path, BOOK_WRITE, &book));
    run->options.backend = "cpu";
    run->options.threads = 1;
    run->options.templates = templates;
    run->options.n_templates = n;
    run->options.book = book;
    run->options.strategy = "exhaustive";
    run->options.finished = note_result;
    run->options.progress = note_progress;
    run->options.context = run;
    enum status status = sweep_run(&run->options, &problem, 1, &run->summary);
    enum status closed = book_close(book);
    for (size_t i = 0; i < n; i++) manifest_free(templates[i]);
    free(templates);
    return status != STATUS_OK ? status : closed;
}

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

static void assert_swept(const char *book, struct run *run)
{
    enum status status = run_sweep(book, run);
    if (status != STATUS_OK) fail_msg("sweep: %s: %s", status_name(status), status_message());
}

/* 4 good configurations and two of each other mode. */
enum { CONFIGURATIONS = 12 };

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

/* --- A sweep that is killed. --- */

/* `test_sweep --sweep FOLDER BOOK`: what the parent kills. Reports the trials it finished on descriptor 1. */
static int victim(const char *where, const char *book)
{
    snprintf(folder, sizeof folder, "%s", where);
    struct run run = {.log = 1};
    return run_sweep(book, &run) == STATUS_OK ? 0 : 1;
}

/* Starts a victim, kills it after delay_ns (0: lets it end), and returns the trials it last reported. */
static size_t run_victim(const char *book, uint64_t delay_ns, int *status)
{
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipe_ends[1], 1);
        execl("/proc/self/exe", "test_sweep", "--sweep", folder, book, (char *)NULL);
        _exit(127);
    }
    close(pipe_ends[1]);
    if (delay_ns) {
        clock_sleep_ns(delay_ns);
        kill(pid, SIGKILL);
    }
    char text[65536];
    size_t size = 0;
    ssize_t got;
    while (size + 1 < sizeof text && (got = read(pipe_ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    close(pipe_ends[0]);
    assert_int_equal(waitpid(pid, status, 0), pid);
    text[size] = 0;
    size_t reported = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) reported = strtoul(line, NULL, 10);
    return reported;
}

static size_t finished_trials(const char *path, uint64_t *quarantined)
{
    struct book *book;
    struct book_counts counts;
    if (book_open(path, BOOK_READ, &book) != STATUS_OK) return 0;
    assert_int_equal(book_count(book, &counts), STATUS_OK);
    assert_int_equal(book_close(book), STATUS_OK);
    *quarantined = counts.quarantined;
    return (size_t)counts.trials; /* started marks included: an upper bound for what is counted below */
}

static void a_killed_sweep_loses_nothing(void **state)
{
    (void)state;
    char book[300];
    struct rng rng;
    rng_seed(&rng, 20261121);
    size_t kills = test_scaled(10), finished_alone = 0;
    for (size_t i = 0; i < kills; i++) {
        /* A new book every ten kills, so that kills fall into early and late trials alike. */
        snprintf(book, sizeof book, "%s/kill-%zu.book", folder, i / 10);
        int status;
        uint64_t quarantined = 0;
        size_t reported = run_victim(book, 1 + rng_below(&rng, 1500000000), &status);
        finished_alone += WIFEXITED(status);
        size_t kept = finished_trials(book, &quarantined);
        if (kept < reported) fail_msg("kill %zu: %zu trials reported, %zu in the book", i, reported, kept);
        assert_int_equal(quarantined, 0);
        if (i % 10 != 9 && i + 1 != kills) continue;
        run_victim(book, 0, &status);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        struct run run = {.log = -1};
        assert_swept(book, &run);
        assert_int_equal(run.summary.trials, 0); /* everything was tried once and is remembered */
        assert_int_equal(run.result.recalled, CONFIGURATIONS);
        assert_int_equal(run.result.n_verdicts[VERDICT_CRASH], 2);
        assert_true(run.result.has_best);
    }
    print_message("%zu kills, %zu sweeps ended before theirs\n", kills, finished_alone);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (argc == 4 && strcmp(argv[1], "--sweep") == 0) return victim(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_are_parsed),
        cmocka_unit_test(a_dry_run_only_counts),
        cmocka_unit_test(every_way_to_end_gets_its_verdict),
        cmocka_unit_test(a_second_sweep_remembers),
        cmocka_unit_test(the_record_answers_with_the_winner),
        cmocka_unit_test(a_lucky_hour_does_not_win_for_good),
        cmocka_unit_test(a_short_fresh_sweep_keeps_the_winner),
        cmocka_unit_test(a_killed_sweep_loses_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
