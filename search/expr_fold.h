/* Partial evaluation: what an expression becomes once some of its slots are constants. */
#ifndef TUNEBOOK_SEARCH_EXPR_FOLD_H
#define TUNEBOOK_SEARCH_EXPR_FOLD_H

#include "search/expr.h"

/* Bytecode, owned by `arena`, that gives the value or the fault which `expr` (compiled or validated) gives
 * whenever every slot s with known[s] holds slots[s]; other elements of `slots` are not read. Both arrays
 * reach as far as the slots of the code. Operations on constants are done; of && || ?: with a decided
 * condition the operand that counts stays; an operation that faults stays, for it may never be reached. Code
 * that expr_compile would not write, or that would outgrow EXPR_CODE_MAX, is copied as it is and still reads
 * its known slots. STATUS_NO_MEMORY. */
enum status expr_fold(struct arena *arena, const struct expr *expr, const bool *known, const int64_t *slots,
                      struct expr *out);

/* Is the code nothing but one constant? Writes it. */
bool expr_is_constant(const struct expr *expr, int64_t *value);

#endif
