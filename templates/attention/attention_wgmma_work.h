/* What a block works on: an item is a tile of 64 * CONSUMERS rows of one sequence and head, with the tiles of
 * keys that any of its rows sees. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_WORK_H
#define TUNEBOOK_ATTENTION_WGMMA_WORK_H

#define TILE_ROWS (64 * CONSUMERS)
/* Items that differ are taken from the longest to the shortest: the last rows see most. */
#define LONGEST_FIRST (MASK != MASK_FULL || VARLEN)

struct work {
    struct attention_sequence s;
    struct attention_rows rows;
    int first_row;
    struct attention_range tiles; /* of keys */
};

GPU_DEVICE unsigned row_tiles(const struct attention_args &args)
{
    return ((unsigned)attention_rows_bound(args) + TILE_ROWS - 1) / TILE_ROWS;
}

GPU_DEVICE unsigned items_of(const struct attention_args &args)
{
    return row_tiles(args) * (unsigned)attention_row_heads(args) * (unsigned)args.batch;
}

/* A block's item of a round. There and back again: who had the longest of one round has the shortest of the
 * next. */
GPU_DEVICE bool next_item(const struct attention_args &args, unsigned round, unsigned *item)
{
    unsigned block = gpu_block_x(), blocks = gpu_grid_x();
    *item = round * blocks + (round % 2 ? blocks - 1 - block : block);
    return (PERSISTENT || round == 0) && *item < items_of(args);
}

/* The position of a row; of rows beyond the sequence that of its last. */
GPU_DEVICE int row_position(const struct work &work, int row)
{
    int last = work.rows.n - 1;
    return work.s.before + attention_row_token(work.rows, row < last ? row : last);
}

/* Keys that rows [first, first + n) see: any of them, and all of them. */
GPU_DEVICE struct attention_range seen_by_any(const struct attention_args &args, const struct work &work,
                                              int first, int n)
{
    return attention_seen_by_any(args, work.s, row_position(work, first), row_position(work, first + n - 1));
}

GPU_DEVICE struct attention_range seen_by_all(const struct attention_args &args, const struct work &work,
                                              int first, int n)
{
    return attention_seen_by_all(args, work.s, row_position(work, first), row_position(work, first + n - 1));
}

/* False: the item is beyond its sequence's rows. Heads are neighbours, then sequences, where the longest come
 * first; else the tiles of a head, which share its keys. */
GPU_DEVICE bool work_of(const struct attention_args &args, unsigned item, struct work *out)
{
    unsigned heads = (unsigned)attention_row_heads(args), tiles = row_tiles(args), tile, at;
    if (LONGEST_FIRST) {
        unsigned all = heads * (unsigned)args.batch;
        tile = tiles - 1 - item / all;
        at = item % all;
    } else {
        tile = item % tiles;
        at = item / tiles;
    }
    out->s = attention_sequence_of(args, (int)(at / heads));
    out->rows = attention_rows_of(args, out->s, (int)(at % heads));
    out->first_row = (int)tile * TILE_ROWS;
    if (out->first_row >= out->rows.n) return false;
    out->tiles = attention_tiles<TILE_N>(seen_by_any(args, *out, out->first_row, TILE_ROWS));
    return true;
}

#endif
