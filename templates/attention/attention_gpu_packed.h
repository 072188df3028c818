/* Rows of a tile. Without PACK_GQA a row is a token of one query head. With it the heads that share K and V
 * lie one beside the other: row r is token r / group, head r % group of the group, so that few tokens fill a
 * tile and K and V are read once for all of them.
 *
 *     struct attention_rows rows = attention_rows_of(args, s, h);   h < attention_row_heads(args)
 *     row r < rows.n: attention_row_token(rows, r), attention_row_head(rows, r)
 *
 * Positions of rows [r, r + n) are those of tokens attention_row_token(rows, r) to ... (rows, r + n - 1). */
#ifndef TUNEBOOK_ATTENTION_GPU_PACKED_H
#define TUNEBOOK_ATTENTION_GPU_PACKED_H

#include "attention_gpu_sequence.h"

#ifndef PACK_GQA
#define PACK_GQA 0
#endif

struct attention_rows {
    int kv_head;
    int first_head; /* of Q */
    int group;      /* heads of a token among the rows: 1 without PACK_GQA */
    int n;          /* rows of the sequence */
};

/* Heads that blocks are launched for. */
GPU_DEVICE int attention_row_heads(const struct attention_args &args)
{
    return (int)(PACK_GQA ? args.kv_heads : args.q_heads);
}

/* Heads of Q that share K and V. */
GPU_DEVICE int attention_group(const struct attention_args &args)
{
    return (int)((unsigned)args.q_heads / (unsigned)args.kv_heads);
}

/* The most rows that a sequence has. */
GPU_DEVICE int attention_rows_bound(const struct attention_args &args)
{
    return (int)args.q_len * (PACK_GQA ? attention_group(args) : 1);
}

GPU_DEVICE struct attention_rows attention_rows_of(const struct attention_args &args,
                                                   const struct attention_sequence &s, int h)
{
    struct attention_rows rows;
    int group = attention_group(args);
    rows.kv_head = PACK_GQA ? h : (int)((unsigned)h / (unsigned)group);
    rows.first_head = PACK_GQA ? h * group : h;
    rows.group = PACK_GQA ? group : 1;
    rows.n = s.queries * rows.group;
    return rows;
}

GPU_DEVICE int attention_row_token(const struct attention_rows &rows, int r)
{
    return PACK_GQA ? (int)((unsigned)r / (unsigned)rows.group) : r;
}

GPU_DEVICE int attention_row_head(const struct attention_rows &rows, int r)
{
    return rows.first_head + (PACK_GQA ? (int)((unsigned)r % (unsigned)rows.group) : 0);
}

#endif
