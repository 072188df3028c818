/* Which tile of D a block computes, the same for every GEMM on a GPU: tiles are numbered along groups of
 * GROUP_M rows of tiles, column by column within a group, so that blocks that run together share A and B in
 * the second-level cache. Needs gpu.h and GROUP_M before it.
 *
 * With XCD a GPU has DIES dies, each with a second-level cache of its own, which take blocks in turns: the
 * numbers change places so that XCD tiles in a row belong to one die. */
#ifndef TUNEBOOK_GEMM_GPU_TILES_H
#define TUNEBOOK_GEMM_GPU_TILES_H

/* 32 bits do nearly always, and a division of 64 takes a hundred instructions. */
GPU_DEVICE long long divide(long long a, long long b)
{
    return (a | b) >> 32 ? a / b : (long long)((unsigned)a / (unsigned)b);
}

GPU_DEVICE unsigned divide(unsigned a, unsigned b)
{
    return a / b;
}

GPU_DEVICE long long tiles_along(long long size, int tile)
{
    return (size + tile - 1) / tile;
}

#ifndef XCD
#define XCD 0
#endif
#define DIES 8 /* AMD Instinct MI300X to MI355X as one device */

/* A tile's row and column among the tiles. N is long long, or unsigned where GROUP_M times all columns fit.
 */
template <class N> struct tile_place {
    N row, column;
};

/* Tile number `tile` of `rows` x `columns` of them. */
template <class N> GPU_DEVICE struct tile_place<N> tile_place_of(N tile, N rows, N columns) {
    struct tile_place<N> place;
    if (XCD) tile = gpu_remap_xcd((unsigned)tile, (unsigned)(rows *columns), DIES, XCD);
    N group = divide(tile, GROUP_M *columns), within = tile - group * GROUP_M * columns;
    N height = rows - group * GROUP_M < GROUP_M ? rows - group * GROUP_M : GROUP_M;
    place.column = divide(within, height);
    place.row = group * GROUP_M + within - place.column * height;
    return place;
}

#endif
