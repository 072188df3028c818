/* What a device's memory gives: reading, copying, and a launch of nothing. Blocks walk through the elements
 * in turns, each thread with BATCH loads under way. */
#include "gpu.h"
#include "stream_probe_args.h"

#define THREADS 512
#define BATCH   8

GPU_DEVICE unsigned long long first(void)
{
    return gpu_block_x() * (unsigned long long)THREADS * BATCH + gpu_thread_x();
}

GPU_DEVICE unsigned long long stride(void)
{
    return gpu_grid_x() * (unsigned long long)THREADS * BATCH;
}

/* What was read must be used, or no compiler would read it: the one sum that memory full of zeros does not
 * have is written down. */
GPU_KERNEL(THREADS) stream_read(GPU_ARGS(struct stream_probe_args, args))
{
    unsigned sum = 0;
    for (unsigned long long i = first(); i < args.n; i += stride()) {
        gpu_u32x4 words[BATCH] = {};
        GPU_UNROLL for (int b = 0; b < BATCH; b++)
        {
            unsigned long long at = i + (unsigned)(b * THREADS);
            if (at < args.n) words[b] = gpu_load16(args.from + 16 * at);
        }
        GPU_UNROLL for (int b = 0; b < BATCH; b++) sum |=
            words[b][0] | words[b][1] | words[b][2] | words[b][3];
    }
    if (sum == 0x9e3779b9u) gpu_store4(args.to, sum);
}

GPU_KERNEL(THREADS) stream_copy(GPU_ARGS(struct stream_probe_args, args))
{
    for (unsigned long long i = first(); i < args.n; i += stride()) {
        gpu_u32x4 words[BATCH] = {};
        GPU_UNROLL for (int b = 0; b < BATCH; b++)
        {
            unsigned long long at = i + (unsigned)(b * THREADS);
            if (at < args.n) words[b] = gpu_load16(args.from + 16 * at);
        }
        GPU_UNROLL for (int b = 0; b < BATCH; b++)
        {
            unsigned long long at = i + (unsigned)(b * THREADS);
            if (at < args.n) gpu_store16(args.to + 16 * at, words[b]);
        }
    }
}

GPU_KERNEL(THREADS) stream_nothing(GPU_ARGS(struct stream_probe_args, args))
{
    (void)args;
}
