/* Small kernels for the tests of the GPU devices. */
#include "device/gpu.h"

struct test_args {
    const float *x;
    float *y;
    unsigned *counts;
    unsigned n, passes;
    float factor;
};

/* y is factor * x, each block's 64 elements turned round, plus how many blocks `count` has counted. */
GPU_KERNEL(64) turn(GPU_ARGS(struct test_args, args))
{
    GPU_SHARED(shared);
    float *tile = (float *)shared;
    unsigned thread = gpu_thread_x(), i = gpu_block_x() * 64 + thread;
    tile[thread] = i < args.n ? args.x[i] : 0;
    gpu_barrier();
    if (i < args.n) args.y[i] = args.factor * tile[63 - thread] + (float)args.counts[0];
}

GPU_KERNEL(64) count(GPU_ARGS(struct test_args, args))
{
    if (gpu_thread_x() == 0) gpu_atomic_add(&args.counts[0], 1u);
}

/* Every block waits for every other one: only a cooperative launch may do that. */
GPU_KERNEL(64) meet(GPU_ARGS(struct test_args, args))
{
    if (gpu_thread_x() == 0) {
        gpu_atomic_add_acq_rel(&args.counts[0], 1u);
        while (gpu_load_acquire(&args.counts[0]) < gpu_grid_x()) gpu_pause();
    }
}

/* Writes the last of the dynamic shared memory it was promised: `n` floats. */
GPU_KERNEL(64) stretch(GPU_ARGS(struct test_args, args))
{
    GPU_SHARED(shared);
    float *tile = (float *)shared;
    if (gpu_thread_x() == 0) {
        tile[args.n - 1] = args.factor;
        args.y[0] = tile[args.n - 1];
    }
}

GPU_KERNEL(64) stray(GPU_ARGS(struct test_args, args))
{
    if (gpu_thread_x() == 0) args.y[args.n + (1u << 20)] = 1;
}

GPU_KERNEL(64) crooked(GPU_ARGS(struct test_args, args))
{
    if (gpu_thread_x() == 0) *(volatile float *)((char *)args.y + 2) = 1;
}
