/* What becomes of a wave's sums, for gemm_mfma: D, or the workspace where k is split. Needs gemm_mfma_sums.h,
 * gemm_gpu_epilogue.h and gemm_gpu_split.h before it. */
#ifndef TUNEBOOK_GEMM_MFMA_FINISH_H
#define TUNEBOOK_GEMM_MFMA_FINISH_H

#define D_FOURS (N_TILES / PARTS) /* fours of D's columns that a lane has */

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
        struct partial out = partial_of(args, item, ADDED ? 1 : gpu_grid_y());
        float *line = out.first + (ADDED ? 0 : gpu_block_y() * out.slice) + row * out.pitch + column;
        GPU_UNROLL
        for (int i = 0; i < N; i += 4) {
            if (column + i >= out.half) continue;
            partial_run<4>(line + i, sums + i);
            if (GLU) partial_run<4>(line + out.half + i, values + i);
        }
    }
}

/* The wave's sums; (row, column): the block's first in D. */
template <bool PARTIAL>
GPU_DEVICE void finish(const struct gemm_args &args, long long item, long long row, long long column,
                       const float (*sums)[N_TILES][4])
{
    constexpr int N = LEAST(RUN, 16 / OUT_BYTES);
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        if (row + lane_row(i) >= args.m) continue;
        GPU_UNROLL
        for (int four = 0; four < D_FOURS; four += N / 4)
            finish_run<N, PARTIAL>(args, item, row + lane_row(i), column + lane_column(four), sums[i][four],
                                   sums[i][GLU ? D_FOURS + four : four]);
    }
}

#endif
