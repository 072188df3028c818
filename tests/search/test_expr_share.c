/* What is shared gives what the whole gave, values and faults alike, and what stands twice runs once. */
#include "tests/base/check.h"
#include "search/expr.h"
#include "search/expr_share.h"
#include "tests/scale.h"
#include "tests/search/random_text.h"

static void assert_same(const struct expr *whole, const struct expr *shared, const char *text)
{
    for (unsigned i = 0; i < 6; i++) {
        int64_t slots[SLOTS], expected = 0, value = 0, checked = 0;
        for (unsigned s = 0; s < SLOTS; s++) slots[s] = random_value();
        enum expr_fault wanted = expr_eval(whole, slots, &expected), fault = expr_eval(shared, slots, &value);
        if (fault != wanted || value != expected)
            fail_msg("%s: %lld (%s), not %lld (%s)", text, (long long)value, expr_fault_name(fault),
                     (long long)expected, expr_fault_name(wanted));
        assert_int_equal(expr_eval_checked(shared->code, shared->size, slots, SLOTS, &checked), wanted);
        assert_int_equal(checked, expected);
    }
}

/* Three random parts, each several times: bare, inside of others, and in operands that may not be evaluated.
 */
static void print_repetitive(struct text *out)
{
    static const char *const shapes[] = {
        "(A + B) * C < (A + B)",
        "max(A, C) > 3 ? ceil_div(A, max(A, C)) : B - max(A, C)",
        "A && B || (A & B) && A + 1",
        "(C ? A + B : A * B) + A * B + (C ? A + B : A * B)",
        "min(A * B + C, A * B - C, A * B) >> (A * B + C > 0 && B < A * B)",
    };
    struct text parts[3] = {{0}};
    for (unsigned i = 0; i < N_OF(parts); i++) print_random(&parts[i], (unsigned)rng_below(&rng, 4));
    for (const char *c = shapes[rng_below(&rng, N_OF(shapes))]; *c; c++) {
        if (*c >= 'A' && *c <= 'C')
            text_format(out, "(%s)", text_string(&parts[*c - 'A']));
        else
            text_append_bytes(out, c, 1);
    }
    for (unsigned i = 0; i < N_OF(parts); i++) text_free(&parts[i]);
}

static void random_expressions_share_to_the_same(void **state)
{
    (void)state;
    size_t n = test_scaled(20000), compiled = 0, smaller = 0;
    rng_seed(&rng, 40);
    for (size_t i = 0; i < n; i++) {
        struct arena arena = {0};
        struct text text = {0}, printed = {0};
        struct expr expr, shared, validated, again;
        print_repetitive(&text);
        if (expr_compile(&arena, text_string(&text), "random", &names_scope, &expr) == STATUS_OK) {
            compiled++;
            assert_ok(expr_share(&arena, &expr, &shared));
            assert_ok(expr_validate(shared.code, shared.size, SLOTS, &validated));
            assert_true(shared.size <= expr.size);
            smaller += shared.size < expr.size;
            assert_same(&expr, &validated, text_string(&text));
            expr_print(&shared, names_slot, NULL, &printed);
            if (expr_compile(&arena, text_string(&printed), "printed", &names_scope, &again) == STATUS_OK)
                assert_same(&expr, &again, text_string(&printed));
        }
        text_free(&text);
        text_free(&printed);
        arena_free(&arena);
    }
    assert_true(compiled > n / 2 && smaller > compiled / 2);
}

static void what_stands_twice_runs_once(void **state)
{
    (void)state;
    /* p0 + p1: SLOT SLOT ADD, 5 bytes, then KEEP and KEPT, 2 each */
    static const struct {
        const char *text;
        uint32_t size;
    } cases[] = {
        {"(p0 + p1) * (p0 + p1)", 5 + 2 + 2 + 1},
        {"(p0 + p1) * (p0 + p1) + (p0 + p1) * (p0 + p1)", 5 + 2 + 2 + 1 + 2 + 2 + 1},
        {"p0 && (p0 + p1) / (p0 + p1)", 2 + 3 + 5 + 5 + 1 + 1}, /* may not be evaluated: not kept */
        {"p0 + p1 && (p0 + p1) / p2", 5 + 2 + 3 + 2 + 2 + 1 + 1},
        {"p0 * p0 + p1 * p1", 5 + 5 + 1},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct arena arena = {0};
        struct expr expr, shared;
        assert_ok(expr_compile(&arena, cases[i].text, "test", &names_scope, &expr));
        assert_ok(expr_share(&arena, &expr, &shared));
        if (shared.size != cases[i].size)
            fail_msg("%s: %u bytes, not %u", cases[i].text, shared.size, cases[i].size);
        arena_free(&arena);
    }
}

enum { PUSH8 = 0x01, KEEP = 0x05, KEPT = 0x06, JUMP_IF_ZERO = 0x09, JUMP = 0x08, ADD = 0x20 };

static void a_place_must_be_filled_on_every_way(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t size, code[24];
    } cases[] = {
        {NULL, 7, {PUSH8, 7, KEEP, 0, KEPT, 0, ADD}},
        {"there are 8 places", 7, {PUSH8, 7, KEEP, 8, KEPT, 8, ADD}},
        {"leaves empty", 5, {PUSH8, 7, KEPT, 0, ADD}},
        {"leaves empty", 7, {PUSH8, 7, KEEP, 1, KEPT, 0, ADD}},
        {"stack underflow", 5, {KEEP, 0, KEPT, 0, ADD}},
        {"leaves empty",
         17,
         {PUSH8, 1, JUMP_IF_ZERO, 7, 0, PUSH8, 3, KEEP, 0, JUMP, 2, 0, PUSH8, 4, KEPT, 0, ADD}},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct expr expr;
        int64_t value = 0;
        enum status status = expr_validate(cases[i].code, cases[i].size, 0, &expr);
        enum expr_fault fault = expr_eval_checked(cases[i].code, cases[i].size, NULL, 0, &value);
        assert_int_equal(status, cases[i].why ? STATUS_BAD_DATA : STATUS_OK);
        if (cases[i].why && !strstr(status_message(), cases[i].why)) fail_msg("%s", status_message());
        if (!cases[i].why) assert_true(fault == EXPR_FINE && value == 14);
        if (cases[i].why && i != N_OF(cases) - 1) assert_int_equal(fault, EXPR_BAD_CODE);
    }
}

/* Each kept sum is twice the one before: printed in full it would have 2^100 terms. */
static void a_text_without_end_is_only_described(void **state)
{
    (void)state;
    uint8_t code[2 + 100 * 5] = {PUSH8, 1};
    for (size_t i = 0; i < 100; i++) memcpy(code + 2 + 5 * i, (uint8_t[]){KEEP, 0, KEPT, 0, ADD}, 5);
    struct expr expr;
    struct text printed = {0};
    assert_ok(expr_validate(code, sizeof code, 0, &expr));
    expr_print(&expr, NULL, NULL, &printed);
    assert_string_equal(text_string(&printed), "(502 bytes of bytecode)");
    text_free(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_expressions_share_to_the_same),
        cmocka_unit_test(what_stands_twice_runs_once),
        cmocka_unit_test(a_place_must_be_filled_on_every_way),
        cmocka_unit_test(a_text_without_end_is_only_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
