/* Workspace, and launches: bound once, run as often as the caller likes. */
#include "frontends/runtime/launch.h"

enum { BOUND_MAGIC = 0x7eb0a0d1, FINE_UP_TO = 64, STEPS_A_DOUBLING = 32 };

_Static_assert(sizeof(struct bound) <= sizeof(tb_launch), "a bound launch fits into tb_launch");
_Static_assert(_Alignof(struct bound) <= _Alignof(tb_launch), "a bound launch lies well in tb_launch");

enum status plan_check(const tb_plan *plan, const struct op_api *api)
{
    if (plan->api != api)
        return status_fail(STATUS_USAGE, "tunebook: a plan for %s was given to a call for %s",
                           plan->api->op->name, api->op->name);
    if (plan->kernel) return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "the plan was made with TB_PLAN_NO_LOAD: it explains, but has no code to launch");
}

/* ---- workspace ---- */

int64_t workspace_step(int64_t size)
{
    if (size < FINE_UP_TO) return size + 1;
    int64_t doubling = INT64_C(1) << (63 - __builtin_clzll((unsigned long long)size));
    return size + doubling / STEPS_A_DOUBLING;
}

void workspace_raise(const tb_plan *plan, const struct problem *problem, struct workspace_need *need)
{
    struct kernel_launch launch;
    if (kernel_bind(plan->kernel, problem, &launch) != STATUS_OK) return;
    uint64_t bytes = launch.workspace_bytes + launch.scratch_bytes;
    need->any = true;
    if (bytes > need->bytes) need->bytes = bytes;
}

static enum status check_workspace(const struct op *op, const struct kernel_launch *launch,
                                   const void *workspace, size_t workspace_bytes)
{
    unsigned long long need = launch->workspace_bytes + launch->scratch_bytes;
    if (need == 0) return STATUS_OK;
    if (!workspace)
        return status_fail(STATUS_USAGE,
                           "%s: workspace is NULL, but these sizes need %llu bytes (tb_%s_workspace)",
                           op->name, need, op->name);
    if ((uintptr_t)workspace % WORKSPACE_ALIGNMENT)
        return status_fail(STATUS_USAGE, "%s: workspace=%p is no multiple of %d bytes", op->name, workspace,
                           WORKSPACE_ALIGNMENT);
    if (workspace_bytes < need)
        return status_fail(STATUS_USAGE,
                           "%s: args.workspace_bytes=%zu, but these sizes need %llu (tb_%s_workspace)",
                           op->name, workspace_bytes, need, op->name);
    return STATUS_OK;
}

/* ---- launches ---- */

enum status bound_begin(const tb_plan *plan, const struct op_api *api, struct bound *out)
{
    out->magic = 0; /* until it is whole: what is refused cannot be run */
    return plan_check(plan, api);
}

enum status bound_sizes(const tb_plan *plan, const struct problem *problem, void *workspace,
                        size_t workspace_bytes, struct bound *out)
{
    TRY(kernel_bind(plan->kernel, problem, &out->launch));
    return check_workspace(problem->op, &out->launch, workspace, workspace_bytes);
}

void bound_end(const tb_plan *plan, void *workspace, struct bound *out)
{
    out->plan = plan;
    out->workspace = workspace;
    out->magic = BOUND_MAGIC;
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
