/* A kernel bound to sizes, and run. */
#include "tuner/launch/kernel_state.h"

enum { GRID_MAX = INT32_MAX, BLOCK_MAX = 1024, WORKSPACE_ALIGN = 64 };

enum status bind_number(const struct expr *expr, const int64_t *values, const char *what, int64_t low,
                        int64_t high, int64_t *out)
{
    int64_t value = 0;
    enum expr_fault fault = expr_eval(expr, values, &value);
    if (fault != EXPR_FINE) return status_fail(STATUS_BAD_DATA, "%s: %s", what, expr_fault_name(fault));
    if (value < low || value > high)
        return status_fail(STATUS_BAD_DATA, "%s is %lld; it must lie in %lld..%lld", what, (long long)value,
                           (long long)low, (long long)high);
    *out = value;
    return STATUS_OK;
}

static enum status bind_axes(const struct expr axes[3], const int64_t *values, const char *what, int64_t high,
                             uint32_t out[3])
{
    for (int axis = 0; axis < 3; axis++) {
        int64_t value = 1;
        if (axes[axis].size) TRY(bind_number(&axes[axis], values, what, 1, high, &value));
        out[axis] = (uint32_t)value;
    }
    return STATUS_OK;
}

static enum status bind_flag(const struct expr *expr, const int64_t *values, const char *what, bool *out)
{
    int64_t value = 0;
    if (expr->size) TRY(bind_number(expr, values, what, INT64_MIN, INT64_MAX, &value));
    *out = value != 0;
    return STATUS_OK;
}

static enum status bind_step(const struct step *step, const int64_t *values, uint64_t workspace_bytes,
                             struct device_step *out)
{
    int64_t value = 0, offset = 0;
    *out = (struct device_step){.function = step->function};
    if (!step->function) {
        TRY(bind_number(&step->zero_offset, values, "zero offset", 0, (int64_t)workspace_bytes, &offset));
        TRY(bind_number(&step->zero_bytes, values, "zero bytes", 0, (int64_t)workspace_bytes - offset,
                        &value));
        out->zero_offset = (uint64_t)offset;
        out->zero_bytes = (uint64_t)value;
        return STATUS_OK;
    }
    TRY(bind_axes(step->grid, values, "grid", GRID_MAX, out->grid));
    TRY(bind_axes(step->cluster, values, "cluster", BLOCK_MAX, out->cluster));
    TRY(bind_axes(step->block, values, "block", BLOCK_MAX, out->block));
    if (step->shared_bytes.size)
        TRY(bind_number(&step->shared_bytes, values, "shared_bytes", 0, UINT32_MAX, &value));
    out->shared_bytes = (uint32_t)value;
    TRY(bind_flag(&step->cooperative, values, "cooperative", &out->cooperative));
    return bind_flag(&step->programmatic, values, "programmatic", &out->programmatic);
}

enum status kernel_bind(const struct kernel *kernel, const struct problem *problem, struct kernel_launch *out)
{
    int64_t values[DESCRIPTOR_NAMES_MAX], workspace = 0;
    const char *clause;
    kernel_values(kernel, problem, values);
    if (!kernel_accepts_values(kernel, problem, values, &clause))
        return status_fail(STATUS_NOT_COVERED, "the kernel does not cover this problem: %s", clause);
    if (kernel->workspace_bytes.size)
        TRY(bind_number(&kernel->workspace_bytes, values, "workspace_bytes", 0, INT64_MAX / 4, &workspace));
    struct kernel_launch launch = {.workspace_bytes = ((uint64_t)workspace + WORKSPACE_ALIGN - 1) /
                                                      WORKSPACE_ALIGN * WORKSPACE_ALIGN};
    for (uint32_t i = 0; i < kernel->n_steps; i++) {
        const struct step *step = &kernel->steps[i];
        int64_t run = 1;
        if (!step->always) TRY(bind_number(&step->when, values, "when", INT64_MIN, INT64_MAX, &run));
        if (!run) continue;
        struct device_step *bound = &launch.steps[launch.n_steps++];
        TRY(bind_step(step, values, launch.workspace_bytes, bound));
        uint64_t scratch = kernel->api->scratch_bytes(kernel->device, bound->shared_bytes);
        if (scratch > launch.scratch_bytes) launch.scratch_bytes = scratch;
    }
    TRY(bind_maps(kernel, problem, values, &launch));
    *out = launch;
    return STATUS_OK;
}

enum status kernel_run(const struct kernel *kernel, const struct kernel_launch *launch, const void *args,
                       uint32_t args_bytes, void *workspace, void *stream)
{
    if (args_bytes != launch->args_bytes)
        return status_fail(STATUS_USAGE, "a launch with %u bytes of arguments where the kernel has %u",
                           args_bytes, launch->args_bytes);
    const struct device_launch call = {
        .steps = launch->steps,
        .n_steps = launch->n_steps,
        .args = args,
        .args_bytes = args_bytes,
        .workspace = workspace,
        .scratch = launch->scratch_bytes ? (char *)workspace + launch->workspace_bytes : NULL,
    };
    return kernel->api->launch(kernel->device, stream, &call);
}
