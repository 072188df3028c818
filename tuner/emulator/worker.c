/* A worker puts its teams together, runs them to their end and takes them apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"

/* Room for n items of an array that may have moved; nothing of the old one is kept. */
static bool reserve(void *array, uint32_t *capacity, uint64_t n, size_t item)
{
    void **place = array;
    if (n <= *capacity) return true;
    free(*place);
    *place = calloc(n, item);
    *capacity = *place ? (uint32_t)n : 0;
    return *place != NULL;
}

/* Shared memories are kept from block to block, so that they are added to and never moved. */
static enum status reserve_shared(struct worker *worker, uint32_t n, uint32_t bytes)
{
    if (n > worker->shared_capacity) {
        struct shared_memory *shared = realloc(worker->shared, n * sizeof *shared);
        if (!shared) return status_fail(STATUS_NO_MEMORY, "no memory for %u emulated blocks", n);
        memset(shared + worker->shared_capacity, 0, (n - worker->shared_capacity) * sizeof *shared);
        worker->shared = shared;
        worker->shared_capacity = n;
    }
    for (uint32_t i = 0; i < n; i++) TRY(shared_reserve(&worker->shared[i], bytes));
    return STATUS_OK;
}

static uint32_t waves_of(const struct run *run, uint32_t wave_size)
{
    return (run->block_threads + wave_size - 1) / wave_size;
}

static enum status reserve_all(struct worker *worker, uint32_t n_teams, uint32_t wave_size)
{
    const struct run *run = worker->run;
    uint64_t blocks = (uint64_t)n_teams * run->team_blocks, threads = blocks * run->block_threads;
    bool enough = threads <= UINT32_MAX / 2 &&
                  reserve(&worker->teams, &worker->team_capacity, n_teams, sizeof *worker->teams) &&
                  reserve(&worker->blocks, &worker->block_capacity, blocks, sizeof *worker->blocks) &&
                  reserve(&worker->waves, &worker->wave_capacity, blocks * waves_of(run, wave_size),
                          sizeof *worker->waves) &&
                  reserve(&worker->fibers, &worker->fiber_capacity, threads, sizeof *worker->fibers);
    if (!enough)
        return status_fail(STATUS_NO_MEMORY, "no memory for %llu emulated threads at one time",
                           (unsigned long long)threads);
    TRY(fiber_stacks_reserve(&worker->stacks, threads));
    return reserve_shared(worker, (uint32_t)blocks, run->shared_bytes);
}

static void copy3(uint32_t out[3], const uint32_t from[3])
{
    memcpy(out, from, 3 * sizeof *out);
}

static void begin_thread(struct block *block, const struct emu_thread *common, uint32_t i, uint32_t stack)
{
    struct worker *worker = block->worker;
    const struct run *run = worker->run;
    const struct team *team = block->team;
    char *top, *low = fiber_stack(&worker->stacks, stack, &top);
    /* The arguments lie there too: kernels read them often, and of one's own stack no more is asked. */
    void *args = memcpy(top - ((size_t)run->args_bytes + 63) / 64 * 64, run->args, run->args_bytes);
    struct fiber *f = (struct fiber *)(void *)((char *)args - (sizeof *f + 63) / 64 * 64);
    *f = (struct fiber){.self = *common, .block = block, .shared = block->shared, .stack = low, .args = args};
    f->self.thread[0] = i % run->block[0];
    f->self.thread[1] = i / run->block[0] % run->block[1];
    f->self.thread[2] = i / run->block[0] / run->block[1];
    f->self.lane = i % common->wave_size;
    f->self.wave = i / common->wave_size;
    f->number = block->rank * block->n + i;
    f->limit = team->order.time << team->order.bits;
    f->limit_global = f->limit;
    f->epoch = f->limit | f->number;
    f->many = f->limit | team->order.mask;
    block->fibers[i] = f;
}

static void begin_block(struct worker *worker, struct team *team, uint32_t rank, uint32_t index)
{
    const struct run *run = worker->run;
    struct block *block = &worker->blocks[index];
    uint32_t wave_size = worker->wave_size, n_waves = waves_of(run, wave_size);
    *block = (struct block){.worker = worker, .team = team, .rank = rank, .n = run->block_threads};
    block->fibers = worker->fibers + (size_t)index * block->n;
    block->waves = worker->waves + (size_t)index * n_waves;
    block->n_waves = n_waves;
    block->shared = &worker->shared[index];
    shared_begin(block->shared, run->shared_bytes, atomic_load(&run->function->shift));
    struct emu_thread common = {.cluster_rank = rank,
                                .wave_size = wave_size,
                                .shared_bytes = run->shared_bytes,
                                .shared = block->shared->base};
    const uint32_t *clusters = run->clusters, *cluster = run->cluster;
    common.block[0] = team->index % clusters[0] * cluster[0] + rank % cluster[0];
    common.block[1] = team->index / clusters[0] % clusters[1] * cluster[1] + rank / cluster[0] % cluster[1];
    common.block[2] = team->index / clusters[0] / clusters[1] * cluster[2] + rank / cluster[0] / cluster[1];
    copy3(common.block_threads, run->block);
    copy3(common.grid, run->grid);
    copy3(common.cluster, run->cluster);
    if (team->n_agents) async_begin(block);
    for (uint32_t i = 0; i < block->n; i++) begin_thread(block, &common, i, index * block->n + i);
    for (uint32_t w = 0; w < n_waves; w++) {
        uint32_t left = block->n - w * wave_size;
        block->waves[w] =
            (struct wave){.lanes = block->fibers + w * wave_size, .n = left < wave_size ? left : wave_size};
    }
}

static void begin_team(struct worker *worker, uint32_t i, uint32_t index)
{
    const struct run *run = worker->run;
    struct team *team = &worker->teams[i];
    *team = (struct team){.blocks = &worker->blocks[(size_t)i * run->team_blocks],
                          .n_blocks = run->team_blocks,
                          .n_threads = run->team_blocks * run->block_threads,
                          .n_agents = run->function->object->async ? run->team_blocks * BLOCK_AGENTS : 0,
                          .index = index};
    /* Time begins at 1, so that no word is 0; all ones is a number that no thread has. */
    team->order.time = 1;
    while (team->n_threads + team->n_agents >= 1u << team->order.bits) team->order.bits++;
    team->order.mask = (1u << team->order.bits) - 1;
    for (uint32_t rank = 0; rank < run->team_blocks; rank++)
        begin_block(worker, team, rank, i * run->team_blocks + rank);
}

static void end_team(struct team *team)
{
    for (uint32_t b = 0; b < team->n_blocks; b++) {
        struct block *block = &team->blocks[b];
        for (uint32_t i = 0; i < block->n; i++) {
            order_forget(block->fibers[i]);
            for (int kind = 0; kind < COPY_KINDS; kind++) free(block->fibers[i]->copies[kind].items);
        }
        async_end(block);
        for (uint32_t n = 0; n < NAMED_BARRIERS; n++) gather_clear(&block->named[n].gather);
    }
    cluster_free(team);
    pasts_put_away(team->order.others);
}

static void fail_run(struct run *run, uint64_t item, enum status status)
{
    pthread_mutex_lock(&run->lock);
    if (item < atomic_load(&run->failed_item)) {
        atomic_store(&run->failed_item, item);
        run->fault = DEVICE_FAULT_NONE;
        run->status = status;
        snprintf(run->line, sizeof run->line, "%s", status_message());
    }
    pthread_mutex_unlock(&run->lock);
}

void worker_run(struct worker *worker, uint32_t first, uint32_t n)
{
    struct run *run = worker->run;
    enum status status = reserve_all(worker, n, worker->wave_size);
    if (status != STATUS_OK) {
        fail_run(run, worker->item, status);
        return;
    }
    worker->n_teams = n;
    worker->n_blocks = n * run->team_blocks;
    worker->n_fibers = worker->n_blocks * run->block_threads;
    worker->last_ranges[0] = worker->last_ranges[1] = NULL;
    worker->seen_changes = IDLE_NEVER;
    atomic_store(&worker->idle_since, IDLE_NEVER);
    atomic_store(&worker->busy, true);
    for (uint32_t i = 0; i < n; i++) begin_team(worker, i, first + i);
    schedule_run(worker);
    fault_due(worker);
    atomic_fetch_add(&run->changes, 1);
    atomic_store(&worker->busy, false);
    order_forget_union(worker);
    for (uint32_t i = 0; i < n; i++) end_team(&worker->teams[i]);
}

void worker_free(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->shared_capacity; i++) shared_free(&worker->shared[i]);
    free(worker->shared);
    free(worker->fibers);
    free(worker->waves);
    free(worker->blocks);
    free(worker->teams);
    fiber_stacks_free(&worker->stacks);
    *worker = (struct worker){0};
}
