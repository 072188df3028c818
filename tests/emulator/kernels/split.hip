/* D = A.B in f32, k cut into SLICES. A block of 64 threads has 16 x 16 sums of one slice, four rows of a
 * column a thread. What becomes of them is MODE's:
 *
 *     last      they go to the workspace; the block that a counter calls the last of its tile adds up all
 * slices atomics   they are added atomically to a tile that was zeroed; the last block takes it from there
 *     turns     slices add to their tile one after the other, each spinning until the one before is done;
 * their blocks are a cluster, so that all run
 *
 * ORDER says what makes other blocks' sums visible: an atomic that releases and acquires, or fences around a
 * relaxed one. The workspace is a counter a tile, then the sums. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"

#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NN
#endif
#define MODE_LAST     0
#define MODE_ATOMICS  1
#define MODE_TURNS    2
#define ORDER_RELEASE 0
#define ORDER_FENCE   1
#ifndef SLICES
#define SLICES 2 /* of k */
#endif
#ifndef MODE
#define MODE MODE_LAST
#endif
#ifndef ORDER
#define ORDER ORDER_RELEASE
#endif

#define TILE    16
#define THREADS 64
#define ROWS    4 /* of a thread */
#define SUMS    (TILE * TILE)

#include "product.h"

GPU_DEVICE float element(const void *base, bool transposed, long long ld, long long row, long long column)
{
    return ((const float *)base)[transposed ? column * ld + row : row * ld + column];
}

/* The slice's part of the thread's sums. What does not exist stays 0. */
GPU_DEVICE void accumulate(const struct gemm_args &args, long long item, int slice, long long row,
                           long long column, float *sums)
{
    const float *a = (const float *)args.a + item * args.stride_a,
                *b = (const float *)args.b + item * args.stride_b;
    long long begin = args.k * slice / SLICES, end = args.k * (slice + 1) / SLICES;
    if (column >= args.n) return;
    for (long long k = begin; k < end; k++) {
        float y = element(b, LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT, args.ldb, k, column);
        for (int i = 0; i < ROWS; i++)
            if (row + i < args.m)
                sums[i] = gpu_fma(
                    element(a, LAYOUT == LAYOUT_TN || LAYOUT == LAYOUT_TT, args.lda, row + i, k), y, sums[i]);
    }
}

GPU_DEVICE void store_sums(float *to, const float *sums)
{
    gpu_u32x4 x;
    for (int i = 0; i < ROWS; i++) x[i] = gpu_bits(sums[i]);
    gpu_store16(to, x);
}

GPU_DEVICE void add_sums(const float *from, float *sums)
{
    gpu_u32x4 x = gpu_load16(from);
    for (int i = 0; i < ROWS; i++) sums[i] += gpu_float(x[i]);
}

/* Is the block the last of its tile to come here? Then it sees what the others did before they came. */
GPU_DEVICE bool is_last(unsigned *counter, unsigned *before)
{
    gpu_barrier();
    if (gpu_thread_x() == 0) {
#if ORDER == ORDER_FENCE
        gpu_fence_device();
        *before = gpu_atomic_add(counter, 1u);
        gpu_fence_device();
#else
        *before = gpu_atomic_add_acq_rel(counter, 1u);
#endif
    }
    gpu_barrier();
    return *before == SLICES - 1;
}

/* Adds up the slices; true in the block that has all. `tile` is the thread's part of its tile's sums. */
GPU_DEVICE bool combine(unsigned *counter, unsigned *before, float *tile, int slice, float *sums)
{
#if MODE == MODE_LAST
    store_sums(tile + slice * SUMS, sums);
    if (!is_last(counter, before)) return false;
    for (int i = 0; i < ROWS; i++) sums[i] = 0;
    for (int s = 0; s < SLICES; s++) add_sums(tile + s * SUMS, sums);
    return true;
#elif MODE == MODE_ATOMICS
    (void)slice;
    for (int i = 0; i < ROWS; i++) gpu_atomic_add(tile + i, sums[i]);
    if (!is_last(counter, before)) return false;
    for (int i = 0; i < ROWS; i++) sums[i] = 0;
    add_sums(tile, sums);
    return true;
#else
    (void)before;
    if (gpu_thread_x() == 0)
        while (gpu_load_acquire(counter) != (unsigned)slice) gpu_pause();
    gpu_barrier();
    if (slice > 0) add_sums(tile, sums);
    if (slice == SLICES - 1) return true;
    store_sums(tile, sums);
    gpu_barrier();
    if (gpu_thread_x() == 0) gpu_store_release(counter, (unsigned)slice + 1);
    return false;
#endif
}

GPU_KERNEL(THREADS) split(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long item = gpu_block_z() / SLICES, tiles = (long long)gpu_grid_x() * gpu_grid_y();
    long long tile = item * tiles + gpu_block_y() * gpu_grid_x() + gpu_block_x();
    long long counter_bytes = (tiles * args.batch * 4 + 255) / 256 * 256;
    float *all = (float *)((char *)args.workspace + counter_bytes);
    long long row = gpu_block_y() * TILE + gpu_thread_x() / TILE * ROWS;
    long long column = gpu_block_x() * TILE + gpu_thread_x() % TILE;
    int slice = (int)(gpu_block_z() % SLICES);
    float sums[ROWS] = {};
    accumulate(args, item, slice, row, column, sums);
    float *mine = all + tile * SUMS * (MODE == MODE_LAST ? SLICES : 1) + gpu_thread_x() * ROWS;
    if (!combine((unsigned *)args.workspace + tile, (unsigned *)shared, mine, slice, sums)) return;
    for (int i = 0; i < ROWS; i++)
        if (row + i < args.m && column < args.n) finish(args, item, row + i, column, sums[i]);
}
