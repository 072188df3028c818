/* As bench.hip, in an object where waves can meet without their block, so that every reader is remembered. */
#include "../../templates/device/gpu.h"
#include "args.h"

GPU_KERNEL(256) reads16(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x(), sum = 0;
    gpu_u32x4 v = {t, t, t, t};
    for (unsigned k = 0; k < args.n; k++) {
        gpu_store16(shared + 16 * t, v);
        gpu_wave_barrier();
        gpu_barrier();
        for (unsigned i = 0; i < 128; i++) sum += gpu_load16(shared + ((t & 15) * 16 + i * 128) % 4096)[0];
        gpu_barrier();
    }
    if (sum == 12345) args.out[0] = 1;
}

GPU_KERNEL(256) reads4(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x(), sum = 0;
    for (unsigned k = 0; k < args.n; k++) {
        ((unsigned *)shared)[t] = t;
        gpu_wave_barrier();
        gpu_barrier();
        for (unsigned i = 0; i < 128; i++) sum += ((unsigned *)shared)[(t + i) & 255];
        gpu_barrier();
    }
    if (sum == 12345) args.out[0] = 1;
}
