/* A sweep that is sent SIGKILL at random moments and taken up again: no finished trial is lost, none is torn,
 * and in the end the book holds what an undisturbed sweep finds. */
#include "tests/tuner/naive_sweep.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include "db/check.h"
#include "tuner/base/rng.h"

/* `test_sweep_kill --sweep FOLDER BOOK`: what the parent kills. Reports the trials it finished on
 * descriptor 1. */
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
        execl("/proc/self/exe", "test_sweep_kill", "--sweep", folder, book, (char *)NULL);
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

static void print_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    if (!finding->is_note) print_message("%s %s: %s\n", finding->table, finding->key, finding->what);
}

/* A kill before the first commit leaves no book, which is fine. */
static void assert_sound(const char *path)
{
    struct check_options options = {.visit = print_finding};
    struct check_summary summary;
    if (access(path, F_OK)) return;
    assert_int_equal(book_check(path, &options, &summary), STATUS_OK);
    assert_int_equal(summary.findings, 0);
}

/* What was found out that no clock decides: each configuration and whether it ran. */
struct outcomes {
    struct hash hash;
    size_t n;
};

static bool add_outcome(void *context, uint64_t sequence, const struct trial *trial)
{
    struct outcomes *outcomes = context;
    (void)sequence;
    if (trial->verdict == VERDICT_STARTED) return true;
    bool ran = trial->verdict == VERDICT_OK || trial->verdict == VERDICT_SLOW;
    char line[600];
    int size = snprintf(line, sizeof line, "%s %s", trial->configuration,
                        ran ? "ran" : verdict_name(trial->verdict));
    struct hash hash = sha256_of(line, (size_t)size);
    for (int i = 0; i < SHA256_BYTES; i++) outcomes->hash.bytes[i] ^= hash.bytes[i]; /* in any order */
    outcomes->n++;
    return true;
}

static struct outcomes read_outcomes(const char *path)
{
    struct outcomes outcomes = {0};
    struct book *book;
    assert_int_equal(book_open(path, BOOK_READ, &book), STATUS_OK);
    assert_int_equal(book_each_trial(book, NULL, add_outcome, &outcomes), STATUS_OK);
    assert_int_equal(book_close(book), STATUS_OK);
    return outcomes;
}

static void assert_same_outcomes(const char *a, const char *b)
{
    struct outcomes of_a = read_outcomes(a), of_b = read_outcomes(b);
    assert_int_equal(of_a.n, of_b.n);
    assert_memory_equal(of_a.hash.bytes, of_b.hash.bytes, SHA256_BYTES);
}

static void a_killed_sweep_loses_nothing(void **state)
{
    (void)state;
    char book[300], undisturbed[300];
    struct run alone = {.log = -1};
    snprintf(undisturbed, sizeof undisturbed, "%s/undisturbed.book", folder);
    assert_swept(undisturbed, &alone);
    struct rng rng;
    rng_seed(&rng, 20261121);
    size_t kills = test_few_or_full(10, 200), finished_alone = 0;
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
        assert_sound(book);
        if (i % 10 != 9 && i + 1 != kills) continue;
        run_victim(book, 0, &status);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        struct run run = {.log = -1};
        assert_swept(book, &run);
        assert_int_equal(run.summary.trials, 0); /* everything was tried once and is remembered */
        assert_int_equal(run.result.recalled, CONFIGURATIONS);
        assert_int_equal(run.result.n_verdicts[VERDICT_CRASH], 2);
        assert_true(run.result.has_best);
        assert_non_null(strstr(run.result.best.configuration, "MODE=good"));
        assert_same_outcomes(book, undisturbed);
        assert_sound(book);
    }
    print_message("%zu kills, %zu sweeps ended before theirs\n", kills, finished_alone);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (argc == 4 && strcmp(argv[1], "--sweep") == 0) return victim(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_sweep_loses_nothing)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
