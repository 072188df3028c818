/* The calls for products, and their problem as the rooms behind us know it. */
#include "frontends/runtime/arguments.h"
#include "frontends/runtime/cache.h"
#include "frontends/runtime/launch.h"
#include "templates/gemm/gemm.h"

_Static_assert((int)TB_NN == (int)GEMM_NN && (int)TB_NT == (int)GEMM_NT && (int)TB_TN == (int)GEMM_TN &&
                   (int)TB_TT == (int)GEMM_TT,
               "tb_layout has the numbers of enum gemm_layout");
_Static_assert((int)TB_NONE == (int)GEMM_NONE && (int)TB_RELU == (int)GEMM_RELU &&
                   (int)TB_GELU == (int)GEMM_GELU && (int)TB_SILU == (int)GEMM_SILU &&
                   (int)TB_REGLU == (int)GEMM_REGLU && (int)TB_GEGLU == (int)GEMM_GEGLU &&
                   (int)TB_SWIGLU == (int)GEMM_SWIGLU,
               "tb_activation has the numbers of enum gemm_act");

/* ---- the problem ---- */

static void canonize(union given *problem)
{
    problem->gemm.has_bias = problem->gemm.has_bias != 0;
}

static enum dtype accumulator_of(enum dtype type)
{
    if (type == DTYPE_I8 || type == DTYPE_I32) return DTYPE_I32;
    return type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
}

static void convert(const union given *canonical, struct problem *out)
{
    const tb_gemm_problem *in = &canonical->gemm;
    int64_t *value = out->value;
    value[GEMM_A_TYPE] = in->a_type;
    value[GEMM_B_TYPE] = in->b_type;
    value[GEMM_D_TYPE] = in->d_type;
    value[GEMM_ACC_TYPE] = accumulator_of((enum dtype)in->a_type);
    value[GEMM_LAYOUT] = in->layout;
    value[GEMM_ACT] = in->activation;
    value[GEMM_BIAS] = in->has_bias;
    value[GEMM_ALIGN_A] = in->align_a;
    value[GEMM_ALIGN_B] = in->align_b;
    value[GEMM_ALIGN_C] = in->align_c;
    value[GEMM_ALIGN_D] = in->align_d;
    value[GEMM_M] = in->m;
    value[GEMM_N] = in->n;
    value[GEMM_K] = in->k;
    value[GEMM_BATCH] = in->batch;
}

static int64_t element_alignment(const struct problem *problem, enum gemm_field type)
{
    return __builtin_ctz(dtype_bytes((enum dtype)problem->value[type]));
}

/* What was tuned is one alignment for all operands, or the problem's own where that is less, down to that of
 * the elements. */
static bool loosen(struct problem *problem, int64_t limit)
{
    static const enum gemm_field types[] = {GEMM_A_TYPE, GEMM_B_TYPE, GEMM_D_TYPE, GEMM_D_TYPE};
    bool changed = false;
    for (int i = 0; i < 4; i++) {
        int64_t *align = &problem->value[GEMM_ALIGN_A + i], least = element_alignment(problem, types[i]);
        if (*align <= limit || *align <= least) continue;
        *align = limit > least ? limit : least;
        changed = true;
    }
    return changed;
}

static const tb_gemm_problem initial = TB_GEMM_PROBLEM_INIT;

const struct op_api api_gemm = {
    .op = &gemm_op,
    .struct_name = "tb_gemm_problem",
    .problem_bytes = sizeof(tb_gemm_problem),
    .problem_least = offsetof(tb_gemm_problem, activation),
    .initial = &initial,
    .canonize = canonize,
    .convert = convert,
    .loosen = loosen,
};

/* ---- plans ---- */

tb_status tb_gemm_plan(tb_context *context, const tb_gemm_problem *problem, unsigned flags, tb_plan **plan)
{
    return plan_get("tb_gemm_plan", context, &api_gemm, problem, sizeof *problem, flags, plan);
}

tb_status tb_gemm_warm(tb_context *context, const tb_gemm_problem *problems, size_t n, size_t *n_planned)
{
    return plans_warm("tb_gemm_warm", context, &api_gemm, problems, n, n_planned);
}

tb_status tb_gemm_candidates(tb_context *context, const tb_gemm_problem *problem, tb_explanation *out,
                             size_t *n)
{
    return candidates_list("tb_gemm_candidates", context, &api_gemm, problem, out, n);
}

/* ---- workspace ---- */

static void raise_to(const tb_plan *plan, int64_t m, struct workspace_need *need)
{
    struct problem problem = plan->problem;
    problem.value[GEMM_M] = m;
    workspace_raise(plan, &problem, need);
}

/* A template's need may jump where a tile begins and need not grow with m, so one evaluation at max_m is not
 * enough: all m up to 64 are asked, then 32 a doubling, the plan's own and max_m. What this misses,
 * tb_gemm_prepare refuses: it compares the exact need with args.workspace_bytes. */
static enum status workspace_of(const tb_plan *plan, int64_t max_m, size_t *bytes)
{
    struct workspace_need need = {0};
    TRY(plan_check(plan, &api_gemm));
    if (max_m < 1 || max_m > gemm_op.fields[GEMM_M].maximum)
        return status_fail(STATUS_USAGE, "tb_gemm_workspace: max_m=%lld is out of range; it lies in 1..%lld",
                           (long long)max_m, (long long)gemm_op.fields[GEMM_M].maximum);
    for (int64_t m = 1; m < max_m; m = workspace_step(m)) raise_to(plan, m, &need);
    if (plan->problem.value[GEMM_M] <= max_m) raise_to(plan, plan->problem.value[GEMM_M], &need);
    raise_to(plan, max_m, &need);
    if (!need.any)
        return status_fail(STATUS_NOT_COVERED, "kernel %s covers no m up to %lld here",
                           plan->stored->descriptor.template_name, (long long)max_m);
    *bytes = need.bytes;
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

/* ---- launches ---- */

static enum status prepare(const tb_plan *plan, const tb_gemm_args *given, void *workspace, struct bound *out)
{
    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    TRY(struct_read("tb_gemm_args", given, offsetof(tb_gemm_args, lda), &args, sizeof args));
    TRY(bound_begin(plan, &api_gemm, out));
    TRY(arguments_gemm(&plan->problem, &args, workspace, &out->gemm));
    struct problem problem = plan->problem;
    problem.value[GEMM_M] = args.m;
    TRY(bound_sizes(plan, &problem, workspace, args.workspace_bytes, out));
    TRY(kernel_prepare(plan->kernel, &out->launch, &problem, out->block));
    bound_end(plan, workspace, out);
    return STATUS_OK;
}

tb_status tb_gemm_prepare(const tb_plan *plan, const tb_gemm_args *args, void *workspace, tb_launch *launch)
{
    if (!plan || !args || !launch) return runtime_fail(TB_INVALID, "tb_gemm_prepare: a pointer is NULL");
    if (!plan_is_alive(plan)) return runtime_fail_forked();
    return runtime_status(prepare(plan, args, workspace, (struct bound *)launch));
}

tb_status tb_gemm_launch(const tb_plan *plan, const tb_gemm_args *args, void *workspace, void *stream)
{
    tb_launch launch;
    tb_status status = tb_gemm_prepare(plan, args, workspace, &launch);
    return status == TB_OK ? tb_launch_run(&launch, stream) : status;
}
