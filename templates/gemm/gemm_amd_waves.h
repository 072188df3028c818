/* How a block's sums are shared out among waves, for gemm_mfma and gemm_wmma: WAVES_M x WAVES_N of them, each
 * with M_TILES x B_TILES tiles of FORM x FORM; a lane holds HELD sums of each. Tiles of rows of all waves
 * alternate, tiles of columns of a wave lie side by side. */
#ifndef TUNEBOOK_GEMM_AMD_WAVES_H
#define TUNEBOOK_GEMM_AMD_WAVES_H

#define PARTS   (GLU ? 2 : 1)
#define WAVE_M  (TILE_M / WAVES_M)
#define WAVE_N  (TILE_N / WAVES_N)
#define M_TILES (WAVE_M / FORM)
#define B_TILES (WAVE_N / FORM)
#define N_TILES (B_TILES * HELD / 4) /* of four columns, of a lane */

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

/* Does a tile's line have no bit that a wave's first line has? */
#define B_FOLLOWS ((WAVE_N / PARTS & (WAVE_N / PARTS - 1)) == 0)

struct places {
    int a, b;
};

/* Of the block's rows, the lane's in tile `tile`. */
GPU_DEVICE int lane_row(int tile)
{
    return (tile * WAVES_M + wave_m()) * FORM + form_lane();
}

#endif
