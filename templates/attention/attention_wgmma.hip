/* Attention on Hopper: keys and values brought by the copy engine, products by warpgroups, the softmax beside
 * them.
 *
 * A block has CONSUMERS warpgroups of 64 rows each (a row is a query of one head, attention_gpu_packed.h) and
 * a warpgroup that fetches. Tiles of TILE_N keys and their values come into STAGES places each, guarded by
 * two barriers: `full` (it has come) and `empty` (all consumers are done with it). A tile that lies within
 * its sequence is boxes of the copy engine; the last one of a sequence, and tiles of pages, are copied by the
 * fetching threads, with zeros for what is beyond (attention_wgmma_fetch.h).
 *
 *     Q -> shared memory   64 rows a warpgroup, once
 *     S = Q.K^T            both from shared memory, in registers
 *     softmax              in registers: a row lies in four lanes (attention_wgmma_softmax.h)
 *     O += P.V             P from registers, where S's layout is just what the product takes
 *     O -> memory          STORE_DIRECT: from registers; STORE_SHARED: through the place of Q, in whole rows
 *
 * Tiles are taken from the last key to the first: those that need a mask come first. OVERLAP: the products of
 * the next S are under way together with those of P.V, and the softmax runs while P.V does. TURNS: warpgroups
 * hand on by named barriers who issues products, so that while one has the tensor cores another has its
 * softmax. PERSISTENT: as many blocks as units, which go on to another item; else one block an item. Items
 * with most keys come first where masks or lengths make them differ, and the heads of a group are neighbours.
 *
 * The floor: per key and row 2 (d + dv) operations of the tensor cores, 4096 a cycle and unit, and one
 * exponential, 16 a cycle and unit: with d = 128 as long as half of the products, hidden behind them by
 * OVERLAP or TURNS. docs/kernels/attention_wgmma.md. */
#include "attention_args.h"
#include "../device/gpu.h"

/* --- the configuration --- */

#define STORE_DIRECT 0
#define STORE_SHARED 1

#ifndef CONSUMERS
#define CONSUMERS 2 /* warpgroups that multiply: 1 to 3 */
#endif
#ifndef TILE_N
#define TILE_N 128 /* keys of a tile: a multiple of 16 */
#endif
#ifndef STAGES
#define STAGES 2 /* tiles of K, and of V, that have a place: 2 or more */
#endif
#ifndef OVERLAP
#define OVERLAP 1
#endif
#ifndef TURNS
#define TURNS 0 /* 1: with two consumers or more */
#endif
#ifndef PACK_GQA
#define PACK_GQA 0 /* 1: rows are the heads that share K and V, token by token */
#endif
#ifndef PERSISTENT
#define PERSISTENT 0
#endif
#ifndef STORE
#define STORE STORE_DIRECT /* STORE_SHARED: O of two bytes */
#endif

#include "attention_gpu_words.h"
#include "attention_gpu_sequence.h"
#include "attention_gpu_mask.h"
#include "attention_gpu_packed.h"
#include "attention_gpu_score.h"
#include "attention_gpu_finish.h"

struct attention_wgmma_args {
    struct attention_args attention;
    gpu_tensor_map k, v; /* without pages */
};

#include "attention_wgmma_shape.h"
#include "attention_wgmma_work.h"
#include "attention_wgmma_fetch.h"
#include "attention_wgmma_softmax.h"
#include "attention_wgmma_math.h"
#include "attention_wgmma_rows.h"

/* The fetching warpgroup: all tiles of all its block's items, one after the other. */
GPU_DEVICE void fetch_all(const struct attention_wgmma_args &args, const struct memory &memory)
{
    struct fetcher fetcher = fetcher_of();
    struct work work;
    for (unsigned round = 0, item; next_item(args.attention, round, &item); round++) {
        if (!work_of(args.attention, item, &work)) continue;
        for (int tile = work.tiles.last - 1; tile >= work.tiles.first; tile--) {
            fetch_tile<false>(args, memory, work, tile, &fetcher);
            fetch_tile<true>(args, memory, work, tile, &fetcher);
        }
    }
    fetcher_settle<0>(&fetcher);
}

/* A consumer: its 64 rows of every item. */
GPU_DEVICE void attend_all(const struct attention_wgmma_args &args, const struct memory &memory,
                           unsigned group)
{
    struct consumer consumer = consumer_of(memory, group);
    struct work work;
    turns_begin(group);
    for (unsigned round = 0, item; next_item(args.attention, round, &item); round++) {
        if (!work_of(args.attention, item, &work)) continue;
        struct scope scope = scope_of(args.attention, work, group);
        struct state state;
        float sums[SUMS];
        state_begin(&state);
        scope.scoring.factor *= load_rows(args.attention, work, consumer, scope.scoring.factor < 0);
        sums_begin(sums);
        if (work.tiles.first < work.tiles.last) attend(work, scope, &consumer, &state, sums);
        store_rows(args.attention, work, consumer, exponent_factor(scope), state, sums);
    }
    turns_end(group);
}

GPU_KERNEL_BLOCKS(THREADS, 1) attention_wgmma(GPU_ARGS(struct attention_wgmma_args, args))
{
    GPU_SHARED(shared);
    struct memory memory = memory_of(shared);
    unsigned group = gpu_shuffle(gpu_thread_x() / 128, 0u);
    if (gpu_thread_x() == 0) barriers_begin(memory);
    gpu_barrier();
    if (group == CONSUMERS) {
#if REGISTERS_MOVE
        GPU_REGISTERS_LESS(REGISTERS_PRODUCER);
#endif
        fetch_all(args, memory);
    } else {
#if REGISTERS_MOVE
        GPU_REGISTERS_MORE(REGISTERS_CONSUMER);
#endif
        attend_all(args, memory, group);
    }
}
