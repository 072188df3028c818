/* Runs of another tuner: answered from the recording as our own strategies are. */
#include "tests/base/check.h"
#include "search/runs.h"

static const char recorded[] =
    "{\"tune_params_keys\": [\"x\", \"y\"], \"cache\": {"
    "\"1,a\": {\"x\": 1, \"y\": \"a\", \"time\": 2, \"compile_time\": 5},"
    "\"2,a\": {\"x\": 2, \"y\": \"a\", \"time\": 1, \"compile_time\": 7},"
    "\"2,True\": {\"x\": 2, \"y\": true, \"time\": 3, \"compile_time\": 11},"
    "\"1,b\": {\"x\": 1, \"y\": \"b\", \"time\": \"ErrorConfig\", \"compile_time\": 13}}}";

static struct recording *recording;

static int set_up(void **state)
{
    (void)state;
    return recording_read("folder/r.json", recorded, sizeof recorded - 1, &recording);
}

static int tear_down(void **state)
{
    (void)state;
    recording_free(recording);
    return 0;
}

static enum status read_text(const char *text, struct runs *out)
{
    return runs_read("runs.json", text, strlen(text), out);
}

#define RUN(asked) \
    "{\"strategy\": \"s\", \"runs\": [{\"recording\": \"elsewhere/r.json\", \"asked\": [" asked "]}]}"

static void test_answers_come_from_the_recording(void **state)
{
    (void)state;
    struct runs runs;
    struct replay replay;
    assert_ok(read_text(RUN("\"1,b\", \"1.0,a\", \"1,a\", \"2,True\", \"2,a\""), &runs));
    assert_string_equal(runs.strategy, "s");
    assert_int_equal(runs_count(&runs, recording), 1);
    assert_ok(runs_replay(&runs, 0, recording, &replay));
    assert_int_equal(replay.n, 4); /* 1.0,a and 1,a are one configuration, asked for twice */
    assert_true(replay.points[0].best_ns == 0 && replay.points[0].time_ns == 13e6);
    assert_true(replay.points[1].best_ns == 2e6 && replay.points[1].time_ns == 18e6);
    assert_true(replay.points[2].best_ns == 2e6 && replay.points[2].time_ns == 29e6);
    assert_true(replay.points[3].best_ns == 1e6 && replay.points[3].time_ns == 36e6);
    assert_true(replay.finished);
    replay_free(&replay);
    assert_fails(runs_replay(&runs, 1, recording, &replay), STATUS_BAD_DATA,
                 "runs.json: fewer than 2 runs on folder/r.json");
    runs_free(&runs);
}

static void test_what_is_not_recorded_is_named(void **state)
{
    (void)state;
    static const char *const asked[] = {"3,a", "1", "1,a,1", "", "1,", "1,True", "2,b"};
    for (size_t i = 0; i < N_OF(asked); i++) {
        char text[160], message[160];
        struct runs runs;
        struct replay replay;
        snprintf(text, sizeof text, RUN("\"%s\""), asked[i]);
        snprintf(message, sizeof message, "runs.json: a run asked for %s, which folder/r.json does not hold",
                 asked[i]);
        assert_ok(read_text(text, &runs));
        assert_fails(runs_replay(&runs, 0, recording, &replay), STATUS_BAD_DATA, message);
        runs_free(&runs);
    }
}

static void test_what_is_no_list_of_runs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"[]", "runs.json"},
        {"{\"strategy\": 1, \"runs\": []}", "strategy"},
        {"{\"strategy\": \"s\"}", "runs"},
        {"{\"strategy\": \"s\", \"runs\": [1]}", "runs.json: 'runs' holds something that is no object"},
        {"{\"strategy\": \"s\", \"runs\": [{\"asked\": []}]}", "recording"},
        {"{\"strategy\": \"s\", \"runs\": [{\"recording\": \"r.json\"}]}", "asked"},
        {RUN("1"),
         "runs.json: a run on elsewhere/r.json asked for something that is no text such as '16,1,2'"},
        {"{\"strategy\": \"s\", \"runs\": [", "runs.json"},
    };
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct runs runs;
        assert_int_equal(read_text(bad[i].text, &runs), STATUS_BAD_DATA);
        if (!strstr(status_message(), bad[i].message)) fail_msg("%s: %s", bad[i].text, status_message());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_come_from_the_recording),
        cmocka_unit_test(test_what_is_not_recorded_is_named),
        cmocka_unit_test(test_what_is_no_list_of_runs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
