/* What lies in a tb_launch, and how the ops' calls fill it. Private to the runtime. */
#ifndef TUNEBOOK_RUNTIME_LAUNCH_H
#define TUNEBOOK_RUNTIME_LAUNCH_H

#include "frontends/runtime/runtime.h"
#include "templates/attention/attention_args.h"
#include "templates/gemm/gemm_args.h"

union op_args {
    struct gemm_args gemm;
    struct attention_args attention;
};

enum {
    PADDED_BYTES =
        (sizeof(union op_args) + KERNEL_ARGS_ALIGNMENT - 1) / KERNEL_ARGS_ALIGNMENT * KERNEL_ARGS_ALIGNMENT
};

struct bound {
    uint64_t magic;
    const tb_plan *plan;
    void *workspace;
    struct kernel_launch launch;
    union {
        struct gemm_args gemm;
        struct attention_args attention;
        unsigned char block[PADDED_BYTES + KERNEL_MAPS_BYTES_MAX]; /* with what kernel_prepare adds */
    };
} __attribute__((may_alias));

static inline bool plan_is_alive(const tb_plan *plan)
{
    return __builtin_expect(*plan->context->alive == (uint32_t)ALIVE, 1);
}

/* Is it a plan of this op, with code? */
enum status plan_check(const tb_plan *plan, const struct op_api *api);

/* The steps of tb_OP_prepare: begin, then the op fills its block, then sizes, which binds the kernel to them
 * and checks the workspace, then kernel_prepare, then end. What was refused on the way cannot be run. */
enum status bound_begin(const tb_plan *plan, const struct op_api *api, struct bound *out);
enum status bound_sizes(const tb_plan *plan, const struct problem *problem, void *workspace,
                        size_t workspace_bytes, struct bound *out);
void bound_end(const tb_plan *plan, void *workspace, struct bound *out);

/* The largest need of the sizes that were asked for. */
struct workspace_need {
    uint64_t bytes;
    bool any; /* the kernel takes some of them */
};
void workspace_raise(const tb_plan *plan, const struct problem *problem, struct workspace_need *need);
/* The next size to ask for: all up to 64, then 32 a doubling. */
int64_t workspace_step(int64_t size);

#endif
