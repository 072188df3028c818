/* Reads of shared memory that last: from when they begin until they are done nobody may write there.
 *
 * At the beginning a mark of each piece is kept, of who wrote it last; at the end it has to be the same.
 * Writes that come later have to know of the end: of tensor stores as of any read of their thread; of wgmma
 * by a word for each piece and group of waves, besides the one in the cell, which holds only the latest. */
#include <stdio.h>
#include <stdlib.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/history.h"

static uint32_t last_write(const struct shared_memory *shared, const struct cell *cell, uint32_t *pc)
{
    if (cell->w < CELL_CLOSED && cell->w & CELL_HISTORY) {
        const struct history *history = shared->histories[cell->w & ~CELL_HISTORY];
        *pc = history->w.pc;
        return history->w.word;
    }
    *pc = cell->w_pc;
    return cell->w;
}

static struct cell *cells_of(const struct shared_memory *shared, uint32_t piece)
{
    return &shared->cells[piece * PIECE >> shared->shift];
}

static uint32_t n_cells(const struct shared_memory *shared)
{
    return PIECE >> shared->shift;
}

/* The same however finely the piece is divided. */
static uint32_t mark_of(const struct shared_memory *shared, uint32_t piece)
{
    uint32_t sum = 0, pc;
    const struct cell *cell = cells_of(shared, piece);
    for (uint32_t i = 0; i < n_cells(shared); i++) sum += last_write(shared, &cell[i], &pc) << shared->shift;
    return sum;
}

/* Its writer's fence that stands behind the write and in front of what `f` does now. */
static bool is_fenced(const struct fiber *f, uint32_t word)
{
    const struct team *team = f->block->team;
    uint32_t number = word & team->order.mask, best = 0;
    const struct fiber *writer = team->blocks[number / f->block->n].fibers[number % f->block->n];
    const struct async_thread *thread = writer->async;
    uint32_t kept = !thread ? 0 : thread->n_fences < PROXY_FENCES ? thread->n_fences : PROXY_FENCES;
    for (uint32_t i = 0; i < kept; i++)
        if (thread->fences[i] >= word && (!best || thread->fences[i] < best)) best = thread->fences[i];
    return best && order_knows(f, team->index, best);
}

static void report_not_fenced(struct fiber *f, const struct site *site, const char *what, uint32_t word,
                              uint32_t pc)
{
    char where[128], who[WHO_BYTES], place[PLACE_BYTES];
    fault(f, DEVICE_FAULT_RACE, site->pc,
          "%s reads %s, which %s wrote at %s with no gpu_fence_async_shared() behind it that this knows of",
          what, site_text(site, where),
          fault_who(f, f->block->team->index, word & f->block->team->order.mask, who),
          fault_place(f, fault_pc(f, pc), place));
}

static void report_race(struct fiber *f, const struct site *site, const char *what, struct record writer)
{
    char reads[64];
    snprintf(reads, sizeof reads, "%s reads", what);
    history_race(f, site, reads, writer, "wrote");
}

static void check_cell(struct fiber *f, struct shared_memory *shared, struct cell *cell,
                       const struct site *site, const char *what)
{
    uint32_t pc, word = last_write(shared, cell, &pc), team = f->block->team->index;
    if (cell->w >= CELL_CLOSED) shared_closed(f, shared, cell, site, ACCESS_READ);
    if (!word)
        history_unwritten(f, site);
    else if (!order_knows(f, team, word))
        report_race(f, site, what, (struct record){team, word, pc});
    else if ((word & f->block->team->order.mask) < f->block->team->n_threads && !is_fenced(f, word))
        report_not_fenced(f, site, what, word, pc);
}

void async_read_begin(struct fiber *const *leaders, uint32_t n_leaders, struct async_read *read,
                      const char *what, const void *pc)
{
    struct shared_memory *shared = leaders[0]->block->shared;
    read->marks = malloc((read->n + 1) * sizeof *read->marks);
    if (!read->marks) abort();
    uint32_t last[GROUP_WAVES] = {0};
    for (uint32_t i = 0; i < read->n; i++) {
        uint32_t piece = read->pieces[i];
        struct site site = {NULL, piece * PIECE, PIECE, pc};
        struct cell *cell = cells_of(shared, piece);
        for (uint32_t c = 0; c < n_cells(shared); c++)
            for (uint32_t j = 0; j < n_leaders; j++) {
                if (cell[c].w && cell[c].w == last[j]) continue; /* as the one before */
                check_cell(leaders[j], shared, &cell[c], &site, what);
                last[j] = cell[c].w & CELL_HISTORY ? 0 : cell[c].w;
            }
        read->marks[i] = mark_of(shared, piece);
    }
}

/* Somebody wrote meanwhile. */
static void report_written(struct fiber *f, struct shared_memory *shared, uint32_t piece, const char *what,
                           const void *begun)
{
    const struct team *team = f->block->team;
    const struct cell *cell = cells_of(shared, piece), *latest = cell;
    uint32_t pc;
    char place[PLACE_BYTES], who[WHO_BYTES];
    for (uint32_t i = 1; i < n_cells(shared); i++)
        if (last_write(shared, &cell[i], &pc) > last_write(shared, latest, &pc)) latest = &cell[i];
    uint32_t word = last_write(shared, latest, &pc), number = word & team->order.mask;
    const struct tensor_load *load =
        latest->w == CELL_TENSOR ? tensor_load_find(f->block, piece * PIECE) : NULL;
    const struct fiber *writer = load ? load->issuer : NULL;
    if (!load && latest->w < CELL_CLOSED && number < team->n_threads)
        writer = team->blocks[number / f->block->n].fibers[number % f->block->n];
    const void *where = load ? load->pc : latest->w < CELL_CLOSED ? fault_pc(f, pc) : NULL;
    fault_explained(f);
    fault(writer ? (struct fiber *)writer : f, DEVICE_FAULT_RACE, where,
          "writes shared memory at %u, which %s begun by %s at %s may still read", piece * PIECE, what,
          fault_who(writer ? writer : f, team->index, f->number, who), fault_place(f, begun, place));
}

void async_read_check(struct fiber *f, const struct async_read *read, const char *what, const void *pc)
{
    struct shared_memory *shared = f->block->shared;
    for (uint32_t i = 0; i < read->n; i++)
        if (mark_of(shared, read->pieces[i]) != read->marks[i])
            report_written(f, shared, read->pieces[i], what, pc);
}

static void note_in_cell(struct fiber *f, struct shared_memory *shared, struct cell *cell, uint32_t word,
                         const struct site *site)
{
    const struct team *team = f->block->team;
    if (cell->w >= CELL_CLOSED || cell->w & CELL_HISTORY) return;
    if (cell->r && (cell->r & team->order.mask) < team->n_threads && cell->r >= f->limit)
        shared_history(f, shared, cell, site); /* keeps that reader */
    else
        cell->r = word, cell->r_pc = low_bits(site->pc);
}

void async_read_done(struct fiber *f, const struct async_read *read, uint32_t word, uint32_t group,
                     const void *pc)
{
    struct shared_memory *shared = f->block->shared;
    const struct async_block *async = f->block->async;
    for (uint32_t i = 0; i < read->n; i++) {
        uint32_t piece = read->pieces[i];
        struct site site = {NULL, piece * PIECE, PIECE, pc};
        struct cell *cell = cells_of(shared, piece);
        async->readers[piece * async->n_groups + group] = word;
        for (uint32_t c = 0; c < n_cells(shared); c++) note_in_cell(f, shared, &cell[c], word, &site);
    }
}

void async_read_free(struct async_read *read)
{
    free(read->marks);
    free(read->pieces);
    *read = (struct async_read){0};
}

void async_readers_check(struct fiber *f, struct shared_memory *shared, uint32_t offset, uint32_t bytes,
                         const void *pc)
{
    const struct block *block = cluster_owner(f->block->team, shared);
    const struct async_block *async = block->async;
    const struct team *team = block->team;
    if (!async || !async->groups) return;
    for (uint32_t piece = offset / PIECE; piece * PIECE < offset + bytes; piece++) {
        uint32_t *words = &async->readers[piece * async->n_groups];
        for (uint32_t g = 0; g < async->n_groups; g++) {
            char who[WHO_BYTES];
            if (words[g] && !order_knows(f, team->index, words[g]))
                fault(f, DEVICE_FAULT_RACE, pc, "writes %u bytes of shared memory at %u, which %s read",
                      bytes, offset, fault_who(f, team->index, words[g] & team->order.mask, who));
            words[g] = 0;
        }
    }
}
