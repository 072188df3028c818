/* A block's sums along k, for gemm_mma: STAGES - 1 tiles are on their way while one is multiplied.
 *
 * A wave's sums are M_TILES x N_TILES tiles of 16 x 8, of which a lane holds four floats each: rows lane / 4
 * and eight below, columns lane % 4 * 2 and the next (PTX ISA, "Matrix Fragments for mma.m16n8k16"). With a
 * glu the second half of its column tiles are the values of the first half, so that a lane has both.
 *
 * With FRAGMENTS 2 a wave reads the next 16 steps of k from shared memory while it multiplies the present
 * ones, across the boundary of tiles too; with 1 it waits for each, and has room for more sums. Needs
 * gemm_mma_stage.h before it. */
#ifndef TUNEBOOK_GEMM_MMA_SUMS_H
#define TUNEBOOK_GEMM_MMA_SUMS_H

#define M_TILES (WARP_M / 16)
#define N_TILES (WARP_N / 8)
#define K_STEPS (TILE_K / 16)

#if A_TYPE == DTYPE_F16
#define MMA gpu_mma_m16n8k16_f32_f16
#else
#define MMA gpu_mma_m16n8k16_f32_bf16
#endif

/* The wave's first row within the block. */
GPU_DEVICE int wave_row(void)
{
    return (int)gpu_wave() % WAVES_M * WARP_M;
}

/* Where its tile of columns number `tile` begins in the block's tile of B. */
GPU_DEVICE int wave_column(int tile)
{
    int wave = (int)gpu_wave() / WAVES_M;
    if (!GLU) return wave * WARP_N + tile * 8;
    return wave * (WARP_N / 2) + tile * 8 + (tile < N_TILES / 2 ? 0 : TILE_N / 2 - WARP_N / 2);
}

/* What a wave multiplies at once: 16 steps of k. */
struct fragments {
    unsigned a[4 * M_TILES], b[2 * N_TILES];
};

GPU_DEVICE void load_fragments(const unsigned char *stage, int step, struct fragments *out)
{
    int lane = (int)gpu_lane() & 31, k = step * 16;
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        int row = wave_row() + i * 16;
        if constexpr (A_ALONG_K)
            gpu_ldmatrix_x4(out->a + 4 * i, stage + shared_place<side_a>(row + lane % 16, k + lane / 16 * 8));
        else
            gpu_ldmatrix_trans_x4(out->a + 4 * i, stage + shared_place<side_a>(k + lane / 16 * 8 + lane % 8,
                                                                               row + lane / 8 % 2 * 8));
    }
    stage += side_a::TILE_BYTES;
    GPU_UNROLL
    for (int j = 0; j < N_TILES; j += 2) {
        int column = wave_column(j + lane / 16), half = lane / 8 % 2 * 8;
        if constexpr (B_ALONG_K)
            gpu_ldmatrix_x4(out->b + 2 * j, stage + shared_place<side_b>(column + lane % 8, k + half));
        else
            gpu_ldmatrix_trans_x4(out->b + 2 * j, stage + shared_place<side_b>(k + half + lane % 8, column));
    }
}

/* Rows forth and back, so that neighbours share B's registers. */
GPU_DEVICE void multiply(const struct fragments *of, float (*sums)[N_TILES][4])
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        GPU_UNROLL
        for (int n = 0; n < N_TILES; n++) {
            int j = i % 2 ? N_TILES - 1 - n : n;
            MMA(sums[i][j], of->a + 4 * i, of->b + 2 * j, sums[i][j]);
        }
    }
}

/* A slice of k: TILE_K steps a tile, of which the last may have fewer. */
struct range {
    long long first, k; /* k: where the matrix ends */
    int tiles;
};

/* Tiles on their way: `read` is the stage to be multiplied next, `write` the one that is free. */
struct pipe {
    struct copies a, b;
    int read, write;
};

GPU_DEVICE int next_stage(int stage)
{
    return stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES;
}

/* Of a tile's copies those that are begun beside step `step` of another one's products. */
template <class S, bool WHOLE>
GPU_DEVICE void copy_part(struct copies *from, int step, int depth, unsigned char *tile)
{
    GPU_UNROLL
    for (int i = 0; i < S::COPIES; i++)
        if (i * K_STEPS / S::COPIES == step) copy_next<S, WHOLE>(from, i, depth, tile);
}

template <bool WHOLE>
GPU_DEVICE void copy_beside(struct pipe *pipe, int step, const struct range &range, int tile,
                            unsigned char *shared)
{
    if (!WHOLE && tile >= range.tiles) return;
    long long left = range.k - range.first - (long long)tile * TILE_K;
    int depth = left < TILE_K ? (int)left : TILE_K;
    copy_part<side_a, WHOLE>(&pipe->a, step, depth, shared + pipe->write);
    copy_part<side_b, WHOLE>(&pipe->b, step, depth, shared + pipe->write + side_a::TILE_BYTES);
}

/* Sends the first tiles of a range on their way. Nobody may be using shared memory. */
GPU_DEVICE void pipe_begin(struct pipe *pipe, const struct operand &a, const struct operand &b,
                           const struct range &range, unsigned char *shared)
{
    copies_begin<side_a>(a, range.first, &pipe->a);
    copies_begin<side_b>(b, range.first, &pipe->b);
    pipe->read = pipe->write = 0;
    GPU_NO_UNROLL
    for (int tile = 0; tile < STAGES - 1; tile++) {
        GPU_UNROLL
        for (int step = 0; step < K_STEPS; step++) copy_beside<false>(pipe, step, range, tile, shared);
        gpu_copy_commit();
        pipe->write += STAGE_BYTES;
    }
}

/* The oldest tile on its way has come for all, and nobody reads the one before it any more. */
GPU_DEVICE void wait_for_tile(void)
{
    GPU_COPY_WAIT(STAGES - 2);
    gpu_barrier();
}

/* The products of tile `tile`, while tile + STAGES - 1 is sent on its way; WHOLE: it exists, and all of its
 * k. */
template <bool WHOLE>
GPU_DEVICE void multiply_tile(struct pipe *pipe, const struct range &range, int tile, unsigned char *shared,
                              struct fragments *fragments, float (*sums)[N_TILES][4])
{
    int next = next_stage(pipe->read);
    if (FRAGMENTS == 1) wait_for_tile();
    GPU_UNROLL
    for (int step = 0; step < K_STEPS; step++) {
        copy_beside<WHOLE>(pipe, step, range, tile + STAGES - 1, shared);
        if (step == K_STEPS - 1)
            gpu_copy_commit(); /* also where there was nothing to copy: waits count groups */
        if (FRAGMENTS == 1) {
            load_fragments(shared + pipe->read, step, fragments);
            multiply(fragments, sums);
            continue;
        }
        if (step < K_STEPS - 1) {
            load_fragments(shared + pipe->read, step + 1, fragments + (step + 1) % 2);
        } else if (WHOLE || tile + 1 < range.tiles) {
            wait_for_tile();
            load_fragments(shared + next, 0, fragments + (step + 1) % 2);
        }
        multiply(fragments + step % 2, sums);
    }
    pipe->read = next;
    pipe->write = next_stage(pipe->write);
}

/* The sums of a range whose first tiles are on their way. When it returns nobody uses shared memory. */
GPU_DEVICE void accumulate(struct pipe *pipe, const struct range &range, unsigned char *shared,
                           float (*sums)[N_TILES][4])
{
    struct fragments fragments[FRAGMENTS];
    long long left = (range.k - range.first) / TILE_K;
    int whole = (left < range.tiles ? (int)left : range.tiles) - (STAGES - 1), tile = 0;
    if (FRAGMENTS == 2) {
        wait_for_tile();
        load_fragments(shared, 0, fragments);
    }
    GPU_NO_UNROLL
    for (; tile < whole; tile++) multiply_tile<true>(pipe, range, tile, shared, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++) multiply_tile<false>(pipe, range, tile, shared, fragments, sums);
    gpu_barrier();
}

#endif
