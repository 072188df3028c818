/* A stage of the ring: boxes of A and B as wgmma reads them.
 *
 * Where k is contiguous, a stage holds an operand as TILE_K / LINE columns: all its rows by 128 bytes of k.
 * Where it is not, as columns of 64 rows: TILE_K lines of 128 bytes along the rows. Either way a line is 128
 * bytes, swizzled by eight lines, so that neither the engine's writes nor wgmma's reads meet in a bank. */
#ifndef TUNEBOOK_GEMM_WGMMA_FETCH_H
#define TUNEBOOK_GEMM_WGMMA_FETCH_H

/* A side's part in a stage: `share` of what the blocks in `mask` have in common is this block's to fetch. */
struct source {
    const gpu_tensor_map *map;
    unsigned long long *full;
    int row, half, item; /* the first row, how far behind it the values of a glu begin, the batch item */
    unsigned share, mask;
};

template <int SHARED_BY>
GPU_DEVICE void fetch_box(unsigned char *to, const struct source *from, int along, int line)
{
    if constexpr (SHARED_BY == 1)
        gpu_tensor_load(to, from->map, from->full, along, line, from->item);
    else
        gpu_tensor_load_multicast(to, from->map, from->full, along, line, from->item, from->mask);
}

/* ROWS of an operand, in PARTS: with a glu gates, and values `half` rows on. */
template <bool ALONG, int ROWS, int PARTS, int SHARED_BY>
GPU_DEVICE void fetch_operand(unsigned char *to, const struct source *from, int k)
{
    constexpr int PART = ROWS / PARTS, SHARE = (ALONG ? PART : TILE_K) / SHARED_BY;
    constexpr int COLUMNS = ALONG ? TILE_K / LINE : PART / LINE;
    int mine = (int)from->share * SHARE;
    GPU_UNROLL
    for (int part = 0; part < PARTS; part++) {
        int row = from->row + part * from->half;
        GPU_UNROLL
        for (int column = 0; column < COLUMNS; column++) {
            if constexpr (ALONG)
                fetch_box<SHARED_BY>(to + (column * ROWS + part * PART + mine) * LINE_BYTES, from,
                                     k + column * LINE, row + mine);
            else
                fetch_box<SHARED_BY>(to + ((part * COLUMNS + column) * TILE_K + mine) * LINE_BYTES, from,
                                     row + column * LINE, k + mine);
        }
    }
}

/* Which blocks have the tile's rows in common, which its columns. */
GPU_DEVICE unsigned mask_of_row(const struct place *place)
{
    unsigned mask = 0;
    GPU_UNROLL
    for (unsigned n = 0; n < CLUSTER_N; n++) mask |= 1u << rank_of(place->rank_m, n, place->rank_k);
    return mask;
}

GPU_DEVICE unsigned mask_of_column(const struct place *place)
{
    unsigned mask = 0;
    GPU_UNROLL
    for (unsigned m = 0; m < CLUSTER_M; m++) mask |= 1u << rank_of(m, place->rank_n, place->rank_k);
    return mask;
}

/* Both operands' tiles for step `k`. Every block is told how many bytes will come, whoever fetches them. */
GPU_DEVICE void fetch_stage(const struct gemm_wgmma_args &args, const struct memory *memory,
                            const struct place *place, const struct tile *tile, int stage, int step)
{
    unsigned char *x = memory->stages + stage * STAGE_BYTES, *y = x + X_STAGE_BYTES;
    unsigned long long *full = memory->full + stage;
    struct source a = {
        &args.a, full, tile->row, 0, args.gemm.stride_a ? tile->item : 0, place->rank_n, mask_of_row(place)};
    struct source b = {&args.b,
                       full,
                       tile->column,
                       tile->half,
                       args.gemm.stride_b ? tile->item : 0,
                       place->rank_m,
                       mask_of_column(place)};
    gpu_mbarrier_expect(full, STAGE_BYTES);
    fetch_operand<A_ALONG, TILE_M, 1, CLUSTER_N>(SWAP ? y : x, &a, step * TILE_K);
    fetch_operand<B_ALONG, TILE_N, GLU ? 2 : 1, CLUSTER_M>(SWAP ? x : y, &b, step * TILE_K);
}

#endif
