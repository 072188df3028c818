/* Evaluation of bytecode, and what else the runtime library needs of it. No allocation, no text. */
#include <string.h>
#include "search/expr_code.h"
#include "tuner/base/dtype.h"

static const struct {
    uint8_t known, operand_bytes, pops;
} ops[256] = {
#define OP(enumerator, number, operand, pops, text, precedence) [number] = {1, operand, pops},
    EXPR_OPS(OP)
#undef OP
};

uint8_t expr_operand_bytes(uint8_t opcode)
{
    return ops[opcode].known ? ops[opcode].operand_bytes : 0xff;
}

uint8_t expr_pops(uint8_t opcode)
{
    return ops[opcode].pops;
}

int64_t expr_word(const char *word)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, 64 bits (draft-eastlake-fnv) */
    for (; *word; word++) hash = (hash ^ (uint8_t)*word) * 0x100000001b3u;
    return (int64_t)(hash >> 1);
}

const char *expr_fault_name(enum expr_fault fault)
{
    static const char *const names[] = {"fine",
                                        "overflow",
                                        "division by zero",
                                        "bad shift",
                                        "log2 of a value below 1",
                                        "size_of of something that is no type"};
    return (unsigned)fault < sizeof names / sizeof *names ? names[fault] : "unknown fault";
}

/* The operations that can fault. Each writes *out only when it is fine. */

static enum expr_fault divide(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0) return EXPR_DIVISION_BY_ZERO;
    if (a == INT64_MIN && b == -1) return EXPR_OVERFLOW;
    *out = a / b;
    return EXPR_FINE;
}

static enum expr_fault ceil_divide(int64_t a, int64_t b, int64_t *out)
{
    int64_t quotient = 0;
    enum expr_fault fault = divide(a, b, &quotient);
    if (fault) return fault;
    bool inexact = quotient * b != a;
    *out = quotient + (inexact && (a < 0) == (b < 0));
    return EXPR_FINE;
}

static enum expr_fault take_remainder(int64_t a, int64_t b, int64_t *out)
{
    int64_t quotient = 0;
    enum expr_fault fault = divide(a, b, &quotient);
    if (fault) return fault;
    *out = a - quotient * b;
    return EXPR_FINE;
}

static enum expr_fault shift_left(int64_t a, int64_t b, int64_t *out)
{
    if (b < 0 || b > 63) return EXPR_BAD_SHIFT;
    int64_t shifted = (int64_t)((uint64_t)a << b);
    if (shifted >> b != a) return EXPR_OVERFLOW;
    *out = shifted;
    return EXPR_FINE;
}

static enum expr_fault size_of(int64_t word, int64_t *out)
{
    /* expr_word of each type's name; a test holds this table against dtype_name. */
    static const int64_t words[DTYPE_COUNT] = {
        [DTYPE_F64] = 0x6eba260c7fbf50d5,    [DTYPE_F32] = 0x6eb1a80c7fb81aa2,
        [DTYPE_F16] = 0x6eae260c7fb507e5,    [DTYPE_BF16] = 0x483fc4cdd225ffa5,
        [DTYPE_F8E4M3] = 0x5dbae92a99591955, [DTYPE_F8E4M3FNUZ] = 0x638e5fe92d869f58,
        [DTYPE_F8E5M2] = 0x6191f92a9b625fc7, [DTYPE_I32] = 0x1579598c95a0c8a2,
        [DTYPE_I8] = 0x45b8503daadfeca,
    };
    static const uint8_t bytes[DTYPE_COUNT] = {
#define DTYPE(enumerator, name, bits, digits) (bits) / 8,
        DTYPE_TABLE(DTYPE)
#undef DTYPE
    };
    for (unsigned i = 0; i < DTYPE_COUNT; i++) {
        if (words[i] != word) continue;
        *out = bytes[i];
        return EXPR_FINE;
    }
    return EXPR_BAD_TYPE;
}

static enum expr_fault shift_right(int64_t a, int64_t b, int64_t *out)
{
    if (b < 0 || b > 63) return EXPR_BAD_SHIFT;
    *out = a >> b;
    return EXPR_FINE;
}

static enum expr_fault negate(int64_t a, int64_t *out)
{
    return __builtin_sub_overflow((int64_t)0, a, out) ? EXPR_OVERFLOW : EXPR_FINE;
}

static enum expr_fault absolute(int64_t a, int64_t *out)
{
    if (a < 0) return negate(a, out);
    *out = a;
    return EXPR_FINE;
}

static enum expr_fault floor_log2(int64_t a, int64_t *out)
{
    if (a < 1) return EXPR_BAD_LOG2;
    *out = 63 - __builtin_clzll((unsigned long long)a);
    return EXPR_FINE;
}

/* What unvalidated code must be asked before an instruction runs: that its operand is there, that what it
 * takes is on the stack and what it leaves fits, that its jump stays inside. Nothing where `checked` is
 * false. */
#define REQUIRE(condition) \
    if (checked && !(condition)) return EXPR_BAD_CODE
#define REQUIRE_OPERAND(bytes) REQUIRE(end - pc >= (bytes))
#define REQUIRE_DEPTH(values)  REQUIRE(below - stack >= (values))
#define REQUIRE_TARGET         REQUIRE(end - pc >= 2 && (ptrdiff_t)expr_jump_offset(pc) <= end - pc - 2)

/* How an instruction ends; each includes the break. */
#define POP(to) ((to) = top, top = *--below)
#define CHECKED(call)                   \
    REQUIRE_DEPTH(1);                   \
    if ((fault = (call))) return fault; \
    break
#define UNARY(expression) \
    REQUIRE_DEPTH(1);     \
    top = (expression);   \
    break
#define BINARY(expression) \
    REQUIRE_DEPTH(2);      \
    POP(right);            \
    top = (expression);    \
    break
#define BINARY_CHECKED(function)                            \
    REQUIRE_DEPTH(2);                                       \
    POP(right);                                             \
    if ((fault = function(top, right, &top))) return fault; \
    break
#define BINARY_OVERFLOWING(builtin)                      \
    REQUIRE_DEPTH(2);                                    \
    POP(right);                                          \
    if (builtin(top, right, &top)) return EXPR_OVERFLOW; \
    break
#define PUSH(value, bytes)                        \
    REQUIRE_OPERAND(bytes);                       \
    REQUIRE(below - stack < EXPR_STACK_MAX);      \
    *below++ = top, top = (value), pc += (bytes); \
    break
#define JUMP(condition)                                 \
    pc += 2 + ((condition) ? expr_jump_offset(pc) : 0); \
    break

/* The top of the stack lives in a register; `below` points past what lies under it. Compiled and validated
 * code never leaves the bounds, so nothing is checked for it but arithmetic. */
static inline __attribute__((always_inline)) enum expr_fault
run(const struct expr *expr, const int64_t *slots, bool checked, unsigned n_slots, int64_t *out)
{
    const uint8_t *pc = expr->code, *end = pc + expr->size;
    int64_t stack[EXPR_STACK_MAX + 1], *below = stack, top = 0, right, kept[EXPR_KEPT_MAX];
    unsigned is_kept = 0; /* bits; asked where checked */
    enum expr_fault fault;
    while (pc < end) {
        switch (*pc++) {
        case EXPR_OP_PUSH8: PUSH((int8_t)*pc, 1);
        case EXPR_OP_PUSH32: PUSH(expr_load32(pc), 4);
        case EXPR_OP_PUSH64: PUSH(expr_load64(pc), 8);
        case EXPR_OP_SLOT: REQUIRE(pc < end && *pc < n_slots); PUSH(slots[*pc], 1);
        case EXPR_OP_KEEP:
            REQUIRE(pc < end && *pc < EXPR_KEPT_MAX);
            REQUIRE_DEPTH(1);
            is_kept |= 1u << *pc;
            kept[*pc++] = top;
            break;
        case EXPR_OP_KEPT: REQUIRE(pc<end && * pc<EXPR_KEPT_MAX && is_kept>> * pc & 1); PUSH(kept[*pc], 1);
        case EXPR_OP_JUMP: REQUIRE_TARGET; JUMP(true);
        case EXPR_OP_JUMP_IF_ZERO:
            REQUIRE_TARGET;
            REQUIRE_DEPTH(1);
            POP(right);
            JUMP(right == 0);
        case EXPR_OP_AND:
            REQUIRE_TARGET;
            REQUIRE_DEPTH(1);
            right = top;
            if (right) top = *--below;
            JUMP(right == 0);
        case EXPR_OP_OR:
            REQUIRE_TARGET;
            REQUIRE_DEPTH(1);
            right = top;
            top = right ? 1 : *--below;
            JUMP(right != 0);
        case EXPR_OP_NEGATE: CHECKED(negate(top, &top));
        case EXPR_OP_NOT: UNARY(!top);
        case EXPR_OP_INVERT: UNARY(~top);
        case EXPR_OP_BOOL: UNARY(top != 0);
        case EXPR_OP_ABS: CHECKED(absolute(top, &top));
        case EXPR_OP_LOG2: CHECKED(floor_log2(top, &top));
        case EXPR_OP_IS_POW2: UNARY(top > 0 && (top & (top - 1)) == 0);
        case EXPR_OP_SIZE_OF: CHECKED(size_of(top, &top));
        case EXPR_OP_ADD: BINARY_OVERFLOWING(__builtin_add_overflow);
        case EXPR_OP_SUBTRACT: BINARY_OVERFLOWING(__builtin_sub_overflow);
        case EXPR_OP_MULTIPLY: BINARY_OVERFLOWING(__builtin_mul_overflow);
        case EXPR_OP_DIVIDE: BINARY_CHECKED(divide);
        case EXPR_OP_REMAINDER: BINARY_CHECKED(take_remainder);
        case EXPR_OP_CEIL_DIV: BINARY_CHECKED(ceil_divide);
        case EXPR_OP_SHIFT_LEFT: BINARY_CHECKED(shift_left);
        case EXPR_OP_SHIFT_RIGHT: BINARY_CHECKED(shift_right);
        case EXPR_OP_BIT_AND: BINARY(top & right);
        case EXPR_OP_BIT_OR: BINARY(top | right);
        case EXPR_OP_BIT_XOR: BINARY(top ^ right);
        case EXPR_OP_EQUAL: BINARY(top == right);
        case EXPR_OP_UNEQUAL: BINARY(top != right);
        case EXPR_OP_LESS: BINARY(top < right);
        case EXPR_OP_LESS_EQUAL: BINARY(top <= right);
        case EXPR_OP_GREATER: BINARY(top > right);
        case EXPR_OP_GREATER_EQUAL: BINARY(top >= right);
        case EXPR_OP_MIN: BINARY(top < right ? top : right);
        case EXPR_OP_MAX: BINARY(top > right ? top : right);
        default:
            if (checked) return EXPR_BAD_CODE;
            __builtin_unreachable(); /* refused by expr_validate */
        }
    }
    if (checked && below - stack != 1) return EXPR_BAD_CODE;
    *out = top;
    return EXPR_FINE;
}

enum expr_fault expr_eval(const struct expr *expr, const int64_t *slots, int64_t *out)
{
    return run(expr, slots, false, 0, out);
}

enum expr_fault expr_eval_checked(const void *code, size_t size, const int64_t *slots, unsigned n_slots,
                                  int64_t *out)
{
    struct expr expr = {code, (uint32_t)size};
    return size > EXPR_CODE_MAX ? EXPR_BAD_CODE : run(&expr, slots, true, n_slots, out);
}

/* Validation: one pass, since jumps only go forward. */

struct validation {
    const uint8_t *code;
    size_t size, pc;
    unsigned depth;                      /* of the stack, before the instruction at pc */
    bool reachable;                      /* by falling through */
    size_t furthest;                     /* jump target so far: at or before pc all ways pass here */
    unsigned is_kept;                    /* bits: places that every way here has filled */
    uint8_t depth_at[EXPR_CODE_MAX + 1]; /* of jump targets: depth + 1; 0: no target */
};

static enum status refuse(const struct validation *v, const char *why)
{
    return status_fail(STATUS_BAD_DATA, "bytecode of %zu bytes, byte %zu: %s", v->size, v->pc, why);
}

/* Takes the depth that jumps to pc brought along, which must agree with the one of falling through. */
static enum status arrive(struct validation *v)
{
    unsigned expected = v->depth_at[v->pc];
    if (expected == 0) return v->reachable ? STATUS_OK : refuse(v, "instruction that nothing reaches");
    if (v->reachable && v->depth + 1 != expected) return refuse(v, "stack depths of two ways here differ");
    v->depth = expected - 1;
    v->reachable = true;
    return STATUS_OK;
}

static enum status mark_target(struct validation *v, unsigned depth)
{
    size_t target = v->pc + EXPR_JUMP_BYTES + expr_jump_offset(v->code + v->pc + 1);
    if (target > v->size) return refuse(v, "jump past the end");
    if (v->depth_at[target] && v->depth_at[target] != depth + 1)
        return refuse(v, "stack depths of two jumps to one place differ");
    v->depth_at[target] = (uint8_t)(depth + 1);
    if (v->furthest < target) v->furthest = target;
    return STATUS_OK;
}

static enum status validate_kept(struct validation *v, uint8_t opcode)
{
    unsigned place = v->code[v->pc + 1];
    if (place >= EXPR_KEPT_MAX) return refuse(v, "there are 8 places for kept values");
    if (opcode == EXPR_OP_KEEP && v->furthest <= v->pc) v->is_kept |= 1u << place;
    if (!(v->is_kept >> place & 1))
        return refuse(v, "a place for kept values that some way here leaves empty");
    return STATUS_OK;
}

static enum status validate_instruction(struct validation *v, unsigned n_slots)
{
    TRY(arrive(v));
    uint8_t opcode = v->code[v->pc];
    if (!ops[opcode].known) return refuse(v, "unknown instruction");
    size_t length = 1u + ops[opcode].operand_bytes;
    if (length > v->size - v->pc) return refuse(v, "instruction cut off by the end");
    for (size_t i = 1; i < length; i++)
        if (v->depth_at[v->pc + i]) return refuse(v, "jump into the middle of this instruction");
    if (v->depth < ops[opcode].pops) return refuse(v, "stack underflow");
    unsigned below = v->depth - ops[opcode].pops;
    switch (opcode) {
    case EXPR_OP_JUMP:
        TRY(mark_target(v, below));
        v->reachable = false;
        break;
    case EXPR_OP_JUMP_IF_ZERO: TRY(mark_target(v, below)); break;
    case EXPR_OP_AND:
    case EXPR_OP_OR: TRY(mark_target(v, below + 1)); break;
    case EXPR_OP_SLOT:
        if (v->code[v->pc + 1] >= n_slots) return refuse(v, "slot outside of the value vector");
        below++;
        break;
    case EXPR_OP_KEEP:
    case EXPR_OP_KEPT:
        TRY(validate_kept(v, opcode));
        below++;
        break;
    default: below++;
    }
    if (below > EXPR_STACK_MAX) return refuse(v, "more than 64 values on the stack");
    v->depth = below;
    v->pc += length;
    return STATUS_OK;
}

enum status expr_validate(const void *code, size_t size, unsigned n_slots, struct expr *out)
{
    if (size == 0 || size > EXPR_CODE_MAX)
        return status_fail(STATUS_BAD_DATA, "bytecode of %zu bytes: from 1 to %d are allowed", size,
                           EXPR_CODE_MAX);
    struct validation v;
    v.code = code;
    v.size = size;
    v.pc = 0;
    v.depth = 0;
    v.reachable = true;
    v.furthest = 0;
    v.is_kept = 0;
    memset(v.depth_at, 0, size + 1); /* not all of it: most clauses are short, and lookups validate many */
    while (v.pc < size) TRY(validate_instruction(&v, n_slots));
    TRY(arrive(&v));
    if (v.depth != 1) return refuse(&v, "not exactly one result");
    *out = (struct expr){code, (uint32_t)size};
    return STATUS_OK;
}

void expr_visit_slots(const struct expr *expr, void (*visit)(void *context, unsigned slot), void *context)
{
    for (uint32_t pc = 0; pc < expr->size; pc += 1u + ops[expr->code[pc]].operand_bytes)
        if (expr->code[pc] == EXPR_OP_SLOT) visit(context, expr->code[pc + 1]);
}

enum status expr_renumber(const struct expr *expr, const unsigned *map, unsigned n_map, struct text *out)
{
    for (uint32_t pc = 0; pc < expr->size; pc += 1u + ops[expr->code[pc]].operand_bytes) {
        if (expr->code[pc] != EXPR_OP_SLOT) continue;
        unsigned slot = expr->code[pc + 1];
        if (slot >= n_map || map[slot] >= EXPR_SLOTS_MAX)
            return status_fail(STATUS_BAD_DATA, "bytecode, byte %u: slot %u has no new number", pc, slot);
    }
    for (uint32_t pc = 0; pc < expr->size;) {
        uint32_t length = 1u + ops[expr->code[pc]].operand_bytes;
        uint8_t slot[2] = {EXPR_OP_SLOT, 0};
        if (expr->code[pc] == EXPR_OP_SLOT) slot[1] = (uint8_t)map[expr->code[pc + 1]];
        text_append_bytes(out, expr->code[pc] == EXPR_OP_SLOT ? slot : expr->code + pc, length);
        pc += length;
    }
    return text_status(out);
}
