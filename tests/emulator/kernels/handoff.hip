/* D = A.B by NVIDIA's mma.sync, with work divided: two waves multiply (16 rows of 32 x 32 sums each), the
 * third brings tiles, STAGES of them in turn. Named barriers hand places over: FULL + s, where the copying
 * wave arrives when tile t has landed in place s, and the multiplying waves wait; EMPTY + s, where these
 * arrive when they have read it, and the copying wave waits before it brings another one there. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"
#include "mma_operation.h"

#ifndef STAGES
#define STAGES 2 /* places for tiles in shared memory */
#endif

#define MULTIPLIERS 64
#define COPIERS     32
#define THREADS     (MULTIPLIERS + COPIERS)
#define FULL        1 /* numbers of barriers */
#define EMPTY       (FULL + STAGES)

#include "product.h"
#include "mma_tile.h"

GPU_DEVICE void bring(const struct operands *of, int tiles, unsigned char *shared)
{
    for (int t = 0; t < tiles; t++) {
        int place = t % STAGES;
        if (t >= STAGES) gpu_named_barrier(EMPTY + place, THREADS);
        copy_stage(of, t * DEPTH, shared + place * STAGE, (int)gpu_lane(), COPIERS);
        gpu_copy_commit();
        GPU_COPY_WAIT(0);
        gpu_named_arrive(FULL + place, THREADS);
    }
}

GPU_DEVICE void take(int tiles, const unsigned char *shared, float (*sums)[4])
{
    for (int t = 0; t < tiles; t++) {
        int place = t % STAGES;
        gpu_named_barrier(FULL + place, THREADS);
        multiply(shared + place * STAGE, (int)gpu_wave(), sums);
        if (t + STAGES < tiles) gpu_named_arrive(EMPTY + place, THREADS);
    }
}

GPU_KERNEL(THREADS) handoff(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * TILE,
              column = (long long)gpu_block_x() * TILE;
    int tiles = (int)((args.k + DEPTH - 1) / DEPTH);
    struct operands of = operands_of(args, item, row, column);
    if (gpu_thread_x() >= MULTIPLIERS) {
        bring(&of, tiles, shared);
        return;
    }
    float sums[4][4] = {};
    take(tiles, shared, sums);
    finish_tile(args, &of, item, row, column, (int)gpu_wave(), sums);
}
