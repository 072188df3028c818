/* A block's sums along k, for gemm_mfma: a tile comes from memory into registers while another is multiplied.
 *
 *     BUFFERS 1    fetch the next tile; multiply this one; barrier; put; barrier
 *     BUFFERS 2    fetch the next tile; multiply this one; put into the other buffer; barrier
 *
 * With FRAGMENTS 2 the next slice is read from shared memory while the present one is multiplied. A tile's
 * last slice is multiplied in two halves: one while the next tile is put into shared memory, the other while
 * its first slice is read. Needs gemm_mfma_sums.h before
 * it. */
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

/* The products of tile `tile`, which is in buffer `at`, while the next one is fetched; WHOLE: it exists, and
 * all of its k. */
template <bool WHOLE>
GPU_DEVICE void multiply_tile(const struct gemm_args &args, struct pipe *pipe, const struct places *places,
                              const struct range &range, int tile, unsigned char *shared, int *at,
                              struct fragments *fragments, sums_t (*sums)[B_TILES])
{
    bool more = WHOLE || tile + 1 < range.tiles;
    unsigned char *here = shared + *at, *there = shared + (BUFFERS == 1 ? 0 : BUFFER_BYTES - *at);
    if (more) fetch<WHOLE>(args, range, tile + 1, pipe);
    GPU_UNROLL
    for (int slice = 0; slice < SLICES; slice++) {
        struct fragments *now = fragments + slice % FRAGMENTS;
        bool last = slice == SLICES - 1;
        if (FRAGMENTS == 1)
            load_fragments(here, places, slice, now);
        else if (!last)
            load_fragments(here, places, slice + 1, fragments + (slice + 1) % 2);
        if (!last) {
            multiply_rows(now, 0, PRODUCT_ROWS, sums);
            continue;
        }
        if (BUFFERS == 1) gpu_barrier(); /* everybody has read the tile */
        if (more) put_tile(pipe, there);
        multiply_rows(now, 0, PRODUCT_ROWS / 2, sums);
        gpu_barrier(); /* the next one is there */
        if (FRAGMENTS == 2 && more) load_fragments(there, places, 0, fragments + SLICES % 2);
        multiply_rows(now, PRODUCT_ROWS / 2, PRODUCT_ROWS, sums);
    }
    if (FRAGMENTS == 2 && SLICES % 2 == 1) fragments[0] = fragments[1];
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

/* The sums of a range. When it returns nobody uses shared memory. */
GPU_DEVICE void accumulate(const struct gemm_args &args, struct pipe *pipe, const struct range &range,
                           unsigned char *shared, sums_t (*sums)[B_TILES])
{
    struct fragments fragments[FRAGMENTS];
    struct places places = places_begin();
    int tile = 0, at = 0;
    if (pipe->whole > 0)
        fetch<true>(args, range, 0, pipe);
    else
        fetch<false>(args, range, 0, pipe);
    put_tile(pipe, shared);
    gpu_barrier();
    if (FRAGMENTS == 2) load_fragments(shared, &places, 0, fragments);
    GPU_NO_UNROLL
    for (; tile + 1 < pipe->whole; tile++)
        multiply_tile<true>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++)
        multiply_tile<false>(args, pipe, &places, range, tile, shared, &at, fragments, sums);
}

#endif
