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

#include "gemm_amd_waves.h"

#define CHUNK_LANES (64 / FORM) /* chunks of a line that are read at once */
#define SLICES      (CHUNKS / (DEEP * CHUNK_LANES))
#define PAIRED      (FORM == 16 && B_TILES / PARTS % 2 == 0)
#define RUN         (FORM == 32 ? 16 : PAIRED ? 8 : 4)
#define GROUP       (FORM == 16 && !PAIRED ? 16 : 32) /* columns over which lanes' runs are spread */

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

#include "gemm_amd_products.h"

/* Of the block's columns of D, the first of the lane's four number `four`. */
GPU_DEVICE int lane_column(int four)
{
    return wave_n() * (WAVE_N / PARTS) + four / (RUN / 4) * GROUP + (int)gpu_lane() / FORM * RUN +
           four % (RUN / 4) * 4;
}

#endif
