/* Workspace, and launches: checked and bound once, run as often as the caller likes. */
#include <string.h>
#include "frontends/runtime/arguments.h"
#include "frontends/runtime/runtime.h"

enum {
    PADDED_BYTES =
        (sizeof(struct gemm_args) + KERNEL_ARGS_ALIGNMENT - 1) / KERNEL_ARGS_ALIGNMENT * KERNEL_ARGS_ALIGNMENT
};

/* What lies in a tb_launch. */
struct bound {
    uint64_t magic;
    const tb_plan *plan;
    void *workspace;
    struct kernel_launch launch;
    union {
        struct gemm_args args;
        unsigned char block[PADDED_BYTES + KERNEL_MAPS_BYTES_MAX]; /* with what kernel_prepare adds */
    };
} __attribute__((may_alias));

enum { BOUND_MAGIC = 0x7eb0a0d1 };

_Static_assert(sizeof(struct bound) <= sizeof(tb_launch), "a bound launch fits into tb_launch");
_Static_assert(_Alignof(struct bound) <= _Alignof(tb_launch), "a bound launch lies well in tb_launch");

static enum status check_loaded(const tb_plan *plan)
{
    if (plan->kernel) return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "the plan was made with TB_PLAN_NO_LOAD: it explains, but has no code to launch");
}

static bool plan_is_alive(const tb_plan *plan)
{
    return __builtin_expect(*plan->context->alive == (uint32_t)ALIVE, 1);
}

/* The larger of *most and what m rows need; false if the kernel does not take m. */
static bool workspace_raise(const tb_plan *plan, int64_t m, uint64_t *most)
{
    struct problem problem = plan->problem;
    struct kernel_launch launch;
    problem.value[GEMM_M] = m;
    if (kernel_bind(plan->kernel, &problem, &launch) != STATUS_OK) return false;
    uint64_t need = launch.workspace_bytes + launch.scratch_bytes;
    if (need > *most) *most = need;
    return true;
}

/* A template's need may jump where a tile begins and need not grow with m, so one evaluation at max_m is not
 * enough: all m up to 64 are asked, then 32 a doubling, the plan's own and max_m. What this misses,
 * tb_gemm_prepare refuses: it compares the exact need with args.workspace_bytes. */
static enum status workspace_of(const tb_plan *plan, int64_t max_m, size_t *bytes)
{
    TRY(check_loaded(plan));
    if (max_m < 1 || max_m > gemm_op.fields[GEMM_M].maximum)
        return status_fail(STATUS_USAGE, "tb_gemm_workspace: max_m=%lld is out of range; it lies in 1..%lld",
                           (long long)max_m, (long long)gemm_op.fields[GEMM_M].maximum);
    uint64_t most = 0;
    bool any = false;
    for (int64_t m = 1, step = 1; m < max_m; m += step) {
        if (m >= 64 && (m & (m - 1)) == 0) step = m / 32;
        any |= workspace_raise(plan, m, &most);
    }
    if (plan->problem.value[GEMM_M] <= max_m)
        any |= workspace_raise(plan, plan->problem.value[GEMM_M], &most);
    any |= workspace_raise(plan, max_m, &most);
    if (!any)
        return status_fail(STATUS_NOT_COVERED, "kernel %s covers no m up to %lld here",
                           plan->stored->descriptor.template_name, (long long)max_m);
    *bytes = most;
    return STATUS_OK;
}

tb_status tb_gemm_workspace(const tb_plan *plan, int64_t max_m, size_t *bytes, size_t *alignment)
{
    if (!plan || !bytes || !alignment)
        return runtime_fail(TB_INVALID, "tb_gemm_workspace: a pointer is NULL");
    if (!plan_is_alive(plan)) return runtime_fail_forked();
    enum status status = workspace_of(plan, max_m, bytes);
    if (status == STATUS_OK) *alignment = WORKSPACE_ALIGNMENT;
    return runtime_status(status);
}

static enum status check_workspace(const struct kernel_launch *launch, const tb_gemm_args *args,
                                   const void *workspace)
{
    uint64_t need = launch->workspace_bytes + launch->scratch_bytes;
    if (need == 0) return STATUS_OK;
    if (!workspace)
        return status_fail(STATUS_USAGE,
                           "gemm: workspace is NULL, but m=%lld needs %llu bytes (tb_gemm_workspace)",
                           (long long)args->m, (unsigned long long)need);
    if ((uintptr_t)workspace % WORKSPACE_ALIGNMENT)
        return status_fail(STATUS_USAGE, "gemm: workspace=%p is no multiple of %d bytes", workspace,
                           WORKSPACE_ALIGNMENT);
    if (args->workspace_bytes < need)
        return status_fail(STATUS_USAGE,
                           "gemm: args.workspace_bytes=%zu, but m=%lld needs %llu (tb_gemm_workspace)",
                           args->workspace_bytes, (long long)args->m, (unsigned long long)need);
    return STATUS_OK;
}

static struct gemm_args args_convert(const tb_gemm_args *in, void *workspace)
{
    return (struct gemm_args){
        .a = in->a,
        .b = in->b,
        .c = in->c,
        .bias = in->bias,
        .d = in->d,
        .workspace = workspace,
        .m = in->m,
        .n = in->n,
        .k = in->k,
        .batch = in->batch,
        .lda = in->lda,
        .ldb = in->ldb,
        .ldc = in->ldc,
        .ldd = in->ldd,
        .stride_a = in->stride_a,
        .stride_b = in->stride_b,
        .stride_c = in->stride_c,
        .stride_d = in->stride_d,
        .stride_bias = in->stride_bias,
        .alpha = in->alpha,
        .beta = in->beta,
    };
}

static enum status prepare(const tb_plan *plan, const tb_gemm_args *given, void *workspace, struct bound *out)
{
    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    TRY(struct_read("tb_gemm_args", given, offsetof(tb_gemm_args, lda), &args, sizeof args));
    TRY(check_loaded(plan));
    out->magic = 0; /* until it is whole: what is refused cannot be run */
    out->args = args_convert(&args, workspace);
    TRY(arguments_check(&plan->problem, &out->args));
    struct problem problem = plan->problem;
    problem.value[GEMM_M] = args.m;
    TRY(kernel_bind(plan->kernel, &problem, &out->launch));
    TRY(check_workspace(&out->launch, &args, workspace));
    TRY(kernel_prepare(plan->kernel, &out->launch, &problem, out->block));
    out->plan = plan;
    out->workspace = workspace;
    out->magic = BOUND_MAGIC;
    return STATUS_OK;
}

tb_status tb_gemm_prepare(const tb_plan *plan, const tb_gemm_args *args, void *workspace, tb_launch *launch)
{
    if (!plan || !args || !launch) return runtime_fail(TB_INVALID, "tb_gemm_prepare: a pointer is NULL");
    if (!plan_is_alive(plan)) return runtime_fail_forked();
    return runtime_status(prepare(plan, args, workspace, (struct bound *)launch));
}

tb_status tb_launch_run(const tb_launch *launch, void *stream)
{
    const struct bound *bound = (const struct bound *)launch;
    if (!bound || bound->magic != BOUND_MAGIC)
        return runtime_fail(TB_INVALID, "tb_launch_run: the launch was not prepared");
    if (!plan_is_alive(bound->plan)) return runtime_fail_forked();
    context_count_launch(bound->plan->context);
    return runtime_status(kernel_run(bound->plan->kernel, &bound->launch, bound->block,
                                     bound->launch.args_bytes, bound->workspace, stream));
}

tb_status tb_gemm_launch(const tb_plan *plan, const tb_gemm_args *args, void *workspace, void *stream)
{
    tb_launch launch;
    tb_status status = tb_gemm_prepare(plan, args, workspace, &launch);
    return status == TB_OK ? tb_launch_run(&launch, stream) : status;
}
