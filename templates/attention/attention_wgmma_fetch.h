/* The fetching warpgroup: tiles of keys and values into shared memory.
 *
 * A tile within its sequence is boxes of the copy engine, begun by one thread: a tensor map knows tokens by
 * all heads' elements, so that the sequence's first token and the head's first element are where a box lies.
 * Other tiles are copied, each thread 16 bytes at a time: the last one of a sequence, whose rows beyond are
 * zeros (whatever memory holds there must not meet the zero weights of hidden keys), tiles of pages, and all
 * tiles of heads that do not lie side by side, which the map does not know. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_FETCH_H
#define TUNEBOOK_ATTENTION_WGMMA_FETCH_H

struct fetcher {
    struct ring ring[2];       /* of K and of V */
    unsigned long long *under; /* what the copies under way fill; 0: none */
    unsigned thread;           /* of 128 */
};

GPU_DEVICE struct fetcher fetcher_of(void)
{
    struct fetcher fetcher = {{{0, 0}, {0, 0}}, 0, gpu_thread_x() % 128};
    return fetcher;
}

/* One arrival for a warp. */
GPU_DEVICE void warp_arrive(unsigned long long *barrier)
{
    gpu_wave_barrier();
    if (gpu_lane() == 0) gpu_mbarrier_arrive(barrier);
}

/* Copies but for the last NEWER groups have landed: wgmma may know. */
template <int NEWER> GPU_DEVICE void fetcher_settle(struct fetcher *fetcher)
{
    if (!fetcher->under) return;
    GPU_COPY_WAIT(NEWER);
    gpu_fence_async_shared();
    warp_arrive(fetcher->under);
    fetcher->under = 0;
}

template <int HEAD, int LINE>
GPU_DEVICE void fetch_boxes(unsigned char *to, const gpu_tensor_map *map, unsigned long long *full, int head,
                            int row, int item)
{
    gpu_mbarrier_expect(full, TILE_N * HEAD * 2);
    GPU_UNROLL
    for (int column = 0; column < HEAD * 2 / LINE; column++)
        gpu_tensor_load(to + column * TILE_N * LINE, map, full, head * HEAD + column * (LINE / 2), row, item);
}

template <bool VALUES>
GPU_DEVICE void copy_tile(const struct attention_args &args, const struct work &work, unsigned char *to,
                          int first, unsigned thread)
{
    constexpr int HEAD = VALUES ? SIZE_DV : SIZE_D, CHUNKS = HEAD / 8, LINE = VALUES ? V_LINE : K_LINE;
    GPU_NO_UNROLL
    for (int i = (int)thread; i < TILE_N * CHUNKS; i += 128) {
        int row = i / CHUNKS, chunk = i % CHUNKS, key = first + row;
        struct attention_place at = attention_place_of(work.s, key);
        const kv_t *from = VALUES ? attention_v(args, work.s, at, work.rows.kv_head)
                                  : attention_k(args, work.s, at, work.rows.kv_head);
        bool real = attention_is_key(work.s, key);
        int offset = chunk_offset<LINE, TILE_N>(row, chunk);
        gpu_copy_async16(to + offset, from + (real ? chunk * 8 : 0), real ? 16 : 0);
    }
}

template <bool VALUES>
GPU_DEVICE void fetch_tile(const struct attention_wgmma_args &args, const struct memory &memory,
                           const struct work &work, int tile, struct fetcher *fetcher)
{
    constexpr int HEAD = VALUES ? SIZE_DV : SIZE_D, LINE = VALUES ? V_LINE : K_LINE;
    const struct attention_args &attention = args.attention;
    struct ring *ring = &fetcher->ring[VALUES];
    int place = ring->stage + (VALUES ? STAGES : 0), first = tile * TILE_N;
    unsigned long long *full = memory.full + place;
    unsigned char *to = VALUES ? memory.v + ring->stage * V_BYTES : memory.k + ring->stage * K_BYTES;
    long long pitch = VALUES ? attention.v_stride_head : attention.k_stride_head;
    long long stride = VALUES ? attention.v_stride_batch : attention.k_stride_batch;
    gpu_mbarrier_wait(memory.empty + place, ring->phase ^ 1);
    if (work.s.page_shift < 0 && first + TILE_N <= work.s.keys && pitch == HEAD) {
        fetcher_settle<0>(fetcher);
        gpu_wave_barrier(); /* no lane is left waiting for a phase that the others' arrival ends */
        int before = VARLEN ? attention.kv_offsets[work.s.number] : 0;
        int item = VARLEN || stride == 0 ? 0 : work.s.number;
        if (fetcher->thread == 0)
            fetch_boxes<HEAD, LINE>(to, VALUES ? &args.v : &args.k, full, work.rows.kv_head, before + first,
                                    item);
        else if (gpu_lane() == 0)
            gpu_mbarrier_arrive(full);
    } else {
        copy_tile<VALUES>(attention, work, to, first, fetcher->thread);
        gpu_copy_commit();
        fetcher_settle<1>(fetcher);
        fetcher->under = full;
    }
    ring_step(ring);
}

#endif
