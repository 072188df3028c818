/* Eight waves in two groups, of which one multiplies while the other is at memory: for gemm_mfma's
 * PIPELINE_TURNS. Waves w and w + 4 share a SIMD; the second group is one phase behind.
 *
 *     read slice 0, fetch | multiply 0 | read 1 | multiply 1 | ... | read the last two | multiply the one |
 *     put | multiply the other
 *
 * A barrier ends each phase. When the first group puts, the second has read all of its slices one phase
 * before; when the first reads the next tile, the second has put its part one phase before. So one buffer is
 * enough. Whoever multiplies has the higher priority. (The shifted barrier is HipKittens' for CDNA 3.) */
#ifndef TUNEBOOK_GEMM_MFMA_TURNS_H
#define TUNEBOOK_GEMM_MFMA_TURNS_H

static_assert(WAVES_M * WAVES_N == 8 && BUFFERS == 1 && FRAGMENTS == 2 && SLICES >= 2,
              "two groups of four waves; the last two slices are held together");

GPU_DEVICE void phase_ends(void)
{
    gpu_schedule_fence(0);
    gpu_barrier_shared();
    gpu_schedule_fence(0);
}

GPU_DEVICE void multiply_phase(const struct fragments *of, sums_t (*sums)[B_TILES])
{
    gpu_wave_priority(1);
    multiply_rows(of, 0, PRODUCT_ROWS, sums);
    gpu_wave_priority(0);
    phase_ends();
}

template <bool WHOLE>
GPU_DEVICE void turn(const struct gemm_args &args, struct pipe *pipe, const struct places *places,
                     const struct range &range, int tile, unsigned char *shared, struct fragments *fragments,
                     sums_t (*sums)[B_TILES])
{
    bool more = WHOLE || tile + 1 < range.tiles;
    GPU_UNROLL
    for (int slice = 0; slice < SLICES - 1; slice++) {
        load_fragments(shared, places, slice, fragments + slice % 2);
        if (slice == SLICES - 2) load_fragments(shared, places, SLICES - 1, fragments + (SLICES - 1) % 2);
        if (slice == 0 && more) fetch<WHOLE>(args, range, tile + 1, pipe);
        phase_ends();
        multiply_phase(fragments + slice % 2, sums);
    }
    if (more) put_tile(pipe, shared);
    phase_ends();
    multiply_phase(fragments + (SLICES - 1) % 2, sums);
}

/* The first tile is in shared memory. */
GPU_DEVICE void multiply_in_turns(const struct gemm_args &args, struct pipe *pipe,
                                  const struct places *places, const struct range &range,
                                  unsigned char *shared, struct fragments *fragments, sums_t (*sums)[B_TILES])
{
    bool second = gpu_wave() >= 4;
    int tile = 0;
    if (second) gpu_barrier_shared();
    GPU_NO_UNROLL
    for (; tile + 1 < pipe->whole; tile++)
        turn<true>(args, pipe, places, range, tile, shared, fragments, sums);
    GPU_NO_UNROLL
    for (; tile < range.tiles; tile++) turn<false>(args, pipe, places, range, tile, shared, fragments, sums);
    if (!second) gpu_barrier_shared();
}

#endif
