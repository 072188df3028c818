/* What expressions mean and how they fail, case by case. test_expr_random.c does it by numbers. */
#include "tests/base/check.h"
#include "search/expr.h"
#include "tests/search/names.h"
#include "tuner/base/dtype.h"

static struct arena arena;
static int64_t slots[NAMES_SLOTS] = {64, 128, -3, 0, INT64_MAX, INT64_MIN, 1, 2};

static enum expr_fault evaluate(const char *text, int64_t *out)
{
    struct expr expr;
    assert_ok(expr_compile(&arena, text, "test", &names_scope, &expr));
    struct expr again;
    assert_ok(expr_validate(expr.code, expr.size, NAMES_SLOTS, &again));
    return expr_eval(&again, slots, out);
}

struct value_case {
    const char *text;
    int64_t value;
};

static void assert_values(const struct value_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = -999;
        enum expr_fault fault = evaluate(cases[i].text, &value);
        if (fault || value != cases[i].value)
            fail_msg("%s: %lld (%s), not %lld", cases[i].text, (long long)value, expr_fault_name(fault),
                     (long long)cases[i].value);
    }
}

static void test_operators(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"p0", 64},
        {"0x1f", 31},
        {"0", 0},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775807 - 1", INT64_MIN},
        {"p0 + p1", 192},
        {"p0 - p1", -64},
        {"p0 * p1", 8192},
        {"p1 / p2", -42},
        {"p1 % p2", 2},
        {"p2 % p0", -3},
        {"-p0", -64},
        {"!p0", 0},
        {"!p3", 1},
        {"~p0", -65},
        {"- -p0", 64},
        {"!!p0", 1},
        {"p0 == 64", 1},
        {"p0 != 64", 0},
        {"p2 < p3", 1},
        {"p0 <= 64", 1},
        {"p0 > 64", 0},
        {"p0 >= 65", 0},
        {"p0 & 96", 64},
        {"p0 | 1", 65},
        {"p0 ^ 65", 1},
        {"p0 << 3", 512},
        {"p2 << 2", -12},
        {"p2 >> 1", -2},
        {"p5 >> 63", -1},
        {"ceil_div(p1, 3)", 43},
        {"ceil_div(p2, 2)", -1},
        {"ceil_div(p1, p2)", -42},
        {"ceil_div(-7, p2)", 3},
        {"min(p0, p1)", 64},
        {"max(p0, p1, p2, 999)", 999},
        {"min(p0, 5, p2, 7)", -3},
        {"abs(p2)", 3},
        {"log2(p0)", 6},
        {"log2(p0 + 63)", 6},
        {"log2(p4)", 62},
        {"is_pow2(p0)", 1},
        {"is_pow2(p0 + 1)", 0},
        {"is_pow2(p3)", 0},
        {"is_pow2(p5)", 0},
        {"size_of(bf16)", 2},
        {"size_of(p3 ? i8 : f32)", 4},
        {"bf16 == bf16", 1},
        {"bf16 == nt", 0},
    };
    assert_values(cases, N_OF(cases));
}

static void test_precedence_is_that_of_c(void **state)
{
    (void)state;
    int64_t p0 = 64, p1 = 128, p2 = -3, p3 = 0, p6 = 1, p7 = 2;
#define CASE(expression)          \
    {                             \
#expression, (expression) \
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wparentheses"
    const struct value_case cases[] = {
        CASE(p6 + p7 * p0),
        CASE(p0 - p7 - p6),
        CASE(p1 / p7 / p7),
        CASE(p1 - p0 * p7 + p6),
        CASE(p6 << p7 + p6),
        CASE(p6 << p7 < p0),
        CASE(p0 < p1 == p6),
        CASE(p0 & p1 == p1),
        CASE(p6 ^ p7 & p6),
        CASE(p6 | p7 ^ p6),
        CASE(p6 || p3 && p3),
        CASE(p3 && p3 || p6),
        CASE(p6 | p3 && p3),
        CASE(p3   ? p0
             : p6 ? p1
                  : p7),
        CASE(p6 ? p3 ? p0 : p1 : p7),
        CASE(p3 || p6 ? p0 : p1),
        CASE(-p2 * p7),
        CASE(!p3 + p6),
        CASE(~p6 + p6),
        CASE((p6 + p7) * p0),
        CASE(p0 % p2 * p7),
        CASE(p0 >> p6 << p7),
        CASE(p0 != p1 > p3),
    };
#pragma GCC diagnostic pop
    assert_values(cases, N_OF(cases));
}

static void test_logic_evaluates_what_it_needs(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"p3 && 1 / p3", 0},
        {"p0 || 1 / p3", 1},
        {"p3 ? 1 / p3 : 5", 5},
        {"p0 ? 5 : 1 / p3", 5},
        {"p0 && p1", 1},
        {"p3 || p1", 1},
        {"p3 || p3", 0},
        {"0 && 1 / 0", 0},
        {"1 || 1 / 0", 1},
        {"1 ? 2 : 1 / 0", 2},
        {"0 ? 1 / 0 : 3", 3},
        {"1 && p0", 1},
        {"0 || p0", 1},
        {"p0 && 7", 1},
        {"1 && 7", 1},
        {"0 && (1 ? 1 / 0 : p0) || p1 == 128", 1},
        {"(0 ? p0 : 1) + (1 ? 2 : p0) + p0", 67},
    };
    assert_values(cases, N_OF(cases));
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum expr_fault fault;
    } cases[] = {
        {"p4 + 1", EXPR_OVERFLOW},
        {"p5 - 1", EXPR_OVERFLOW},
        {"p4 * 2", EXPR_OVERFLOW},
        {"-p5", EXPR_OVERFLOW},
        {"abs(p5)", EXPR_OVERFLOW},
        {"p5 / -1", EXPR_OVERFLOW},
        {"p5 % -1", EXPR_OVERFLOW},
        {"ceil_div(p5, -1)", EXPR_OVERFLOW},
        {"p6 << 63", EXPR_OVERFLOW},
        {"p4 << 1", EXPR_OVERFLOW},
        {"1 / p3", EXPR_DIVISION_BY_ZERO},
        {"1 % p3", EXPR_DIVISION_BY_ZERO},
        {"ceil_div(1, p3)", EXPR_DIVISION_BY_ZERO},
        {"p0 << 64", EXPR_BAD_SHIFT},
        {"p0 << p2", EXPR_BAD_SHIFT},
        {"p0 >> 64", EXPR_BAD_SHIFT},
        {"p0 >> p2", EXPR_BAD_SHIFT},
        {"log2(p3)", EXPR_BAD_LOG2},
        {"log2(p2)", EXPR_BAD_LOG2},
        {"size_of(p0)", EXPR_BAD_TYPE},
        {"p0 ? 1 / p3 : 1", EXPR_DIVISION_BY_ZERO},
        {"p0 && 1 / p3", EXPR_DIVISION_BY_ZERO},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t value = -999;
        enum expr_fault fault = evaluate(cases[i].text, &value);
        if (fault != cases[i].fault) fail_msg("%s: %s", cases[i].text, expr_fault_name(fault));
        assert_int_equal(value, -999);
    }
}

static void test_errors_name_the_column(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "column 1: an empty expression"},
        {"p0 +", "column 5: expected a value, but the text ends here"},
        {"p0 + * 3", "column 6: expected a value, not '*'"},
        {"p0 p1", "column 4: expected an operator, not 'p1'"},
        {"(p0 + 1", "column 8: expected ')' for the '(' of column 1, but the text ends here"},
        {"p0)", "column 3: expected an operator, not ')'"},
        {"p0 ? 1", "column 7: expected ':', but the text ends here"},
        {"p0 = 1", "column 4: '=' is no operator; did you mean '=='?"},
        {"p0 @ 1", "column 4: '@' is no part of an expression"},
        {"p0 \x80", "column 4: byte 0x80 is no part of an expression"},
        {"1.5", "column 1: '1.5' is no whole number"},
        {"0x", "column 1: '0x' is no whole number"},
        {"007", "column 1: '007' starts with 0; write it in decimal, or in hexadecimal as 0x..."},
        {"9223372036854775808", "column 1: '9223372036854775808' overflows 64 bits; the largest number is "
                                "9223372036854775807"},
        {"1 + 4 / (2 - 2)", "column 7: '/' of constants: division by zero"},
        {"p0 + 9223372036854775807 * 2", "column 26: '*' of constants: overflow"},
        {"log2(0)", "column 1: 'log2' of constants: log2 of a value below 1"},
        {"size_of(nt)", "column 1: 'size_of' of constants: size_of of something that is no type"},
        {"ceildiv(p0, 2)", "column 1: unknown function 'ceildiv'; did you mean 'ceil_div'?"},
        {"sqrt_of_all(2)",
         "column 1: unknown function 'sqrt_of_all'; there are ceil_div, min, max, abs, log2, is_pow2 "
         "and size_of"},
        {"1 + min(p0)", "column 5: min takes at least 2 arguments, not 1"},
        {"ceil_div(1, 2, 3)", "column 1: ceil_div takes 2 arguments, not 3"},
        {"abs()", "column 1: abs takes 1 argument, not 0"},
        {"max(p0,)", "column 8: expected a value, not ')'"},
        {"max(p0 p1)", "column 8: expected ',' or ')', not 'p1'"},
        {"1 + max", "column 5: 'max' is a function: write max(a, b)"},
        {"p0(3)", "column 1: 'p0' is a name, not a function"},
        {"+1", "column 1: there is no unary '+'; leave it out"},
        {"1 + zebra", "column 5: unknown name 'zebra'"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char message[512];
        struct expr expr;
        snprintf(message, sizeof message, "gemm_cpu: where[2], %s", cases[i][1]);
        assert_fails(expr_compile(&arena, cases[i][0], "gemm_cpu: where[2]", &names_scope, &expr),
                     STATUS_BAD_DATA, message);
    }
}

static size_t list_names(const void *context, const char **names, size_t capacity)
{
    (void)context;
    if (capacity < 2) return 0;
    names[0] = "TILE_M";
    names[1] = "device.lds_bytes";
    return 2;
}

static void test_unknown_names_get_advice(void **state)
{
    (void)state;
    struct expr_scope scope = {NULL, names_find, list_names};
    struct expr expr;
    assert_fails(expr_compile(&arena, "1 + TILEM", "t: let x", &scope, &expr), STATUS_BAD_DATA,
                 "t: let x, column 5: unknown name 'TILEM'; did you mean 'TILE_M'?");
    assert_fails(expr_compile(&arena, "q", "t: let x", &scope, &expr), STATUS_BAD_DATA,
                 "t: let x, column 1: unknown name 'q'; known are TILE_M, device.lds_bytes");
    assert_fails(expr_compile(&arena, "q", "t", NULL, &expr), STATUS_BAD_DATA,
                 "t, column 1: unknown name 'q'");
}

/* A text of `n` times `piece` between `before` and `after`. */
static char *repeat(const char *before, const char *piece, size_t n, const char *after)
{
    struct text text = {0};
    text_append(&text, before);
    for (size_t i = 0; i < n; i++) text_append(&text, piece);
    text_append(&text, after);
    return text_take(&text);
}

static void assert_compile_fails(char *text, const char *message)
{
    struct expr expr;
    assert_int_equal(expr_compile(&arena, text, "t", &names_scope, &expr), STATUS_BAD_DATA);
    if (!strstr(status_message(), message)) fail_msg("%s, not %s", status_message(), message);
    free(text);
}

static void test_limits(void **state)
{
    (void)state;
    assert_compile_fails(repeat("", "(", 100000, ""), "nested deeper than 200 levels");
    assert_compile_fails(repeat("", "-", 100000, "1"), "nested deeper than 200 levels");
    assert_compile_fails(repeat("", "p0 ? 1 : ", 100000, "1"), "nested deeper than 200 levels");
    assert_compile_fails(repeat("p0", " + p1", 5000, ""), "more than 4096 bytes of code; split it");
    assert_compile_fails(repeat("", "p0 + (", 100, ""), "expected a value");
    assert_compile_fails(repeat("", "p", 200, ""), "a name of 200 bytes; at most 127");
    struct text deep = {0};
    for (int i = 0; i < 70; i++) text_append(&deep, "p0 + (");
    text_append(&deep, "p0");
    for (int i = 0; i < 70; i++) text_append(&deep, ")");
    assert_compile_fails(text_take(&deep), "t: the expression is too deep: bytecode of");
}

struct let_scope {
    struct expr sum, constant;
};

static bool find_let(const void *context, const char *name, struct expr_name *out)
{
    const struct let_scope *lets = context;
    *out = (struct expr_name){.kind = EXPR_LET};
    if (strcmp(name, "sum") == 0) {
        out->code = lets->sum;
    } else if (strcmp(name, "four") == 0) {
        out->code = lets->constant;
    } else {
        return names_find(NULL, name, out);
    }
    return true;
}

static void test_lets_are_put_in_place(void **state)
{
    (void)state;
    struct let_scope lets;
    struct expr expr;
    struct text text = {0};
    assert_ok(expr_compile(&arena, "p0 ? p0 + p1 : 1", "t", &names_scope, &lets.sum));
    assert_ok(expr_compile(&arena, "2 * 2", "t", &names_scope, &lets.constant));
    struct expr_scope scope = {&lets, find_let, NULL};
    assert_ok(expr_compile(&arena, "sum * sum + four * 3", "t", &scope, &expr));
    int64_t value;
    assert_int_equal(expr_eval(&expr, slots, &value), EXPR_FINE);
    assert_int_equal(value, 192 * 192 + 12);
    expr_print(&expr, names_slot, NULL, &text);
    assert_string_equal(text_string(&text), "(p0 ? p0 + p1 : 1) * (p0 ? p0 + p1 : 1) + 12");
    text_free(&text);
}

static void test_print_has_no_needless_parentheses(void **state)
{
    (void)state;
    static const char *const same[] = {
        "p0 + p1 * p2",
        "(p0 + p1) * p2",
        "p0 - (p1 - p2)",
        "p0 - p1 - p2",
        "p0 && p1 || p2",
        "p0 && (p1 || p2)",
        "min(p0, p1, p2)",
        "min(p0, min(p1, p2))",
        "p0 ? p1 : p2 ? p3 : p4",
        "(p0 ? p1 : p2) ? p3 : p4",
        "p0 ? p1 ? p2 : p3 : p4",
        "ceil_div(p0, p1) * 2 <= p2",
        "!(p0 && p1)",
        "-p0",
        "-(p0 + p1)",
        "~p0 & 255",
        "p0 == bf16",
        "size_of(p0) * p1",
        "p0 << p1 + 1",
        "(p0 << p1) + 1",
        "p0 == p1 && p2 == p3 && p4 == p5",
    };
    for (size_t i = 0; i < N_OF(same); i++) {
        struct expr expr;
        struct text text = {0};
        assert_ok(expr_compile(&arena, same[i], "t", &names_scope, &expr));
        expr_print(&expr, names_slot, NULL, &text);
        assert_string_equal(text_string(&text), same[i]);
        text_free(&text);
    }
}

static void mark_slot(void *context, unsigned slot)
{
    *(uint64_t *)context |= UINT64_C(1) << slot;
}

static void test_slots_are_seen_and_renumbered(void **state)
{
    (void)state;
    struct expr expr, moved;
    struct text text = {0};
    uint64_t seen = 0;
    unsigned map[8] = {7, 6, 5, 4, 3, 2, 1, 0};
    int64_t before, after, reversed[8];
    assert_ok(expr_compile(&arena, "p0 * 4 + (p1 > 4 ? p6 : p7)", "t", &names_scope, &expr));
    expr_visit_slots(&expr, mark_slot, &seen);
    assert_int_equal(seen, 0xc3);
    assert_ok(expr_renumber(&expr, map, 8, &text));
    assert_ok(expr_validate(text.data, text.size, 8, &moved));
    for (unsigned i = 0; i < 8; i++) reversed[i] = slots[7 - i];
    assert_int_equal(expr_eval(&expr, slots, &before), EXPR_FINE);
    assert_int_equal(expr_eval(&moved, reversed, &after), EXPR_FINE);
    assert_int_equal(before, after);
    text_clear(&text);
    assert_int_equal(expr_renumber(&expr, map, 7, &text), STATUS_BAD_DATA);
    assert_int_equal(text.size, 0);
    text_free(&text);
}

static void test_validation_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *code, *why;
        size_t size;
    } cases[] = {
        {"", "from 1 to 4096 are allowed", 0},
        {"\x01", "cut off by the end", 1},
        {"\xff", "unknown instruction", 1},
        {"\x00", "unknown instruction", 1},
        {"\x20", "stack underflow", 1},
        {"\x01\x01\x20", "stack underflow", 3},
        {"\x01\x01\x01\x01", "not exactly one result", 4},
        {"\x04\x08", "slot outside of the value vector", 2},
        {"\x01\x01\x08\x01\x00", "jump past the end", 5},
        {"\x01\x01\x08\x02\x00\x01\x01", "instruction that nothing reaches", 7},
        {"\x01\x01\x0a\x01\x00\x01\x01", "jump into the middle of this instruction", 7},
        {"\x01\x01\x0a\x00\x00", "stack depths", 5},
        {"\x01\x01\x09\x02\x00\x01\x01", "stack depths", 7},
        {"\x01\x01\x09\x00\x00", "not exactly one result", 5},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct expr expr;
        assert_int_equal(expr_validate(cases[i].code, cases[i].size, 8, &expr), STATUS_BAD_DATA);
        if (!strstr(status_message(), cases[i].why)) fail_msg("%s, not %s", status_message(), cases[i].why);
    }
    uint8_t pushes[2 * (EXPR_STACK_MAX + 1) + EXPR_STACK_MAX];
    struct expr expr;
    for (size_t n = EXPR_STACK_MAX; n <= EXPR_STACK_MAX + 1; n++) {
        memset(pushes, 1, 2 * n);
        memset(pushes + 2 * n, 0x20, n - 1);
        bool fits = n <= EXPR_STACK_MAX;
        assert_int_equal(expr_validate(pushes, 3 * n - 1, 8, &expr), fits ? STATUS_OK : STATUS_BAD_DATA);
        int64_t value;
        if (fits) assert_int_equal(expr_eval(&expr, slots, &value), EXPR_FINE);
        if (fits) assert_int_equal(value, EXPR_STACK_MAX);
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(expr_word("bf16"), 0x483fc4cdd225ffa5); /* stored in books: never to change */
    for (unsigned i = 0; i < DTYPE_COUNT; i++) {
        int64_t value;
        struct text text = {0};
        struct expr expr;
        text_format(&text, "size_of(%lld)", (long long)expr_word(dtype_name((enum dtype)i)));
        assert_ok(expr_compile(&arena, text_string(&text), "t", &names_scope, &expr));
        assert_int_equal(expr_eval(&expr, slots, &value), EXPR_FINE);
        assert_int_equal(value, dtype_bytes((enum dtype)i));
        text_free(&text);
    }
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_precedence_is_that_of_c),
        cmocka_unit_test(test_logic_evaluates_what_it_needs),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_errors_name_the_column),
        cmocka_unit_test(test_unknown_names_get_advice),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lets_are_put_in_place),
        cmocka_unit_test(test_print_has_no_needless_parentheses),
        cmocka_unit_test(test_slots_are_seen_and_renumbered),
        cmocka_unit_test(test_validation_refuses),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
