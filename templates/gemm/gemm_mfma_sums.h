/* A wave's fragments and sums, for gemm_mfma.
 *
 * A wave has M_TILES x B_TILES tiles of FORM x FORM sums. B's columns are the instruction's rows and A's rows
 * its columns: so a lane has one row of D for each tile of rows, and in every four of its sums four columns
 * side by side (AMD matrix instruction calculator: D's row is 8 (r / 4) + 4 (lane / 32) + r % 4, or 4 (lane /
 * 16) + r; its column is lane % FORM). Which of B's lines a lane reads is free: taken in another order, a
 * lane's columns are RUN side by side.
 *
 *     FORM 32    16: the line of lane l is 16 (l / 4 % 2) + 4 (l / 8) + l % 4
 *     FORM 16     8, of two tiles of columns side by side: 8 (l / 4) + l % 4, and four on; where their number
 *                 is odd 4, in order
 *
 * Tiles of rows of all waves alternate, tiles of columns of a wave lie side by side. With a glu the second
 * half of its tiles of columns are the values of the first half.
 *
 * A lane reads chunks of 16 bytes, whichever type: a slice is what the lanes' fragments are of lines, DEEP *
 * 16 * (64 / FORM) bytes of k. Needs gemm_amd_stage.h and gemm_mfma_forms.h before it. */
#ifndef TUNEBOOK_GEMM_MFMA_SUMS_H
#define TUNEBOOK_GEMM_MFMA_SUMS_H

#define PARTS   (GLU ? 2 : 1)
#define WAVE_M  (TILE_M / WAVES_M)
#define WAVE_N  (TILE_N / WAVES_N)
#define M_TILES (WAVE_M / FORM)
#define B_TILES (WAVE_N / FORM)
#define N_TILES (B_TILES * HELD / 4) /* of four columns, of a lane */

#define CHUNK_LANES (64 / FORM) /* chunks of a line that are read at once */
#define SLICES      (CHUNKS / (DEEP * CHUNK_LANES))
#define PAIRED      (FORM == 16 && B_TILES / PARTS % 2 == 0)
#define RUN         (FORM == 32 ? 16 : PAIRED ? 8 : 4)
#define GROUP       (FORM == 16 && !PAIRED ? 16 : 32) /* columns over which lanes' runs are spread */

GPU_DEVICE int wave_m(void)
{
    return (int)gpu_wave() % WAVES_M;
}

GPU_DEVICE int wave_n(void)
{
    return (int)gpu_wave() / WAVES_M;
}

GPU_DEVICE int form_lane(void)
{
    return (int)gpu_lane() % FORM;
}

/* Where tile `tile` of columns begins in the block's tile of B, but for the wave's first. */
GPU_DEVICE int tile_line(int tile)
{
    int half = tile / (B_TILES / PARTS), within = tile % (B_TILES / PARTS);
    return half * (TILE_N / 2) + (PAIRED ? within / 2 * 32 + within % 2 * 4 : within * FORM);
}

GPU_DEVICE int first_line_b(void)
{
    int lane = form_lane();
    int line = FORM == 32 ? 16 * (lane / 4 % 2) + 4 * (lane / 8) + lane % 4
               : PAIRED   ? 8 * (lane / 4) + lane % 4
                          : lane;
    return wave_n() * (WAVE_N / PARTS) + line;
}

/* Does a tile's line have no bit that a wave's first line has? */
#define B_FOLLOWS ((WAVE_N / PARTS & (WAVE_N / PARTS - 1)) == 0)

struct places {
    int a, b;
};

GPU_DEVICE struct places places_begin(void)
{
    struct places places;
    int chunk = (int)gpu_lane() / FORM;
    places.a = shared_place(wave_m() * FORM + form_lane(), chunk);
    places.b = shared_place(first_line_b(), chunk);
    return places;
}

GPU_DEVICE int place_a(const struct places *from, int tile, int slice)
{
    return place_from(from->a, tile * WAVES_M * FORM, slice * CHUNK_LANES);
}

GPU_DEVICE int place_b(const struct places *from, int tile, int slice)
{
    if (B_FOLLOWS) return place_from(from->b, tile_line(tile), slice * CHUNK_LANES);
    return shared_place(first_line_b() + tile_line(tile), (int)gpu_lane() / FORM + slice * CHUNK_LANES);
}

/* What a wave multiplies at once: a slice. */
struct fragments {
    gpu_u32x4 a[M_TILES][DEEP], b[B_TILES][DEEP];
};

GPU_DEVICE void load_fragments(const unsigned char *buffer, const struct places *places, int slice,
                               struct fragments *out)
{
    GPU_UNROLL
    for (int i = 0; i < B_TILES * DEEP; i++)
        out->b[i / DEEP][i % DEEP] =
            gpu_load16(buffer + side_a::TILE_BYTES + place_b(places, i / DEEP, slice * DEEP + i % DEEP));
    GPU_UNROLL
    for (int i = 0; i < M_TILES * DEEP; i++)
        out->a[i / DEEP][i % DEEP] = gpu_load16(buffer + place_a(places, i / DEEP, slice * DEEP + i % DEEP));
}

/* Rows of products: of one instruction's step of k, and one of A's tiles. */
#define PRODUCT_ROWS (STEPS * M_TILES)

/* Products from row `first` to `end`; columns forth and back, so that neighbours share a fragment. */
GPU_DEVICE void multiply_rows(const struct fragments *of, int first, int end, sums_t (*sums)[B_TILES])
{
    GPU_UNROLL
    for (int row = first; row < end; row++) {
        int step = row / M_TILES, i = row % M_TILES;
        GPU_UNROLL
        for (int n = 0; n < B_TILES; n++) {
            int j = row % 2 ? B_TILES - 1 - n : n;
            sums[i][j] = PRODUCT(step_of(of->b[j], step), step_of(of->a[i], step), sums[i][j]);
        }
    }
}

GPU_DEVICE void clear(sums_t (*sums)[B_TILES])
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES * B_TILES; i++) {
        GPU_UNROLL
        for (int r = 0; r < HELD; r++) sums[i / B_TILES][i % B_TILES][r] = 0;
    }
}

/* --- as rows and columns of D --- */

/* Fours of columns side by side, in order. */
GPU_DEVICE void spread(const sums_t (*sums)[B_TILES], float (*out)[N_TILES][4])
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        GPU_UNROLL
        for (int q = 0; q < 4 * N_TILES; q++) out[i][q / 4][q % 4] = (float)sums[i][q / HELD][q % HELD];
    }
}

/* Of the block's rows, the lane's in tile `tile`. */
GPU_DEVICE int lane_row(int tile)
{
    return (tile * WAVES_M + wave_m()) * FORM + form_lane();
}

/* Of the block's columns of D, the first of the lane's four number `four`. */
GPU_DEVICE int lane_column(int four)
{
    return wave_n() * (WAVE_N / PARTS) + four / (RUN / 4) * GROUP + (int)gpu_lane() / FORM * RUN +
           four % (RUN / 4) * 4;
}

#endif
