/* A tile's sums: wgmma over the stages of the ring as they become full. */
#ifndef TUNEBOOK_GEMM_WGMMA_MATH_H
#define TUNEBOOK_GEMM_WGMMA_MATH_H

/* What wgmma is told of an operand's lines: how far apart groups of eight lines are, and, where k is not
 * contiguous, columns of 64 rows. */
template <bool ALONG> GPU_DEVICE unsigned long long describe(const unsigned char *at)
{
    return gpu_wgmma_descriptor(at, ALONG ? 16 : TILE_K * LINE_BYTES, 8 * LINE_BYTES, 128);
}

/* Where an operand's part for step `k` of wgmma begins: ROWS rows in the stage, of them from `row` on. */
template <bool ALONG, int ROWS> GPU_DEVICE int operand_offset(int row, int k)
{
    if (ALONG) return (k * STEP_K / LINE * ROWS + row) * LINE_BYTES + k * 32 % LINE_BYTES;
    return (row / LINE * TILE_K + k * STEP_K) * LINE_BYTES;
}

#define MAJOR(along) ((along) ? GPU_K_MAJOR : GPU_MN_MAJOR)
#if A_TYPE == DTYPE_F8E4M3
#define MULTIPLY gpu_wgmma_f8e4m3<Y_ROWS>
#elif A_TYPE == DTYPE_F16
#define MULTIPLY gpu_wgmma_f16<Y_ROWS, MAJOR(X_ALONG), MAJOR(Y_ALONG)>
#else
#define MULTIPLY gpu_wgmma_bf16<Y_ROWS, MAJOR(X_ALONG), MAJOR(Y_ALONG)>
#endif

/* One stage into the sums; `fresh`: they begin with it. */
GPU_DEVICE void multiply_stage(const unsigned char *stage, int row, float (&sums)[ROW_BLOCKS][SUMS],
                               bool fresh)
{
    const unsigned char *x = stage, *y = stage + X_STAGE_BYTES;
    GPU_UNROLL
    for (int k = 0; k < TILE_K / STEP_K; k++) {
        unsigned long long of_y = describe<Y_ALONG>(y + operand_offset<Y_ALONG, Y_ROWS>(0, k));
        GPU_UNROLL
        for (int i = 0; i < ROW_BLOCKS; i++) {
            unsigned long long of_x = describe<X_ALONG>(x + operand_offset<X_ALONG, X_ROWS>(row + 64 * i, k));
            MULTIPLY(sums[i], of_x, of_y, k > 0 || !fresh);
        }
    }
}

/* This warp is done with a stage: all blocks that fetch for it hear of it. */
GPU_DEVICE void release_stage(const struct memory *memory, const struct place *place, int stage)
{
    unsigned lane = gpu_lane();
    gpu_wave_barrier();
    if constexpr (SHARERS == 1) {
        if (lane == 0) gpu_mbarrier_arrive(memory->empty + stage);
    } else if (lane < CLUSTER_M) {
        gpu_mbarrier_arrive_cluster(memory->empty + stage, rank_of(lane, place->rank_n, place->rank_k));
    } else if (lane < CLUSTER_M + CLUSTER_N && lane - CLUSTER_M != place->rank_n) {
        gpu_mbarrier_arrive_cluster(memory->empty + stage,
                                    rank_of(place->rank_m, lane - CLUSTER_M, place->rank_k));
    }
}

#if PROMOTE
/* The tensor cores add products of fp8 with some 14 bits: after PROMOTE tiles what they have goes over to
 * sums of floats. */
GPU_DEVICE void multiply_tile(const struct memory *memory, const struct place *place,
                              const struct segment *segment, struct ring *ring,
                              float (&sums)[ROW_BLOCKS][SUMS])
{
    int row = SCHEDULE == SCHEDULE_TURNS ? 0 : (int)place->group * CONSUMER_ROWS;
    float some[ROW_BLOCKS][SUMS];
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * SUMS; i++) sums[i / SUMS][i % SUMS] = 0;
    for (int k = segment->first; k < segment->last; k += PROMOTE) {
        int steps = LEAST(PROMOTE, segment->last - k), first = ring->stage;
        for (int step = 0; step < steps; step++) {
            gpu_mbarrier_wait(memory->full + ring->stage, ring->phase);
            gpu_wgmma_fence();
            multiply_stage(memory->stages + ring->stage * STAGE_BYTES, row, some, step == 0);
            gpu_wgmma_commit();
            ring_step(ring);
        }
        GPU_WGMMA_WAIT(0);
        for (int step = 0; step < steps; step++) release_stage(memory, place, (first + step) % STAGES);
        GPU_UNROLL
        for (int i = 0; i < ROW_BLOCKS * SUMS; i++) sums[i / SUMS][i % SUMS] += some[i / SUMS][i % SUMS];
    }
}
#else
/* A stage is given back when the next one's products are under way: the tensor cores never wait for it. */
GPU_DEVICE void multiply_tile(const struct memory *memory, const struct place *place,
                              const struct segment *segment, struct ring *ring,
                              float (&sums)[ROW_BLOCKS][SUMS])
{
    int row = SCHEDULE == SCHEDULE_TURNS ? 0 : (int)place->group * CONSUMER_ROWS, before = 0;
    for (int k = segment->first; k < segment->last; k++) {
        gpu_mbarrier_wait(memory->full + ring->stage, ring->phase);
        gpu_wgmma_fence();
        multiply_stage(memory->stages + ring->stage * STAGE_BYTES, row, sums, k == segment->first);
        gpu_wgmma_commit();
        if (k > segment->first) {
            GPU_WGMMA_WAIT(1);
            release_stage(memory, place, before);
        }
        before = ring->stage;
        ring_step(ring);
    }
    GPU_WGMMA_WAIT(0);
    release_stage(memory, place, before);
}
#endif

/* --- taking turns --- */

/* The first turn is consumer 0's: it has been passed to by nobody. */
GPU_DEVICE void turn_wait(const struct memory *memory, int group, unsigned *turns)
{
    unsigned parity = (*turns)++ & 1;
    gpu_mbarrier_wait(memory->turn + group, group == 0 ? parity ^ 1 : parity);
}

GPU_DEVICE void turn_pass(const struct memory *memory, int group)
{
    gpu_wave_barrier();
    if (gpu_lane() == 0) gpu_mbarrier_arrive(memory->turn + (group ^ 1));
}

#endif
