/* Kernels without a fault, whose results a host can tell. */
#include "../../templates/device/gpu.h"
#include "args.h"

GPU_KERNEL(60) places(GPU_ARGS(test_args, args))
{
    unsigned t = gpu_thread_x() + gpu_block_size_x() * (gpu_thread_y() + gpu_block_size_y() * gpu_thread_z());
    unsigned b = gpu_block_x() + gpu_grid_x() * (gpu_block_y() + gpu_grid_y() * gpu_block_z());
    unsigned threads = gpu_block_size_x() * gpu_block_size_y() * gpu_block_size_z();
    args.out[b * threads + t] = b << 16 | gpu_wave() << 8 | gpu_lane();
}

/* Reverses each block's words; twice, so that the second barrier matters. */
GPU_DEVICE void reverse_of(const test_args &args, unsigned char *shared)
{
    unsigned *words = (unsigned *)shared;
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), first = gpu_block_x() * n;
    for (unsigned round = 0; round < 3; round++) {
        words[t] = args.in[first + t] + round;
        gpu_barrier();
        args.out[first + t] = words[n - 1 - t];
        gpu_barrier();
    }
}

GPU_KERNEL(256) reverse_words(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    reverse_of(args, shared);
}

GPU_KERNEL(3 * 32) reverse_words_96(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    reverse_of(args, shared);
}

GPU_KERNEL(256) halves(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned short *words = (unsigned short *)shared;
    unsigned t = gpu_thread_x(), n = gpu_block_size_x();
    gpu_u32x4 zero = {0, 0, 0, 0};
    if (t < n / 8) gpu_store16(shared + 16 * t, zero);
    gpu_barrier();
    words[t] = (unsigned short)args.in[t];
    gpu_barrier();
    if (t < n / 8) {
        gpu_u32x4 v = gpu_load16(shared + 16 * t);
        for (unsigned i = 0; i < 4; i++) args.out[4 * t + i] = v[i];
    }
}

GPU_KERNEL(256) shuffles(GPU_ARGS(test_args, args))
{
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), x = args.in[t];
    args.out[t] = gpu_shuffle(x, (t * 7) % GPU_WAVE);
    args.out[n + t] = gpu_shuffle_xor(x, 5);
    args.out[2 * n + t] = gpu_shuffle_up(x, 3);
    args.out[3 * n + t] = gpu_shuffle_down(x, 3);
    unsigned long long votes = gpu_ballot(x & 1);
    args.out[4 * n + t] = (unsigned)votes;
    args.out[5 * n + t] = (unsigned)(votes >> 32);
}

/* Lanes hand words on within their wave, without a barrier of the block. */
GPU_KERNEL(256) wave_exchange(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared;
    unsigned t = gpu_thread_x(), lane = gpu_lane(), first = t - lane, sum = 0;
    for (unsigned round = 0; round < 4; round++) {
        words[t] = args.in[t] * (round + 1);
        gpu_wave_barrier();
        sum += words[first + (lane + 1) % GPU_WAVE] + words[first];
        gpu_wave_barrier();
    }
    gpu_barrier();
    words[t] = sum;
    gpu_barrier();
    args.out[t] = words[gpu_block_size_x() - 1 - t];
}

/* Every block adds its part; the one that comes last adds all up. */
GPU_KERNEL(64) last_block(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *last = (unsigned *)shared;
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), b = gpu_block_x(), sum = 0;
    unsigned *parts = args.shared_words + 1;
    parts[b * n + t] = args.in[b * n + t];
    gpu_barrier();
    if (t == 0) *last = gpu_atomic_add_acq_rel(args.shared_words, 1u) == gpu_grid_x() - 1;
    gpu_barrier();
    if (!*last) return;
    for (unsigned i = 0; i < gpu_grid_x(); i++) sum += parts[i * n + t];
    args.out[t] = sum;
}

/* The same, each thread with a fence of its own and a relaxed counter. */
GPU_KERNEL(64) last_block_fences(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *last = (unsigned *)shared;
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), b = gpu_block_x(), sum = 0;
    unsigned *parts = args.shared_words + 1;
    parts[b * n + t] = args.in[b * n + t];
    gpu_fence_device();
    if (t == 0) *last = 0;
    gpu_barrier();
    if (gpu_atomic_add(args.shared_words, 1u) == gpu_grid_x() * n - 1) gpu_atomic_exchange(last, 1u);
    gpu_fence_device();
    gpu_barrier();
    if (!*last) return;
    for (unsigned i = 0; i < gpu_grid_x(); i++) sum += parts[i * n + t];
    args.out[t] = sum;
}

/* All blocks wait for each other, by spinning. */
GPU_KERNEL(32) grid_barrier(GPU_ARGS(test_args, args))
{
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), b = gpu_block_x(), blocks = gpu_grid_x();
    unsigned *words = args.shared_words + 1;
    for (unsigned round = 0; round < 3; round++) {
        unsigned *mine = words + (round * blocks + b) * n,
                 *next = words + (round * blocks + (b + 1) % blocks) * n;
        mine[t] = args.in[t] + b + round;
        gpu_barrier();
        if (t == 0) {
            gpu_atomic_add_acq_rel(args.shared_words, 1u);
            while (gpu_load_acquire(args.shared_words) < (round + 1) * blocks) gpu_pause();
        }
        gpu_barrier();
        args.out[(round * blocks + b) * n + t] = next[n - 1 - t];
    }
}

GPU_KERNEL(64) count_all(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *bins = (unsigned *)shared;
    unsigned t = gpu_thread_x();
    if (t < 8) bins[t] = 0;
    gpu_barrier();
    gpu_atomic_add(&bins[args.in[t] % 8], 1u);
    gpu_barrier();
    if (t < 8) gpu_atomic_add(&args.shared_words[t], bins[t]);
}

/* Two threads side by side: a half word, and an atomic right behind it. */
GPU_KERNEL(2) beside_an_atomic(GPU_ARGS(test_args, args))
{
    unsigned char *place = (unsigned char *)args.out;
    if (gpu_thread_x() == 0)
        gpu_atomic_add((unsigned *)(place + 2), args.n);
    else
        *(unsigned short *)place = 7;
}

#if GPU_HAS_COPY_ASYNC
GPU_KERNEL(64) pipeline(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x(), n = gpu_block_size_x(), sum = 0;
    for (unsigned stage = 0; stage < 2; stage++) {
        gpu_copy_async16(shared + (stage * n + t) * 16, args.in + (stage * n + t) * 4, 16);
        gpu_copy_commit();
    }
    for (unsigned k = 0; k < args.n; k++) {
        GPU_COPY_WAIT(1);
        gpu_barrier();
        const unsigned *tile = (const unsigned *)(shared + k % 3 * n * 16);
        for (unsigned i = 0; i < 4; i++) sum += tile[(n - 1 - t) * 4 + i] * (k + 1);
        if (k + 2 < args.n)
            gpu_copy_async16(shared + ((k + 2) % 3 * n + t) * 16, args.in + ((k + 2) * n + t) * 4,
                             k + 3 == args.n ? 8 : 16);
        gpu_copy_commit();
    }
    args.out[t] = sum;
}

/* The first wave makes, the second uses; two buffers, each with a barrier that says full and one empty. */
GPU_KERNEL(64) producer_consumer(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared;
    unsigned lane = gpu_lane(), sum = 0;
    if (gpu_wave() == 0) {
        for (unsigned k = 0; k < args.n; k++) {
            unsigned buffer = k & 1;
            gpu_named_barrier(3 + buffer, 64);
            words[buffer * 32 + lane] = args.in[k * 32 + lane];
            gpu_named_arrive(1 + buffer, 64);
        }
    } else {
        gpu_named_arrive(3, 64);
        gpu_named_arrive(4, 64);
        for (unsigned k = 0; k < args.n; k++) {
            unsigned buffer = k & 1;
            gpu_named_barrier(1 + buffer, 64);
            sum += words[buffer * 32 + 31 - lane] + words[buffer * 32];
            if (k + 2 < args.n) gpu_named_arrive(3 + buffer, 64);
        }
        args.out[lane] = sum;
    }
}

/* Blocks of a cluster read each other's shared memory, whose address they exchange. */
GPU_KERNEL(32) cluster_exchange(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared;
    unsigned t = gpu_thread_x(), b = gpu_block_x(), n = gpu_block_size_x();
    unsigned size = emu_self()->cluster[0], first = b / size * size, rank = b - first;
    unsigned long long *addresses = (unsigned long long *)args.shared_words;
    words[t] = args.in[b * n + t];
    if (t == 0) addresses[b] = (unsigned long long)shared;
    emu_cluster_barrier();
    const unsigned *other = (const unsigned *)addresses[first + (rank + 1) % size];
    args.out[b * n + t] = other[n - 1 - t];
    emu_cluster_barrier();
    words[t] = 0;
}
#endif
