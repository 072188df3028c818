/* Writable global memory: what is known of accesses to it, page by page as they come into use. Workers are
 * threads of the host, so that a page is locked while it is asked. */
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/access.h"
#include "tuner/emulator/history.h"

static void forget_cells(struct global_page *page)
{
    size_t n = page->cells ? PAGE_BYTES >> page->shift : 0;
    for (size_t i = 0; i < n; i++) history_free(page->cells[i].history);
    free(page->cells);
    page->cells = NULL;
}

static void *allocated(void *memory)
{
    if (!memory) abort(); /* less than a page can need of what it stands for */
    return memory;
}

static struct global_page *find_page(struct range *range, size_t index)
{
    struct global_page *page = atomic_load_explicit(&range->pages[index], memory_order_acquire);
    if (page) return page;
    struct global_page *made = allocated(calloc(1, sizeof *made));
    atomic_flag_clear(&made->lock);
    if (atomic_compare_exchange_strong(&range->pages[index], &page, made)) return made;
    free(made);
    return page;
}

static void refine(struct global_page *page, uint32_t shift)
{
    for (; page->shift > shift; page->shift--) {
        size_t n = PAGE_BYTES >> page->shift;
        page->cells = allocated(realloc(page->cells, 2 * n * sizeof *page->cells));
        for (size_t i = n; i-- > 0;) {
            struct global_cell cell = page->cells[i];
            page->cells[2 * i] = page->cells[2 * i + 1] = cell;
            if (cell.history) page->cells[2 * i + 1].history = history_copy(cell.history);
        }
    }
}

struct global_page *global_lock(struct fiber *f, struct range *range, uintptr_t address, uint32_t shift)
{
    const struct run *run = f->block->worker->run;
    struct global_page *page = find_page(range, (address - range->origin) >> PAGE_SHIFT);
    while (atomic_flag_test_and_set_explicit(&page->lock, memory_order_acquire)) {
    }
    f->block->worker->locked = page;
    if (page->generation != run->generation) forget_cells(page);
    if (!page->cells) {
        page->generation = run->generation;
        page->shift = shift;
        page->cells = allocated(calloc(PAGE_BYTES >> shift, sizeof *page->cells));
    }
    if (shift < page->shift) refine(page, shift);
    return page;
}

void global_unlock(struct worker *worker)
{
    if (!worker->locked) return;
    atomic_flag_clear_explicit(&worker->locked->lock, memory_order_release);
    worker->locked = NULL;
}

void global_pages_free(struct range *range)
{
    for (size_t i = 0; i < range->n_pages && range->pages; i++) {
        struct global_page *page = range->pages[i];
        if (page) forget_cells(page);
        free(page);
    }
    free(range->pages);
    range->pages = NULL;
}

struct history *global_history(struct fiber *f, struct global_cell *cell)
{
    if (cell->history) return cell->history;
    cell->history = history_create();
    cell->history->w = cell->w;
    if (cell->r.word) history_add_reader(f, cell->history, cell->r);
    return cell->history;
}

static bool knows(const struct fiber *f, struct record record)
{
    return !record.word || order_knows_global(f, record.team, record.word);
}

static void check_cell(struct fiber *f, struct global_cell *cell, const struct site *site, enum access access)
{
    const char *how = access == ACCESS_READ ? "reads" : "writes";
    struct record now = {f->block->team->index, f->epoch, low_bits(site->pc)};
    if (cell->history) {
        if (access == ACCESS_READ)
            history_read(f, cell->history, site);
        else
            history_write(f, cell->history, site);
        return;
    }
    if (!knows(f, cell->w)) history_race(f, site, how, cell->w, "wrote");
    if (access == ACCESS_WRITE) {
        if (!knows(f, cell->r)) history_race(f, site, how, cell->r, "read");
        cell->w = now;
        cell->r = (struct record){0};
    } else if (knows(f, cell->r)) {
        cell->r = now;
    } else {
        history_read(f, global_history(f, cell), site);
    }
}

void global_access(struct fiber *f, struct range *range, uintptr_t address, size_t bytes, enum access access,
                   const void *pc)
{
    uint32_t shift = GRANULE_SHIFT;
    uint64_t offset = address - range->origin, end = offset + bytes;
    while (shift && (offset | bytes) & ((1u << shift) - 1)) shift--;
    struct site site = {range, address - range->begin, (uint32_t)bytes, pc};
    while (offset < end) {
        struct global_page *page = global_lock(f, range, range->origin + offset, shift);
        uint64_t page_end = (offset | (PAGE_BYTES - 1)) + 1;
        for (; offset < end && offset < page_end; offset += 1u << page->shift) {
            check_cell(f, &page->cells[(offset & (PAGE_BYTES - 1)) >> page->shift], &site, access);
        }
        global_unlock(f->block->worker);
    }
}
