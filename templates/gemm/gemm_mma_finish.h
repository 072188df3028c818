/* What becomes of a wave's sums, for gemm_mma: D, or the workspace where k is split.
 *
 *     EPILOGUE_DIRECT    each lane writes what it holds: two columns of a row
 *     EPILOGUE_SHARED    16 rows at a time go through shared memory, a slab that is the wave's own, so that
 *                        lanes side by side write 16 bytes each
 *
 * Rows of a slab are eight words more than they need apart: the four rows that half a wave writes at once
 * then lie in different banks.
 *
 * Needs gemm_mma_sums.h, gemm_gpu_epilogue.h and gemm_gpu_split.h before it. */
#ifndef TUNEBOOK_GEMM_MMA_FINISH_H
#define TUNEBOOK_GEMM_MMA_FINISH_H

#define WAVE_COLUMNS (GLU ? WARP_N / 2 : WARP_N) /* of D */
#define SLAB_PITCH   (WARP_N + 8)                /* floats */
#define SLAB_BYTES   (EPILOGUE == EPILOGUE_SHARED ? 16 * SLAB_PITCH * 4 : 0)
#define RUN          (16 / OUT_BYTES) /* columns that are written at once */

/* N sums of a row, with a glu their values, from column `column` of D on: to D, or to the workspace where
 * PARTIAL. */
template <int N, bool PARTIAL>
GPU_DEVICE void finish_run(const struct gemm_args &args, long long item, long long row, long long column,
                           const float *sums, const float *values)
{
    if constexpr (!PARTIAL) {
        struct output out = output_of(args, item);
        output_run<N>(&out, row, column, sums, values);
    } else {
        constexpr bool ADDED = SPLIT_MODE == SPLIT_MODE_ATOMICS;
        constexpr int PART = LEAST(N, 4);
        struct partial out = partial_of(args, item, ADDED ? 1 : gpu_grid_y());
        float *line = out.first + (ADDED ? 0 : gpu_block_y() * out.slice) + row * out.pitch + column;
        GPU_UNROLL
        for (int i = 0; i < N; i += PART) {
            if (column + i >= out.half) continue;
            partial_run<PART>(line + i, sums + i);
            if (GLU) partial_run<PART>(line + out.half + i, values + i);
        }
    }
}

/* 16 rows of the wave, from `row` on, which lie in `slab`. */
template <bool PARTIAL>
GPU_DEVICE void finish_slab(const struct gemm_args &args, long long item, long long row, long long column,
                            const float *slab)
{
    constexpr int RUNS = WAVE_COLUMNS / RUN, TURNS = (16 * RUNS + 31) / 32;
    GPU_UNROLL_BY(2)
    for (int turn = 0; turn < TURNS; turn++) {
        int index = turn * 32 + (int)gpu_lane(), y = index / RUNS, x = index % RUNS * RUN;
        float sums[RUN], values[RUN];
        if ((16 * RUNS % 32 != 0 && y >= 16) || row + y >= args.m) continue;
        load_floats(slab + y * SLAB_PITCH + x, sums, RUN);
        if (GLU) load_floats(slab + y * SLAB_PITCH + WARP_N / 2 + x, values, RUN);
        finish_run<RUN, PARTIAL>(args, item, row + y, column + x, sums, GLU ? values : sums);
    }
}

template <bool PARTIAL>
GPU_DEVICE void finish_through_shared(const struct gemm_args &args, long long item, long long row,
                                      long long column, float *slab, const float (*sums)[N_TILES][4])
{
    int lane = (int)gpu_lane();
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        if (i > 0) gpu_wave_barrier();
        GPU_UNROLL
        for (int j = 0; j < N_TILES; j++) {
            float *at = slab + lane / 4 * SLAB_PITCH + j * 8 + lane % 4 * 2;
            store_floats<2>(at, sums[i][j]);
            store_floats<2>(at + 8 * SLAB_PITCH, sums[i][j] + 2);
        }
        gpu_wave_barrier();
        finish_slab<PARTIAL>(args, item, row + i * 16, column, slab);
    }
}

template <bool PARTIAL>
GPU_DEVICE void finish_directly(const struct gemm_args &args, long long item, long long row, long long column,
                                const float (*sums)[N_TILES][4])
{
    constexpr int TILES = GLU ? N_TILES / 2 : N_TILES;
    int lane = (int)gpu_lane();
    row += lane / 4;
    column += lane % 4 * 2;
    GPU_UNROLL
    for (int i = 0; i < 2 * M_TILES; i++) {
        if (row + i * 8 >= args.m) continue;
        GPU_UNROLL
        for (int j = 0; j < TILES; j++) {
            const float *pair = sums[i / 2][j] + i % 2 * 2;
            finish_run<2, PARTIAL>(args, item, row + i * 8, column + j * 8, pair,
                                   GLU ? sums[i / 2][j + TILES] + i % 2 * 2 : pair);
        }
    }
}

/* The wave's sums; (row, column): the block's first in D. Shared memory from `slabs` on is free. */
template <bool PARTIAL>
GPU_DEVICE void finish(const struct gemm_args &args, long long item, long long row, long long column,
                       unsigned char *slabs, const float (*sums)[N_TILES][4])
{
    row += wave_row();
    column += (int)gpu_wave() / WAVES_M * WAVE_COLUMNS;
    if (EPILOGUE == EPILOGUE_SHARED)
        finish_through_shared<PARTIAL>(args, item, row, column,
                                       (float *)(slabs + (int)gpu_wave() * SLAB_BYTES), sums);
    else
        finish_directly<PARTIAL>(args, item, row, column, sums);
}

#endif
