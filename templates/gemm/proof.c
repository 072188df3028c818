/* The gemm op's proof: its table, and the scalars that are exercised. */
#include <stddef.h>
#include <stdio.h>
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

/* Counts of types, layouts and fusions have no common factor, so that i walks through all combinations. */
static void sample(uint64_t i, struct problem *out)
{
    static const char *const types[] = {"f32", "f16", "bf16", "a=bf16 b=bf16 d=f32", "a=f16 b=f16 d=f32"};
    static const char *const layouts[] = {"nt", "nn", "tn", "tt"};
    static const char *const fusions[] = {"none",      "bias",  "relu",  "bias+gelu",  "silu",
                                          "bias+silu", "geglu", "reglu", "bias+swiglu"};
    static const struct {
        const char *words;
        unsigned every; /* of the first that this fits; the last fits all */
    } alignments[] = {{"al=4444", 3}, {"al=2222", 2}, {"al=3232", 1}};
    unsigned align = 0;
    while (i / 3 % alignments[align].every) align++;
    bool batched = i % 7 == 6;
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text, "gemm %s %s %s %s m=%u n=%u k=%u batch=%u", types[i % 5], layouts[i % 4],
             fusions[i % 9], alignments[align].words, (unsigned)(batched ? 131 : 256 - i * 5 % 13),
             (unsigned)(256 - 2 * (i * 3 % 7)), (unsigned)(248 + i * 7 % 17), batched ? 2u : 1u);
    problem_parse(text, out);
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
    .sample = sample,
};
