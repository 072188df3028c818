/* Growing bytecode: private to search/expr_*.c. Code that does not fit is dropped and seen once, at the end.
 */
#ifndef TUNEBOOK_SEARCH_EXPR_EMIT_H
#define TUNEBOOK_SEARCH_EXPR_EMIT_H

#include "search/expr_code.h"

struct expr_emitter {
    uint32_t size;
    bool too_long;
    uint8_t code[EXPR_CODE_MAX];
};

void expr_emit_bytes(struct expr_emitter *e, const void *bytes, uint32_t size);
void expr_emit_op(struct expr_emitter *e, uint8_t opcode);
void expr_emit_constant(struct expr_emitter *e, int64_t value);
uint32_t expr_emit_jump(struct expr_emitter *e, uint8_t opcode); /* where it stands, for expr_land_jump */

/* Lets the jump at `at` end up behind what is emitted so far. */
void expr_land_jump(struct expr_emitter *e, uint32_t at);

#endif
