/* A launch that fails: one line about it, and the way out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"

enum { NEAR_BYTES = 256 };

static const char *const kinds[] = {
    [DEVICE_FAULT_NONE] = "fault",
    [DEVICE_FAULT_OUT_OF_BOUNDS] = "out of bounds",
    [DEVICE_FAULT_MISALIGNED] = "misaligned",
    [DEVICE_FAULT_UNWRITTEN] = "unwritten",
    [DEVICE_FAULT_RACE] = "race",
    [DEVICE_FAULT_DIVERGENCE] = "divergence",
    [DEVICE_FAULT_DEADLOCK] = "deadlock",
    [DEVICE_FAULT_OTHER] = "fault",
};

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Code that the compiler merged from several places has no line; what stands in front of it has. */
static bool near_source(const struct object *object, const void *pc, const char **file, uint32_t *line)
{
    for (int back = 1; back <= NEAR_BYTES; back++)
        if (object_source(object, (const char *)pc - back, file, line)) return true;
    return false;
}

const char *fault_place(const struct fiber *f, const void *pc, char out[PLACE_BYTES])
{
    const struct object *object = f->block->worker->run->function->object;
    const char *file;
    uint32_t line;
    if (!pc)
        snprintf(out, PLACE_BYTES, "no known place");
    else if (object_source(object, pc, &file, &line))
        snprintf(out, PLACE_BYTES, "%s:%u", file_name(file), line);
    else if (near_source(object, pc, &file, &line))
        snprintf(out, PLACE_BYTES, "about %s:%u", file_name(file), line);
    else
        snprintf(out, PLACE_BYTES, "+0x%llx", (unsigned long long)((uintptr_t)pc - 1 - object->base));
    return out;
}

const char *fault_elsewhere(const struct fiber *f, const void *other, const void *pc,
                            char out[ELSEWHERE_BYTES])
{
    char theirs[PLACE_BYTES], own[PLACE_BYTES];
    fault_place(f, other, theirs);
    bool same = strcmp(theirs, fault_place(f, pc, own)) == 0;
    snprintf(out, ELSEWHERE_BYTES, "at %s%s", theirs, same ? " too, called from elsewhere" : "");
    return out;
}

/* Code objects are smaller than 4 GiB, so that the low half of an address in one says all. */
const void *fault_pc(const struct fiber *f, uint32_t low)
{
    uintptr_t base = f->block->worker->run->function->object->base;
    return (const char *)base + (uint32_t)(low - (uint32_t)base);
}

static int print_place(char *out, size_t bytes, const char *what, const uint32_t size[3], uint32_t flat)
{
    return snprintf(out, bytes, "%s (%u,%u,%u)", what, flat % size[0], flat / size[0] % size[1],
                    flat / size[0] / size[1]);
}

static void block_place(const struct run *run, uint32_t team, uint32_t rank, uint32_t out[3])
{
    const uint32_t *clusters = run->clusters, *cluster = run->cluster;
    out[0] = team % clusters[0] * cluster[0] + rank % cluster[0];
    out[1] = team / clusters[0] % clusters[1] * cluster[1] + rank / cluster[0] % cluster[1];
    out[2] = team / clusters[0] / clusters[1] * cluster[2] + rank / cluster[0] / cluster[1];
}

static const char *agent_name(const struct team *team, uint32_t number, char out[WHO_BYTES])
{
    uint32_t agent = (number - team->n_threads) % BLOCK_AGENTS,
             wave = (agent - MBARRIER_AGENTS) * GROUP_WAVES;
    if (number - team->n_threads >= team->n_agents)
        snprintf(out, WHO_BYTES, "several threads");
    else if (agent < MBARRIER_AGENTS)
        snprintf(out, WHO_BYTES, "a tensor load");
    else
        snprintf(out, WHO_BYTES, "wgmma of waves %u to %u", wave, wave + GROUP_WAVES - 1);
    return out;
}

const char *fault_who(const struct fiber *f, uint32_t team, uint32_t number, char out[WHO_BYTES])
{
    const struct block *own = f->block;
    const struct run *run = own->worker->run;
    uint32_t rank = number / own->n, place[3];
    if (number >= run->team_blocks * own->n) return agent_name(own->team, number, out);
    int n = print_place(out, WHO_BYTES, "thread", run->block, number % own->n);
    if (team == own->team->index && rank == own->rank) return out;
    block_place(run, team, rank, place);
    snprintf(out + n, WHO_BYTES - (size_t)n, " of block (%u,%u,%u)", place[0], place[1], place[2]);
    return out;
}

static void compose(const struct fiber *f, enum device_fault kind, const void *pc, const char *format,
                    va_list arguments, char line[FAULT_BYTES * 2])
{
    const struct emu_thread *self = &f->self;
    char what[FAULT_BYTES], place[PLACE_BYTES];
    vsnprintf(what, sizeof what, format, arguments);
    snprintf(line, FAULT_BYTES * 2, "%s: %s; %s%sin %s, block (%u,%u,%u), thread (%u,%u,%u)", kinds[kind],
             what, pc ? fault_place(f, pc, place) : "", pc ? " " : "", f->block->worker->run->function->name,
             self->block[0], self->block[1], self->block[2], self->thread[0], self->thread[1],
             self->thread[2]);
}

static void record(struct worker *worker, enum device_fault kind, const char *line)
{
    struct run *run = worker->run;
    pthread_mutex_lock(&run->lock);
    if (worker->item < atomic_load(&run->failed_item)) {
        atomic_store(&run->failed_item, worker->item);
        run->fault = kind;
        run->status = STATUS_BAD_DATA;
        snprintf(run->line, sizeof run->line, "%s", line);
    }
    pthread_mutex_unlock(&run->lock);
}

void fault(struct fiber *f, enum device_fault kind, const void *pc, const char *format, ...)
{
    struct worker *worker = f->block->worker;
    char line[FAULT_BYTES * 2];
    va_list arguments;
    va_start(arguments, format);
    compose(f, kind, pc, format, arguments, line);
    va_end(arguments);
    fault_due(worker);
    record(worker, kind, line);
    global_unlock(worker);
    void *left;
    emulator_self = NULL;
    emulator_switch(&left, worker->place);
}

void fault_later(struct fiber *f, const void *pc, const char *format, ...)
{
    struct pending_fault *pending = &f->block->worker->pending;
    if (pending->f) return;
    pending->f = f;
    va_list arguments;
    va_start(arguments, format);
    compose(f, DEVICE_FAULT_UNWRITTEN, pc, format, arguments, pending->line);
    va_end(arguments);
}

void fault_explained(struct fiber *f)
{
    struct pending_fault *pending = &f->block->worker->pending;
    if (pending->f && pending->f->block == f->block) pending->f = NULL;
}

void fault_due(struct worker *worker)
{
    if (worker->pending.f) record(worker, DEVICE_FAULT_UNWRITTEN, worker->pending.line);
    worker->pending.f = NULL;
}
