/* The tensors of an attention call as the caller's strides lay them. Private to the runtime. */
#ifndef TUNEBOOK_RUNTIME_ATTENTION_VIEWS_H
#define TUNEBOOK_RUNTIME_ATTENTION_VIEWS_H

#include "frontends/runtime/arguments.h"
#include "templates/attention/attention.h"

enum { VIEWS = 5, VIEW_DIMENSIONS = 3 };

/* Q, K, V, O, LSE. Dimensions are head, token, item: sequences, or pages. */
struct attention_view {
    const char *name;
    enum attention_operand operand;
    const void *base;
    bool output;
    unsigned element_bytes, multiple; /* of addresses and strides, in bytes */
    int64_t width;                    /* elements that lie together */
    int64_t most[VIEW_DIMENSIONS];    /* bounds, where numbers stand on the device */
    int64_t sure[VIEW_DIMENSIONS];    /* that many there are */
    long long *stride[VIEW_DIMENSIONS];
};

/* Of those that the problem has; the number of them. Strides are those of `args`. */
unsigned attention_views(const tb_attention_args *given, const struct problem *problem,
                         struct attention_args *args, struct attention_view out[VIEWS]);

#endif
