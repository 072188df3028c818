/* Every word that the dialect has from sm_90 on, in every form, for compilers: that they take it without a
 * warning. What the words do is checked in tests/emulator (test_hopper_words). */
#include "device/gpu.h"

#if GPU_HAS_TMA
struct hopper_words {
    gpu_tensor_map in, out;
    unsigned *words;
    int n;
};

GPU_KERNEL(128) every_word(GPU_ARGS(struct hopper_words, args))
{
    GPU_SHARED(shared);
    unsigned char *bar = shared + 16384;
    unsigned lane = gpu_lane(), four[4] = {lane, 1, 2, 3};
    gpu_launch_wait();
    if (gpu_thread_x() == 0) {
        gpu_tensor_prefetch(&args.in);
        gpu_mbarrier_init(bar, 1);
        gpu_mbarrier_init_fence();
    }
    gpu_cluster_barrier();
    if (gpu_thread_x() == 0) {
        gpu_mbarrier_expect(bar, 8192);
        gpu_tensor_load(shared, &args.in, bar, 0, args.n, 0);
        gpu_tensor_load(shared, &args.in, bar, 0, args.n, 0, GPU_L2_EVICT_FIRST);
#if GPU_HAS_TENSOR_MULTICAST
        gpu_tensor_load_multicast(shared, &args.in, bar, 0, args.n, 0, 3);
        gpu_tensor_load_multicast(shared, &args.in, bar, 0, args.n, 0, 3, GPU_L2_EVICT_LAST);
#endif
    }
    gpu_mbarrier_wait(bar, 0);
    gpu_mbarrier_wait_cluster(bar, 0);
    gpu_mbarrier_arrive(bar);
    gpu_mbarrier_arrive_cluster(bar, gpu_cluster_rank() ^ 1);
    gpu_stmatrix_x1(shared + 16 * lane, four);
    gpu_stmatrix_x2(shared + 16 * lane, four);
    gpu_stmatrix_x4(shared + 16 * lane, four);
    gpu_stmatrix_trans_x1(shared + 16 * lane, four);
    gpu_stmatrix_trans_x2(shared + 16 * lane, four);
    gpu_stmatrix_trans_x4(shared + 16 * lane, four);
    gpu_fence_async_shared();
    gpu_barrier();
    if (gpu_thread_x() == 0) {
        gpu_tensor_store(&args.out, shared, 0, args.n, 0);
        gpu_tensor_store(&args.out, shared, 0, args.n, 0, GPU_L2_NORMAL);
        gpu_tensor_add(&args.out, shared, 0, args.n, 0);
        gpu_tensor_add(&args.out, shared, 0, args.n, 0, GPU_L2_EVICT_LAST);
        gpu_tensor_store_commit();
        GPU_TENSOR_STORE_WAIT_READ(1);
        GPU_TENSOR_STORE_WAIT(0);
    }
    args.words[lane] = gpu_load4(gpu_cluster_shared(shared, 0)) + gpu_cluster_size();
    gpu_cluster_arrive();
    gpu_launch_dependents();
    gpu_cluster_wait();
}

GPU_KERNEL_ALONE(384) shared_registers(GPU_ARGS(struct hopper_words, args))
{
    if (gpu_wave() < 4) {
        GPU_REGISTERS_LESS(24);
    } else {
        GPU_REGISTERS_MORE(240);
        args.words[gpu_thread_x()] = 1;
    }
}
#endif

#if GPU_HAS_WGMMA
#define EVERY_N(n, call)                                                           \
    GPU_KERNEL(128) every_##n(GPU_ARGS(struct hopper_words, args))                 \
    {                                                                              \
        GPU_SHARED(shared);                                                        \
        unsigned long long a = gpu_wgmma_descriptor(shared, 16, 1024, 128);        \
        unsigned long long b = gpu_wgmma_descriptor(shared + 8192, 16, 1024, 128); \
        float sums[n / 2];                                                         \
        gpu_wgmma_fence();                                                         \
        call<n>(sums, a, b, 0);                                                    \
        gpu_wgmma_commit();                                                        \
        GPU_WGMMA_WAIT(0);                                                         \
        gpu_wgmma_hold(sums);                                                      \
        args.words[gpu_thread_x()] = gpu_bits(sums[0] + sums[n / 2 - 1]);          \
    }
EVERY_N(8, gpu_wgmma_f16)
EVERY_N(16, gpu_wgmma_f8e4m3)
EVERY_N(24, gpu_wgmma_bf16)
EVERY_N(32, gpu_wgmma_f16)
EVERY_N(40, gpu_wgmma_f8e4m3)
EVERY_N(48, gpu_wgmma_bf16)
EVERY_N(56, gpu_wgmma_f16)
EVERY_N(64, gpu_wgmma_f8e4m3)
EVERY_N(72, gpu_wgmma_bf16)
EVERY_N(80, gpu_wgmma_f16)
EVERY_N(88, gpu_wgmma_f8e4m3)
EVERY_N(96, gpu_wgmma_bf16)
EVERY_N(104, gpu_wgmma_f16)
EVERY_N(112, gpu_wgmma_f8e4m3)
EVERY_N(120, gpu_wgmma_bf16)
EVERY_N(128, gpu_wgmma_f16)
EVERY_N(136, gpu_wgmma_f8e4m3)
EVERY_N(144, gpu_wgmma_bf16)
EVERY_N(152, gpu_wgmma_f16)
EVERY_N(160, gpu_wgmma_f8e4m3)
EVERY_N(168, gpu_wgmma_bf16)
EVERY_N(176, gpu_wgmma_f16)
EVERY_N(184, gpu_wgmma_f8e4m3)
EVERY_N(192, gpu_wgmma_bf16)
EVERY_N(200, gpu_wgmma_f16)
EVERY_N(208, gpu_wgmma_f8e4m3)
EVERY_N(216, gpu_wgmma_bf16)
EVERY_N(224, gpu_wgmma_f16)
EVERY_N(232, gpu_wgmma_f8e4m3)
EVERY_N(240, gpu_wgmma_bf16)
EVERY_N(248, gpu_wgmma_f16)
EVERY_N(256, gpu_wgmma_f8e4m3)

template <int A, int B> GPU_DEVICE void both_types(float (&sums)[64], unsigned char *shared)
{
    unsigned long long a = gpu_wgmma_descriptor(shared, 8192, 1024, 64);
    unsigned long long b = gpu_wgmma_descriptor(shared + 8192, 8192, 512, 32);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<128, A, B>(sums, a, b, 1);
    gpu_wgmma_f16<128, A, B>(sums, a, b, 1);
    gpu_wgmma_commit();
    GPU_WGMMA_WAIT(0);
    gpu_wgmma_hold(sums);
}

GPU_KERNEL(128) every_layout(GPU_ARGS(struct hopper_words, args))
{
    GPU_SHARED(shared);
    float sums[64] = {};
    both_types<GPU_K_MAJOR, GPU_K_MAJOR>(sums, shared);
    both_types<GPU_K_MAJOR, GPU_MN_MAJOR>(sums, shared);
    both_types<GPU_MN_MAJOR, GPU_K_MAJOR>(sums, shared);
    both_types<GPU_MN_MAJOR, GPU_MN_MAJOR>(sums, shared);
    GPU_UNROLL for (int i = 0; i < 64; i++) args.words[128 * i + gpu_thread_x()] = gpu_bits(sums[i]);
}
#endif

GPU_KERNEL(32) no_word(GPU_ARGS(int, args))
{
    (void)args;
}
