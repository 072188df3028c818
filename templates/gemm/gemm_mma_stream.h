/* Which products a block computes, for gemm_mma: a schedule hands out works, each a tile of D and tiles of k.
 *
 *     SCHEDULE_GRID         a block has a tile, and one more for every turn of a grid that is too small for
 * all SCHEDULE_PERSISTENT    as many blocks as run at once take tiles in turns; the next tile's first copies
 * are on their way while one is finished SCHEDULE_STREAM        as PERSISTENT, but what does not divide
 * evenly among the blocks, up to two tiles for each, is divided by k instead: every block gets as many tiles
 * of k, of one tile of D or several. Where several share one, each leaves its sums in the workspace and
 * counts itself; the last one adds them up, in the order of k whoever it is, and finishes the tile. Nobody
 *                            waits for another block
 *
 * Workspace of STREAM: two slots of TILE_M * TILE_N floats for each block, then a count for each tile shared,
 * zeroed. Needs gemm_gpu_tiles.h and gemm_mma_sums.h before it. */
#ifndef TUNEBOOK_GEMM_MMA_STREAM_H
#define TUNEBOOK_GEMM_MMA_STREAM_H

#define STREAM      (SCHEDULE == SCHEDULE_STREAM)
#define SLOT        (TILE_M * TILE_N)
#define THREAD_SUMS (M_TILES * N_TILES * 4)

/* Where a block's sums belong, and which tiles of k they take. */
struct work {
    long long item, row, column; /* column: of D */
    struct range range;
    long long tile, first; /* its number among all, and of its first tile of k */
};

struct schedule {
    long long rows, columns, depth; /* tiles along m, n and k */
    long long tiles;                /* of D, of all items */
    long long shared;               /* of these, the first ones, those that are divided by k */
    long long at, end;              /* STREAM: the block's tiles of k in them */
    long long next;                 /* the block's next whole tile of D */
};

GPU_DEVICE struct schedule schedule_of(const struct gemm_args &args)
{
    struct schedule all;
    long long blocks = gpu_grid_x(), block = gpu_block_x();
    all.rows = tiles_along(args.m, TILE_M);
    all.columns = tiles_along(GLU ? args.n / 2 : args.n, TILE_COLUMNS);
    all.depth = tiles_along(args.k, TILE_K);
    all.tiles = all.rows * all.columns * args.batch;
    all.shared = all.at = all.end = 0;
    if (STREAM) {
        long long rest = all.tiles - divide(all.tiles, blocks) * blocks;
        all.shared = rest == 0 ? 0 : all.tiles > blocks ? rest + blocks : rest;
        all.at = divide(all.shared * all.depth * block, blocks);
        all.end = divide(all.shared * all.depth * (block + 1), blocks);
    }
    all.next = all.shared + block;
    return all;
}

/* The place of tile number `tile` and its tiles of k from `first` to `end`. */
GPU_DEVICE void work_at(const struct gemm_args &args, const struct schedule *all, long long tile,
                        long long first, long long end, struct work *out)
{
    long long tiles = all->rows * all->columns, item = args.batch == 1 ? 0 : divide(tile, tiles);
    struct tile_place place = tile_place_of(tile - item * tiles, all->rows, all->columns);
    out->item = item;
    out->row = place.row * TILE_M;
    out->column = place.column * TILE_COLUMNS;
    out->range.first = first * TILE_K;
    out->range.k = args.k;
    out->range.tiles = (int)(end - first);
    out->tile = tile;
    out->first = first;
}

/* The block's next work; false: there is none. */
GPU_DEVICE bool next_work(const struct gemm_args &args, struct schedule *all, struct work *out)
{
    if (STREAM && all->at < all->end) {
        long long tile = divide(all->at, all->depth), first = all->at - tile * all->depth;
        long long end = all->end - tile * all->depth < all->depth ? all->end - tile * all->depth : all->depth;
        work_at(args, all, tile, first, end, out);
        all->at += end - first;
        return true;
    }
    if (all->next >= all->tiles) return false;
    long long slices = SPLIT_K == 1 ? 1 : gpu_grid_y(), slice = SPLIT_K == 1 ? 0 : gpu_block_y();
    work_at(args, all, all->next, divide(all->depth * slice, slices),
            divide(all->depth * (slice + 1), slices), out);
    all->next += gpu_grid_x();
    return true;
}

/* The block that has number `at` of the tiles of k: the last one whose first is not behind it. */
GPU_DEVICE long long owner_of(const struct schedule *all, long long at)
{
    return divide((at + 1) * gpu_grid_x() - 1, all->shared * all->depth);
}

GPU_DEVICE float *slot_of(const struct gemm_args &args, long long block, bool begins_tile)
{
    return (float *)args.workspace + (2 * block + (begins_tile ? 1 : 0)) * SLOT + 4 * gpu_thread_x();
}

/* Sums that only a part of k has: true for the block that is to finish the tile, with all of them. `word` is
 * a word of shared memory that nothing else uses. */
GPU_DEVICE bool add_up(const struct gemm_args &args, const struct schedule *all, const struct work *work,
                       unsigned *word, float (*sums)[N_TILES][4])
{
    if (work->range.tiles == all->depth) return true;
    long long begin = work->tile * all->depth;
    long long first = owner_of(all, begin), last = owner_of(all, begin + all->depth - 1);
    unsigned *counts = (unsigned *)((float *)args.workspace + 2LL * gpu_grid_x() * SLOT);
    float *mine = slot_of(args, gpu_block_x(), work->first == 0);
    GPU_UNROLL
    for (int i = 0; i < THREAD_SUMS / 4; i++)
        store_floats<4>(mine + i * 4 * THREADS, sums[i / N_TILES][i % N_TILES]);
    gpu_barrier();
    if (gpu_thread_x() == 0) *word = gpu_atomic_add_acq_rel(counts + work->tile, 1);
    gpu_barrier();
    if (*word != (unsigned)(last - first)) return false;
    GPU_NO_UNROLL
    for (long long block = first; block <= last; block++) {
        const float *from = slot_of(args, block, block == first);
        GPU_UNROLL
        for (int i = 0; i < THREAD_SUMS / 4; i++) {
            float part[4];
            load_floats(from + i * 4 * THREADS, part, 4);
            GPU_UNROLL
            for (int r = 0; r < 4; r++) {
                float *sum = &sums[i / N_TILES][i % N_TILES][r];
                *sum = block == first ? part[r] : *sum + part[r];
            }
        }
    }
    return true;
}

#endif
