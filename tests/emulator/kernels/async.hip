/* D = A.B in f32. A block of 64 threads computes 32 x 32 sums, 4 x 4 a thread. Tiles of 32 x 16 of A and 16 x
 * 32 of B come by asynchronous copies of VECTOR bytes; STAGES - 1 tiles are on their way while one is
 * multiplied. One barrier a tile: it says that tile t has come for all, and that all are done with tile t -
 * 1, whose place is the next one's. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"

#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#ifndef STAGES
#define STAGES 2 /* tiles in shared memory, 2 or more */
#endif
#ifndef VECTOR
#define VECTOR 4 /* bytes of a copy: 4 or 16; 16 needs operands as aligned */
#endif

#define TILE         32
#define TILE_K       16
#define THREADS      64
#define PITCH_A      (TILE_K + 4) /* floats; four more, so that lines begin in other banks */
#define PITCH_B      (TILE + 4)
#define A_FLOATS     (TILE * PITCH_A)
#define STAGE_FLOATS (A_FLOATS + TILE_K * PITCH_B)
#define ELEMENTS     (VECTOR / 4)

#include "product.h"

/* The thread's share of a tile of `lines` x `columns` elements, of which `inside` x `valid` exist. */
template <int LINES, int COLUMNS, int PITCH>
GPU_DEVICE void copy_tile(float *tile, const float *from, long long ld, int inside, int valid)
{
    for (int i = (int)gpu_thread_x(); i < LINES * COLUMNS / ELEMENTS; i += THREADS) {
        int line = i / (COLUMNS / ELEMENTS), column = i % (COLUMNS / ELEMENTS) * ELEMENTS;
        int count = line < inside ? valid - column : 0;
        unsigned bytes = count <= 0 ? 0 : count < ELEMENTS ? 4u * (unsigned)count : VECTOR;
        const float *address = bytes ? from + line * ld + column : from;
        float *to = tile + line * PITCH + column;
        if (VECTOR == 16)
            gpu_copy_async16(to, address, bytes);
        else
            gpu_copy_async4(to, address, bytes);
    }
}

GPU_DEVICE void copy_stage(const struct gemm_args &args, const float *a, const float *b, long long k,
                           int rows, int columns, float *stage)
{
    int depth = lines_inside(args.k, k, TILE_K);
    copy_tile<TILE, TILE_K, PITCH_A>(stage, a + k, args.lda, rows, depth);
    copy_tile<TILE_K, TILE, PITCH_B>(stage + A_FLOATS, b + k * args.ldb, args.ldb, depth, columns);
}

GPU_DEVICE void multiply(const float *stage, int y, int x, float (*sums)[4])
{
    for (int k = 0; k < TILE_K; k++) {
        gpu_u32x4 b = gpu_load16(stage + A_FLOATS + k * PITCH_B + 4 * x);
        for (int i = 0; i < 4; i++) {
            float a = stage[(4 * y + i) * PITCH_A + k];
            for (int j = 0; j < 4; j++) sums[i][j] = gpu_fma(a, gpu_float(b[j]), sums[i][j]);
        }
    }
}

GPU_KERNEL(THREADS) async(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    float *stages = (float *)shared;
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * TILE,
              column = (long long)gpu_block_x() * TILE;
    const float *a = (const float *)args.a + item * args.stride_a + row * args.lda;
    const float *b = (const float *)args.b + item * args.stride_b + column;
    int rows = lines_inside(args.m, row, TILE), columns = lines_inside(args.n, column, TILE);
    int y = (int)gpu_thread_x() / 8, x = (int)gpu_thread_x() % 8,
        tiles = (int)((args.k + TILE_K - 1) / TILE_K);
    float sums[4][4] = {};
    for (int t = 0; t < STAGES - 1; t++) {
        if (t < tiles) copy_stage(args, a, b, t * TILE_K, rows, columns, stages + t * STAGE_FLOATS);
        gpu_copy_commit();
    }
    for (int t = 0; t < tiles; t++) {
        int next = t + STAGES - 1;
        GPU_COPY_WAIT(STAGES - 2);
        gpu_barrier();
        if (next < tiles)
            copy_stage(args, a, b, next * TILE_K, rows, columns, stages + next % STAGES * STAGE_FLOATS);
        gpu_copy_commit();
        multiply(stages + t % STAGES * STAGE_FLOATS, y, x, sums);
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if (4 * y + i < rows && 4 * x + j < columns)
                finish(args, item, row + 4 * y + i, column + 4 * x + j, sums[i][j]);
}
