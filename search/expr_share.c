/* One pass over the bytecode. A piece is a value on the stack: the code that computes it, read and emitted.
 * Equal code computes equal values, so a piece whose bytes were kept before is replaced. Only what is
 * computed whatever way the evaluation goes is kept; inside the operands of && || ?: it is used, but nothing
 * new is kept. */
#include "search/expr_share.h"

#include <string.h>
#include "search/expr_emit.h"

enum { WORTH_KEEPING = 3 /* instructions; keeping and using take one each */ };

struct piece {
    uint32_t from;    /* of the code read; it ends where the next instruction begins */
    uint32_t emitted; /* where its code begins in what is emitted, and ends at its end */
    uint32_t n_instructions;
};

/* An operand that may not be evaluated: of && and || up to `end`; of ?: the yes up to a jump, then the no. */
struct branch {
    struct piece value; /* what the whole gives, as far as it is known */
    uint32_t end;       /* of the code read; 0: not known before the yes ends */
    uint32_t jump;      /* in what is emitted, to be landed at the end */
};

struct sharer {
    const uint8_t *code;
    uint32_t size;
    unsigned depth, n_branches, n_kept;
    struct piece stack[EXPR_STACK_MAX];
    struct branch branches[EXPR_STACK_MAX];
    struct expr kept[EXPR_KEPT_MAX]; /* the code of each */
    struct expr_emitter emitted;
};

static bool push(struct sharer *s, struct piece piece)
{
    if (s->depth == EXPR_STACK_MAX) return false;
    s->stack[s->depth++] = piece;
    return true;
}

static bool open_branch(struct sharer *s, struct branch branch)
{
    if (s->n_branches == EXPR_STACK_MAX) return false;
    s->branches[s->n_branches++] = branch;
    return true;
}

/* The branches that end here: the value on top is that of the whole. */
static bool close_branches(struct sharer *s, uint32_t pc)
{
    while (s->n_branches && s->branches[s->n_branches - 1].end == pc) {
        struct branch *branch = &s->branches[--s->n_branches];
        if (s->depth == 0) return false;
        expr_land_jump(&s->emitted, branch->jump);
        struct piece *top = &s->stack[s->depth - 1];
        branch->value.n_instructions += top->n_instructions;
        *top = branch->value;
    }
    return true;
}

/* AND, OR and JUMP_IF_ZERO take the value on top and what follows may not be evaluated. */
static bool begin_branch(struct sharer *s, uint8_t opcode, uint32_t pc)
{
    struct branch branch = {.value = s->stack[--s->depth]};
    branch.value.n_instructions++;
    branch.jump = expr_emit_jump(&s->emitted, opcode);
    if (opcode != EXPR_OP_JUMP_IF_ZERO)
        branch.end = pc + EXPR_JUMP_BYTES + expr_jump_offset(s->code + pc + 1);
    return open_branch(s, branch);
}

/* JUMP ends the yes of a ?: and its no begins. */
static bool begin_no(struct sharer *s, uint32_t pc)
{
    if (!s->n_branches || s->branches[s->n_branches - 1].end || !s->depth) return false;
    struct branch *branch = &s->branches[s->n_branches - 1];
    branch->value.n_instructions += s->stack[--s->depth].n_instructions;
    uint32_t jump = expr_emit_jump(&s->emitted, EXPR_OP_JUMP);
    expr_land_jump(&s->emitted, branch->jump);
    branch->jump = jump;
    branch->end = pc + EXPR_JUMP_BYTES + expr_jump_offset(s->code + pc + 1);
    return true;
}

/* The piece on top is whole: its code ends at `end`. */
static void share_top(struct sharer *s, uint32_t end)
{
    const struct piece *piece = &s->stack[s->depth - 1];
    const uint8_t *code = s->code + piece->from;
    uint32_t size = end - piece->from;
    if (piece->n_instructions < WORTH_KEEPING || s->emitted.too_long) return;
    for (unsigned i = 0; i < s->n_kept; i++) {
        if (s->kept[i].size != size || memcmp(s->kept[i].code, code, size) != 0) continue;
        s->emitted.size = piece->emitted;
        expr_emit_bytes(&s->emitted, (uint8_t[]){EXPR_OP_KEPT, (uint8_t)i}, 2);
        return;
    }
    bool again = memmem(s->code + end, s->size - end, code, size) != NULL;
    if (!again || s->n_branches || s->n_kept == EXPR_KEPT_MAX) return;
    expr_emit_bytes(&s->emitted, (uint8_t[]){EXPR_OP_KEEP, (uint8_t)s->n_kept}, 2);
    s->kept[s->n_kept++] = (struct expr){code, size};
}

static bool take_instruction(struct sharer *s, uint8_t opcode, uint32_t pc, uint32_t next)
{
    unsigned pops = expr_pops(opcode);
    struct piece piece = {pc, s->emitted.size, 1};
    if (s->depth < pops) return false;
    for (unsigned i = 0; i < pops; i++) {
        const struct piece *operand = &s->stack[--s->depth];
        piece.n_instructions += operand->n_instructions;
        piece.from = operand->from;
        piece.emitted = operand->emitted;
    }
    expr_emit_bytes(&s->emitted, s->code + pc, next - pc);
    if (!push(s, piece)) return false;
    share_top(s, next);
    return true;
}

/* False: not the shape that expr_compile gives. */
static bool share(struct sharer *s)
{
    uint32_t pc = 0;
    while (pc < s->size) {
        uint8_t opcode = s->code[pc];
        uint32_t next = pc + 1u + expr_operand_bytes(opcode);
        bool fine = false;
        switch (opcode) {
        case EXPR_OP_KEEP:
        case EXPR_OP_KEPT: break;
        case EXPR_OP_AND:
        case EXPR_OP_OR:
        case EXPR_OP_JUMP_IF_ZERO: fine = s->depth && begin_branch(s, opcode, pc); break;
        case EXPR_OP_JUMP: fine = begin_no(s, pc); break;
        default: fine = take_instruction(s, opcode, pc, next);
        }
        pc = next;
        if (!fine || !close_branches(s, pc)) return false;
    }
    return s->depth == 1 && !s->n_branches && !s->emitted.too_long;
}

/* What was kept may have come again only inside of something larger that was kept, too. No jump leads over a
 * KEEP, so nothing else changes when one goes. */
static void drop_unused(struct sharer *s)
{
    uint8_t *code = s->emitted.code;
    uint32_t length, to = 0;
    unsigned is_used = 0; /* bits */
    for (uint32_t pc = 0; pc < s->emitted.size; pc += 1u + expr_operand_bytes(code[pc]))
        if (code[pc] == EXPR_OP_KEPT) is_used |= 1u << code[pc + 1];
    for (uint32_t pc = 0; pc < s->emitted.size; pc += length) {
        length = 1u + expr_operand_bytes(code[pc]);
        if (code[pc] == EXPR_OP_KEEP && !(is_used >> code[pc + 1] & 1)) continue;
        memmove(code + to, code + pc, length);
        to += length;
    }
    s->emitted.size = to;
}

enum status expr_share(struct arena *arena, const struct expr *expr, struct expr *out)
{
    struct sharer s;
    s.code = expr->code;
    s.size = expr->size;
    s.depth = s.n_branches = s.n_kept = 0;
    s.emitted.size = 0;
    s.emitted.too_long = false;
    bool shared = share(&s);
    if (shared) drop_unused(&s);
    shared = shared && s.emitted.size < expr->size;
    uint32_t size = shared ? s.emitted.size : expr->size;
    const uint8_t *code = arena_copy(arena, shared ? s.emitted.code : expr->code, size);
    if (!code) return status_fail(STATUS_NO_MEMORY, "no memory for an expression of %u bytes", size);
    *out = (struct expr){code, size};
    return STATUS_OK;
}
