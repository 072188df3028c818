/* D = A.B on Hopper, bf16: one wave of four brings tiles by TMA into a ring of stages, two groups of four
 * waves multiply 64 rows each by wgmma and send their sums back by stmatrix and TMA. Blocks of a cluster lie
 * below each other and share B: each brings a part of it to all.
 *
 *     STAGES    of the ring
 *     CLUSTER   blocks of a cluster: 1 or 2
 *     B_MAJOR   0: B's elements along k are side by side (nt); 1: those along n (nn)
 *
 * full[s] counts its block's producer and bytes; empty[s] the multiplying groups of all blocks. */
#include "../../../templates/device/gpu.h"

#ifndef STAGES
#define STAGES 3
#endif
#ifndef CLUSTER
#define CLUSTER 2
#endif
#ifndef B_MAJOR
#define B_MAJOR GPU_K_MAJOR
#endif

#define GROUPS    2  /* that multiply */
#define ROWS      64 /* of a group */
#define N         64
#define K         64 /* 128 bytes: a line of the swizzle */
#define A_BYTES   (GROUPS * ROWS * K * 2)
#define B_BYTES   (N * K * 2)
#define STAGE     (A_BYTES + B_BYTES)
#define OUT       (STAGES * STAGE) /* where sums are collected */
#define OUT_BYTES (ROWS * N * 2)   /* of a group */
#define FULL      (OUT + GROUPS * OUT_BYTES)
#define EMPTY     (FULL + 8 * STAGES)
#define THREADS   (128 + 128 * GROUPS)

struct hopper_args {
    gpu_tensor_map a, b, d;
    int n_tiles, k_tiles;
};

/* A place in the ring, and how often it came round. */
struct ring {
    int stage;
    unsigned parity;
};

GPU_DEVICE void advance(struct ring *ring)
{
    if (++ring->stage < STAGES) return;
    ring->stage = 0;
    ring->parity ^= 1;
}

GPU_DEVICE void bring(const struct hopper_args &args, unsigned char *shared)
{
    struct ring ring = {0, 0};
    int rank = (int)gpu_cluster_rank(), row = (int)gpu_block_x() * GROUPS * ROWS;
    for (int n = 0; n < args.n_tiles; n++)
        for (int k = 0; k < args.k_tiles; k++, advance(&ring)) {
            unsigned char *a = shared + ring.stage * STAGE, *b = a + A_BYTES;
            unsigned char *full = shared + FULL + 8 * ring.stage;
            int part = rank * (64 / CLUSTER);
            gpu_mbarrier_wait(shared + EMPTY + 8 * ring.stage, ring.parity ^ 1);
            gpu_mbarrier_expect(full, STAGE);
            gpu_tensor_load(a, &args.a, full, k * K, row, 0, GPU_L2_EVICT_FIRST);
            int x = B_MAJOR ? n * N : k * K, y = (B_MAJOR ? k * K : n * N) + part;
            if (CLUSTER == 1)
                gpu_tensor_load(b, &args.b, full, x, y, 0);
            else
                gpu_tensor_load_multicast(b + 128 * part, &args.b, full, x, y, 0, (1u << CLUSTER) - 1);
        }
}

/* One thread of the group for each block of the cluster. */
GPU_DEVICE void release(unsigned char *shared, int stage)
{
    unsigned thread = gpu_thread_x() % 128;
    if (thread < CLUSTER) gpu_mbarrier_arrive_cluster(shared + EMPTY + 8 * stage, thread);
}

GPU_DEVICE void multiply(const unsigned char *a, const unsigned char *b, bool first, float (&sums)[N / 2])
{
    GPU_UNROLL for (int k = 0; k < K / 16; k++)
    {
        unsigned long long left = gpu_wgmma_descriptor(a + 32 * k, 16, 1024, 128);
        unsigned long long right = gpu_wgmma_descriptor(b + (B_MAJOR ? 2048 : 32) * k, 16, 1024, 128);
        gpu_wgmma_bf16<N, GPU_K_MAJOR, B_MAJOR>(sums, left, right, k > 0 || !first);
    }
}

GPU_DEVICE unsigned packed(float low, float high)
{
    return gpu_to_bf16(low) | (unsigned)gpu_to_bf16(high) << 16;
}

/* The group's sums to shared memory, swizzled, and from there to D. */
GPU_DEVICE void send(const struct hopper_args &args, unsigned char *out, int group, int row, int column,
                     const float (&sums)[N / 2])
{
    unsigned thread = gpu_thread_x() % 128, lane = gpu_lane();
    if (thread == 0) GPU_TENSOR_STORE_WAIT_READ(0);
    gpu_named_barrier(1 + group, 128);
    int line = (int)(thread / 32 * 16 + lane % 16);
    GPU_UNROLL for (int j = 0; j < N / 8; j += 2)
    {
        unsigned words[4];
        GPU_UNROLL for (int i = 0; i < 4; i++) words[i] =
            packed(sums[4 * j + 2 * i], sums[4 * j + 2 * i + 1]);
        int chunk = j + (int)lane / 16;
        gpu_stmatrix_x4(out + line * 128 + (chunk ^ line % 8) * 16, words);
    }
    gpu_fence_async_shared();
    gpu_named_barrier(1 + group, 128);
    if (thread == 0) {
        gpu_tensor_store(&args.d, out, column, row, 0);
        gpu_tensor_store_commit();
    }
}

GPU_DEVICE void take(const struct hopper_args &args, unsigned char *shared, int group)
{
    struct ring ring = {0, 0};
    int row = ((int)gpu_block_x() * GROUPS + group) * ROWS;
    unsigned char *out = shared + OUT + group * OUT_BYTES;
    for (int n = 0; n < args.n_tiles; n++) {
        float sums[N / 2];
        int before = 0;
        for (int k = 0; k < args.k_tiles; k++, advance(&ring)) {
            const unsigned char *stage = shared + ring.stage * STAGE;
            gpu_mbarrier_wait(shared + FULL + 8 * ring.stage, ring.parity);
            gpu_wgmma_fence();
            multiply(stage + group * ROWS * 128, stage + A_BYTES, k == 0, sums);
            gpu_wgmma_commit();
            GPU_WGMMA_WAIT(1); /* the turn before is through */
            if (k > 0) release(shared, before);
            before = ring.stage;
        }
        GPU_WGMMA_WAIT(0);
        release(shared, before);
        gpu_wgmma_hold(sums);
        send(args, out, group, row, n * N, sums);
    }
    if (gpu_thread_x() % 128 == 0) GPU_TENSOR_STORE_WAIT(0);
}

GPU_KERNEL_ALONE(THREADS) hopper(GPU_ARGS(struct hopper_args, args))
{
    GPU_SHARED(shared);
    if (gpu_thread_x() == 0) {
        gpu_tensor_prefetch(&args.a);
        for (int s = 0; s < STAGES; s++) {
            gpu_mbarrier_init(shared + FULL + 8 * s, 1);
            gpu_mbarrier_init(shared + EMPTY + 8 * s, GROUPS * CLUSTER);
        }
        gpu_mbarrier_init_fence();
    }
    gpu_cluster_barrier();
    if (gpu_wave() < 4) {
        GPU_REGISTERS_LESS(24);
        if (gpu_thread_x() == 0) bring(args, shared);
    } else {
        GPU_REGISTERS_MORE(240);
        take(args, shared, (int)gpu_wave() / 4 - 1);
    }
    gpu_cluster_barrier();
}
