/* Manifests with tensor maps, and attributes of launches. */
#include "tests/templates/manifest_sample.h"

/* The good manifest for a device that has tensor maps, with this for them. */
static enum status parse_maps(const char *targets, const char *maps, struct manifest **out)
{
    struct text json = {0};
    compose("targets", targets, &json);
    json.size--;
    text_format(&json, ",\n\"tensor_maps\": %s}", maps);
    enum status status = manifest_parse("built-in", text_string(&json), json.size, "void demo(void);\n", out);
    text_free(&json);
    return status;
}

static const struct {
    const char *maps, *message;
} bad_maps[] = {
    {"{}", "demo: member \"tensor_maps\" must be an array, found an object"},
    {"[7]", "demo: tensor_maps[0] must be an object with \"operand\" and \"box\""},
    {"[{\"box\": [1, 1]}]", "demo: tensor_maps[0]: member \"operand\" (a string) is missing"},
    {"[{\"operand\": \"x\", \"box\": [1, 1]}]",
     "demo: tensor_maps[0].operand \"x\" is none of gemm's: a, b, c, d, bias"},
    {"[{\"operand\": \"a\"}]",
     "demo: tensor_maps[0].box must list 2 expressions (elements along the contiguous dimension, along the "
     "other), not 0"},
    {"[{\"operand\": \"a\", \"box\": [1, 1, 1]}]",
     "demo: tensor_maps[0].box must list 2 expressions (elements along the contiguous dimension, along the "
     "other), not 3"},
    {"[{\"operand\": \"a\", \"box\": [1, 1]}, {\"operand\": \"b\", \"box\": [\"2 * TILES\", 1]}]",
     "demo: tensor_maps[1].box[0], column 5: unknown name 'TILES'; did you mean 'TILE'?"},
    {"[{\"operand\": \"a\", \"box\": [1, 1], \"swizzle\": \"1 +\"}]",
     "demo: tensor_maps[0].swizzle, column 4: expected a value, but the text ends here"},
    {"[{\"operand\": \"a\", \"box\": [1, 1], \"when\": true}]",
     "demo: tensor_maps[0].when: must be an expression in quotes or a whole number"},
    {"[{\"operand\": \"a\", \"box\": [1, 1], \"swizle\": 128}]",
     "demo: tensor_maps[0]: unknown member \"swizle\"; did you mean \"swizzle\"?"},
};

static void test_tensor_maps(void **state)
{
    (void)state;
    static const char hopper[] = "[\"sm_90a\", \"sm_100a\"]",
                      maps[] = "[{\"operand\": \"a\", \"box\": [\"TILE\", 64], \"swizzle\": \"2 * TILE\"},"
                               " {\"operand\": \"bias\", \"box\": [8, 1], \"when\": \"bias\"}]";
    struct manifest *m, *plain;
    int64_t slots[SLOT_COUNT];
    assert_ok(parse_maps(hopper, maps, &m));
    assert_int_equal(m->n_maps, 2);
    assert_string_equal(m->maps[0].operand, "a");
    assert_false(m->maps[0].has_when);
    make_slots("gemm bf16 nt m=100 n=64 k=128", slots);
    for (unsigned i = 0; i < 3; i++) slots[m->parameters[i].slot] = m->defaults[i];
    assert_int_equal(evaluate(&m->maps[0].box[0], slots), 64);
    assert_int_equal(evaluate(&m->maps[0].box[1], slots), 64);
    assert_int_equal(evaluate(&m->maps[0].swizzle, slots), 128);
    assert_true(m->maps[1].has_when);
    assert_int_equal(evaluate(&m->maps[1].when, slots), 0);
    assert_int_equal(evaluate(&m->maps[1].swizzle, slots), 0);
    assert_ok(parse_maps(hopper, "[]", &plain)); /* what kernels get is part of what they are */
    assert_memory_not_equal(&m->identity, &plain->identity, sizeof m->identity);
    manifest_free(plain);
    manifest_free(m);
    for (size_t i = 0; i < N_OF(bad_maps); i++) {
        assert_int_equal(parse_maps(hopper, bad_maps[i].maps, &m), STATUS_BAD_DATA);
        assert_string_equal(status_message(), bad_maps[i].message);
    }
    static const char *const none[] = {"gfx942", "sm_80", "x86-64-v3", "sm_9000"};
    for (size_t i = 0; i < N_OF(none); i++) {
        char targets[64], message[128];
        snprintf(targets, sizeof targets, "[\"sm_90a\", \"%s\"]", none[i]);
        snprintf(message, sizeof message,
                 "demo: tensor_maps: target \"%s\" has no tensor maps; NVIDIA's since sm_90a have", none[i]);
        assert_int_equal(parse_maps(targets, maps, &m), STATUS_BAD_DATA);
        assert_string_equal(status_message(), message);
    }
}

static void test_too_many_maps(void **state)
{
    (void)state;
    struct text text = {0};
    struct manifest *m;
    for (int i = 0; i <= 8; i++) text_format(&text, "%s{\"operand\": \"a\", \"box\": [1, 1]}", i ? "," : "[");
    text_append(&text, "]");
    assert_fails(parse_maps("[\"sm_90a\"]", text_string(&text), &m), STATUS_BAD_DATA,
                 "demo: tensor_maps has 9 maps; 8 are the most");
    text_free(&text);
}

static void test_launch_attributes(void **state)
{
    (void)state;
    struct manifest *m;
    int64_t slots[SLOT_COUNT];
    assert_ok(
        parse("launch",
              "[{\"entry\": \"a\", \"grid\": [1, 1, 1], \"cooperative\": \"m > 4\", \"programmatic\": 1}, "
              "{\"entry\": \"b\", \"grid\": [1, 1, 1]}]",
              &m));
    make_slots("gemm f32 nt m=5 n=8 k=8", slots);
    assert_int_equal(evaluate(&m->steps[0].cooperative, slots), 1);
    assert_int_equal(evaluate(&m->steps[0].programmatic, slots), 1);
    assert_int_equal(evaluate(&m->steps[1].cooperative, slots), 0);
    assert_int_equal(evaluate(&m->steps[1].programmatic, slots), 0);
    manifest_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensor_maps),
        cmocka_unit_test(test_too_many_maps),
        cmocka_unit_test(test_launch_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
