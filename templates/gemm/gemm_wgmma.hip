/* The GEMM of Hopper: tiles brought by the copy engine, products by warpgroups, everything persistent.
 *
 * A block has CONSUMERS warpgroups that multiply and one that fetches. The fetching one has a single thread
 * at work: it asks the copy engine for tiles of A and B, STAGES of them ahead, each guarded by two barriers
 * in shared memory: `full` (its bytes have come) and `empty` (everybody is done with it).
 *
 *     memory -> shared memory   boxes of 128 bytes by up to 256 rows, swizzled (gemm_wgmma_fetch.h). Blocks
 * of a cluster of CLUSTER_M x CLUSTER_N compute neighbouring tiles: each fetches its share of what they have
 * in common, for all of them
 *     -> sums                   wgmma, 64 rows of the tile by all its columns at a time, both operands from
 *                               shared memory (gemm_wgmma_math.h)
 *     -> D                      gemm_wgmma_store.h: from registers (STORE_DIRECT), through shared memory and
 *                               the copy engine (STORE_ENGINE), or through shared memory as floats
 *                               (STORE_SHARED), which can add up the slices of a split k on the way
 *
 * SCHEDULE_TOGETHER: the consumers share a tile. SCHEDULE_TURNS: each has a tile of its own, and while one
 * multiplies the other stores. SPLIT_K blocks of a cluster share a tile and each has a slice of k; they add
 * up in each other's shared memory, in order: no workspace, and the same sums every time. With STREAM what
 * does not come out even among the clusters is shared out by steps of k (gemm_wgmma_stream.h). SWAP makes the
 * columns of D the rows of wgmma, whose 64 would be mostly empty for a small m. GROUP_M rows of tiles are
 * taken column by column, so that blocks that run together share A and B in the second-level cache.
 *
 * What lies outside a matrix is fetched as 0 and not stored, so that every size will do. Addresses and
 * pitches have to be multiples of 16 bytes.
 *
 * The floor: A, B and D once through memory, and 2 m n k operations. Per step of k a block fetches
 * (TILE_M / CLUSTER_N + TILE_N / CLUSTER_M) * TILE_K elements from the second-level cache and reads
 * TILE_M + TILE_N rows of shared memory a warpgroup. 128 x 256: 2 * 128 * 256 * 64 operations, 1024 cycles of
 * the tensor cores, for 48 KiB fetched, 47 bytes a cycle. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_BF16 /* DTYPE_F16, DTYPE_BF16 or DTYPE_F8E4M3; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_BF16 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16: D, C and bias */
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NT /* fp8: LAYOUT_NT only */
#endif
#ifndef ACT
#define ACT ACT_NONE
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef ALIGN_C
#define ALIGN_C 4 /* log2 of the bytes that address and pitch are multiples of */
#endif
#ifndef ALIGN_D
#define ALIGN_D 4
#endif

/* --- the configuration --- */

#define SCHEDULE_TOGETHER 0
#define SCHEDULE_TURNS    1
#define STORE_DIRECT      0
#define STORE_ENGINE      1
#define STORE_SHARED      2

#ifndef TILE_M
#define TILE_M 128 /* rows of D; 64 a warpgroup or 128. With SWAP 8 to 256 */
#endif
#ifndef TILE_N
#define TILE_N 128 /* columns of the product, gates and values; with SWAP 64 or 128 a warpgroup */
#endif
#ifndef TILE_K
#define TILE_K 64 /* 128 bytes, or twice as many */
#endif
#ifndef STAGES
#define STAGES 4
#endif
#ifndef CONSUMERS
#define CONSUMERS 2 /* warpgroups: 1 to 3 */
#endif
#ifndef SCHEDULE
#define SCHEDULE SCHEDULE_TOGETHER /* SCHEDULE_TURNS with two consumers */
#endif
#ifndef CLUSTER_M
#define CLUSTER_M 1
#endif
#ifndef CLUSTER_N
#define CLUSTER_N 1
#endif
#ifndef SPLIT_K
#define SPLIT_K 1 /* more only with STORE_SHARED */
#endif
#ifndef STREAM
#define STREAM 0 /* 1: with SCHEDULE_TOGETHER, and all blocks at one time */
#endif
#ifndef STORE
#define STORE STORE_DIRECT /* STORE_ENGINE for D of two bytes, STORE_SHARED with SWAP */
#endif
#ifndef SWAP
#define SWAP 0
#endif
#ifndef GROUP_M
#define GROUP_M 8
#endif
#ifndef OVERLAP
#define OVERLAP \
    0 /* 1: begins before the launch in front of it has ended, and waits for that when it is ready */
#endif
#ifndef PROMOTE
#define PROMOTE 0 /* fp8: after so many tiles of k sums go over to exact ones; 0: never */
#endif

#define GLU (ACT >= ACT_REGLU)

struct gemm_wgmma_args {
    struct gemm_args gemm;
    gpu_tensor_map a, b, d; /* d with STORE_ENGINE */
};

#include "gemm_gpu_tiles.h"
#include "gemm_gpu_epilogue.h"
#include "gemm_wgmma_shape.h"
#include "gemm_wgmma_fetch.h"
#include "gemm_wgmma_math.h"
#include "gemm_wgmma_stream.h"
#include "gemm_wgmma_store.h"

/* The producer: all stages of all its work, one after the other. */
GPU_DEVICE void fetch_all(const struct gemm_wgmma_args &args, const struct memory *memory,
                          const struct place *place, const struct plan *plan)
{
    struct ring ring = {0, 0};
    struct segment segment;
    struct work work = work_of(plan, place, 0, 1);
    gpu_tensor_prefetch(&args.a);
    gpu_tensor_prefetch(&args.b);
    while (next_segment(&work, plan, place, &segment)) {
        struct tile tile = tile_of(plan, place, segment.item);
        for (int k = segment.first; k < segment.last; k++) {
            wait_for(memory->empty + ring.stage, ring.phase ^ 1);
            fetch_stage(args, memory, place, &tile, ring.stage, k);
            ring_step(&ring);
        }
    }
}

/* A consumer: its part of every tile, or every other tile. */
GPU_DEVICE void multiply_all(const struct gemm_wgmma_args &args, const struct memory *memory,
                             const struct place *place, const struct plan *plan)
{
    constexpr bool turns = SCHEDULE == SCHEDULE_TURNS;
    struct ring ring = {0, 0};
    struct store_state state = {0, 0};
    struct segment segment;
    int group = (int)place->group;
    struct work work = work_of(plan, place, turns ? group : 0, turns ? 2 : 1);
    if (turns && group) ring_skip(&ring, plan->steps);
    while (next_segment(&work, plan, place, &segment)) {
        float sums[ROW_BLOCKS][SUMS];
        if (turns) turn_wait(memory, group, &state.turns);
        multiply_tile(memory, place, &segment, &ring, sums);
        if (turns) {
            turn_pass(memory, group);
            ring_skip(&ring, plan->steps);
        }
        if (STREAM && !settle(args.gemm, place, plan, &segment, sums)) continue;
        struct tile tile = tile_of(plan, place, segment.item);
        store_tile(args, memory, place, &tile, sums, &state);
    }
    store_end(memory);
}

GPU_KERNEL_BLOCKS(THREADS, 1) gemm_wgmma(GPU_ARGS(struct gemm_wgmma_args, args))
{
    GPU_SHARED(shared);
    struct memory memory = memory_of(shared);
    struct place place = place_of();
    struct plan plan = plan_of(args.gemm, &place);
    if (gpu_thread_x() == 0) barriers_begin(&memory);
    if (CLUSTER > 1)
        gpu_cluster_barrier();
    else
        gpu_barrier();
    if (OVERLAP) {
        gpu_launch_wait();
        gpu_launch_dependents();
    }
    if (place.group == CONSUMERS) {
#if REGISTERS_MOVE
        GPU_REGISTERS_LESS(REGISTERS_PRODUCER);
#endif
        if (gpu_thread_x() == CONSUMERS * 128) fetch_all(args, &memory, &place, &plan);
    } else {
#if REGISTERS_MOVE
        GPU_REGISTERS_MORE(REGISTERS_CONSUMER);
#endif
        multiply_all(args, &memory, &place, &plan);
    }
    if (CLUSTER > 1) gpu_cluster_barrier(); /* others may still write or read this block's shared memory */
}
