/* Text to bytecode in one pass, by precedence climbing. There is no syntax tree: an operand is the piece of
 * code that computes it, and constants are folded by evaluating that piece and putting its value in its
 * place. */
#include <stdio.h>
#include <string.h>
#include "search/expr_emit.h"
#include "search/expr_lex.h"

enum { NESTING_MAX = 200, NAMES_MAX = 512, NAMES_SHOWN = 12 };

struct parser {
    struct expr_lexer lexer;
    struct expr_token token; /* the one not yet taken */
    const struct expr_scope *scope;
    unsigned nesting;
    unsigned dead; /* > 0 inside an operand that is known not to be evaluated: faults there do not matter */
    struct expr_emitter emitted;
};

/* What was just parsed: the code from `start` to the end of what is emitted so far. */
struct operand {
    uint32_t start;
    bool constant;
    bool boolean; /* surely 0 or 1 */
    int64_t value;
};

static const struct function {
    const char *name;
    uint8_t opcode, arity;
    bool variadic, boolean;
} functions[] = {
    {"ceil_div", EXPR_OP_CEIL_DIV, 2, false, false},
    {"min", EXPR_OP_MIN, 2, true, false},
    {"max", EXPR_OP_MAX, 2, true, false},
    {"abs", EXPR_OP_ABS, 1, false, false},
    {"log2", EXPR_OP_LOG2, 1, false, false},
    {"is_pow2", EXPR_OP_IS_POW2, 1, false, true},
    {"size_of", EXPR_OP_SIZE_OF, 1, false, false},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

static const struct binary {
    const char *text;
    uint8_t opcode, precedence;
} binaries[] = {
    {"||", EXPR_OP_OR, 2},           {"&&", EXPR_OP_AND, 3},           {"|", EXPR_OP_BIT_OR, 4},
    {"^", EXPR_OP_BIT_XOR, 5},       {"&", EXPR_OP_BIT_AND, 6},        {"==", EXPR_OP_EQUAL, 7},
    {"!=", EXPR_OP_UNEQUAL, 7},      {"<", EXPR_OP_LESS, 8},           {"<=", EXPR_OP_LESS_EQUAL, 8},
    {">", EXPR_OP_GREATER, 8},       {">=", EXPR_OP_GREATER_EQUAL, 8}, {"<<", EXPR_OP_SHIFT_LEFT, 10},
    {">>", EXPR_OP_SHIFT_RIGHT, 10}, {"+", EXPR_OP_ADD, 11},           {"-", EXPR_OP_SUBTRACT, 11},
    {"*", EXPR_OP_MULTIPLY, 12},     {"/", EXPR_OP_DIVIDE, 12},        {"%", EXPR_OP_REMAINDER, 12},
};

static void replace_by_constant(struct parser *p, struct operand *operand, int64_t value)
{
    p->emitted.size = operand->start;
    expr_emit_constant(&p->emitted, value);
    operand->constant = true;
    operand->boolean = value == 0 || value == 1;
    operand->value = value;
}

/* Puts the value of constant code in its place. */
static enum status fold(struct parser *p, struct operand *operand, const char *operation, size_t column)
{
    if (p->emitted.too_long) return STATUS_OK;
    int64_t value = 0;
    struct expr piece = {p->emitted.code + operand->start, p->emitted.size - operand->start};
    enum expr_fault fault = expr_eval(&piece, NULL, &value);
    if (fault && !p->dead)
        return expr_fail(&p->lexer, column, "'%s' of constants: %s", operation, expr_fault_name(fault));
    replace_by_constant(p, operand, value);
    return STATUS_OK;
}

static void make_boolean(struct parser *p, struct operand *operand)
{
    if (operand->boolean) return;
    if (operand->constant) {
        replace_by_constant(p, operand, operand->value != 0);
    } else {
        expr_emit_op(&p->emitted, EXPR_OP_BOOL);
    }
    operand->boolean = true;
}

/* Parsing. */

static enum status parse_ternary(struct parser *p, struct operand *out);

static enum status take(struct parser *p)
{
    return expr_lex(&p->lexer, &p->token);
}

static bool is_operator(const struct parser *p, const char *text)
{
    return p->token.kind == EXPR_TOKEN_OPERATOR && strcmp(p->token.name, text) == 0;
}

static enum status fail_expected(struct parser *p, const char *expected)
{
    if (p->token.kind == EXPR_TOKEN_END)
        return expr_fail(&p->lexer, p->token.column, "expected %s, but the text ends here", expected);
    const char *found = p->lexer.text + p->token.column - 1;
    return expr_fail(&p->lexer, p->token.column, "expected %s, not '%.*s'", expected,
                     (int)(p->lexer.at - (p->token.column - 1)), found);
}

static enum status enter(struct parser *p)
{
    if (++p->nesting <= NESTING_MAX) return STATUS_OK;
    return expr_fail(&p->lexer, p->token.column, "nested deeper than %d levels", NESTING_MAX);
}

static const struct function *find_function(const char *name)
{
    for (size_t i = 0; i < N_FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0) return &functions[i];
    return NULL;
}

static enum status fail_function(struct parser *p, const char *name, size_t column)
{
    const char *names[N_FUNCTIONS];
    for (size_t i = 0; i < N_FUNCTIONS; i++) names[i] = functions[i].name;
    const char *closest = text_closest(name, names, N_FUNCTIONS);
    if (closest)
        return expr_fail(&p->lexer, column, "unknown function '%s'; did you mean '%s'?", name, closest);
    return expr_fail(&p->lexer, column,
                     "unknown function '%s'; there are ceil_div, min, max, abs, log2, is_pow2 and size_of",
                     name);
}

static enum status fail_name(struct parser *p, const char *name, size_t column)
{
    const struct function *function = find_function(name);
    if (function)
        return expr_fail(&p->lexer, column, "'%s' is a function: write %s(%s)", name, name,
                         function->arity == 1 ? "a" : "a, b");
    const char *names[NAMES_MAX];
    size_t n = p->scope->list ? p->scope->list(p->scope->context, names, NAMES_MAX) : 0;
    if (n > NAMES_MAX) n = NAMES_MAX;
    const char *closest = n ? text_closest(name, names, n) : NULL;
    if (closest) return expr_fail(&p->lexer, column, "unknown name '%s'; did you mean '%s'?", name, closest);
    char known[256] = "";
    for (size_t i = 0, used = 0; i < n && n <= NAMES_SHOWN && used < sizeof known; i++)
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "; known are ", names[i]);
    return expr_fail(&p->lexer, column, "unknown name '%s'%s", name, known);
}

static enum status parse_name(struct parser *p, const char *name, size_t column, struct operand *out)
{
    struct expr_name found = {0};
    if (!p->scope || !p->scope->find(p->scope->context, name, &found)) {
        static const struct expr_scope nothing;
        if (!p->scope) p->scope = &nothing;
        return fail_name(p, name, column);
    }
    switch (found.kind) {
    case EXPR_CONSTANT: replace_by_constant(p, out, found.value); return STATUS_OK;
    case EXPR_SLOT:
        if (found.slot >= EXPR_SLOTS_MAX)
            return expr_fail(&p->lexer, column, "'%s' has slot %u; there are %d", name, found.slot,
                             EXPR_SLOTS_MAX);
        expr_emit_bytes(&p->emitted, (uint8_t[]){EXPR_OP_SLOT, (uint8_t)found.slot}, 2);
        return STATUS_OK;
    case EXPR_LET: break;
    }
    expr_emit_bytes(&p->emitted, found.code.code, found.code.size);
    uint8_t first = found.code.code[0];
    bool pushes = first == EXPR_OP_PUSH8 || first == EXPR_OP_PUSH32 || first == EXPR_OP_PUSH64;
    if (pushes && found.code.size == 1u + expr_operand_bytes(first)) return fold(p, out, name, column);
    return STATUS_OK;
}

/* The arguments and ')' of a function whose '(' was taken. */
static enum status parse_call(struct parser *p, const char *name, size_t column, struct operand *out)
{
    const struct function *function = find_function(name);
    if (!function) {
        struct expr_name ignored;
        if (p->scope && p->scope->find(p->scope->context, name, &ignored))
            return expr_fail(&p->lexer, column, "'%s' is a name, not a function", name);
        return fail_function(p, name, column);
    }
    unsigned n = 0;
    bool constant = true;
    while (!is_operator(p, ")") || n > 0) {
        struct operand argument;
        TRY(parse_ternary(p, &argument));
        constant = constant && argument.constant;
        n++;
        if (function->arity == 2 && n >= 2) {
            expr_emit_op(&p->emitted, function->opcode);
            if (constant) TRY(fold(p, out, name, column));
        }
        if (!is_operator(p, ",")) break;
        TRY(take(p));
    }
    if (!is_operator(p, ")")) return fail_expected(p, "',' or ')'");
    if (n < function->arity || (n > function->arity && !function->variadic))
        return expr_fail(&p->lexer, column, "%s takes %s%u argument%s, not %u", name,
                         function->variadic ? "at least " : "", function->arity,
                         function->arity == 1 ? "" : "s", n);
    if (function->arity == 1) expr_emit_op(&p->emitted, function->opcode);
    if (function->arity == 1 && constant) TRY(fold(p, out, name, column));
    out->constant = constant;
    out->boolean = function->boolean || (constant && out->boolean);
    return take(p);
}

static enum status parse_primary(struct parser *p, struct operand *out)
{
    *out = (struct operand){.start = p->emitted.size};
    size_t column = p->token.column;
    if (p->token.kind == EXPR_TOKEN_NUMBER) {
        replace_by_constant(p, out, p->token.value);
        return take(p);
    }
    if (is_operator(p, "(")) {
        TRY(take(p));
        TRY(parse_ternary(p, out));
        if (is_operator(p, ")")) return take(p);
        char expected[64];
        snprintf(expected, sizeof expected, "')' for the '(' of column %zu", column);
        return fail_expected(p, expected);
    }
    if (p->token.kind != EXPR_TOKEN_NAME) return fail_expected(p, "a value");
    char name[EXPR_NAME_BYTES];
    memcpy(name, p->token.name, sizeof name);
    TRY(take(p));
    if (!is_operator(p, "(")) return parse_name(p, name, column, out);
    TRY(take(p));
    return parse_call(p, name, column, out);
}

static enum status parse_unary(struct parser *p, struct operand *out)
{
    static const struct binary unaries[] = {
        {"-", EXPR_OP_NEGATE, 13}, {"!", EXPR_OP_NOT, 13}, {"~", EXPR_OP_INVERT, 13}};
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
        if (!is_operator(p, unaries[i].text)) continue;
        size_t column = p->token.column;
        TRY(enter(p));
        TRY(take(p));
        TRY(parse_unary(p, out));
        p->nesting--;
        expr_emit_op(&p->emitted, unaries[i].opcode);
        out->boolean = unaries[i].opcode == EXPR_OP_NOT;
        return out->constant ? fold(p, out, unaries[i].text, column) : STATUS_OK;
    }
    if (is_operator(p, "+"))
        return expr_fail(&p->lexer, p->token.column, "there is no unary '+'; leave it out");
    return parse_primary(p, out);
}

static const struct binary *find_binary(const struct parser *p)
{
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (is_operator(p, binaries[i].text)) return &binaries[i];
    return NULL;
}

static enum status parse_binary(struct parser *p, unsigned precedence, struct operand *out);

/* `left && right` and `left || right`, the operator taken. */
static enum status parse_logic(struct parser *p, const struct binary *binary, struct operand *left)
{
    struct operand right;
    bool is_and = binary->opcode == EXPR_OP_AND;
    bool decided = left->constant && (left->value != 0) != is_and;
    if (left->constant) {
        p->emitted.size = left->start;
        p->dead += decided;
        TRY(parse_binary(p, binary->precedence + 1u, &right));
        p->dead -= decided;
        if (decided) {
            replace_by_constant(p, left, !is_and);
        } else {
            make_boolean(p, &right);
            *left = right;
        }
        return STATUS_OK;
    }
    uint32_t jump = expr_emit_jump(&p->emitted, binary->opcode);
    TRY(parse_binary(p, binary->precedence + 1u, &right));
    make_boolean(p, &right);
    expr_land_jump(&p->emitted, jump);
    left->boolean = true;
    return STATUS_OK;
}

static enum status parse_binary(struct parser *p, unsigned precedence, struct operand *out)
{
    TRY(parse_unary(p, out));
    const struct binary *binary;
    while ((binary = find_binary(p)) && binary->precedence >= precedence) {
        size_t column = p->token.column;
        TRY(take(p));
        if (binary->opcode == EXPR_OP_AND || binary->opcode == EXPR_OP_OR) {
            TRY(parse_logic(p, binary, out));
            continue;
        }
        struct operand right;
        TRY(parse_binary(p, binary->precedence + 1u, &right));
        expr_emit_op(&p->emitted, binary->opcode);
        out->constant = out->constant && right.constant;
        out->boolean = binary->precedence == 7 || binary->precedence == 8;
        if (out->constant) TRY(fold(p, out, binary->text, column));
    }
    return STATUS_OK;
}

/* `condition ? yes : no` with the '?' taken. The branch that a constant condition rules out leaves no code.
 */
static enum status parse_branches(struct parser *p, struct operand *condition)
{
    struct operand yes, no;
    bool known = condition->constant, taken = condition->value != 0;
    uint32_t to_no = 0, to_end = 0;
    if (known) {
        p->emitted.size = condition->start;
    } else {
        to_no = expr_emit_jump(&p->emitted, EXPR_OP_JUMP_IF_ZERO);
    }
    p->dead += known && !taken;
    TRY(parse_ternary(p, &yes));
    p->dead -= known && !taken;
    if (!is_operator(p, ":")) return fail_expected(p, "':'");
    TRY(take(p));
    if (known && !taken) p->emitted.size = condition->start;
    if (!known) {
        to_end = expr_emit_jump(&p->emitted, EXPR_OP_JUMP);
        expr_land_jump(&p->emitted, to_no);
    }
    uint32_t end_of_yes = p->emitted.size;
    p->dead += known && taken;
    TRY(parse_ternary(p, &no));
    p->dead -= known && taken;
    if (known) {
        if (taken) p->emitted.size = end_of_yes;
        *condition = taken ? yes : no;
        return STATUS_OK;
    }
    expr_land_jump(&p->emitted, to_end);
    condition->boolean = yes.boolean && no.boolean;
    return STATUS_OK;
}

static enum status parse_ternary(struct parser *p, struct operand *out)
{
    TRY(enter(p));
    TRY(parse_binary(p, 0, out));
    if (is_operator(p, "?")) {
        TRY(take(p));
        TRY(parse_branches(p, out));
    }
    p->nesting--;
    return STATUS_OK;
}

enum status expr_compile(struct arena *arena, const char *text, const char *where,
                         const struct expr_scope *scope, struct expr *out)
{
    struct parser p = {.lexer = {.text = text, .where = where}, .scope = scope};
    struct operand operand;
    TRY(take(&p));
    if (p.token.kind == EXPR_TOKEN_END) return expr_fail(&p.lexer, 1, "an empty expression");
    TRY(parse_ternary(&p, &operand));
    if (p.token.kind != EXPR_TOKEN_END) return fail_expected(&p, "an operator");
    if (p.emitted.too_long)
        return status_fail(STATUS_BAD_DATA, "%s: the expression needs more than %d bytes of code; split it",
                           where, EXPR_CODE_MAX);
    struct expr checked;
    if (expr_validate(p.emitted.code, p.emitted.size, EXPR_SLOTS_MAX, &checked) != STATUS_OK)
        return status_prefix(STATUS_BAD_DATA, "%s: the expression is too deep", where);
    const uint8_t *code = arena_copy(arena, p.emitted.code, p.emitted.size);
    if (!code) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", where);
    *out = (struct expr){code, p.emitted.size};
    return STATUS_OK;
}
