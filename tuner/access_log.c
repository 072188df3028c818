#include "tuner/access_log.h"

#include <stdlib.h>
#include <string.h>

/* One access of one thread. `turn` counts the times that the thread was at this place. */
struct logged {
    uint32_t place, turn, offset;
    uint8_t bytes;
    bool writes;
};

struct thread_log {
    struct logged *items;
    size_t n, capacity;
};

struct access_log {
    struct thread_log threads[ACCESS_LOG_THREADS_MAX];
    size_t n;
    bool full;
};

struct access_log *access_log_create(void)
{
    return calloc(1, sizeof(struct access_log));
}

void access_log_clear(struct access_log *log)
{
    for (size_t i = 0; i < ACCESS_LOG_THREADS_MAX; i++) log->threads[i].n = 0;
    log->n = 0;
    log->full = false;
}

void access_log_free(struct access_log *log)
{
    if (!log) return;
    for (size_t i = 0; i < ACCESS_LOG_THREADS_MAX; i++) free(log->threads[i].items);
    free(log);
}

static void note(void *context, uint32_t thread, const void *pc, uint32_t offset, uint32_t bytes, bool writes)
{
    struct access_log *log = context;
    if (thread >= ACCESS_LOG_THREADS_MAX || bytes > UINT8_MAX) return;
    struct thread_log *list = &log->threads[thread];
    if (list->n == list->capacity) {
        size_t wanted = list->capacity ? 2 * list->capacity : 256;
        struct logged *larger =
            log->n < ACCESS_LOG_MAX ? realloc(list->items, wanted * sizeof *larger) : NULL;
        if (!larger) {
            log->full = true;
            return;
        }
        list->items = larger;
        list->capacity = wanted;
    }
    list->items[list->n] = (struct logged){.place = (uint32_t)(uintptr_t)pc,
                                           .turn = (uint32_t)list->n, /* when it came; by place below */
                                           .offset = offset,
                                           .bytes = (uint8_t)bytes,
                                           .writes = writes};
    list->n++;
    log->n++;
}

struct device_watch access_log_watch(struct access_log *log)
{
    return (struct device_watch){note, log};
}

static int by_place(const void *a, const void *b)
{
    const struct logged *left = a, *right = b;
    if (left->place != right->place) return left->place < right->place ? -1 : 1;
    return left->turn < right->turn ? -1 : left->turn > right->turn;
}

static void number_turns(struct thread_log *list)
{
    uint32_t turn = 0;
    if (list->n) qsort(list->items, list->n, sizeof *list->items, by_place);
    for (size_t i = 0; i < list->n; i++) {
        turn = i && list->items[i].place == list->items[i - 1].place ? turn + 1 : 0;
        list->items[i].turn = turn;
    }
}

/* The first access among the lanes' next ones, in the order of by_place; NULL: none is left. */
static const struct logged *first_of(const struct thread_log *lanes, const size_t *next)
{
    const struct logged *first = NULL;
    for (unsigned lane = 0; lane < CONFLICT_LANES; lane++) {
        if (next[lane] == lanes[lane].n) continue;
        const struct logged *item = &lanes[lane].items[next[lane]];
        if (!first || by_place(item, first) < 0) first = item;
    }
    return first;
}

static enum lds_width width_of(uint32_t bytes)
{
    return bytes > 12 ? LDS_16 : bytes > 8 ? LDS_12 : bytes > 4 ? LDS_8 : LDS_4;
}

static enum status count_wave(const struct thread_log *lanes, const char *target, struct conflicts *out)
{
    size_t next[CONFLICT_LANES] = {0};
    const struct logged *first;
    while ((first = first_of(lanes, next)) != NULL) {
        int64_t offsets[CONFLICT_LANES];
        uint32_t cycles, least;
        for (unsigned lane = 0; lane < CONFLICT_LANES; lane++) {
            const struct logged *item = &lanes[lane].items[next[lane]];
            bool takes_part = next[lane] < lanes[lane].n && by_place(item, first) == 0;
            offsets[lane] = takes_part ? (int64_t)item->offset : CONFLICT_NO_ACCESS;
            next[lane] += takes_part;
        }
        TRY(conflict_cycles(target, first->writes, first->bytes, offsets, &cycles, &least));
        struct conflict_part *part = &out->parts[first->writes][width_of(first->bytes)];
        part->accesses++;
        part->cycles += cycles;
        part->least_cycles += least;
    }
    return STATUS_OK;
}

enum status access_log_conflicts(struct access_log *log, const char *target, struct conflicts *out)
{
    *out = (struct conflicts){0};
    if (log->full)
        return status_fail(STATUS_BUSY, "the block makes more than %d accesses to shared memory",
                           ACCESS_LOG_MAX);
    for (size_t i = 0; i < ACCESS_LOG_THREADS_MAX; i++) number_turns(&log->threads[i]);
    for (size_t first = 0; first < ACCESS_LOG_THREADS_MAX; first += CONFLICT_LANES)
        TRY(count_wave(&log->threads[first], target, out));
    return STATUS_OK;
}
