/* An operand's way from memory by registers into shared memory, the same for A and B, for gemm_mfma and
 * gemm_wmma.
 *
 * An operand has lines: A's rows, B's columns. A tile of it stands in shared memory line by line, each of
 * TILE_K elements in chunks of 16 bytes, since that is what a lane reads for its matrix instructions. Where
 * memory runs along k chunks go over as they came. Where it runs across k a thread takes DEPTH rows of k and
 * the 16 bytes side by side of each, and turns that block around in registers.
 *
 * Lanes of a wave read one column of chunks. In 128-byte lines these would all lie in the same banks:
 *     SHARED_PAD        a line is 16 bytes longer
 *     SHARED_SWIZZLE    chunks change places within a line, by an exclusive or with bits of the line's
 * number. Which bits: the hardware reads 16 bytes for eight lanes at once (lanes 0 to 3 with 20 to 23, 4 to 7
 * with 16 to 19 and so on; AMD, Composable Kernel documentation, "Understanding AMD GPU LDS and Bank
 * Conflicts"), and for all orders of lines that gemm_mfma_sums.h has these are eight different chunks; so are
 * eight lanes' writes.
 *
 * Loads of a whole tile have no test in their way: lines beyond the matrix are read as line 0, for what they
 * become is not written. Their addresses are one for the wave, which moves along k, and 32 bits for the lane,
 * which do not change. Tiles of which only a part of k exists take the other way, with 64 bits. */
#ifndef TUNEBOOK_GEMM_AMD_STAGE_H
#define TUNEBOOK_GEMM_AMD_STAGE_H

#include "gemm_gpu_words.h"

#define K_BYTES (TILE_K * IN_BYTES)
#define CHUNKS  (K_BYTES / 16)  /* of a line */
#define PER     (16 / IN_BYTES) /* elements of a chunk */
#define PITCH   (K_BYTES + (SHARED == SHARED_PAD ? 16 : 0))

/* What the numbers of a line's chunks are changed by. An exclusive or of bits of the line, so that of two
 * lines without a common bit the sum's is the exclusive or of both. */
GPU_DEVICE int turn_of(int line)
{
    constexpr int MISSING = CHUNKS >= 8 ? 0 : CHUNKS == 4 ? 1 : 2;
    int turn = line ^ (line >> 3 & 3) ^ (line >> 1 & 4) ^ (line >> 5 & 1);
    return SHARED == SHARED_PAD ? 0 : (turn & 7) >> MISSING;
}

GPU_DEVICE int shared_place(int line, int chunk)
{
    return line * PITCH + (chunk ^ turn_of(line)) * 16;
}

/* The place `line` lines and `chunk` chunks on from `place`, both numbers without a bit that the place's
 * have.
 */
GPU_DEVICE int place_from(int place, int line, int chunk)
{
    if (SHARED == SHARED_PAD) return place + line * PITCH + chunk * 16;
    return (place ^ (chunk ^ turn_of(line)) * 16) + line * PITCH;
}

/* PARTS is 2 where the second half of the lines lies elsewhere: the values' columns of a glu. BYTES: of an
 * access, as the operand's alignment allows. */
template <int TILE, bool RUNS_ALONG_K, int ALIGN, int N_PARTS> struct side {
    static constexpr bool ALONG_K = RUNS_ALONG_K;
    static constexpr int LINES = TILE, PARTS = N_PARTS, PART = TILE / N_PARTS;
    static constexpr int BYTES = ALIGN >= 4 ? 16 : 1 << ALIGN;
    static constexpr int TILE_BYTES = LINES * PITCH;
    static constexpr int ACROSS = LINES / PER; /* across k: vectors of a row of k */
    static constexpr int AREA = ACROSS * TILE_K;
    static constexpr int DEPTH = ALONG_K                     ? 1
                                 : AREA >= PER * THREADS     ? PER
                                 : AREA >= PER / 2 * THREADS ? PER / 2
                                                             : PER / 4;
    static constexpr int UNITS = ALONG_K ? LINES * CHUNKS : AREA / DEPTH; /* what threads take in turns */
    static constexpr int TURNS = (UNITS + THREADS - 1) / THREADS, LOADS = TURNS * DEPTH;
    static constexpr int WRITES = TURNS * (ALONG_K ? 1 : PER); /* to shared memory */
    static constexpr bool EVEN = UNITS % THREADS == 0;
    static_assert(ALONG_K || PART % PER == 0, "whole vectors");
};

/* A thread's unit of turn `turn`: of which lines from `line` on, and from which element of k on. */
struct place {
    int line, k;
};

template <class S> GPU_DEVICE bool unit_place(int turn, struct place *at)
{
    int unit = turn * THREADS + (int)gpu_thread_x();
    at->line = S::ALONG_K ? unit / CHUNKS : unit % S::ACROSS * PER;
    /* loads that pass no registers come in the order of lanes, so that these have to take the chunks in turn
     */
    int chunk = FETCH == FETCH_DIRECT ? unit % CHUNKS ^ turn_of(at->line) : unit % CHUNKS;
    at->k = S::ALONG_K ? chunk * PER : unit / S::ACROSS * S::DEPTH;
    return S::EVEN || unit < S::UNITS;
}

/* --- chunks from memory --- */

template <int BYTES> GPU_DEVICE gpu_u32x4 load_chunk(const unsigned char *from)
{
    gpu_u32x4 out = {0, 0, 0, 0};
    if constexpr (BYTES >= 4) {
        GPU_UNROLL
        for (int i = 0; i < 4; i += BYTES / 4) {
            unsigned word[BYTES / 4];
            load_words<BYTES / 4>(from + 4 * i, word);
            GPU_UNROLL
            for (int j = 0; j < BYTES / 4; j++) out[i + j] = word[j];
        }
    } else {
        GPU_UNROLL
        for (int i = 0; i < PER; i++)
            out[i * IN_BYTES / 4] |= (unsigned)((const in_t *)from)[i] << i * IN_BYTES % 4 * 8;
    }
    return out;
}

/* The first `count` elements; the rest are 0. */
template <int BYTES> GPU_DEVICE gpu_u32x4 load_part(const in_t *from, int count)
{
    if (count >= PER) return load_chunk<BYTES>((const unsigned char *)from);
    gpu_u32x4 out = {0, 0, 0, 0};
    GPU_UNROLL
    for (int i = 0; i < PER; i++)
        if (i < count) out[i * IN_BYTES / 4] |= (unsigned)from[i] << i * IN_BYTES % 4 * 8;
    return out;
}

/* --- a block's part of an operand --- */

struct operand {
    const in_t *first;  /* the tile's first line at the first k */
    long long ld, jump; /* jump: elements from where the second part would follow the first to where it is */
    int inside;         /* how many lines of each part exist, at most PART */
};

/* Is a whole tile of k read without tests? Else vectors end where the matrix does not, or lie too far apart.
 */
template <class S> GPU_DEVICE bool is_plain(const struct operand &from)
{
    long long reach = from.ld * (S::ALONG_K ? S::LINES : TILE_K) + from.jump + S::LINES;
    bool vectors = S::ALONG_K || from.inside == S::PART || from.inside % PER == 0;
    return vectors && reach < 4294967295LL / IN_BYTES && from.jump >= 0;
}

/* Where loads of whole tiles are: `at` is the same for all threads. */
template <class S> struct stream {
    const unsigned char *at;
    unsigned offset[S::TURNS];
};

template <class S> GPU_DEVICE void stream_begin(const struct operand &from, struct stream<S> *out)
{
    out->at = (const unsigned char *)from.first;
    GPU_UNROLL
    for (int i = 0; i < S::TURNS; i++) {
        struct place at;
        bool exists = unit_place<S>(i, &at);
        bool second = S::PARTS > 1 && at.line >= S::PART;
        int within = second ? at.line - S::PART : at.line;
        if (!exists || within >= from.inside) at.line = second ? S::PART : 0;
        if (!exists) at.k = 0;
        long long element = S::ALONG_K ? at.line * from.ld + at.k : at.k * from.ld + at.line;
        out->offset[i] = (unsigned)((element + (second ? from.jump : 0)) * IN_BYTES);
    }
}

/* The thread's share of the next tile, all of whose k exists. */
template <class S> GPU_DEVICE void fetch_whole(struct stream<S> *from, long long ld, gpu_u32x4 *raw)
{
    GPU_UNROLL
    for (int i = 0; i < S::TURNS; i++) {
        GPU_UNROLL
        for (int r = 0; r < S::DEPTH; r++)
            raw[i * S::DEPTH + r] = load_chunk<S::BYTES>(from->at + r * ld * IN_BYTES + from->offset[i]);
    }
    from->at += S::ALONG_K ? K_BYTES : ld * K_BYTES;
}

#if FETCH == FETCH_DIRECT
/* Likewise, to shared memory; it is there for the wave behind GPU_LOAD_TO_SHARED_WAIT(0). */
template <class S> GPU_DEVICE void fetch_direct(struct stream<S> *from, unsigned char *tile)
{
    static_assert(S::ALONG_K && S::EVEN && S::BYTES == 16 && SHARED == SHARED_SWIZZLE && BUFFERS == 2,
                  "whole waves, chunks as they stand in memory, a buffer that nobody reads");
    GPU_UNROLL
    for (int i = 0; i < S::TURNS; i++)
        gpu_load_to_shared16(tile + (i * THREADS + (int)gpu_wave() * 64) * 16, from->at, from->offset[i]);
    from->at += K_BYTES;
}
#endif

/* Of tile number `tile`, of which `depth` steps of k exist, into registers. What does not exist is 0. */
template <class S> GPU_DEVICE void fetch_part(const struct operand &from, int tile, int depth, gpu_u32x4 *raw)
{
    const in_t *first = from.first + (long long)tile * TILE_K * (S::ALONG_K ? 1 : from.ld);
    GPU_UNROLL
    for (int i = 0; i < S::TURNS; i++) {
        struct place at;
        bool exists = unit_place<S>(i, &at);
        bool second = S::PARTS > 1 && at.line >= S::PART;
        int inside = from.inside - (second ? at.line - S::PART : at.line);
        const in_t *line = first + (second ? from.jump : 0);
        GPU_UNROLL
        for (int r = 0; r < S::DEPTH; r++) {
            int k = at.k + r, count = S::ALONG_K ? (inside > 0 ? depth - k : 0) : (k < depth ? inside : 0);
            raw[i * S::DEPTH + r] = load_part<S::BYTES>(
                line + (S::ALONG_K ? at.line * from.ld + k : k * from.ld + at.line), exists ? count : 0);
        }
    }
}

/* --- to shared memory --- */

/* Word `word` of the line `line` of a block that was fetched across k: its elements are of rows of k side by
 * side. */
GPU_DEVICE unsigned turned_word(const gpu_u32x4 *rows, int line, int word)
{
    int from = line * IN_BYTES / 4, shift = line * IN_BYTES % 4 * 8;
    if (IN_BYTES == 2) {
        unsigned low = rows[2 * word][from], high = rows[2 * word + 1][from];
        return shift ? low >> 16 | (high & 0xffff0000u) : (low & 0xffffu) | high << 16;
    }
    unsigned out = 0;
    GPU_UNROLL
    for (int i = 0; i < 4; i++) out |= (rows[4 * word + i][from] >> shift & 0xffu) << 8 * i;
    return out;
}

template <class S> GPU_DEVICE void put(const gpu_u32x4 *raw, unsigned char *tile)
{
    constexpr int WORDS = S::ALONG_K ? 4 : S::DEPTH * IN_BYTES / 4;
    GPU_UNROLL
    for (int i = 0; i < S::TURNS; i++) {
        struct place at;
        if (!unit_place<S>(i, &at)) continue;
        int place = shared_place(at.line, at.k / PER) + at.k % PER * IN_BYTES;
        if constexpr (S::ALONG_K) {
            gpu_store16(tile + place, raw[i]);
        } else {
            GPU_UNROLL
            for (int line = 0; line < PER; line++) {
                unsigned word[WORDS];
                GPU_UNROLL
                for (int w = 0; w < WORDS; w++) word[w] = turned_word(raw + i * S::DEPTH, line, w);
                store_words<WORDS>(tile + place_from(place, line, 0), word);
            }
        }
    }
}

#endif
