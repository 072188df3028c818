/* What becomes of a wave's rows, for attention_mma: O and LSE, or the workspace where keys are split among
 * blocks.
 *
 * A quad's lanes hold two columns of eight each. Four such eights are exchanged among the lanes, so that each
 * writes 16 bytes of O. Needs attention_mma_softmax.h before it. */
#ifndef TUNEBOOK_ATTENTION_MMA_FINISH_H
#define TUNEBOOK_ATTENTION_MMA_FINISH_H

/* Word k of lane t becomes word t of lane k. */
GPU_DEVICE void quad_transpose(unsigned *word)
{
    GPU_UNROLL
    for (int step = 1; step <= 2; step *= 2) {
        bool upper = gpu_lane() & step;
        GPU_UNROLL
        for (int i = 0; i < 4; i++) {
            if (i & step) continue;
            unsigned got = gpu_shuffle_xor(upper ? word[i] : word[i + step], step);
            if (upper)
                word[i] = got;
            else
                word[i + step] = got;
        }
    }
}

/* Half `half` of the lane's rows `i`, all lanes of the wave together; `to`: the row's head in O. */
GPU_DEVICE void write_row(const struct attention_ending &ending, const float (*o)[4], int half, bool exists,
                          o_t *to)
{
    constexpr int TURNED = O_BYTES == 2 ? VALUE_TILES / 4 * 4 : 0;
    int t = (int)gpu_lane() % 4;
    GPU_UNROLL
    for (int j = 0; j < TURNED; j += 4) {
        unsigned word[4];
        GPU_UNROLL
        for (int k = 0; k < 4; k++) {
            float pair[2] = {attention_output(ending, o[j + k][half * 2]),
                             attention_output(ending, o[j + k][half * 2 + 1])};
            numbers_to<O_TYPE, 2>(pair, word + k);
        }
        quad_transpose(word);
        if (exists) words_store<16>(to + (j + t) * 8, word);
    }
    GPU_UNROLL
    for (int j = TURNED; j < VALUE_TILES; j++)
        if (exists) attention_store<2>(ending, o[j] + half * 2, to + j * 8 + t * 2);
}

GPU_DEVICE void write_partial(const struct attention_partial &partial, const float (*o)[4], int half,
                              float max, float sum)
{
    int t = (int)gpu_lane() % 4;
    GPU_UNROLL
    for (int j = 0; j < VALUE_TILES; j++) {
        unsigned word[2] = {gpu_bits(o[j][half * 2]), gpu_bits(o[j][half * 2 + 1])};
        words_store<8>(partial.sums + j * 8 + t * 2, word);
    }
    if (t == 0) attention_partial_state(partial, max, sum);
}

/* The wave's rows, of which `row` is the first. */
GPU_DEVICE void finish(const struct attention_args &args, const struct attention_sequence &s,
                       const struct attention_rows &of, int row, const struct rows &rows)
{
    int splits = SPLITS == 1 ? 1 : (int)gpu_grid_y();
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) {
        int r = row + i * 8 + (int)gpu_lane() / 4;
        bool exists = r < of.n;
        if (!exists) r = 0;
        int token = attention_row_token(of, r), head = attention_row_head(of, r);
        float max = rows.max[i / 2][i % 2], sum = quad_sum(rows.sum[i / 2][i % 2]);
        if (splits > 1) {
            struct attention_partial partial =
                attention_partial_of(args, s.number, token, head, (int)gpu_block_y(), splits);
            if (exists) write_partial(partial, rows.o[i / 2], i % 2, max, sum);
            continue;
        }
        struct attention_ending ending = attention_ending_of(args, s.number, head, of.kv_head, max, sum);
        write_row(ending, rows.o[i / 2], i % 2, exists, attention_o(args, s, token, head));
        if (LSE && exists && gpu_lane() % 4 == 0) *attention_lse(args, s, token, head) = ending.lse;
    }
}

#endif
