/* The gemm op in double precision, and how far a right kernel may be off.
 *
 * Tolerance. Integers (PROOF_INTEGERS) with none, relu or reglu: 0, every step is exact up to the one
 * rounding to D's type. Else, with u the unit roundoff of the accumulator and S = |a_i|_2 * |b_j|_2
 * (Euclidean norms of row and column):
 *
 *   sum            s = sum_p a b      error <= min(k + 1, 36) * u * S
 *       k + 1: Higham, Accuracy and Stability of Numerical Algorithms (2nd ed.), section 3.1: gamma_k * sum
 * |a b|, and sum |a b| <= S by Cauchy and Schwarz. 36: our inputs are independent with mean 0, so a partial
 * sum of t products stays within L * sqrt(t) * |ab| and k roundings of it, themselves of mean 0, within L *
 * sqrt(k) * u * L * sqrt(k) * |ab| = L^2 * u * S; L = 6 standard deviations each. This is the argument of
 *       Higham and Mary, Sharper probabilistic backward error analysis for basic linear algebra kernels with
 *       random data (SIAM J. Sci. Comput. 42, 2020), with our own constant.
 *   x = alpha * s + bias              + 2u * (|alpha s| + |bias|)
 *   act(x)                            * its Lipschitz constant (gelu 1.13, silu 1.1), + max(2^-20, eps_D /
 * 16) * |x| for the kernel's own exp or tanh glu: act(x) * v                   product rule
 *   + beta * C                        + 2u of what was added
 *   rounding to D's type              + eps_D / 2 of the result, + half of D's least subnormal
 *
 * For k = 2048 in f32 and bf16 D a dropped product is seen in most elements: its size is about 1, the
 * tolerance 0.1. */
#include <math.h>
#include <string.h>
#include "templates/gemm/fill.h"
#include "templates/gemm/gemm_args.h"

/* A block of D is computed from panels of A and B in double. Its buffers are on the stack: a proof cannot
 * fail. */
enum { ROWS = 64, COLUMNS = 128, DEPTH = 128, LANES = 2, STRIP = 16 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

struct block {
    _Alignas(64) double sum[ROWS][COLUMNS];
    double row_norm[ROWS], column_norm[COLUMNS]; /* squares, while sums grow */
};

struct panel {
    _Alignas(64) double b[DEPTH][COLUMNS];
};

/* `n` elements that are `step` elements apart, as doubles. */
static void load_strip(enum dtype type, const void *from, int64_t step, int64_t n, double *out,
                       size_t out_step)
{
    if (type == DTYPE_F32) {
        const float *p = from;
        for (int64_t i = 0; i < n; i++) out[(size_t)i * out_step] = (double)p[i * step];
    } else if (type == DTYPE_BF16) {
        const uint16_t *p = from;
        for (int64_t i = 0; i < n; i++) {
            uint32_t bits = (uint32_t)p[i * step] << 16;
            float value;
            memcpy(&value, &bits, sizeof value);
            out[(size_t)i * out_step] = (double)value;
        }
    } else {
        const char *p = from;
        int64_t bytes = dtype_bytes(type);
        for (int64_t i = 0; i < n; i++) out[(size_t)i * out_step] = dtype_load(type, p + i * step * bytes);
    }
}

static const void *element(enum dtype type, const void *base, int64_t index)
{
    return (const char *)base + index * (int64_t)dtype_bytes(type);
}

/* What of A and B a call reads: logical element (i, p) of A is at base[i * row_step + p * k_step]. */
struct side {
    enum dtype type;
    const void *base;
    int64_t outer_step, k_step;
};

static struct side side_a(const struct problem *problem, const struct gemm_args *args, int64_t batch)
{
    enum dtype type = (enum dtype)problem->value[GEMM_A_TYPE];
    bool t = gemm_a_transposed(problem);
    int64_t offset = args->batch > 1 ? batch * args->stride_a : 0;
    return (struct side){type, element(type, args->a, offset), t ? 1 : args->lda, t ? args->lda : 1};
}

static struct side side_b(const struct problem *problem, const struct gemm_args *args, int64_t batch)
{
    enum dtype type = (enum dtype)problem->value[GEMM_B_TYPE];
    bool t = gemm_b_transposed(problem);
    int64_t offset = args->batch > 1 ? batch * args->stride_b : 0;
    return (struct side){type, element(type, args->b, offset), t ? args->ldb : 1, t ? 1 : args->ldb};
}

/* Columns beyond `columns` are zero, so that strips need no ends. */
static void load_panel(const struct side *b, int64_t column, int64_t columns, int64_t k, int64_t depth,
                       struct panel *panel)
{
    for (int64_t p = 0; p < depth; p++) memset(panel->b[p], 0, sizeof panel->b[p]);
    if (b->k_step == 1) {
        for (int64_t j = 0; j < columns; j++)
            load_strip(b->type, element(b->type, b->base, (column + j) * b->outer_step + k), 1, depth,
                       &panel->b[0][j], COLUMNS);
    } else {
        for (int64_t p = 0; p < depth; p++)
            load_strip(b->type, element(b->type, b->base, column + (k + p) * b->k_step), 1, columns,
                       panel->b[p], 1);
    }
}

/* sum[0..STRIP) += a . b over the nonzeros of a row: one strip of columns stays in registers. */
static void add_strip(const double *a, const int *index, int n, const struct panel *panel, int64_t column,
                      double *sum)
{
    lanes total[STRIP / LANES];
    memcpy(total, sum, sizeof total);
    for (int i = 0; i < n; i++) {
        const lanes *b = (const lanes *)&panel->b[index[i]][column];
#pragma GCC unroll 8
        for (int l = 0; l < STRIP / LANES; l++) total[l] += a[i] * b[l];
    }
    memcpy(sum, total, sizeof total);
}

static void add_depth(const struct side *a, const struct panel *panel, int64_t row, int64_t rows,
                      int64_t columns, int64_t k, int64_t depth, struct block *block)
{
    for (int64_t i = 0; i < rows; i++) {
        double dense[DEPTH], value[DEPTH];
        int index[DEPTH], n = 0;
        load_strip(a->type, element(a->type, a->base, (row + i) * a->outer_step + k * a->k_step), a->k_step,
                   depth, dense, 1);
        for (int p = 0; p < depth; p++) { /* zeros of A cost nothing: integers make it sparse */
            if (dense[p] == 0) continue;
            value[n] = dense[p];
            index[n++] = p;
            block->row_norm[i] += dense[p] * dense[p];
        }
        for (int64_t j = 0; j < columns; j += STRIP) add_strip(value, index, n, panel, j, &block->sum[i][j]);
    }
    for (int64_t p = 0; p < depth; p++)
        for (int64_t j = 0; j < columns; j++) block->column_norm[j] += panel->b[p][j] * panel->b[p][j];
}

static void multiply(const struct problem *problem, const struct gemm_args *args,
                     const struct proof_region *at, struct block *block)
{
    struct side a = side_a(problem, args, at->batch), b = side_b(problem, args, at->batch);
    struct panel panel;
    memset(block, 0, sizeof *block);
    for (int64_t k = 0; k < args->k; k += DEPTH) {
        int64_t depth = args->k - k < DEPTH ? args->k - k : DEPTH;
        load_panel(&b, at->column, at->columns, k, depth, &panel);
        add_depth(&a, &panel, at->row, at->rows, at->columns, k, depth, block);
    }
    for (int64_t i = 0; i < at->rows; i++) block->row_norm[i] = sqrt(block->row_norm[i]);
    for (int64_t j = 0; j < at->columns; j++) block->column_norm[j] = sqrt(block->column_norm[j]);
}

/* ---- from sums to D ---- */

/* A value and how far a kernel's may be from it. */
struct estimate {
    double value, error;
};

struct rules {
    enum dtype d;
    int64_t act;
    bool exact, integer_inputs;
    double unit;     /* roundoff of the accumulator */
    double growth;   /* min(k + 1, 36) */
    double act_unit; /* what a kernel's own exp or tanh may be off, relative to x */
};

static struct rules rules_of(const struct problem *problem, enum proof_inputs kind)
{
    struct rules r = {.d = (enum dtype)problem->value[GEMM_D_TYPE], .act = problem->value[GEMM_ACT]};
    double k = (double)problem->value[GEMM_K];
    r.unit = dtype_epsilon((enum dtype)problem->value[GEMM_ACC_TYPE]) / 2;
    r.integer_inputs = kind == PROOF_INTEGERS || r.unit == 0;
    r.exact = r.integer_inputs && (r.act == GEMM_NONE || r.act == GEMM_RELU || r.act == GEMM_REGLU);
    r.growth = k + 1 < 36 ? k + 1 : 36;
    r.act_unit = fmax(ldexp(1, -20), dtype_epsilon(r.d) / 16);
    return r;
}

static double activate(int64_t act, double x)
{
    switch (act) {
    case GEMM_RELU:
    case GEMM_REGLU: return x < 0 ? 0 : x; /* a NaN stays one, so that what is read shows */
    case GEMM_GELU:
    case GEMM_GEGLU:
        return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))); /* sqrt(2/pi) */
    case GEMM_SILU:
    case GEMM_SWIGLU: return x / (1 + exp(-x));
    default: return x;
    }
}

/* The largest slope: gelu'(1.41) = 1.129, silu'(2.40) = 1.0998. */
static double slope(int64_t act)
{
    switch (act) {
    case GEMM_GELU:
    case GEMM_GEGLU: return 1.13;
    case GEMM_SILU:
    case GEMM_SWIGLU: return 1.1;
    default: return 1;
    }
}

/* alpha * s + bias of one column */
static struct estimate linear(const struct rules *r, const struct gemm_args *args, const struct block *block,
                              int64_t i, int64_t j, double bias)
{
    double scaled = (double)args->alpha * block->sum[i][j];
    struct estimate x = {scaled + bias, 0};
    if (r->integer_inputs) return x;
    double spread = fabs((double)args->alpha) * block->row_norm[i] * block->column_norm[j];
    x.error = r->growth * r->unit * spread + 2 * r->unit * (fabs(scaled) + fabs(bias));
    return x;
}

static struct estimate activated(const struct rules *r, struct estimate x)
{
    bool smooth = r->act != GEMM_NONE && r->act != GEMM_RELU && r->act != GEMM_REGLU;
    struct estimate y = {activate(r->act, x.value), slope(r->act) * x.error};
    if (smooth) y.error += r->act_unit * fabs(x.value) + 1e-30;
    return y;
}

static struct estimate product(const struct rules *r, struct estimate y, struct estimate v)
{
    double value = y.value * v.value;
    double error =
        y.error * fabs(v.value) + v.error * fabs(y.value) + y.error * v.error + r->unit * fabs(value);
    return (struct estimate){value, error};
}

static double half_subnormal(enum dtype type)
{
    switch (type) {
    case DTYPE_F16: return ldexp(1, -25);
    case DTYPE_F8E4M3:
    case DTYPE_F8E4M3FNUZ: return ldexp(1, -10);
    case DTYPE_F8E5M2: return ldexp(1, -17);
    case DTYPE_I8:
    case DTYPE_I32: return 0.5;
    default: return 0;
    }
}

/* Adds beta * C and the rounding to D's type. */
static struct estimate finish(const struct rules *r, struct estimate y, double addend)
{
    struct estimate d = {y.value + addend, 0};
    if (r->exact) return d;
    d.error = y.error;
    if (addend != 0) d.error += 2 * r->unit * (fabs(addend) + fabs(d.value));
    d.error += dtype_epsilon(r->d) / 2 * (fabs(d.value) + d.error) + half_subnormal(r->d);
    return d;
}

static double load_at(enum dtype type, const void *base, int64_t index)
{
    return dtype_load(type, element(type, base, index));
}

static double bias_of(const struct problem *problem, const struct gemm_args *args, int64_t batch,
                      int64_t column)
{
    if (!problem->value[GEMM_BIAS]) return 0;
    int64_t offset = args->batch > 1 ? batch * args->stride_bias : 0;
    return load_at((enum dtype)problem->value[GEMM_D_TYPE], args->bias, offset + column);
}

static double addend_of(const struct problem *problem, const struct gemm_args *args, int64_t batch,
                        int64_t row, int64_t column)
{
    if (args->beta == 0) return 0;
    int64_t offset = (args->batch > 1 ? batch * args->stride_c : 0) + row * args->ldc + column;
    return (double)args->beta * load_at((enum dtype)problem->value[GEMM_D_TYPE], args->c, offset);
}

/* One block of D; `value` and `allowed` point to its first element in rows of `pitch`. */
static void reference_block(const struct problem *problem, const struct gemm_args *args,
                            enum proof_inputs kind, const struct proof_region *at, int64_t pitch,
                            double *value, double *allowed)
{
    struct rules r = rules_of(problem, kind);
    bool glu = gemm_is_glu(problem);
    int64_t half = args->n / 2;
    struct block left, right;
    multiply(problem, args, at, &left);
    struct proof_region other = *at;
    other.column += half;
    if (glu) multiply(problem, args, &other, &right);
    for (int64_t i = 0; i < at->rows; i++)
        for (int64_t j = 0; j < at->columns; j++) {
            int64_t column = at->column + j;
            struct estimate y =
                activated(&r, linear(&r, args, &left, i, j, bias_of(problem, args, at->batch, column)));
            if (glu)
                y = product(&r, y,
                            linear(&r, args, &right, i, j, bias_of(problem, args, at->batch, column + half)));
            struct estimate d = finish(&r, y, addend_of(problem, args, at->batch, at->row + i, column));
            value[i * pitch + j] = d.value;
            allowed[i * pitch + j] = d.error;
        }
}

void gemm_reference(const struct problem *problem, const void *args, enum proof_inputs kind,
                    const struct proof_region *region, double *value, double *allowed)
{
    for (int64_t j = 0; j < region->columns; j += COLUMNS)
        for (int64_t i = 0; i < region->rows; i += ROWS) {
            struct proof_region at = {
                .batch = region->batch, .row = region->row + i, .column = region->column + j};
            at.rows = region->rows - i < ROWS ? region->rows - i : ROWS;
            at.columns = region->columns - j < COLUMNS ? region->columns - j : COLUMNS;
            int64_t offset = i * region->columns + j;
            reference_block(problem, args, kind, &at, region->columns, value + offset, allowed + offset);
        }
}
