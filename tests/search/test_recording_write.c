/* Recordings of texts, written in both formats and read back. */
#include "tests/base/check.h"
#include "search/recording_write.h"

#define RAN(objective, cost, compile)                                                           \
    {                                                                                           \
        .valid = true, .end = RECORDED_CORRECT, .objective_ns = (objective), .cost_ns = (cost), \
        .compile_ns = (compile), .finished_at_s = 1763787600                                    \
    }
#define FAILED(how, cost)                                              \
    {                                                                  \
        .end = RECORDED_##how, .cost_ns = (cost), .compile_ns = (cost) \
    }

static const struct recorded_text list[] = {
    {"TILE=16,MODE=nt,P=0.1", RAN(998, 285661928, 252288808)},
    {"TILE=8,MODE=nt,P=0.1", RAN(1234567891, 3e9, 1e9)},
    {"TILE=16,MODE=nn,P=0.1", FAILED(COMPILE, 191486039)},
    {"TILE=32,MODE=nn,P=0.1", FAILED(RUNTIME, 5)},
    {"TILE=64,MODE=nn,P=0.1", FAILED(CORRECTNESS, 5)},
    {"TILE=128,MODE=nn,P=0.1", FAILED(TIMEOUT, 0)},
    {"TILE=256,MODE=nn,P=0.1", FAILED(CONSTRAINTS, 0)},
    {"TILE=16,MODE=nt,P=0.1", RAN(5, 5, 5)}, /* older, and counts no more */
    {"TILE=16,MODE=nt", RAN(7, 7, 7)},       /* of another version of the template */
    {"TILE=16,MODE=nt,Q=0.1", RAN(7, 7, 7)}, /* likewise */
    {"TILE=16,MODE=,P=0.1", RAN(7, 7, 7)},   /* nothing that we write */
    {"TILE=16,TILE=8,P=0.1", RAN(7, 7, 7)},
    {"", RAN(7, 7, 7)},
};

static struct recording *make(void)
{
    struct recording *recording;
    size_t n_left_out;
    assert_ok(recording_from_texts("a book", "\"kernel\"", "x86-64:2:4", list, N_OF(list), &recording,
                                   &n_left_out));
    assert_int_equal(n_left_out, 5);
    assert_int_equal(recording->n, 7);
    assert_int_equal(recording->n_repeated, 1);
    assert_string_equal(recording->kernel, "\"kernel\"");
    assert_string_equal(recording->spec.parameters[0].name, "TILE");
    assert_int_equal(recording->spec.parameters[0].n_values, 6);
    return recording;
}

static void near(double got, double expected)
{
    if (got < expected * (1 - 1e-12) || got > expected * (1 + 1e-12))
        fail_msg("%.17g, not %.17g", got, expected);
}

/* Every configuration of the one, spelt as there, has the same result in the other. */
static void check_same(const struct recording *a, const struct recording *b, bool has_all_ends)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->spec.n_parameters, b->spec.n_parameters);
    for (size_t i = 0; i < a->n; i++) {
        struct configuration one, other;
        assert_true(space_at(a->space, i, &one) && space_at(b->space, i, &other));
        for (uint32_t p = 0; p < a->spec.n_parameters; p++)
            assert_string_equal(a->texts[p][one.index[p]], b->texts[p][other.index[p]]);
        assert_int_equal(a->entries[i].valid, b->entries[i].valid);
        near(b->entries[i].objective_ns, a->entries[i].objective_ns);
        near(b->entries[i].cost_ns, a->entries[i].cost_ns);
        near(b->entries[i].compile_ns, a->entries[i].compile_ns);
        if (has_all_ends) assert_int_equal(a->entries[i].end, b->entries[i].end);
    }
}

static void round_trip(void **state)
{
    (void)state;
    struct recording *recording = make();
    const int64_t sizes[] = {16, 4096, 4096};
    struct recording_about about = {sizes, 3, "{\"compiler\": \"gcc\"}"};
    for (int t4 = 0; t4 < 2; t4++) {
        struct text text = {0};
        struct recording *again;
        assert_ok((t4 ? recording_write_t4 : recording_write_kt)(recording, &about, &text));
        assert_ok(recording_read("again.json", text.data, text.size, &again));
        check_same(recording, again, t4); /* Kernel Tuner has one word for what ends at run time */
        recording_free(again);
        text_free(&text);
    }
    recording_free(recording);
}

static void check_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no %s in %s", part, text);
}

static void the_words_of_each_format(void **state)
{
    (void)state;
    struct recording *recording = make();
    const int64_t sizes[] = {16, 4096};
    struct recording_about about = {sizes, 2, NULL};
    struct text kt = {0}, t4 = {0};
    assert_ok(recording_write_kt(recording, &about, &kt));
    assert_ok(recording_write_t4(recording, &about, &t4));
    check_contains(kt.data,
                   "\"device_name\": \"x86-64:2:4\",\n\"kernel_name\": \"\\\"kernel\\\"\",\n"
                   "\"problem_size\": [16, 4096],\n\"tune_params_keys\": [\"TILE\", \"MODE\", \"P\"]");
    check_contains(kt.data, "\"TILE\": [8, 16, 32, 64, 128, 256],\n\"MODE\": [\"nt\", \"nn\"]");
    check_contains(kt.data, "\"16,nt,0.1\": {\"TILE\":16,\"MODE\":\"nt\",\"P\":0.1,\"time\":0.000998,");
    check_contains(kt.data, "\"timestamp\":\"2025-11-22 05:00:00+00:00\"");
    check_contains(
        kt.data,
        "\"16,nn,0.1\": {\"TILE\":16,\"MODE\":\"nn\",\"P\":0.1,\"time\":\"CompilationFailedConfig\"");
    check_contains(kt.data, "\"time\":\"RuntimeFailedConfig\"");
    check_contains(kt.data, "\"time\":\"ErrorConfig\"");
    check_contains(kt.data, "\"time\":\"InvalidConfig\"");
    assert_string_equal(kt.data + kt.size - 5, "}}\n}\n");
    check_contains(t4.data, "\"schema_version\": \"1.0.0\"");
    check_contains(t4.data, "\"timeunit\": \"milliseconds\"");
    check_contains(t4.data, "\"invalidity\":\"timeout\",\"correctness\":0");
    check_contains(t4.data, "\"invalidity\":\"correct\",\"correctness\":1");
    check_contains(t4.data, "\"timestamp\":\"2025-11-22T05:00:00Z\"");
    assert_null(strstr(t4.data, "device_query"));
    text_free(&kt);
    text_free(&t4);
    recording_free(recording);
}

/* Both spellings of the compile's time mean one compile. */
static void a_compile_named_twice(void **state)
{
    (void)state;
    struct recording *recording;
    const char *text = "{\"results\": [{\"configuration\": {\"x\": 1}, \"invalidity\": \"correct\", "
                       "\"times\": {\"compilation_time\": 2, \"compilation\": 2, \"benchmark\": 1},"
                       "\"measurements\": [{\"name\": \"time\", \"value\": 1, \"unit\": \"s\"}]}]}";
    assert_ok(recording_read("t4.json", text, strlen(text), &recording));
    near(recording->entries[0].cost_ns, 3e9);
    near(recording->entries[0].compile_ns, 2e9);
    recording_free(recording);
}

static void texts_that_make_no_recording(void **state)
{
    (void)state;
    static const struct recorded_text failures[] = {{"A=1", FAILED(COMPILE, 1)}, {"A=2", FAILED(RUNTIME, 1)}};
    static const struct recorded_text nonsense[] = {{"=1", RAN(1, 1, 1)}};
    struct recording *recording;
    size_t n_left_out;
    assert_fails(recording_from_texts("b", "", "", failures, 2, &recording, &n_left_out), STATUS_BAD_DATA,
                 "b: none of its 2 configurations is valid");
    assert_fails(recording_from_texts("b", "", "", nonsense, 1, &recording, &n_left_out), STATUS_BAD_DATA,
                 "b: it holds no configuration");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(the_words_of_each_format),
        cmocka_unit_test(a_compile_named_twice),
        cmocka_unit_test(texts_that_make_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
