/* The bytecode of expressions: private to search/expr_*.c.
 *
 * Bytecode is stored in books, so a number once given is never given again. An instruction is one byte and
 * its little-endian operand; a jump's operand is the distance from the end of the instruction, always
 * forward.
 *
 *     a && b       a AND[end] b BOOL end:       AND: 0 stays and jumps, else it is dropped; OR: likewise,
 * leaving 1 c ? a : b    c JUMP_IF_ZERO[else] a JUMP[end] else: b end:
 *
 * KEEP[i] copies the value on top to place i and leaves it, KEPT[i] puts that copy on top again. Every way
 * to a KEPT passes its KEEP, which stands inside no operand of && || ?:. Only expr_share writes them. */
#ifndef TUNEBOOK_SEARCH_EXPR_CODE_H
#define TUNEBOOK_SEARCH_EXPR_CODE_H

#include <stdint.h>
#include "search/expr.h"

/* OP(enumerator, number, operand bytes, values it pops, text, precedence as printed: 0 for functions) */
#define EXPR_OPS(OP)                        \
    OP(PUSH8, 0x01, 1, 0, "", 14)           \
    OP(PUSH32, 0x02, 4, 0, "", 14)          \
    OP(PUSH64, 0x03, 8, 0, "", 14)          \
    OP(SLOT, 0x04, 1, 0, "", 14)            \
    OP(KEEP, 0x05, 1, 1, "", 14)            \
    OP(KEPT, 0x06, 1, 0, "", 14)            \
    OP(JUMP, 0x08, 2, 0, "", 0)             \
    OP(JUMP_IF_ZERO, 0x09, 2, 1, "?", 1)    \
    OP(AND, 0x0a, 2, 1, "&&", 3)            \
    OP(OR, 0x0b, 2, 1, "||", 2)             \
    OP(NEGATE, 0x10, 0, 1, "-", 13)         \
    OP(NOT, 0x11, 0, 1, "!", 13)            \
    OP(INVERT, 0x12, 0, 1, "~", 13)         \
    OP(BOOL, 0x13, 0, 1, "!= 0", 7)         \
    OP(ABS, 0x14, 0, 1, "abs", 0)           \
    OP(LOG2, 0x15, 0, 1, "log2", 0)         \
    OP(IS_POW2, 0x16, 0, 1, "is_pow2", 0)   \
    OP(SIZE_OF, 0x17, 0, 1, "size_of", 0)   \
    OP(ADD, 0x20, 0, 2, "+", 11)            \
    OP(SUBTRACT, 0x21, 0, 2, "-", 11)       \
    OP(MULTIPLY, 0x22, 0, 2, "*", 12)       \
    OP(DIVIDE, 0x23, 0, 2, "/", 12)         \
    OP(REMAINDER, 0x24, 0, 2, "%", 12)      \
    OP(SHIFT_LEFT, 0x25, 0, 2, "<<", 10)    \
    OP(SHIFT_RIGHT, 0x26, 0, 2, ">>", 10)   \
    OP(BIT_AND, 0x27, 0, 2, "&", 6)         \
    OP(BIT_OR, 0x28, 0, 2, "|", 4)          \
    OP(BIT_XOR, 0x29, 0, 2, "^", 5)         \
    OP(EQUAL, 0x2a, 0, 2, "==", 7)          \
    OP(UNEQUAL, 0x2b, 0, 2, "!=", 7)        \
    OP(LESS, 0x2c, 0, 2, "<", 8)            \
    OP(LESS_EQUAL, 0x2d, 0, 2, "<=", 8)     \
    OP(GREATER, 0x2e, 0, 2, ">", 8)         \
    OP(GREATER_EQUAL, 0x2f, 0, 2, ">=", 8)  \
    OP(CEIL_DIV, 0x30, 0, 2, "ceil_div", 0) \
    OP(MIN, 0x31, 0, 2, "min", 0)           \
    OP(MAX, 0x32, 0, 2, "max", 0)

enum expr_op {
#define OP(enumerator, number, operand, pops, text, precedence) EXPR_OP_##enumerator = (number),
    EXPR_OPS(OP)
#undef OP
};

enum { EXPR_JUMP_BYTES = 3 }; /* a whole jump instruction */

/* Bytes of the operand of a known opcode; 0xff for an unknown one. */
uint8_t expr_operand_bytes(uint8_t opcode);
/* Values that a known opcode takes off the stack. */
uint8_t expr_pops(uint8_t opcode);

static inline uint32_t expr_jump_offset(const uint8_t *operand)
{
    return operand[0] | (uint32_t)operand[1] << 8;
}

static inline int32_t expr_load32(const uint8_t *operand)
{
    uint32_t low = operand[0] | (uint32_t)operand[1] << 8;
    return (int32_t)(low | (uint32_t)operand[2] << 16 | (uint32_t)operand[3] << 24);
}

static inline int64_t expr_load64(const uint8_t *operand)
{
    uint64_t low = (uint32_t)expr_load32(operand);
    return (int64_t)(low | (uint64_t)(uint32_t)expr_load32(operand + 4) << 32);
}

#endif
