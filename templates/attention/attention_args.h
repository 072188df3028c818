/* The attention argument block: what every attention kernel of every template and target receives.
 *
 *     O[t,h,:] = sum_j P[t,h,j] * V[j,g,:]     P[t,h,:] = softmax over the visible keys j of S[t,h,:]
 *     S[t,h,j] = scale * sum_c Q[t,h,c] * K[j,g,c]      g = h / (q_heads / kv_heads)
 *
 * for each of `batch` sequences, each of its query tokens t and query heads h. K and V have kv_heads heads;
 * q_heads is a multiple of that. Q and K have D elements a head (SIZE_D), V and O have DV (SIZE_DV).
 *
 * Lengths. Sequence b has n queries and l keys. Without VARLEN n is q_len for all; l is kv_lengths[b] where
 * that pointer is not NULL, else kv_len. With VARLEN q_offsets has batch + 1 ascending offsets: sequence b's
 * queries are tokens q_offsets[b] to q_offsets[b + 1] of Q, O and LSE, whose batch strides are ignored. Its
 * keys are tokens kv_offsets[b] to kv_offsets[b + 1] of K and V, but kv_lengths[b] many in pages. q_len and
 * kv_len are then bounds: no sequence has more. A sequence may have no queries or no keys.
 *
 * Pages. With page > 0 (a power of two) token j of sequence b lies at row j % page of page block_table[b *
 * table_stride + j / page] of K and V, and batch strides are those from page to page. A table's entries
 * beyond a sequence's last page, and rows of its last page beyond its last key, may hold anything, NaN
 * included: they are not to be used.
 *
 * Masks. Query t of n stands at position p = t + l - n, so that the last query stands at the last key
 * (bottom-right alignment). Visible are
 *
 *     MASK_FULL      every j < l
 *     MASK_CAUSAL    j <= p
 *     MASK_SLIDING   p - window < j <= p        `window` keys, its own included
 *     MASK_BAND      |p - j| < window
 *
 * SOFTCAP: S becomes softcap * tanh(S / softcap) before the mask. SINKS: sinks[h] is one more score, of a key
 * whose value is zero: it is in the softmax's sum (and maximum) only. LSE: lse = log of the sum of exp(S)
 * over visible keys and the sink, natural logarithm.
 *
 * A row without a visible key is zeros, and its lse is the sink's score, or -infinity where there is none. A
 * score of NaN or +infinity in a visible key makes NaN of the row; a key whose score is -infinity counts as
 * not visible. NaN or infinity in a key or value that belongs to the sequence but is not visible to a row may
 * make NaN of that row too, never of another sequence.
 *
 * fp8 K and V are multiplied by k_scale and v_scale of the sequence and kv head: k_scale[b *
 * scale_stride_batch + g * scale_stride_head], both strides may be 0. NULL: 1. For other types they are not
 * read.
 *
 * Addresses: element (b, t, h, c) of Q is q[b * q_stride_batch + t * q_stride_token + h * q_stride_head + c];
 * so for K, V, O, in elements of their types. lse[b * lse_stride_batch + t * lse_stride_token + h *
 * lse_stride_head]. Pointers of Q, K, V and O are multiples of 16 bytes, and so are their strides; lse,
 * sinks, scales and tables have the alignment of their elements.
 *
 * This header is part of every kernel: it includes nothing, and its layout is an ABI (ATTENTION_ARGS_ABI). */
#ifndef TUNEBOOK_ATTENTION_ARGS_H
#define TUNEBOOK_ATTENTION_ARGS_H

#define ATTENTION_ARGS_ABI 1

struct attention_args {
    const void *q;
    const void *k;
    const void *v;
    void *o;
    float *lse;
    const int *q_offsets;
    const int *kv_offsets;
    const int *kv_lengths;
    const int *block_table;
    const float *sinks;
    const float *k_scale;
    const float *v_scale;
    void *workspace;
    long long batch, q_heads, kv_heads, q_len, kv_len, page, window;
    long long q_stride_token, q_stride_head, q_stride_batch;
    long long k_stride_token, k_stride_head, k_stride_batch;
    long long v_stride_token, v_stride_head, v_stride_batch;
    long long o_stride_token, o_stride_head, o_stride_batch;
    long long lse_stride_token, lse_stride_head, lse_stride_batch;
    long long table_stride;
    long long scale_stride_head, scale_stride_batch;
    float scale, softcap;
};

#endif
