/* Work that does not come out even: the last items, more than one round of them and less than two, are shared
 * out to the clusters by steps of k (stream-K: Osama et al., PPoPP 2023). Who has the first steps of a tile
 * stores it; those who have later ones leave their sums in the workspace. They begin with them, so that
 * nobody waits for long; all blocks run at the same time. Sums are added in the order of k: always the same.
 *
 *     workspace: a flag of 4 bytes for each warp of each block, zeroed; then each block's sums,
 *     as its threads have them. */
#ifndef TUNEBOOK_GEMM_WGMMA_STREAM_H
#define TUNEBOOK_GEMM_WGMMA_STREAM_H
#if STREAM

#define LEFT_FLOATS (X_ROWS * Y_ROWS) /* a block's sums */

struct left {
    unsigned *flag;
    float *sums; /* this thread's: 4 floats, then the next 4 a warp's width further */
};

GPU_DEVICE struct left left_of(const struct gemm_args &args, long long block)
{
    struct left left;
    unsigned warp = gpu_thread_x() / 32;
    long long flag_bytes = ((long long)gpu_grid_x() * WARPS * 4 + 255) / 256 * 256;
    left.flag = (unsigned *)args.workspace + block * WARPS + warp;
    left.sums = (float *)((char *)args.workspace + flag_bytes) + block * LEFT_FLOATS +
                warp * (ROW_BLOCKS * SUMS * 32) + gpu_lane() * 4;
    return left;
}

GPU_DEVICE void leave_sums(const struct left *left, float (&sums)[ROW_BLOCKS][SUMS])
{
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * SUMS; i += 4)
        store_floats<4>(left->sums + i * 32, &sums[i / SUMS][i % SUMS]);
    gpu_wave_barrier();
    if (gpu_lane() == 0) gpu_store_release(left->flag, 1u);
}

GPU_DEVICE void take_sums(const struct left *left, float (&sums)[ROW_BLOCKS][SUMS])
{
    if (gpu_lane() == 0)
        while (!gpu_load_acquire(left->flag)) gpu_pause();
    gpu_wave_barrier();
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * SUMS; i += 4) {
        unsigned word[4];
        load_words<4>(left->sums + i * 32, word);
        GPU_UNROLL
        for (int j = 0; j < 4; j++) sums[i / SUMS][i % SUMS + j] += gpu_float(word[j]);
    }
}

/* Makes a segment's sums those of its tile; false: somebody else stores it. */
GPU_DEVICE bool settle(const struct gemm_args &args, const struct place *place, const struct plan *plan,
                       const struct segment *segment, float (&sums)[ROW_BLOCKS][SUMS])
{
    unsigned rank = gpu_block_x() % CLUSTER;
    if (segment->first > 0) {
        struct left left = left_of(args, gpu_block_x());
        leave_sums(&left, sums);
        return false;
    }
    int covered = segment->last;
    for (long long cluster = place->cluster + 1; covered < plan->steps; cluster++) {
        int steps = (int)(shared_steps(plan, place, cluster + 1) - shared_steps(plan, place, cluster));
        if (!steps) continue; /* fewer steps than clusters: it has nothing to leave */
        covered += steps;
        struct left left = left_of(args, cluster * CLUSTER + rank);
        take_sums(&left, sums);
    }
    return true;
}

#else

GPU_DEVICE bool settle(const struct gemm_args &, const struct place *, const struct plan *,
                       const struct segment *, float (&)[ROW_BLOCKS][SUMS])
{
    return true;
}

#endif
#endif
