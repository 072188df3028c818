/* The products of a slice and what its sums are in order, for gemm_mfma and gemm_wmma. Needs struct fragments
 * and step_of() before it. */
#ifndef TUNEBOOK_GEMM_AMD_PRODUCTS_H
#define TUNEBOOK_GEMM_AMD_PRODUCTS_H

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

#endif
