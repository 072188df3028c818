/* Attention in f32 as attention_args.h says it, one row a block, two passes over the keys: what the runtime's
 * tests launch. SIZE_D, SIZE_DV and MASK are defined. */
#include "templates/attention/attention_args.h"
#include "templates/device/cpu.h"

enum { FULL, CAUSAL, SLIDING, BAND };

static const double LN2 = 0.69314718055994531, LARGEST = 1.7976931348623157e308;

static double power_of_two(long long exponent)
{
    union {
        long long bits;
        double value;
    } u = {.bits = (exponent + 1023) << 52};
    return u.value;
}

static double exponential(double x)
{
    if (x < -700) return 0;
    long long k = (long long)(x / LN2 + (x < 0 ? -0.5 : 0.5));
    double r = x - (double)k * LN2, sum = 1, term = 1;
    for (int i = 1; i < 18; i++) sum += term *= r / i;
    return sum * power_of_two(k);
}

/* Of x >= 1: 2 atanh((m - 1) / (m + 1)) with m in [1, 2). */
static double logarithm(double x)
{
    long long k = 0;
    for (; x >= 2; k++) x /= 2;
    double z = (x - 1) / (x + 1), power = z, sum = 0;
    for (int i = 1; i < 50; i += 2, power *= z * z) sum += power / i;
    return 2 * sum + (double)k * LN2;
}

struct row {
    const struct attention_args *a;
    long long b, h, g, p, keys;
    const float *q;
};

static long long key_place(const struct row *row, long long j, long long token, long long batch)
{
    const struct attention_args *a = row->a;
    if (a->page) return a->block_table[row->b * a->table_stride + j / a->page] * batch + j % a->page * token;
    if (a->kv_offsets) return (a->kv_offsets[row->b] + j) * token;
    return row->b * batch + j * token;
}

static int is_visible(const struct row *row, long long j)
{
    long long window = row->a->window;
    if (MASK == FULL) return 1;
    if (MASK == CAUSAL) return j <= row->p;
    if (MASK == SLIDING) return j <= row->p && j > row->p - window;
    return j < row->p + window && j > row->p - window;
}

static double score_of(const struct row *row, long long j)
{
    const struct attention_args *a = row->a;
    const float *k = (const float *)a->k + key_place(row, j, a->k_stride_token, a->k_stride_batch) +
                     row->g * a->k_stride_head;
    double sum = 0;
    for (int c = 0; c < SIZE_D; c++) sum += (double)row->q[c] * (double)k[c];
    sum *= (double)a->scale;
    if (a->softcap == 0) return sum;
    double e = exponential(2 * sum / (double)a->softcap);
    return (double)a->softcap * (1 - 2 / (e + 1));
}

static void attend(const struct row *row, float *o, float *lse)
{
    const struct attention_args *a = row->a;
    double most = a->sinks ? (double)a->sinks[row->h] : -LARGEST, sum = 0, out[SIZE_DV] = {0};
    for (long long j = 0; j < row->keys; j++)
        if (is_visible(row, j) && score_of(row, j) > most) most = score_of(row, j);
    for (long long j = 0; j < row->keys; j++) {
        if (!is_visible(row, j)) continue;
        const float *v = (const float *)a->v + key_place(row, j, a->v_stride_token, a->v_stride_batch) +
                         row->g * a->v_stride_head;
        double weight = exponential(score_of(row, j) - most);
        sum += weight;
        for (int c = 0; c < SIZE_DV; c++) out[c] += weight * (double)v[c];
    }
    if (a->sinks) sum += exponential((double)a->sinks[row->h] - most);
    for (int c = 0; c < SIZE_DV; c++) o[c] = sum > 0 ? (float)(out[c] / sum) : 0;
    if (lse) *lse = sum > 0 ? (float)(most + logarithm(sum)) : -__builtin_inff();
}

CPU_KERNEL naive(const struct attention_args *a, const struct cpu_block *block)
{
    long long t = block->index[1], b = block->index[2], token = t, n = a->q_len, item = b;
    struct row row = {.a = a, .b = b, .h = block->index[0], .keys = a->kv_len};
    if (a->q_offsets) {
        n = a->q_offsets[b + 1] - a->q_offsets[b];
        token += a->q_offsets[b];
        item = 0;
    }
    if (t >= n) return;
    if (a->kv_offsets)
        row.keys = a->kv_offsets[b + 1] - a->kv_offsets[b];
    else if (a->kv_lengths)
        row.keys = a->kv_lengths[b];
    row.g = row.h / (a->q_heads / a->kv_heads);
    row.p = t + row.keys - n;
    row.q =
        (const float *)a->q + item * a->q_stride_batch + token * a->q_stride_token + row.h * a->q_stride_head;
    float *lse = a->lse ? a->lse + item * a->lse_stride_batch + token * a->lse_stride_token +
                              row.h * a->lse_stride_head
                        : 0;
    attend(&row,
           (float *)a->o + item * a->o_stride_batch + token * a->o_stride_token + row.h * a->o_stride_head,
           lse);
    if (a->workspace) *(char *)a->workspace = 1;
}
