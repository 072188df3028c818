/* A gemm problem with its operands filled, and a plain kernel for it that can be told to make a mistake. */
#ifndef TUNEBOOK_TESTS_TRIAL_GEMM_H
#define TUNEBOOK_TESTS_TRIAL_GEMM_H

#include <math.h>
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "templates/proof.h"
#include "tests/base/check.h"

/* `at` and `size` below are the mutation's own. */
enum mutation {
    HONEST,
    DROP_K,         /* [at, at + size) of k is left out */
    DOUBLE_K,       /* [at, at + size) of k is added twice */
    DROP_K_IN_TILE, /* DROP_K in rows [row, row + 16) only */
    SWAP_ROWS,      /* rows `at` and `at + 1` of A change places */
    SHIFT_ROWS,     /* A is read one row further */
    SHIFT_COLUMNS,  /* B is read one column further */
    SHIFT_K,        /* A is read one k further than B */
    TRANSPOSE_A,    /* where m == k */
    TRANSPOSE_B,    /* where n == k */
    SAME_BATCH_A,
    SAME_BATCH_B,
    SAME_BATCH_C,
    SAME_BATCH_BIAS,
    SKIP_BIAS,
    SKIP_ALPHA,
    SKIP_BETA,
    SKIP_ACT,
    READ_C,      /* beta * C even where beta is 0 */
    SWAP_HALVES, /* of a glu */
    MUTATIONS
};

struct mutant {
    enum mutation kind;
    int64_t at, size, row;
};

struct trial {
    struct problem problem;
    struct operand operand[OP_OPERANDS_MAX];
    unsigned n_operands;
    void *storage[OP_OPERANDS_MAX];
    float *logical[OP_OPERANDS_MAX]; /* A as m x k, B as k x n, the others as stored without gaps */
    enum proof_inputs kind;
};

static inline int64_t trial_size(const struct trial *t, enum gemm_field field)
{
    return t->problem.value[field];
}

static inline void trial_unpack(struct trial *t, unsigned index, bool transposed)
{
    const struct operand *o = &t->operand[index];
    size_t bytes = dtype_bytes(o->type);
    float *out = malloc((size_t)(o->rows * o->columns * o->batch) * sizeof *out);
    t->logical[index] = out;
    int64_t rows = transposed ? o->columns : o->rows, columns = transposed ? o->rows : o->columns;
    for (int64_t b = 0; b < o->batch; b++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++) {
                int64_t at = b * o->batch_stride + (transposed ? c * o->pitch + r : r * o->pitch + c);
                *out++ = (float)dtype_load(o->type, (const char *)t->storage[index] + (size_t)at * bytes);
            }
}

static inline void trial_begin(struct trial *t, const char *text, enum proof_inputs kind, uint64_t seed)
{
    *t = (struct trial){.kind = kind};
    assert_ok(problem_parse(text, &t->problem));
    t->n_operands = t->problem.op->operands(&t->problem, t->operand);
    for (unsigned i = 0; i < t->n_operands; i++) {
        const struct operand *o = &t->operand[i];
        size_t bytes = (size_t)(o->batch_stride * o->batch) * dtype_bytes(o->type);
        t->storage[i] = malloc(bytes);
        memset(t->storage[i], 0xff, bytes); /* NaN in the gaps, and in the output */
        if (o->role == OPERAND_OUTPUT) continue;
        op_proof_find("gemm")->fill(&t->problem, o, i, kind, seed, t->storage[i]);
        bool transposed = (i == GEMM_OPERAND_A && gemm_a_transposed(&t->problem)) ||
                          (i == GEMM_OPERAND_B && gemm_b_transposed(&t->problem));
        trial_unpack(t, i, transposed);
    }
}

static inline void trial_end(struct trial *t)
{
    for (unsigned i = 0; i < t->n_operands; i++) {
        free(t->storage[i]);
        free(t->logical[i]);
    }
}

static inline float plain_activation(int64_t act, float x)
{
    switch (act) {
    case GEMM_RELU:
    case GEMM_REGLU: return x > 0 ? x : 0;
    case GEMM_GELU:
    case GEMM_GEGLU: return 0.5f * x * (1 + tanhf(0.797884561f * (x + 0.044715f * x * x * x)));
    case GEMM_SILU:
    case GEMM_SWIGLU: return x / (1 + expf(-x));
    default: return x;
    }
}

static inline float mutant_sum(const struct trial *t, const struct mutant *how, int64_t batch, int64_t i,
                               int64_t j)
{
    int64_t m = trial_size(t, GEMM_M), n = trial_size(t, GEMM_N), k = trial_size(t, GEMM_K);
    const float *a = t->logical[GEMM_OPERAND_A] + (how->kind == SAME_BATCH_A ? 0 : batch) * m * k;
    const float *b = t->logical[GEMM_OPERAND_B] + (how->kind == SAME_BATCH_B ? 0 : batch) * k * n;
    int64_t row = i, column = how->kind == SHIFT_COLUMNS ? (j + 1) % n : j;
    if (how->kind == SHIFT_ROWS) row = (i + 1) % m;
    if (how->kind == SWAP_ROWS && i / 1 - how->at < 2 && i >= how->at) row = 2 * how->at + 1 - i;
    bool cut = how->kind == DROP_K || (how->kind == DROP_K_IN_TILE && i >= how->row && i < how->row + 16);
    float sum = 0;
    for (int64_t p = 0; p < k; p++) {
        bool inside = p >= how->at && p < how->at + how->size;
        int64_t q = how->kind == SHIFT_K ? (p + 1) % k : p;
        float x = how->kind == TRANSPOSE_A ? a[q * m + row] : a[row * k + q];
        float y = how->kind == TRANSPOSE_B ? b[column * n + p] : b[p * n + column];
        if (inside && cut) continue;
        sum += x * y;
        if (inside && how->kind == DOUBLE_K) sum += x * y;
    }
    return sum;
}

static inline float mutant_linear(const struct trial *t, const struct mutant *how,
                                  const struct gemm_args *args, int64_t batch, int64_t i, int64_t j)
{
    float x = mutant_sum(t, how, batch, i, j);
    if (how->kind != SKIP_ALPHA) x *= args->alpha;
    if (!trial_size(t, GEMM_BIAS) || how->kind == SKIP_BIAS) return x;
    int64_t from = how->kind == SAME_BATCH_BIAS ? 0 : batch;
    return x + t->logical[GEMM_OPERAND_BIAS][from * trial_size(t, GEMM_N) + j];
}

/* Computes D of one batch item into the output's storage, in float, rounding once. */
static inline void mutant_run(const struct trial *t, const struct mutant *how, const struct gemm_args *args,
                              int64_t batch)
{
    const struct operand *d = &t->operand[GEMM_OPERAND_D];
    int64_t act = how->kind == SKIP_ACT ? GEMM_NONE : trial_size(t, GEMM_ACT);
    bool glu = gemm_is_glu(&t->problem), poisoned = args->c == args->d && args->beta == 0;
    for (int64_t i = 0; i < d->rows; i++)
        for (int64_t j = 0; j < d->columns; j++) {
            int64_t other = j + d->columns, gate = j;
            if (glu && how->kind == SWAP_HALVES) gate = other, other = j;
            float y = plain_activation(act, mutant_linear(t, how, args, batch, i, gate));
            if (glu) y *= mutant_linear(t, how, args, batch, i, other);
            int64_t item = how->kind == SAME_BATCH_C ? 0 : batch;
            float c = t->logical[GEMM_OPERAND_C][(item * d->rows + i) * d->columns + j];
            if (args->beta != 0 && how->kind != SKIP_BETA) y += args->beta * c;
            if (how->kind == READ_C && poisoned) y += args->beta * NAN;
            int64_t at = batch * d->batch_stride + i * d->pitch + j;
            dtype_store(d->type, (char *)t->storage[GEMM_OPERAND_D] + (size_t)at * dtype_bytes(d->type),
                        (double)y);
        }
}

/* True if some element of some batch item is off in this variant. *n_off counts them. */
static inline bool mutant_is_seen(const struct trial *t, const struct mutant *how, unsigned variant,
                                  int64_t *n_off)
{
    const struct op_proof *proof = op_proof_find("gemm");
    const struct operand *d = &t->operand[GEMM_OPERAND_D];
    struct gemm_args args;
    t->problem.op->bind(&t->problem, t->storage, NULL, &args);
    proof->set_variant(&t->problem, variant, &args);
    size_t n = (size_t)(d->rows * d->columns);
    double *value = malloc(n * sizeof *value), *allowed = malloc(n * sizeof *allowed);
    bool seen = false;
    for (int64_t batch = 0; batch < d->batch; batch++) {
        struct proof_region region = {batch, 0, d->rows, 0, d->columns, 0};
        proof->reference(&t->problem, &args, t->kind, &region, value, allowed);
        mutant_run(t, how, &args, batch);
        const char *stored = (const char *)t->storage[GEMM_OPERAND_D] +
                             (size_t)(batch * d->batch_stride) * dtype_bytes(d->type);
        seen |= proof_compare(d->type, stored, d->pitch, d->rows, d->columns, value, allowed, NULL) >= 0;
        for (int64_t i = 0; n_off && i < d->rows; i++)
            for (int64_t j = 0; j < d->columns; j++) {
                int64_t at = i * d->columns + j;
                const char *element = stored + (size_t)(i * d->pitch + j) * dtype_bytes(d->type);
                *n_off += proof_compare(d->type, element, 1, 1, 1, &value[at], &allowed[at], NULL) >= 0;
            }
    }
    free(value);
    free(allowed);
    return seen;
}

static inline bool mutant_is_seen_anywhere(const struct trial *t, const struct mutant *how)
{
    for (unsigned v = 0; v < op_proof_find("gemm")->n_variants; v++)
        if (mutant_is_seen(t, how, v, NULL)) return true;
    return false;
}

#endif
