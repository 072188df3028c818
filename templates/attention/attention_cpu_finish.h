/* What becomes of a row when its keys are done: the sink, the division, O and LSE; or where keys are split
 * between blocks of the grid, a partial result in the workspace.
 *
 * A partial result is PARTIAL_PITCH floats: dv sums, then maximum and sum of weights. Those of a row's splits
 * follow each other; rows are in the order of tokens and query heads. */
#ifndef TUNEBOOK_ATTENTION_CPU_FINISH_H
#define TUNEBOOK_ATTENTION_CPU_FINISH_H

#include "attention_cpu_softmax.h"

#define PARTIAL_MAX   ((SIZE_DV + 15) / 16 * 16)
#define PARTIAL_PITCH (PARTIAL_MAX + 16)

/* Row r of the sequence. */
struct row_place {
    long long token, head;
};

VEC_INLINE struct row_place row_place_of(const struct sequence *s, long long r)
{
    return (struct row_place){r / s->group, r % s->group};
}

VEC_INLINE float *partial_of(const struct sequence *s, long long r, long long splits)
{
    struct row_place at = row_place_of(s, r);
    long long place = s->partial_first + at.token * s->args->q_heads + at.head;
    return (float *)s->args->workspace + place * splits * PARTIAL_PITCH;
}

/* O's row from its sums; a factor of 0 makes zeros of anything. */
VEC_INLINE void store_row(const struct sequence *s, long long r, const float *sums, float factor)
{
    struct row_place at = row_place_of(s, r);
    long long place = s->o_first + at.token * s->args->o_stride_token + at.head * s->args->o_stride_head;
    char *to = (char *)s->args->o + place * TYPE_BYTES(O_TYPE);
    for (int v = 0; v < DV_VECTORS; v++) {
        vec x = factor == 0 ? (vec){0} : vec_load(sums + v * LANES) * factor;
        store_part(O_TYPE, to + v * LANES * TYPE_BYTES(O_TYPE), x, vector_count(SIZE_DV, v));
    }
}

VEC_INLINE void store_lse(const struct sequence *s, long long r, float lse)
{
    struct row_place at = row_place_of(s, r);
    s->args->lse[s->lse_first + at.token * s->args->lse_stride_token + at.head * s->args->lse_stride_head] =
        lse;
}

/* `n` rows from `first` on, at most LANES: their maxima, sums of weights, and sums of values O_PITCH apart.
 */
VEC_INLINE void finish_rows(const struct sequence *s, long long first, int n, vec max, vec weights,
                            const float *sums)
{
    float factors[LANES], lse[LANES];
    vec factor = {0}, total = weights, finite = finite_max(max);
    factor += 1.0f;
    if (SINKS) {
        const float *sinks = s->args->sinks + s->kv_head * s->group;
        vec sink = {0};
        for (int l = 0; l < n; l++) sink[l] = sinks[(first + l) % s->group] * LOG2_E;
        finite = finite_max(vec_max(sink, max));
        factor = vec_exp2(max - finite);
        total = weights * factor + vec_exp2(sink - finite);
    }
    vec_int is_empty = total == 0.0f;
    vec_store(factors, (vec)(~is_empty & (vec_int)(factor / total)));
    vec_store(lse, vec_select(is_empty, vec_splat(-INFINITE), (finite + vec_log2(total)) * LN_2));
    for (int l = 0; l < n; l++) {
        store_row(s, first + l, sums + l * O_PITCH, factors[l]);
        if (LSE) store_lse(s, first + l, lse[l]);
    }
}

/* The same rows' share of one split. */
VEC_INLINE void keep_rows(const struct sequence *s, long long first, int n, vec max, vec weights,
                          const float *sums, long long split, long long splits)
{
    float row_max[LANES], row_weights[LANES];
    vec_store(row_max, max);
    vec_store(row_weights, weights);
    for (int l = 0; l < n; l++) {
        float *to = partial_of(s, first + l, splits) + split * PARTIAL_PITCH;
        for (int v = 0; v < DV_VECTORS; v++)
            vec_store_part(to + v * LANES, vec_load(sums + l * O_PITCH + v * LANES),
                           vector_count(SIZE_DV, v));
        to[PARTIAL_MAX] = row_max[l];
        to[PARTIAL_MAX + 1] = row_weights[l];
    }
}

/* Adds up a row's splits, in their order: sums into `sums`, and its maximum and weights. */
VEC_INLINE void join_splits(const float *partial, long long splits, float *sums, float *max, float *weights)
{
    float largest = -INFINITE;
    for (long long i = 0; i < splits; i++) {
        float one = partial[i * PARTIAL_PITCH + PARTIAL_MAX];
        if (one > largest) largest = one;
    }
    *max = largest;
    *weights = 0;
    for (int v = 0; v < DV_VECTORS; v++) vec_store(sums + v * LANES, (vec){0});
    for (long long i = 0; i < splits; i++) {
        const float *from = partial + i * PARTIAL_PITCH;
        vec factor = vec_exp2(vec_splat(from[PARTIAL_MAX]) - finite_max(vec_splat(largest)));
        *weights += from[PARTIAL_MAX + 1] * factor[0];
        for (int v = 0; v < DV_VECTORS; v++) {
            vec x = vec_load_part(from + v * LANES, vector_count(SIZE_DV, v));
            vec_store(sums + v * LANES, vec_load(sums + v * LANES) + x * factor);
        }
    }
}

#endif
