/* Where gemm_mma puts things in shared memory: for each width of a line, as wide as the tile where memory
 * runs across k, the places of all pairs of elements of TILE_K lines. */
#include "../../templates/device/gpu.h"
#include "args.h"

#define A_TYPE  DTYPE_F16
#define TILE_K  64
#define THREADS 384

#include "../../templates/gemm/gemm_gpu_words.h"
#include "../../templates/gemm/gemm_mma_stage.h"

/* out[line * WIDTH / 2 + i]: the place of the line's elements 2 * i and the next. */
template <int WIDTH> GPU_DEVICE void places(unsigned *out)
{
    typedef struct side<WIDTH, false, 4, 1> side;
    static_assert(side::SPAN == WIDTH && side::LINES == TILE_K, "a line is as wide as the tile");
    for (int i = (int)gpu_thread_x(); i < TILE_K * WIDTH / 2; i += 32)
        out[i] = (unsigned)shared_place<side>(i / (WIDTH / 2), i % (WIDTH / 2) * 2);
}

GPU_KERNEL(32) swizzle(GPU_ARGS(test_args, args))
{
    switch (args.n) {
    case 16: places<16>(args.out); break;
    case 32: places<32>(args.out); break;
    case 64: places<64>(args.out); break;
    case 96: places<96>(args.out); break;
    case 128: places<128>(args.out); break;
    case 192: places<192>(args.out); break;
    case 256: places<256>(args.out); break;
    }
}
