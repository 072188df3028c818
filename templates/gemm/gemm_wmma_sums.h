/* A wave's fragments and sums, for gemm_wmma: what gemm_mfma_sums.h is for matrix instructions of 64 lanes.
 *
 * A wave has M_TILES x B_TILES tiles of 16 x 16 sums. B's columns are the instruction's rows and A's rows its
 * columns: so a lane has one row of D for each tile of rows, and eight columns of it for each tile of columns
 * (gpu_wmma.h). On gfx11 these are every second one of 16; there lanes read B's lines in another order, so
 * that what a lane has is side by side.
 *
 * Lanes read chunks of 16 bytes of k. VECTORS of them are what a lane has of a line for one slice: on gfx11
 * all of it, which both halves of the wave want; later the halves have chunks in turns. An instruction takes
 * FORM_BYTES of that. Which k an instruction believes these to be does not matter, since it is the same for A
 * and B.
 *
 *     gfx1100     f16, bf16: 2 chunks, 16 steps of k; i8: 1 chunk, 16 steps
 *     gfx1201     f16, bf16: 1 chunk, 16 steps; i8, f8: 1 chunk for two instructions of 16 steps
 *     gfx1250     f16, bf16: 2 chunks, 32 steps; i8, f8: 2 chunks, 64 steps, or f8 with FORM_K 128: 4 chunks
 *
 * Tiles of rows of all waves alternate, tiles of columns of a wave lie side by side. With a glu the second
 * half of its tiles of columns are the values of the first half. Needs gemm_amd_stage.h before it. */
#ifndef TUNEBOOK_GEMM_WMMA_SUMS_H
#define TUNEBOOK_GEMM_WMMA_SUMS_H

#define FORM 16 /* lines of A, and of B, of an instruction */
#define HELD 8  /* its sums that a lane has */
#define RUN  8  /* of them side by side in D */

#if GPU_ARCH == 0x1100
#define HALVES     1 /* of the wave, which have different chunks */
#define FORM_BYTES (16 * IN_BYTES)
#define VECTORS    (FORM_BYTES / 16)
#elif GPU_ARCH == 0x1201
#define HALVES     2
#define FORM_BYTES (8 * IN_BYTES)
#define VECTORS    1
#else
#define HALVES     2
#define FORM_BYTES (FORM_K == 128 ? 64 : 32)
#define VECTORS    (FORM_BYTES / 16)
#endif

#if GPU_ARCH == 0x1100 && A_TYPE == DTYPE_F16
#define PRODUCT gpu_wmma11_f32_16x16x16_f16
#elif GPU_ARCH == 0x1100 && A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma11_f32_16x16x16_bf16
#elif GPU_ARCH == 0x1100 && A_TYPE == DTYPE_I8
#define PRODUCT gpu_wmma11_i32_16x16x16_i8
#elif GPU_ARCH == 0x1201 && A_TYPE == DTYPE_F16
#define PRODUCT gpu_wmma12_f32_16x16x16_f16
#elif GPU_ARCH == 0x1201 && A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma12_f32_16x16x16_bf16
#elif GPU_ARCH == 0x1201 && A_TYPE == DTYPE_F8E4M3
#define PRODUCT gpu_wmma12_f32_16x16x16_ocp8
#elif GPU_ARCH == 0x1201 && A_TYPE == DTYPE_I8
#define PRODUCT gpu_wmma12_i32_16x16x16_i8
#elif GPU_ARCH == 0x1250 && A_TYPE == DTYPE_F16
#define PRODUCT gpu_wmma_f32_16x16x32_f16
#elif GPU_ARCH == 0x1250 && A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma_f32_16x16x32_bf16
#elif GPU_ARCH == 0x1250 && A_TYPE == DTYPE_F8E4M3 && FORM_K == 128
#define PRODUCT gpu_wmma_f32_16x16x128_ocp8
#elif GPU_ARCH == 0x1250 && A_TYPE == DTYPE_F8E4M3
#define PRODUCT gpu_wmma_f32_16x16x64_ocp8
#elif GPU_ARCH == 0x1250 && A_TYPE == DTYPE_I8
#define PRODUCT gpu_wmma_i32_16x16x64_i8
#else
#error "this target has no matrix instruction for these types"
#endif

#if A_TYPE == DTYPE_I8
typedef gpu_i32x8 sums_t;
#else
typedef gpu_f32x8 sums_t;
#endif

template <int WORDS> struct operand_of;
template <> struct operand_of<2> {
    typedef gpu_u32x2 type;
};
template <> struct operand_of<4> {
    typedef gpu_u32x4 type;
};
template <> struct operand_of<8> {
    typedef gpu_u32x8 type;
};
template <> struct operand_of<16> {
    typedef gpu_u32x16 type;
};
typedef operand_of<FORM_BYTES / 4>::type operand_t;

#include "gemm_amd_waves.h"

#define SLICE_CHUNKS (HALVES * VECTORS) /* of a line */
#define SLICES       (CHUNKS / SLICE_CHUNKS)
#define STEPS        (16 * VECTORS / FORM_BYTES) /* instructions for a slice */

/* Where tile `tile` of columns begins in the block's tile of B, but for the wave's first. */
GPU_DEVICE int tile_line(int tile)
{
    return tile / (B_TILES / PARTS) * (TILE_N / 2) + tile % (B_TILES / PARTS) * FORM;
}

GPU_DEVICE int first_line_b(void)
{
    int lane = form_lane();
    return wave_n() * (WAVE_N / PARTS) + (GPU_ARCH == 0x1100 ? lane % 2 * 8 + lane / 2 : lane);
}

GPU_DEVICE int first_chunk(void)
{
    return HALVES == 1 ? 0 : (int)gpu_lane() / 16;
}

GPU_DEVICE struct places places_begin(void)
{
    struct places places;
    places.a = shared_place(wave_m() * FORM + form_lane(), first_chunk());
    places.b = shared_place(first_line_b(), first_chunk());
    return places;
}

GPU_DEVICE int place_a(const struct places *from, int tile, int chunk)
{
    return place_from(from->a, tile * WAVES_M * FORM, chunk);
}

GPU_DEVICE int place_b(const struct places *from, int tile, int chunk)
{
    if (B_FOLLOWS) return place_from(from->b, tile_line(tile), chunk);
    return shared_place(first_line_b() + tile_line(tile), first_chunk() + chunk);
}

/* What a wave multiplies at once: a slice. */
struct fragments {
    gpu_u32x4 a[M_TILES][VECTORS], b[B_TILES][VECTORS];
};

GPU_DEVICE void load_fragments(const unsigned char *buffer, const struct places *places, int slice,
                               struct fragments *out)
{
    GPU_UNROLL
    for (int v = 0; v < VECTORS; v++) {
        int chunk = slice * SLICE_CHUNKS + v * HALVES;
        GPU_UNROLL
        for (int j = 0; j < B_TILES; j++)
            out->b[j][v] = gpu_load16(buffer + side_a::TILE_BYTES + place_b(places, j, chunk));
        GPU_UNROLL
        for (int i = 0; i < M_TILES; i++) out->a[i][v] = gpu_load16(buffer + place_a(places, i, chunk));
    }
}

/* What instruction `step` of a slice takes of a lane's chunks. */
GPU_DEVICE operand_t step_of(const gpu_u32x4 *chunks, int step)
{
    operand_t out;
    GPU_UNROLL
    for (int i = 0; i < FORM_BYTES / 4; i++) {
        int word = step * (FORM_BYTES / 4) + i;
        out[i] = chunks[word / 4][word % 4];
    }
    return out;
}

#include "gemm_amd_products.h"

/* Of the block's columns of D, the first of the lane's four number `four`. */
GPU_DEVICE int lane_column(int four)
{
    return wave_n() * (WAVE_N / PARTS) + four / 2 * FORM + (int)gpu_lane() / 16 * RUN + four % 2 * 4;
}

#endif
