#include "db/diff.h"

#include <stdlib.h>
#include <string.h>
#include "db/book_join.h"

const char *diff_kind_name(enum diff_kind kind)
{
    static const char *const names[] = {
#define KIND(enumerator, name) name,
        DIFF_KINDS(KIND)
#undef KIND
    };
    return (unsigned)kind < DIFF_KIND_COUNT ? names[kind] : "unknown";
}

/* Only what was measured has noise to judge by; a default's numbers are no times at all. */
static bool is_timed(const struct record_entry *entry)
{
    return entry->evidence == EVIDENCE_MEASURED && entry->timing.median_ns;
}

static void judge_both(struct diff_row *row)
{
    const struct record_entry *a = row->best[0], *b = row->best[1];
    row->winner_changed = memcmp(a->kernel.bytes, b->kernel.bytes, sizeof a->kernel.bytes) != 0;
    row->kind = row->winner_changed ? DIFF_CHANGED : DIFF_SAME;
    row->is_timed = is_timed(a) && is_timed(b);
    if (!row->is_timed) return;
    row->ratio = (double)b->timing.median_ns / (double)a->timing.median_ns;
    bool slower = b->timing.low_ns > a->timing.high_ns, faster = b->timing.high_ns < a->timing.low_ns;
    row->is_outside_noise = slower || faster;
    if (row->is_outside_noise) row->kind = slower ? DIFF_SLOWER : DIFF_FASTER;
}

void diff_judge(const struct record *a, const struct record *b, struct diff_row *out)
{
    *out = (struct diff_row){.a = a && a->n_entries ? a : NULL, .b = b && b->n_entries ? b : NULL};
    if (out->a) out->best[0] = &a->entries[0];
    if (out->b) out->best[1] = &b->entries[0];
    if (out->a && out->b)
        judge_both(out);
    else
        out->kind = out->a ? DIFF_GONE : out->b ? DIFF_NEW : DIFF_SAME;
}

struct diff {
    struct join *join;
    struct book *books[2];
    struct record records[2];
    diff_visit *visit;
    void *context;
};

static bool visit_row(void *context, const MDB_val *key, const MDB_val *values, enum status *status)
{
    struct diff *diff = context;
    struct key_parts parts;
    char text[KEY_BYTES_MAX + 1];
    struct diff_row row;
    if ((*status = key_parse(key->mv_data, key->mv_size, &parts)) != STATUS_OK) {
        status_prefix(*status, "%s", diff->books[values[0].mv_data ? 0 : 1]->path);
        return false;
    }
    memcpy(text, key->mv_data, key->mv_size);
    text[key->mv_size] = 0;
    for (int i = 0; i < 2; i++) {
        diff->records[i].n_entries = 0;
        if (!values[i].mv_data) continue;
        *status = record_decode(values[i].mv_data, values[i].mv_size, &diff->records[i]);
        if (*status != STATUS_OK) {
            status_prefix(*status, "%s: %s", diff->books[i]->path, text);
            return false;
        }
    }
    diff_judge(&diff->records[0], &diff->records[1], &row);
    row.key = text;
    return (!row.a && !row.b) || diff->visit(diff->context, &row);
}

enum status diff_open(struct book *a, struct book *b, struct diff **out)
{
    struct diff *diff = calloc(1, sizeof *diff);
    if (!diff) return status_fail(STATUS_NO_MEMORY, "no memory to compare two books");
    diff->books[0] = a;
    diff->books[1] = b;
    enum status status = join_open(diff->books, 2, &diff->join);
    if (status == STATUS_OK)
        *out = diff;
    else
        free(diff);
    return status;
}

enum status diff_each(struct diff *diff, diff_visit *visit, void *context)
{
    diff->visit = visit;
    diff->context = context;
    return join_table(diff->join, TABLE_RECORD, visit_row, diff);
}

void diff_close(struct diff *diff)
{
    if (!diff) return;
    join_close(diff->join);
    free(diff);
}
