/* A block's walk along the keys that its rows see, for attention_mma.
 *
 * Everybody's copies of a tile have come when each has waited for its own and all have met: the waves of a
 * block or, where each wave has keys of its own, the lanes of a wave. Waits count groups of copies, so that
 * each turn closes as many, also where nothing is left to copy. Needs attention_mma_fetch.h and
 * attention_mma_softmax.h before it. */
#ifndef TUNEBOOK_ATTENTION_MMA_WALK_H
#define TUNEBOOK_ATTENTION_MMA_WALK_H

struct walk {
    int kv_head;
    struct attention_range tiles; /* to be looked at */
    struct attention_range whole; /* keys that all rows see */
    int last;                     /* keys from here on nobody sees */
    struct attention_scoring scoring;
    int position; /* of the wave's row that has the lane's number */
    struct places places;
};

GPU_DEVICE void meet(void)
{
    if (ALONE)
        gpu_wave_barrier();
    else
        gpu_barrier();
}

GPU_DEVICE struct walk walk_of(const struct attention_args &args, const struct attention_sequence &s,
                               const struct attention_rows &of, int row)
{
    struct walk walk;
    int end = row + TILE_M < of.n ? row + TILE_M : of.n;
    int p0 = s.before + attention_row_token(of, row), p1 = s.before + attention_row_token(of, end - 1);
    struct attention_range seen = attention_seen_by_any(args, s, p0, p1);
    walk.kv_head = of.kv_head;
    walk.tiles = attention_tiles<TILE_N>(seen);
    if (SPLITS != 1) walk.tiles = attention_split_of(walk.tiles, (int)gpu_block_y(), (int)gpu_grid_y());
    walk.whole = attention_seen_by_all(args, s, p0, p1);
    walk.last = seen.last;
    walk.scoring = attention_scoring_of(args, s.number, of.kv_head);
    int first = (int)gpu_wave() % WARPS_M * ROW_TILES * 16, share = (int)gpu_wave() / WARPS_M;
    walk.position = s.before + attention_row_token(of, row + first + (int)gpu_lane() % (16 * ROW_TILES));
    walk.places.q = place_a<tile_q>(first);
    walk.places.k = place_b<tile_k>(share * WAVE_KEYS);
    walk.places.v = place_b_across<tile_v>(share * WAVE_KEYS);
    return walk;
}

/* Sends K's, or V's, tile number `tile` on its way, if there is one. */
template <class T, bool VALUES>
GPU_DEVICE void send(const struct attention_args &args, const struct attention_sequence &s,
                     const struct walk &walk, int tile, unsigned char *to)
{
    if (tile < walk.tiles.last) fetch_tile<T, VALUES>(args, s, walk.kv_head, tile * TILE_N, walk.last, to);
}

/* Weights from the products of a tile of keys. */
GPU_DEVICE void weigh_tile(const struct attention_args &args, const struct attention_sequence &s,
                           const struct walk &walk, int tile, float (*scores)[KEY_TILES][4],
                           struct rows *rows)
{
    int key = tile * TILE_N + (int)gpu_wave() / WARPS_M * WAVE_KEYS;
    scale_scores(walk.scoring, scores);
    if (!attention_sees_all(walk.whole, key, WAVE_KEYS))
        mask_scores(args, s, walk.position, key + (int)gpu_lane() % 4 * 2, scores);
    weigh(exponent_factor(walk.scoring), scores, rows);
}

/* One stage: K comes beside the values' product, V beside the keys'. Q's copies are on their way. */
GPU_DEVICE void walk_in_turns(const struct attention_args &args, const struct attention_sequence &s,
                              const struct walk &walk, const struct queries &queries, const unsigned char *q,
                              unsigned char *stage, struct rows *rows)
{
    float scores[ROW_TILES][KEY_TILES][4];
    unsigned char *values = stage + tile_k::BYTES;
    send<tile_k, false>(args, s, walk, walk.tiles.first, stage);
    gpu_copy_commit();
    GPU_NO_UNROLL
    for (int tile = walk.tiles.first; tile < walk.tiles.last; tile++) {
        GPU_COPY_WAIT(0);
        meet(); /* K is there, and V's last tile is done with */
        send<tile_v, true>(args, s, walk, tile, values);
        gpu_copy_commit();
        multiply_keys(q, queries, stage, walk.places, scores);
        GPU_COPY_WAIT(0);
        meet(); /* V is there, and K is done with */
        send<tile_k, false>(args, s, walk, tile + 1, stage);
        gpu_copy_commit();
        weigh_tile(args, s, walk, tile, scores, rows);
        multiply_values(values, walk.places, scores, rows);
    }
}

/* More stages: STAGES - 1 tiles of K and V are on their way while one is multiplied. */
GPU_DEVICE void walk_in_stages(const struct attention_args &args, const struct attention_sequence &s,
                               const struct walk &walk, const struct queries &queries, const unsigned char *q,
                               unsigned char *stages, struct rows *rows)
{
    float scores[ROW_TILES][KEY_TILES][4];
    GPU_UNROLL
    for (int i = 0; i < STAGES - 1; i++) {
        send<tile_k, false>(args, s, walk, walk.tiles.first + i, stages + i * STAGE_BYTES);
        send<tile_v, true>(args, s, walk, walk.tiles.first + i, stages + i * STAGE_BYTES + tile_k::BYTES);
        gpu_copy_commit();
    }
    int read = 0, write = (STAGES - 1) * STAGE_BYTES;
    GPU_NO_UNROLL
    for (int tile = walk.tiles.first; tile < walk.tiles.last; tile++) {
        GPU_COPY_WAIT(STAGES > 1 ? STAGES - 2 : 0);
        meet(); /* the tile is there, and the one before it is done with */
        send<tile_k, false>(args, s, walk, tile + STAGES - 1, stages + write);
        send<tile_v, true>(args, s, walk, tile + STAGES - 1, stages + write + tile_k::BYTES);
        gpu_copy_commit();
        multiply_keys(q, queries, stages + read, walk.places, scores);
        weigh_tile(args, s, walk, tile, scores, rows);
        multiply_values(stages + read + tile_k::BYTES, walk.places, scores, rows);
        write = read;
        read = read == (STAGES - 1) * STAGE_BYTES ? 0 : read + STAGE_BYTES;
    }
}

/* Adds up what the block's rows from `row` on see; a wave has its share of them. */
GPU_DEVICE void walk(const struct attention_args &args, const struct attention_sequence &s,
                     const struct attention_rows &of, int row, unsigned char *shared, struct rows *rows)
{
    struct walk walk = walk_of(args, s, of, row);
    struct queries queries;
    if (walk.tiles.first >= walk.tiles.last) return; /* all threads: nothing to see */
    fetch_queries(args, s, of, row, shared);
    gpu_copy_commit();
    GPU_COPY_WAIT(0);
    gpu_barrier();
    if (Q_REGISTERS) load_queries(shared, walk.places, &queries);
    if (QUERIES == QUERIES_PASSING) gpu_barrier();
    if (STAGES == 1)
        walk_in_turns(args, s, walk, queries, shared, shared + Q_ROOM, rows);
    else
        walk_in_stages(args, s, walk, queries, shared, shared + Q_ROOM, rows);
    GPU_COPY_WAIT(0);
}

#endif
