/* What is folded gives what the whole gave: random expressions with random slots known, values and faults
 * alike. */
#include "tests/base/check.h"
#include "search/expr.h"
#include "search/expr_fold.h"
#include "tests/scale.h"
#include "tests/search/random_text.h"

static int64_t slots[SLOTS];
static bool known[SLOTS];

static void random_slots(bool fresh)
{
    uint64_t share = rng_below(&rng, 4);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (fresh) known[i] = share == 3 || rng_below(&rng, 3) < share;
        if (fresh || !known[i]) slots[i] = random_value();
    }
}

static void refuse_known(void *context, unsigned slot)
{
    if (known[slot]) *(bool *)context = true;
}

static void compare(const struct expr *whole, const struct expr *folded, const char *text)
{
    int64_t expected = 0, value = 0;
    enum expr_fault wanted = expr_eval(whole, slots, &expected), fault = expr_eval(folded, slots, &value);
    if (fault != wanted || value != expected)
        fail_msg("%s: %lld (%s), not %lld (%s)", text, (long long)value, expr_fault_name(fault),
                 (long long)expected, expr_fault_name(wanted));
}

/* Folds with random slots known; then the unknown ones take several values. Compiled code of which all is
 * known becomes a constant; other code, such as with kept values, may stay as it is. */
static bool check_fold(struct arena *arena, const struct expr *expr, bool compiled, const char *text)
{
    struct expr folded, validated;
    bool all = true, reads_known = false;
    int64_t value;
    random_slots(true);
    int64_t masked[SLOTS]; /* folding must not look at what is not known */
    for (unsigned i = 0; i < SLOTS; i++) {
        all = all && known[i];
        masked[i] = known[i] ? slots[i] : 77;
    }
    assert_ok(expr_fold(arena, expr, known, masked, &folded));
    assert_ok(expr_validate(folded.code, folded.size, SLOTS, &validated));
    for (unsigned i = 0; i < 6; i++, random_slots(false)) compare(expr, &validated, text);
    expr_visit_slots(&folded, refuse_known, &reads_known);
    if (compiled && !reads_known && all &&
        expr_is_constant(&folded, &value) != !expr_eval(expr, slots, &value))
        fail_msg("%s: all is known, yet it is no constant, or one in place of a fault", text);
    return !reads_known;
}

static void test_random_expressions_fold_to_the_same(void **state)
{
    (void)state;
    size_t n = test_scaled(20000), compiled = 0;
    rng_seed(&rng, 30);
    for (size_t i = 0; i < n; i++) {
        struct arena arena = {0};
        struct text text = {0};
        struct expr expr;
        print_random(&text, 1 + (unsigned)rng_below(&rng, 6));
        if (expr_compile(&arena, text_string(&text), "random", &names_scope, &expr) == STATUS_OK) {
            compiled++;
            for (unsigned j = 0; j < 4; j++)
                if (!check_fold(&arena, &expr, true, text_string(&text)) && expr.size < EXPR_CODE_MAX / 5)
                    fail_msg("%s: a known slot is still read", text_string(&text));
        }
        text_free(&text);
        arena_free(&arena);
    }
    assert_true(compiled > n / 2);
}

/* Valid code that no compiler wrote folds to the same too, or stays as it is. */
static void test_strange_code_folds_to_the_same(void **state)
{
    (void)state;
    size_t n = test_scaled(40000), accepted = 0;
    rng_seed(&rng, 31);
    for (size_t i = 0; i < n; i++) {
        struct arena arena = {0};
        struct text text = {0};
        struct expr expr, mutant;
        print_random(&text, 1 + (unsigned)rng_below(&rng, 4));
        if (expr_compile(&arena, text_string(&text), "random", &names_scope, &expr) == STATUS_OK) {
            uint8_t *code = malloc(expr.size); /* exact, so that a byte too far is seen */
            memcpy(code, expr.code, expr.size);
            for (uint64_t j = 1 + rng_below(&rng, 3); j > 0; j--)
                code[rng_below(&rng, expr.size)] = (uint8_t)rng_below(&rng, 0x33);
            if (expr_validate(code, expr.size, SLOTS, &mutant) == STATUS_OK) {
                accepted++;
                check_fold(&arena, &mutant, false, text_string(&text));
            }
            free(code);
        }
        text_free(&text);
        arena_free(&arena);
    }
    assert_true(n < 1000 || accepted > n / 100);
}

/* p0 p1 p2 p3 are known to be 0 1 2 -1, the others are not known. */
static void test_what_is_decided_leaves_no_code(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"p4 + p0", "p4"},
        {"p1 * p4", "p4"},
        {"p0 | (p4 + p5)", "p4 + p5"},
        {"ceil_div(p4, p1)", "p4"},
        {"p4 & p3", "p4"},
        {"p4 * p0", "0"},
        {"(p4 + p5) * p0", "(p4 + p5) * 0"}, /* the sum may overflow */
        {"p4 / p2 * p0", "0"},
        {"p0 && 1 / p0", "0"},
        {"p1 && p4 > p2", "p4 > 2"},
        {"p4 > p2 && p1", "p4 > 2"},
        {"p4 && p0", "0"},
        {"p4 / p5 && p0", "p4 / p5 && 0"}, /* p5 may be 0 */
        {"p4 > 3 || p1", "1"},
        {"p1 ? p4 : 1 / p0", "p4"},
        {"p0 ? p4 : p5", "p5"},
        {"p4 ? p1 / p0 : 7", "p4 ? 1 / 0 : 7"},
        {"(p4 < p5) != p0", "p4 < p5"},
        {"p0 + p1 / p0", "1 / 0"},
        {"min(p2 * 8, p1 << p2)", "4"},
    };
    static const int64_t values[SLOTS] = {0, 1, 2, -1};
    static const bool first_four[SLOTS] = {true, true, true, true};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct arena arena = {0};
        struct text printed = {0};
        struct expr expr, folded;
        assert_ok(expr_compile(&arena, cases[i][0], "case", &names_scope, &expr));
        assert_ok(expr_fold(&arena, &expr, first_four, values, &folded));
        expr_print(&folded, names_slot, NULL, &printed);
        assert_string_equal(text_string(&printed), cases[i][1]);
        text_free(&printed);
        arena_free(&arena);
    }
}

/* A known slot takes two bytes, its value up to nine: what would not fit stays as it was. */
static void test_what_would_outgrow_the_limit_stays(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct text text = {0};
    struct expr expr, folded;
    text_append(&text, "p1");
    for (int i = 0; i < 650; i++) text_append(&text, " ^ p0 & p1");
    assert_ok(expr_compile(&arena, text_string(&text), "long", &names_scope, &expr));
    assert_ok(
        expr_fold(&arena, &expr, (const bool[SLOTS]){true}, (const int64_t[SLOTS]){INT64_MAX / 3}, &folded));
    assert_int_equal(folded.size, expr.size);
    assert_memory_equal(folded.code, expr.code, expr.size);
    text_free(&text);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_expressions_fold_to_the_same),
        cmocka_unit_test(test_strange_code_folds_to_the_same),
        cmocka_unit_test(test_what_is_decided_leaves_no_code),
        cmocka_unit_test(test_what_would_outgrow_the_limit_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
