/* Candidates that do what kernels must not: each gets its verdict, and the next one still runs. */
#include "tests/tuner/support.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "tuner/worker.h"

static const struct expectation {
    const char *file;
    enum verdict verdict;
    const char *detail; /* part of the line; NULL: any */
} table[] = {
    {"good", VERDICT_OK, ""},
    {"segfault", VERDICT_CRASH, "signal 11"},
    {"aborts", VERDICT_CRASH, "signal 6"},
    {"endless", VERDICT_HANG, "small shapes"},
    {"endless_large", VERDICT_HANG, "the problem itself"},
    {"forks", VERDICT_CRASH, "forbidden system call"},
    {"forks_at_load", VERDICT_CRASH, "forbidden system call"},
    {"threads", VERDICT_CRASH, "forbidden system call"},
    {"eats_memory", VERDICT_RESOURCE_LIMIT, NULL},
    {"eats_quietly", VERDICT_RESOURCE_LIMIT, NULL},
    {"writes_before", VERDICT_OUT_OF_BOUNDS, "of d"},
    {"writes_behind", VERDICT_OUT_OF_BOUNDS, "of d"},
    {"writes_far", VERDICT_OUT_OF_BOUNDS, "of d"},
    {"writes_far_before", VERDICT_OUT_OF_BOUNDS, "of d"},
    {"writes_input", VERDICT_OUT_OF_BOUNDS, "wrote into input a"},
    {"writes_input_by_force", VERDICT_OUT_OF_BOUNDS, "an input was changed"},
    {"writes_gap", VERDICT_OUT_OF_BOUNDS, "between its rows"},
    {"writes_batch_gap", VERDICT_OUT_OF_BOUNDS, "between its rows"},
    {"reads_behind", VERDICT_OUT_OF_BOUNDS, "of a"},
    {"leaves_unwritten", VERDICT_WRONG, "not written"},
    {"drops_tail", VERDICT_WRONG, "instead of"},
    {"doubles_tail", VERDICT_WRONG, "instead of"},
    {"first_call_only", VERDICT_WRONG, "call 2"},
    {"tires", VERDICT_WRONG, "instead of"},
    {"needs_zero_output", VERDICT_WRONG, NULL},
    {"needs_zero_workspace", VERDICT_WRONG, NULL},
    {"writes_behind_workspace", VERDICT_OUT_OF_BOUNDS, "of workspace"},
    {"reads_c", VERDICT_WRONG, "NaN"},
    {"nondeterministic", VERDICT_NONDETERMINISTIC, "differ at byte"},
    {"prints", VERDICT_OK, ""},
    {"prints_without_end", VERDICT_OK, ""},
    {"exits", VERDICT_CRASH, "exited with code 0"},
    {"kills_itself", VERDICT_CRASH, "signal 9"},
    {"kills_parent", VERDICT_CRASH, "forbidden system call kill"},
    {"closes", VERDICT_CRASH, NULL},
    {"garbage", VERDICT_CRASH, "private channel"},
    {"recurses", VERDICT_CRASH, "stack overflow"},
    {"writes_file", VERDICT_CRASH, "forbidden system call open"},
    {"opens_socket", VERDICT_CRASH, "forbidden system call socket"},
    {"runs_program", VERDICT_CRASH, "forbidden system call execve"},
    {"no_entry", VERDICT_LAUNCH_ERROR, "no entry 'kernel'"},
    {"unresolved", VERDICT_LAUNCH_ERROR, "no_such_function"},
    {"wants_alignment", VERDICT_WRONG, NULL},
    {"ignores_pitch", VERDICT_WRONG, NULL},
    {"masks_signals", VERDICT_CRASH, NULL},
};

enum { N_FILES = sizeof table / sizeof table[0] };

static struct made made[N_FILES];
static struct trial_session *session;

static struct trial_setting setting_of(const char *problem)
{
    struct trial_setting setting = {.backend = "cpu",
                                    .threads = 2,
                                    .seed = 7,
                                    .measure_ms = 20,
                                    .verify_deadline_ms = 60000, /* for a machine full of other work */
                                    .memory_limit_bytes = 512 << 20};
    assert_ok(problem_parse(problem, &setting.problem));
    return setting;
}

static int begin(void **state)
{
    (void)state;
    const char *files[N_FILES];
    for (size_t i = 0; i < N_FILES; i++) files[i] = table[i].file;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* whoever is left behind becomes ours, and is seen */
    made_compile(made, files, N_FILES);
    struct trial_setting setting = setting_of("gemm f32 nn m=8 n=40 k=96");
    assert_ok(trial_open(&setting, &session));
    return 0;
}

static int end(void **state)
{
    (void)state;
    trial_close(session);
    for (size_t i = 0; i < N_FILES; i++) made_free(&made[i]);
    return 0;
}

static const struct made *made_of(const char *file)
{
    for (size_t i = 0; i < N_FILES; i++)
        if (strcmp(table[i].file, file) == 0) return &made[i];
    fail_msg("no %s", file);
    return NULL;
}

static struct trial_outcome try_in(struct trial_session *where, const char *file)
{
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(made_of(file));
    assert_ok(trial_run(where, &candidate, 0, &out));
    return out;
}

static struct trial_outcome try_file(const char *file)
{
    return try_in(session, file);
}

static void test_each_gets_its_verdict(void **state)
{
    (void)state;
    int wrong = 0;
    struct trial_session *hasty;
    struct trial_setting setting = setting_of("gemm f32 nn m=8 n=40 k=96");
    setting.verify_deadline_ms = 1500;
    assert_ok(trial_open(&setting, &hasty));
    for (size_t i = 0; i < N_FILES; i++) {
        struct trial_outcome out = try_in(table[i].verdict == VERDICT_HANG ? hasty : session, table[i].file);
        bool words =
            !WORKER_SANITIZED || strcmp(table[i].file, "exits") != 0; /* leak checks call the system */
        bool right = out.verdict == table[i].verdict &&
                     (!table[i].detail || !words || strstr(out.detail, table[i].detail));
        if (table[i].detail && !*table[i].detail) right &= out.detail[0] == '\0';
        if (!right)
            print_error("%s: %s '%s' instead of %s\n", table[i].file, verdict_name(out.verdict), out.detail,
                        verdict_name(table[i].verdict));
        wrong += !right;
        struct trial_outcome next = try_file("good");
        if (next.verdict != VERDICT_OK)
            print_error("after %s: %s %s\n", table[i].file, verdict_name(next.verdict), next.detail);
        wrong += next.verdict != VERDICT_OK;
    }
    trial_close(hasty);
    assert_int_equal(wrong, 0);
}

static void test_no_process_is_left(void **state)
{
    (void)state;
    struct trial_setting setting = setting_of("gemm f32 nn m=2 n=3 k=4");
    trial_close(session);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    setting = setting_of("gemm f32 nn m=8 n=40 k=96");
    assert_ok(trial_open(&setting, &session));
}

static void test_measured_time_is_told(void **state)
{
    (void)state;
    struct trial_outcome out = try_file("good");
    assert_int_equal(out.verdict, VERDICT_OK);
    assert_true(out.timing.median_ns > 1000 && out.timing.median_ns < 10000000);
    assert_true(out.timing.low_ns <= out.timing.median_ns && out.timing.median_ns <= out.timing.high_ns);
    assert_true(out.timing.min_ns <= out.timing.q1_ns && out.timing.q1_ns <= out.timing.q3_ns);
    assert_true(out.timing.samples >= 3 && out.timing.launches_per_sample >= 20);
    assert_int_equal(out.printed_bytes, 0);
}

static void test_printing_is_captured(void **state)
{
    (void)state;
    struct trial_outcome out = try_file("prints");
    assert_true(out.printed_bytes > 100);
    out = try_file("prints_without_end");
    assert_true(out.printed_bytes >= 1 << 20 && out.printed_bytes <= 16 << 20);
    struct stat info;
    try_file("writes_file");
    assert_int_equal(stat("/tmp/tunebook-hostile", &info), -1);
}

static void test_hopeless_is_slow(void **state)
{
    (void)state;
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(made_of("good"));
    assert_ok(trial_run(session, &candidate, 1, &out));
    assert_int_equal(out.verdict, VERDICT_SLOW);
    assert_true(out.timing.median_ns > 1);
    assert_ok(trial_run(session, &candidate, 1000000000, &out));
    assert_int_equal(out.verdict, VERDICT_OK);
}

static void test_shapes_outside_are_inapplicable(void **state)
{
    (void)state;
    struct made only = *made_of("good");
    made_clause(&only, "k == 97");
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(&only);
    assert_ok(trial_run(session, &candidate, 0, &out));
    assert_int_equal(out.verdict, VERDICT_INAPPLICABLE);
    assert_non_null(strstr(out.detail, "k == 97"));
}

static void test_damaged_code(void **state)
{
    (void)state;
    const struct made *good = made_of("good");
    struct trial_outcome out;
    for (size_t bytes = 0; bytes < good->job.code.size / 2; bytes += good->job.code.size / 13 + 1) {
        struct trial_candidate candidate = made_candidate(good);
        candidate.code_bytes = bytes;
        assert_ok(trial_run(session, &candidate, 0, &out));
        assert_true(out.verdict == VERDICT_LAUNCH_ERROR || out.verdict == VERDICT_CRASH);
    }
}

static void test_finals_survive_a_crash(void **state)
{
    (void)state;
    static const char *const files[] = {"good", "crashes_late"};
    struct made late[2];
    made_compile(late, files, 2);
    struct trial_candidate candidates[3] = {made_candidate(&late[0]), made_candidate(&late[1]),
                                            made_candidate(&late[0])};
    struct trial_outcome out[3];
    struct trial_ratio against_first[3], against_baseline[3];
    struct trial_final final = {.against_first = against_first, .against_baseline = against_baseline};
    assert_ok(trial_finals(session, candidates, 3, 200, out, &final));
    assert_int_equal(out[0].verdict, VERDICT_OK);
    assert_int_equal(out[1].verdict, VERDICT_CRASH);
    assert_int_equal(out[2].verdict, VERDICT_OK);
    assert_true(out[0].timing.flags & TIMING_INTERLEAVED);
    assert_true(against_first[0].median == 1);
    assert_true(against_first[2].median > 0.2 && against_first[2].median < 5);
    if (*final.baseline_name)
        assert_true(against_baseline[0].median > 0 && final.baseline.timing.median_ns > 0);
    else
        print_message("no vendor library: finals without a baseline\n");
    made_free(&late[0]);
    made_free(&late[1]);
}

static volatile int stop_now;

static void set_stop(int signal)
{
    (void)signal;
    stop_now = 1;
}

static void test_stop_comes_soon(void **state)
{
    (void)state;
    struct trial_setting setting = setting_of("gemm f32 nn m=8 n=40 k=96");
    struct trial_session *other;
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(made_of("endless"));
    setting.stop = &stop_now;
    assert_ok(trial_open(&setting, &other));
    signal(SIGALRM, set_stop);
    alarm(1);
    assert_int_equal(trial_run(other, &candidate, 0, &out), STATUS_INTERRUPTED);
    stop_now = 0;
    candidate = made_candidate(made_of("good")); /* the session lives on */
    assert_ok(trial_run(other, &candidate, 0, &out));
    assert_int_equal(out.verdict, VERDICT_OK);
    trial_close(other);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_gets_its_verdict),  cmocka_unit_test(test_measured_time_is_told),
        cmocka_unit_test(test_printing_is_captured),   cmocka_unit_test(test_hopeless_is_slow),
        cmocka_unit_test(test_damaged_code),           cmocka_unit_test(test_shapes_outside_are_inapplicable),
        cmocka_unit_test(test_finals_survive_a_crash), cmocka_unit_test(test_stop_comes_soon),
        cmocka_unit_test(test_no_process_is_left),
    };
    return cmocka_run_group_tests_name("hostile", tests, begin, end);
}
