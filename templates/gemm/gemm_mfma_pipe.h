/* A block's sums along k, for gemm_mfma: a tile comes from memory into registers while another is multiplied.
 *
 *     BUFFERS 1    fetch the next tile; multiply this one; barrier; put; barrier
 *     BUFFERS 2    put the next tile into the other buffer; fetch the one behind it; multiply this one;
 * barrier
 *
 * With FETCH_DIRECT the next tile goes from memory to the other buffer without passing registers; only what
 * does not exist as a whole does.
 *
 * With FRAGMENTS 2 the next slice is read from shared memory while the present one is multiplied. A tile's
 * last slice is multiplied in two halves: with one buffer the first while the next tile is put into it, then
 * the other while its first slice is read. PIPELINE says who sees to it that it comes so:
 *
 *     PIPELINE_FREE      the compiler, which likes to save registers by reading late
 *     PIPELINE_SLICES    nothing moves from one slice or half to another
 *     PIPELINE_MIXED     so, and within them matrix instructions and accesses to memory alternate
 *     PIPELINE_TURNS     two waves of a SIMD take turns (gemm_mfma_turns.h)
 *
 * Needs gemm_mfma_sums.h before it. */
#ifndef TUNEBOOK_GEMM_MFMA_PIPE_H
#define TUNEBOOK_GEMM_MFMA_PIPE_H

/* A slice of k of the block: TILE_K steps a tile, of which the last may have fewer. */
struct range {
    int first, tiles, steps;
};

/* A tile on its way. */
struct pipe {
    struct operand a, b;
    struct stream<side_a> stream_a;
    struct stream<side_b> stream_b;
    gpu_u32x4 raw_a[side_a::LOADS], raw_b[side_b::LOADS];
    int whole; /* how many tiles, from the first on, are read without tests */
};

template <bool WHOLE>
GPU_DEVICE void fetch(const struct gemm_args &args, const struct range &range, int tile, struct pipe *pipe)
{
    if constexpr (WHOLE) {
        fetch_whole<side_a>(&pipe->stream_a, args.lda, pipe->raw_a);
        fetch_whole<side_b>(&pipe->stream_b, args.ldb, pipe->raw_b);
    } else {
        int depth = LEAST(range.steps - tile * TILE_K, TILE_K);
        fetch_part<side_a>(pipe->a, tile, depth, pipe->raw_a);
        fetch_part<side_b>(pipe->b, tile, depth, pipe->raw_b);
    }
}

GPU_DEVICE void put_tile(const struct pipe *pipe, unsigned char *buffer)
{
    put<side_a>(pipe->raw_a, buffer);
    put<side_b>(pipe->raw_b, buffer + side_a::TILE_BYTES);
}

#define AHEAD (FETCH == FETCH_DIRECT ? 1 : BUFFERS) /* how far ahead tiles are fetched */

/* The next tile to buffer `there`; what is fetched into registers for that is tile + AHEAD. */
template <bool WHOLE>
GPU_DEVICE void move_tiles(const struct gemm_args &args, const struct range &range, int tile,
                           unsigned char *there, struct pipe *pipe)
{
    bool next = WHOLE || tile + 1 < range.tiles, more = WHOLE || tile + AHEAD < range.tiles;
#if FETCH == FETCH_DIRECT
    if constexpr (WHOLE) {
        fetch_direct<side_a>(&pipe->stream_a, there);
        fetch_direct<side_b>(&pipe->stream_b, there + side_a::TILE_BYTES);
        return;
    }
    if (more) fetch<false>(args, range, tile + AHEAD, pipe);
    if (next) put_tile(pipe, there);
#else
    if (BUFFERS == 2 && next) put_tile(pipe, there);
    if (more) fetch<WHOLE>(args, range, tile + AHEAD, pipe);
#endif
}

/* What went without registers has come. */
GPU_DEVICE void wait_for_moves(void)
{
#if FETCH == FETCH_DIRECT
    GPU_LOAD_TO_SHARED_WAIT(0);
#endif
}

/* --- order --- */

GPU_DEVICE void part_ends(void)
{
#if PIPELINE != PIPELINE_FREE
    gpu_schedule_fence(0);
#endif
}

/* Of the part that ends here: every access of KIND, of which there are COUNT, behind its share of PRODUCTS
 * matrix instructions. */
template <int KIND, int COUNT, int PRODUCTS> GPU_DEVICE void mix(void)
{
    if (FRAGMENTS == 1 && KIND == GPU_SCHEDULE_SHARED_READ) return; /* they wait for them */
#if PIPELINE == PIPELINE_MIXED
    constexpr int EACH = COUNT > 0 && PRODUCTS > COUNT ? PRODUCTS / COUNT : 1;
    GPU_UNROLL
    for (int i = 0; i < COUNT; i++) {
        gpu_schedule_group(GPU_SCHEDULE_MATRIX, EACH, 0);
        gpu_schedule_group(KIND, 1, 0);
    }
#endif
}

#define SLICE_PRODUCTS (PRODUCT_ROWS * B_TILES)
#define SLICE_READS    ((M_TILES + B_TILES) * DEEP)
#define TILE_LOADS     (FETCH == FETCH_DIRECT ? 0 : TILE_FETCHES)
#define TILE_FETCHES   (side_a::LOADS * (16 / side_a::BYTES) + side_b::LOADS * (16 / side_b::BYTES))
#define TILE_WRITES    (FETCH == FETCH_DIRECT ? 0 : side_a::WRITES + side_b::WRITES)

/* Of a tile's first slice. */
template <bool WHOLE> GPU_DEVICE void mix_first(void)
{
    constexpr int SHARE = SLICE_PRODUCTS / (BUFFERS + 1);
    mix<GPU_SCHEDULE_SHARED_READ, SLICE_READS, WHOLE ? SHARE : SLICE_PRODUCTS>();
    if (!WHOLE) return;
    if (BUFFERS == 2) mix<GPU_SCHEDULE_SHARED_WRITE, TILE_WRITES, SHARE>();
    mix<GPU_SCHEDULE_GLOBAL_READ, TILE_LOADS, SHARE>();
}

/* The products of tile `tile`, which is in buffer `at`, while tile + AHEAD is fetched; WHOLE: it exists,
 * and all of its k. */
template <bool WHOLE>
GPU_DEVICE void multiply_tile(const struct gemm_args &args, struct pipe *pipe, const struct places *places,
                              const struct range &range, int tile, unsigned char *shared, int *at,
                              struct fragments *fragments, sums_t (*sums)[B_TILES])
{
    bool next = WHOLE || tile + 1 < range.tiles;
    unsigned char *here = shared + *at, *there = shared + (BUFFERS == 1 ? 0 : BUFFER_BYTES - *at);
    GPU_UNROLL
    for (int slice = 0; slice < SLICES - 1; slice++) {
        if (FRAGMENTS == 1) load_fragments(here, places, slice, fragments);
        if (FRAGMENTS == 2) load_fragments(here, places, slice + 1, fragments + (slice + 1) % 2);
        if (slice == 0) move_tiles<WHOLE>(args, range, tile, there, pipe);
        multiply_rows(fragments + slice % FRAGMENTS, 0, PRODUCT_ROWS, sums);
        if (slice == 0)
            mix_first<WHOLE>();
        else
            mix<GPU_SCHEDULE_SHARED_READ, SLICE_READS, SLICE_PRODUCTS>();
        part_ends();
    }
    struct fragments *last = fragments + (SLICES - 1) % FRAGMENTS;
    if (FRAGMENTS == 1) load_fragments(here, places, SLICES - 1, last);
    if (SLICES == 1) move_tiles<WHOLE>(args, range, tile, there, pipe);
    if (BUFFERS == 1) {
        gpu_barrier_shared(); /* everybody has read the tile */
        part_ends();
        if (next) put_tile(pipe, there);
    }
    multiply_rows(last, 0, PRODUCT_ROWS / 2, sums);
    if (WHOLE && BUFFERS == 1) mix<GPU_SCHEDULE_SHARED_WRITE, TILE_WRITES, SLICE_PRODUCTS / 2>();
    part_ends();
    wait_for_moves();
    gpu_barrier_shared(); /* the next one is there */
    if (FRAGMENTS == 2 && next) load_fragments(there, places, 0, fragments + SLICES % 2);
    multiply_rows(last, PRODUCT_ROWS / 2, PRODUCT_ROWS, sums);
    if (FRAGMENTS == 2) mix<GPU_SCHEDULE_SHARED_READ, SLICE_READS, SLICE_PRODUCTS / 2>();
    part_ends();
    if (FRAGMENTS == 2 && SLICES % 2 == 1) fragments[0] = fragments[1];
    if (BUFFERS == 2) *at = BUFFER_BYTES - *at;
}

#if PIPELINE == PIPELINE_TURNS
#include "gemm_mfma_turns.h"
#endif

GPU_DEVICE void pipe_begin(const struct operand &a, const struct operand &b, const struct range &range,
                           struct pipe *pipe)
{
    pipe->a = a;
    pipe->b = b;
    stream_begin<side_a>(a, &pipe->stream_a);
    stream_begin<side_b>(b, &pipe->stream_b);
    pipe->whole = is_plain<side_a>(a) && is_plain<side_b>(b) ? range.steps / TILE_K : 0;
}

/* Into registers; the first two tiles of a range. */
GPU_DEVICE void fetch_begin(const struct gemm_args &args, const struct range &range, int tile,
                            struct pipe *pipe)
{
    if (tile < pipe->whole)
        fetch<true>(args, range, tile, pipe);
    else if (tile < range.tiles)
        fetch<false>(args, range, tile, pipe);
}

/* The sums of a range. When it returns nobody uses shared memory. */
GPU_DEVICE void accumulate(const struct gemm_args &args, struct pipe *pipe, const struct range &range,
                           unsigned char *shared, sums_t (*sums)[B_TILES])
{
    struct fragments fragments[FRAGMENTS];
    struct places places = places_begin();
    fetch_begin(args, range, 0, pipe);
    put_tile(pipe, shared);
    if (AHEAD == 2) fetch_begin(args, range, 1, pipe);
    gpu_barrier_shared();
#if PIPELINE == PIPELINE_TURNS
    multiply_in_turns(args, pipe, &places, range, shared, fragments, sums);
#else
    int tile = 0, at = 0;
    if (FRAGMENTS == 2) load_fragments(shared, &places, 0, fragments);
    GPU_NO_UNROLL
    for (; tile + AHEAD < pipe->whole; tile++)
        multiply_tile<true>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++)
        multiply_tile<false>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
#endif
}

#endif
