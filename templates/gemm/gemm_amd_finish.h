/* What becomes of a wave's sums, for gemm_mfma and gemm_wmma: D, or the workspace where k is split.
 *
 *     EPILOGUE_DIRECT    each lane writes what it holds: runs of 8 or 16 bytes of FORM lines of D at once
 *     EPILOGUE_SHARED    finished elements of FORM rows go through shared memory, a slab that is the wave's
 *                        own, so that lanes side by side write a line together
 *
 * A slab's rows are 16 bytes further apart than they are long: eight lanes that write 16 bytes each to eight
 * rows then meet in no bank. Needs gemm_mfma_sums.h or gemm_wmma_sums.h, gemm_gpu_epilogue.h and
 * gemm_gpu_split.h before it. */
#ifndef TUNEBOOK_GEMM_AMD_FINISH_H
#define TUNEBOOK_GEMM_AMD_FINISH_H

#define D_FOURS      (N_TILES / PARTS) /* fours of D's columns that a lane has */
#define WAVE_COLUMNS (WAVE_N / PARTS)  /* of D */
#define SLAB_PITCH   (WAVE_COLUMNS * OUT_BYTES + 16)
#define SLAB_BYTES   (EPILOGUE == EPILOGUE_SHARED ? FORM * SLAB_PITCH : 0)
#define VECTOR       (16 / OUT_BYTES) /* elements of D that are written at once */
#define LANE_RUN     LEAST(RUN, VECTOR)

/* N sums of a row, with a glu their values, from column `column` of D on: to the workspace. */
template <int N>
GPU_DEVICE void finish_part(const struct gemm_args &args, long long item, long long row, long long column,
                            const float *sums, const float *values)
{
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

template <bool PARTIAL>
GPU_DEVICE void finish_directly(const struct gemm_args &args, long long item, long long row, long long column,
                                const float (*sums)[N_TILES][4])
{
    struct output out = output_of(args, item);
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        long long line = row + lane_row(i);
        if (line >= args.m) continue;
        GPU_UNROLL
        for (int four = 0; four < D_FOURS; four += LANE_RUN / 4) {
            const float *values = sums[i][GLU ? D_FOURS + four : four];
            if (PARTIAL)
                finish_part<LANE_RUN>(args, item, line, column + lane_column(four), sums[i][four], values);
            else
                output_run<LANE_RUN>(&out, line, column + lane_column(four), sums[i][four], values);
        }
    }
}

/* --- by way of shared memory --- */

/* Elements of D into the slab; those beyond its rows or columns are nothing. */
template <int N>
GPU_DEVICE void slab_write(const struct output *out, bool inside, long long row, long long column,
                           const float *sums, const float *values, unsigned char *to)
{
    float x[N];
    bool whole = inside && column + N <= out->columns;
    if (whole && out->beta != 0) load_run<N, ALIGN_IN_PLACE>(out->c + row * out->ldc + column, x);
    GPU_UNROLL
    for (int i = 0; i < N; i++) {
        bool exists = whole || (inside && column + i < out->columns);
        float addend = !exists || out->beta == 0 ? 0
                       : whole                   ? x[i]
                                                 : out_element(out->c + row * out->ldc + column + i);
        x[i] = exists ? output_element(out, column + i, sums[i], GLU ? values[i] : 0) : 0;
        if (out->beta != 0) x[i] = gpu_fma(out->beta, addend, x[i]);
    }
    store_run<N, 4>((out_t *)to, x);
}

/* 16 bytes of D from the slab. */
GPU_DEVICE void slab_read(const struct output *out, long long row, long long column,
                          const unsigned char *from)
{
    constexpr int ACCESS = 1 << LEAST(ALIGN_D, 4), STEP = ACCESS < 4 ? 1 : ACCESS / 4;
    out_t *d = out->d + row * out->ldd + column;
    if (ACCESS < 4 || column + VECTOR > out->columns) {
        GPU_UNROLL
        for (int i = 0; i < VECTOR; i++)
            if (column + i < out->columns) d[i] = ((const out_t *)from)[i];
        return;
    }
    unsigned word[4];
    load_words<4>(from, word);
    GPU_UNROLL
    for (int i = 0; i < 4; i += STEP) store_words<STEP>((char *)d + 4 * i, word + i);
}

GPU_DEVICE void finish_through_shared(const struct gemm_args &args, long long item, long long row,
                                      long long column, unsigned char *slab, const float (*sums)[N_TILES][4])
{
    constexpr int RUNS = WAVE_COLUMNS / VECTOR, TURNS = (FORM * RUNS + 63) / 64;
    struct output out = output_of(args, item);
    int wave_column = wave_n() * WAVE_COLUMNS;
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        long long line = row + lane_row(i);
        if (i > 0) gpu_wave_barrier(); /* what the tile before left here has been read */
        GPU_UNROLL
        for (int four = 0; four < D_FOURS; four += LANE_RUN / 4)
            slab_write<LANE_RUN>(&out, line < args.m, line, column + lane_column(four), sums[i][four],
                                 sums[i][GLU ? D_FOURS + four : four],
                                 slab + form_lane() * SLAB_PITCH +
                                     (lane_column(four) - wave_column) * OUT_BYTES);
        gpu_wave_barrier();
        line = row + (i * WAVES_M + wave_m()) * FORM;
        GPU_UNROLL
        for (int turn = 0; turn < TURNS; turn++) {
            int index = turn * 64 + (int)gpu_lane(), y = index / RUNS, x = index % RUNS * VECTOR;
            if ((FORM * RUNS % 64 == 0 || y < FORM) && line + y < args.m)
                slab_read(&out, line + y, column + wave_column + x, slab + y * SLAB_PITCH + x * OUT_BYTES);
        }
    }
}

/* The wave's sums; (row, column): the block's first in D. Shared memory is free. */
template <bool PARTIAL>
GPU_DEVICE void finish(const struct gemm_args &args, long long item, long long row, long long column,
                       unsigned char *shared, const float (*sums)[N_TILES][4])
{
    if (PARTIAL || EPILOGUE == EPILOGUE_DIRECT)
        finish_directly<PARTIAL>(args, item, row, column, sums);
    else
        finish_through_shared(args, item, row, column, shared + (int)gpu_wave() * SLAB_BYTES, sums);
}

#endif
