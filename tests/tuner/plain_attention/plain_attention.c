/* Attention in double precision, a block for each sequence and query head. FLAW breaks it in one place, so
 * that tests can see each output judged:
 *
 *   1  lse of a sequence's last query is not written        6  reads rows behind a sequence's last key
 *   2  lse forgets the maximum                              7  reads the table behind a sequence's last page
 *   3  writes lse of one head too many                      8  writes into kv_lengths
 *   4  lse depends on what the workspace held before        9  the last query of a long problem skips a key
 *   5  o of the last head is not written */
#include "attention/attention_args.h"
#include "device/cpu.h"

#ifndef FLAW
#define FLAW 0 /* 0: none */
#endif
#ifndef MASK_FULL
#define MASK_FULL    0
#define MASK_CAUSAL  1
#define MASK_SLIDING 2
#define MASK_BAND    3
#endif

enum { LONG = 1000 };

/* Below 2^-1000 nothing is left to see. */
static double power(double x) /* e^x, x <= 0 */
{
    if (x < -690) return 0;
    double term = 1, sum = 1;
    x /= 1024;
    for (int i = 1; i < 12; i++) {
        term *= x / i;
        sum += term;
    }
    for (int i = 0; i < 10; i++) sum *= sum;
    return sum;
}

/* By Newton's method on e^y, from the exponent of x >= 1. */
static double logarithm(double x)
{
    double y = 0;
    while (x >= 2) {
        x /= 2;
        y += 0.693147180559945309417;
    }
    double guess = x - 1;
    for (int i = 0; i < 40; i++) guess += x * power(-guess) - 1;
    return y + guess;
}

static double hyperbolic_tangent(double x)
{
    double e = power(x < 0 ? 2 * x : -2 * x), t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
}

struct rows {
    long long sequence, n, keys, q, o, lse, k, v; /* elements of the first token, head included */
};

static struct rows rows_of(const struct attention_args *args, long long b, long long h)
{
    long long g = h / (args->q_heads / args->kv_heads);
    struct rows rows = {.sequence = b, .n = args->q_len, .keys = args->kv_len};
    rows.q = h * args->q_stride_head +
             (VARLEN ? args->q_offsets[b] * args->q_stride_token : b * args->q_stride_batch);
    rows.o = h * args->o_stride_head +
             (VARLEN ? args->q_offsets[b] * args->o_stride_token : b * args->o_stride_batch);
    rows.lse = h * args->lse_stride_head +
               (VARLEN ? args->q_offsets[b] * args->lse_stride_token : b * args->lse_stride_batch);
    rows.k = g * args->k_stride_head;
    rows.v = g * args->v_stride_head;
    if (VARLEN) rows.n = args->q_offsets[b + 1] - args->q_offsets[b];
    if (args->kv_lengths) rows.keys = args->kv_lengths[b];
    if (args->page) return rows;
    if (VARLEN) rows.keys = args->kv_offsets[b + 1] - args->kv_offsets[b];
    rows.k += VARLEN ? args->kv_offsets[b] * args->k_stride_token : b * args->k_stride_batch;
    rows.v += VARLEN ? args->kv_offsets[b] * args->v_stride_token : b * args->v_stride_batch;
    return rows;
}

static const float *token(const struct attention_args *args, const struct rows *rows, const void *base,
                          long long first, long long key, long long stride_token, long long stride_page)
{
    long long place = key * stride_token;
    if (args->page)
        place = args->block_table[rows->sequence * args->table_stride + key / args->page] * stride_page +
                key % args->page * stride_token;
    return (const float *)base + first + place;
}

static int is_visible(const struct attention_args *args, const struct rows *rows, long long t, long long key)
{
    long long at = t + rows->keys - rows->n;
    if (FLAW == 9 && rows->n >= LONG && t == rows->n - 1 && key == 3) return 0;
    if (MASK == MASK_CAUSAL) return key <= at;
    if (MASK == MASK_SLIDING) return key <= at && key > at - args->window;
    if (MASK == MASK_BAND) return key < at + args->window && key > at - args->window;
    return 1;
}

static double score(const struct attention_args *args, const struct rows *rows, const float *q, long long key)
{
    const float *k = token(args, rows, args->k, rows->k, key, args->k_stride_token, args->k_stride_batch);
    double sum = 0;
    for (int c = 0; c < SIZE_D; c++) sum += (double)q[c] * k[c];
    sum *= (double)args->scale;
    return SOFTCAP ? args->softcap * hyperbolic_tangent(sum / args->softcap) : sum;
}

static void attend_row(const struct attention_args *args, const struct rows *rows, long long t, long long h)
{
    const float *q = (const float *)args->q + rows->q + t * args->q_stride_token;
    double most = SINKS ? (double)args->sinks[h] : -1e300, sum = 0, o[SIZE_DV] = {0};
    for (long long key = 0; key < rows->keys; key++) {
        double s = is_visible(args, rows, t, key) ? score(args, rows, q, key) : most;
        if (s > most) most = s;
    }
    for (long long key = 0; key < rows->keys; key++) {
        if (!is_visible(args, rows, t, key)) continue;
        const float *v = token(args, rows, args->v, rows->v, key, args->v_stride_token, args->v_stride_batch);
        double weight = power(score(args, rows, q, key) - most);
        sum += weight;
        for (int c = 0; c < SIZE_DV; c++) o[c] += weight * v[c];
    }
    if (FLAW == 6 && args->page && rows->keys % args->page)
        o[0] +=
            0 * *token(args, rows, args->v, rows->v, rows->keys, args->v_stride_token, args->v_stride_batch);
    if (FLAW == 7 && args->page) {
        long long behind = (rows->keys + args->page - 1) / args->page * args->page;
        o[0] += 0 * *token(args, rows, args->v, rows->v, behind, args->v_stride_token, args->v_stride_batch);
    }
    if (SINKS) sum += power((double)args->sinks[h] - most);
    for (int c = 0; c < SIZE_DV && !(FLAW == 5 && h == args->q_heads - 1); c++)
        ((float *)args->o)[rows->o + t * args->o_stride_token + c] = (float)(sum == 0 ? 0 : o[c] / sum);
    if (!LSE || (FLAW == 1 && t == rows->n - 1)) return;
    double lse = sum == 0 ? -(double)__builtin_inff() : logarithm(sum) + (FLAW == 2 ? 0 : most);
    if (FLAW == 4) lse += *(const unsigned char *)args->workspace * 1e-9 * (lse < 0 ? -lse : lse);
    float *place = args->lse + rows->lse + t * args->lse_stride_token;
    *place = (float)lse;
    if (FLAW == 3 && h == args->q_heads - 1) place[args->lse_stride_head] = 0;
}

CPU_KERNEL attend(const struct attention_args *args, const struct cpu_block *block)
{
    struct rows rows = rows_of(args, block->index[0], block->index[1]);
    if (FLAW == 8 && args->kv_lengths) ((int *)args->kv_lengths)[rows.sequence] = (int)rows.keys;
    for (long long t = 0; t < rows.n; t++) attend_row(args, &rows, t, block->index[1]);
}
