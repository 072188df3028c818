/* An op with several outputs, tables among its inputs and operands that some problems do not use: an
 * attention kernel that is right, and the same with a flaw in one place. */
#include "tests/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/device/device.h"
#include "tuner/trial.h"
#include "tuner/tuning.h"
#include "tuner/worker.h"

static struct manifest **templates;
static size_t n_templates;
static struct device_info info;
static struct text identity;
static const struct compiler_api *compiler;

static int begin(void **state)
{
    (void)state;
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.threads = 1};
    struct device *device;
    assert_ok(template_load("tests/tuner/plain_attention", &templates, &n_templates));
    assert_int_equal(n_templates, 1);
    assert_ok(api->open(0, &options, &device));
    info = *api->info(device);
    api->close(device);
    assert_ok(compiler_for_target(info.device_class.target, &compiler, &identity));
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    text_free(&identity);
    return 0;
}

static struct trial_outcome try_flaw(const struct problem *problem, struct trial_session *session, int flaw)
{
    struct tuning_scene scene = {problem, &info.facts, info.device_class.target, compiler,
                                 text_string(&identity)};
    struct tuning tuning;
    struct configuration configuration;
    struct candidate candidate;
    struct trial_outcome outcome;
    char text[16];
    snprintf(text, sizeof text, "FLAW=%d", flaw);
    assert_ok(tuning_open(&scene, templates[0], &tuning));
    assert_true(tuning_configuration(&tuning, text, &configuration));
    assert_ok(candidate_prepare(&tuning, &configuration, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK) fail_msg("%s: %s", text, candidate.job.detail);
    candidate_compiled(&candidate);
    struct trial_candidate trial = {&candidate.descriptor, candidate.job.code.data, candidate.job.code.size};
    assert_ok(trial_run(session, &trial, 0, &outcome));
    candidate_free(&candidate);
    tuning_close(&tuning);
    return outcome;
}

static struct trial_session *session_of(const char *text, struct problem *problem)
{
    struct trial_session *session;
    assert_ok(problem_parse(text, problem));
    struct trial_setting setting = {.backend = "cpu",
                                    .threads = 2,
                                    .problem = *problem,
                                    .seed = 7,
                                    .verify_only = true,
                                    .verify_deadline_ms = 120000};
    assert_ok(trial_open(&setting, &session));
    return session;
}

/* --- what is right is found right --- */

static void what_the_op_has_is_verified(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "attention f32 d=64 q_heads=2 q_len=50",
        "attention f32 causal lse d=64 q_heads=4 kv_heads=2 q_len=90 kv_len=33 batch=2", /* rows that see
                                                                                            nothing */
        "attention f32 causal lse softcap d=64 q_heads=4 kv_heads=1 page=16 q_len=3 kv_len=100 batch=3",
        "attention f32 sliding varlen sinks lse d=96 dv=64 q_heads=2 window=20 q_len=70 kv_len=50 batch=6",
        "attention f32 band varlen d=64 q_heads=2 window=9 page=64 q_len=40 kv_len=150 batch=5",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct problem problem;
        struct trial_session *session = session_of(texts[i], &problem);
        struct trial_outcome outcome = try_flaw(&problem, session, 0);
        if (outcome.verdict != VERDICT_OK)
            fail_msg("%s: %s: %s", texts[i], verdict_name(outcome.verdict), outcome.detail);
        trial_close(session);
    }
}

/* --- and flaws are found, in the output that has them --- */

struct flaw {
    int number;
    enum verdict verdict;
    const char *detail;
};

static void expect_flaws(const char *text, const struct flaw *flaws, size_t n)
{
    struct problem problem;
    struct trial_session *session = session_of(text, &problem);
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct trial_outcome outcome = try_flaw(&problem, session, flaws[i].number);
        if (outcome.verdict == flaws[i].verdict && strstr(outcome.detail, flaws[i].detail)) continue;
        print_error("flaw %d: %s '%s' instead of %s '%s'\n", flaws[i].number, verdict_name(outcome.verdict),
                    outcome.detail, verdict_name(flaws[i].verdict), flaws[i].detail);
        wrong++;
    }
    trial_close(session);
    assert_int_equal(wrong, 0);
}

static void flaws_of_either_output_are_seen(void **state)
{
    (void)state;
    static const struct flaw flaws[] = {
        {1, VERDICT_WRONG, "of lse was not written"},
        {2, VERDICT_WRONG, "of lse is"},
        {3, VERDICT_OUT_OF_BOUNDS, "of lse"},
        {4, VERDICT_NONDETERMINISTIC, "of lse"},
        {5, VERDICT_WRONG, "of o was not written"},
        {6, VERDICT_WRONG, "of o is nan"},
        {7, VERDICT_OUT_OF_BOUNDS, "of block_table"},
        {8, VERDICT_OUT_OF_BOUNDS, "wrote into input kv_lengths"},
    };
    expect_flaws("attention f32 causal lse d=64 q_heads=4 kv_heads=2 page=16 q_len=30 kv_len=100 batch=3",
                 flaws, sizeof flaws / sizeof flaws[0]);
}

/* Too long to be compared whole: corners and random rows are, in both outputs. */
static void parts_of_a_long_problem_are_compared(void **state)
{
    (void)state;
    static const struct flaw flaws[] = {{9, VERDICT_WRONG, "element (1099,"}};
    expect_flaws("attention f32 lse d=64 q_heads=6 q_len=1100", flaws, 1);
}

int main(int argc, char **argv)
{
    worker_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_op_has_is_verified),
        cmocka_unit_test(flaws_of_either_output_are_seen),
        cmocka_unit_test(parts_of_a_long_problem_are_compared),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
