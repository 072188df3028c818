/* A block's sums along k, for gemm_simt: tiles come into shared memory while others are multiplied.
 *
 * A thread's rows and columns are runs of ROW_RUN and COLUMN_RUN. Runs of neighbouring threads lie side by
 * side: thread (y, x)'s group g of rows begins at (g * THREADS_M + y) * ROW_RUN, so that a wave reads shared
 * memory without gaps. Needs the configuration's macros and gemm_simt_stage.h. WAVE_SHAPE says which threads
 * make a wave: WAVE_SHAPE_ROWS     whole rows of threads WAVE_SHAPE_SQUARE   eight threads wide, which reads
 * fewer different words */
#ifndef TUNEBOOK_GEMM_SIMT_SUMS_H
#define TUNEBOOK_GEMM_SIMT_SUMS_H

GPU_DEVICE void thread_place(int *y, int *x)
{
#if WAVE_SHAPE == WAVE_SHAPE_SQUARE
    unsigned lane = gpu_lane(), wave = gpu_wave(), waves = THREADS_N / 8;
    *x = (int)(wave % waves * 8 + lane % 8);
    *y = (int)(wave / waves * (GPU_WAVE / 8) + lane / 8);
#else
    *x = (int)(gpu_thread_x() % THREADS_N);
    *y = (int)(gpu_thread_x() / THREADS_N);
#endif
}

/* The thread's row `i`, and the first column of its run at sum `j`, both within the block. */
GPU_DEVICE int row_within(int i, int y)
{
    return (i / ROW_RUN * THREADS_M + y) * ROW_RUN + i % ROW_RUN;
}

GPU_DEVICE int column_within(int j, int x)
{
    return (j / COLUMN_RUN * THREADS_N + x) * COLUMN_RUN;
}

/* COUNT floats of step k, in runs of RUN that are RUN * SIDE_THREADS apart. */
template <class S, int COUNT, int RUN, int SIDE_THREADS>
GPU_DEVICE void fragment(const float *tile, int k, int thread, float *out)
{
    GPU_UNROLL
    for (int i = 0; i < COUNT; i += RUN) {
        const float *from = tile + shared_place<S>((i / RUN * SIDE_THREADS + thread) * RUN, k);
        unsigned word[RUN];
        load_words<RUN>(from, word);
        GPU_UNROLL
        for (int j = 0; j < RUN; j++) out[i + j] = gpu_float(word[j]);
    }
}

GPU_DEVICE void multiply(const float *stage, int y, int x, float (*sums)[THREAD_N])
{
    GPU_UNROLL_BY(UNROLL_K)
    for (int k = 0; k < TILE_K; k++) {
        float a[THREAD_M], b[THREAD_N];
        fragment<side_a, THREAD_M, ROW_RUN, THREADS_M>(stage, k, y, a);
        fragment<side_b, THREAD_N, COLUMN_RUN, THREADS_N>(stage + side_a::FLOATS, k, x, b);
        GPU_UNROLL
        for (int i = 0; i < THREAD_M; i++) {
            GPU_UNROLL
            for (int j = 0; j < THREAD_N; j++) sums[i][j] = gpu_fma(a[i], b[j], sums[i][j]);
        }
    }
}

/* A slice of k: TILE_K steps a tile, of which the last may have fewer. */
struct range {
    long long first, k; /* k: where the matrix ends */
    int tiles;
};

GPU_DEVICE int depth_at(const struct range &range, long long k)
{
    return range.k - k < TILE_K ? (int)(range.k - k) : TILE_K;
}

/* The sums of a slice, on top of `sums`. When it returns nobody uses shared memory. Loops begin where nothing
 * can be multiplied yet, so that each part of them stands once. */
GPU_DEVICE void accumulate(const struct operand &a, const struct operand &b, const struct range &range,
                           float *shared, int y, int x, float (*sums)[THREAD_N])
{
#if COPY == COPY_ASYNC
    GPU_NO_UNROLL
    for (int t = 1 - STAGES; t < range.tiles; t++) {
        int next = t + STAGES - 1;
        long long k = range.first + (long long)next * TILE_K;
        int depth = depth_at(range, k);
        float *stage = shared + next % STAGES * STAGE_FLOATS;
        if (t >= 0) {
            GPU_COPY_WAIT(STAGES - 2);
            gpu_barrier(); /* tile t has come for all, and all are done with t - 1, whose place is next's */
        }
        if (next < range.tiles) {
            copy<side_a>(&a, k, depth, stage);
            copy<side_b>(&b, k, depth, stage + side_a::FLOATS);
        }
        gpu_copy_commit();
        if (t >= 0) multiply(shared + t % STAGES * STAGE_FLOATS, y, x, sums);
    }
    gpu_barrier();
#else
    unsigned raw_a[side_a::LOADS][side_a::WORDS], raw_b[side_b::LOADS][side_b::WORDS];
    GPU_NO_UNROLL
    for (int t = -1; t < range.tiles; t++) {
        bool more = t + 1 < range.tiles;
        long long k = range.first + (long long)(t + 1) * TILE_K;
        int depth = depth_at(range, k);
        float *stage = shared + (t + 1) % STAGES * STAGE_FLOATS;
        if (more) {
            fetch<side_a>(&a, k, depth, raw_a);
            fetch<side_b>(&b, k, depth, raw_b);
        }
        if (t >= 0) multiply(shared + t % STAGES * STAGE_FLOATS, y, x, sums);
        if (STAGES == 1) gpu_barrier(); /* all are done with tile t, whose place is the next one's */
        if (more) {
            put<side_a>(stage, raw_a);
            put<side_b>(stage + side_a::FLOATS, raw_b);
        }
        gpu_barrier();
    }
#endif
}

#endif
