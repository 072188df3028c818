/* The attention problem's fields and operands by index, for C code that knows the op (its proof, the
 * runtime's API). */
#ifndef TUNEBOOK_TEMPLATES_ATTENTION_H
#define TUNEBOOK_TEMPLATES_ATTENTION_H

#include "templates/op.h"

enum attention_field {
    ATTENTION_Q_TYPE,
    ATTENTION_KV_TYPE,
    ATTENTION_O_TYPE,
    ATTENTION_MASK,
    ATTENTION_VARLEN,
    ATTENTION_SOFTCAP,
    ATTENTION_SINKS,
    ATTENTION_LSE,
    ATTENTION_D,
    ATTENTION_DV,
    ATTENTION_Q_HEADS,
    ATTENTION_KV_HEADS,
    ATTENTION_PAGE,
    ATTENTION_WINDOW,
    ATTENTION_BATCH,
    ATTENTION_Q_LEN,
    ATTENTION_KV_LEN,
    ATTENTION_FIELDS
};

/* Kernels know them as MASK_FULL ... with the same numbers. */
enum attention_mask { ATTENTION_FULL, ATTENTION_CAUSAL, ATTENTION_SLIDING, ATTENTION_BAND };

/* Places in operands() and in bind()'s pointers. All are always there: what a problem does not use is one
 * element that bind() does not hand on. */
enum attention_operand {
    ATTENTION_OPERAND_Q,
    ATTENTION_OPERAND_K,
    ATTENTION_OPERAND_V,
    ATTENTION_OPERAND_O,
    ATTENTION_OPERAND_LSE,
    ATTENTION_OPERAND_Q_OFFSETS,
    ATTENTION_OPERAND_KV_OFFSETS,
    ATTENTION_OPERAND_KV_LENGTHS,
    ATTENTION_OPERAND_TABLE,
    ATTENTION_OPERAND_SINKS,
    ATTENTION_OPERAND_K_SCALE,
    ATTENTION_OPERAND_V_SCALE,
    ATTENTION_OPERANDS
};

extern const struct op attention_op;

/* --- lengths.c: what stands in the offsets and tables of a problem that is verified or measured --- */

struct attention_length {
    int64_t q, kv;
};

/* Of sequence `b`. Equal ones are q_len and kv_len. With varlen the first has both bounds, the second one
 * query, the third none and the fourth fewer keys than queries; others are spread evenly up to the bounds. */
struct attention_length attention_length(const struct problem *problem, int64_t b);
int64_t attention_q_tokens(const struct problem *problem); /* of all sequences */
int64_t attention_kv_tokens(const struct problem *problem);
/* With varlen the first sequence does not begin at the first token: tokens before it are nobody's. */
enum { ATTENTION_TOKENS_BEFORE = 3 };
int64_t attention_pages(const struct problem *problem); /* a few more than the sequences need */

/* Pairs of a query and a key that the mask lets through, of one head, summed over all sequences; a causal
 * square counts as half. */
double attention_pairs(const struct problem *problem);

/* Which operands does the problem use? A bit for each. */
uint32_t attention_used(const struct problem *problem);

static inline bool attention_is_narrow(enum dtype type) /* fp8, with scales */
{
    return type == DTYPE_F8E4M3 || type == DTYPE_F8E4M3FNUZ || type == DTYPE_F8E5M2;
}

#endif
