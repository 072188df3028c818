#include "db/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "db/merge_internal.h"

/* In an order in which what a row names is there before it. */
static const struct {
    enum table table;
    enum status (*merge)(struct merge_run *run, const MDB_val *key, const MDB_val *values);
    size_t count; /* in struct merge_counts; trials and pins are counted where they are */
} steps[] = {
    {TABLE_CODE, merge_content, offsetof(struct merge_counts, codes)},
    {TABLE_SOURCE, merge_least, offsetof(struct merge_counts, sources)},
    {TABLE_ENVIRONMENT, merge_content, offsetof(struct merge_counts, environments)},
    {TABLE_KERNEL, merge_kernel, offsetof(struct merge_counts, kernels)},
    {TABLE_RECORD, merge_records, offsetof(struct merge_counts, records)},
    {TABLE_TRIAL, merge_trial, 0},
    {TABLE_QUARANTINE, merge_least, offsetof(struct merge_counts, quarantined)},
    {TABLE_META, merge_pins, 0},
};

struct walk {
    struct merge_run *run;
    size_t step;
    uint64_t rows;
};

static bool visit(void *context, const MDB_val *key, const MDB_val *values, enum status *status)
{
    struct walk *walk = context;
    const volatile int *stop = walk->run->options->stop;
    *status = stop && *stop ? status_fail(STATUS_INTERRUPTED, "stopped; nothing was written")
                            : steps[walk->step].merge(walk->run, key, values);
    walk->rows++;
    return *status == STATUS_OK;
}

static enum status merge_tables(struct merge_run *run)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct walk walk = {.run = run, .step = i};
        run->table = steps[i].table;
        TRY(join_table(run->join, steps[i].table, visit, &walk));
        if (steps[i].table == TABLE_TRIAL)
            TRY(merge_trials_flush(run));
        else if (steps[i].table != TABLE_META)
            *(uint64_t *)((char *)&run->counts + steps[i].count) = walk.rows;
    }
    return STATUS_OK;
}

/* Two books with one id: copies of each other are welcome, what went on apart is not. */
static enum status check_pair(struct book *a, struct book *b)
{
    char mine[SHA256_HEX_BYTES], theirs[SHA256_HEX_BYTES];
    if (a->environment == b->environment) return STATUS_OK;
    TRY(book_digest(a, mine));
    TRY(book_digest(b, theirs));
    if (strcmp(mine, theirs) == 0) return STATUS_OK;
    return status_fail(
        STATUS_BAD_DATA,
        "%s and %s: two books with one id and different content, a copy and what it was copied "
        "from; freeze one of them (autotune freeze %s -o FILE), which gives it an id of its own",
        a->path, b->path, b->path);
}

static enum status check_ids(const struct book_merge *merge, char (*ids)[33])
{
    for (size_t i = 0; i < merge->n_books; i++) {
        TRY(book_id(merge->books[i], ids[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(ids[i], ids[j]) == 0) TRY(check_pair(merge->books[j], merge->books[i]));
    }
    return STATUS_OK;
}

/* The path is free, and what may become of it fits the disk's addresses. */
static enum status check(const struct book_merge *merge, uint64_t *bytes_at_most)
{
    struct stat there;
    *bytes_at_most = 0;
    if (merge->n_books == 0 || merge->n_books > MERGE_BOOKS_MAX)
        return status_fail(STATUS_USAGE, "%zu books: 1 to %d can be merged at once", merge->n_books,
                           MERGE_BOOKS_MAX);
    bool exists = stat(merge->path, &there) == 0;
    for (size_t i = 0; i < merge->n_books; i++) {
        struct book_counts counts;
        const struct environment *environment = merge->books[i]->environment;
        if (exists && environment->device == there.st_dev && environment->inode == there.st_ino)
            return status_fail(STATUS_USAGE, "%s: is one of the books to merge; name another file",
                               merge->path);
        TRY(book_count(merge->books[i], &counts));
        *bytes_at_most += counts.bytes;
    }
    if (exists && !(S_ISREG(there.st_mode) && there.st_size == 0))
        return status_fail(STATUS_USAGE, "%s: exists already, and a merge replaces nothing; name a new file",
                           merge->path);
    char(*ids)[33] = calloc(merge->n_books, sizeof *ids);
    if (!ids) return status_fail(STATUS_NO_MEMORY, "no memory for %zu books", merge->n_books);
    enum status status = check_ids(merge, ids);
    free(ids);
    return status;
}

enum status book_merge(const struct book_merge *merge, struct merge_counts *out)
{
    uint64_t bytes_at_most;
    TRY(check(merge, &bytes_at_most));
    struct merge_run *run = calloc(1, sizeof *run);
    struct record *records = calloc(merge->n_books, sizeof *records);
    if (!run || !records) {
        free(run);
        free(records);
        return status_fail(STATUS_NO_MEMORY, "no memory to merge %zu books", merge->n_books);
    }
    run->options = merge;
    run->records = records;
    enum status status = join_open(merge->books, merge->n_books, &run->join);
    if (status == STATUS_OK) status = merge_output_open(&run->output, merge->path, bytes_at_most);
    if (status == STATUS_OK) status = merge_tables(run);
    if (status == STATUS_OK) status = merge_output_publish(&run->output);
    if (status == STATUS_OK) *out = run->counts;
    merge_output_discard(&run->output);
    join_close(run->join);
    merge_trials_free(run);
    text_free(&run->bytes);
    free(records);
    free(run);
    return status;
}
