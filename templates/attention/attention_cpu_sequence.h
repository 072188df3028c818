/* One sequence, as one kv head sees it: its queries as packed rows, and its keys.
 *
 * The query heads that share a kv head are a group. Row r is head r % group of token r / group, so that rows
 * which follow each other stand at the same or the next position, and share the keys that they see. */
#ifndef TUNEBOOK_ATTENTION_CPU_SEQUENCE_H
#define TUNEBOOK_ATTENTION_CPU_SEQUENCE_H

#include "attention_args.h"
#include "attention_cpu_number.h"

struct sequence {
    const struct attention_args *args;
    long long index, kv_head, group; /* index: of the sequence in the batch */
    long long rows, keys;            /* rows: queries * group */
    long long ahead;                 /* query t stands at position t + ahead */
    long long q_first, o_first;      /* element of head 0 of the group in its first query */
    long long lse_first, partial_first;
    const char *k, *v; /* element 0 of the head in the first key, or in page 0 */
    float k_scale, v_scale;
};

/* Keys of a row, or of all rows of a tile or block: [begin, end). */
struct reach {
    long long begin, end;
};

VEC_INLINE float scale_at(const struct attention_args *args, const float *scales, long long index,
                          long long kv_head)
{
    if (!IS_FP8(KV_TYPE) || !scales) return 1;
    return scales[index * args->scale_stride_batch + kv_head * args->scale_stride_head];
}

VEC_INLINE struct sequence sequence_of(const struct attention_args *args, long long index, long long kv_head)
{
    struct sequence s = {.args = args, .index = index, .kv_head = kv_head};
    long long token = VARLEN ? args->q_offsets[index] : 0, item = VARLEN ? 0 : index, key = 0;
    long long queries = VARLEN ? args->q_offsets[index + 1] - token : args->q_len;
    s.group = args->q_heads / args->kv_heads;
    if (VARLEN && args->page == 0) {
        key = args->kv_offsets[index];
        s.keys = args->kv_offsets[index + 1] - key;
    } else {
        s.keys = args->kv_lengths ? args->kv_lengths[index] : args->kv_len;
    }
    s.rows = queries * s.group;
    s.ahead = s.keys - queries;
    long long head = kv_head * s.group, kv_item = VARLEN || args->page > 0 ? 0 : index;
    s.q_first = item * args->q_stride_batch + token * args->q_stride_token + head * args->q_stride_head;
    s.o_first = item * args->o_stride_batch + token * args->o_stride_token + head * args->o_stride_head;
    s.lse_first =
        item * args->lse_stride_batch + token * args->lse_stride_token + head * args->lse_stride_head;
    s.partial_first = index * args->q_len * args->q_heads + head; /* q_offsets may begin anywhere */
    s.k = (const char *)args->k +
          TYPE_BYTES(KV_TYPE) *
              (kv_item * args->k_stride_batch + key * args->k_stride_token + kv_head * args->k_stride_head);
    s.v = (const char *)args->v +
          TYPE_BYTES(KV_TYPE) *
              (kv_item * args->v_stride_batch + key * args->v_stride_token + kv_head * args->v_stride_head);
    s.k_scale = scale_at(args, args->k_scale, index, kv_head);
    s.v_scale = scale_at(args, args->v_scale, index, kv_head);
    return s;
}

/* Of keys or values: elements from the head's first key to key j. Keys of one page, and all keys where there
 * are no pages, lie token_stride apart. */
VEC_INLINE long long key_offset(const struct sequence *s, long long j, long long token_stride,
                                long long page_stride)
{
    const struct attention_args *args = s->args;
    if (args->page == 0) return j * token_stride;
    int shift = __builtin_ctzll((unsigned long long)args->page);
    long long page = args->block_table[s->index * args->table_stride + (j >> shift)];
    return page * page_stride + (j & (args->page - 1)) * token_stride;
}

/* What the rows of a token see. Both ends rise with the token, whatever the mask. */
VEC_INLINE struct reach token_reach(const struct sequence *s, long long token)
{
    long long at = token + s->ahead;
    struct reach reach = {0, s->keys};
    if (MASK == MASK_CAUSAL || MASK == MASK_SLIDING) reach.end = smaller(at + 1, s->keys);
    if (MASK == MASK_BAND) reach.end = smaller(at + s->args->window, s->keys);
    if (MASK == MASK_SLIDING || MASK == MASK_BAND) reach.begin = larger(at - s->args->window + 1, 0);
    return reach;
}

#endif
