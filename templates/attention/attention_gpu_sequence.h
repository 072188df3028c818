/* One sequence of the batch: its lengths, where its rows of Q, O and LSE begin, and where key j is, in pages
 * or not.
 *
 *     struct attention_sequence s = attention_sequence_of(args, b);
 *     struct attention_place at = attention_place_of(s, j);      the same for K and V
 *     const kv_t *k = attention_k(args, s, at, kv_head);
 *
 * A key beyond the sequence has a place that may be computed with, but is not to be read: attention_is_key()
 * says so, and attention_load() reads nothing and gives zeros. Nothing in a table beyond the sequence's last
 * page is read. */
#ifndef TUNEBOOK_ATTENTION_GPU_SEQUENCE_H
#define TUNEBOOK_ATTENTION_GPU_SEQUENCE_H

#include "attention_gpu_words.h"

/* The page size is a launch-time number unless the manifest specializes it. */
#ifdef SIZE_PAGE
#define ATTENTION_PAGE(args) ((long long)SIZE_PAGE)
#else
#define ATTENTION_PAGE(args) ((args).page)
#endif

struct attention_sequence {
    int number;        /* b */
    int queries, keys; /* n and l */
    int before;   /* l - n, the first query's position: negative where there are more queries than keys */
    const q_t *q; /* of its first token, head 0 */
    o_t *o;
    float *lse;
    const kv_t *k, *v; /* of its first token, head 0; with pages: of page 0 */
    const int *table;  /* its pages' numbers */
    int page_shift;    /* log2 of the page; -1: no pages */
};

/* Lengths only: enough to know whether there is work. */
GPU_DEVICE void attention_lengths_of(const struct attention_args &args, int b, int *queries, int *keys)
{
    *queries = VARLEN ? args.q_offsets[b + 1] - args.q_offsets[b] : (int)args.q_len;
    if (VARLEN && ATTENTION_PAGE(args) == 0)
        *keys = args.kv_offsets[b + 1] - args.kv_offsets[b];
    else
        *keys = args.kv_lengths ? args.kv_lengths[b] : (int)args.kv_len;
}

GPU_DEVICE int attention_page_shift(long long page)
{
    int shift = -1;
    for (; page > 0; page >>= 1) shift++;
    return shift;
}

GPU_DEVICE struct attention_sequence attention_sequence_of(const struct attention_args &args, int b)
{
    struct attention_sequence s;
    s.number = b;
    attention_lengths_of(args, b, &s.queries, &s.keys);
    s.before = s.keys - s.queries;
    s.page_shift = attention_page_shift(ATTENTION_PAGE(args));
    bool paged = s.page_shift >= 0;
    long long first = VARLEN ? args.q_offsets[b] : 0, item = VARLEN ? 0 : b;
    s.q = (const q_t *)args.q + item * args.q_stride_batch + first * args.q_stride_token;
    s.o = (o_t *)args.o + item * args.o_stride_batch + first * args.o_stride_token;
    s.lse = LSE ? args.lse + item * args.lse_stride_batch + first * args.lse_stride_token : 0;
    long long key = VARLEN && !paged ? args.kv_offsets[b] : 0;
    if (paged) item = 0;
    s.k = (const kv_t *)args.k + item * args.k_stride_batch + key * args.k_stride_token;
    s.v = (const kv_t *)args.v + item * args.v_stride_batch + key * args.v_stride_token;
    s.table = paged ? args.block_table + b * args.table_stride : 0;
    return s;
}

/* --- keys and values --- */

struct attention_place {
    int item, row; /* page and row of it; without pages 0 and the key */
};

/* Also of a sum that went beyond the largest int. */
GPU_DEVICE bool attention_is_key(const struct attention_sequence &s, int j)
{
    return (unsigned)j < (unsigned)s.keys;
}

/* Of key j, 0 or more. Keys of one page, the multiples of ATTENTION_PAGE apart, have one item and rows in a
 * row, so that a tile no larger than a page asks once. */
GPU_DEVICE struct attention_place attention_place_of(const struct attention_sequence &s, int j)
{
    struct attention_place at = {0, j};
    if (s.page_shift >= 0) {
        at.item = attention_is_key(s, j) ? s.table[j >> s.page_shift] : 0;
        at.row = j & ((1 << s.page_shift) - 1);
    }
    if (!attention_is_key(s, j)) at.row = 0;
    return at;
}

GPU_DEVICE const kv_t *attention_k(const struct attention_args &args, const struct attention_sequence &s,
                                   struct attention_place at, int kv_head)
{
    return s.k + at.item * args.k_stride_batch + at.row * args.k_stride_token + kv_head * args.k_stride_head;
}

GPU_DEVICE const kv_t *attention_v(const struct attention_args &args, const struct attention_sequence &s,
                                   struct attention_place at, int kv_head)
{
    return s.v + at.item * args.v_stride_batch + at.row * args.v_stride_token + kv_head * args.v_stride_head;
}

/* BYTES from memory, zeros and no access where `inside` is false. (Asynchronous copies: gpu_copy_async16(to,
 * from, inside ? 16 : 0).) */
template <int BYTES> GPU_DEVICE void attention_load(const void *from, bool inside, unsigned *word)
{
    if (inside) {
        words_load<BYTES>(from, word);
    } else {
        GPU_UNROLL
        for (int i = 0; i < BYTES / 4; i++) word[i] = 0;
    }
}

/* --- rows of Q, O and LSE --- */

GPU_DEVICE const q_t *attention_q(const struct attention_args &args, const struct attention_sequence &s,
                                  int token, int head)
{
    return s.q + token * args.q_stride_token + head * args.q_stride_head;
}

GPU_DEVICE o_t *attention_o(const struct attention_args &args, const struct attention_sequence &s, int token,
                            int head)
{
    return s.o + token * args.o_stride_token + head * args.o_stride_head;
}

GPU_DEVICE float *attention_lse(const struct attention_args &args, const struct attention_sequence &s,
                                int token, int head)
{
    return s.lse + token * args.lse_stride_token + head * args.lse_stride_head;
}

/* --- scales of fp8 --- */

GPU_DEVICE float attention_scale_at(const struct attention_args &args, const float *scales, int b,
                                    int kv_head)
{
    if (!KV_NARROW || !scales) return 1;
    return scales[b * args.scale_stride_batch + kv_head * args.scale_stride_head];
}

#endif
