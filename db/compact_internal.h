/* What the files of a compaction share. Private to db. */
#ifndef TUNEBOOK_DB_COMPACT_INTERNAL_H
#define TUNEBOOK_DB_COMPACT_INTERNAL_H

#include "db/compact.h"
#include "db/compacted.h"
#include "db/cover.h"
#include "db/hash_set.h"
#include "db/map_touch.h"
#include "db/merge_internal.h"

enum { COMPACT_NONE = -1 };

/* compact_kernels.c: the kernels of the book, by number in the order of their hashes. */
struct compact_kernels {
    struct hash_set hashes;
    uint64_t *code_bytes;         /* of each: what it costs to ship */
    uint8_t *chosen;              /* of each: it stays */
    struct cached_kernel **cache; /* descriptors read, by number modulo its size */
};

/* compact_view.c: one record, as the choice sees it. */
struct compact_candidate {
    uint32_t kernel;
    int entry; /* its place in the record; COMPACT_NONE: a trial's time, not in the record yet */
    uint32_t shapes;
    struct record_entry timed; /* what stands in the record, or would */
};
/* A problem in one environment, or what stands for it where nothing was measured and verified: its best
 * entry, and how much slower than what another may be. */
struct compact_goal {
    size_t first;      /* the candidate that answers today */
    uint64_t best_ns;  /* regret counts from here */
    uint64_t trial_ns; /* what the best took in its trial: trials are compared with that; 0: with none */
    uint64_t limit_ns; /* an entry whose interval ends behind this may answer behind one that is too slow */
    bool is_timed;     /* measured, verified */
    bool is_known;     /* regret counts from an earlier compaction's */
};
struct compact_view {
    const char *key;
    const struct key_parts *parts;
    struct record *record;
    struct compact_candidate *candidates; /* entries first, in the record's order */
    size_t n_candidates, capacity, n_entries;
    struct compact_goal goals[RECORD_ENTRIES_MAX];
    size_t n_goals;
    uint32_t *set;
    size_t set_capacity;
};

struct compact {
    const struct book_compact *options;
    struct book *book;
    MDB_txn *txn; /* one snapshot for all */
    MDB_cursor *trials;
    struct trial_group *trial_group;
    enum table table; /* the one at hand, of those that go along as they are */
    struct map_touch touch;
    uint64_t rows[TABLE_COUNT]; /* of the snapshot */
    struct compact_kernels kernels;
    struct compacted known, noted; /* what earlier compactions left, what this one does */
    struct cover cover;
    struct compact_view view;
    struct record record, kept;
    struct key_parts parts;
    char key[KEY_BYTES_MAX + 1];
    struct text bytes;
    struct hash_set environments, codes, sources; /* that what stays refers to */
    struct merge_output *output;                  /* NULL: a dry run */
    uint64_t page_bytes, pages, node_bytes;       /* what a dry run would have written */
    struct compact_report report;
    uint8_t *used[2]; /* of group and kernel: an entry names it, before and after */
};

typedef enum status compact_visit(struct compact *run, const MDB_val *key, const MDB_val *value);
enum status compact_each(struct compact *run, enum table table, compact_visit *visit);
/* Decodes a row of the table of records into run->record, run->key and run->parts. */
enum status compact_read_record(struct compact *run, const MDB_val *key, const MDB_val *value);

/* compact_kernels.c */
enum status compact_kernels_read(struct compact *run);
void compact_kernels_free(struct compact_kernels *kernels);
/* The number of a kernel; false: the book has no such. */
bool compact_kernel_find(const struct compact *run, const struct hash *kernel, uint32_t *out);
enum status compact_kernel_shapes(struct compact *run, uint32_t kernel, uint32_t *out);

/* compact_view.c */
enum status compact_view_make(struct compact *run);
/* A set is a goal's, or behind the goals that of a shape, from shape 1 on. Its kernels ascending, once each,
 * in view.set. None of a shape that every kernel of some goal covers: it asks for nothing. */
enum status compact_view_set(struct compact *run, size_t set, size_t *n);
size_t compact_view_sets(const struct compact *run);
/* Does the candidate serve this set? */
bool compact_answers(const struct compact *run, size_t set, size_t candidate);
/* The same of a goal. */
bool compact_is_good(const struct compact *run, const struct compact_goal *goal, size_t candidate);
bool compact_same_environment(const struct record_entry *a, const struct record_entry *b);
enum status compact_add_candidate(struct compact *run, const struct compact_candidate *candidate);
/* What the kernel of an entry covers; nothing where the entry answers nobody: not verified, or in quarantine.
 */
enum status compact_shapes(struct compact *run, uint32_t kernel, const struct record_entry *entry,
                           uint32_t *out);

/* compact_trials.c */
enum status compact_add_trials(struct compact *run);
enum status compact_write_trials(struct compact *run);

/* compact_required.c: kernels that must stay whatever the regret. */
enum status compact_required(struct compact *run);

/* compact_write.c */
enum status compact_put(struct compact *run, enum table table, const MDB_val *key, const MDB_val *value);
enum status compact_write(struct compact *run);

/* compact_groups.c */
enum status compact_group_of(struct compact *run, size_t *out);
void compact_groups_end(struct compact *run);

/* compact_place.c: a book in whose place another comes. */
struct compact_place {
    const char *name; /* as it was called */
    struct text path; /* without symbolic links */
    int lock;
    struct stat was;
};
/* STATUS_BUSY: somebody else has it open. */
enum status compact_place_check(const char *path, struct compact_place *out);
/* Renames `work` to it, if it still is what it was at `transaction`. */
enum status compact_place_take(struct compact_place *place, const char *work, uint64_t transaction);
void compact_place_free(struct compact_place *place);

#endif
