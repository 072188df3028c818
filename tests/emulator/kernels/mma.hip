/* D = A.B by NVIDIA's mma.sync. Two waves compute 32 x 32 sums, 16 rows each. Tiles come by asynchronous
 * copies, STAGES - 1 on their way while one is multiplied, with one barrier a tile; the rest is in
 * mma_tile.h. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"
#include "mma_operation.h"

#ifndef STAGES
#define STAGES 2 /* tiles in shared memory, 2 or more */
#endif

#define THREADS 64

#include "product.h"
#include "mma_tile.h"

GPU_KERNEL(THREADS) mma(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * TILE,
              column = (long long)gpu_block_x() * TILE;
    int thread = (int)gpu_thread_x(), wave = (int)gpu_wave(), tiles = (int)((args.k + DEPTH - 1) / DEPTH);
    struct operands of = operands_of(args, item, row, column);
    float sums[4][4] = {};
    for (int t = 0; t < STAGES - 1; t++) {
        if (t < tiles) copy_stage(&of, t * DEPTH, shared + t * STAGE, thread, THREADS);
        gpu_copy_commit();
    }
    for (int t = 0; t < tiles; t++) {
        int next = t + STAGES - 1;
        GPU_COPY_WAIT(STAGES - 2);
        gpu_barrier();
        if (next < tiles) copy_stage(&of, next * DEPTH, shared + next % STAGES * STAGE, thread, THREADS);
        gpu_copy_commit();
        multiply(shared + t % STAGES * STAGE, wave, sums);
    }
    finish_tile(args, &of, item, row, column, wave, sums);
}
