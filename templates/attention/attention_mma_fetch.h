/* How Q, K and V come into shared memory, for attention_mma: asynchronous copies of 16 bytes.
 *
 * Where a tile's keys follow each other in memory, without
 * pages or in one page, a thread's addresses are one which moves on; else each line asks the table for its
 * page. fp8 becomes the queries' type on the way, through registers. What is not a row or a key of the range
 * is not read and counts as 0, so that nothing beyond a sequence meets a weight of 0.
 *
 * With WARPS_M 1 each wave brings its own keys of a tile and waits for nobody else. Needs
 * attention_mma_tile.h before it. */
#ifndef TUNEBOOK_ATTENTION_MMA_FETCH_H
#define TUNEBOOK_ATTENTION_MMA_FETCH_H

#define ALONE     (WARPS_M == 1)
#define COPIERS   (ALONE ? 32 : THREADS)       /* threads that fetch a part of a tile together */
#define PART_KEYS (ALONE ? WAVE_KEYS : TILE_N) /* keys of that part */
#define PIECE     (16 / (int)sizeof(kv_t))     /* elements of K and V that a copy brings */
#ifdef SIZE_PAGE
#define PAGED (SIZE_PAGE > 0)
#else
#define PAGED     1 /* as the arguments say */
#define SIZE_PAGE 0
#endif
/* The keys of a tile follow each other in memory. */
#define ONE_RUN (!PAGED || (SIZE_PAGE > 0 && SIZE_PAGE % TILE_N == 0))

GPU_DEVICE int copier(void)
{
    return (int)gpu_thread_x() % COPIERS;
}

/* Two codes of K's or V's type, in the low half of a word, as two of Q's. */
GPU_DEVICE unsigned widen(unsigned codes)
{
#if Q_TYPE == DTYPE_F16 && KV_TYPE == DTYPE_F8E4M3
    return gpu_f16x2_from_f8e4m3(codes);
#elif Q_TYPE == DTYPE_F16 && KV_TYPE == DTYPE_F8E4M3FNUZ
    return gpu_f16x2_from_f8e4m3fnuz(codes);
#elif Q_TYPE == DTYPE_F16 && KV_TYPE == DTYPE_F8E5M2
    return (codes & 0xff) << 8 | (codes & 0xff00) << 16; /* e5m2 is the upper half of f16 */
#else
    return number_to<Q_TYPE>(number_from<KV_TYPE>(codes & 0xff)) |
           number_to<Q_TYPE>(number_from<KV_TYPE>(codes >> 8 & 0xff)) << 16;
#endif
}

/* One piece of a line; to: its place in shared memory, and that of the eight elements behind it. */
GPU_DEVICE void copy_piece(unsigned char *to, unsigned char *behind, const kv_t *from, bool inside)
{
#if KV_NARROW
    unsigned codes[4], word[8];
    attention_load<16>(from, inside, codes);
    GPU_UNROLL
    for (int i = 0; i < 8; i++) word[i] = widen(codes[i / 2] >> i % 2 * 16);
    words_store<16>(to, word);
    words_store<16>(behind, word + 4);
#else
    (void)behind;
    gpu_copy_async16(to, from, inside ? 16 : 0);
#endif
}

/* The address of a key's head of K, or of V. */
template <bool VALUES>
GPU_DEVICE const kv_t *key_at(const struct attention_args &args, const struct attention_sequence &s,
                              int kv_head, int key)
{
    struct attention_place at = attention_place_of(s, key);
    return VALUES ? attention_v(args, s, at, kv_head) : attention_k(args, s, at, kv_head);
}

/* How copiers share out a part: a thread has one piece of every STEP-th line, so that its places in shared
 * memory follow from the first one by constants. */
template <class T> struct share {
    static constexpr int PIECES = T::COLUMNS / PIECE;
    static constexpr int FIT = COPIERS / PIECES; /* lines at once; STEP is the power of two in it */
    static constexpr int STEP = FIT >= 64   ? 64
                                : FIT >= 32 ? 32
                                : FIT >= 16 ? 16
                                : FIT >= 8  ? 8
                                : FIT >= 4  ? 4
                                : FIT >= 2  ? 2
                                            : 1;
    static constexpr int ACTIVE = STEP * PIECES;
    static constexpr int COPIES = (PART_KEYS + STEP - 1) / STEP;
    static_assert(PIECES <= COPIERS, "a thread has a piece");
};

/* The place `lines` lines on from `place`, which is of one of the first lines of eight: lines % 8 has bits
 * that their numbers have not. */
template <class T> GPU_DEVICE int place_below(int place, int lines)
{
    return (place ^ (lines % 8 / T::PERIOD & (T::SWAPPED - 1)) * 16) + lines * T::PITCH;
}

/* The part that the thread's copiers bring of the tile of K, or of V, that begins with `key`; keys from
 * `last` on are left out. */
template <class T, bool VALUES>
GPU_DEVICE void fetch_tile(const struct attention_args &args, const struct attention_sequence &s, int kv_head,
                           int key, int last, unsigned char *to)
{
    typedef struct share<T> share;
    int line = (ALONE ? (int)gpu_wave() * WAVE_KEYS : 0) + copier() / share::PIECES;
    int column = copier() % share::PIECES * PIECE, place = afresh(tile_place<T>(line, column));
    if (share::ACTIVE < COPIERS && copier() >= share::ACTIVE) return;
    long long pitch = VALUES ? args.v_stride_token : args.k_stride_token;
    const kv_t *run = 0;
    if (ONE_RUN) run = key_at<VALUES>(args, s, kv_head, key) + line * pitch + column;
    GPU_UNROLL
    for (int i = 0; i < share::COPIES; i++) {
        int lines = i * share::STEP;
        if (PART_KEYS % share::STEP != 0 && copier() / share::PIECES + lines >= PART_KEYS) break;
        const kv_t *from = ONE_RUN ? run : key_at<VALUES>(args, s, kv_head, key + line + lines) + column;
        copy_piece(to + place_below<T>(place, lines), to + (place_below<T>(place, lines) ^ 16), from,
                   key + line + lines < last);
        run += share::STEP * pitch;
    }
}

/* The block's rows of Q from `row` on. */
GPU_DEVICE void fetch_queries(const struct attention_args &args, const struct attention_sequence &s,
                              const struct attention_rows &rows, int row, unsigned char *to)
{
    constexpr int PIECES = SIZE_D / 8, ALL = TILE_M * PIECES;
    GPU_UNROLL_BY(4)
    for (int index = (int)gpu_thread_x(); index < ALL; index += THREADS) {
        int line = index / PIECES, column = index % PIECES * 8, r = row + line;
        bool inside = r < rows.n;
        if (!inside) r = row;
        const q_t *from =
            attention_q(args, s, attention_row_token(rows, r), attention_row_head(rows, r)) + column;
        gpu_copy_async16(to + tile_place<tile_q>(line, column), from, inside ? 16 : 0);
    }
}

#endif
