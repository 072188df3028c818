/* The gemm op's proof: its table, and the scalars that are exercised. */
#include <stddef.h>
#include "templates/gemm/fill.h"
#include "templates/gemm/gemm_args.h"

/* All exact in binary, so that integers stay exact. */
static const struct variant {
    float alpha, beta;
    bool in_place;   /* C is D's storage */
    bool poisoned_c; /* C points to D, which holds poison: beta 0 must not read it */
} variants[] = {
    {1.0f, 0.0f, false, false},
    {-0.5f, 0.0f, false, true},
    {1.0f, 1.0f, true, false},
    {0.5f, 0.5f, false, false},
};

static void set_variant(const struct problem *problem, unsigned variant, void *args)
{
    (void)problem;
    struct gemm_args *out = args;
    out->alpha = variants[variant].alpha;
    out->beta = variants[variant].beta;
    if (!variants[variant].poisoned_c) return;
    out->c = out->d;
    out->ldc = out->ldd;
    out->stride_c = out->stride_d;
}

static int in_place(const struct problem *problem, unsigned variant)
{
    (void)problem;
    return variants[variant].in_place ? GEMM_OPERAND_C : -1;
}

static void output_shape(const struct problem *problem, int64_t *rows, int64_t *columns)
{
    *rows = problem->value[GEMM_M];
    *columns = gemm_is_glu(problem) ? problem->value[GEMM_N] / 2 : problem->value[GEMM_N];
}

static unsigned output_operand(const struct problem *problem)
{
    (void)problem;
    return GEMM_OPERAND_D;
}

const struct op_proof gemm_proof = {
    .op = "gemm",
    .fill = gemm_fill,
    .reference = gemm_reference,
    .output_shape = output_shape,
    .output_operand = output_operand,
    .n_variants = sizeof variants / sizeof variants[0],
    .set_variant = set_variant,
    .in_place = in_place,
};
