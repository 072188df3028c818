/* attention_simt's rows when their keys are done: lanes and groups are put together, and what comes of it
 * goes to O and LSE, or to the workspace. Needs attention_simt_math.h. */
#ifndef TUNEBOOK_ATTENTION_SIMT_FINISH_H
#define TUNEBOOK_ATTENTION_SIMT_FINISH_H

GPU_DEVICE void add_lanes(struct state *state)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        GPU_UNROLL
        for (unsigned n = LANES / 2; n; n /= 2) state->sum[i] += gpu_shuffle_xor(state->sum[i], n);
    }
}

/* Of O: the thread's run `at` of all begins there, beyond the head where it has none. */
GPU_DEVICE int column_of(const struct place &place, int at)
{
    return has_run(place, at % RUNS) ? at / RUNS * WIDTH_V + run_column(place, at % RUNS) : SIZE_DV;
}

/* A row in shared memory: outputs, maximum, sum. */
GPU_DEVICE void lay_down(const struct place &place, const struct state &state, float *shared)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        float *row = shared + (place.row + i) * PITCH_O;
        GPU_UNROLL
        for (int at = 0; at < CHUNKS_V * RUNS; at++) {
            unsigned word[4];
            GPU_UNROLL
            for (int c = 0; c < 4; c++) word[c] = gpu_bits(state.o[i][at][c]);
            if (column_of(place, at) < SIZE_DV) words_store<16>(row + column_of(place, at), word);
        }
        if (place.lane == 0) {
            row[SIZE_DV] = state.max[i];
            row[SIZE_DV + 1] = state.sum[i];
        }
    }
}

GPU_DEVICE void pick_up(const struct place &place, const float *shared, struct state *state)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        const float *row = shared + (place.row + i) * PITCH_O;
        float max = gpu_max(state->max[i], row[SIZE_DV]), base = attention_base(max);
        float mine = gpu_exp2(state->max[i] - base), other = gpu_exp2(row[SIZE_DV] - base);
        state->max[i] = max;
        state->sum[i] = gpu_fma(row[SIZE_DV + 1], other, state->sum[i] * mine);
        GPU_UNROLL
        for (int at = 0; at < CHUNKS_V * RUNS; at++) {
            float x[4];
            if (column_of(place, at) >= SIZE_DV) continue;
            floats_from<4>(row + column_of(place, at), x);
            GPU_UNROLL
            for (int c = 0; c < 4; c++) state->o[i][at][c] = gpu_fma(x[c], other, state->o[i][at][c] * mine);
        }
    }
}

/* Group 0 gets what all have, one after the other. */
GPU_DEVICE void add_groups(const struct place &place, float *shared, struct state *state)
{
    GPU_NO_UNROLL
    for (int group = 1; group < GROUPS; group++) {
        gpu_barrier(); /* shared memory is not read any more */
        if (place.group == group) lay_down(place, *state, shared);
        gpu_barrier();
        if (place.group == 0) pick_up(place, shared, state);
    }
}

GPU_DEVICE void finish_row(const struct attention_args &args, const struct work &work,
                           const struct place &place, int token, int head, float max, float sum,
                           const float (*o)[4])
{
    struct attention_ending ending =
        attention_ending_of(args, work.s.number, head, work.rows.kv_head, max, sum);
    o_t *to = attention_o(args, work.s, token, head);
    GPU_UNROLL
    for (int at = 0; at < CHUNKS_V * RUNS; at++)
        if (column_of(place, at) < SIZE_DV) attention_store<4>(ending, o[at], to + column_of(place, at));
    if (LSE && place.lane == 0) *attention_lse(args, work.s, token, head) = ending.lse;
}

GPU_DEVICE void finish_partial(const struct attention_args &args, const struct work &work,
                               const struct place &place, int token, int head, int splits, float max,
                               float sum, const float (*o)[4])
{
    struct attention_partial partial =
        attention_partial_of(args, work.s.number, token, head, (int)gpu_block_y(), splits);
    GPU_UNROLL
    for (int at = 0; at < CHUNKS_V * RUNS; at++) {
        unsigned word[4];
        GPU_UNROLL
        for (int c = 0; c < 4; c++) word[c] = gpu_bits(o[at][c]);
        if (column_of(place, at) < SIZE_DV) words_store<16>(partial.sums + column_of(place, at), word);
    }
    if (place.lane == 0) attention_partial_state(partial, max, sum);
}

GPU_DEVICE void finish(const struct attention_args &args, const struct work &work, const struct place &place,
                       int splits, const struct state &state)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        int r = work.row + place.row + i;
        if (r >= work.rows.n) continue;
        int token = attention_row_token(work.rows, r), head = attention_row_head(work.rows, r);
        if (splits == 1)
            finish_row(args, work, place, token, head, state.max[i], state.sum[i], state.o[i]);
        else
            finish_partial(args, work, place, token, head, splits, state.max[i], state.sum[i], state.o[i]);
    }
}

#endif
