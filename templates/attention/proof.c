/* The attention op's proof: its table, the scalars that are exercised, small problems and samples. */
#include <stddef.h>
#include <stdio.h>
#include "templates/attention/attention_args.h"
#include "templates/attention/proof_parts.h"

/* Factors of 1 / sqrt(d), and soft caps: one that binds hardly, one that binds most scores. A negative scale
 * turns the order of scores around: a maximum taken before it is applied is the minimum then. */
static const struct variant {
    float scale, softcap;
    bool no_lengths; /* kv_lengths is NULL where all have kv_len keys and lie one after the other */
    bool no_scales;  /* k_scale and v_scale are NULL: 1 */
    bool backwards;  /* heads from the last to the first, scales sequence by sequence within a head */
} variants[] = {
    {1.0f, 30.0f, false, false, false}, {0.5f, 2.0f, true, true, false}, {-0.75f, 8.0f, false, false, true}};

/* A head's numbers stay in their place, the heads change theirs. */
static void turn_heads(const void **first, enum dtype type, long long heads, long long *stride)
{
    if (*first) *first = (const char *)*first + (heads - 1) * *stride * (long long)dtype_bytes(type);
    *stride = -*stride;
}

static void turn_around(const struct problem *problem, struct attention_args *args)
{
    enum dtype q = (enum dtype)problem->value[ATTENTION_Q_TYPE],
               kv = (enum dtype)problem->value[ATTENTION_KV_TYPE];
    enum dtype o = (enum dtype)problem->value[ATTENTION_O_TYPE];
    turn_heads(&args->q, q, args->q_heads, &args->q_stride_head);
    turn_heads(&args->k, kv, args->kv_heads, &args->k_stride_head);
    turn_heads(&args->v, kv, args->kv_heads, &args->v_stride_head);
    turn_heads((const void **)&args->o, o, args->q_heads, &args->o_stride_head);
    turn_heads((const void **)&args->lse, DTYPE_F32, args->q_heads, &args->lse_stride_head);
    args->scale_stride_head = args->batch;
    args->scale_stride_batch = 1;
}

static void set_variant(const struct problem *problem, unsigned variant, void *args)
{
    struct attention_args *out = args;
    out->scale *= variants[variant].scale;
    out->softcap = problem->value[ATTENTION_SOFTCAP] ? variants[variant].softcap : 0;
    if (variants[variant].no_scales) out->k_scale = out->v_scale = NULL;
    if (variants[variant].backwards) turn_around(problem, out);
    if (variants[variant].no_lengths && !problem->value[ATTENTION_PAGE]) out->kv_lengths = NULL;
}

static int in_place(const struct problem *problem, unsigned variant)
{
    (void)problem, (void)variant;
    return -1;
}

static unsigned outputs(const struct problem *problem, unsigned out[OP_OUTPUTS_MAX])
{
    out[0] = ATTENTION_OPERAND_O;
    out[1] = ATTENTION_OPERAND_LSE;
    return problem->value[ATTENTION_LSE] ? 2 : 1;
}

static void output_shape(const struct problem *problem, unsigned output, int64_t *rows, int64_t *columns)
{
    bool varlen = problem->value[ATTENTION_VARLEN];
    *rows = varlen ? ATTENTION_TOKENS_BEFORE + attention_q_tokens(problem) : problem->value[ATTENTION_Q_LEN];
    *columns = problem->value[ATTENTION_Q_HEADS] * (output == 0 ? problem->value[ATTENTION_DV] : 1);
}

/* The weights of a row serve all columns of its head. */
static int64_t column_block(const struct problem *problem, unsigned output)
{
    return output == 0 ? problem->value[ATTENTION_DV] : 1;
}

/* A row's weights cost d a key, its output dv. The log-sum-exp alone has the weights only. */
static double reference_products(const struct problem *problem, enum proof_inputs kind, unsigned output)
{
    (void)kind;
    const int64_t *value = problem->value;
    /* The largest score is found first, so that products of queries and keys are taken twice. */
    double each = 2 * (double)value[ATTENTION_D] + (output == 0 ? (double)value[ATTENTION_DV] : 0);
    return attention_pairs(problem) * (double)value[ATTENTION_Q_HEADS] * each;
}

/* Lengths that are no multiple of any tile, some longer than every tile; heads that share keys. Where the
 * problem's own heads, batch or lengths are few, they are kept: kernels may be made for them. */
static const struct small {
    int batch, group, kv_heads, q_len, kv_len, window;
} smalls[] = {
    {1, 1, 1, 1, 1, 1},    {2, 2, 2, 67, 131, 33}, {1, 4, 1, 131, 131, 70}, {5, 2, 1, 37, 97, 20},
    {3, 1, 2, 1, 289, 64}, {1, 8, 1, 1, 513, 200}, {2, 5, 1, 4, 61, 7},     {1, 1, 1, 70, 23, 11},
};

enum { OWN_HEADS_MOST = 16, QUERIES_FEW = 16 };

static int64_t at_most(int64_t x, int64_t most)
{
    return x < most ? x : most;
}

static bool small_shape(const struct problem *own, unsigned i, int64_t longest, struct problem *out)
{
    if (i >= sizeof smalls / sizeof smalls[0]) return false;
    const struct small *small = &smalls[i];
    *out = *own;
    int64_t *value = out->value, group = own->value[ATTENTION_Q_HEADS] / own->value[ATTENTION_KV_HEADS];
    bool decodes = own->value[ATTENTION_Q_LEN] <= QUERIES_FEW; /* kernels may be made for few queries */
    value[ATTENTION_BATCH] = small->batch;
    value[ATTENTION_KV_HEADS] = small->kv_heads;
    value[ATTENTION_Q_HEADS] = small->kv_heads * (group <= OWN_HEADS_MOST && i % 2 ? group : small->group);
    value[ATTENTION_Q_LEN] = at_most(small->q_len, decodes ? own->value[ATTENTION_Q_LEN] : longest);
    value[ATTENTION_KV_LEN] = at_most(small->kv_len, longest);
    if (own->value[ATTENTION_WINDOW]) value[ATTENTION_WINDOW] = small->window;
    return true;
}

/* Numbers of choices without a common factor where that is possible, so that i walks through combinations. */
static void sample(uint64_t i, struct problem *out)
{
    static const char *const types[] = {
        "bf16", "f16", "f32", "bf16", "f16 kv=f8e4m3", "bf16 kv=f8e4m3fnuz", "bf16 kv=f8e4m3"};
    static const char *const heads[] = {"d=64",         "d=128", "d=80",  "d=96", "d=112",
                                        "d=192 dv=128", "d=256", "d=128", "d=192"};
    static const char *const masks[] = {"causal", "full", "causal", "sliding window=50", "band window=40"};
    static const char *const groups[] = {"q_heads=4 kv_heads=2", "q_heads=8 kv_heads=1", "q_heads=2",
                                         "q_heads=7 kv_heads=1"};
    static const char *const sizes[] = {"q_len=130 kv_len=130",        "q_len=1 kv_len=259",
                                        "q_len=67 kv_len=201 batch=2", "q_len=5 kv_len=161 batch=3",
                                        "q_len=190 kv_len=71",         "q_len=1 kv_len=97 batch=5"};
    static const char *const places[] = {"",        "varlen",     "page=16", "", "page=64 varlen",
                                         "page=32", "varlen lse", "page=128"};
    static const char *const extras[] = {"", "",          "lse", "softcap", "", "sinks", "", "softcap sinks",
                                         "", "sinks lse", ""};
    char text[PROBLEM_TEXT_BYTES];
    const char *extra = extras[i * 3 % 11];
    if (i % 8 == 6) extra = ""; /* lse stands there already */
    snprintf(text, sizeof text, "attention %s %s %s %s %s %s %s", types[i % 7], heads[i % 9], masks[i % 5],
             groups[i / 2 % 4], sizes[(i + i / 6) % 6], places[i % 8], extra);
    problem_parse(text, out);
}

const struct op_proof attention_proof = {
    .op = "attention",
    .fill = attention_fill,
    .reference = attention_reference,
    .output_shape = output_shape,
    .outputs = outputs,
    .reference_products = reference_products,
    .column_block = column_block,
    .small_shape = small_shape,
    .n_variants = sizeof variants / sizeof variants[0],
    .set_variant = set_variant,
    .in_place = in_place,
    .sample = sample,
};
