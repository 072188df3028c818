/* Python's expressions: the values below are CPython 3.11's; what is refused is refused by name. */
#include "tests/base/check.h"
#include "search/python.h"
#include "tuner/base/text.h"

/* a = 7, b = -3, c = 2.5, mode = 'fast', flag = True */
static const char *const name_items[] = {"a", "b", "c", "mode", "flag"};
static const struct python_names names = {name_items, 5};
static const struct python_value c_values[] = {{.kind = PYTHON_FLOAT, .real = -1},
                                               {.kind = PYTHON_FLOAT, .real = 2.5}};
static const struct python_value modes[] = {{.kind = PYTHON_STRING, .string = "fast"}};
static const struct python_value flags[] = {{.kind = PYTHON_BOOL, .integer = 1}};
static const struct python_value *const tables[] = {NULL, NULL, c_values, modes, flags};
static const int64_t slots[] = {7, -3, 1, 0, 0};

static void spell(const struct python_value *value, char out[128])
{
    switch (value->kind) {
    case PYTHON_BOOL: snprintf(out, 128, "%s", value->integer ? "True" : "False"); break;
    case PYTHON_INT: snprintf(out, 128, "%lld", (long long)value->integer); break;
    case PYTHON_FLOAT: snprintf(out, 128, "float %.17g", value->real); break;
    default: snprintf(out, 128, "'%s'", value->string);
    }
}

/* "VALUE", or the name of the fault. */
static void evaluate(const char *text, char out[128])
{
    struct arena arena = {0};
    struct python python;
    struct python_value value;
    struct python_slots values = {slots, tables};
    assert_ok(python_compile(&arena, text, "t1.json: condition 1", &names, &python));
    enum python_fault fault = python_evaluate(&python, &values, &value);
    if (fault)
        snprintf(out, 128, "%s", python_fault_name(fault));
    else
        spell(&value, out);
    arena_free(&arena);
}

#define WIDE      "beyond 64-bit integers or floats"
#define BY_ZERO   "division by zero"
#define NOT_THERE "an operation that its operands do not have"

static const char *const value_cases[][2] = {
    {"1 + 2 * 3 - 4", "3"},
    {"7 / 2", "float 3.5"},
    {"8 / 2", "float 4"},
    {"7 // 2", "3"},
    {"-7 // 2", "-4"},
    {"7 // -2", "-4"},
    {"-7 % 3", "2"},
    {"7 % -3", "-2"},
    {"b % a", "4"},
    {"-7.5 % 2", "float 0.5"},
    {"7.5 % -2", "float -0.5"},
    {"-7.5 // 2", "float -4"},
    {"6 % (16 * 8 / 32)", "float 2"},
    {"32 % ((16 * 8)/32) == 0", "True"},
    {"0.0 % -3", "float -0"},
    {"1 % 0.1", "float 0.09999999999999995"},
    {"2 ** 10", "1024"},
    {"-2 ** 2", "-4"},
    {"2 ** -1", "float 0.5"},
    {"2 ** 3 ** 2", "512"},
    {"(-1) ** 1000000000001", "-1"},
    {"0 ** 0", "1"},
    {"True + True", "2"},
    {"-True", "-1"},
    {"+flag", "1"},
    {"abs(flag)", "1"},
    {"abs(b)", "3"},
    {"abs(-2.5)", "float 2.5"},
    {"not a", "False"},
    {"not a == b", "True"},
    {"not not 'x'", "True"},
    {"a and b", "-3"},
    {"0 and 1 // 0", "0"},
    {"a or 1 // 0", "7"},
    {"0 or ''", "''"},
    {"0.0 or mode", "'fast'"},
    {"1 < 2 < 3", "True"},
    {"3 > 2 > 2", "False"},
    {"1 < 1 < 1 // 0", "False"},
    {"32 <= a * 8 <= 1024", "True"},
    {"1 == 1.0 == True", "True"},
    {"'1' == 1", "False"},
    {"'1' != 1", "True"},
    {"mode == 'fast' and mode < \"slow\"", "True"},
    {"9007199254740993 == 9007199254740992.0", "False"},
    {"9007199254740993 > 9007199254740992.0", "True"},
    {"a in [1, 7]", "True"},
    {"a not in (1, 7)", "False"},
    {"a in (7,)", "True"},
    {"mode in ['slow', \"fast\"]", "True"},
    {"a in []", "False"},
    {"a in range(8)", "True"},
    {"a in range(0, 8, 2)", "False"},
    {"a in range(9, 0, -2)", "True"},
    {"b in range(-1, -9, -2)", "True"},
    {"c in range(5)", "False"},
    {"2.0 in range(5)", "True"},
    {"mode in range(5)", "False"},
    {"min(a, b, c)", "-3"},
    {"max(1, True, 1.0)", "1"},
    {"max(2, c)", "float 2.5"},
    {"min(mode, 'a')", "'a'"},
    {"(((a)))", "7"},
    {"0x1F\n + 1e1", "float 41"},
    {"9223372036854775807 + 1", WIDE},
    {"-9223372036854775807 - 2", WIDE},
    {"3037000500 * 3037000500", WIDE},
    {"2 ** 63", WIDE},
    {"-9223372036854775807 - 1 == -2 ** 63", WIDE},
    {"(-9223372036854775807 - 1) // -1", WIDE},
    {"(-9223372036854775807 - 1) % -1", "0"},
    {"9007199254740993 / 3", WIDE},
    {"10.0 ** 400", WIDE},
    {"1 / 0", BY_ZERO},
    {"1 // 0", BY_ZERO},
    {"1 % 0.0", BY_ZERO},
    {"0 ** -1", BY_ZERO},
    {"a / (b + 3)", BY_ZERO},
    {"a < mode", NOT_THERE},
    {"mode + 1", NOT_THERE},
    {"-mode", NOT_THERE},
    {"abs(mode)", NOT_THERE},
    {"(-8) ** 0.5", NOT_THERE},
    {"a in range(1, 5, 0)", NOT_THERE},
    {"a in range(c)", NOT_THERE},
};

static void values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(value_cases); i++) {
        char got[128];
        evaluate(value_cases[i][0], got);
        if (strcmp(got, value_cases[i][1]) != 0)
            fail_msg("%s is %s, not %s", value_cases[i][0], got, value_cases[i][1]);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "column 1: expected a value instead of the end"},
        {"a +", "column 4: expected a value instead of the end"},
        {"a b", "column 3: expected an operator instead of 'b'"},
        {"(a", "column 3: expected ')' instead of the end"},
        {"a)", "column 2: expected an operator instead of ')'"},
        {"A > 1", "column 1: unknown name 'A'; did you mean 'a'?"},
        {"moda == 1", "column 1: unknown name 'moda'; did you mean 'mode'?"},
        {"a if b else c", "column 3: '... if ... else ...' is not supported"},
        {"lambda x: x", "column 1: 'lambda' is not supported"},
        {"a is 7", "column 3: 'is' (compare by '==') is not supported"},
        {"a & 1", "column 3: the operator '&' is not supported"},
        {"a << 1", "column 3: the operator '<<' is not supported"},
        {"~a", "column 1: the operator '~' is not supported"},
        {"a @ b", "column 3: the operator '@' is not supported"},
        {"a = 7", "column 3: '=' (compare by '==') is not supported"},
        {"(a := 7)", "column 4: an assignment is not supported"},
        {"int(a)", "column 1: calling int() is not supported; range, list, min, max and abs are"},
        {"__import__('os')", "column 1: calling __import__() is not supported"},
        {"a.real", "column 2: an attribute behind '.' is not supported"},
        {"(a)(b)", "column 4: calling what is no plain name is not supported"},
        {"mode[0]", "column 5: taking an element by [...] is not supported"},
        {"{1: 2}", "column 1: a set or dictionary is not supported"},
        {"None", "column 1: 'None' is not supported"},
        {"f'{a}'", "column 1: a string with the prefix 'f' is not supported"},
        {"'a\\n'", "column 1: a backslash in a string is not supported"},
        {"'a", "column 1: a string that does not end"},
        {"1j", "column 1: the number '1j' is not supported"},
        {"012", "column 1: the number '012' is not supported"},
        {"1_000", "column 1: the number '1_000' is not supported"},
        {"0x", "column 1: the number '0x' is not supported"},
        {"1e999", "column 1: the number '1e999' is not supported"},
        {"9223372036854775808", "column 1: 9223372036854775808 is beyond 64-bit integers"},
        {"0x8000000000000000", "column 1: the number '0x8000000000000000' is not supported"},
        {"a ! b", "column 3: '!' is no part of an expression"},
        {"a \x01 b", "column 3: byte 0x01 is no part of an expression"},
        {"[1, 2]", "a list where one value belongs"},
        {"[1] * 3 == a", "column 5: repeating a list by '*' is not supported"},
        {"3 * [1] == a", "column 3: repeating a list by '*' is not supported"},
        {"[1] == a", "column 1: a list stands where a number or a string belongs"},
        {"a == [1]", "column 6: a list stands where a number or a string belongs"},
        {"[1] + a in [1]", "column 5: '+' between a list and something else"},
        {"a in 7", "column 6: no list: "},
        {"a in [1] in [2]", "column 10: a comparison behind 'in' is not supported"},
        {"a in [i for i in range(3)]", "column 6: a computed list behind 'in' is not supported"},
        {"a not b", "column 7: expected 'in' instead of 'b'"},
        {"a in (i for i in range(3))", "column 6: a generator"},
        {"max(a for i in range(3))", "column 7: a generator"},
        {"min(a)", "column 1: min with 1 values; it takes 2 to 255 here"},
        {"abs(a, b)", "column 1: abs with 2 values"},
        {"max(*a)", "column 5: unpacking by '*' is not supported"},
        {"min(a, b=a)", "column 9: '=' (compare by '==') is not supported"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct python python;
        enum status status = python_compile(&arena, cases[i][0], "condition 1", &names, &python);
        if (status != STATUS_BAD_DATA || strncmp(status_message(), "condition 1", 11) != 0 ||
            !strstr(status_message(), cases[i][1]))
            fail_msg("%s: %s: %s", cases[i][0], status_name(status), status_message());
    }
    arena_free(&arena);
}

static void check_repeated(const char *part, size_t n, const char *end, const char *why)
{
    struct text text = {0};
    struct arena arena = {0};
    struct python python;
    for (size_t i = 0; i < n; i++) text_append(&text, part);
    text_append(&text, end);
    assert_int_equal(python_compile(&arena, text_string(&text), "deep", &names, &python), STATUS_BAD_DATA);
    if (!strstr(status_message(), why)) fail_msg("%s: %s", part, status_message());
    text_free(&text);
    arena_free(&arena);
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    check_repeated("(", 100000, "a", "nested deeper than 64");
    check_repeated("-", 100000, "a", "nested deeper than 64");
    check_repeated("not ", 100000, "a", "nested deeper than 64");
    check_repeated("2**", 100000, "a", "nested deeper than 64");
    check_repeated("a in [", 100000, "a", "nested deeper than 64");
    check_repeated("a+", 100000, "a", "nested deeper than 64");
    check_repeated("a*", 100000, "a", "nested deeper than 64");
    check_repeated("a and ", 100000, "a", "more than 4096 operands and operators");
    check_repeated("a < ", 100000, "a", "more than 4096 operands and operators");
    check_repeated("max(", 100000, "a", "nested deeper than 64");
}

static void lists(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[1, 2, 4]", "1 2 4"},
        {"(1, 2,)", "1 2"},
        {"[1, 2, 4, 8, 16] + list(range(32, 128+1, 32))", "1 2 4 8 16 32 64 96 128"},
        {"[2**i for i in range(0, 6)]", "1 2 4 8 16 32"},
        {"[i * 16 for i in range(1, 20) if i % 3 == 0 if i != 9]", "48 96 192 240 288"},
        {"[i for i in [j * j for j in range(4)] + [100]]", "0 1 4 9 100"},
        {"[i + max(i, 3) for i in (1, 5)]", "4 10"},
        {"range(3)", "0 1 2"},
        {"range(10, 0, -4)", "10 6 2"},
        {"list((1, 2))", "1 2"},
        {"list()", ""},
        {"['a', \"b\"]", "'a' 'b'"},
        {"[True, False, 0.5, -1]", "True False float 0.5 -1"},
        {"[i in [1, 2] for i in range(3)]", "False True True"},
        {"[-9223372036854775807 - 1, 9223372036854775807]", "-9223372036854775808 9223372036854775807"},
        {"range(-9223372036854775807, 9223372036854775807, 9223372036854775807)", "-9223372036854775807 0"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct arena arena = {0};
        struct text got = {0};
        const struct python_value *items;
        size_t n;
        char item[128];
        assert_ok(python_list(&arena, cases[i][0], "values of x", &items, &n));
        for (size_t j = 0; j < n; j++) {
            spell(&items[j], item);
            text_format(&got, "%s%s", j ? " " : "", item);
        }
        if (strcmp(text_string(&got), cases[i][1]) != 0)
            fail_msg("%s is %s, not %s", cases[i][0], text_string(&got), cases[i][1]);
        text_free(&got);
        arena_free(&arena);
    }
}

static void lists_that_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"5", "values of x: no list"},
        {"[1] * 3", "column 5: repeating a list by '*' is not supported"},
        {"[1] - [1]", "column 5: '-' between a list and something else"},
        {"[[1], [2]]", "column 2: a list stands where a number or a string belongs"},
        {"[i for i in a]", "column 13: unknown name 'a'"},
        {"[j for i in range(3)]", "column 2: unknown name 'j'"},
        {"[i for i in 5]", "column 13: no list: "},
        {"[i for i in range(3) for j in range(3)]", "a generator or a second 'for' is not supported"},
        {"[i for i, j in range(3)]", "column 9: 'for' with several variables is not supported"},
        {"[i, for i in range(3)]", "column 3: expected 'for' instead of ','"},
        {"[i for 5 in range(3)]", "column 8: expected the name of a variable behind 'for'"},
        {"[i for i of range(3)]", "column 10: expected 'in' instead of 'of'"},
        {"[1 // 0]", "values of x: division by zero"},
        {"[1 // i for i in range(2)]", "values of x: division by zero"},
        {"[1 for i in range(2) if 1 % i]", "values of x: division by zero"},
        {"range(0.5)", "values of x: an operation that its operands do not have"},
        {"range(1, 2, 0)", "values of x: an operation that its operands do not have"},
        {"range()", "range with 0 values; it takes 1 to 3 here"},
        {"range(10**18)", "values of x: more than 4096 values"},
        {"[0 for i in range(10**18) if False]", "values of x: more than 4096 values"},
        {"range(-9223372036854775807, 9223372036854775807)", "values of x: more than 4096 values"},
        {"range(4000) + range(97)", "values of x: more than 4096 values"},
        {"[1, 2", "column 6: expected ',' or ']' instead of the end"},
        {"[1,, 2]", "column 4: expected a value instead of ','"},
        {"list(5)", "column 6: no list: "},
        {"sorted([1])", "column 1: calling sorted() is not supported"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < N_OF(cases); i++) {
        const struct python_value *items;
        size_t n;
        enum status status = python_list(&arena, cases[i][0], "values of x", &items, &n);
        if (status != STATUS_BAD_DATA || strncmp(status_message(), "values of x", 11) != 0 ||
            !strstr(status_message(), cases[i][1]))
            fail_msg("%s: %s: %s", cases[i][0], status_name(status), status_message());
    }
    arena_free(&arena);
}

/* `and` at the top comes apart; each part knows what it reads. */
static void conjuncts(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct python python, parts[4];
    assert_ok(python_compile(&arena, "a > 1 and (b or c) and not (a and b)", "x", &names, &python));
    assert_int_equal(python_reads(&python), 7);
    assert_int_equal(python_conjuncts(&python, parts, 4), 3);
    assert_int_equal(python_reads(&parts[0]), 1);
    assert_int_equal(python_reads(&parts[1]), 6);
    assert_int_equal(python_reads(&parts[2]), 3);
    assert_int_equal(python_conjuncts(&python, parts, 2), 0);
    assert_int_equal(python_conjuncts(&parts[1], parts, 4), 1);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(lists),
        cmocka_unit_test(lists_that_are_refused),
        cmocka_unit_test(conjuncts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
