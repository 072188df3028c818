/* One pass over the bytecode with a stack of pieces instead of numbers: a piece is the code emitted for a
 * value, and what is known of it. Where the way is decided, the pass goes it and emits nothing; where it is
 * not, both ways are emitted between fresh jumps. */
#include "search/expr_fold.h"

#include <string.h>
#include "search/expr_emit.h"

struct piece {
    uint32_t start; /* of its code, which ends where the next piece's begins */
    bool constant;
    bool boolean; /* surely 0 or 1 */
    bool safe;    /* evaluating it cannot fault */
    int64_t value;
};

struct folder {
    const uint8_t *code;
    const bool *known;
    const int64_t *slots;
    unsigned depth;
    struct piece stack[EXPR_STACK_MAX];
    struct expr_emitter emitted;
};

static bool fold_value(struct folder *f, uint32_t pc, uint32_t end);

static struct piece *top(struct folder *f)
{
    return &f->stack[f->depth - 1];
}

static void push_constant(struct folder *f, int64_t value)
{
    struct piece piece = {f->emitted.size, true, value == 0 || value == 1, true, value};
    f->stack[f->depth++] = piece;
    expr_emit_constant(&f->emitted, value);
}

/* Drops the code of the topmost pieces. */
static void drop(struct folder *f, unsigned n)
{
    while (n--) f->emitted.size = f->stack[--f->depth].start;
}

static void push_slot(struct folder *f, uint8_t slot)
{
    if (f->known[slot]) {
        push_constant(f, f->slots[slot]);
        return;
    }
    f->stack[f->depth++] = (struct piece){.start = f->emitted.size, .safe = true};
    expr_emit_bytes(&f->emitted, (uint8_t[]){EXPR_OP_SLOT, slot}, 2);
}

static void make_boolean(struct folder *f)
{
    if (!top(f)->boolean) expr_emit_op(&f->emitted, EXPR_OP_BOOL);
    top(f)->boolean = true;
}

static bool gives_boolean(uint8_t opcode)
{
    return opcode == EXPR_OP_NOT || opcode == EXPR_OP_BOOL || opcode == EXPR_OP_IS_POW2 ||
           (opcode >= EXPR_OP_EQUAL && opcode <= EXPR_OP_GREATER_EQUAL);
}

/* Can the operation itself not fault, whatever its left operand? */
static bool is_safe(uint8_t opcode, const struct piece *right)
{
    switch (opcode) {
    case EXPR_OP_NEGATE: /* of INT64_MIN */
    case EXPR_OP_ABS:
    case EXPR_OP_LOG2:
    case EXPR_OP_SIZE_OF:
    case EXPR_OP_ADD:
    case EXPR_OP_SUBTRACT:
    case EXPR_OP_MULTIPLY:
    case EXPR_OP_SHIFT_LEFT: return false;
    case EXPR_OP_DIVIDE:
    case EXPR_OP_REMAINDER:
    case EXPR_OP_CEIL_DIV: return right->constant && right->value != 0 && right->value != -1;
    case EXPR_OP_SHIFT_RIGHT: return right->constant && right->value >= 0 && right->value <= 63;
    default: return true;
    }
}

/* x OP value == x, for every x and without a fault. */
static bool is_neutral_right(uint8_t opcode, int64_t value)
{
    switch (opcode) {
    case EXPR_OP_ADD:
    case EXPR_OP_SUBTRACT:
    case EXPR_OP_SHIFT_LEFT:
    case EXPR_OP_SHIFT_RIGHT:
    case EXPR_OP_BIT_OR:
    case EXPR_OP_BIT_XOR: return value == 0;
    case EXPR_OP_MULTIPLY:
    case EXPR_OP_DIVIDE:
    case EXPR_OP_CEIL_DIV: return value == 1;
    case EXPR_OP_BIT_AND: return value == -1;
    default: return false;
    }
}

static bool commutes(uint8_t opcode)
{
    return opcode == EXPR_OP_ADD || opcode == EXPR_OP_MULTIPLY || opcode == EXPR_OP_BIT_OR ||
           opcode == EXPR_OP_BIT_XOR || opcode == EXPR_OP_BIT_AND;
}

/* x OP value == 0, for every x that did not fault. */
static bool is_zero_right(uint8_t opcode, int64_t value)
{
    return value == 0 ? opcode == EXPR_OP_MULTIPLY || opcode == EXPR_OP_BIT_AND
                      : value == 1 && opcode == EXPR_OP_REMAINDER;
}

/* The cases where the operation disappears. */
static bool fold_identity(struct folder *f, uint8_t opcode)
{
    struct piece *right = top(f), *left = right - 1;
    if (right->constant) {
        bool keeps = is_neutral_right(opcode, right->value) ||
                     (left->boolean && right->value == 0 && opcode == EXPR_OP_UNEQUAL) ||
                     (left->boolean && right->value == 1 && opcode == EXPR_OP_EQUAL);
        bool zero = left->safe && is_zero_right(opcode, right->value);
        if (keeps) drop(f, 1);
        if (zero) drop(f, 2), push_constant(f, 0);
        return keeps || zero;
    }
    if (!left->constant || !commutes(opcode)) return false;
    if (is_neutral_right(opcode, left->value)) {
        uint32_t removed = right->start - left->start;
        f->emitted.size -= removed;
        memmove(f->emitted.code + left->start, f->emitted.code + right->start, f->emitted.size - left->start);
        right->start = left->start;
        *left = *right;
        f->depth--;
        return true;
    }
    if (!right->safe || !is_zero_right(opcode, left->value)) return false;
    drop(f, 2);
    push_constant(f, 0);
    return true;
}

/* An operation on the topmost piece or the topmost two. */
static void fold_operation(struct folder *f, uint8_t opcode, unsigned pops)
{
    if (f->emitted.too_long) { /* the code is no longer whole, and nobody will want it */
        f->depth -= pops - 1;
        return;
    }
    if (opcode == EXPR_OP_BOOL && top(f)->boolean) return;
    if (pops == 2 && !(top(f)->constant && top(f)[-1].constant) && fold_identity(f, opcode)) return;
    struct piece right = *top(f), *result = top(f) - (pops - 1);
    bool constant = result->constant && right.constant;
    expr_emit_op(&f->emitted, opcode);
    f->depth -= pops - 1;
    int64_t value = 0;
    struct expr code = {f->emitted.code + result->start, f->emitted.size - result->start};
    if (constant && !f->emitted.too_long && expr_eval(&code, NULL, &value) == EXPR_FINE) {
        drop(f, 1);
        push_constant(f, value);
        return;
    }
    result->safe = result->safe && right.safe && is_safe(opcode, &right);
    result->boolean = gives_boolean(opcode);
    result->constant = false;
}

/* `left AND[stop] right stop:` with a left that is not known. */
static bool fold_logic(struct folder *f, uint8_t opcode, uint32_t right, uint32_t stop)
{
    unsigned left = f->depth - 1;
    uint32_t jump = expr_emit_jump(&f->emitted, opcode);
    f->depth--; /* where the way leads on to the right operand, the left one is gone */
    struct piece first = f->stack[left];
    if (!fold_value(f, right, stop)) return false;
    struct piece second = *top(f);
    bool is_and = opcode == EXPR_OP_AND;
    f->stack[left] = first;
    if (second.constant && second.value == is_and) { /* x && 1, x || 0 */
        f->emitted.size = jump;
        make_boolean(f);
    } else if (second.constant && second.value == !is_and && first.safe) { /* x && 0, x || 1 */
        drop(f, 1);
        push_constant(f, !is_and);
    } else {
        expr_land_jump(&f->emitted, jump);
        *top(f) = (struct piece){
            .start = first.start, .boolean = second.boolean, .safe = first.safe && second.safe};
    }
    return true;
}

/* `condition JUMP_IF_ZERO[no] yes JUMP[stop] no: ... stop:` with a condition that is not known. */
static bool fold_branches(struct folder *f, uint32_t yes, uint32_t no, uint32_t end, uint32_t *stop)
{
    struct piece condition = *top(f);
    if (no < yes + EXPR_JUMP_BYTES || no > end || f->code[no - EXPR_JUMP_BYTES] != EXPR_OP_JUMP) return false;
    *stop = no + expr_jump_offset(f->code + no - 2);
    if (*stop > end) return false;
    uint32_t to_no = expr_emit_jump(&f->emitted, EXPR_OP_JUMP_IF_ZERO);
    f->depth--;
    if (!fold_value(f, yes, no - EXPR_JUMP_BYTES)) return false;
    struct piece first = f->stack[--f->depth];
    uint32_t to_stop = expr_emit_jump(&f->emitted, EXPR_OP_JUMP);
    expr_land_jump(&f->emitted, to_no);
    if (!fold_value(f, no, *stop)) return false;
    expr_land_jump(&f->emitted, to_stop);
    struct piece *second = top(f);
    *second = (struct piece){.start = condition.start,
                             .boolean = first.boolean && second->boolean,
                             .safe = condition.safe && first.safe && second->safe};
    return true;
}

/* A jump that depends on the topmost piece. Moves *pc past all that it decides. */
static bool fold_jump(struct folder *f, uint8_t opcode, uint32_t *pc, uint32_t end)
{
    uint32_t next = *pc + EXPR_JUMP_BYTES, target = next + expr_jump_offset(f->code + *pc + 1);
    struct piece condition = *top(f);
    if (target > end) return false;
    if (!condition.constant) {
        if (opcode == EXPR_OP_JUMP_IF_ZERO) return fold_branches(f, next, target, end, pc);
        *pc = target;
        return fold_logic(f, opcode, next, target);
    }
    bool jumps = (condition.value != 0) == (opcode == EXPR_OP_OR);
    drop(f, 1);
    if (jumps && opcode != EXPR_OP_JUMP_IF_ZERO) push_constant(f, opcode == EXPR_OP_OR);
    *pc = jumps ? target : next;
    return true;
}

/* Folds [pc, end), which must leave exactly one piece more and touch none below. False: not expr_compile's
 * shape. */
static bool fold_value(struct folder *f, uint32_t pc, uint32_t end)
{
    unsigned bottom = f->depth;
    while (pc < end) {
        uint8_t opcode = f->code[pc];
        const uint8_t *operand = f->code + pc + 1;
        unsigned pops = expr_pops(opcode);
        if (f->depth < bottom + pops || (pops == 0 && f->depth == EXPR_STACK_MAX)) return false;
        switch (opcode) {
        case EXPR_OP_JUMP_IF_ZERO:
        case EXPR_OP_AND:
        case EXPR_OP_OR:
            if (!fold_jump(f, opcode, &pc, end)) return false;
            continue;
        case EXPR_OP_KEEP:
        case EXPR_OP_KEPT: return false;
        case EXPR_OP_JUMP: pc += expr_jump_offset(operand); break;
        case EXPR_OP_PUSH8: push_constant(f, (int8_t)*operand); break;
        case EXPR_OP_PUSH32: push_constant(f, expr_load32(operand)); break;
        case EXPR_OP_PUSH64: push_constant(f, expr_load64(operand)); break;
        case EXPR_OP_SLOT: push_slot(f, *operand); break;
        default: fold_operation(f, opcode, pops);
        }
        pc += 1u + expr_operand_bytes(opcode);
    }
    return pc == end && f->depth == bottom + 1;
}

enum status expr_fold(struct arena *arena, const struct expr *expr, const bool *known, const int64_t *slots,
                      struct expr *out)
{
    struct folder f;
    f.code = expr->code;
    f.known = known;
    f.slots = slots;
    f.depth = 0;
    f.emitted.size = 0;
    f.emitted.too_long = false;
    bool folded = fold_value(&f, 0, expr->size) && !f.emitted.too_long;
    uint32_t size = folded ? f.emitted.size : expr->size;
    const uint8_t *code = arena_copy(arena, folded ? f.emitted.code : expr->code, size);
    if (!code) return status_fail(STATUS_NO_MEMORY, "no memory for an expression of %u bytes", size);
    *out = (struct expr){code, size};
    return STATUS_OK;
}

bool expr_is_constant(const struct expr *expr, int64_t *value)
{
    if (expr->size == 0 || expr->size != 1u + expr_operand_bytes(expr->code[0])) return false;
    const uint8_t *operand = expr->code + 1;
    switch (expr->code[0]) {
    case EXPR_OP_PUSH8: *value = (int8_t)*operand; return true;
    case EXPR_OP_PUSH32: *value = expr_load32(operand); return true;
    case EXPR_OP_PUSH64: *value = expr_load64(operand); return true;
    default: return false;
    }
}
