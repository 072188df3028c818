/* Split KV: the keys that a tile of rows sees are shared out among `splits` blocks in whole tiles; each
 * leaves what it has in the workspace, and attention_combine, a second launch step, adds it up in the order
 * of the splits.
 *
 * Workspace: for each split and each row (sequence, token below q_len, head of Q) SIZE_DV f32 sums of
 * weighted values; behind all of these for each split and row two f32, maximum (base 2) and sum of weights.
 * In bytes
 *
 *     splits * batch * q_len * q_heads * (dv + 2) * 4
 *
 * Every split writes the state of every row of its sequence, also where it has no keys: its sum is 0 then,
 * and the sums of values are not read.
 *
 * attention_combine: COMBINE_THREADS a block, any grid in x; its y is the number of splits. A thread has four
 * columns of a row. */
#ifndef TUNEBOOK_ATTENTION_GPU_SPLIT_H
#define TUNEBOOK_ATTENTION_GPU_SPLIT_H

#include "attention_gpu_mask.h"
#include "attention_gpu_finish.h"

#define COMBINE_THREADS 256

/* Of tiles (attention_tiles) those of one split: as many for each, and one more for some. */
GPU_DEVICE struct attention_range attention_split_of(struct attention_range tiles, int split, int splits)
{
    int n = tiles.last - tiles.first, each = (int)((unsigned)n / (unsigned)splits), more = n - each * splits;
    struct attention_range part;
    part.first = tiles.first + split * each + (split < more ? split : more);
    part.last = part.first + each + (split < more);
    return part;
}

struct attention_partial {
    float *sums;  /* SIZE_DV */
    float *state; /* maximum, sum: 8-byte aligned */
};

GPU_DEVICE struct attention_partial attention_partial_of(const struct attention_args &args, int b, int token,
                                                         int head, int split, int splits)
{
    long long rows = args.batch * args.q_len * args.q_heads;
    long long row = (b * args.q_len + token) * args.q_heads + head, at = split * rows + row;
    struct attention_partial partial;
    partial.sums = (float *)args.workspace + at * SIZE_DV;
    partial.state = (float *)args.workspace + splits * rows * SIZE_DV + at * 2;
    return partial;
}

GPU_DEVICE void attention_partial_state(const struct attention_partial &partial, float max, float sum)
{
    gpu_u32x2 state = {gpu_bits(max), gpu_bits(sum)};
    gpu_store8(partial.state, state);
}

/* --- the second step --- */

/* Four columns of a row: sums over the splits, with the maximum of all. */
GPU_DEVICE void attention_add_splits(const struct attention_args &args, int b, int token, int head,
                                     int splits, int column, float *max, float *sum, float *sums)
{
    *max = ATTENTION_HIDDEN;
    for (int split = 0; split < splits; split++)
        *max = gpu_max(*max, attention_partial_of(args, b, token, head, split, splits).state[0]);
    float base = attention_base(*max);
    *sum = 0;
    GPU_UNROLL
    for (int i = 0; i < 4; i++) sums[i] = 0;
    for (int split = 0; split < splits; split++) {
        struct attention_partial partial = attention_partial_of(args, b, token, head, split, splits);
        gpu_u32x2 state = gpu_load8(partial.state);
        if (gpu_float(state[1]) == 0) continue;
        float factor = gpu_exp2(gpu_float(state[0]) - base);
        unsigned word[4];
        words_load<16>(partial.sums + column, word);
        *sum = gpu_fma(gpu_float(state[1]), factor, *sum);
        GPU_UNROLL
        for (int i = 0; i < 4; i++) sums[i] = gpu_fma(gpu_float(word[i]), factor, sums[i]);
    }
}

GPU_DEVICE void attention_combine_run(const struct attention_args &args, long long row, int column,
                                      int splits)
{
    long long token_row = row / args.q_heads;
    int head = (int)(row - token_row * args.q_heads), b = (int)(token_row / args.q_len);
    int token = (int)(token_row - b * args.q_len), kv_head = (int)(head / (args.q_heads / args.kv_heads));
    struct attention_sequence s = attention_sequence_of(args, b);
    if (token >= s.queries) return;
    float max, sum, sums[4];
    attention_add_splits(args, b, token, head, splits, column, &max, &sum, sums);
    struct attention_ending ending = attention_ending_of(args, b, head, kv_head, max, sum);
    attention_store<4>(ending, sums, attention_o(args, s, token, head) + column);
    if (LSE && column == 0) *attention_lse(args, s, token, head) = ending.lse;
}

GPU_KERNEL(COMBINE_THREADS) attention_combine(GPU_ARGS(struct attention_args, args))
{
    int splits = (int)gpu_grid_y();
    long long blocks = (long long)gpu_grid_x() * gpu_grid_y();
    long long block = gpu_block_x() + (long long)gpu_block_y() * gpu_grid_x();
    long long end = args.batch * args.q_len * args.q_heads * (SIZE_DV / 4);
    for (long long at = block * COMBINE_THREADS + gpu_thread_x(); at < end; at += blocks * COMBINE_THREADS) {
        long long row = at / (SIZE_DV / 4);
        attention_combine_run(args, row, (int)(at - row * (SIZE_DV / 4)) * 4, splits);
    }
}

#endif
