/* The sums of gemm_skinny's waves added up, in order, and on to D; where k is split by way of the workspace,
 * by the block that comes last. Needs gemm_skinny_math.h and gemm_gpu_epilogue.h.
 *
 * In shared memory each of WAVES_K waves has ROWS rows of the block's columns, gates and then values; behind
 * them, where k is split, a word for whether this block is last. The workspace begins with a count for each
 * tile, zeroed before the kernel; then each tile has a place for each slice, like one wave's in shared
 * memory. */
#ifndef TUNEBOOK_GEMM_SKINNY_FINISH_H
#define TUNEBOOK_GEMM_SKINNY_FINISH_H

#define BLOCK_COLUMNS (PARTS * D_COLUMNS)
#define BLOCK_SUMS    (ROWS * BLOCK_COLUMNS)
#define SUMS_BYTES    ((WAVES_K * BLOCK_SUMS * 4 + 127) / 128 * 128 + (SPLIT_K == 1 ? 0 : 128))
#define RUN           LEAST(D_COLUMNS, 4)

/* Where column c of the lane's tiles, of lane place n, stands in a row. */
GPU_DEVICE int place_of_column(const struct place &place, int c, int n)
{
    int within = (c / COLUMNS * LANES_N + n) * COLUMNS + c % COLUMNS;
    return within / WAVE_PART * D_COLUMNS + place.wave_n * WAVE_PART + within % WAVE_PART;
}

#if MATH == MATH_FMA
/* Lanes along k add up; then each leaves every LANES_K-th sum. */
GPU_DEVICE void leave_sums(const struct place &place, struct sums sums, float *to)
{
    GPU_UNROLL
    for (int r = 0; r < ROWS; r++) {
        GPU_UNROLL
        for (int c = 0; c < LANE_COLUMNS; c++) {
            float x = sums.x[r][c];
            GPU_UNROLL
            for (int n = 1; n < LANES_K; n *= 2)
                x += gpu_shuffle_xor(x, (unsigned)(ALONG_K ? n : n * LANES_N));
            if ((r * LANE_COLUMNS + c) % LANES_K == place.k)
                to[r * BLOCK_COLUMNS + place_of_column(place, c, place.n)] = x;
        }
    }
}
#else
/* Who holds which element of D: gpu_mma.h, gpu_mfma.h, gpu_wmma.h. */
#define HELD (GPU_HAS_WMMA ? 8 : 4)

GPU_DEVICE void leave_sums(const struct place &place, const struct sums &sums, float *to)
{
    int lane = (int)gpu_lane();
    GPU_UNROLL
    for (int c = 0; c < LANE_COLUMNS; c++) {
        GPU_UNROLL
        for (int i = 0; i < HELD; i++) {
            int row = GPU_NVIDIA           ? lane / 4 + i / 2 * 8
                      : GPU_ARCH == 0x1100 ? lane / 16 + i * 2
                                           : lane / 16 * HELD + i;
            int n = GPU_NVIDIA ? lane % 4 * 2 + i % 2 : lane % 16;
            if (row < ROWS) to[row * BLOCK_COLUMNS + place_of_column(place, c, n)] = sums.x[c][i];
        }
    }
}
#endif

/* RUN floats from each of `n` places that are BLOCK_SUMS apart, added up in order. */
GPU_DEVICE void add_up(const float *from, int n, float *x)
{
    GPU_UNROLL
    for (int i = 0; i < RUN; i++) x[i] = 0;
    for (int s = 0; s < n; s++) {
        unsigned word[RUN];
        load_words<RUN>(from + s * BLOCK_SUMS, word);
        GPU_UNROLL
        for (int i = 0; i < RUN; i++) x[i] += gpu_float(word[i]);
    }
}

/* The tile from `n` places to D, or to a place in the workspace where that is not 0. */
GPU_DEVICE void add_up_tile(const struct work &work, const float *from, int n, float *workspace)
{
    struct output out = output_of(*work.args, work.item);
    for (int at = (int)gpu_thread_x(); at < work.rows * (D_COLUMNS / RUN); at += THREADS) {
        int row = at / (D_COLUMNS / RUN), column = at % (D_COLUMNS / RUN) * RUN;
        int place = row * BLOCK_COLUMNS + column;
        float x[RUN], values[RUN];
        add_up(from + place, n, x);
        if (GLU) add_up(from + place + D_COLUMNS, n, values);
        if (!workspace) {
            output_run<RUN>(&out, work.row + row, (long long)work.tile * D_COLUMNS + column, x, values);
            continue;
        }
        store_floats<RUN>(workspace + place, x);
        if (GLU) store_floats<RUN>(workspace + place + D_COLUMNS, values);
    }
}

/* `tiles`: of an item, in one pass. */
GPU_DEVICE void finish(const struct work &work, int tiles, float *shared, const struct sums &sums)
{
    leave_sums(work.place, sums, shared + work.place.wave_k * BLOCK_SUMS);
    gpu_barrier();
#if SPLIT_K == 1
    (void)tiles;
    add_up_tile(work, shared, WAVES_K, 0);
#else
    unsigned *counts = (unsigned *)work.args->workspace, *last = (unsigned *)(shared + WAVES_K * BLOCK_SUMS);
    long long passes = PASSES(*work.args);
    long long tile = (work.item * tiles + work.tile) * passes + work.row / ROWS;
    long long n_counts = (work.args->batch * tiles * passes + 31) / 32 * 32;
    float *places = (float *)(counts + n_counts) + tile * SPLIT_K * BLOCK_SUMS;
    add_up_tile(work, shared, WAVES_K, places + gpu_block_y() * BLOCK_SUMS);
    gpu_barrier(); /* this thread now answers for what all of the block have written */
    if (gpu_thread_x() == 0) *last = gpu_atomic_add_acq_rel(counts + tile, 1u) == SPLIT_K - 1;
    gpu_barrier();
    if (*last) add_up_tile(work, places, SPLIT_K, 0);
#endif
}

#endif
