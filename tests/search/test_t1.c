/* T1 definitions: the spaces they make, what is refused, and recordings replayed on them. */
#include "tests/base/check.h"
#include "search/recording_t1.h"
#include "search/replay.h"
#include "tuner/base/file.h"

/* One parameter, one condition, a file of them. */
#define P(name, type, values) "{\"Name\": \"" name "\", \"Type\": \"" type "\", \"Values\": \"" values "\"}"
#define C(expression)         "{\"Parameters\": [], \"Expression\": \"" expression "\"}"
#define T1(parameters, conditions)                                                                           \
    "{\"ConfigurationSpace\": {\"TuningParameters\": [" parameters "], \"Conditions\": [" conditions "]},\n" \
    "\"KernelSpecification\": {\"KernelName\": \"k\"}}"

static struct t1 *read_text(const char *text)
{
    struct t1 *t1 = NULL;
    assert_ok(t1_read("test.json", text, strlen(text), &t1));
    return t1;
}

static void spaces(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double raw;
        uint64_t valid;
    } cases[] = {
        {T1(P("x", "int", "[1, 2, 3]"), ""), 3, 3},
        {"{\"ConfigurationSpace\": {\"TuningParameters\": [" P("x", "int", "range(5)") "]}}", 5, 5},
        {T1(P("x", "int", "range(10)") "," P("y", "uint", "range(10)"), C("x + y < 10")), 100, 55},
        {T1(P("x", "int", "range(10)") "," P("y", "int", "range(10)"), C("x < y and y < 5")), 100, 10},
        {T1(P("x", "int", "range(10)") "," P("y", "int", "range(10)"), C("x // y == 2")), 100, 8},
        {T1(P("x", "float", "[0.5, 1, 1.5]") "," P("y", "int", "[1, 2, 3]"), C("x * 2 == y")), 9, 3},
        {T1(P("x", "bool", "[True, False]") "," P("y", "string", "['a', 'b']"), C("x or y == 'b'")), 4, 3},
        {T1(P("x", "bool", "[0, 1]"), C("x")), 2, 1},
        {T1(P("x", "int", "[1, 2]"), C("1 < 2") "," C("True")), 2, 2},
        {T1(P("k", "int", "[16, 32]") "," P("m", "int", "[8, 16, 32]") "," P("a", "int", "[8, 16, 32]"),
            C("k % (m*8/a) == 0")),
         18, 17},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct t1 *t1 = read_text(cases[i].text);
        struct space *space;
        bool exact;
        assert_ok(t1_space(t1, &space));
        if (space_count(space, &exact) != cases[i].valid || !exact || space_raw_count(space) != cases[i].raw)
            fail_msg("%s: %llu of %.0f", cases[i].text, (unsigned long long)space_count(space, NULL),
                     space_raw_count(space));
        space_free(space);
        t1_free(t1);
    }
}

/* As recordings have it: numbers by size, words as listed, each spelt as a recording spells it. */
static void values_in_order(void **state)
{
    (void)state;
    struct t1 *t1 = read_text(T1(P("x", "float", "[4, 0.1, 2]") "," P("s", "string", "['b', 'a']") "," P(
                                     "f", "bool", "[True, False]") "," P("n", "int", "[8, -2]"),
                                 ""));
    static const char *const expected[4][3] = {
        {"0.10000000000000001", "2", "4"}, {"b", "a"}, {"False", "True"}, {"-2", "8"}};
    for (uint32_t p = 0; p < 4; p++)
        for (uint32_t i = 0; i < t1->spec.parameters[p].n_values; i++)
            assert_string_equal(t1->texts[p][i], expected[p][i]);
    assert_string_equal(t1->kernel, "k");
    assert_string_equal(t1->types[1], "string");
    assert_int_equal(t1->spec.parameters[3].values[0], -2);
    t1_free(t1);
}

static void expect_refusal(const char *text, enum status status, const char *why)
{
    if (status != STATUS_BAD_DATA || !strstr(status_message(), why))
        fail_msg("%s: %s: %s", text, status_name(status), status_message());
    assert_memory_equal(status_message(), "test.json", 9);
    assert_null(strchr(status_message(), '\n'));
}

static void what_is_no_definition(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "test.json:1:1: "},
        {"[]", "no T1 definition"},
        {"{}", "ConfigurationSpace"},
        {"{\"ConfigurationSpace\": 5}", "ConfigurationSpace"},
        {"{\"ConfigurationSpace\": {}}", "TuningParameters"},
        {"{\"ConfigurationSpace\": {\"TuningParameters\": []}}", "it has no parameters"},
        {"{\"ConfigurationSpace\": {\"TuningParameters\": [5]}}", "TuningParameters[0] is no object"},
        {"{\"ConfigurationSpace\": {\"TuningParameters\": [{\"Name\": \"x\"}]}}", "TuningParameters[0]: "},
        {"{\"ConfigurationSpace\": {\"TuningParameters\": [{\"Name\": \"x\", \"Type\": \"int\"}]}}",
         "Values"},
        {T1(P("", "int", "[1]"), ""), "TuningParameters[0]: its name is empty"},
        {T1(P("x", "int32", "[1]"), ""), "parameter x has the type 'int32'; known are int, uint"},
        {T1(P("x", "int", "[]"), ""), "parameter x has no values"},
        {T1(P("x", "int", "[1, 'a']"), ""), "parameter x: the value a is no int"},
        {T1(P("x", "int", "[1.5]"), ""), "parameter x: the value 1.5 is no int"},
        {T1(P("x", "int", "[True]"), ""), "parameter x: the value True is no int"},
        {T1(P("x", "uint", "[-1]"), ""), "parameter x: the value -1 is no uint"},
        {T1(P("x", "bool", "[2]"), ""), "parameter x: the value 2 is no bool"},
        {T1(P("x", "float", "[1e308 * 10]"), ""), "parameter x: the value inf is no float"},
        {T1(P("x", "string", "[1]"), ""), "parameter x: the value 1 is no string"},
        {T1(P("x", "int", "[1, 2, 1]"), ""), "parameter x lists the value 1 twice"},
        {T1(P("x", "float", "[2, 1.0, 1]"), ""), "parameter x lists the value 1 twice"},
        {T1(P("x", "string", "['a', 'b', 'a']"), ""), "parameter x lists the value a twice"},
        {T1(P("x", "int", "[1]") "," P("x", "int", "[1]"), ""), "parameter x is defined twice"},
        {T1(P("x", "int", "[1] * 2"), ""), "values of x, column 5: repeating a list by '*' is not supported"},
        {T1(P("x", "int", "range(10**9)"), ""), "values of x: more than 4096 values"},
        {T1(P("x", "int", "[1]"), "5"), "Conditions[0] is no object"},
        {T1(P("x", "int", "[1]"), "{}"), "Conditions[0]: "},
        {T1(P("x", "int", "[1]"), "{\"Parameters\": [\"y\"], \"Expression\": \"x\"}"),
         "Conditions[0]: its Parameters name 'y', which is no parameter"},
        {T1(P("x", "int", "[1]"), "{\"Parameters\": [1], \"Expression\": \"x\"}"), "its Parameters name '?'"},
        {T1(P("x", "int", "[1]"), C("x == 1") "," C("x < y")),
         "condition 2, 'x < y', column 5: unknown name 'y'"},
        {T1(P("x", "int", "[1]"), C("len(x)")),
         "condition 1, 'len(x)', column 1: calling len() is not supported"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct t1 *t1 = NULL;
        expect_refusal(cases[i][0], t1_read("test.json", cases[i][0], strlen(cases[i][0]), &t1), cases[i][1]);
    }
}

/* A definition that reads well and is found wanting when it is evaluated. */
static void what_makes_no_space(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {T1(P("x", "int", "[1, 2]") "," P("y", "int", "[1, 2]"), C("x < 'a' or y")),
         "condition 1, 'x < 'a' or y': an operation that its operands do not have"},
        {T1(P("x", "int", "[1, 64]") "," P("y", "int", "[1, 2]"), C("y") "," C("2 ** x > y")),
         "condition 2, '2 ** x > y': beyond 64-bit integers or floats"},
        {T1(P("x", "int", "[1, 2]"), C("x > 2")), "the space is empty: 'x > 2' rejects every value of x"},
        {T1(P("x", "int", "[1, 2]") "," P("y", "int", "[1, 2]"), C("x + y > 4")), "the space is empty: "},
        {T1(P("x", "int", "[1, 2]"), C("1 // 0")), "the space is empty: '1 // 0' does not hold"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct t1 *t1 = read_text(cases[i][0]);
        struct space *space = NULL;
        expect_refusal(cases[i][0], t1_space(t1, &space), cases[i][1]);
        assert_null(space);
        t1_free(t1);
    }
}

static void too_many_parameters(void **state)
{
    (void)state;
    for (int n = SPACE_PARAMETERS_MAX; n <= SPACE_PARAMETERS_MAX + 1; n++) {
        struct text text = {0};
        struct t1 *t1 = NULL;
        text_append(&text, "{\"ConfigurationSpace\": {\"TuningParameters\": [");
        for (int i = 0; i < n; i++)
            text_format(&text, "%s{\"Name\": \"p%d\", \"Type\": \"int\", \"Values\": \"[1, 2]\"}",
                        i ? "," : "", i);
        text_append(&text, "]}}");
        enum status status = t1_read("test.json", text.data, text.size, &t1);
        if (n > SPACE_PARAMETERS_MAX)
            assert_fails(status, STATUS_BAD_DATA, "test.json: more than 32 parameters");
        else
            assert_ok(status);
        t1_free(t1);
        text_free(&text);
    }
}

/* ---- recordings ---- */

#define KT(entries)                                                         \
    "{\"tune_params_keys\": [\"x\", \"flag\", \"z\"], \"cache\": {" entries \
    ", \"9\": {\"x\": 2, \"flag\": 1, \"z\": 0, \"time\": 5, \"compile_time\": 40}}}"
#define E(key, x, flag, time) \
    "\"" key "\": {\"x\": " x ", \"flag\": " flag ", \"z\": 0, \"time\": " time ", \"compile_time\": 20}"

static struct recording *read_recording(const char *text)
{
    struct recording *recording = NULL;
    assert_ok(recording_read("rec.json", text, strlen(text), &recording));
    return recording;
}

#define DEFINED                                                                                          \
    T1(P("flag", "bool", "[True, False]") "," P("x", "int", "[4, 3, 2, 1]") "," P("only", "int", "[7]"), \
       C("flag or x > 1"))

static void a_recording_on_a_definition(void **state)
{
    (void)state;
    /* Ran: x=2 (5 ms), x=4 without flag. Did not run and is forbidden: x=1 without flag, x=9. */
    struct recording *recorded = read_recording(KT(E("1", "4", "false", "3") "," E(
                         "2", "1", "0", "\"InvalidConfig\"") "," E("3", "9", "1", "\"e\""))),
                     *recording;
    struct t1 *t1 = read_text(DEFINED);
    struct recording_fit fit;
    assert_ok(recording_define(recorded, t1, &recording, &fit));
    recording_free(recorded);
    assert_string_equal(recording->name, "rec.json");
    assert_int_equal(recording->n, 7);
    assert_int_equal(fit.n_absent, 5);
    assert_int_equal(fit.n_left_out, 2);
    const struct recorded *ran = recording_find(recording, &(struct configuration){{0, 3, 0}});
    const struct recorded *absent = recording_find(recording, &(struct configuration){{1, 0, 0}});
    assert_true(ran && ran->valid && ran->objective_ns == 3e6 && ran->cost_ns == 20e6);
    assert_true(absent && !absent->valid && absent->cost_ns == 20e6); /* the median of 20, 20, 20, 40 */
    assert_null(recording_find(recording, &(struct configuration){{0, 0, 0}})); /* flag false, x 1 */
    struct replay replay;
    assert_ok(replay_run(recording, &(struct replay_options){.strategy = "exhaustive"}, &replay));
    assert_int_equal(replay.n, 7);
    assert_true(replay.points[6].best_ns == 3e6 && replay.points[6].time_ns == 160e6);
    replay_free(&replay);
    recording_free(recording);
    t1_free(t1);
}

static void what_contradicts(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {KT(E("1", "1", "0", "3") "," E("2", "9", "0", "3")), DEFINED,
         "rec.json: 2 of its configurations ran although test.json forbids them, the first is "
         "x=1,flag=0,z=0: it fails 'flag or x > 1'"},
        {KT(E("1", "9", "0", "3")), DEFINED, "the first is x=9,flag=0,z=0: a value is not listed"},
        {KT(E("1", "2", "0", "3")), T1(P("x", "int", "[2]") "," P("y", "int", "[1, 2]"), ""),
         "rec.json: parameter y of test.json is not recorded"},
        {KT(E("1", "2", "0", "3")), T1(P("x", "int", "[2]"), ""),
         "rec.json: test.json does not define its parameter flag"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct recording *recorded = read_recording(cases[i][0]), *recording = NULL;
        struct t1 *t1 = read_text(cases[i][1]);
        struct recording_fit fit;
        assert_int_equal(recording_define(recorded, t1, &recording, &fit), STATUS_BAD_DATA);
        if (!strstr(status_message(), cases[i][2])) fail_msg("%s", status_message());
        assert_null(recording);
        recording_free(recorded);
        t1_free(t1);
    }
}

static void a_space_too_large_to_replay(void **state)
{
    (void)state;
    struct t1 *t1 = read_text(
        T1(P("x", "int", "range(4096)") "," P("flag", "int", "range(4096)") "," P("z", "int", "range(4096)"),
           ""));
    struct recording *recorded = read_recording(KT(E("1", "2", "0", "3"))), *recording;
    struct recording_fit fit;
    assert_fails(recording_define(recorded, t1, &recording, &fit), STATUS_BAD_DATA,
                 "test.json: its space has 68719476736 configurations; at most 67108864 are replayed");
    recording_free(recorded);
    t1_free(t1);
}

/* ---- real kernels ---- */

static bool read_shared(const char *name, struct text *content)
{
    char path[128];
    snprintf(path, sizeof path, "../shared/spaces/%s", name);
    return file_read_unpacked(path, 1 << 30, content) == STATUS_OK;
}

/* Counts of Python itself, evaluating every condition on every combination. */
static void public_definitions(void **state)
{
    (void)state;
    static const struct {
        const char *file, *recording;
        double raw;
        uint64_t valid;
    } cases[] = {
        {"t1/convolution_milo.json", "convolution_milo__A100.json.zst", 10240, 4362},
        {"t1/dedispersion_milo.json", "dedispersion_milo__MI250X.json.zst", 22272, 11130},
        {"t1/gemm_milo.json", NULL, 663552, 116928},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct text content = {0};
        struct t1 *t1;
        struct space *space;
        bool exact;
        if (!read_shared(cases[i].file, &content)) {
            print_message("no ../shared/spaces here: skipped\n");
            skip();
        }
        assert_ok(t1_read(cases[i].file, content.data, content.size, &t1));
        assert_ok(t1_space(t1, &space));
        assert_int_equal(space_count(space, &exact), cases[i].valid);
        assert_true(exact && space_raw_count(space) == cases[i].raw);
        space_free(space);
        text_clear(&content);
        if (cases[i].recording && read_shared(cases[i].recording, &content)) {
            struct recording *recorded, *recording;
            struct recording_fit fit;
            assert_ok(recording_read(cases[i].recording, content.data, content.size, &recorded));
            assert_ok(recording_define(recorded, t1, &recording, &fit));
            assert_int_equal(fit.n_absent + fit.n_left_out, 0);
            recording_free(recorded);
            recording_free(recording);
        }
        t1_free(t1);
        text_free(&content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces),
        cmocka_unit_test(values_in_order),
        cmocka_unit_test(what_is_no_definition),
        cmocka_unit_test(what_makes_no_space),
        cmocka_unit_test(too_many_parameters),
        cmocka_unit_test(a_recording_on_a_definition),
        cmocka_unit_test(what_contradicts),
        cmocka_unit_test(a_space_too_large_to_replay),
        cmocka_unit_test(public_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
