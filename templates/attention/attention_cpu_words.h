/* What attention_cpu.c is compiled for: the operation, and the configuration. */
#ifndef TUNEBOOK_ATTENTION_CPU_WORDS_H
#define TUNEBOOK_ATTENTION_CPU_WORDS_H

#include "../device/cpu.h"
#include "../device/vec.h"

/* --- the operation --- */

#ifndef MASK_FULL
#define MASK_FULL    0
#define MASK_CAUSAL  1
#define MASK_SLIDING 2
#define MASK_BAND    3
#endif

#ifndef Q_TYPE
#define Q_TYPE DTYPE_F32 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16 */
#endif
#ifndef KV_TYPE
#define KV_TYPE Q_TYPE /* the same, DTYPE_F8E4M3 or DTYPE_F8E4M3FNUZ */
#endif
#ifndef O_TYPE
#define O_TYPE Q_TYPE
#endif
#ifndef MASK
#define MASK MASK_CAUSAL
#endif
#ifndef VARLEN
#define VARLEN 0
#endif
#ifndef SOFTCAP
#define SOFTCAP 0
#endif
#ifndef SINKS
#define SINKS 0
#endif
#ifndef LSE
#define LSE 0
#endif
#ifndef SIZE_D
#define SIZE_D 64
#endif
#ifndef SIZE_DV
#define SIZE_DV SIZE_D
#endif

/* --- the configuration --- */

#ifndef TILE_ROWS
#define TILE_ROWS 6 /* rows of a register tile: 1 to 16 */
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 2 /* vectors of a row in a register tile, of keys and of values: 1 to 4 */
#endif
#ifndef BLOCK_KEYS
#define BLOCK_KEYS 64 /* keys between two rescalings: a multiple of 32 */
#endif
#ifndef BLOCK_ROWS
#define BLOCK_ROWS 128 /* rows of a block of the grid; each packs its keys once */
#endif
#ifndef UNROLL
#define UNROLL 2 /* steps of a product between two tests of its loop: 1, 2, 4 or 8 */
#endif
#ifndef PACK_VALUES
#define PACK_VALUES 0 /* 0: read in place where that is possible: f32 without pages, dv whole vectors */
#endif
#ifndef PREFETCH
#define PREFETCH 0 /* how many keys ahead packing prefetches; 0: not at all */
#endif

STATIC_ASSERT(TILE_ROWS >= 1 && TILE_ROWS <= 16 && TILE_VECTORS >= 1 && TILE_VECTORS <= 4);
STATIC_ASSERT(BLOCK_KEYS % 32 == 0 && BLOCK_ROWS >= 1 && 8 % UNROLL == 0);
STATIC_ASSERT(SIZE_D % 8 == 0 && SIZE_DV % 8 == 0);

/* --- what follows --- */

#define IN_VECTORS(elements) (((elements) + LANES - 1) / LANES)

#define D_VECTORS   IN_VECTORS(SIZE_D)
#define DV_VECTORS  IN_VECTORS(SIZE_DV)
#define KEY_VECTORS (BLOCK_KEYS / LANES)

/* Floats from row to row in scratch. A vector more than the keys, so that rows of a tile do not all want the
 * same set of the cache. */
#define Q_PITCH      (D_VECTORS * LANES)
#define O_PITCH      (DV_VECTORS * LANES)
#define SCORE_PITCH  (BLOCK_KEYS + LANES)
#define VALUES_PITCH O_PITCH

VEC_INLINE long long smaller(long long a, long long b)
{
    return a < b ? a : b;
}

VEC_INLINE long long larger(long long a, long long b)
{
    return a > b ? a : b;
}

#endif
