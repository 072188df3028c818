#include "db/book_join.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of all books together, between two times that what was read is let go. */
enum { KEPT_BYTES = 32 << 20 };

struct side {
    struct book *book;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value; /* where the cursor stands */
    bool is_done;
};

struct join {
    size_t n_books, read_bytes;
    MDB_val *values;
    struct side sides[];
};

int join_compare(const MDB_val *a, const MDB_val *b)
{
    size_t shorter = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, shorter);
    return order ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

enum status join_open(struct book *const *books, size_t n_books, struct join **out)
{
    struct join *join = calloc(1, sizeof *join + n_books * sizeof *join->sides);
    MDB_val *values = calloc(n_books + 1, sizeof *values);
    if (!join || !values) {
        free(join);
        free(values);
        return status_fail(STATUS_NO_MEMORY, "no memory to read %zu books", n_books);
    }
    join->values = values;
    for (size_t i = 0; i < n_books; i++) {
        enum status status = read_begin(books[i], &join->sides[i].txn);
        if (status != STATUS_OK) {
            join_close(join);
            return status;
        }
        join->sides[i].book = books[i];
        join->n_books++;
    }
    *out = join;
    return STATUS_OK;
}

void join_close(struct join *join)
{
    if (!join) return;
    for (size_t i = 0; i < join->n_books; i++) read_end(join->sides[i].book, join->sides[i].txn);
    free(join->values);
    free(join);
}

/* LMDB does not tell where its map begins; a page does, by its number, and a key lies in a page of its own
 * tree's. */
static void let_go(struct side *side)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_env *lmdb = side->book->environment->lmdb;
    if (side->is_done || mdb_env_info(lmdb, &info) || mdb_env_stat(lmdb, &stat)) return;
    char *page = (char *)((uintptr_t)side->key.mv_data & ~(uintptr_t)(stat.ms_psize - 1));
    uint64_t number;
    memcpy(&number, page, sizeof number);
    /* The map is shared and never written through: what is touched again is read again. */
    if (number <= info.me_last_pgno)
        madvise(page - number * stat.ms_psize, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

static enum status step(struct join *join, struct side *side, MDB_cursor_op where)
{
    int code = mdb_cursor_get(side->cursor, &side->key, &side->value, where);
    side->is_done = code != 0;
    if (code == MDB_NOTFOUND) return STATUS_OK;
    if (code) return lmdb_fail(side->book->path, code, "read");
    join->read_bytes += side->key.mv_size + side->value.mv_size;
    return STATUS_OK;
}

static void let_all_go(struct join *join)
{
    for (size_t i = 0; i < join->n_books; i++) let_go(&join->sides[i]);
    join->read_bytes = 0;
}

/* The least key of all; NULL when every side is done. */
static const MDB_val *least_key(const struct join *join)
{
    const MDB_val *least = NULL;
    for (size_t i = 0; i < join->n_books; i++) {
        const struct side *side = &join->sides[i];
        if (!side->is_done && (!least || join_compare(&side->key, least) < 0)) least = &side->key;
    }
    return least;
}

static enum status walk(struct join *join, join_visit *visit, void *context)
{
    for (const MDB_val *least; (least = least_key(join));) {
        enum status status = STATUS_OK;
        MDB_val key = *least;
        for (size_t i = 0; i < join->n_books; i++) {
            const struct side *side = &join->sides[i];
            bool has_it = !side->is_done && join_compare(&side->key, &key) == 0;
            join->values[i] = has_it ? side->value : (MDB_val){0};
        }
        if (!visit(context, &key, join->values, &status)) return status;
        for (size_t i = 0; i < join->n_books; i++)
            if (join->values[i].mv_data) TRY(step(join, &join->sides[i], MDB_NEXT));
        if (join->read_bytes >= KEPT_BYTES) let_all_go(join);
    }
    return STATUS_OK;
}

enum status join_table(struct join *join, enum table table, join_visit *visit, void *context)
{
    enum status status = STATUS_OK;
    size_t opened = 0;
    for (; opened < join->n_books && status == STATUS_OK; opened++) {
        struct side *side = &join->sides[opened];
        int code = mdb_cursor_open(side->txn, side->book->environment->tables[table], &side->cursor);
        if (code) {
            status = lmdb_fail(side->book->path, code, "read");
            break;
        }
        status = step(join, side, MDB_FIRST);
    }
    if (status == STATUS_OK) status = walk(join, visit, context);
    while (opened > 0) mdb_cursor_close(join->sides[--opened].cursor);
    return status;
}
