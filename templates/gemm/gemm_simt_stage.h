/* An operand's way from memory into shared memory, the same for A and B, for gemm_simt.
 *
 * An operand has lines: A's rows, B's columns. A block's tile is LINES of them by TILE_K steps of k, and
 * stands in shared memory as floats, step by step: element (line, k) at k * PITCH + line. Threads then read
 * runs of four lines of one step, 16 bytes each, side by side: 32 banks of 4 bytes serve eight threads at
 * once, and threads that read the same run share it.
 *
 * Where memory runs across k (a step's lines lie side by side) a vector goes to shared memory as it came.
 * Where it runs along k a vector is taken apart, and the threads of a wave write to several steps at once.
 * With PITCH a multiple of 32 those writes would meet in one bank:
 *     SHARED_PAD       PITCH is four more, so that steps begin four banks apart
 *     SHARED_SWIZZLE   runs of four lines change places, by exclusive or with a number of the vector's
 *                      steps: the vectors of a line lie in different banks, and no memory is spent */
#ifndef TUNEBOOK_GEMM_SIMT_STAGE_H
#define TUNEBOOK_GEMM_SIMT_STAGE_H

#include "gemm_gpu_words.h"

/* PARTS is 2 where the second half of the lines lies elsewhere: the values' columns of a glu. VECTOR_BYTES is
 * the most that one access reads. */
template <int TILE, bool RUNS_ALONG_K, int VECTOR_BYTES, int N_PARTS> struct side {
    static constexpr bool ALONG_K = RUNS_ALONG_K;
    static constexpr int LINES = TILE, PARTS = N_PARTS, PART = TILE / N_PARTS;
    static constexpr int SPAN = ALONG_K ? TILE_K : TILE; /* elements side by side in memory */
    static constexpr int WANTED = VECTOR_BYTES < IN_BYTES ? 1 : VECTOR_BYTES / IN_BYTES;
    static constexpr int VECTOR = LEAST(WANTED, ALONG_K ? TILE_K : PART); /* elements of an access */
    static constexpr int VECTORS = TILE * TILE_K / VECTOR;
    static constexpr int LOADS = (VECTORS + THREADS - 1) / THREADS; /* accesses of a thread */
    static constexpr bool EVEN = VECTORS % THREADS == 0;
    static constexpr int WORDS = (VECTOR * IN_BYTES + 3) / 4;
    static constexpr int PITCH = TILE + (ALONG_K && SHARED == SHARED_PAD ? 4 : 0);
    static constexpr int FLOATS = PITCH * TILE_K;
    static constexpr bool SWIZZLED = ALONG_K && SHARED == SHARED_SWIZZLE;
    /* Eight runs fill the banks. A wave writes lines of 4 * STEP, and SPAN / VECTOR vectors of each. */
    static constexpr int STEP = SPAN / VECTOR < 8 ? 8 * VECTOR / SPAN : 1;
    static constexpr int RUNS = LEAST(TILE / 4, 8);
};

/* A block's part of an operand. */
struct operand {
    const in_t *first;  /* the tile's first line at k = 0 */
    long long ld, jump; /* jump: elements from where the second part would follow the first to where it is */
    int lines;          /* how many lines of each part exist, at most PART */
    bool vectors;       /* is every part as aligned as the operand? */
};

struct place {
    int line, k;
};

/* What the thread's load number `load` is about; false where the tile has no more vectors. */
template <class S> GPU_DEVICE bool stage_place(int load, struct place *at)
{
    unsigned index = (unsigned)(load * THREADS) + gpu_thread_x();
    int across = (int)(index / (S::SPAN / S::VECTOR)),
        along = (int)(index % (S::SPAN / S::VECTOR)) * S::VECTOR;
    at->line = S::ALONG_K ? across : along;
    at->k = S::ALONG_K ? along : across;
    return S::EVEN || index < S::VECTORS;
}

template <class S> GPU_DEVICE int shared_place(int line, int k)
{
    int swapped = S::SWIZZLED ? (k / S::VECTOR * S::STEP & (S::RUNS - 1)) * 4 : 0;
    return k * S::PITCH + (line ^ swapped);
}

template <class S>
GPU_DEVICE const in_t *stage_address(const struct operand *from, long long k, struct place at)
{
    long long line = at.line, step = k + at.k;
    const in_t *address = from->first + (S::ALONG_K ? line * from->ld + step : step * from->ld + line);
    return S::PARTS > 1 && at.line >= S::PART ? address + from->jump : address;
}

/* How many elements of the vector at `at` exist; may be negative or more than a vector. */
template <class S> GPU_DEVICE int stage_count(const struct operand *from, int depth, struct place at)
{
    int line = S::PARTS > 1 && at.line >= S::PART ? at.line - S::PART : at.line;
    if (S::ALONG_K) return line < from->lines ? depth - at.k : 0;
    return at.k < depth ? from->lines - line : 0;
}

/* --- by way of registers --- */

template <class S> GPU_DEVICE void load_vector(const in_t *from, unsigned *raw)
{
    if constexpr (S::VECTOR * IN_BYTES < 4)
        raw[0] = *from;
    else
        load_words<S::WORDS>(from, raw);
}

/* The first `count` elements; the rest are 0. */
template <class S> GPU_DEVICE void load_elements(const in_t *from, int count, unsigned *raw)
{
    GPU_UNROLL
    for (int i = 0; i < S::WORDS; i++) raw[i] = 0;
    GPU_UNROLL
    for (int i = 0; i < S::VECTOR; i++) {
        if (i >= count) continue;
#if A_TYPE == DTYPE_F32
        raw[i] = gpu_bits(from[i]);
#else
        raw[i / 2] |= (unsigned)from[i] << (i % 2 * 16);
#endif
    }
}

/* The thread's share of the tile at k, of which `depth` steps exist. What does not exist is 0. */
template <class S>
GPU_DEVICE void fetch(const struct operand *from, long long k, int depth, unsigned (*raw)[S::WORDS])
{
    struct place at;
    if (depth == TILE_K && from->lines == S::PART && from->vectors) { /* nearly always: no test in the way */
        GPU_UNROLL
        for (int i = 0; i < S::LOADS; i++)
            if (stage_place<S>(i, &at)) load_vector<S>(stage_address<S>(from, k, at), raw[i]);
        return;
    }
    GPU_UNROLL
    for (int i = 0; i < S::LOADS; i++) {
        bool exists = stage_place<S>(i, &at);
        int count = exists ? stage_count<S>(from, depth, at) : 0;
        if (count >= S::VECTOR && from->vectors)
            load_vector<S>(stage_address<S>(from, k, at), raw[i]);
        else
            load_elements<S>(stage_address<S>(from, k, at), count, raw[i]);
    }
}

GPU_DEVICE float raw_element(const unsigned *raw, int i)
{
#if A_TYPE == DTYPE_F32
    return gpu_float(raw[i]);
#elif A_TYPE == DTYPE_F16
    return gpu_from_f16((gpu_f16)(raw[i / 2] >> (i % 2 * 16)));
#else
    return gpu_from_bf16((gpu_bf16)(raw[i / 2] >> (i % 2 * 16)));
#endif
}

/* What was fetched, as floats into the tile. */
template <class S> GPU_DEVICE void put(float *tile, const unsigned (*raw)[S::WORDS])
{
    GPU_UNROLL
    for (int i = 0; i < S::LOADS; i++) {
        struct place at;
        if (!stage_place<S>(i, &at)) continue;
        float x[S::VECTOR];
        GPU_UNROLL
        for (int e = 0; e < S::VECTOR; e++) x[e] = raw_element(raw[i], e);
        float *to = tile + shared_place<S>(at.line, at.k);
        constexpr int WIDTH = S::ALONG_K ? 1 : LEAST(S::VECTOR, 4);
        GPU_UNROLL
        for (int e = 0; e < S::VECTOR; e += WIDTH)
            store_floats<WIDTH>(to + e * (S::ALONG_K ? S::PITCH : 1), x + e);
    }
}

/* --- by asynchronous copies, f32 only --- */

#if A_TYPE == DTYPE_F32 && COPY == COPY_ASYNC
template <class S> GPU_DEVICE void copy_vector(float *to, const in_t *from, int count, bool vectors)
{
    unsigned valid = 4u * (unsigned)(count < S::VECTOR ? count : S::VECTOR);
    if (S::VECTOR == 4 && vectors) {
        gpu_copy_async16(to, from, valid);
    } else if (S::VECTOR == 2 && vectors) {
        gpu_copy_async8(to, from, valid);
    } else {
        GPU_UNROLL
        for (int i = 0; i < S::VECTOR; i++)
            gpu_copy_async4(to + i, i < count ? from + i : from, i < count ? 4u : 0u);
    }
}

/* The thread's share of the tile at k. Where memory runs along k vectors have one element, since they are
 * taken apart. */
template <class S> GPU_DEVICE void copy(const struct operand *from, long long k, int depth, float *tile)
{
    GPU_UNROLL
    for (int i = 0; i < S::LOADS; i++) {
        struct place at;
        if (!stage_place<S>(i, &at)) continue;
        int count = stage_count<S>(from, depth, at);
        const in_t *address = count > 0 ? stage_address<S>(from, k, at) : from->first;
        copy_vector<S>(tile + shared_place<S>(at.line, at.k), address, count > 0 ? count : 0, from->vectors);
    }
}
#endif

#endif
