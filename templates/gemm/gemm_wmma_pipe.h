/* A block's sums along k, for gemm_wmma: a tile comes from memory into registers while another is multiplied.
 *
 *     BUFFERS 1    fetch the next tile; multiply this one; barrier; put; barrier
 *     BUFFERS 2    fetch the next tile; multiply this one; put into the other buffer; barrier
 *
 * With FRAGMENTS 2 the next slice is read from shared memory while the present one is multiplied; of a tile's
 * last slice the second half is multiplied while the next tile's first one is read. PIPELINE_SLICES keeps the
 * compiler from moving reads and products from one slice to another, PIPELINE_FREE leaves that to it.
 *
 * Barriers order shared memory alone: loads under way stay so, and caches keep what they have. What was
 * fetched lives for one tile only: an array that outlives the loop's turns costs its registers in all of
 * them. Needs gemm_wmma_sums.h before it. */
#ifndef TUNEBOOK_GEMM_WMMA_PIPE_H
#define TUNEBOOK_GEMM_WMMA_PIPE_H

/* A slice of k of the block: TILE_K steps a tile, of which the last may have fewer. */
struct range {
    int first, tiles, steps;
};

struct pipe {
    struct operand a, b;
    struct stream<side_a> stream_a;
    struct stream<side_b> stream_b;
    int whole; /* how many tiles, from the first on, are read without tests */
};

/* A tile on its way. */
struct fetched {
    gpu_u32x4 a[side_a::LOADS], b[side_b::LOADS];
};

template <bool WHOLE>
GPU_DEVICE void fetch(const struct gemm_args &args, const struct range &range, int tile, struct pipe *pipe,
                      struct fetched *out)
{
    if constexpr (WHOLE) {
        fetch_whole<side_a>(&pipe->stream_a, args.lda, out->a);
        fetch_whole<side_b>(&pipe->stream_b, args.ldb, out->b);
    } else {
        int depth = LEAST(range.steps - tile * TILE_K, TILE_K);
        fetch_part<side_a>(pipe->a, tile, depth, out->a);
        fetch_part<side_b>(pipe->b, tile, depth, out->b);
    }
}

GPU_DEVICE void put_tile(const struct fetched *from, unsigned char *buffer)
{
    put<side_a>(from->a, buffer);
    put<side_b>(from->b, buffer + side_a::TILE_BYTES);
}

GPU_DEVICE void slice_ends(void)
{
#if PIPELINE == PIPELINE_SLICES
    gpu_schedule_fence(0);
#endif
}

GPU_DEVICE void hold(sums_t (*sums)[B_TILES])
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES * B_TILES; i++) gpu_wmma_hold(sums[i / B_TILES][i % B_TILES]);
}

/* The products of tile `tile`, which is in buffer `at`, while the next one is fetched; WHOLE: it exists, and
 * all of its k. */
template <bool WHOLE>
GPU_DEVICE void multiply_tile(const struct gemm_args &args, struct pipe *pipe, const struct places *places,
                              const struct range &range, int tile, unsigned char *shared, int *at,
                              struct fragments *fragments, sums_t (*sums)[B_TILES])
{
    constexpr int LAST = SLICES - 1, MIDDLE = FRAGMENTS == 1 ? PRODUCT_ROWS : PRODUCT_ROWS / 2;
    bool next = WHOLE || tile + 1 < range.tiles;
    unsigned char *here = shared + *at, *there = shared + (BUFFERS == 1 ? 0 : BUFFER_BYTES - *at);
    struct fetched fetched;
    if (next) fetch<WHOLE>(args, range, tile + 1, pipe, &fetched);
    GPU_UNROLL
    for (int slice = 0; slice < SLICES; slice++) {
        struct fragments *now = fragments + slice % FRAGMENTS;
        if (FRAGMENTS == 1)
            load_fragments(here, places, slice, now);
        else if (slice < LAST)
            load_fragments(here, places, slice + 1, fragments + (slice + 1) % 2);
        multiply_rows(now, 0, slice < LAST ? PRODUCT_ROWS : MIDDLE, sums);
        slice_ends();
    }
    hold(sums);
    if (BUFFERS == 1) gpu_barrier_shared(); /* everybody has read the tile */
    if (next) put_tile(&fetched, there);
    gpu_barrier_shared(); /* the next one is there */
    if (FRAGMENTS == 2) {
        if (next) load_fragments(there, places, 0, fragments + SLICES % 2);
        multiply_rows(fragments + LAST % 2, MIDDLE, PRODUCT_ROWS, sums);
        slice_ends();
    }
    if (BUFFERS == 2) *at = BUFFER_BYTES - *at;
}

GPU_DEVICE void pipe_begin(const struct operand &a, const struct operand &b, const struct range &range,
                           struct pipe *pipe)
{
    pipe->a = a;
    pipe->b = b;
    stream_begin<side_a>(a, &pipe->stream_a);
    stream_begin<side_b>(b, &pipe->stream_b);
    pipe->whole = is_plain<side_a>(a) && is_plain<side_b>(b) ? range.steps / TILE_K : 0;
}

GPU_DEVICE void first_tile(const struct gemm_args &args, struct pipe *pipe, const struct range &range,
                           unsigned char *shared)
{
    struct fetched fetched;
    if (pipe->whole > 0)
        fetch<true>(args, range, 0, pipe, &fetched);
    else
        fetch<false>(args, range, 0, pipe, &fetched);
    put_tile(&fetched, shared);
    gpu_barrier_shared();
}

/* The sums of a range. When it returns nobody uses shared memory. */
GPU_DEVICE void accumulate(const struct gemm_args &args, struct pipe *pipe, const struct range &range,
                           unsigned char *shared, sums_t (*sums)[B_TILES])
{
    struct fragments fragments[FRAGMENTS];
    struct places places = places_begin();
    int tile = 0, at = 0;
    first_tile(args, pipe, range, shared);
    if (FRAGMENTS == 2) load_fragments(shared, &places, 0, fragments);
    GPU_NO_UNROLL
    for (; tile + 1 < pipe->whole; tile++)
        multiply_tile<true>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++)
        multiply_tile<false>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
}

#endif
