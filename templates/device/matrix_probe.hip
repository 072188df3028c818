/* One matrix instruction on given registers: the self-test (tuner/selftest.h) compares what comes out with
 * what the layouts that we believe in say. A block is one wave and one case.
 *
 *     FORM      a row of matrix.def
 *     WORDS_A, WORDS_B, WORDS_D     registers of a lane
 *     INTEGERS  1 where C and D are i32 */
#include "gpu.h"
#include "matrix_probe_args.h"

#define PASTE_(x, y) x##y
#define PASTE(x, y)  PASTE_(x, y)
#define MULTIPLY     PASTE(gpu_, FORM)

#if GPU_NVIDIA
GPU_DEVICE void probe(unsigned *d, const unsigned *a, const unsigned *b, const unsigned *c)
{
    unsigned left[WORDS_A], right[WORDS_B];
    float sums[WORDS_D];
    GPU_UNROLL for (int i = 0; i < WORDS_A; i++) left[i] = a[i];
    GPU_UNROLL for (int i = 0; i < WORDS_B; i++) right[i] = b[i];
    GPU_UNROLL for (int i = 0; i < WORDS_D; i++) sums[i] = gpu_float(c[i]);
    MULTIPLY(sums, left, right, sums);
    GPU_UNROLL for (int i = 0; i < WORDS_D; i++) d[i] = gpu_bits(sums[i]);
}
#else
#if INTEGERS
typedef PASTE(gpu_i32x, WORDS_D) sums_t;
#define FROM_WORD(word) ((int)(word))
#define TO_WORD(sum)    ((unsigned)(sum))
#else
typedef PASTE(gpu_f32x, WORDS_D) sums_t;
#define FROM_WORD(word) gpu_float(word)
#define TO_WORD(sum)    gpu_bits(sum)
#endif
#if WORDS_A == 1
#define LOAD gpu_load4
#elif WORDS_A == 2
#define LOAD gpu_load8
#elif WORDS_A == 4
#define LOAD gpu_load16
#else
#define LOAD load32
GPU_DEVICE gpu_u32x8 load32(const unsigned *from)
{
    gpu_u32x8 words;
    GPU_UNROLL for (int i = 0; i < 8; i++) words[i] = from[i];
    return words;
}
#endif

GPU_DEVICE void probe(unsigned *d, const unsigned *a, const unsigned *b, const unsigned *c)
{
    sums_t sums;
    GPU_UNROLL for (int i = 0; i < WORDS_D; i++) sums[i] = FROM_WORD(c[i]);
    sums = MULTIPLY(LOAD(a), LOAD(b), sums);
    GPU_UNROLL for (int i = 0; i < WORDS_D; i++) d[i] = TO_WORD(sums[i]);
}
#endif

GPU_KERNEL(GPU_WAVE) matrix_probe(GPU_ARGS(struct matrix_probe_args, args))
{
    unsigned at = gpu_block_x() * GPU_WAVE + gpu_thread_x();
    probe(args.d + at * WORDS_D, args.a + at * WORDS_A, args.b + at * WORDS_B, args.c + at * WORDS_D);
}
