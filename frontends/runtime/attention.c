/* The calls for attention, and its problem as the rooms behind us know it. */
#include "templates/attention/attention.h"
#include "frontends/runtime/arguments.h"
#include "frontends/runtime/cache.h"
#include "frontends/runtime/launch.h"

_Static_assert((int)TB_MASK_FULL == (int)ATTENTION_FULL && (int)TB_MASK_CAUSAL == (int)ATTENTION_CAUSAL &&
                   (int)TB_MASK_SLIDING == (int)ATTENTION_SLIDING && (int)TB_MASK_BAND == (int)ATTENTION_BAND,
               "tb_mask has the numbers of enum attention_mask");

/* ---- the problem ---- */

static void canonize(union given *problem)
{
    tb_attention_problem *attention = &problem->attention;
    if (attention->value_size == 0) attention->value_size = attention->head_size;
    attention->varlen = attention->varlen != 0;
    attention->softcap = attention->softcap != 0;
    attention->sinks = attention->sinks != 0;
    attention->lse = attention->lse != 0;
}

static void convert(const union given *canonical, struct problem *out)
{
    const tb_attention_problem *in = &canonical->attention;
    int64_t *value = out->value;
    value[ATTENTION_Q_TYPE] = in->q_type;
    value[ATTENTION_KV_TYPE] = in->kv_type;
    value[ATTENTION_O_TYPE] = in->o_type;
    value[ATTENTION_MASK] = in->mask;
    value[ATTENTION_VARLEN] = in->varlen;
    value[ATTENTION_SOFTCAP] = in->softcap;
    value[ATTENTION_SINKS] = in->sinks;
    value[ATTENTION_LSE] = in->lse;
    value[ATTENTION_D] = in->head_size;
    value[ATTENTION_DV] = in->value_size;
    value[ATTENTION_Q_HEADS] = in->q_heads;
    value[ATTENTION_KV_HEADS] = in->kv_heads;
    value[ATTENTION_PAGE] = in->page;
    value[ATTENTION_WINDOW] = in->window;
    value[ATTENTION_BATCH] = in->batch;
    value[ATTENTION_Q_LEN] = in->q_len;
    value[ATTENTION_KV_LEN] = in->kv_len;
}

static const tb_attention_problem initial = TB_ATTENTION_PROBLEM_INIT;

const struct op_api api_attention = {
    .op = &attention_op,
    .struct_name = "tb_attention_problem",
    .problem_bytes = sizeof(tb_attention_problem),
    .problem_least = offsetof(tb_attention_problem, varlen),
    .initial = &initial,
    .canonize = canonize,
    .convert = convert,
};

/* ---- plans ---- */

tb_status tb_attention_plan(tb_context *context, const tb_attention_problem *problem, unsigned flags,
                            tb_plan **plan)
{
    return plan_get("tb_attention_plan", context, &api_attention, problem, sizeof *problem, flags, plan);
}

tb_status tb_attention_warm(tb_context *context, const tb_attention_problem *problems, size_t n,
                            size_t *n_planned)
{
    return plans_warm("tb_attention_warm", context, &api_attention, problems, n, n_planned);
}

tb_status tb_attention_candidates(tb_context *context, const tb_attention_problem *problem,
                                  tb_explanation *out, size_t *n)
{
    return candidates_list("tb_attention_candidates", context, &api_attention, problem, out, n);
}

/* ---- workspace ---- */

enum { SIZES = 3 };
static const enum attention_field size_fields[SIZES] = {ATTENTION_BATCH, ATTENTION_Q_LEN, ATTENTION_KV_LEN};

static void raise_to(const tb_plan *plan, const int64_t sizes[SIZES], struct workspace_need *need)
{
    struct problem problem = plan->problem;
    for (int i = 0; i < SIZES; i++) problem.value[size_fields[i]] = sizes[i];
    if (problem_check(&problem) == STATUS_OK) workspace_raise(plan, &problem, need);
}

/* Powers of two up to the largest, which ends them: 0. */
static int64_t coarse_step(int64_t size, int64_t most)
{
    return size == most ? 0 : size > most / 2 ? most : 2 * size;
}

static int64_t fine_step(int64_t size, int64_t most)
{
    int64_t next = workspace_step(size);
    return size == most ? 0 : next < most ? next : most;
}

/* Kernels may split keys among blocks when there are few rows, so that their need may grow or fall with each
 * size: rows times splits is largest somewhere between few and many rows. Asked for are batch and q_len
 * finely against each other, with the longest cache, which no kernel splits less; all powers of two of the
 * three; and kv_len finely. What this misses, tb_attention_prepare refuses. */
static void raise_all(const tb_plan *plan, const int64_t most[SIZES], struct workspace_need *need)
{
    int64_t at[SIZES];
    for (at[0] = 1; at[0]; at[0] = coarse_step(at[0], most[0]))
        for (at[1] = 1; at[1]; at[1] = coarse_step(at[1], most[1]))
            for (at[2] = 1; at[2]; at[2] = coarse_step(at[2], most[2])) raise_to(plan, at, need);
    at[2] = most[2];
    for (at[0] = 1; at[0]; at[0] = fine_step(at[0], most[0]))
        for (at[1] = 1; at[1]; at[1] = fine_step(at[1], most[1])) raise_to(plan, at, need);
    at[0] = most[0], at[1] = most[1];
    for (at[2] = 1; at[2]; at[2] = fine_step(at[2], most[2])) raise_to(plan, at, need);
    for (int i = 0; i < SIZES; i++) {
        int64_t planned = plan->problem.value[size_fields[i]];
        at[i] = planned < most[i] ? planned : most[i];
    }
    raise_to(plan, at, need);
}

static enum status workspace_of(const tb_plan *plan, const int64_t most[SIZES], size_t *bytes)
{
    static const char *const names[SIZES] = {"max_batch", "max_q_len", "max_kv_len"};
    struct workspace_need need = {0};
    TRY(plan_check(plan, &api_attention));
    for (int i = 0; i < SIZES; i++)
        if (most[i] < 1 || most[i] > attention_op.fields[size_fields[i]].maximum)
            return status_fail(
                STATUS_USAGE, "tb_attention_workspace: %s=%lld is out of range; it lies in 1..%lld", names[i],
                (long long)most[i], (long long)attention_op.fields[size_fields[i]].maximum);
    raise_all(plan, most, &need);
    if (!need.any)
        return status_fail(STATUS_NOT_COVERED,
                           "kernel %s covers no batch up to %lld of q_len up to %lld and kv_len up to %lld",
                           plan->stored->descriptor.template_name, (long long)most[0], (long long)most[1],
                           (long long)most[2]);
    *bytes = need.bytes;
    return STATUS_OK;
}

tb_status tb_attention_workspace(const tb_plan *plan, int64_t max_batch, int64_t max_q_len,
                                 int64_t max_kv_len, size_t *bytes, size_t *alignment)
{
    if (!plan || !bytes || !alignment)
        return runtime_fail(TB_INVALID, "tb_attention_workspace: a pointer is NULL");
    if (!plan_is_alive(plan)) return runtime_fail_forked();
    enum status status = workspace_of(plan, (const int64_t[SIZES]){max_batch, max_q_len, max_kv_len}, bytes);
    if (status == STATUS_OK) *alignment = WORKSPACE_ALIGNMENT;
    return runtime_status(status);
}

/* ---- launches ---- */

static enum status prepare_maps(const tb_plan *plan, const tb_attention_args *args,
                                const struct problem *problem, struct bound *out)
{
    struct operand operands[OP_OPERANDS_MAX];
    if (!out->launch.n_maps) return STATUS_OK;
    attention_op.operands(problem, operands);
    TRY(arguments_attention_extents(args, &out->attention, problem, &out->launch, operands));
    return kernel_prepare_operands(plan->kernel, &out->launch, operands, out->block);
}

static enum status prepare(const tb_plan *plan, const tb_attention_args *given, void *workspace,
                           struct bound *out)
{
    tb_attention_args args = TB_ATTENTION_ARGS_INIT;
    struct problem problem;
    TRY(struct_read("tb_attention_args", given, offsetof(tb_attention_args, q_tokens), &args, sizeof args));
    TRY(bound_begin(plan, &api_attention, out));
    TRY(arguments_attention(&plan->problem, &args, workspace, &out->attention, &problem));
    TRY(bound_sizes(plan, &problem, workspace, args.workspace_bytes, out));
    TRY(arguments_attention_overlaps(&args, &out->attention, &problem,
                                     out->launch.workspace_bytes + out->launch.scratch_bytes));
    if (args.flags & TB_ATTENTION_CHECK_TABLES)
        TRY(arguments_attention_tables(plan->context, &args, &out->attention, &problem));
    TRY(prepare_maps(plan, &args, &problem, out));
    bound_end(plan, workspace, out);
    return STATUS_OK;
}

tb_status tb_attention_prepare(const tb_plan *plan, const tb_attention_args *args, void *workspace,
                               tb_launch *launch)
{
    if (!plan || !args || !launch) return runtime_fail(TB_INVALID, "tb_attention_prepare: a pointer is NULL");
    if (!plan_is_alive(plan)) return runtime_fail_forked();
    return runtime_status(prepare(plan, args, workspace, (struct bound *)launch));
}

tb_status tb_attention_launch(const tb_plan *plan, const tb_attention_args *args, void *workspace,
                              void *stream)
{
    tb_launch launch;
    tb_status status = tb_attention_prepare(plan, args, workspace, &launch);
    return status == TB_OK ? tb_launch_run(&launch, stream) : status;
}
