/* The words of Hopper one by one, whose results a host can tell (test_hopper_words.c). */
#include "../../templates/device/gpu.h"
#include "args.h"

struct map_args {
    gpu_tensor_map map;
    test_args more;
};

/* --- wgmma: A from in[0..], B behind it as bytes, k fastest; sums by thread and register --- */

#define N 96

/* Where bytes of line and column-in-bytes lie, as gpu_wgmma.h says; columns are chunks of 16 bytes. */
GPU_DEVICE unsigned place(unsigned line, unsigned byte, unsigned swizzle, bool mn_major, unsigned leading,
                          unsigned stride)
{
    unsigned chunk = byte / 16, at, bits = swizzle / 16;
    if (swizzle == 0)
        return line % 8 * 16 + byte % 16 +
               (mn_major ? line / 8 * leading + chunk * stride : line / 8 * stride + chunk * leading);
    if (mn_major)
        at = line % 8 * swizzle + line / 8 * stride + chunk % bits * 16 + chunk / bits * leading;
    else
        at = line % 8 * swizzle + line / 8 * stride + chunk * 16;
    return (at ^ (at / 128 % bits) * 16) + byte % 16;
}

struct operand {
    unsigned char *shared;
    unsigned leading, stride;
};

/* `mn` rows of `k_bytes`; K-major with SIZE bytes an element, or transposed elements of two. */
template <int SIZE, bool MN_MAJOR>
GPU_DEVICE operand put(const unsigned char *from, unsigned char *shared, unsigned mn, unsigned swizzle)
{
    operand to = {shared, 16, 8 * swizzle};
    unsigned k = 32 / SIZE;
    if (MN_MAJOR) {
        to.leading =
            swizzle ? 8 * swizzle * (k / 8) : 128; /* atoms of k follow each other, then those of mn */
        if (!swizzle) to.stride = 128 * (k / 8);
    } else if (!swizzle) {
        to.leading = 128;
        to.stride = 256;
    }
    for (unsigned i = gpu_thread_x(); i < mn * k; i += 128) {
        unsigned row = i / k, column = i % k;
        unsigned at = MN_MAJOR ? place(column, row * SIZE, swizzle, true, to.leading, to.stride)
                               : place(row, column * SIZE, swizzle, false, to.leading, to.stride);
        for (int byte = 0; byte < SIZE; byte++) shared[at + byte] = from[i * SIZE + byte];
    }
    return to;
}

#define PRODUCT(name, SIZE, A, B, CALL)                                                             \
    GPU_KERNEL(128) name(GPU_ARGS(test_args, args))                                                 \
    {                                                                                               \
        GPU_SHARED(shared);                                                                         \
        const unsigned char *in = (const unsigned char *)args.in;                                   \
        operand a = put<SIZE, A>(in, shared, 64, args.n);                                           \
        operand b = put<SIZE, B>(in + 64 * 32, shared + 16384, N, args.n);                          \
        gpu_fence_async_shared();                                                                   \
        gpu_barrier();                                                                              \
        unsigned long long left = gpu_wgmma_descriptor(a.shared, a.leading, a.stride, args.n);      \
        unsigned long long right = gpu_wgmma_descriptor(b.shared, b.leading, b.stride, args.n);     \
        float sums[N / 2];                                                                          \
        gpu_wgmma_fence();                                                                          \
        CALL(sums, left, right, 0);                                                                 \
        CALL(sums, left, right, 1);                                                                 \
        gpu_wgmma_commit();                                                                         \
        GPU_WGMMA_WAIT(0);                                                                          \
        gpu_wgmma_hold(sums);                                                                       \
        for (int i = 0; i < N / 2; i++) args.out[gpu_thread_x() * (N / 2) + i] = gpu_bits(sums[i]); \
    }
PRODUCT(product_kk, 2, false, false, gpu_wgmma_bf16<N>)
PRODUCT(product_km, 2, false, true, (gpu_wgmma_bf16<N, GPU_K_MAJOR, GPU_MN_MAJOR>))
PRODUCT(product_mk, 2, true, false, (gpu_wgmma_f16<N, GPU_MN_MAJOR>))
PRODUCT(product_mm, 2, true, true, (gpu_wgmma_f16<N, GPU_MN_MAJOR, GPU_MN_MAJOR>))
PRODUCT(product_f8, 1, false, false, gpu_wgmma_f8e4m3<N>)

/* --- boxes --- */

/* A box to shared memory, and that as it is to `out`; n: where, x | y << 8 | z << 16, 64 more than it is. */
GPU_KERNEL(64) box_in(GPU_ARGS(map_args, args))
{
    GPU_SHARED(shared);
    unsigned char *bar = shared + 8192, *to = shared + 1024;
    int x = (int)(args.more.n & 255) - 64, y = (int)(args.more.n >> 8 & 255) - 64;
    int z = (int)(args.more.n >> 16 & 255) - 64;
    unsigned bytes = args.more.shared_words[0];
    if (gpu_thread_x() == 0) {
        gpu_mbarrier_init(bar, 1);
        gpu_mbarrier_init_fence();
        gpu_mbarrier_expect(bar, bytes);
        gpu_tensor_load(to, &args.map, bar, x, y, z);
    }
    gpu_barrier();
    gpu_mbarrier_wait(bar, 0);
    for (unsigned i = gpu_thread_x(); i < bytes / 4; i += 64) args.more.out[i] = gpu_load4(to + 4 * i);
}

/* `in` as it is to shared memory, and that as a box to the tensor; adds where shared_words[1] is not 0. */
GPU_KERNEL(64) box_out(GPU_ARGS(map_args, args))
{
    GPU_SHARED(shared);
    int x = (int)(args.more.n & 255) - 64, y = (int)(args.more.n >> 8 & 255) - 64;
    int z = (int)(args.more.n >> 16 & 255) - 64;
    for (unsigned i = gpu_thread_x(); i < args.more.shared_words[0] / 4; i += 64)
        gpu_store4(shared + 4 * i, args.more.in[i]);
    gpu_fence_async_shared();
    gpu_barrier();
    if (gpu_thread_x() > 0) return;
    if (args.more.shared_words[1])
        gpu_tensor_add(&args.map, shared, x, y, z);
    else
        gpu_tensor_store(&args.map, shared, x, y, z);
    gpu_tensor_store_commit();
    GPU_TENSOR_STORE_WAIT(0);
}

/* --- stmatrix is ldmatrix the other way --- */

GPU_KERNEL(32) matrices(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned lane = gpu_lane(), words[4], back[4];
    for (unsigned i = 0; i < 4; i++) words[i] = args.in[4 * lane + i];
    unsigned char *row = shared + 16 * (31 - lane);
    gpu_stmatrix_x4(row, words);
    gpu_wave_barrier();
    gpu_ldmatrix_x4(back, row);
    for (unsigned i = 0; i < 4; i++) args.out[4 * lane + i] = back[i];
    gpu_wave_barrier();
    gpu_stmatrix_trans_x4(row, words);
    gpu_wave_barrier();
    gpu_ldmatrix_x4(back, row); /* each the transpose of what went in */
    for (unsigned i = 0; i < 4; i++) args.out[128 + 4 * lane + i] = back[i];
    gpu_wave_barrier();
    gpu_stmatrix_x2(shared + 16 * lane, words);
    gpu_stmatrix_x1(shared + 512 + 16 * lane, words);
    gpu_wave_barrier();
    args.out[256 + lane] = gpu_load4(shared + 16 * (lane / 2) + lane % 2 * 4);
    args.out[288 + lane] = gpu_load4(shared + 512 + 4 * lane);
    gpu_wave_barrier();
    gpu_stmatrix_trans_x2(shared + 16 * lane, words);
    gpu_stmatrix_trans_x1(shared + 512 + 16 * lane, words);
    gpu_wave_barrier();
    gpu_ldmatrix_trans_x2(back, shared + 16 * lane);
    args.out[320 + lane] = back[1];
    gpu_ldmatrix_trans_x1(back, shared + 512 + 16 * lane);
    args.out[352 + lane] = back[0];
}

/* --- clusters of three blocks: each adds up what the others say, through their memory and its own --- */

GPU_KERNEL(64) cluster_sums(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared;
    unsigned t = gpu_thread_x(), rank = gpu_cluster_rank(), size = gpu_cluster_size();
    words[t] = args.in[64 * rank + t];
    gpu_cluster_arrive();
    args.out[1024 + 64 * gpu_block_x() + t] = rank << 8 | size;
    gpu_cluster_wait();
    unsigned sum = 0;
    for (unsigned other = 0; other < size; other++)
        sum += *(const unsigned *)gpu_cluster_shared(&words[63 - t], other);
    *(unsigned *)gpu_cluster_shared(&words[64 + t], (rank + 1) % size) = sum;
    gpu_cluster_barrier();
    args.out[64 * gpu_block_x() + t] = words[64 + t] + rank;
}

/* Blocks hand a word round by mbarriers: each waits for its neighbour on the left. */
GPU_KERNEL(64) mbarrier_ring(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *word = (unsigned *)(shared + 16);
    unsigned t = gpu_thread_x(), rank = gpu_cluster_rank(), size = gpu_cluster_size(), seen = 0;
    if (t == 0) {
        gpu_mbarrier_init(shared, 1);
        gpu_mbarrier_init_fence();
        *word = 0;
    }
    gpu_cluster_barrier();
    for (unsigned round = 0; round < 5; round++) {
        if (rank > 0 || round > 0) gpu_mbarrier_wait_cluster(shared, (rank ? round : round - 1) & 1);
        seen = *word;
        gpu_barrier();
        if (t == 0) {
            *(unsigned *)gpu_cluster_shared(word, (rank + 1) % size) = seen + args.n;
            gpu_mbarrier_arrive_cluster(shared, (rank + 1) % size);
        }
    }
    gpu_cluster_barrier();
    args.out[64 * rank + t] = seen;
}

/* All threads arrive, several phases, and all wait for each. */
GPU_KERNEL(64) mbarrier_phases(GPU_ARGS(test_args, args))
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)(shared + 128);
    unsigned t = gpu_thread_x(), sum = 0;
    if (t == 0) {
        gpu_mbarrier_init(shared, 64);
        gpu_mbarrier_init(shared + 8, 64);
        gpu_mbarrier_init_fence();
    }
    gpu_barrier();
    gpu_mbarrier_wait(shared, 1); /* of the phase before the first: at once */
    for (unsigned round = 0; round < 6; round++) {
        words[t] = args.in[t] + round;
        gpu_mbarrier_arrive(shared);
        gpu_mbarrier_wait(shared, round & 1);
        sum += words[63 - t];
        gpu_mbarrier_arrive(shared + 8);
        gpu_mbarrier_wait(shared + 8, round & 1);
    }
    args.out[t] = sum;
}
