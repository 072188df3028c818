/* A good manifest, and the same with a member in other words. */
#ifndef TUNEBOOK_TESTS_TEMPLATES_MANIFEST_SAMPLE_H
#define TUNEBOOK_TESTS_TEMPLATES_MANIFEST_SAMPLE_H

#include "tests/base/check.h"

#include "templates/manifest.h"

static const struct member {
    const char *name, *text;
} good[] = {
    {"name", "\"demo\""},
    {"op", "\"gemm\""},
    {"source", "\"demo.c\""},
    {"targets", "[\"x86-64-v3\", \"gfx942\"]"},
    {"accepts",
     "[\"a_type == b_type\", \"a_type == f32 || a_type == bf16\", \"k % 4 == 0\", \"layout != tt\"]"},
    {"parameters", "{\"TILE\": [16, 32, 64], \"SPLIT\": [1, 2, 4], \"SWIZZLE\": [\"none\", \"xor\"]}"},
    {"let", "{\"tile_bytes\": \"TILE * size_of(a_type)\", \"lds_bytes\": \"2 * tile_bytes\"}"},
    {"where", "[\"lds_bytes <= device.lds_bytes\", \"SPLIT == 1 || ceil_div(k, 64) >= SPLIT\", \"SWIZZLE == "
              "none || TILE > 16\"]"},
    {"workspace_bytes", "\"SPLIT > 1 ? 4 * SPLIT * m * n * batch : 0\""},
    {"deterministic", "\"SPLIT == 1\""},
    {"launch", "[{\"when\": \"SPLIT > 1\", \"zero\": {\"bytes\": \"4 * m * n\", \"offset\": 64}},"
               " {\"entry\": \"demo\", \"grid\": [\"ceil_div(m, TILE)\", \"SPLIT\", \"batch\"], "
               "\"shared_bytes\": \"lds_bytes\"}]"},
    {"default", "{\"TILE\": 64, \"SPLIT\": 2, \"SWIZZLE\": \"xor\"}"},
    {"specialize", "[\"n\", \"k\"]"},
};

/* The good manifest with one member in other words (text NULL: without it; an unknown name: with one more).
 */
static inline void compose(const char *name, const char *text, struct text *out)
{
    bool known = name == NULL;
    for (size_t i = 0; i < N_OF(good); i++) {
        bool changed = name && strcmp(good[i].name, name) == 0;
        known |= changed;
        const char *said = changed ? text : good[i].text;
        if (said) text_format(out, "%s\"%s\": %s", out->size ? ",\n" : "{", good[i].name, said);
    }
    if (!known && text) text_format(out, ",\n\"%s\": %s", name, text);
    text_append(out, "}");
}

static inline enum status parse(const char *name, const char *text, struct manifest **out)
{
    struct text json = {0};
    compose(name, text, &json);
    enum status status = manifest_parse("built-in", text_string(&json), json.size, "void demo(void);\n", out);
    text_free(&json);
    return status;
}

static inline void make_slots(const char *problem_text, int64_t slots[SLOT_COUNT])
{
    struct problem problem;
    struct device_facts facts = {{0}};
    facts.value[DEVICE_FACT_lds_bytes] = 65536;
    assert_ok(problem_parse(problem_text, &problem));
    memset(slots, 0, SLOT_COUNT * sizeof *slots);
    problem_slots(&problem, &facts, slots);
}

static inline int64_t evaluate(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    assert_int_equal(expr_eval(expr, slots, &value), EXPR_FINE);
    return value;
}

#endif
