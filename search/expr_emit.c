#include "search/expr_emit.h"

#include <string.h>

void expr_emit_bytes(struct expr_emitter *e, const void *bytes, uint32_t size)
{
    if (size > sizeof e->code - e->size) {
        e->too_long = true;
        return;
    }
    memcpy(e->code + e->size, bytes, size);
    e->size += size;
}

void expr_emit_op(struct expr_emitter *e, uint8_t opcode)
{
    expr_emit_bytes(e, &opcode, 1);
}

void expr_emit_constant(struct expr_emitter *e, int64_t value)
{
    uint8_t bytes[9] = {EXPR_OP_PUSH64};
    for (unsigned i = 0; i < 8; i++) bytes[1 + i] = (uint8_t)((uint64_t)value >> 8 * i);
    if (value == (int8_t)value) {
        bytes[0] = EXPR_OP_PUSH8;
    } else if (value == (int32_t)value) {
        bytes[0] = EXPR_OP_PUSH32;
    }
    expr_emit_bytes(e, bytes, 1u + expr_operand_bytes(bytes[0]));
}

uint32_t expr_emit_jump(struct expr_emitter *e, uint8_t opcode)
{
    uint8_t bytes[EXPR_JUMP_BYTES] = {opcode};
    uint32_t at = e->size;
    expr_emit_bytes(e, bytes, sizeof bytes);
    return at;
}

/* Lets the jump at `at` end up behind what is emitted so far. */
void expr_land_jump(struct expr_emitter *e, uint32_t at)
{
    if (e->too_long) return;
    uint32_t offset = e->size - at - EXPR_JUMP_BYTES;
    e->code[at + 1] = (uint8_t)offset;
    e->code[at + 2] = (uint8_t)(offset >> 8);
}
