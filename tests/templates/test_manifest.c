/* Manifests: what a good one says, and the exact line for every way to be bad. */
#include "tests/templates/manifest_sample.h"

static void test_good(void **state)
{
    (void)state;
    struct manifest *m;
    assert_ok(parse(NULL, NULL, &m));
    assert_string_equal(m->name, "demo");
    assert_string_equal(m->origin, "built-in");
    assert_string_equal(m->source_name, "demo.c");
    assert_string_equal(m->op->name, "gemm");
    assert_true(manifest_has_target(m, "gfx942") && !manifest_has_target(m, "gfx90a") && !m->targets[2]);
    assert_int_equal(m->n_parameters, 3);
    assert_int_equal(m->parameters[1].slot, SLOT_PARAMETERS + 1);
    assert_null(m->parameters[1].words);
    assert_string_equal(m->parameters[2].words[1], "xor");
    assert_int_equal(m->parameters[2].values[1], expr_word("xor"));
    assert_int_equal(m->n_accepts, 4);
    assert_int_equal(m->n_where, 3);
    assert_string_equal(m->where[2].text, "SWIZZLE == none || TILE > 16");
    assert_int_equal(m->n_steps, 2);
    assert_int_equal(m->specialize, 3u << op_field_index(m->op, "n"));

    int64_t slots[SLOT_COUNT];
    make_slots("gemm bf16 nt m=100 n=64 k=128", slots);
    for (unsigned i = 0; i < 3; i++) slots[m->parameters[i].slot] = m->defaults[i];
    assert_int_equal(evaluate(&m->workspace_bytes, slots), 4 * 2 * 100 * 64);
    assert_int_equal(evaluate(&m->deterministic, slots), 0);
    const struct manifest_step *zero = &m->steps[0], *kernel = &m->steps[1];
    assert_true(zero->has_when && !zero->entry && !kernel->has_when);
    assert_int_equal(evaluate(&zero->zero_offset, slots), 64);
    assert_int_equal(evaluate(&zero->zero_bytes, slots), 4 * 100 * 64);
    assert_string_equal(kernel->entry, "demo");
    assert_int_equal(evaluate(&kernel->grid[0], slots), 2);
    assert_int_equal(evaluate(&kernel->grid[2], slots), 1);
    assert_int_equal(evaluate(&kernel->block[1], slots), 1);
    assert_int_equal(evaluate(&kernel->cluster[0], slots), 1);
    assert_int_equal(evaluate(&kernel->shared_bytes, slots), 2 * 64 * 2);
    manifest_free(m);
    manifest_free(NULL);
}

static void test_optional_members(void **state)
{
    (void)state;
    const char *const optional[] = {"accepts",         "let",           "where",
                                    "workspace_bytes", "deterministic", "specialize"};
    for (size_t i = 0; i < N_OF(optional); i++) {
        struct manifest *m;
        if (strcmp(optional[i], "let") == 0) continue; /* others use it */
        assert_ok(parse(optional[i], NULL, &m));
        int64_t slots[SLOT_COUNT];
        make_slots("gemm f32 nt m=1 n=1 k=4", slots);
        if (strcmp(optional[i], "workspace_bytes") == 0)
            assert_int_equal(evaluate(&m->workspace_bytes, slots), 0);
        if (strcmp(optional[i], "deterministic") == 0)
            assert_int_equal(evaluate(&m->deterministic, slots), 1);
        manifest_free(m);
    }
    struct manifest *m;
    assert_ok(parse("about", "\"what it is\"", &m));
    manifest_free(m);
}

static void test_acceptance(void **state)
{
    (void)state;
    struct manifest *m;
    const char *clause = NULL;
    int64_t slots[SLOT_COUNT];
    assert_ok(parse(NULL, NULL, &m));
    make_slots("gemm f32 nt m=5 n=7 k=128", slots);
    assert_true(manifest_accepts(m, slots, &clause));
    assert_null(clause);
    assert_true(manifest_check_default(m, slots, &clause));
    make_slots("gemm f16 nt m=5 n=7 k=128", slots);
    assert_false(manifest_accepts(m, slots, &clause));
    assert_string_equal(clause, "a_type == f32 || a_type == bf16");
    make_slots("gemm f32 tt m=5 n=7 k=128", slots);
    assert_false(manifest_accepts(m, slots, &clause));
    assert_string_equal(clause, "layout != tt");
    assert_false(manifest_accepts(m, slots, NULL));
    make_slots("gemm f32 nt m=5 n=7 k=64", slots); /* too short to split in two */
    assert_false(manifest_check_default(m, slots, &clause));
    assert_string_equal(clause, "SPLIT == 1 || ceil_div(k, 64) >= SPLIT");
    manifest_free(m);
    assert_ok(parse("accepts", "[\"100 / (m - 5) > 0\"]", &m)); /* a fault refuses */
    assert_false(manifest_accepts(m, slots, &clause));
    assert_string_equal(clause, "100 / (m - 5) > 0");
    manifest_free(m);
}

static void test_configurations(void **state)
{
    (void)state;
    struct manifest *m;
    int64_t slots[SLOT_COUNT] = {0};
    struct text text = {0};
    assert_ok(parse(NULL, NULL, &m));
    assert_ok(manifest_parse_configuration(m, "SWIZZLE=xor,TILE=32,SPLIT=4", slots));
    manifest_print_configuration(m, slots, &text);
    assert_string_equal(text_string(&text), "TILE=32,SPLIT=4,SWIZZLE=xor");
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"TILE=33,SPLIT=1,SWIZZLE=xor", "demo: TILE=33 is not one of its values: 16, 32, 64"},
        {"TILE=16,SPLIT=1,SWIZZLE=and", "demo: SWIZZLE=and is not one of its values: none, xor"},
        {"TILE=16,SPLIT=1", "demo: SWIZZLE is missing"},
        {"TILE=16,TILE=32", "demo: TILE is given twice"},
        {"TILES=16", "demo: unknown parameter 'TILES'; did you mean 'TILE'?"},
        {"QQ=16", "demo: unknown parameter 'QQ'; the first is 'TILE'"},
        {"TILE", "demo: 'TILE' is not of the form NAME=VALUE"},
        {"TILE=16,,SPLIT=1", "demo: '' is not of the form NAME=VALUE"},
        {"TILE=99999999999999999999", "demo: TILE=99999999999999999999 is not one of its values: 16, 32, 64"},
        {"", "demo: '' is not of the form NAME=VALUE"},
    };
    for (size_t i = 0; i < N_OF(bad); i++)
        assert_fails(manifest_parse_configuration(m, bad[i].text, slots), STATUS_USAGE, bad[i].message);
    assert_int_equal(slots[m->parameters[0].slot], 32); /* untouched by failures */
    text_free(&text);
    manifest_free(m);
}

static void test_definitions(void **state)
{
    (void)state;
    struct manifest *m;
    struct problem problem;
    struct text text = {0};
    int64_t slots[SLOT_COUNT] = {0};
    assert_ok(parse(NULL, NULL, &m));
    assert_ok(problem_parse("gemm f8e4m3 d=bf16 tn bias+swiglu al=4321 m=3 n=64 k=128", &problem));
    assert_ok(manifest_parse_configuration(m, "TILE=32,SPLIT=4,SWIZZLE=xor", slots));
    manifest_definitions(m, &problem, slots, &text);
    assert_string_equal(
        text_string(&text),
        "A_TYPE=DTYPE_F8E4M3\nB_TYPE=DTYPE_F8E4M3\nD_TYPE=DTYPE_BF16\nACC_TYPE=DTYPE_F32\n"
        "LAYOUT=LAYOUT_TN\nACT=ACT_SWIGLU\nBIAS=1\nALIGN_A=4\nALIGN_B=3\nALIGN_C=2\nALIGN_D=1\n"
        "SIZE_N=64\nSIZE_K=128\nTILE=32\nSPLIT=4\nSWIZZLE=SWIZZLE_XOR\n");
    text_free(&text);
    manifest_free(m);
}

static void test_identity(void **state)
{
    (void)state;
    struct manifest *a, *b, *c;
    struct text json = {0};
    compose(NULL, NULL, &json);
    assert_ok(manifest_parse("x.json", text_string(&json), json.size, "one", &a));
    assert_ok(manifest_parse("built-in", text_string(&json), json.size, "one", &b));
    assert_ok(manifest_parse("x.json", text_string(&json), json.size, "two", &c));
    assert_memory_equal(&a->hash, &b->hash, sizeof a->hash);
    assert_memory_not_equal(&a->hash, &c->hash, sizeof a->hash);
    assert_string_equal(a->json, text_string(&json));
    assert_string_equal(a->source, "one");
    text_free(&json);
    manifest_free(a);
    manifest_free(b);
    manifest_free(c);
}

static const struct bad {
    const char *member, *text, *message;
} bad[] = {
    {"name", NULL, "built-in: member \"name\" (a string) is missing"},
    {"name", "\"Demo\"", "built-in: name \"Demo\" must be small letters, digits and _, at most 63"},
    {"wheer", "[]", "built-in: unknown member \"wheer\"; did you mean \"where\"?"},
    {"op", "\"gem\"", "demo: unknown op \"gem\"; did you mean \"gemm\"?"},
    {"op", "7", "demo: member \"op\" must be a string, found 7"},
    {"source", "\"../demo.c\"", "demo: source \"../demo.c\" must be the name of a file beside the manifest"},
    {"targets", "[]", "demo: targets must list 1 to 64 targets, not 0"},
    {"targets", "[\"a\", \"B\"]", "demo: targets[1] is no target's name, such as \"gfx942\""},
    {"targets", "[\"a\", \"a\"]", "demo: targets lists \"a\" twice"},
    {"accepts", "[\"TILE > 4\"]",
     "demo: accepts[0], column 1: unknown name 'TILE' (accepts sees problem fields and device.* only; use "
     "where)"},
    {"accepts", "[\"k > 0\", \"k >\"]",
     "demo: accepts[1], column 4: expected a value, but the text ends here"},
    {"accepts", "[true]", "demo: accepts[0]: must be an expression in quotes"},
    {"accepts", "\"k > 0\"", "demo: member \"accepts\" must be an array, found a string"},
    {"parameters", "{}", "demo: \"parameters\" is empty; a template has something to tune"},
    {"parameters", "{\"TILE\": []}", "demo: parameter TILE needs a list of values, such as [16, 32]"},
    {"parameters", "{\"TILE\": 16}", "demo: parameter TILE needs a list of values, such as [16, 32]"},
    {"parameters", "{\"TILE\": [16, 32, 16]}", "demo: parameter TILE lists 16 twice"},
    {"parameters", "{\"TILE\": [\"a\", \"b\", \"a\"]}", "demo: parameter TILE lists \"a\" twice"},
    {"parameters", "{\"TILE\": [16, \"a\"]}",
     "demo: parameter TILE must list whole numbers only, or words only"},
    {"parameters", "{\"TILE\": [1.5]}",
     "demo: parameter TILE lists something that is no whole number below 2^53"},
    {"parameters", "{\"TILE\": [1e300]}",
     "demo: parameter TILE lists something that is no whole number below 2^53"},
    {"parameters", "{\"TILE\": [\"A b\"]}",
     "demo: parameter TILE: the word \"A b\" must be small letters, digits and _, at most 63"},
    {"parameters", "{\"tile\": [1]}",
     "demo: parameter \"tile\" must be named like a macro: capitals, digits and _, at most 63"},
    {"parameters", "{\"LAYOUT\": [1]}",
     "demo: parameter LAYOUT has the name of a macro that every kernel gets; rename it"},
    {"parameters", "{\"SIZE_N\": [1]}",
     "demo: parameter SIZE_N has the name of a macro that every kernel gets; rename it"},
    {"let", "{\"bytes\": \"TILE * lds\"}", "demo: let.bytes, column 8: unknown name 'lds'"},
    {"let", "{\"one\": \"two\", \"two\": \"1\"}", "demo: let.one, column 1: unknown name 'two'"},
    {"let", "{\"m\": \"1\"}", "demo: let m has the name of a field, word or function; rename it"},
    {"let", "{\"bf16\": \"1\"}", "demo: let bf16 has the name of a field, word or function; rename it"},
    {"let", "{\"xor\": \"1\"}", "demo: let xor has the name of a field, word or function; rename it"},
    {"let", "{\"max\": \"1\"}", "demo: let max has the name of a field, word or function; rename it"},
    {"let", "{\"Big\": \"1\"}", "demo: let \"Big\" must be small letters, digits and _, at most 63"},
    {"where", "[\"TILE <= 64\", \"TILEE > 1\"]",
     "demo: where[1], column 1: unknown name 'TILEE'; did you mean 'TILE'?"},
    {"where", "[\"1 / 0\"]", "demo: where[0], column 3: '/' of constants: division by zero"},
    {"workspace_bytes", "[1]", "demo: workspace_bytes: must be an expression in quotes or a whole number"},
    {"workspace_bytes", "0.5", "demo: workspace_bytes: must be an expression in quotes or a whole number"},
    {"launch", NULL, "demo: member \"launch\" (an array) is missing"},
    {"launch", "[]", "demo: launch has no kernel to run"},
    {"launch", "[{\"zero\": {\"bytes\": 4}}]", "demo: launch has no kernel to run"},
    {"launch", "[7]", "demo: launch[0] must be an object with \"entry\" or \"zero\""},
    {"launch", "[{\"grid\": [1, 1, 1]}]", "demo: launch[0]: member \"entry\" (a string) is missing"},
    {"launch", "[{\"entry\": \"a b\", \"grid\": [1, 1, 1]}]",
     "demo: launch[0].entry \"a b\" is no name of a C function"},
    {"launch", "[{\"entry\": \"a\"}]", "demo: launch[0].grid must list 3 expressions, not 0"},
    {"launch", "[{\"entry\": \"a\", \"grid\": [1, 1]}]",
     "demo: launch[0].grid must list 3 expressions, not 2"},
    {"launch", "[{\"entry\": \"a\", \"grid\": [1, 1, 1], \"block\": [256]}]",
     "demo: launch[0].block must list 3 expressions, not 1"},
    {"launch", "[{\"entry\": \"a\", \"grid\": [1, \"nn\", \"q\"]}]",
     "demo: launch[0].grid[2], column 1: unknown name 'q'"},
    {"launch", "[{\"entry\": \"a\", \"grid\": [1, 1, 1], \"shared\": 4}]",
     "demo: launch[0]: unknown member \"shared\"; known are when, entry, grid, cluster, block, shared_bytes, "
     "cooperative, programmatic"},
    {"launch", "[{\"entry\": \"a\", \"grid\": [1, 1, 1], \"programmatic\": \"TILES\"}]",
     "demo: launch[0].programmatic, column 1: unknown name 'TILES'; did you mean 'TILE'?"},
    {"launch", "[{\"zero\": {\"bytes\": 4}, \"cooperative\": 1}]",
     "demo: launch[0]: unknown member \"cooperative\"; known are when, zero"},
    {"launch", "[{\"zero\": {\"bytes\": 4, \"ofset\": 4}}]",
     "demo: launch[0] in \"zero\": unknown member \"ofset\"; did you mean \"offset\"?"},
    {"launch", "[{\"zero\": {}}]", "demo: launch[0].zero needs \"bytes\" (and \"offset\" where it is not 0)"},
    {"launch",
     "[{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,"
     "1]},"
     "{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,1]"
     "},"
     "{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,1]},{\"entry\":\"a\",\"grid\":[1,1,1]"
     "}]",
     "demo: launch has 9 steps; 8 are the most"},
    {"default", NULL, "demo: member \"default\" (an object) is missing"},
    {"default", "{\"TILE\": 64, \"SPLIT\": 2}", "demo: default: SWIZZLE is missing"},
    {"default", "{\"TILE\": 48, \"SPLIT\": 2, \"SWIZZLE\": \"xor\"}",
     "demo: default: TILE=48 is not one of the parameter's values"},
    {"default", "{\"TILE\": 64, \"SPLIT\": 2, \"SWIZZLE\": \"or\"}",
     "demo: default: SWIZZLE=\"or\" is not one of the parameter's values"},
    {"default", "{\"TILE\": \"64\", \"SPLIT\": 2, \"SWIZZLE\": \"xor\"}",
     "demo: default: TILE=\"64\" is not one of the parameter's values"},
    {"default", "{\"TILE\": 64, \"SPLIT\": 2, \"SWIZZLE\": \"xor\", \"TILES\": 1}",
     "demo in \"default\": unknown member \"TILES\"; did you mean \"TILE\"?"},
    {"specialize", "[\"n\", \"act\"]", "demo: specialize: \"act\" is no size of gemm; sizes are m, n, k ..."},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct manifest *m = NULL;
        enum status status = parse(bad[i].member, bad[i].text, &m);
        if (status != STATUS_BAD_DATA || strcmp(status_message(), bad[i].message) != 0)
            fail_msg("%s = %s\nis:     %s\nwanted: %s", bad[i].member, bad[i].text ? bad[i].text : "(none)",
                     status == STATUS_OK ? "ok" : status_message(), bad[i].message);
        assert_null(m);
    }
}

/* Limits that a table would be long for. */
static void test_limits(void **state)
{
    (void)state;
    struct text text = {0};
    struct manifest *m;
    text_append(&text, "{\"TILE\": [0");
    for (int i = 1; i <= 4096; i++) text_format(&text, ",%d", i);
    text_append(&text, "]}");
    assert_fails(parse("parameters", text_string(&text), &m), STATUS_BAD_DATA,
                 "demo: parameter TILE has 4097 values; 4096 are the most");
    text_clear(&text);
    for (int i = 0; i <= 32; i++) text_format(&text, "%s\"P%d\": [1]", i ? "," : "{", i);
    text_append(&text, "}");
    assert_fails(parse("parameters", text_string(&text), &m), STATUS_BAD_DATA,
                 "demo: 33 parameters; 32 are the most");
    text_clear(&text);
    for (int i = 0; i <= 64; i++) text_format(&text, "%s\"1\"", i ? "," : "[");
    text_append(&text, "]");
    assert_fails(parse("where", text_string(&text), &m), STATUS_BAD_DATA,
                 "demo: where has 65 clauses; 64 are the most");
    text_clear(&text);
    for (int i = 0; i <= 64; i++) text_format(&text, "%s\"l%d\": \"1\"", i ? "," : "{", i);
    text_append(&text, "}");
    assert_fails(parse("let", text_string(&text), &m), STATUS_BAD_DATA, "demo: more than 64 lets");
    text_free(&text);
}

static void test_broken_json(void **state)
{
    (void)state;
    struct manifest *m;
    assert_int_equal(manifest_parse("d/x.json", "{\"name\": ", 9, "", &m), STATUS_BAD_DATA);
    assert_true(strncmp(status_message(), "d/x.json", 8) == 0);
    assert_int_equal(manifest_parse("d/x.json", "[]", 2, "", &m), STATUS_BAD_DATA);
    assert_string_equal(status_message(), "d/x.json: a manifest is a JSON object");
    assert_int_equal(manifest_parse("d/x.json", "{\"name\":\"a\",\"name\":\"b\"}", 23, "", &m),
                     STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "is there twice"));
}

/* Every template that is built in parses, and its default stands on plain problems that it accepts. */
static void test_built_in(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm f32 nt m=16 n=2048 k=2048", "gemm f32 nn m=128 n=512 k=512",
                                           "gemm bf16 nt m=1 n=4096 k=4096", "gemm f32 tn m=3 n=5 k=7"};
    struct manifest **list;
    size_t n;
    assert_ok(template_load(NULL, &list, &n));
    for (size_t i = 0; i < n; i++) {
        assert_true(strstr(list[i]->source, "#line 1") == list[i]->source);
        assert_null(strstr(list[i]->source, "#include \""));
        for (size_t p = 0; p < N_OF(problems); p++) {
            struct problem problem;
            struct device_facts facts = {{0}};
            int64_t slots[SLOT_COUNT] = {0};
            const char *clause = "";
            for (int f = 0; f < DEVICE_FACT_COUNT; f++) facts.value[f] = 1 << 20;
            facts.value[DEVICE_FACT_units] = 2;
            facts.value[DEVICE_FACT_lds_bytes] = 64 << 20;
            facts.value[DEVICE_FACT_wave_size] = facts.value[DEVICE_FACT_max_block_threads] = 1;
            facts.value[DEVICE_FACT_vector_bytes] = 32;
            facts.value[DEVICE_FACT_vector_registers] = 16;
            assert_ok(problem_parse(problems[p], &problem));
            problem_slots(&problem, &facts, slots);
            if (!manifest_has_target(list[i], "x86-64-v3") || !manifest_accepts(list[i], slots, NULL))
                continue;
            if (!manifest_check_default(list[i], slots, &clause))
                fail_msg("%s: the default breaks '%s' on %s", list[i]->name, clause, problems[p]);
        }
        manifest_free(list[i]);
    }
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_optional_members),
        cmocka_unit_test(test_acceptance),  cmocka_unit_test(test_configurations),
        cmocka_unit_test(test_definitions), cmocka_unit_test(test_identity),
        cmocka_unit_test(test_bad),         cmocka_unit_test(test_limits),
        cmocka_unit_test(test_broken_json), cmocka_unit_test(test_built_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
