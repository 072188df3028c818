/* What becomes of a wave's sums, for attention_mfma: waves that shared out a tile's keys are added up, then
 * O, or the workspace where keys are split among blocks.
 *
 * Waves of the same rows leave what they have in shared memory, lane by lane, and the first of them adds it
 * up in their order. */
#ifndef TUNEBOOK_ATTENTION_MFMA_FINISH_H
#define TUNEBOOK_ATTENTION_MFMA_FINISH_H

#define ROW_SUMS    (V_TILES * HELD)           /* of a lane and tile of rows */
#define LEFT_FLOATS (M_TILES * (ROW_SUMS + 2)) /* of a lane; word by word, all lanes side by side */
#define LEFT_BYTES  (WAVES_N == 1 ? 0 : WAVES_M * (WAVES_N - 1) * LEFT_FLOATS * 256)

GPU_DEVICE float *left_by(unsigned char *shared, int wave, int tile)
{
    return (float *)shared + ((wave * WAVES_M + wave_m()) * LEFT_FLOATS + tile * (ROW_SUMS + 2)) * 64 +
           gpu_lane();
}

GPU_DEVICE void leave(const struct rows_state &state, float *to, int tile)
{
    to[0] = state.softmax.max[tile];
    to[64] = state.softmax.sum[tile];
    GPU_UNROLL
    for (int n = 0; n < ROW_SUMS; n++) to[(n + 2) * 64] = state.outputs[tile][n / HELD][n % HELD];
}

GPU_DEVICE void add_left(const float *from, int tile, struct rows_state *state)
{
    float max = state->softmax.max[tile], other = from[0], base = attention_base(gpu_max(max, other));
    float own = gpu_exp2(max - base), its = gpu_exp2(other - base);
    state->softmax.max[tile] = gpu_max(max, other);
    state->softmax.sum[tile] = state->softmax.sum[tile] * own + from[64] * its;
    GPU_UNROLL
    for (int n = 0; n < ROW_SUMS; n++) {
        float sum = state->outputs[tile][n / HELD][n % HELD];
        state->outputs[tile][n / HELD][n % HELD] = sum * own + from[(n + 2) * 64] * its;
    }
}

/* True for the waves that have all of their rows. */
GPU_DEVICE bool add_up_waves(unsigned char *shared, struct rows_state *state)
{
#if WAVES_N > 1
    gpu_barrier_shared();
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++)
        if (wave_n() > 0) leave(*state, left_by(shared, wave_n() - 1, i), i);
    gpu_barrier_shared();
    if (wave_n() > 0) return false;
    GPU_NO_UNROLL
    for (int wave = 0; wave < WAVES_N - 1; wave++) {
        GPU_UNROLL
        for (int i = 0; i < M_TILES; i++) add_left(left_by(shared, wave, i), i, state);
    }
#else
    (void)shared, (void)state;
#endif
    return true;
}

/* --- of one row --- */

struct to_output {
    struct attention_ending ending;
    o_t *to;
};

template <int N> GPU_DEVICE void write_columns(const struct to_output &out, int column, const float *x)
{
    attention_store<N>(out.ending, x, out.to + column);
}

struct to_workspace {
    float *to;
};

template <int N> GPU_DEVICE void write_columns(const struct to_workspace &out, int column, const float *x)
{
    unsigned word[N];
    GPU_UNROLL
    for (int i = 0; i < N; i++) word[i] = gpu_bits(x[i]);
    words_store<4 * N>(out.to + column, word);
}

/* A row's sums, run by run, four or eight columns at once. */
template <int FIRST = 0, class OUT> GPU_DEVICE void write_row(const sums_t *outputs, const OUT &out)
{
    if constexpr (FIRST < V_TILES) {
        constexpr int RUN = run_of(FIRST), N = RUN == 1 ? 4 : 8;
        GPU_UNROLL
        for (int n = 0; n < HELD * RUN; n += N) {
            int row = (FORM == 32 ? n / RUN / 4 * 8 : 0) + 4 * form_group();
            int column = FIRST * FORM + RUN * row + n % (4 * RUN);
            float x[N];
            GPU_UNROLL
            for (int i = 0; i < N; i++) x[i] = outputs[FIRST + (n + i) % RUN][(n + i) / RUN];
            if (SIZE_DV % FORM == 0 || column < SIZE_DV) write_columns<N>(out, column, x);
        }
        write_row<FIRST + RUN>(outputs, out);
    }
}

GPU_DEVICE void finish_row(const struct attention_args &args, const struct attention_sequence &s,
                           const struct attention_rows &rows, int row, float max, float sum,
                           const sums_t *outputs)
{
    int token = attention_row_token(rows, row), head = attention_row_head(rows, row);
    if (SPLITS != 1 && gpu_grid_y() > 1) {
        struct attention_partial partial =
            attention_partial_of(args, s.number, token, head, (int)gpu_block_y(), (int)gpu_grid_y());
        struct to_workspace write = {partial.sums};
        write_row(outputs, write);
        if (form_group() == 0) attention_partial_state(partial, max, sum);
        return;
    }
    struct attention_ending ending = attention_ending_of(args, s.number, head, rows.kv_head, max, sum);
    struct to_output write = {ending, attention_o(args, s, token, head)};
    write_row(outputs, write);
    if (LSE && form_group() == 0) *attention_lse(args, s, token, head) = ending.lse;
}

/* The wave's rows, from `first` on. */
GPU_DEVICE void finish(const struct attention_args &args, const struct attention_sequence &s,
                       const struct attention_rows &rows, int first, const struct rows_state &state)
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        float sum = sum_of_column(state.softmax.sum[i]);
        int row = first + i * FORM + form_lane();
        float max = state.softmax.max[i] - WEIGHTS_LOG2; /* at which the sums' weights are 1 */
        if (row < rows.n) finish_row(args, s, rows, row, max, sum, state.outputs[i]);
    }
}

#endif
