#include "tuner/emulator/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/machine.h"

static void *allocated(void *memory)
{
    if (!memory) abort(); /* some hundred bytes: there is no way to go on without */
    return memory;
}

struct history *history_create(void)
{
    return allocated(calloc(1, sizeof(struct history)));
}

struct history *history_create_shared(uint32_t team_threads, struct reader_column column)
{
    struct history *history = history_create();
    history->team_threads = team_threads;
    history->column = column;
    return history;
}

static void *copied(const void *array, size_t n, size_t item)
{
    return n ? memcpy(allocated(malloc(n * item)), array, n * item) : NULL;
}

struct history *history_copy(const struct history *from)
{
    struct history *to = copied(from, 1, sizeof *from);
    to->readers = copied(from->readers, from->n_readers, sizeof *from->readers);
    to->atomics = copied(from->atomics, from->n_atomics, sizeof *from->atomics);
    to->reader_capacity = to->n_readers;
    to->atomic_capacity = to->n_atomics;
    pasts_share(to->released);
    pasts_share(to->released_block);
    return to;
}

struct history *history_copy_shared(const struct history *from, struct reader_column column)
{
    struct history *to = history_copy(from);
    to->column = column;
    for (uint32_t i = 0; i < from->team_threads; i++) {
        const struct reader *reader = reader_at(from->column, i);
        if (reader->generation == from->column.generation) reader_set(column, i, reader->word, reader->pc);
    }
    return to;
}

void history_free(struct history *history)
{
    if (!history) return;
    pasts_put_away(history->released);
    pasts_put_away(history->released_block);
    free(history->readers);
    free(history->atomics);
    free(history);
}

const char *site_text(const struct site *site, char out[128])
{
    snprintf(out, 128, "%u byte%s of %s at %llu", site->bytes, site->bytes == 1 ? "" : "s",
             site->range ? site->range->name : "shared memory", (unsigned long long)site->offset);
    return out;
}

void history_race(struct fiber *f, const struct site *site, const char *how, struct record other,
                  const char *earlier)
{
    char where[128], who[WHO_BYTES], place[PLACE_BYTES];
    uint32_t number = other.word & f->block->team->order.mask;
    if (!site->range) fault_explained(f);
    fault(f, DEVICE_FAULT_RACE, site->pc, "%s %s, which %s %s at %s", how, site_text(site, where),
          fault_who(f, other.team, number, who), earlier, fault_place(f, fault_pc(f, other.pc), place));
}

static bool knows(const struct fiber *f, const struct history *history, struct record record)
{
    bool shared = history->team_threads != 0;
    return !record.word || (shared ? order_knows : order_knows_global)(f, record.team, record.word);
}

static struct record record_now(const struct fiber *f, const struct site *site)
{
    return (struct record){f->block->team->index, f->epoch, (uint32_t)(uintptr_t)site->pc};
}

static bool same_thread(const struct fiber *f, struct record a, struct record b)
{
    return a.team == b.team && ((a.word ^ b.word) & f->block->team->order.mask) == 0;
}

static void set_team_reader(struct history *history, uint32_t number, uint32_t word, uint32_t pc)
{
    reader_set(history->column, number, word, pc);
    if (history->latest < word) history->latest = word;
}

static void note_reader(const struct fiber *f, struct history *history, struct record reader)
{
    for (uint32_t i = 0; i < history->n_readers; i++) {
        if (!same_thread(f, history->readers[i], reader) && !knows(f, history, history->readers[i])) continue;
        history->readers[i] = reader;
        return;
    }
    history_add_reader(f, history, reader);
}

void history_add_reader(const struct fiber *f, struct history *history, struct record reader)
{
    uint32_t n = history->n_readers;
    if (history->team_threads) {
        set_team_reader(history, reader.word & f->block->team->order.mask, reader.word, reader.pc);
        return;
    }
    if (n == HISTORY_RECORDS) return;
    if (n == history->reader_capacity) {
        history->reader_capacity = n ? 2 * n : 2;
        history->readers =
            allocated(realloc(history->readers, history->reader_capacity * sizeof *history->readers));
    }
    history->readers[history->n_readers++] = reader;
}

/* Whether plain accesses of others stand against this one: a write against all, a read against writes. */
static void check_write(struct fiber *f, const struct history *history, const struct site *site,
                        const char *how)
{
    if (!knows(f, history, history->w)) history_race(f, site, how, history->w, "wrote");
}

static void check_readers(struct fiber *f, const struct history *history, const struct site *site,
                          const char *how)
{
    for (uint32_t i = 0; i < history->n_readers; i++)
        if (!knows(f, history, history->readers[i])) history_race(f, site, how, history->readers[i], "read");
    if (history->latest < f->limit) return;
    uint32_t team = f->block->team->index;
    for (uint32_t i = 0; i < history->team_threads; i++) {
        const struct reader *last = reader_at(history->column, i);
        if (last->word < f->limit || last->generation != history->column.generation) continue;
        struct record reader = {team, last->word, last->pc};
        if (!knows(f, history, reader)) history_race(f, site, how, reader, "read");
    }
}

static void check_atomics(struct fiber *f, const struct history *history, const struct site *site,
                          const char *how, bool writes_only)
{
    for (uint32_t i = 0; i < history->n_atomics; i++) {
        const struct atomic_record *atomic = &history->atomics[i];
        if ((atomic->write || !writes_only) && !knows(f, history, atomic->record))
            history_race(f, site, how, atomic->record,
                         atomic->write ? "changed atomically" : "read atomically");
    }
}

/* Not at once: had the threads run in another order, somebody might have written it. If one does, with
 * nothing that orders it and this read, then that is what is wrong. */
void history_unwritten(struct fiber *f, const struct site *site)
{
    char where[128];
    fault_later(f, site->pc, "reads %s, which nobody wrote", site_text(site, where));
}

static void unwritten(struct fiber *f, const struct history *history, const struct site *site)
{
    if (!site->range && !history->w.word && !history->n_atomics) history_unwritten(f, site);
}

void history_read(struct fiber *f, struct history *history, const struct site *site)
{
    unwritten(f, history, site);
    check_write(f, history, site, "reads");
    check_atomics(f, history, site, "reads", true);
    struct record now = record_now(f, site);
    if (history->team_threads) {
        set_team_reader(history, f->number, now.word, now.pc);
    } else {
        note_reader(f, history, now);
    }
}

/* Reads before a write that knows them need no forgetting in shared memory: whoever knows the write knows
 * them. */
void history_write(struct fiber *f, struct history *history, const struct site *site)
{
    check_write(f, history, site, "writes");
    check_readers(f, history, site, "writes");
    check_atomics(f, history, site, "writes", false);
    history->w = record_now(f, site);
    history->n_readers = 0;
    history->n_atomics = 0;
}

void history_atomic(struct fiber *f, struct history *history, const struct site *site, bool read, bool write)
{
    const char *how = write ? "atomically changes" : "atomically reads";
    if (read) unwritten(f, history, site);
    check_write(f, history, site, how);
    if (write) check_readers(f, history, site, how);
    struct atomic_record now = {record_now(f, site), write};
    for (uint32_t i = 0; i < history->n_atomics; i++) {
        struct atomic_record *atomic = &history->atomics[i];
        bool stands_for_it = same_thread(f, atomic->record, now.record) || knows(f, history, atomic->record);
        if (!stands_for_it || atomic->write > write) continue;
        *atomic = now;
        return;
    }
    if (history->n_atomics == (history->team_threads ? history->team_threads : HISTORY_RECORDS)) return;
    if (history->n_atomics == history->atomic_capacity) {
        history->atomic_capacity = history->n_atomics ? 2 * history->n_atomics : 2;
        history->atomics =
            allocated(realloc(history->atomics, history->atomic_capacity * sizeof *history->atomics));
    }
    history->atomics[history->n_atomics++] = now;
}
