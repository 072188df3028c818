/* How attention_simt brings Q, K and V to shared memory. Needs the configuration of attention_simt.hip. */
#ifndef TUNEBOOK_ATTENTION_SIMT_STAGE_H
#define TUNEBOOK_ATTENTION_SIMT_STAGE_H

/* Q's rows as floats, by all threads of the block; zeros for rows that the sequence does not have. */
GPU_DEVICE void stage_queries(const struct attention_args &args, const struct work &work, float *shared)
{
    constexpr int EACH = 16 / Q_BYTES, VECTORS = TILE_M * (SIZE_D / EACH);
    for (int i = (int)gpu_thread_x(); i < VECTORS; i += THREADS) {
        int row = i / (SIZE_D / EACH), column = i % (SIZE_D / EACH) * EACH, r = work.row + row;
        bool inside = r < work.rows.n;
        int token = inside ? attention_row_token(work.rows, r) : 0;
        int head = inside ? attention_row_head(work.rows, r) : 0;
        unsigned word[4], wide[EACH];
        float x[EACH];
        attention_load<16>(attention_q(args, work.s, token, head) + column, inside, word);
        numbers_from<Q_TYPE, EACH>(word, x);
        GPU_UNROLL
        for (int j = 0; j < EACH; j++) wide[j] = gpu_bits(x[j]);
        words_store<4 * EACH>(shared + row * PITCH_Q + column, wide);
    }
}

/* K or V: how a group's threads share out WIDTH columns of a tile. */
template <bool VALUES> struct side {
    static constexpr int SIZE = VALUES ? SIZE_DV : SIZE_D;
    static constexpr int WIDTH = VALUES ? WIDTH_V : WIDTH_K;
    static constexpr int ROW_BYTES = SIZE * KV_BYTES;
    static constexpr int BYTES = LEAST(VECTOR, ROW_BYTES & -ROW_BYTES); /* of an access: it divides a row */
    static constexpr int EACH = BYTES / KV_BYTES, PER_ROW = WIDTH / EACH;
    static constexpr int COUNT = (TILE_N * PER_ROW + GROUP_THREADS - 1) / GROUP_THREADS;
    static constexpr bool EVEN = TILE_N * PER_ROW % GROUP_THREADS == 0;
};

#define SUPPLY_WORDS                                                                                \
    (KV == KV_SHARED                                                                                \
         ? MOST(side<false>::COUNT * side<false>::BYTES, side<true>::COUNT * side<true>::BYTES) / 4 \
         : 1)

/* A thread's share of the next part on its way, and the buffer that is read at present. */
struct supply {
    unsigned word[SUPPLY_WORDS];
    float *buffers;
    int turn;
};

GPU_DEVICE void supply_begin(float *buffers, struct supply *supply)
{
    supply->buffers = buffers;
    supply->turn = 0;
}

/* Key `key` of a tile. */
GPU_DEVICE int key_of(int tile, int key)
{
    return (int)((unsigned)tile * TILE_N + (unsigned)key);
}

template <bool VALUES>
GPU_DEVICE const kv_t *row_of(const struct attention_args &args, const struct work &work,
                              struct attention_place at)
{
    if constexpr (VALUES)
        return attention_v(args, work.s, at, work.rows.kv_head);
    else
        return attention_k(args, work.s, at, work.rows.kv_head);
}

/* Columns chunk * WIDTH and on of a tile, to registers. */
template <bool VALUES>
GPU_DEVICE void fetch(const struct attention_args &args, const struct work &work, const struct place &place,
                      const struct tile &tile, int chunk, struct supply *supply)
{
    typedef side<VALUES> S;
    if (KV != KV_SHARED) return;
    GPU_UNROLL
    for (int i = 0; i < S::COUNT; i++) {
        int at = place.thread + i * GROUP_THREADS, key = at / S::PER_ROW;
        int column = chunk * S::WIDTH + at % S::PER_ROW * S::EACH, j = key_of(tile.number, key);
        bool inside = tile.live && attention_is_key(work.s, j) && column < S::SIZE;
        if (!S::EVEN) inside = inside && key < TILE_N;
        const kv_t *from = row_of<VALUES>(args, work, attention_place_of(work.s, inside ? j : 0)) + column;
        attention_load<S::BYTES>(from, inside, supply->word + i * (S::BYTES / 4));
    }
}

/* ... and from there to the buffer that is returned, for all to read. */
template <bool VALUES> GPU_DEVICE const float *put(const struct place &place, struct supply *supply)
{
    typedef side<VALUES> S;
    float *buffer = supply->buffers + supply->turn * BUFFER_FLOATS;
    if (BUFFERS == 1) gpu_barrier(); /* nobody reads the part before any more */
    GPU_UNROLL
    for (int i = 0; i < S::COUNT; i++) {
        int at = place.thread + i * GROUP_THREADS, key = at / S::PER_ROW;
        unsigned wide[S::EACH];
        float x[S::EACH];
        numbers_from<KV_TYPE, S::EACH>(supply->word + i * (S::BYTES / 4), x);
        GPU_UNROLL
        for (int j = 0; j < S::EACH; j++) wide[j] = gpu_bits(x[j]);
        if (S::EVEN || key < TILE_N)
            words_store<4 * S::EACH>(buffer + key * PITCH_KV + at % S::PER_ROW * S::EACH, wide);
    }
    if (BUFFERS == 2) supply->turn ^= 1;
    gpu_barrier();
    return buffer;
}

#endif
