/* Who computes what: the tile in wgmma's terms, the block's shared memory, a block's place in its cluster and
 * the tiles that are its own. Needs what gemm_wgmma.hip defines. */
#ifndef TUNEBOOK_GEMM_WGMMA_SHAPE_H
#define TUNEBOOK_GEMM_WGMMA_SHAPE_H

/* X is the operand whose rows are wgmma's, Y the one whose rows are its columns: A and B, or B and A. */
#define X_ROWS (SWAP ? TILE_N : TILE_M)
#define Y_ROWS (SWAP ? TILE_M : TILE_N)

/* Is k what is contiguous in memory? */
#define A_ALONG (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define X_ALONG (SWAP ? B_ALONG : A_ALONG)
#define Y_ALONG (SWAP ? A_ALONG : B_ALONG)

#if A_TYPE == DTYPE_F8E4M3
#define TYPE_BYTES 1
#else
#define TYPE_BYTES 2
#endif
#define LINE_BYTES    128 /* of a box, the width of the swizzle */
#define LINE          (LINE_BYTES / TYPE_BYTES)
#define STEP_K        (32 / TYPE_BYTES) /* of one wgmma */
#define X_STAGE_BYTES (X_ROWS * TILE_K * TYPE_BYTES)
#define Y_STAGE_BYTES (Y_ROWS * TILE_K * TYPE_BYTES)
#define STAGE_BYTES   (X_STAGE_BYTES + Y_STAGE_BYTES)

#define THREADS       ((CONSUMERS + 1) * 128)
#define CONSUMER_ROWS (SCHEDULE == SCHEDULE_TURNS ? X_ROWS : X_ROWS / CONSUMERS)
#define ROW_BLOCKS    (CONSUMER_ROWS / 64)
#define SUMS          (Y_ROWS / 2) /* of a thread, for each block of 64 rows */
#define CLUSTER       (CLUSTER_M * CLUSTER_N * SPLIT_K)
#define WARPS         (CONSUMERS * 4) /* that multiply */

/* Of D in a tile. */
#define TILE_COLUMNS (GLU ? TILE_N / 2 : TILE_N)

/* Of the unit's 64 Ki registers every thread begins with as many (168 of 384 threads, 128 of 512); those who
 * fetch give most of theirs to those who multiply. Two warpgroups have enough. */
#define REGISTERS_MOVE     (CONSUMERS > 1)
#define REGISTERS_PRODUCER (CONSUMERS == 3 ? 32 : 40)
#define REGISTERS_CONSUMER (CONSUMERS == 3 ? 160 : 232)

/* --- shared memory --- */

/* Of the store: D as it goes to the copy engine, 64 rows of 128 bytes a piece; or sums as floats, as rows of
 * D, with a pitch by which neither way of writing them meets in a bank. */
#define SUM_ROWS    (SWAP ? Y_ROWS : X_ROWS)
#define SUM_COLUMNS (SWAP ? X_ROWS : Y_ROWS)
#define SUM_PITCH   (SUM_COLUMNS + (SWAP ? 4 : 8))
#define STORES      (SCHEDULE == SCHEDULE_TURNS ? 2 : 1) /* tiles that are stored at one time */
#if STORE == STORE_ENGINE
#define STORE_BYTES (X_ROWS * TILE_COLUMNS * 2 * STORES)
#elif STORE == STORE_SHARED
#define STORE_BYTES (SUM_ROWS * SUM_PITCH * 4 * STORES)
#else
#define STORE_BYTES 0
#endif

struct memory {
    unsigned char *stages, *store;
    unsigned long long *full, *empty;  /* STAGES each */
    unsigned long long *ready, *taken; /* slices of k: all are there; all were read */
    unsigned long long *turn;          /* 2 */
};

GPU_DEVICE struct memory memory_of(unsigned char *shared)
{
    struct memory memory;
    memory.stages = shared;
    memory.store = shared + STAGES * STAGE_BYTES;
    memory.full = (unsigned long long *)(memory.store + STORE_BYTES);
    memory.empty = memory.full + STAGES;
    memory.ready = memory.empty + STAGES;
    memory.taken = memory.ready + 1;
    memory.turn = memory.taken + 1;
    return memory;
}

/* A stage of this block is empty when all who multiply with it have said so: it is fetched by, and shared
 * with, the blocks of its row and of its column. */
#define SHARERS (CLUSTER_M + CLUSTER_N - 1)

GPU_DEVICE void barriers_begin(const struct memory *memory)
{
    constexpr int users = SCHEDULE == SCHEDULE_TURNS ? 4 : WARPS;
    for (int i = 0; i < STAGES; i++) {
        gpu_mbarrier_init(memory->full + i, 1);
        gpu_mbarrier_init(memory->empty + i, users * SHARERS);
    }
    gpu_mbarrier_init(memory->ready, WARPS * SPLIT_K);
    gpu_mbarrier_init(memory->taken, WARPS * SPLIT_K);
    gpu_mbarrier_init(memory->turn, 4);
    gpu_mbarrier_init(memory->turn + 1, 4);
    gpu_mbarrier_init_fence();
}

/* For what threads of other blocks of the cluster have said. */
GPU_DEVICE void wait_for(unsigned long long *barrier, unsigned parity)
{
    if (CLUSTER > 1)
        gpu_mbarrier_wait_cluster(barrier, parity);
    else
        gpu_mbarrier_wait(barrier, parity);
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

GPU_DEVICE void ring_skip(struct ring *ring, int steps)
{
    int at = ring->stage + steps;
    ring->phase ^= at / STAGES & 1;
    ring->stage = at % STAGES;
}

/* --- places --- */

struct place {
    unsigned group;              /* warpgroup of the thread; CONSUMERS: the one that fetches */
    unsigned rank_m, rank_n;     /* of the block among those that share tiles */
    unsigned rank_k;             /* its slice of k */
    long long cluster, clusters; /* of the grid */
};

GPU_DEVICE struct place place_of(void)
{
    struct place place;
    unsigned rank = CLUSTER > 1 ? gpu_cluster_rank() : 0;
    place.group = gpu_shuffle(gpu_thread_x() / 128, 0u);
    place.rank_m = rank % CLUSTER_M;
    place.rank_n = rank / CLUSTER_M % CLUSTER_N;
    place.rank_k = rank / (CLUSTER_M * CLUSTER_N);
    place.cluster = gpu_block_x() / CLUSTER;
    place.clusters = gpu_grid_x() / CLUSTER;
    return place;
}

GPU_DEVICE unsigned rank_of(unsigned m, unsigned n, unsigned k)
{
    return m + CLUSTER_M * (n + CLUSTER_N * k);
}

/* What all blocks do. An item is what a cluster computes at one time: a tile for each of its blocks (for each
 * SPLIT_K of them), in one batch item. */
struct plan {
    long long rows, columns, items; /* along m, along n, in all */
    long long whole;                /* STREAM: items from here on are shared out step by step */
    int steps;                      /* of k */
    int half;                       /* columns of D */
};

GPU_DEVICE struct plan plan_of(const struct gemm_args &args, const struct place *place)
{
    struct plan plan;
    plan.half = (int)(GLU ? args.n / 2 : args.n);
    plan.rows = tiles_along(args.m, TILE_M * CLUSTER_M);
    plan.columns = tiles_along(plan.half, TILE_COLUMNS * CLUSTER_N);
    plan.items = plan.rows * plan.columns * args.batch;
    plan.steps = (int)tiles_along(args.k, TILE_K);
    plan.whole = plan.items;
    if (STREAM) {
        long long rounds = divide(plan.items, place->clusters);
        if (rounds * place->clusters != plan.items)
            plan.whole = rounds > 1 ? (rounds - 1) * place->clusters : 0;
    }
    return plan;
}

/* --- a block's work --- */

/* Steps [first, last) of an item. */
struct segment {
    long long item;
    int first, last;
};

/* What is left: of the steps that are shared out, then every so many-th of the other items. */
struct work {
    long long step, end, item, stride;
};

GPU_DEVICE long long shared_steps(const struct plan *plan, const struct place *place, long long cluster)
{
    return divide((plan->items - plan->whole) * plan->steps * cluster, place->clusters);
}

GPU_DEVICE struct work work_of(const struct plan *plan, const struct place *place, int offset, int stride)
{
    struct work work = {0, 0, place->cluster + offset * place->clusters, stride * place->clusters};
    if (STREAM) {
        work.step = shared_steps(plan, place, place->cluster);
        work.end = shared_steps(plan, place, place->cluster + 1);
    }
    return work;
}

GPU_DEVICE bool next_segment(struct work *work, const struct plan *plan, const struct place *place,
                             struct segment *out)
{
    if (STREAM && work->step < work->end) {
        long long at = divide(work->step, plan->steps);
        out->item = plan->whole + at;
        out->first = (int)(work->step - at * plan->steps);
        out->last = (int)LEAST((long long)plan->steps, out->first + work->end - work->step);
        work->step += out->last - out->first;
        return true;
    }
    if (work->item >= plan->whole) return false;
    out->item = work->item;
    out->first = SPLIT_K > 1 ? plan->steps * (int)place->rank_k / SPLIT_K : 0;
    out->last = SPLIT_K > 1 ? plan->steps * (int)(place->rank_k + 1) / SPLIT_K : plan->steps;
    work->item += work->stride;
    return true;
}

/* A tile of D and what it is made of: first row, first column, batch item; the glu's other half. */
struct tile {
    int row, column, item, half;
};

GPU_DEVICE struct tile tile_of(const struct plan *plan, const struct place *place, long long item)
{
    struct tile tile;
    long long tiles = plan->rows * plan->columns, batch = divide(item, tiles);
    struct tile_place<long long> at = tile_place_of(item - batch * tiles, plan->rows, plan->columns);
    tile.row = (int)((at.row * CLUSTER_M + place->rank_m) * TILE_M);
    tile.column = (int)((at.column * CLUSTER_N + place->rank_n) * TILE_COLUMNS);
    tile.item = (int)batch;
    tile.half = plan->half;
    return tile;
}

#endif
