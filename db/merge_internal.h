/* What the files of a merge share. Private to db. */
#ifndef TUNEBOOK_DB_MERGE_INTERNAL_H
#define TUNEBOOK_DB_MERGE_INTERNAL_H

#include "db/book_join.h"
#include "db/merge.h"

/* merge_output.c: a book that is written in key order, table by table, under a temporary name. */
struct merge_output {
    const char *path; /* that it will have */
    struct work_folder beside, local;
    struct text work, copy;
    MDB_env *lmdb;
    MDB_txn *txn;
    MDB_dbi tables[TABLE_COUNT];
    size_t written_bytes; /* of the open transaction */
};
enum status merge_output_open(struct merge_output *output, const char *path, uint64_t bytes_at_most);
/* Keys of a table must come in order. */
enum status merge_output_put(struct merge_output *output, enum table table, const MDB_val *key,
                             const MDB_val *value);
bool merge_output_has(struct merge_output *output, enum table table, const struct hash *hash);
/* All is on the disk, under the work's name; then it gets its own. merge_output_discard in any case. */
enum status merge_output_finish(struct merge_output *output);
enum status merge_output_name(struct merge_output *output);
/* Both. */
enum status merge_output_publish(struct merge_output *output);
void merge_output_discard(struct merge_output *output);

struct merge_run {
    const struct book_merge *options;
    struct merge_counts counts;
    struct merge_output output;
    struct join *join;
    enum table table;       /* the one at hand */
    struct record *records; /* of one key, one for each book; n_entries 0 where it has none */
    struct record merged;
    struct text bytes;
    struct merge_trials *trials;
};

/* One key of a table; `values` as join_visit has them. merge_values.c: all but records and trials. */
enum status merge_content(struct merge_run *run, const MDB_val *key, const MDB_val *values);
enum status merge_least(struct merge_run *run, const MDB_val *key, const MDB_val *values);
enum status merge_kernel(struct merge_run *run, const MDB_val *key, const MDB_val *values);
enum status merge_pins(struct merge_run *run, const MDB_val *key, const MDB_val *values);
/* merge_records.c */
enum status merge_records(struct merge_run *run, const MDB_val *key, const MDB_val *values);
/* merge_trials.c: trials of one record and configuration are collected and written together. */
enum status merge_trial(struct merge_run *run, const MDB_val *key, const MDB_val *values);
enum status merge_trials_flush(struct merge_run *run);
void merge_trials_free(struct merge_run *run);

#endif
