/* Keys and values on their way from memory into shared memory, for attention_mfma: a tile of TILE_N lines,
 * one for each key, of chunks of eight elements. A thread takes chunks in turns, holds them in registers
 * while what is there before is still read, and puts them down as 16 bytes each; fp8 becomes Q's type then.
 *
 * Lanes read one column of chunks of K, which would all lie in the same banks:
 *     SHARED_PAD        a line is an odd number of chunks long
 *     SHARED_SWIZZLE    chunks change places within a line, by an exclusive or with bits of the line's
 * number; the same ones as in gemm_amd_stage.h, which says what for
 *
 * Lines beyond the sequence are its last key's: nothing else is read, and what they become is multiplied by
 * weights of zero. */
#ifndef TUNEBOOK_ATTENTION_MFMA_LINES_H
#define TUNEBOOK_ATTENTION_MFMA_LINES_H

/* SIZE elements of a line exist; it is kept with PADDED of them, the rest being zeros. SWIZZLED: by chunks.
 */
template <int LINE_SIZE, int PADDED, bool SWIZZLED> struct lines {
    static constexpr int CHUNKS = PADDED / 8, REAL = LINE_SIZE / 8;
    static constexpr bool SWIZZLE = SWIZZLED;
    static constexpr int PITCH = 16 * (SHARED == SHARED_PAD ? CHUNKS | 1 : CHUNKS);
    static constexpr int BYTES = TILE_N * PITCH;
    static constexpr int UNITS = TILE_N * CHUNKS;
    static constexpr int TURNS = (UNITS + THREADS - 1) / THREADS;
    /* All of a thread's chunks are in one column, and all of them exist. */
    static constexpr bool STRAIGHT = THREADS % CHUNKS == 0 && UNITS % THREADS == 0 && REAL == CHUNKS;
    static_assert(!SWIZZLED || CHUNKS % 8 == 0, "a swizzle changes places among eight chunks");
};

/* What chunks' numbers are changed by: an exclusive or of bits of the line, so that of two lines without a
 * common bit the sum's is the exclusive or of both; the same 32 lines on. */
GPU_DEVICE constexpr int turn_of(int line)
{
    return (line ^ (line >> 3 & 3) ^ (line >> 1 & 4)) & 7;
}

template <class L> GPU_DEVICE int place_of(int line, int chunk)
{
    return line * L::PITCH + 16 * (L::SWIZZLE ? chunk ^ turn_of(line) : chunk);
}

#define CHUNK_WORDS (2 * KV_BYTES) /* of eight elements in memory */

struct raw {
    unsigned word[CHUNK_WORDS];
};

/* Eight elements in Q's type. */
GPU_DEVICE gpu_u32x4 chunk_of(const struct raw &raw)
{
    unsigned word[4];
    if constexpr (KV_NARROW) {
        float x[8];
        numbers_from<KV_TYPE, 8>(raw.word, x);
        numbers_to<Q_TYPE, 8>(x, word);
    } else {
        GPU_UNROLL
        for (int i = 0; i < 4; i++) word[i] = raw.word[i];
    }
    gpu_u32x4 out = {word[0], word[1], word[2], word[3]};
    return out;
}

/* K or V of one head: where the keys of a sequence are. */
struct source {
    const kv_t *first; /* of key 0, or of page 0 */
    long long token, page;
};

/* Of a key that is there; beyond the last it is the last. */
GPU_DEVICE const kv_t *key_place(const struct attention_sequence &s, const struct source &from, int key)
{
    key = key < s.keys ? key : s.keys - 1;
    if (s.page_shift < 0) return from.first + key * from.token;
    struct attention_place at = attention_place_of(s, key);
    return from.first + at.item * from.page + at.row * from.token;
}

/* A thread's unit of turn `turn`. */
struct unit {
    int line, chunk;
};

template <class L> GPU_DEVICE struct unit unit_of(int turn)
{
    int unit = turn * THREADS + (int)gpu_thread_x();
    struct unit at = {unit / L::CHUNKS, unit % L::CHUNKS};
    if (L::STRAIGHT) {
        at.line = (int)gpu_thread_x() / L::CHUNKS + turn * (THREADS / L::CHUNKS);
        at.chunk = (int)gpu_thread_x() % L::CHUNKS;
    }
    if (L::UNITS % THREADS != 0 && unit >= L::UNITS) at.line = TILE_N - 1;
    return at;
}

/* A tile without pages, all of which exists: one address and constant distances. */
template <class L> GPU_DEVICE void fetch_plain(const struct source &from, int key, struct raw *out)
{
    struct unit at = unit_of<L>(0);
    const kv_t *place = from.first + key * from.token + (at.line * from.token + 8 * at.chunk);
    GPU_UNROLL
    for (int turn = 0; turn < L::TURNS; turn++)
        words_load<4 * CHUNK_WORDS>(place + turn * (THREADS / L::CHUNKS) * from.token, out[turn].word);
}

template <class L>
GPU_DEVICE void fetch_part(const struct attention_sequence &s, const struct source &from, int key,
                           struct raw *out)
{
    GPU_UNROLL
    for (int turn = 0; turn < L::TURNS; turn++) {
        struct unit at = unit_of<L>(turn);
        bool exists = at.chunk < L::REAL;
        words_load<4 * CHUNK_WORDS>(key_place(s, from, key + at.line) + 8 * (exists ? at.chunk : 0),
                                    out[turn].word);
        if (L::REAL == L::CHUNKS) continue;
        GPU_UNROLL
        for (int w = 0; w < CHUNK_WORDS; w++) out[turn].word[w] &= exists ? ~0u : 0u;
    }
}

/* A tile, from key `key` on. */
template <class L>
GPU_DEVICE void fetch_lines(const struct attention_sequence &s, const struct source &from, int key,
                            struct raw *out)
{
    if (L::STRAIGHT && s.page_shift < 0 && key + TILE_N <= s.keys)
        fetch_plain<L>(from, key, out);
    else
        fetch_part<L>(s, from, key, out);
}

template <class L> GPU_DEVICE void put_lines(const struct raw *raw, unsigned char *tile)
{
    GPU_UNROLL
    for (int turn = 0; turn < L::TURNS; turn++) {
        struct unit at = unit_of<L>(turn);
        if (L::UNITS % THREADS == 0 || turn * THREADS + (int)gpu_thread_x() < L::UNITS)
            gpu_store16(tile + place_of<L>(at.line, at.chunk), chunk_of(raw[turn]));
    }
}

#endif
