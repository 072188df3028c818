/* Random expressions against an oracle that knows nothing of bytecode: the tree is evaluated in 128-bit
 * arithmetic, printed with all its parentheses or with few, compiled, validated, evaluated and printed back.
 */
#include "tests/base/check.h"
#include "search/expr.h"
#include "tests/scale.h"
#include "tests/search/names.h"
#include "tuner/base/dtype.h"
#include "tuner/base/rng.h"

__extension__ typedef __int128 wide;

enum kind { CONSTANT, SLOT, UNARY, BINARY, CALL1, CALL2, CALL3, TERNARY };

struct tree {
    enum kind kind;
    const char *op;
    int64_t value; /* or the slot */
    struct tree *child[3];
};

static struct rng rng;
static int64_t slots[NAMES_SLOTS];

static struct tree *make(struct arena *arena, unsigned depth);

static const char *pick(const char *const *words, size_t n)
{
    return words[rng_below(&rng, n)];
}

static int64_t random_value(void)
{
    static const int64_t edges[] = {0, 1, 2, 3, 63, 64, INT32_MAX, INT64_MAX, INT64_MAX - 1, 127, 128, 255};
    if (rng_below(&rng, 4) == 0) return edges[rng_below(&rng, N_OF(edges))];
    return (int64_t)(rng_next(&rng) >> (1 + rng_below(&rng, 63)));
}

static struct tree *make_leaf(struct arena *arena)
{
    struct tree *tree = arena_alloc(arena, sizeof *tree);
    tree->kind = rng_below(&rng, 2) ? SLOT : CONSTANT;
    tree->value = tree->kind == SLOT ? (int64_t)rng_below(&rng, NAMES_SLOTS) : random_value();
    return tree;
}

static struct tree *make(struct arena *arena, unsigned depth)
{
    static const char *const unaries[] = {"-", "!", "~"};
    static const char *const binaries[] = {"+", "-",  "*",  "/", "%",  "<<", ">>", "&",  "|",
                                           "^", "==", "!=", "<", "<=", ">",  ">=", "&&", "||"};
    static const char *const calls1[] = {"abs", "log2", "is_pow2", "size_of"};
    static const char *const calls2[] = {"ceil_div", "min", "max"};
    static const char *const calls3[] = {"min", "max"};
    if (depth == 0 || rng_below(&rng, 8) == 0) return make_leaf(arena);
    struct tree *tree = arena_alloc(arena, sizeof *tree);
    uint64_t choice = rng_below(&rng, 16);
    unsigned n = 2;
    tree->kind = BINARY;
    tree->op = pick(binaries, N_OF(binaries));
    if (choice == 0) {
        tree->kind = UNARY, tree->op = pick(unaries, N_OF(unaries)), n = 1;
    } else if (choice == 1) {
        tree->kind = CALL1, tree->op = pick(calls1, N_OF(calls1)), n = 1;
    } else if (choice == 2) {
        tree->kind = CALL2, tree->op = pick(calls2, N_OF(calls2));
    } else if (choice == 3) {
        tree->kind = CALL3, tree->op = pick(calls3, N_OF(calls3)), n = 3;
    } else if (choice <= 5) {
        tree->kind = TERNARY, tree->op = "?", n = 3;
    }
    for (unsigned i = 0; i < n; i++) tree->child[i] = make(arena, depth - 1);
    return tree;
}

/* The oracle. False: a fault. */
static bool evaluate(const struct tree *t, int64_t *out);

static bool fits(wide value, int64_t *out)
{
    if (value < INT64_MIN || value > INT64_MAX) return false;
    *out = (int64_t)value;
    return true;
}

static wide floor_divide(wide a, wide b)
{
    wide q = a / b;
    return q - (q * b != a && (a < 0) != (b < 0));
}

static bool apply_arithmetic(const char *op, wide a, wide b, int64_t *out)
{
    bool divides = strcmp(op, "/") == 0 || strcmp(op, "%") == 0 || strcmp(op, "ceil_div") == 0;
    if (divides && (b == 0 || (a == INT64_MIN && b == -1))) return false;
    bool shifts = strcmp(op, "<<") == 0 || strcmp(op, ">>") == 0;
    if (shifts && (b < 0 || b > 63)) return false;
    if (strcmp(op, "+") == 0) return fits(a + b, out);
    if (strcmp(op, "-") == 0) return fits(a - b, out);
    if (strcmp(op, "*") == 0) return fits(a * b, out);
    if (strcmp(op, "/") == 0) return fits(a / b, out);
    if (strcmp(op, "%") == 0) return fits(a % b, out);
    if (strcmp(op, "ceil_div") == 0) return fits(-floor_divide(-a, b), out);
    if (strcmp(op, "<<") == 0) return fits(a * ((wide)1 << b), out);
    return fits(floor_divide(a, (wide)1 << b), out);
}

static bool apply_binary(const char *op, int64_t a, int64_t b, int64_t *out)
{
    if (strcmp(op, "&") == 0) return fits(a & b, out);
    if (strcmp(op, "|") == 0) return fits(a | b, out);
    if (strcmp(op, "^") == 0) return fits(a ^ b, out);
    if (strcmp(op, "==") == 0) return fits(a == b, out);
    if (strcmp(op, "!=") == 0) return fits(a != b, out);
    if (strcmp(op, "<") == 0) return fits(a < b, out);
    if (strcmp(op, "<=") == 0) return fits(a <= b, out);
    if (strcmp(op, ">") == 0) return fits(a > b, out);
    if (strcmp(op, ">=") == 0) return fits(a >= b, out);
    if (strcmp(op, "min") == 0) return fits(a < b ? a : b, out);
    if (strcmp(op, "max") == 0) return fits(a < b ? b : a, out);
    return apply_arithmetic(op, a, b, out);
}

static bool apply_unary(const char *op, int64_t a, int64_t *out)
{
    if (strcmp(op, "-") == 0) return fits(-(wide)a, out);
    if (strcmp(op, "!") == 0) return fits(a == 0, out);
    if (strcmp(op, "~") == 0) return fits(-(wide)a - 1, out);
    if (strcmp(op, "abs") == 0) return fits(a < 0 ? -(wide)a : a, out);
    if (strcmp(op, "is_pow2") == 0)
        return fits(a > 0 && __builtin_popcountll((unsigned long long)a) == 1, out);
    if (strcmp(op, "log2") == 0) {
        int64_t log = -1;
        for (wide power = 1; power <= a; power *= 2) log++;
        return log >= 0 && fits(log, out);
    }
    for (unsigned i = 0; i < DTYPE_COUNT; i++)
        if (expr_word(dtype_name((enum dtype)i)) == a) return fits(dtype_bytes((enum dtype)i), out);
    return false;
}

static bool evaluate(const struct tree *t, int64_t *out)
{
    int64_t a, b, c;
    if (t->kind == CONSTANT) return fits(t->value, out);
    if (t->kind == SLOT) return fits(slots[t->value], out);
    if (!evaluate(t->child[0], &a)) return false;
    if (t->kind == UNARY || t->kind == CALL1) return apply_unary(t->op, a, out);
    if (t->kind == TERNARY) return evaluate(t->child[a ? 1 : 2], out);
    if (strcmp(t->op, "&&") == 0 && !a) return fits(0, out);
    if (strcmp(t->op, "||") == 0 && a) return fits(1, out);
    if (!evaluate(t->child[1], &b)) return false;
    if (strcmp(t->op, "&&") == 0 || strcmp(t->op, "||") == 0) return fits(b != 0, out);
    if (!apply_binary(t->op, a, b, &a)) return false;
    if (t->kind != CALL3) return fits(a, out);
    return evaluate(t->child[2], &c) && apply_binary(t->op, a, c, out);
}

/* Whether the value is known without any slot, as && || ?: decide. */
static bool is_constant(const struct tree *t)
{
    int64_t first;
    bool logic = t->kind == BINARY && (strcmp(t->op, "&&") == 0 || strcmp(t->op, "||") == 0);
    if (logic || t->kind == TERNARY) {
        if (!is_constant(t->child[0]) || !evaluate(t->child[0], &first)) return false;
        if (t->kind == TERNARY) return is_constant(t->child[first ? 1 : 2]);
        return (first != 0) == (t->op[0] == '|') || is_constant(t->child[1]);
    }
    bool constant = t->kind != SLOT;
    for (unsigned i = 0; i < 3 && t->child[i]; i++) constant = constant && is_constant(t->child[i]);
    return constant;
}

/* Whether some constant part faults: then compiling may fail, and says so. */
static bool has_constant_fault(const struct tree *t)
{
    int64_t ignored;
    if (is_constant(t) && !evaluate(t, &ignored)) return true;
    for (unsigned i = 0; i < 3 && t->child[i]; i++)
        if (has_constant_fault(t->child[i])) return true;
    return false;
}

static void print(const struct tree *t, struct text *out)
{
    if (t->kind == CONSTANT) {
        text_format(out, "%lld", (long long)t->value);
    } else if (t->kind == SLOT) {
        text_append(out, names_slots[t->value]);
    } else if (t->kind == UNARY) {
        text_format(out, "%s(", t->op);
        print(t->child[0], out);
        text_append(out, ")");
    } else if (t->kind == TERNARY || t->kind == BINARY) {
        text_append(out, "(");
        print(t->child[0], out);
        text_format(out, ") %s (", t->op);
        print(t->child[1], out);
        if (t->child[2]) text_append(out, ") : (");
        if (t->child[2]) print(t->child[2], out);
        text_append(out, ")");
    } else {
        text_format(out, "%s(", t->op);
        for (unsigned i = 0; i < 3 && t->child[i]; i++) {
            if (i) text_append(out, ", ");
            print(t->child[i], out);
        }
        text_append(out, ")");
    }
}

static void random_slots(void)
{
    for (unsigned i = 0; i < NAMES_SLOTS; i++) {
        slots[i] = random_value();
        if (rng_below(&rng, 4) == 0) slots[i] = -slots[i] - (int64_t)rng_below(&rng, 2);
        if (rng_below(&rng, 8) == 0) slots[i] = expr_word("bf16");
    }
}

static void compare(const struct tree *tree, const struct expr *expr, const char *text)
{
    int64_t expected = 0, value = 0;
    bool fine = evaluate(tree, &expected);
    enum expr_fault fault = expr_eval(expr, slots, &value);
    if (fine != (fault == EXPR_FINE) || (fine && value != expected))
        fail_msg("%s: %lld (%s), not %lld (%s)", text, (long long)value, expr_fault_name(fault),
                 (long long)expected, fine ? "fine" : "a fault");
}

/* Prints, compiles what was printed, and expects the same values. */
static void compare_print(struct arena *arena, const struct tree *tree, const struct expr *expr)
{
    struct text printed = {0};
    struct expr again;
    expr_print(expr, names_slot, NULL, &printed);
    if (expr_compile(arena, text_string(&printed), "printed", &names_scope, &again) != STATUS_OK)
        fail_msg("%s does not compile: %s", text_string(&printed), status_message());
    compare(tree, &again, text_string(&printed));
    text_free(&printed);
}

static void test_random_expressions_agree_with_the_oracle(void **state)
{
    (void)state;
    size_t n = test_scaled(10000), compiled = 0;
    rng_seed(&rng, 20);
    for (size_t i = 0; i < n; i++) {
        struct arena arena = {0};
        struct text text = {0};
        struct expr expr, validated;
        struct tree *tree = make(&arena, 1 + (unsigned)rng_below(&rng, 5));
        print(tree, &text);
        random_slots();
        if (expr_compile(&arena, text_string(&text), "random", &names_scope, &expr) == STATUS_OK) {
            compiled++;
            assert_ok(expr_validate(expr.code, expr.size, NAMES_SLOTS, &validated));
            for (unsigned j = 0; j < 4; j++, random_slots()) compare(tree, &validated, text_string(&text));
            compare_print(&arena, tree, &validated);
        } else if (!strstr(status_message(), "of constants") || !has_constant_fault(tree)) {
            fail_msg("%s: %s", text_string(&text), status_message());
        }
        text_free(&text);
        arena_free(&arena);
    }
    assert_true(n < 100 || compiled > n / 2);
}

/* Bytes of valid code changed at random are refused, or evaluate and print without leaving their memory
 * (under ASan). */
static void test_mutated_bytecode_is_refused_or_harmless(void **state)
{
    (void)state;
    size_t n = test_scaled(30000), accepted = 0, refused = 0;
    rng_seed(&rng, 21);
    struct arena arena = {0};
    for (size_t i = 0; i < n; i++) {
        struct text text = {0}, out = {0};
        struct expr expr, mutant;
        print(make(&arena, 1 + (unsigned)rng_below(&rng, 4)), &text);
        if (expr_compile(&arena, text_string(&text), "random", &names_scope, &expr) == STATUS_OK) {
            size_t size = expr.size - (rng_below(&rng, 8) == 0 ? rng_below(&rng, expr.size) : 0);
            uint8_t *code = malloc(size); /* exact, so that a byte too far is seen */
            int64_t exact_slots[8] = {1, 2, 3, 64, -5, INT64_MAX, 0, 7}, value;
            memcpy(code, expr.code, size);
            for (uint64_t j = 1 + rng_below(&rng, 3); j > 0; j--)
                code[rng_below(&rng, size)] = (uint8_t)rng_below(&rng, rng_below(&rng, 2) ? 256 : 0x33);
            if (expr_validate(code, size, 8, &mutant) == STATUS_OK) {
                accepted++;
                expr_eval(&mutant, exact_slots, &value);
                expr_print(&mutant, names_slot, NULL, &out);
            } else {
                refused++;
            }
            free(code);
        }
        text_free(&text);
        text_free(&out);
        arena_free(&arena);
    }
    assert_true(n < 1000 || (accepted > n / 100 && refused > n / 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_expressions_agree_with_the_oracle),
        cmocka_unit_test(test_mutated_bytecode_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
