/* Shared memory of a block, and the careful way through its cells. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/history.h"

enum { PAGE = 4096, POISON = 0xFF /* NaN in every floating-point type */ };

/* Guard | memory | guard | cells: an overrun does not reach anything else, and cells can become as fine as a
 * byte. Pages that are not touched cost nothing. */
enum status shared_reserve(struct shared_memory *shared, uint32_t bytes)
{
    size_t memory = ((size_t)bytes + PAGE - 1) / PAGE * PAGE;
    size_t mapped = memory + 2 * SHARED_GUARD + (memory + PAGE) * sizeof(struct cell);
    if (shared->mapping && shared->mapped >= mapped) return STATUS_OK;
    shared_free(shared);
    void *mapping =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return status_fail_errno(STATUS_NO_MEMORY, "no memory for %u bytes of emulated shared memory", bytes);
    shared->mapping = mapping;
    shared->mapped = mapped;
    shared->base = (unsigned char *)mapping + SHARED_GUARD;
    shared->cells = (struct cell *)(void *)(shared->base + memory + SHARED_GUARD);
    return STATUS_OK;
}

static void free_histories(struct shared_memory *shared)
{
    for (uint32_t i = 0; i < shared->n_histories; i++) history_free(shared->histories[i]);
    shared->n_histories = shared->n_spare = 0;
}

void shared_free(struct shared_memory *shared)
{
    free_histories(shared);
    readers_free(&shared->readers);
    free(shared->histories);
    free(shared->spare);
    if (shared->mapping) munmap(shared->mapping, shared->mapped);
    *shared = (struct shared_memory){0};
}

static uint32_t n_cells(const struct shared_memory *shared)
{
    return (shared->bytes + (1u << shared->shift) - 1) >> shared->shift;
}

void shared_begin(struct shared_memory *shared, uint32_t bytes, uint32_t shift)
{
    free_histories(shared);
    readers_begin(&shared->readers);
    shared->bytes = bytes;
    shared->whole_bytes = bytes >> GRANULE_SHIFT << GRANULE_SHIFT;
    shared->shift = shift;
    memset(shared->base, POISON, bytes);
    memset(shared->cells, 0, n_cells(shared) * sizeof(struct cell));
}

static void *grown(void *array, uint32_t n, uint32_t *capacity, size_t item)
{
    if (n < *capacity) return array;
    *capacity = *capacity ? 2 * *capacity : 64;
    array = realloc(array, *capacity * item);
    if (!array) abort();
    return array;
}

static uint32_t free_place(struct shared_memory *shared)
{
    if (shared->n_spare) return shared->spare[--shared->n_spare];
    shared->histories =
        grown(shared->histories, shared->n_histories, &shared->history_capacity, sizeof(struct history *));
    return shared->n_histories++;
}

/* A new history in a place of its own, a copy of `from` if there is one; what a cell's `w` is then. */
static uint32_t add_history(struct fiber *f, struct shared_memory *shared, const struct history *from)
{
    uint32_t threads = f->block->team->n_threads + f->block->team->n_agents, place = free_place(shared);
    struct reader_column column = readers_column(&shared->readers, place, threads);
    shared->histories[place] =
        from ? history_copy_shared(from, column) : history_create_shared(threads, column);
    return CELL_HISTORY | place;
}

void shared_close(struct shared_memory *shared, uint32_t offset, uint32_t bytes, uint32_t how)
{
    struct cell *cell = &shared->cells[offset >> shared->shift];
    for (uint32_t n = bytes >> shared->shift; n > 0; n--, cell++) {
        if (cell->w < CELL_CLOSED && cell->w & CELL_HISTORY) {
            uint32_t place = cell->w & ~CELL_HISTORY;
            history_free(shared->histories[place]);
            shared->histories[place] = NULL;
            shared->spare =
                grown(shared->spare, shared->n_spare, &shared->spare_capacity, sizeof *shared->spare);
            shared->spare[shared->n_spare++] = place;
        }
        *cell = (struct cell){.w = how};
    }
}

void shared_open(struct shared_memory *shared, uint32_t offset, uint32_t bytes, uint32_t word, uint32_t pc)
{
    struct cell *cell = &shared->cells[offset >> shared->shift];
    for (uint32_t n = bytes >> shared->shift; n > 0; n--, cell++)
        *cell = (struct cell){.w = word, .w_pc = pc};
}

/* From the end, so that no cell is overwritten before it was copied. */
void shared_refine(struct fiber *f, struct shared_memory *shared, uint32_t shift)
{
    while (shared->shift > shift) {
        for (uint32_t i = n_cells(shared); i-- > 0;) {
            struct cell cell = shared->cells[i];
            shared->cells[2 * i] = shared->cells[2 * i + 1] = cell;
            if (cell.w < CELL_CLOSED && cell.w & CELL_HISTORY)
                shared->cells[2 * i + 1].w =
                    add_history(f, shared, shared->histories[cell.w & ~CELL_HISTORY]);
        }
        shared->shift--;
    }
    struct function *function = f->block->worker->run->function;
    if (atomic_load(&function->shift) > shift) atomic_store(&function->shift, shift);
}

static struct record record_of(const struct fiber *f, uint32_t word, uint32_t pc)
{
    return (struct record){f->block->team->index, word, pc};
}

static void race(struct fiber *f, const struct cell *cell, const struct site *site, const char *how,
                 bool with_write)
{
    history_race(f, site, how,
                 with_write ? record_of(f, cell->w, cell->w_pc) : record_of(f, cell->r, cell->r_pc),
                 with_write ? "wrote" : "read");
}

static const struct copy *find_copy(const struct team *team, uintptr_t address, const struct fiber **issuer,
                                    const char **name)
{
    for (uint32_t i = 0; i < team->n_threads; i++) {
        const struct block *block = &team->blocks[i / team->blocks->n];
        const struct fiber *f = block->fibers[i % block->n];
        for (int kind = 0; kind < COPY_KINDS; kind++)
            for (uint32_t c = 0; c < f->copies[kind].n; c++) {
                const struct copy *copy = &f->copies[kind].items[c];
                if (address - (uintptr_t)copy->shared >= copy->bytes) continue;
                *issuer = f;
                *name = kind == COPY_LOAD ? "load" : "asynchronous copy";
                return copy;
            }
    }
    return NULL;
}

static void report_closed(struct fiber *f, const struct site *site, enum access access, const char *what,
                          const struct fiber *issuer, const void *pc)
{
    char place[PLACE_BYTES], who[WHO_BYTES], where[128];
    fault(f, access == ACCESS_READ ? DEVICE_FAULT_UNWRITTEN : DEVICE_FAULT_RACE, site->pc,
          "%s %s before the %s to it has landed, which %s began at %s",
          access == ACCESS_READ ? "reads" : "writes", site_text(site, where), what,
          fault_who(f, issuer->block->team->index, issuer->number, who), fault_place(f, pc, place));
}

void shared_closed(struct fiber *f, const struct shared_memory *shared, const struct cell *cell,
                   const struct site *site, enum access access)
{
    uint32_t offset = (uint32_t)(cell - shared->cells) << shared->shift;
    const struct block *block = cluster_owner(f->block->team, shared);
    const struct fiber *issuer = NULL;
    const char *name = NULL;
    char where[128];
    if (cell->w == CELL_MBARRIER)
        fault(f, DEVICE_FAULT_OTHER, site->pc, "%s %s, where an mbarrier is",
              access == ACCESS_READ ? "reads" : "writes", site_text(site, where));
    if (cell->w == CELL_TENSOR) {
        const struct tensor_load *load = tensor_load_find(block, offset);
        report_closed(f, site, access, "tensor load", load->issuer, load->pc);
    }
    const struct copy *copy = find_copy(f->block->team, (uintptr_t)shared->base + offset, &issuer, &name);
    if (copy) report_closed(f, site, access, name, issuer, copy->pc);
    fault(f, DEVICE_FAULT_UNWRITTEN, site->pc, "uses %s, where an asynchronous copy never landed",
          site_text(site, where));
}

struct history *shared_history(struct fiber *f, struct shared_memory *shared, struct cell *cell,
                               const struct site *site)
{
    if (cell->w >= CELL_CLOSED) shared_closed(f, shared, cell, site, ACCESS_WRITE);
    if (cell->w & CELL_HISTORY) return shared->histories[cell->w & ~CELL_HISTORY];
    uint32_t w = add_history(f, shared, NULL);
    struct history *history = shared->histories[w & ~CELL_HISTORY];
    if (cell->w) history->w = record_of(f, cell->w, cell->w_pc);
    if (cell->r) history_add_reader(f, history, record_of(f, cell->r, cell->r_pc));
    *cell = (struct cell){.w = w};
    return history;
}

/* Only whole blocks meet, so that nobody can know one of several readers and not the others. */
static bool only_whole_blocks(const struct block *block)
{
    return !block->worker->run->function->object->partial_order && block->team->n_blocks == 1;
}

static void careful_read(struct fiber *f, struct shared_memory *shared, struct cell *cell, uint32_t offset,
                         uint32_t bytes, const void *pc)
{
    uint32_t w = cell->w, r = cell->r, team = f->block->team->index;
    struct site site = {NULL, offset, bytes, pc};
    if (w >= CELL_CLOSED) {
        shared_closed(f, shared, cell, &site, ACCESS_READ);
        return;
    }
    if (w & CELL_HISTORY) {
        history_read(f, shared->histories[w & ~CELL_HISTORY], &site);
        return;
    }
    if (!w)
        history_unwritten(f, &site);
    else if (!order_knows(f, team, w))
        race(f, cell, &site, "reads", true);
    if (!r || order_knows(f, team, r)) {
        cell->r = f->epoch;
        cell->r_pc = low_bits(pc);
    } else if (only_whole_blocks(f->block)) {
        cell->r = f->many;
        cell->r_pc = low_bits(pc);
    } else {
        history_add_reader(f, shared_history(f, shared, cell, &site), record_of(f, f->epoch, low_bits(pc)));
    }
}

static void careful_write(struct fiber *f, struct shared_memory *shared, struct cell *cell, uint32_t offset,
                          uint32_t bytes, const void *pc)
{
    uint32_t w = cell->w, team = f->block->team->index;
    struct site site = {NULL, offset, bytes, pc};
    if (w >= CELL_CLOSED) {
        shared_closed(f, shared, cell, &site, ACCESS_WRITE);
    } else if (w & CELL_HISTORY) {
        history_write(f, shared->histories[w & ~CELL_HISTORY], &site);
        if (f->block->async) async_readers_check(f, shared, cell, &site);
    } else {
        if (w && !order_knows(f, team, w)) race(f, cell, &site, "writes", true);
        if (cell->r && !order_knows(f, team, cell->r)) race(f, cell, &site, "writes", false);
        if (f->block->async) async_readers_check(f, shared, cell, &site);
        *cell = (struct cell){.w = f->epoch, .w_pc = low_bits(pc)};
    }
}

/* The usual read where every reader is remembered: of what is known to have been written, without atomics. */
static bool known_read(const struct fiber *f, const struct shared_memory *shared, const struct cell *cell,
                       const void *pc)
{
    if (!(cell->w & CELL_HISTORY) || cell->w >= CELL_CLOSED) return false;
    struct history *history = shared->histories[cell->w & ~CELL_HISTORY];
    if (history->w.word - 1 >= f->limit - 1 || history->n_atomics) return false;
    reader_set(history->column, f->number, f->epoch, low_bits(pc));
    if (history->latest < f->epoch) history->latest = f->epoch;
    return true;
}

void shared_access(struct fiber *f, struct shared_memory *shared, uint32_t offset, size_t bytes,
                   enum access access, const void *pc)
{
    uint32_t shift = GRANULE_SHIFT;
    while (shift && (offset | bytes) & ((1u << shift) - 1)) shift--;
    if (shift < shared->shift) shared_refine(f, shared, shift);
    struct cell *cell = &shared->cells[offset >> shared->shift];
    struct cell *end = &shared->cells[(offset + bytes) >> shared->shift];
    for (; cell < end; cell++) {
        bool settled = access == ACCESS_READ ? known_read(f, shared, cell, pc) || cell_read(f, cell, pc)
                                             : cell_write(f, cell, pc);
        if (settled) continue;
        if (access == ACCESS_READ)
            careful_read(f, shared, cell, offset, (uint32_t)bytes, pc);
        else
            careful_write(f, shared, cell, offset, (uint32_t)bytes, pc);
    }
}
