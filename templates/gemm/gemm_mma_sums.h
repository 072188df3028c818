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

/* --- where a lane's row of ldmatrix begins: eight lanes have the rows of one of four 8 x 8 matrices --- */

/* Of A's tile number `i` of rows at step `k`: the upper rows, the lower ones, and the same eight steps on. */
GPU_DEVICE int place_a(int i, int k)
{
    int lane = (int)gpu_lane() & 31, row = wave_row() + i * 16, half = lane / 16 * 8;
    return A_ALONG_K ? shared_place<side_a>(row + lane % 16, k + half)
                     : shared_place<side_a>(k + half + lane % 8, row + lane / 8 % 2 * 8);
}

/* Of B's tiles of columns number j and j + 1: eight steps, the next ones, and those of the second tile. */
GPU_DEVICE int place_b(int j, int k)
{
    int lane = (int)gpu_lane() & 31, column = wave_column(j + lane / 16), half = lane / 8 % 2 * 8;
    return B_ALONG_K ? shared_place<side_b>(column + lane % 8, k + half)
                     : shared_place<side_b>(k + half + lane % 8, column);
}

/* All places follow from the first ones by constants; but across k, where a wave's width is no power of two.
 */
#define A_FOLLOWS (A_ALONG_K || (WARP_M & (WARP_M - 1)) == 0)
#define B_FOLLOWS ((B_ALONG_K || (WARP_N & (WARP_N - 1)) == 0) && (!GLU || N_TILES == 2 || N_TILES % 4 == 0))
#define B_HALVES  (GLU && N_TILES > 2) /* the values' tiles begin elsewhere */

struct places {
    int a, b, values;
};

GPU_DEVICE struct places places_begin(void)
{
    struct places places;
    places.a = place_a(0, 0);
    places.b = place_b(0, 0);
    places.values = B_HALVES ? place_b(N_TILES / 2, 0) : 0;
    return places;
}

GPU_DEVICE int place_a_from(const struct places *from, int i, int k)
{
    if (!A_FOLLOWS) return place_a(i, k);
    return A_ALONG_K ? place_from<side_a>(from->a, i * 16, k) : place_from<side_a>(from->a, k, i * 16);
}

GPU_DEVICE int place_b_from(const struct places *from, int j, int k)
{
    if (!B_FOLLOWS) return place_b(j, k);
    bool second = B_HALVES && j >= N_TILES / 2;
    int place = second ? from->values : from->b, column = (second ? j - N_TILES / 2 : j) * 8;
    return B_ALONG_K ? place_from<side_b>(place, column, k) : place_from<side_b>(place, k, column);
}

/* What a wave multiplies at once: 16 steps of k. */
struct fragments {
    unsigned a[4 * M_TILES], b[2 * N_TILES];
};

GPU_DEVICE void load_fragments(const unsigned char *stage, const struct places *places, int step,
                               struct fragments *out)
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        const unsigned char *row = stage + place_a_from(places, i, step * 16);
        if constexpr (A_ALONG_K)
            gpu_ldmatrix_x4(out->a + 4 * i, row);
        else
            gpu_ldmatrix_trans_x4(out->a + 4 * i, row);
    }
    GPU_UNROLL
    for (int j = 0; j < N_TILES; j += 2) {
        const unsigned char *row = stage + side_a::TILE_BYTES + place_b_from(places, j, step * 16);
        if constexpr (B_ALONG_K)
            gpu_ldmatrix_x4(out->b + 2 * j, row);
        else
            gpu_ldmatrix_trans_x4(out->b + 2 * j, row);
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
    int first, tiles, steps; /* the first step, and how many tiles and steps there are */
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

GPU_DEVICE struct pitches pitches_a(const struct gemm_args &args)
{
    struct pitches out;
    out.ld = args.lda;
    out.jump = 0;
    return out;
}

GPU_DEVICE struct pitches pitches_b(const struct gemm_args &args)
{
    struct pitches out;
    out.ld = args.ldb;
    out.jump = GLU ? (args.n / 2 - side_b::PART) * (B_ALONG_K ? args.ldb : 1) : 0;
    return out;
}

/* Of a tile's copies those that are begun beside step `step` of another one's products. */
template <class S, bool WHOLE>
GPU_DEVICE void copy_part(struct copies *from, const struct pitches &pitches, int step, int depth,
                          unsigned char *tile)
{
    GPU_UNROLL
    for (int i = 0; i < S::COPIES; i++)
        if (i * K_STEPS / S::COPIES == step) copy_next<S, WHOLE>(from, pitches, i, depth, tile);
}

template <bool WHOLE>
GPU_DEVICE void copy_beside(const struct gemm_args &args, struct pipe *pipe, int step,
                            const struct range &range, int tile, unsigned char *shared)
{
    if (!WHOLE && tile >= range.tiles) return;
    int depth = LEAST(range.steps - tile * TILE_K, TILE_K);
    copy_part<side_a, WHOLE>(&pipe->a, pitches_a(args), step, depth, shared + pipe->write);
    copy_part<side_b, WHOLE>(&pipe->b, pitches_b(args), step, depth,
                             shared + pipe->write + side_a::TILE_BYTES);
}

/* Sends the first tiles of a range on their way. Nobody may be using shared memory. */
GPU_DEVICE void pipe_begin(const struct gemm_args &args, const struct operand &a, const struct operand &b,
                           const struct range &range, unsigned char *shared, struct pipe *pipe)
{
    copies_begin<side_a>(a, pitches_a(args), range.first, &pipe->a);
    copies_begin<side_b>(b, pitches_b(args), range.first, &pipe->b);
    pipe->read = pipe->write = 0;
    GPU_NO_UNROLL
    for (int tile = 0; tile < STAGES - 1; tile++) {
        GPU_UNROLL
        for (int step = 0; step < K_STEPS; step++) copy_beside<false>(args, pipe, step, range, tile, shared);
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
GPU_DEVICE void multiply_tile(const struct gemm_args &args, struct pipe *pipe, const struct places *places,
                              const struct range &range, int tile, unsigned char *shared,
                              struct fragments *fragments, float (*sums)[N_TILES][4])
{
    int next = next_stage(pipe->read);
    if (FRAGMENTS == 1) wait_for_tile();
    GPU_UNROLL
    for (int step = 0; step < K_STEPS; step++) {
        copy_beside<WHOLE>(args, pipe, step, range, tile + STAGES - 1, shared);
        if (step == K_STEPS - 1)
            gpu_copy_commit(); /* also where there was nothing to copy: waits count groups */
        if (FRAGMENTS == 1) {
            load_fragments(shared + pipe->read, places, step, fragments);
            multiply(fragments, sums);
            continue;
        }
        if (step < K_STEPS - 1) {
            load_fragments(shared + pipe->read, places, step + 1, fragments + (step + 1) % 2);
        } else if (WHOLE || tile + 1 < range.tiles) {
            wait_for_tile();
            load_fragments(shared + next, places, 0, fragments + (step + 1) % 2);
        }
        multiply(fragments + step % 2, sums);
    }
    pipe->read = next;
    pipe->write = next_stage(pipe->write);
}

/* The sums of a range whose first tiles are on their way. When it returns nobody uses shared memory. */
GPU_DEVICE void accumulate(const struct gemm_args &args, struct pipe *pipe, const struct range &range,
                           unsigned char *shared, float (*sums)[N_TILES][4])
{
    struct fragments fragments[FRAGMENTS];
    struct places places = places_begin();
    int whole = range.steps / TILE_K - (STAGES - 1), tile = 0;
    if (FRAGMENTS == 2) {
        wait_for_tile();
        load_fragments(shared, &places, 0, fragments);
    }
    GPU_NO_UNROLL
    for (; tile < whole; tile++)
        multiply_tile<true>(args, pipe, &places, range, tile, shared, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++)
        multiply_tile<false>(args, pipe, &places, range, tile, shared, fragments, sums);
    gpu_barrier();
}

#endif
