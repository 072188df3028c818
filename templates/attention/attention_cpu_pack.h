/* Queries, keys and values into scratch, as floats.
 *
 *     queries   [row][Q_PITCH]          times the scale of scores, in units of log 2 where there is no soft
 * cap keys      [d][BLOCK_KEYS]         transposed: a step of a product wants a column's keys side by side
 *     values    [key][VALUES_PITCH]     only where they cannot be read in place
 *
 * Keys beyond the sequence are 0 in scratch and masked later; their values are never looked at. */
#ifndef TUNEBOOK_ATTENTION_CPU_PACK_H
#define TUNEBOOK_ATTENTION_CPU_PACK_H

#include "attention_cpu_math.h"
#include "attention_cpu_sequence.h"

VEC_INLINE void pack_row(float *to, const char *from, int type, int size, float factor)
{
    for (int v = 0; v < IN_VECTORS(size); v++) {
        vec x = load_part(type, from + v * LANES * TYPE_BYTES(type), vector_count(size, v));
        vec_store(to + v * LANES, x * factor);
    }
}

/* Rows [first, first + rows) of the sequence. */
VEC_FUNCTION void pack_queries(float *to, const struct sequence *s, long long first, long long rows)
{
    const struct attention_args *args = s->args;
    float factor = args->scale * s->k_scale * (SOFTCAP ? 1 / args->softcap : LOG2_E);
    long long token = first / s->group, head = first % s->group;
    for (long long r = 0; r < rows; r++) {
        long long place = s->q_first + token * args->q_stride_token + head * args->q_stride_head;
        pack_row(to + r * Q_PITCH, (const char *)args->q + place * TYPE_BYTES(Q_TYPE), Q_TYPE, SIZE_D,
                 factor);
        if (++head == s->group) {
            head = 0;
            token++;
        }
    }
}

/* LANES keys, `count` of them real, from the element `from` of the first on. */
VEC_INLINE void pack_keys_chunk(float *to, const char *from, long long pitch_bytes, int count)
{
    for (int v = 0; v < D_VECTORS; v++) {
        vec rows[LANES];
        const char *at = from + v * LANES * TYPE_BYTES(KV_TYPE);
        int here = vector_count(SIZE_D, v);
        if (PREFETCH > 0) {
#define AHEAD(l) \
    if ((l) < LANES) __builtin_prefetch(at + ((l) + PREFETCH) * pitch_bytes, 0, 3);
            EACH_OF_16(AHEAD)
#undef AHEAD
        }
#define LOAD(l)      \
    if ((l) < LANES) \
        rows[(l) % LANES] = (l) < count ? load_part(KV_TYPE, at + (l)*pitch_bytes, here) : (vec){0};
        EACH_OF_16(LOAD)
#undef LOAD
        vec_transpose(rows);
#define STORE(l) \
    if ((l) < LANES && (l) < here) vec_store(to + (v * LANES + (l)) * BLOCK_KEYS, rows[(l) % LANES]);
        EACH_OF_16(STORE)
#undef STORE
    }
}

/* Keys [first, first + count). A chunk never crosses a page: blocks begin at multiples of LANES, which
 * divides a page. */
VEC_FUNCTION void pack_keys(float *to, const struct sequence *s, long long first, int count)
{
    const struct attention_args *args = s->args;
    long long pitch_bytes = args->k_stride_token * TYPE_BYTES(KV_TYPE);
    for (int j = 0; j < count; j += LANES) {
        const char *from =
            s->k + TYPE_BYTES(KV_TYPE) * key_offset(s, first + j, args->k_stride_token, args->k_stride_batch);
        if (count - j >= LANES) {
            pack_keys_chunk(to + j, from, pitch_bytes, LANES);
        } else {
            pack_keys_chunk(to + j, from, pitch_bytes, count - j);
        }
    }
}

VEC_FUNCTION void pack_values(float *to, const struct sequence *s, long long first, int count)
{
    const struct attention_args *args = s->args;
    for (int j = 0; j < count; j++) {
        long long place = key_offset(s, first + j, args->v_stride_token, args->v_stride_batch);
        pack_row(to + j * VALUES_PITCH, s->v + place * TYPE_BYTES(KV_TYPE), KV_TYPE, SIZE_DV, s->v_scale);
    }
}

/* Where the values of a block are read: element 0 of its first key, and floats from key to key. */
struct values {
    const float *from;
    long long pitch;
};

VEC_INLINE struct values values_of(float *packed, const struct sequence *s, long long first, int count)
{
    int in_place = !PACK_VALUES && KV_TYPE == DTYPE_F32 && SIZE_DV % LANES == 0 && s->args->page == 0;
    if (in_place) {
        long long pitch = s->args->v_stride_token;
        return (struct values){(const float *)s->v + first * pitch, pitch};
    }
    pack_values(packed, s, first, count);
    return (struct values){packed, VALUES_PITCH};
}

#endif
