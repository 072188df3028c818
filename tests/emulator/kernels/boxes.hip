/* f16 or bf16 products whose matrices come and go by tensor maps: a block makes a tile of TILE_M x
 * 32, box by box of k. What lies outside of an operand arrives as 0 and leaves as nothing, so there are no
 * masks. The tiles of A and B are swizzled as SWIZZLE says; sums are made the plain way. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"
#include "product.h"

#ifndef TILE_M
#define TILE_M 16 /* rows of D to a block: 16 or 32 */
#endif
#ifndef SWIZZLE
#define SWIZZLE 128 /* bytes of a row of a box: 0 (then 64), 32, 64, 128 */
#endif
#define TILE_N  32
#define THREADS 64
#define ROW     (SWIZZLE ? SWIZZLE : 64)
#define TILE_K  (ROW / 2)

enum { A_AT = 0, B_AT = 4096, C_AT = 8192, D_AT = 12288, BAR_AT = 16384 };

struct boxes_args {
    struct gemm_args gemm;
    gpu_tensor_map a, b, c, d;
};

/* An element of a tile, wherever the swizzle put its 16 bytes: bits 4 to 6 of the address take bits 7 to 9.
 */
GPU_DEVICE float element(const unsigned char *tile, int row, int k)
{
    unsigned at = (unsigned)(row * ROW + 2 * k);
    at ^= (at >> 7 & (SWIZZLE ? SWIZZLE / 16 - 1 : 0)) << 4;
    unsigned short bits = *(const unsigned short *)(tile + at);
#if A_TYPE == DTYPE_F16
    return gpu_from_f16(bits);
#else
    return gpu_from_bf16(bits);
#endif
}

/* One thread has the boxes brought, all wait for them. */
GPU_DEVICE void bring_tiles(const boxes_args &args, unsigned char *shared, int k, int item, unsigned phase)
{
    unsigned char *bar = shared + BAR_AT;
    if (gpu_thread_x() == 0) {
        gpu_mbarrier_expect(bar, (TILE_M + TILE_N) * ROW);
        gpu_tensor_load(shared + A_AT, &args.a, bar, k, (int)gpu_block_y() * TILE_M,
                        args.gemm.stride_a ? item : 0);
        gpu_tensor_load(shared + B_AT, &args.b, bar, k, (int)gpu_block_x() * TILE_N,
                        args.gemm.stride_b ? item : 0);
    }
    gpu_mbarrier_wait(bar, phase & 1);
}

/* C, where it takes part. */
GPU_DEVICE void bring_c(const boxes_args &args, unsigned char *shared, int item, unsigned phase)
{
    unsigned char *bar = shared + BAR_AT;
    if (args.gemm.beta == 0) return;
    if (gpu_thread_x() == 0) {
        gpu_mbarrier_expect(bar, TILE_M * TILE_N * sizeof(out_t));
        gpu_tensor_load(shared + C_AT, &args.c, bar, (int)gpu_block_x() * TILE_N, (int)gpu_block_y() * TILE_M,
                        args.gemm.stride_c ? item : 0);
    }
    gpu_mbarrier_wait(bar, phase & 1);
}

/* A bias promises no alignment, so it has no map. */
GPU_DEVICE float with_addends(const boxes_args &args, const unsigned char *shared, int row, int column,
                              float sum)
{
    float x = args.gemm.alpha * sum;
    long long j = (long long)gpu_block_x() * TILE_N + column;
#if BIAS
    if (j < args.gemm.n)
        x += from_out(((const out_t *)args.gemm.bias)[gpu_block_z() * args.gemm.stride_bias + j]);
#endif
    if (args.gemm.beta != 0)
        x = gpu_fma(args.gemm.beta, from_out(((const out_t *)(shared + C_AT))[row * TILE_N + column]), x);
    return x;
}

GPU_KERNEL(THREADS) boxes(GPU_ARGS(struct boxes_args, args))
{
    GPU_SHARED(shared);
    const int column = (int)gpu_thread_x() % TILE_N, first = (int)gpu_thread_x() / TILE_N;
    int item = (int)gpu_block_z();
    unsigned phase = 0;
    float sum[TILE_M / 2] = {0};
    if (gpu_thread_x() == 0) {
        gpu_mbarrier_init(shared + BAR_AT, 1);
        gpu_mbarrier_init_fence();
    }
    gpu_barrier();
    gpu_launch_wait();
    for (int k = 0; k < (int)args.gemm.k; k += TILE_K) {
        bring_tiles(args, shared, k, item, phase++);
        for (int p = 0; p < TILE_K; p++) {
            float b = element(shared + B_AT, column, p);
            for (int r = 0; r < TILE_M / 2; r++)
                sum[r] = gpu_fma(element(shared + A_AT, first + 2 * r, p), b, sum[r]);
        }
        gpu_barrier(); /* the tiles have been read */
    }
    bring_c(args, shared, item, phase);
    out_t *d = (out_t *)(shared + D_AT);
    for (int r = 0; r < TILE_M / 2; r++)
        d[(first + 2 * r) * TILE_N + column] =
            to_out(with_addends(args, shared, first + 2 * r, column, sum[r]));
    gpu_fence_async_shared();
    gpu_barrier();
    if (gpu_thread_x() == 0) {
        gpu_tensor_store(&args.d, d, (int)gpu_block_x() * TILE_N, (int)gpu_block_y() * TILE_M, item);
        gpu_tensor_store_commit();
        GPU_TENSOR_STORE_WAIT(0);
    }
}
