#include "tuner/measure_set.h"

#include <string.h>
#include <sys/mman.h>
#include "tuner/verify_buffers.h"

enum { HUGE = 2 << 20, SPACING = 128, COPIES_MAX = 1 << 20 };

static size_t pages_bytes(size_t bytes)
{
    size_t multiple = bytes >= HUGE ? HUGE : 4096;
    return (bytes + multiple - 1) / multiple * multiple;
}

/* Large mappings begin at a multiple of a huge page: the kernel gives one only where it fits whole. */
void *pages_allocate(size_t bytes)
{
    size_t size = pages_bytes(bytes), slack = size >= HUGE ? HUGE : 0;
    char *area = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return NULL;
    if (!slack) return area;
    char *begin = (char *)(((uintptr_t)area + HUGE - 1) / HUGE * HUGE);
    if (begin > area) munmap(area, (size_t)(begin - area));
    size_t behind = (size_t)(area + size + slack - (begin + size));
    if (behind) munmap(begin + size, behind);
    madvise(begin, size, MADV_HUGEPAGE);
    return begin;
}

void pages_free(void *memory, size_t bytes)
{
    if (memory) munmap(memory, pages_bytes(bytes));
}

static size_t spaced(size_t bytes)
{
    return (bytes + SPACING - 1) / SPACING * SPACING;
}

static void count_copies(struct measure_set *set, uint64_t weight_bytes, uint64_t copies_bytes,
                         uint64_t memory_bytes)
{
    set->copies = 1;
    if (!weight_bytes || weight_bytes > copies_bytes) return;
    uint64_t wanted = copies_bytes / weight_bytes + 1, most = memory_bytes / 4 / weight_bytes;
    set->capped = wanted > most;
    if (wanted > most) wanted = most ? most : 1;
    set->copies = wanted < COPIES_MAX ? (uint32_t)wanted : COPIES_MAX;
}

enum status measure_set_create(const struct problem *problem, uint64_t copies_bytes, uint64_t memory_bytes,
                               struct measure_set *out)
{
    struct measure_set set = {.problem = *problem};
    uint64_t weights = 0, all = 0;
    set.n_operands = problem->op->operands(problem, set.operands);
    for (unsigned i = 0; i < set.n_operands; i++) {
        size_t bytes = spaced(operand_bytes(&set.operands[i]));
        all += bytes;
        if (set.operands[i].role == OPERAND_WEIGHT) weights += bytes;
    }
    if (all > memory_bytes / 2)
        return status_fail(STATUS_UNAVAILABLE,
                           "the problem's operands take %.1f GB; at most half of this machine's %.1f GB",
                           (double)all / 1e9, (double)memory_bytes / 1e9);
    count_copies(&set, weights, copies_bytes, memory_bytes);
    for (unsigned i = 0; i < set.n_operands; i++) {
        bool weight = set.operands[i].role == OPERAND_WEIGHT;
        set.stride[i] = weight && set.copies > 1 ? spaced(operand_bytes(&set.operands[i])) : 0;
        size_t bytes = set.stride[i] ? set.stride[i] * set.copies : operand_bytes(&set.operands[i]);
        set.base[i] = pages_allocate(bytes);
        if (set.base[i]) continue;
        measure_set_destroy(&set);
        return status_fail(STATUS_NO_MEMORY, "no memory for %.1f GB of buffers", (double)bytes / 1e9);
    }
    *out = set;
    return STATUS_OK;
}

void measure_set_destroy(struct measure_set *set)
{
    for (unsigned i = 0; i < set->n_operands; i++)
        pages_free(set->base[i],
                   set->stride[i] ? set->stride[i] * set->copies : operand_bytes(&set->operands[i]));
    *set = (struct measure_set){0};
}

void measure_set_spread(struct measure_set *set)
{
    for (unsigned i = 0; i < set->n_operands; i++)
        for (uint32_t copy = 1; set->stride[i] && copy < set->copies; copy++)
            memcpy(set->base[i] + copy * set->stride[i], set->base[i], set->stride[i]);
}

void measure_set_rotate(const struct measure_set *set, uint64_t i, void *args)
{
    uint64_t copy = i % set->copies;
    for (unsigned o = 0; o < set->n_operands; o++) {
        if (!set->stride[o]) continue;
        char *place = (char *)args + set->operands[o].pointer_offset, *pointer;
        memcpy(&pointer, place, sizeof pointer);
        if (!pointer) continue; /* the problem does not use it */
        pointer = set->base[o] + copy * set->stride[o];
        memcpy(place, &pointer, sizeof pointer);
    }
}
