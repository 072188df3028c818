/* What bench_emulator.c times: much of one thing. */
#include "../../templates/device/gpu.h"
#include "args.h"

GPU_KERNEL(256) empty(GPU_ARGS(test_args, args))
{
    if (args.n == 12345) args.out[0] = 1;
}

GPU_KERNEL(256) barriers(GPU_ARGS(test_args, args))
{
    for (unsigned k = 0; k < args.n; k++) gpu_barrier();
}

GPU_KERNEL(256) shuffles(GPU_ARGS(test_args, args))
{
    unsigned x = gpu_thread_x();
    for (unsigned k = 0; k < args.n; k++) x = gpu_shuffle_xor(x, 1);
    if (x == 12345) args.out[0] = 1;
}

/* The inner loop of a product: 16-byte reads of two tiles that others read too, between barriers. */
GPU_KERNEL(256) reads16(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x(), sum = 0;
    gpu_u32x4 v = {t, t, t, t};
    for (unsigned k = 0; k < args.n; k++) {
        gpu_store16(shared + 16 * t, v);
        gpu_barrier();
        for (unsigned i = 0; i < 128; i++) sum += gpu_load16(shared + ((t & 15) * 16 + i * 128) % 4096)[0];
        gpu_barrier();
    }
    if (sum == 12345) args.out[0] = 1;
}

/* As a tile that is stored word by word. */
GPU_KERNEL(256) reads16_of_words(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x(), sum = 0;
    for (unsigned k = 0; k < args.n; k++) {
        for (unsigned i = 0; i < 4; i++) ((unsigned *)shared)[i * 256 + t] = t;
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
        gpu_barrier();
        for (unsigned i = 0; i < 128; i++) sum += ((unsigned *)shared)[(t + i) & 255];
        gpu_barrier();
    }
    if (sum == 12345) args.out[0] = 1;
}

GPU_KERNEL(256) writes4(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    for (unsigned k = 0; k < args.n; k++) {
        for (unsigned i = 0; i < 128; i++) ((volatile unsigned *)shared)[t + 256 * (i & 3)] = i;
        gpu_barrier();
    }
}

GPU_KERNEL(256) global_reads(GPU_ARGS(test_args, args))
{
    unsigned t = gpu_thread_x(), sum = 0;
    for (unsigned k = 0; k < args.n; k++) sum += ((const volatile unsigned *)args.in)[(t + k) & 1023];
    if (sum == 12345) args.out[0] = 1;
}

GPU_KERNEL(256) global_writes(GPU_ARGS(test_args, args))
{
    unsigned t = gpu_thread_x() + 256 * gpu_block_x();
    for (unsigned k = 0; k < args.n; k++) ((volatile unsigned *)args.out)[t] = k;
}
