#include "tuner/code/main_loop.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/base/text.h"

/* A branch back, as indices of the listing. */
struct loop {
    size_t first, last;
};

static bool find_address(const struct listing *listing, uint64_t address, size_t *index)
{
    size_t low = 0, high = listing->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (listing->items[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return low < listing->n && listing->items[low].address == address;
}

static int by_place(const void *a, const void *b)
{
    const struct loop *left = a, *right = b;
    if (left->first != right->first) return left->first < right->first ? -1 : 1;
    return left->last < right->last ? -1 : left->last > right->last;
}

/* All branches back; those to one place are one loop, up to the last of them. */
static struct loop *find_loops(const struct listing *listing, size_t *n_loops)
{
    struct loop *loops = calloc(listing->n, sizeof *loops);
    size_t n = 0, kept = 0;
    for (size_t i = 0; loops && i < listing->n; i++) {
        const struct listed *item = &listing->items[i];
        size_t first;
        if (!item->jumps || item->target > item->address || !find_address(listing, item->target, &first))
            continue;
        if (first <= i) loops[n++] = (struct loop){first, i};
    }
    if (n) qsort(loops, n, sizeof *loops, by_place);
    for (size_t i = 0; i < n; i++) {
        if (kept && loops[kept - 1].first == loops[i].first)
            loops[kept - 1].last = loops[i].last;
        else
            loops[kept++] = loops[i];
    }
    *n_loops = kept;
    return loops;
}

/* Matrix cycles of all instructions in front of each: those of a stretch are a difference. */
static enum status sum_matrix(const char *target, const struct listing *listing, uint64_t *before)
{
    for (size_t i = 0; i < listing->n; i++) {
        struct instruction instruction;
        TRY(instruction_read(target, &listing->items[i], &instruction));
        before[i + 1] = before[i] + (instruction.kind == INSTRUCTION_MATRIX ? instruction.cycles : 0);
    }
    return STATUS_OK;
}

static uint64_t matrix_of(const struct loop *loop, const uint64_t *before)
{
    return before[loop->last + 1] - before[loop->first];
}

/* Loops are sorted by where they begin: those within stand behind. */
static bool holds_another(const struct loop *loops, size_t n, size_t i, const uint64_t *before)
{
    for (size_t j = i + 1; j < n && loops[j].first <= loops[i].last; j++)
        if (loops[j].last <= loops[i].last && matrix_of(&loops[j], before)) return true;
    return false;
}

static const struct loop *choose(const struct loop *loops, size_t n, const uint64_t *before)
{
    const struct loop *best = NULL;
    for (size_t i = 0; i < n; i++) {
        uint64_t cycles = matrix_of(&loops[i], before);
        if (!cycles || (best && cycles <= matrix_of(best, before))) continue;
        if (!holds_another(loops, n, i, before)) best = &loops[i];
    }
    return best;
}

static void count(const struct instruction *instruction, struct main_loop *out)
{
    out->counts[instruction->kind]++;
    out->instructions++;
    if (instruction->kind == INSTRUCTION_MATRIX) out->matrix_cycles += instruction->cycles;
    if (instruction->kind == INSTRUCTION_VECTOR) out->vector_cycles += instruction->cycles;
    if (instruction->kind == INSTRUCTION_MEMORY) out->memory_cycles += instruction->cycles;
    out->lds_other_cycles += instruction->lds_cycles;
    if (instruction->kind != INSTRUCTION_LDS) return;
    if (instruction->accesses)
        out->lds_cycles[instruction->writes][instruction->width] += instruction->cycles;
    else
        out->lds_other_cycles += instruction->cycles;
}

enum status main_loop_find(const char *target, const struct listing *listing, struct main_loop *out)
{
    size_t n = 0;
    *out = (struct main_loop){0};
    uint64_t *before = calloc(listing->n + 1, sizeof *before);
    struct loop *loops = find_loops(listing, &n);
    enum status status = before && loops
                             ? STATUS_OK
                             : status_fail(STATUS_NO_MEMORY, "no memory for %zu instructions", listing->n);
    if (status == STATUS_OK) status = sum_matrix(target, listing, before);
    const struct loop *loop = status == STATUS_OK ? choose(loops, n, before) : NULL;
    if (status == STATUS_OK && !loop)
        status = status_fail(STATUS_NOT_FOUND, "no loop of the kernel has matrix instructions");
    for (size_t i = loop ? loop->first : 1; status == STATUS_OK && i <= loop->last; i++) {
        struct instruction instruction;
        status = instruction_read(target, &listing->items[i], &instruction);
        if (status == STATUS_OK) count(&instruction, out);
    }
    if (status == STATUS_OK) {
        out->begin = listing->items[loop->first].address;
        out->end = listing->items[loop->last].address;
        out->branches = out->counts[INSTRUCTION_BRANCH] - 1;
    }
    free(before);
    free(loops);
    return status;
}
