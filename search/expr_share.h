/* Common subexpressions: what stands several times in an expression is computed once. */
#ifndef TUNEBOOK_SEARCH_EXPR_SHARE_H
#define TUNEBOOK_SEARCH_EXPR_SHARE_H

#include "search/expr.h"

/* Bytecode, owned by `arena`, of the same values and faults as `expr` (compiled or validated), in which a
 * subexpression that every evaluation reaches is kept when it is first computed and not computed again. Code
 * that expr_compile or expr_fold would not write, or that has nothing to share, is copied as it is.
 * STATUS_NO_MEMORY. */
enum status expr_share(struct arena *arena, const struct expr *expr, struct expr *out);

#endif
