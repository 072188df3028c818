/* A wave's way over its keys, for attention_mfma: scores, weights, values, tile by tile, while what comes
 * next is on its way.
 *
 *     K of the tile is there, V of it and with two buffers K of the next one are under way, in registers
 *     scores        K Q^T
 *     put V         with two buffers K of the next tile, too
 *     barrier       now V is there, and nobody reads K any more
 *     fetch         K of the next tile (two buffers: of the one behind it, and V of the next)
 *     weights       exponentials
 *     values        V^T P^T
 *     put K         with one buffer; V of the next tile is fetched, and a barrier ends the turn
 *
 * What comes from memory without shared memory (KEYS_DIRECT, VALUES_DIRECT) is fetched at the same places and
 * is not put anywhere; where both do there is no barrier at all, and waves go their own ways. */
#ifndef TUNEBOOK_ATTENTION_MFMA_PIPE_H
#define TUNEBOOK_ATTENTION_MFMA_PIPE_H

#define SHARED_KEYS   (KEYS == KEYS_SHARED)
#define SHARED_VALUES (VALUES == VALUES_SHARED)

#define K_BUFFER     (SHARED_KEYS ? k_lines::BYTES : 0)
#define V_BUFFER     (SHARED_VALUES ? v_lines::BYTES : 0)
#define BUFFER_BYTES (K_BUFFER + V_BUFFER)

struct pipe {
    struct source k, v;
#if SHARED_KEYS
    struct raw raw_k[k_lines::TURNS];
#else
    struct own_keys own_k;
#endif
#if SHARED_VALUES
    struct raw raw_v[v_lines::TURNS];
#else
    struct own_values own_v;
#endif
};

GPU_DEVICE void fetch_keys(const struct attention_sequence &s, int tile, struct pipe *pipe)
{
#if SHARED_KEYS
    fetch_lines<k_lines>(s, pipe->k, tile * TILE_N, pipe->raw_k);
#else
    fetch_own_keys(s, pipe->k, tile * TILE_N, &pipe->own_k);
#endif
}

GPU_DEVICE void fetch_values(const struct attention_sequence &s, int tile, struct pipe *pipe)
{
#if SHARED_VALUES
    fetch_lines<v_lines>(s, pipe->v, tile * TILE_N, pipe->raw_v);
#else
    fetch_own_values(s, pipe->v, tile * TILE_N, &pipe->own_v);
#endif
}

GPU_DEVICE void put_keys(const struct pipe *pipe, unsigned char *buffer)
{
#if SHARED_KEYS
    put_lines<k_lines>(pipe->raw_k, buffer);
#else
    (void)pipe, (void)buffer;
#endif
}

GPU_DEVICE void put_values(const struct pipe *pipe, unsigned char *buffer)
{
#if SHARED_VALUES
    put_lines<v_lines>(pipe->raw_v, buffer + K_BUFFER);
#else
    (void)pipe, (void)buffer;
#endif
}

GPU_DEVICE void tile_barrier(void)
{
    if (SHARED_KEYS || SHARED_VALUES) gpu_barrier_shared();
}

GPU_DEVICE void matrix_begins(void)
{
#if PRIORITY
    gpu_wave_priority(1);
#endif
}

GPU_DEVICE void matrix_ends(void)
{
#if PRIORITY
    gpu_wave_priority(0);
#endif
}

/* Of the part that ends here, with `reads` of shared memory: the first ones, then each of the others behind
 * its share of `products` matrix instructions. */
template <int FIRST, int READS, int PRODUCTS> GPU_DEVICE void mix(void)
{
#if PIPELINE == PIPELINE_MIXED
    constexpr int EACH = PRODUCTS > READS ? PRODUCTS / READS : 1;
    gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, FIRST, 0);
    GPU_UNROLL
    for (int i = FIRST; i < READS; i++) {
        gpu_schedule_group(GPU_SCHEDULE_MATRIX, EACH, 0);
        gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, 1, 0);
    }
    gpu_schedule_fence(0);
#endif
}

GPU_DEVICE void part_begins(void)
{
#if PIPELINE == PIPELINE_MIXED
    gpu_schedule_fence(0);
#endif
}

/* What a wave has of its rows. */
struct rows_state {
    struct queries q;
    struct attention_scoring scoring;
    struct attention_range any, all; /* keys that some row of the wave sees, and that all do */
    struct softmax softmax;
    outputs_t outputs;
};

GPU_DEVICE void multiply_scores(const struct rows_state &state, const struct pipe &pipe,
                                const unsigned char *buffer, scores_t scores)
{
    part_begins();
    matrix_begins();
    clear_scores(scores);
#if SHARED_KEYS
    (void)pipe;
    multiply_keys(state.q, buffer, scores);
    mix<2 * KEY_TILES, ROUNDS * KEY_TILES, ROUNDS * KEY_TILES * M_TILES * STEPS>();
#else
    (void)buffer;
    multiply_own_keys(state.q, pipe.own_k, scores);
#endif
    matrix_ends();
}

GPU_DEVICE void add_values(const struct pipe &pipe, const unsigned char *buffer, const weights_t weights,
                           outputs_t outputs)
{
    part_begins();
    matrix_begins();
#if SHARED_VALUES
    (void)pipe;
    multiply_values(buffer + K_BUFFER, weights, outputs);
    /* keys side by side are read by one instruction */
    mix<8 * RUNS, 4 * RUNS * EIGHTS, EIGHTS * V_TILES * M_TILES * STEPS>();
#else
    (void)buffer;
    multiply_own_values(pipe.own_v, weights, outputs);
#endif
    matrix_ends();
}

/* The wave's keys of a tile begin with `key`. */
GPU_DEVICE void take_tile_scores(struct rows_state *state, int key, scores_t scores, weights_t weights)
{
    if (SOFTCAP) cap_scores(state->scoring, scores);
    if (!attention_sees_all(state->all, key, WAVE_KEYS)) mask_scores(state->softmax, key, scores);
    take_scores(SOFTCAP ? 1.0f : state->scoring.factor, scores, &state->softmax, weights, state->outputs);
}

/* A tile, which is in buffer `here`; the next is put into `there`. */
GPU_DEVICE void take_tile(const struct attention_sequence &s, struct attention_range tiles, int tile,
                          unsigned char *here, unsigned char *there, struct pipe *pipe,
                          struct rows_state *state)
{
    int key = tile * TILE_N + wave_n() * WAVE_KEYS;
    bool next = tile + 1 < tiles.last;
    bool seen = key < state->any.last && key + WAVE_KEYS > state->any.first;
    scores_t scores;
    weights_t weights;
    if (seen) multiply_scores(*state, *pipe, here, scores);
    put_values(pipe, here);
    if (BUFFERS == 2 && next) put_keys(pipe, there);
    tile_barrier();
    if (BUFFERS == 1 && next) fetch_keys(s, tile + 1, pipe);
    if (BUFFERS == 2 && tile + 2 < tiles.last) fetch_keys(s, tile + 2, pipe);
    if (BUFFERS == 2 && SHARED_VALUES && next) fetch_values(s, tile + 1, pipe);
    if (seen) {
        take_tile_scores(state, key, scores, weights);
        add_values(*pipe, here, weights, state->outputs);
    }
    if (BUFFERS == 1 && next) put_keys(pipe, there);
    if ((BUFFERS == 1 || !SHARED_VALUES) && next) fetch_values(s, tile + 1, pipe);
    if (BUFFERS == 1) tile_barrier();
}

/* All of a block's tiles. When it returns shared memory may still be read. */
GPU_DEVICE void take_tiles(const struct attention_sequence &s, struct attention_range tiles,
                           unsigned char *shared, struct pipe *pipe, struct rows_state *state)
{
    unsigned char *here = shared, *there = shared + (BUFFERS == 2 ? BUFFER_BYTES : 0);
    if (tiles.first >= tiles.last) return;
    fetch_keys(s, tiles.first, pipe);
    put_keys(pipe, here);
    if (BUFFERS == 2 && tiles.first + 1 < tiles.last) fetch_keys(s, tiles.first + 1, pipe);
    fetch_values(s, tiles.first, pipe);
    tile_barrier();
    GPU_NO_UNROLL
    for (int tile = tiles.first; tile < tiles.last; tile++) {
        take_tile(s, tiles, tile, here, there, pipe, state);
        if (BUFFERS == 2) {
            unsigned char *turned = here;
            here = there;
            there = turned;
        }
    }
}

#endif
