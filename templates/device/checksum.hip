/* Sums of memory, by which trials find out whether a candidate changed what it may not (tuner/checksum.c). A
 * block sums one chunk. Each step of a mix is a bijection of the word that comes in, so that a change of one
 * word changes its sum for sure; the two sums are independent, so that others go unseen once in 2^64. */
#include "gpu.h"
#include "checksum_args.h"

#define THREADS 256

GPU_DEVICE unsigned mix(unsigned sum, unsigned word, unsigned factor)
{
    sum = (sum ^ word) * factor;
    return sum ^ sum >> 15;
}

GPU_KERNEL(THREADS) checksum(GPU_ARGS(struct checksum_args, args))
{
    const struct checksum_chunk *chunk = args.chunks + gpu_block_x();
    const unsigned *words = (const unsigned *)chunk->memory;
    unsigned n = (unsigned)chunk->n, one = 0, two = 0;
    GPU_UNROLL_BY(4)
    for (unsigned i = gpu_thread_x(); i < n; i += THREADS) {
        gpu_u32x4 word = gpu_load16(words + 4ull * i);
        unsigned a = i * 0x9e3779b9u + 1, b = i * 0x85ebca6bu + 2;
        GPU_UNROLL for (int j = 0; j < 4; j++)
        {
            a = mix(a, word[j], 0xcc9e2d51u);
            b = mix(b, word[j], 0x1b873593u);
        }
        one += a;
        two += b;
    }
    for (int mask = GPU_WAVE / 2; mask; mask /= 2) {
        one += gpu_shuffle_xor(one, mask);
        two += gpu_shuffle_xor(two, mask);
    }
    if (gpu_lane() == 0) {
        gpu_atomic_add(args.sums + 2 * gpu_block_x(), one);
        gpu_atomic_add(args.sums + 2 * gpu_block_x() + 1, two);
    }
}
