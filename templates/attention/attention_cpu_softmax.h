/* The online softmax of a tile's rows: scores of some keys become weights, in place.
 *
 * Scores are in units of log 2. A row has a maximum so far, and sums of its weights so far, one for each
 * lane; both belong to weights 2^(score - maximum). The maxima of LANES rows are one vector. */
#ifndef TUNEBOOK_ATTENTION_CPU_SOFTMAX_H
#define TUNEBOOK_ATTENTION_CPU_SOFTMAX_H

#include "attention_cpu_math.h"
#include "attention_cpu_sequence.h"

#define ROW_SLOTS ((TILE_ROWS + LANES - 1) / LANES * LANES) /* of a tile, in arrays with one number a row */

struct rows {
    float *scores; /* SCORE_PITCH from row to row; weights afterwards */
    int n, vectors;
    long long first_row, first_key; /* in the sequence */
    int masked;                     /* not 0: some of these keys are not visible to some row */
    float softcap;                  /* in units of log 2 */
    float *max;                     /* ROW_SLOTS */
    float *sums;                    /* LANES a row */
    float *factors;                 /* ROW_SLOTS: what earlier weights are multiplied by */
};

/* A maximum that may be subtracted: a row that has not seen anything has -infinity. */
VEC_INLINE vec finite_max(vec max)
{
    return vec_select(max == vec_splat(-INFINITE), (vec){0}, max);
}

/* Caps and masks; the largest of each lane. */
VEC_INLINE vec row_max(float *scores, int vectors, const struct rows *rows, int begin, int end, int masked)
{
    vec max = vec_splat(-INFINITE);
    vec_int key;
    for (int l = 0; l < LANES; l++) key[l] = l;
    for (int v = 0; v < vectors; v++, key += LANES) {
        vec s = vec_load(scores + v * LANES);
        if (SOFTCAP) s = vec_tanh(s) * rows->softcap;
        if (masked) s = vec_select((key >= begin) & (key < end), s, vec_splat(-INFINITE));
        if (SOFTCAP || masked) vec_store(scores + v * LANES, s);
        max = vec_max(s, max);
    }
    return max;
}

VEC_INLINE vec row_weights(float *scores, int vectors, float max)
{
    vec sum = {0};
    for (int v = 0; v < vectors; v++) {
        vec weight = vec_exp2(vec_load(scores + v * LANES) - max);
        vec_store(scores + v * LANES, weight);
        sum += weight;
    }
    return sum;
}

VEC_INLINE int clamp_key(long long key, int most)
{
    return key < 0 ? 0 : key > most ? most : (int)key;
}

/* The largest of each lane of row i. */
VEC_INLINE vec row_max_masked(const struct sequence *s, const struct rows *rows, int i)
{
    float *scores = rows->scores + i * SCORE_PITCH;
    if (!rows->masked) return row_max(scores, rows->vectors, rows, 0, 0, 0);
    struct reach reach = token_reach(s, (rows->first_row + i) / s->group);
    int begin = clamp_key(reach.begin - rows->first_key, BLOCK_KEYS);
    int end = clamp_key(reach.end - rows->first_key, BLOCK_KEYS);
    return row_max(scores, rows->vectors, rows, begin, end, 1);
}

/* LANES rows from i on, or what is left of them. */
VEC_INLINE void softmax_lanes(const struct sequence *s, const struct rows *rows, int i)
{
    float kept[LANES * LANES], finite[LANES];
    int n = (int)smaller(LANES, rows->n - i);
    for (int l = 0; l < LANES; l++)
        vec_store(kept + l * LANES, l < n ? row_max_masked(s, rows, i + l) : vec_splat(-INFINITE));
    vec maxes[LANES];
#define LOAD(l) \
    if ((l) < LANES) maxes[(l) % LANES] = vec_load(kept + (l)*LANES);
    EACH_OF_16(LOAD)
#undef LOAD
    vec before = vec_load(rows->max + i), max = vec_max(vec_max_each(maxes), before);
    vec factor = vec_exp2(before - finite_max(max));
    vec_store(rows->max + i, max);
    vec_store(rows->factors + i, factor);
    vec_store(finite, finite_max(max));
    for (int l = 0; l < n; l++) {
        float *sums = rows->sums + (i + l) * LANES;
        vec sum = row_weights(rows->scores + (i + l) * SCORE_PITCH, rows->vectors, finite[l]);
        vec_store(sums, vec_load(sums) * rows->factors[i + l] + sum);
    }
}

VEC_FUNCTION void softmax_rows(const struct sequence *s, const struct rows *rows)
{
    for (int i = 0; i < rows->n; i += LANES) softmax_lanes(s, rows, i);
}

#endif
