/* The emulated machine while it runs: fibers are threads; waves, blocks and teams (the blocks of a cluster,
 * or one block) gather them; a worker is a host thread that runs some teams at a time, to their end. */
#ifndef TUNEBOOK_EMULATOR_MACHINE_H
#define TUNEBOOK_EMULATOR_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "tuner/emulator/exports.h"
#include "tuner/device/device.h"
#include "tuner/emulator/fiber.h"
#include "tuner/emulator/object.h"
#include "tuner/emulator/order.h"
#include "tuner/emulator/ranges.h"
#include "tuner/emulator/shadow.h"

enum { NAMED_BARRIERS = 16, BLOCK_WAVES_MAX = 32 /* 1024 threads */, FAULT_BYTES = 256 };

#define IDLE_NEVER UINT64_MAX

enum waiting {
    RUNS,
    AT_BARRIER,
    AT_COLLECTIVE,
    AT_NAMED_BARRIER,
    AT_CLUSTER_BARRIER,
    AT_CLUSTER_WAIT,
    AT_MBARRIER,
    AT_WGMMA,
    ENDED
};
enum wave_operation {
    WAVE_BARRIER,
    WAVE_SHUFFLE,
    WAVE_BALLOT,
    WAVE_MATRIX,
    WAVE_LDMATRIX,
    WAVE_STMATRIX,
    WAVE_LOAD
};

/* What a lane hands to a collective, and what it gets. */
struct lane_operands {
    unsigned value, argument;
    unsigned long long mask, right;
    unsigned *d;
    const unsigned *a, *b, *c;
    const void *row;
};

/* An asynchronous copy under way, or a lane's part of a load to shared memory. */
struct copy {
    void *shared;
    const void *global, *pc;
    uint32_t bytes, valid, group;
};

enum copy_kind { COPY_ASYNC, COPY_LOAD, COPY_KINDS };

/* Of one thread and kind, in their order. Groups are numbered from 0, and the open one is the number of
 * closed ones. */
struct copies {
    struct copy *items;
    uint32_t n, capacity, groups;
};

struct fiber {
    struct emu_thread self;
    char *stack; /* FIBER_STACK_BYTES, this struct and the arguments among them */
    const void *args;
    uint32_t number; /* in the team */
    uint32_t named;  /* the barrier it waits at */
    uint32_t spins;  /* atomics in a row that changed nothing */
    /* A cache line with all that a switch, a barrier and an access need. */
    _Alignas(64) uint32_t epoch; /* what accesses are judged by: order.h */
    uint32_t limit, many;
    uint32_t limit_global; /* of global memory less may be known */
    enum waiting waiting;
    struct fiber *next, *previous; /* those that can run, in a ring */
    void *place;                   /* where it goes on */
    const void *pc;                /* where it waits */
    struct shared_memory *shared;  /* the block's */
    struct block *block;
    /* The rest of what it knows. */
    uint32_t known_block, known_wave;
    struct past *own;
    struct pasts *others, *fenced, *fenced_block, *pending, *learned;
    struct lane_operands operands;
    struct copies copies[COPY_KINDS];
    struct async_thread *async; /* async.h; NULL: nothing of that kind yet */
};

struct wave {
    struct fiber **lanes;
    uint32_t n, arrived, ended, detail;
    enum wave_operation operation;
    const void *pc;
    uint32_t at_barrier; /* lanes at a gpu_barrier_shared(), all at one call */
    const void *barrier_pc;
};

struct named_barrier {
    uint32_t threads, arrived, n_waiting;
    uint16_t came[BLOCK_WAVES_MAX]; /* lanes of each wave in this phase */
    struct gather gather;
};

struct block {
    struct worker *worker;
    struct team *team;
    struct fiber **fibers; /* of its threads, by flat number */
    struct wave *waves;
    uint32_t n, n_waves, rank;
    uint32_t arrived, ended;
    const void *pc; /* of the barrier some wait at; NULL: they wait at gpu_barrier_shared() */
    struct shared_memory *shared;
    struct named_barrier named[NAMED_BARRIERS];
    struct async_block *async; /* async.h; NULL: the object has nothing of that kind */
    struct visit *visits;      /* by threads of other blocks, by number; NULL: none */
};

struct team {
    struct block *blocks;
    uint32_t n_blocks, n_threads, n_agents;
    uint32_t index; /* in the grid of clusters */
    uint32_t arrived, ended;
    const void *pc; /* of the cluster's barrier some wait at */
    struct team_order order;
    struct cluster_halves *halves; /* cluster.c */
};

/* A step of a launch as all workers see it. */
struct run {
    struct emulator *emulator;
    struct worker *workers;
    uint32_t n_workers;
    struct function *function;
    const void *args;
    uint32_t args_bytes, shared_bytes;
    uint32_t grid[3], cluster[3], block[3], clusters[3];
    uint32_t n_teams, team_blocks, block_threads;
    bool together, reverse;
    uint32_t generation;
    _Atomic uint64_t changes; /* of global memory by atomics, and teams that ended */
    /* The first failure in the order of teams, whichever worker came upon one first. */
    pthread_mutex_t lock;
    _Atomic uint64_t failed_item; /* UINT64_MAX: none */
    enum device_fault fault;
    enum status status;
    char line[FAULT_BYTES * 2];
};

/* A fault that is put off. */
struct pending_fault {
    const struct fiber *f; /* NULL: none */
    char line[FAULT_BYTES * 2];
};

struct worker {
    struct emulator *emulator;
    struct run *run;
    uint64_t item;
    void *place; /* where it goes on when its teams have ended or failed */
    struct fiber_stacks stacks;
    struct shared_memory *shared;
    struct fiber **fibers;
    struct wave *waves;
    struct block *blocks;
    struct team *teams;
    uint32_t wave_size, n_fibers, n_blocks, n_teams, live;
    uint32_t fiber_capacity, wave_capacity, block_capacity, team_capacity, shared_capacity;
    uint64_t pauses, seen_changes; /* since something changed here; and anywhere */
    _Atomic uint64_t idle_since;   /* as many changes; IDLE_NEVER */
    _Atomic bool busy;
    struct range *last_ranges[2];
    struct global_page *locked;
    struct pending_fault pending;
    struct {
        struct past *left, *right, *sum;
    } learned; /* the last union of two pasts: all threads of a block often learn the same from the same */
};

/* The thread that runs on this host thread; NULL outside kernels. */
extern _Thread_local struct fiber *emulator_self __attribute__((tls_model("initial-exec")));

/* Runs teams [first, first + n) to their end, or to the first fault. */
void worker_run(struct worker *worker, uint32_t first, uint32_t n);
void worker_free(struct worker *worker);

/* schedule.c. `f` runs, and stays in the ring (yield) or leaves it (wait) until somebody releases it. */
void schedule_wait(struct fiber *f, enum waiting why, const void *pc);
void schedule_yield(struct fiber *f, const void *pc);
/* `f` runs, all others of members wait: all can run, from the first on. */
void schedule_release_all(struct fiber *f, struct fiber **members, uint32_t n);
/* Puts one that waits behind `f`, or behind the one put there last; `last` is that one. */
void schedule_wake(struct fiber *last, struct fiber *woken);
/* Starts the ring with all fibers of the worker, and returns when no more runs. */
void schedule_run(struct worker *worker);

/* fault.c. The launch failed; the fiber that runs is left where it is and never goes on. `f` and `pc` are who
 * and where in the report. */
void fault(struct fiber *f, enum device_fault kind, const void *pc, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* An unwritten part of the block's shared memory was read. The launch fails with this when the worker's teams
 * have ended or something else is found, unless that is a race in the same memory. */
void fault_later(struct fiber *f, const void *pc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A race is about to be reported that explains why a read came before the write that it waits for. */
void fault_explained(struct fiber *f);
/* All teams ended: what was put off is due. */
void fault_due(struct worker *worker);
enum { PLACE_BYTES = 96, ELSEWHERE_BYTES = PLACE_BYTES + 32, WHO_BYTES = 64 };
const char *fault_place(const struct fiber *f, const void *pc, char out[PLACE_BYTES]);
/* "thread (5,0,0)", with its block where that is another than that of `f` */
const char *fault_who(const struct fiber *f, uint32_t team, uint32_t number, char out[WHO_BYTES]);
const void *fault_pc(const struct fiber *f, uint32_t low_bits);
/* Where another waits, told to one who waits at `pc`: two copies of one function have the same line. */
const char *fault_elsewhere(const struct fiber *f, const void *other, const void *pc,
                            char out[ELSEWHERE_BYTES]);

#endif
