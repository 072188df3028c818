/* What works beside the threads: the engine that moves boxes of tensors, and the matrix products of four
 * waves. Both are as late as they may be: nothing moves before somebody waits for it.
 *
 * What they do is done by agents, who have numbers of their own in happens-before (order.h). A tensor load
 * writes shared memory as the agent of its mbarrier when its phase ends; whoever waits for the phase knows
 * that. A wgmma reads its operands as the agent of its four waves until somebody waits for it, and so does a
 * tensor store as its thread. */
#ifndef TUNEBOOK_EMULATOR_ASYNC_H
#define TUNEBOOK_EMULATOR_ASYNC_H

#include "tuner/emulator/access.h"
#include "tuner/emulator/tensor_box.h"

enum {
    GROUP_WAVES = 4,
    GROUPS_MAX = BLOCK_WAVES_MAX / GROUP_WAVES,
    MBARRIER_AGENTS = 32, /* of a block; more mbarriers than that share them */
    BLOCK_AGENTS = MBARRIER_AGENTS + GROUPS_MAX,
    PIECE = 16,           /* bytes that the engine and wgmma read and write at a time */
    PROXY_FENCES = 64,    /* of one thread, that are remembered */
    REGISTERS_ALL = 65536 /* of a multiprocessor */
};

/* A box on its way to an mbarrier. */
struct tensor_load {
    struct tensor_load *next;
    const struct fiber *issuer;
    const void *pc;
    struct emu_tensor_map map;
    struct tensor_box box;
    uint32_t offset; /* in its target's shared memory */
    bool in_use;     /* kernels may write its source */
    unsigned char bytes[];
};

struct mbarrier {
    uint32_t offset; /* in shared memory */
    uint32_t count, pending, phase, announced;
    uint32_t agent, loads_bytes, n_waiting;
    uint32_t init_word, fence_word; /* 0: not fenced */
    const void *init_pc;
    struct gather gather; /* of the phase under way */
    struct pasts *over;   /* what the one before makes known */
    struct tensor_load *loads, *last;
};

/* Shared memory being read until `end`: its pieces, and what was known of each at the beginning. */
struct async_read {
    uint32_t n;
    uint32_t *marks;
    uint16_t *pieces;
};

/* A use of shared memory by a thread of another block. */
struct visit {
    uint32_t word;
    const void *pc;
};

struct async_block {
    struct mbarrier **mbarriers;
    uint32_t n_mbarriers, capacity;
    uint32_t n_groups;
    struct wgmma_group *groups; /* wgmma.c */
    uint32_t *readers;          /* of each piece, the last words of the groups' agents */
    uint16_t registers[BLOCK_WAVES_MAX];
};

struct tensor_store {
    struct tensor_store *next;
    const void *pc;
    uint32_t group, offset;
    bool add, was_read;
    struct emu_tensor_map map;
    struct tensor_box box;
    struct async_read read;
    unsigned char *bytes;
};

/* A box that begins may let others land, which are looked at again. */
enum box_use { BOX_BEGINS, BOX_LANDS, BOX_USES };

struct async_thread {
    uint32_t fences[PROXY_FENCES], n_fences; /* the words of the last ones, in a ring */
    struct tensor_store *stores;
    uint32_t store_groups;
    struct tensor_load *boxes[BOX_USES]; /* scratch */
    size_t box_bytes[BOX_USES];
    uint32_t products, product_groups; /* wgmma: groups closed */
    bool sums_fenced;
    bool arrived;                    /* at the cluster's halved barrier */
    const struct mbarrier *mbarrier; /* it waits there, or has been let go and did not run since */
    uint32_t phase;
};

struct async_thread *async_thread(struct fiber *f);

/* A block's begin and end. */
void async_begin(struct block *block);
void async_end(struct block *block);
/* `f` ends: nothing of its own, and if it is the last of its block nothing of the block's, may be under way.
 */
void async_thread_ends(struct fiber *f);

/* The mbarrier at that place of the block's shared memory, or NULL. */
struct mbarrier *mbarrier_at(const struct block *block, uint32_t offset);
/* One that `f` may use, its own block's or another's; `engine`: by what needs gpu_mbarrier_init_fence(). */
struct mbarrier *mbarrier_use(struct fiber *f, const struct block *block, uint32_t offset, bool engine,
                              const void *pc);
/* A load has been added, or a thread has come: goes on to the next phase if this one is over. */
void mbarrier_settle(struct fiber *f, struct block *block, struct mbarrier *m, bool needed, const void *pc);
void mbarriers_free(struct async_block *async);
/* "4 of 4 arrivals and 0 of 8192 bytes came" */
const char *mbarrier_state(const struct mbarrier *m, char out[ELSEWHERE_BYTES]);

/* tensor_load.c. They land, as the mbarrier's agent. */
void tensor_loads_land(struct fiber *f, struct block *block, struct mbarrier *m);
/* The load that has the place as its target. */
const struct tensor_load *tensor_load_find(const struct block *block, uint32_t offset);
void tensor_stores_end(struct fiber *f);
void tensor_stores_free(struct async_thread *thread);
/* The kernel's argument, checked. */
const struct emu_tensor_map *tensor_check_map(struct fiber *f, const void *map, const void *pc);

/* async_read.c. Begins to read pieces (offsets / 16) of the block's shared memory, for `n_leaders` threads,
 * each of which has to know who wrote them; ends it as `word`, with nothing written since. `what` is for
 * reports. The read owns `pieces`. */
void async_read_begin(struct fiber *const *leaders, uint32_t n_leaders, struct async_read *read,
                      const char *what, const void *pc);
void async_read_check(struct fiber *f, const struct async_read *read, const char *what, const void *pc);
void async_read_done(struct fiber *f, const struct async_read *read, uint32_t word, uint32_t group,
                     const void *pc);
void async_read_free(struct async_read *read);
/* Before `f` writes a cell: does an agent still read there, or did with nothing that orders the two? */
void async_readers_check(struct fiber *f, const struct shared_memory *shared, const struct cell *cell,
                         const struct site *site);

/* wgmma.c */
uint32_t wgmma_arrived(const struct fiber *f); /* where it waits */
void wgmma_end(struct fiber *f);
void wgmma_free(struct async_block *async);

/* cluster.c. `f` touches shared memory of another block of its cluster. */
void cluster_visit(struct fiber *f, struct block *block, const void *pc);
void cluster_thread_ends(struct fiber *f);
struct block *cluster_owner(const struct team *team, const struct shared_memory *shared);
uint32_t cluster_arrived(const struct team *team); /* at the barrier in halves */
void cluster_free(struct team *team);

#endif
