/* The block's shape: lines of tiles as wgmma reads them, registers, shared memory and its barriers. Needs
 * what attention_wgmma.hip defines.
 *
 * A tile of Q, K or V stands as columns of lines: all its rows by LINE bytes of a head, then the next LINE
 * bytes. Lines are as wide as a swizzle that divides a head: 128 bytes for heads of 64, 128, 192 and 256
 * elements, 64 for 96, 32 for 80 and 112. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_SHAPE_H
#define TUNEBOOK_ATTENTION_WGMMA_SHAPE_H

static_assert(SIZE_D % 16 == 0 && SIZE_DV % 16 == 0 && SIZE_DV <= 256, "whole steps of wgmma");
static_assert(TILE_N % 16 == 0 && TILE_N <= 256 && STAGES >= 2, "whole steps, boxes of 256 rows");
static_assert(STORE == STORE_DIRECT || O_BYTES == 2, "rows of two bytes an element");

#define LINE_OF(head) ((head) % 64 == 0 ? 128 : (head) % 32 == 0 ? 64 : 32)
#define K_LINE        LINE_OF(SIZE_D) /* bytes; Q's, too */
#define V_LINE        LINE_OF(SIZE_DV)
#define STEP          16 /* elements along k of one wgmma of two bytes */

#define THREADS ((CONSUMERS + 1) * 128)
#define SCORES  (TILE_N / 2)  /* of a thread: of two rows every fourth pair of columns */
#define SUMS    (SIZE_DV / 2) /* of a thread, likewise */

/* Of the unit's 64 Ki registers every thread begins with as many (168 of 384 threads, 128 of 512); those who
 * fetch give most of theirs to those who multiply. Two warpgroups have enough. */
#define REGISTERS_MOVE     (CONSUMERS > 1)
#define REGISTERS_PRODUCER (56)
#define REGISTERS_CONSUMER (CONSUMERS == 3 ? 152 : 224)

/* --- shared memory --- */

#define ALIGNED(bytes) (((bytes) + 1023) / 1024 * 1024)
/* O's rows on their way out, in the place of Q: a pitch by which eight rows do not meet in a bank. */
#define OUT_PITCH     (SIZE_DV * 2 + 16)
#define Q_BYTES_ALONE (64 * SIZE_D * 2)
#define OUT_BYTES     (STORE == STORE_SHARED ? 64 * OUT_PITCH : 0)
#define ROWS_BYTES    ALIGNED(Q_BYTES_ALONE > OUT_BYTES ? Q_BYTES_ALONE : OUT_BYTES) /* a warpgroup's */
#define K_BYTES       (TILE_N * SIZE_D * 2)
#define V_BYTES       (TILE_N * SIZE_DV * 2)
/* V begins where a swizzle's pattern does. */
#define K_STAGES_BYTES ALIGNED(STAGES *K_BYTES)

struct memory {
    unsigned char *rows, *k, *v;
    unsigned long long *full, *empty; /* STAGES of K, then STAGES of V */
};

GPU_DEVICE struct memory memory_of(unsigned char *shared)
{
    struct memory memory;
    memory.rows = shared;
    memory.k = shared + CONSUMERS * ROWS_BYTES;
    memory.v = memory.k + K_STAGES_BYTES;
    memory.full = (unsigned long long *)(memory.v + STAGES * V_BYTES);
    memory.empty = memory.full + 2 * STAGES;
    return memory;
}

/* Each of the four fetching warps, and of the consumers', comes once. */
GPU_DEVICE void barriers_begin(const struct memory &memory)
{
    for (int i = 0; i < 2 * STAGES; i++) {
        gpu_mbarrier_init(memory.full + i, 4);
        gpu_mbarrier_init(memory.empty + i, 4 * CONSUMERS);
    }
    gpu_mbarrier_init_fence();
}

/* Which stage is next, and the parity of its present use. */
struct ring {
    int stage;
    unsigned phase;
};

GPU_DEVICE void ring_step(struct ring *ring)
{
    if (++ring->stage == STAGES) {
        ring->stage = 0;
        ring->phase ^= 1;
    }
}

/* Where 16-byte chunk `chunk` of a row lies in a tile of ROWS rows, lines of LINE bytes. */
template <int LINE, int ROWS> GPU_DEVICE int chunk_offset(int row, int chunk)
{
    int at = (chunk * 16 / LINE * ROWS + row) * LINE + chunk * 16 % LINE;
    return at ^ (at >> 3 & (LINE - 16));
}

#endif
