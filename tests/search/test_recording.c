/* Recordings of both formats: what is read, what is refused, and with which line. */
#include "tests/base/check.h"
#include "search/recording.h"

static struct recording *read_text(const char *text)
{
    struct recording *recording = NULL;
    assert_ok(recording_read("test.json", text, strlen(text), &recording));
    return recording;
}

#define KT_HEAD                                                                                    \
    "{\"device_name\": \"GPU\", \"kernel_name\": \"k\", \"problem_size\": 100,\n"                  \
    "\"tune_params_keys\": [\"x\", \"mode\", \"flag\"],\n"                                         \
    "\"tune_params\": {\"x\": [16, 2, 4.5], \"mode\": [\"b\", \"a\"], \"flag\": [true, false]},\n" \
    "\"cache\": {\n"
#define KT_ONE                                                                                           \
    "\"16,b,True\": {\"x\": 16, \"mode\": \"b\", \"flag\": true, \"time\": 2.5, \"compile_time\": 10,\n" \
    " \"verification_time\": 1, \"benchmark_time\": 20, \"strategy_time\": 0.5, \"framework_time\": 0.25}"
#define KT_TWO                                                                                         \
    "\"2,a,False\": {\"x\": 2, \"mode\": \"a\", \"flag\": false, \"time\": \"RuntimeFailedConfig\",\n" \
    " \"compile_time\": 3}"
#define KT_THREE "\"4.5,b,False\": {\"x\": 4.5, \"mode\": \"b\", \"flag\": false, \"time\": 1.5}"

static const struct recorded *find(const struct recording *recording, uint16_t x, uint16_t mode,
                                   uint16_t flag)
{
    struct configuration configuration = {{x, mode, flag}};
    return recording_find(recording, &configuration);
}

static void check_kt(const struct recording *recording)
{
    assert_int_equal(recording->n, 3);
    assert_string_equal(recording->kernel, "k");
    assert_string_equal(recording->device, "GPU");
    assert_int_equal(recording->spec.n_parameters, 3);
    /* Numbers by size, words as they appear. */
    assert_string_equal(recording->texts[0][0], "2");
    assert_string_equal(recording->texts[0][1], "4.5");
    assert_string_equal(recording->texts[0][2], "16");
    assert_string_equal(recording->texts[1][0], "b");
    assert_string_equal(recording->texts[2][0], "True");
    const struct recorded *one = find(recording, 2, 0, 0), *two = find(recording, 0, 1, 1);
    assert_true(one && one->valid && one->objective_ns == 2.5e6 && one->cost_ns == 31.75e6);
    assert_true(two && !two->valid && two->cost_ns == 3e6);
    assert_null(find(recording, 2, 1, 0));
    struct configuration absent = {{2, 1, 0}}, neighbours[8];
    assert_false(space_admits(recording->space, &absent, NULL));
    assert_int_equal(
        space_neighbours(recording->space, &(struct configuration){{1, 0, 1}}, SPACE_ANY, neighbours, 8), 0);
}

static void kernel_tuner_caches(void **state)
{
    (void)state;
    static const char *const endings[] = {"}\n}", "}}", "}\n}\n\n", "", ",", ",\n"};
    for (size_t i = 0; i < N_OF(endings); i++) {
        struct text text = {0};
        text_format(&text, "%s%s", KT_HEAD KT_ONE ",\n" KT_TWO ",\n" KT_THREE, endings[i]);
        struct recording *recording = read_text(text_string(&text));
        check_kt(recording);
        recording_free(recording);
        text_free(&text);
    }
}

#define T4_RESULT(x, invalidity, value)                                                             \
    "{\"configuration\": {\"x\": " x "}, \"invalidity\": \"" invalidity "\", \"correctness\": 1,\n" \
    " \"times\": {\"compilation\": 2, \"framework\": 1, \"runtimes\": [3, 4]},\n"                   \
    " \"measurements\": [{\"name\": \"time\", \"value\": " value                                    \
    ", \"unit\": \"\"}], \"objectives\": [\"time\"]}"

static void t4_results(void **state)
{
    (void)state;
    struct recording *recording = read_text(
        "{\"schema_version\": \"1.0.0\", \"metadata\": {\"timeunit\": \"miliseconds\"}, \"results\": "
        "[" T4_RESULT("8", "correct", "7") "," T4_RESULT("4", "timeout", "7") "," T4_RESULT(
            "2", "correct", "\"none\"") "," T4_RESULT("8", "correct", "9") "]}");
    assert_int_equal(recording->n, 3);
    assert_int_equal(recording->n_repeated, 1);
    assert_true(recording->entries[2].valid && recording->entries[2].objective_ns == 7e6);
    assert_true(recording->entries[2].cost_ns == 10e6);
    assert_false(recording->entries[0].valid);
    assert_false(recording->entries[1].valid);
    recording_free(recording);
}

static void what_is_no_recording(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "test.json:1:1: "},
        {"[1, 2]", "test.json: neither a Kernel Tuner cache"},
        {"{\"cache\": {}}", "tune_params_keys"},
        {KT_HEAD "}}", "test.json: it holds no configuration"},
        {KT_HEAD KT_TWO "}}", "test.json: none of its 1 configurations is valid"},
        {KT_HEAD KT_ONE "," KT_ONE "}}", "is there twice"},
        {KT_HEAD "\"1\": {\"x\": 1}}}", "configuration 1 has no 'time'"},
        {KT_HEAD "\"1\": {\"x\": 1, \"time\": 1}}}", "configuration 1: parameter mode is missing"},
        {KT_HEAD "\"1\": {\"x\": [1], \"time\": 1}}}",
         "parameter x is no number, short string or truth value"},
        {KT_HEAD "\"1\": {\"x\": 1, \"mode\": 1, \"flag\": 1, \"time\": -1}}}",
         "a time is negative, zero or no number"},
        {KT_HEAD "\"1\": {\"x\": 1, \"mode\": 1, \"flag\": 1, \"time\": 1, \"compile_time\": \"x\"}}}",
         "compile_time is no number"},
        {KT_HEAD "\"1\": 5}}", "configuration 1 is no object"},
        {"{\"objective\": \"GFLOP/s\", \"cache\": {}}",
         "its objective is 'GFLOP/s'; only times are replayed"},
        {"{\"tune_params_keys\": [\"a\", \"a\"], \"cache\": {}}", "parameter a is listed twice"},
        {"{\"results\": []}", "it holds no configuration"},
        {"{\"results\": [{\"configuration\": [1]}]}", "results[0]: "},
        {"{\"tune_params_keys\": [], \"cache\": {\"\": {\"time\": 1}}}",
         "its configurations have no parameters"},
        {"{\"results\": [5]}", "results[0] is no object"},
        {"{\"results\": [{\"configuration\": {\"x\": 1}}]}", "results[0]: "},
        {"{\"metadata\": {\"timeunit\": \"fortnights\"}, \"results\": []}",
         "unknown unit of time 'fortnights'"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct recording *recording = NULL;
        enum status status = recording_read("test.json", cases[i].text, strlen(cases[i].text), &recording);
        if (status != STATUS_BAD_DATA || !strstr(status_message(), cases[i].why))
            fail_msg("%s: %s: %s", cases[i].text, status_name(status), status_message());
        assert_memory_equal(status_message(), "test.json", 9);
        assert_null(strchr(status_message(), '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_tuner_caches),
        cmocka_unit_test(t4_results),
        cmocka_unit_test(what_is_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
