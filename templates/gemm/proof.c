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

static unsigned outputs(const struct problem *problem, unsigned out[OP_OUTPUTS_MAX])
{
    (void)problem;
    out[0] = GEMM_OPERAND_D;
    return 1;
}

static void output_shape(const struct problem *problem, unsigned output, int64_t *rows, int64_t *columns)
{
    (void)output;
    *rows = problem->value[GEMM_M];
    *columns = gemm_is_glu(problem) ? problem->value[GEMM_N] / 2 : problem->value[GEMM_N];
}

/* Integers are sparse: the reference skips zeros of A, of which a row has some 32 that are none. What it then
 * takes beside them is B, once for every 64 rows. */
static double reference_products(const struct problem *problem, enum proof_inputs kind, unsigned output)
{
    enum { SPARSE_K = 40, ROWS_TOGETHER = 64 };
    struct op_work work;
    int64_t rows, columns;
    output_shape(problem, output, &rows, &columns);
    problem->op->work(problem, &work);
    double products = work.flops / 2;
    double sparse = (double)rows * (double)columns * (double)problem->value[GEMM_BATCH] * SPARSE_K;
    return kind == PROOF_INTEGERS && products > sparse ? sparse + products / ROWS_TOGETHER : products;
}

static const char *const sampled_layouts[] = {"nt", "nn", "tn", "tt"};
static const char *const sampled_fusions[] = {"none",      "bias",  "relu",  "bias+gelu",  "silu",
                                              "bias+silu", "geglu", "reglu", "bias+swiglu"};

/* Few rows, with the types that are used so: a k that waves share, or columns enough for blocks in turns. */
static void sample_few_rows(uint64_t i, struct problem *out)
{
    static const char *const types[] = {"bf16",
                                        "f16",
                                        "a=f8e4m3 b=f8e4m3 d=bf16",
                                        "f32",
                                        "a=bf16 b=bf16 d=f32",
                                        "a=f8e4m3fnuz b=f8e4m3fnuz d=f16",
                                        "a=f8e4m3 b=f8e4m3 d=f32"};
    static const char *const alignments[] = {"al=4444", "al=4444", "al=2222", "al=4444", "al=3232"};
    char text[PROBLEM_TEXT_BYTES];
    unsigned turn = (unsigned)(i % 5), n = (unsigned)(80 + i * 6 % 22);
    snprintf(text, sizeof text, "gemm %s %s %s %s m=%u n=%u k=%u batch=%u", types[i % 7],
             sampled_layouts[i % 2], sampled_fusions[i % 9], alignments[i / 2 % 5],
             (unsigned)(1 + i / 2 * 5 % 16), turn ? n : n * 32, (250u << turn) + (unsigned)(i * 7 % 17),
             i % 13 == 4 ? 2u : 1u);
    problem_parse(text, out);
}

/* Counts of types, layouts and fusions have no common factor, so that i walks through all combinations. */
static void sample(uint64_t i, struct problem *out)
{
    static const char *const types[] = {"f32", "f16", "bf16", "a=bf16 b=bf16 d=f32", "a=f16 b=f16 d=f32"};
    static const struct {
        const char *words;
        unsigned every; /* of the first that this fits; the last fits all */
    } alignments[] = {{"al=4444", 3}, {"al=2222", 2}, {"al=3232", 1}};
    if (i % 11 == 10) {
        sample_few_rows(i / 11, out);
        return;
    }
    unsigned align = 0;
    while (i / 3 % alignments[align].every) align++;
    bool batched = i % 7 == 6;
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text, "gemm %s %s %s %s m=%u n=%u k=%u batch=%u", types[i % 5],
             sampled_layouts[i % 4], sampled_fusions[i % 9], alignments[align].words,
             (unsigned)(batched ? 131 : 256 - i * 5 % 13), (unsigned)(256 - 2 * (i * 3 % 7)),
             (unsigned)(248 + i * 7 % 17), batched ? 2u : 1u);
    problem_parse(text, out);
}

const struct op_proof gemm_proof = {
    .op = "gemm",
    .fill = gemm_fill,
    .reference = gemm_reference,
    .outputs = outputs,
    .output_shape = output_shape,
    .reference_products = reference_products,
    .n_variants = sizeof variants / sizeof variants[0],
    .set_variant = set_variant,
    .in_place = in_place,
    .sample = sample,
    .small_shape = gemm_small_shape,
};
