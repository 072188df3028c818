/* Which products a block computes, for gemm_mma, gemm_mfma and gemm_wmma: works, each a tile of D and tiles
 * of k.
 *
 *     SCHEDULE_GRID          a block for each tile, or for each slice of k of a tile
 *     SCHEDULE_PERSISTENT    as many blocks as run at once take tiles in turns
 *     SCHEDULE_STREAM        so too, but tiles that cannot be shared out evenly are divided by k
 *
 * Where a block has more than one work, the next one's first copies are on their way while one is finished.
 *
 * STREAM divides the tiles that are left over when every block has as many whole ones, and one tile for each
 * block more: every block gets as many tiles of k of them, of one tile of D or several. Where several blocks
 * share one, each leaves its sums in the workspace and counts itself; the last one adds them up, in the order
 * of k whichever it is, and finishes the tile. Nobody waits for another block.
 *
 * Workspace of STREAM: two slots of TILE_M * TILE_N floats for each block, then a count for each tile shared,
 * zeroed. Needs gemm_gpu_tiles.h and gemm_mma_sums.h before it. */
#ifndef TUNEBOOK_GEMM_GPU_STREAM_H
#define TUNEBOOK_GEMM_GPU_STREAM_H

#define SLOT        (TILE_M * TILE_N)
#define THREAD_SUMS (M_TILES * N_TILES * 4)

/* A tile of D, by its number among all, and which of its tiles of k. */
struct work {
    unsigned tile, first, tiles;
};

/* How many tiles there are; the manifest sees to it that these numbers are small enough. */
struct extent {
    unsigned rows, columns, depth, tiles; /* along m, n and k; of D, of all items */
};

GPU_DEVICE struct extent extent_of(const struct gemm_args &args)
{
    struct extent all;
    all.rows = (unsigned)tiles_along(args.m, TILE_M);
    all.columns = (unsigned)tiles_along(GLU ? args.n / 2 : args.n, TILE_COLUMNS);
    all.depth = (unsigned)tiles_along(args.k, TILE_K);
    all.tiles = all.rows * all.columns * (unsigned)args.batch;
    return all;
}

/* Where a tile is: the batch item, and its first row and column of D. */
struct corner {
    long long item, row, column;
};

GPU_DEVICE struct corner corner_of(const struct gemm_args &args, unsigned tile)
{
    struct extent all = extent_of(args);
    unsigned each = all.rows * all.columns, item = args.batch == 1 ? 0 : tile / each;
    struct tile_place<unsigned> place = tile_place_of(tile - item * each, all.rows, all.columns);
    struct corner corner;
    corner.item = item;
    corner.row = (long long)place.row * TILE_M;
    corner.column = (long long)place.column * TILE_COLUMNS;
    return corner;
}

/* The block's tile of SCHEDULE_GRID, and its slice of k. */
GPU_DEVICE void only_work(const struct gemm_args &args, struct work *out)
{
    unsigned depth = extent_of(args).depth, slices = SPLIT_K == 1 ? 1 : gpu_grid_y();
    unsigned slice = SPLIT_K == 1 ? 0 : gpu_block_y(), base = depth / slices, more = depth % slices;
    out->tile = gpu_block_x();
    out->first = slice * base + LEAST(slice, more);
    out->tiles = base + (slice < more);
}

/* --- schedules of more than one work --- */

/* The first tiles of D, which are divided by k: `units` tiles of k, so many for each block and one more for
 * the first ones. */
struct shared_tiles {
    unsigned tiles, each, more;
};

GPU_DEVICE struct shared_tiles shared_tiles_of(const struct extent &all)
{
    struct shared_tiles out;
    unsigned blocks = gpu_grid_x(), rest = all.tiles % blocks;
    out.tiles = !STREAM || rest == 0 ? 0 : all.tiles > blocks ? rest + blocks : rest;
    out.each = out.tiles * all.depth / blocks;
    out.more = out.tiles * all.depth % blocks;
    return out;
}

/* The first of the block's tiles of k in shared tiles. */
GPU_DEVICE unsigned share_of(const struct shared_tiles &shared, unsigned block)
{
    return block * shared.each + LEAST(block, shared.more);
}

/* The block that has number `at` of them. */
GPU_DEVICE unsigned owner_of(const struct shared_tiles &shared, unsigned at)
{
    unsigned large = shared.more * (shared.each + 1);
    return at < large ? at / (shared.each + 1) : shared.more + (at - large) / shared.each;
}

struct schedule {
    unsigned at, end; /* STREAM: the block's tiles of k in shared tiles */
    unsigned next;    /* its next tile of D that is not shared */
};

GPU_DEVICE struct schedule schedule_begin(const struct gemm_args &args)
{
    struct shared_tiles shared = shared_tiles_of(extent_of(args));
    struct schedule all;
    all.at = share_of(shared, gpu_block_x());
    all.end = share_of(shared, gpu_block_x() + 1);
    all.next = shared.tiles + gpu_block_x();
    return all;
}

/* The block's next work; false: there is none. */
GPU_DEVICE bool next_work(const struct gemm_args &args, struct schedule *all, struct work *out)
{
    struct extent extent = extent_of(args);
    if (STREAM && all->at < all->end) {
        out->tile = all->at / extent.depth;
        out->first = all->at - out->tile * extent.depth;
        out->tiles = LEAST(all->end - all->at, extent.depth - out->first);
        all->at += out->tiles;
        return true;
    }
    if (all->next >= extent.tiles) return false;
    out->tile = all->next;
    out->first = 0;
    out->tiles = extent.depth;
    all->next += gpu_grid_x();
    return true;
}

GPU_DEVICE float *slot_of(const struct gemm_args &args, unsigned block, bool begins_tile)
{
    return (float *)args.workspace + (2LL * block + (begins_tile ? 1 : 0)) * SLOT + 4 * gpu_thread_x();
}

/* Sums that only a part of k has: true for the block that is to finish the tile, with all of them. `word` is
 * a word of shared memory that nothing else uses. */
GPU_DEVICE bool add_up(const struct gemm_args &args, const struct work *work, unsigned *word,
                       float (*sums)[N_TILES][4])
{
    struct extent extent = extent_of(args);
    if (work->tiles == extent.depth) return true;
    struct shared_tiles shared = shared_tiles_of(extent);
    unsigned begin = work->tile * extent.depth;
    unsigned first = owner_of(shared, begin), last = owner_of(shared, begin + extent.depth - 1);
    unsigned *counts = (unsigned *)slot_of(args, gpu_grid_x(), false) - 4 * gpu_thread_x();
    float *mine = slot_of(args, gpu_block_x(), work->first == 0);
    GPU_UNROLL
    for (int i = 0; i < THREAD_SUMS / 4; i++)
        store_floats<4>(mine + i * 4 * THREADS, sums[i / N_TILES][i % N_TILES]);
    gpu_barrier();
    if (gpu_thread_x() == 0) *word = gpu_atomic_add_acq_rel(counts + work->tile, 1);
    gpu_barrier();
    if (*word != last - first) return false;
    GPU_NO_UNROLL
    for (unsigned block = first; block <= last; block++) {
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
