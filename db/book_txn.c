#include <stdlib.h>
#include <string.h>
#include "db/book_internal.h"

enum status book_check_process(const struct environment *environment)
{
    if (!environment_is_ours(environment))
        return status_fail(STATUS_UNAVAILABLE, "%s: opened before a fork; open it again in this process",
                           environment->path);
    if (!environment->lmdb)
        return status_fail(STATUS_UNAVAILABLE, "%s: lost while it was reopened; close it and open it again",
                           environment->path);
    return STATUS_OK;
}

static MDB_txn *pool_take(struct environment *environment)
{
    pthread_mutex_lock(&environment->pool_lock);
    MDB_txn *txn = environment->n_pool ? environment->pool[--environment->n_pool] : NULL;
    pthread_mutex_unlock(&environment->pool_lock);
    return txn;
}

/* A snapshot on the current map, of a pooled transaction where there is one. */
static int begin_once(struct environment *environment, MDB_txn **txn)
{
    *txn = pool_take(environment);
    return snapshot_take(environment->lmdb, environment->live, txn);
}

enum status read_begin(struct book *book, MDB_txn **txn)
{
    struct environment *environment = book->environment;
    for (int tries = 0;; tries++) {
        pthread_rwlock_rdlock(&environment->remap);
        enum status status = book_check_process(environment);
        int code = status == STATUS_OK ? begin_once(environment, txn) : 0;
        if (status == STATUS_OK && !code) return STATUS_OK;
        pthread_rwlock_unlock(&environment->remap);
        if (status != STATUS_OK) return status;
        int dead;
        if (tries < 8 && code == MDB_MAP_RESIZED)
            TRY(environment_grow(environment, true));
        else if (tries > 0 || code != MDB_READERS_FULL || mdb_reader_check(environment->lmdb, &dead))
            return lmdb_fail(book->path, code, "read");
    }
}

void read_end(struct book *book, MDB_txn *txn)
{
    struct environment *environment = book->environment;
    mdb_txn_reset(txn);
    pthread_mutex_lock(&environment->pool_lock);
    bool kept = environment->n_pool < READ_POOL;
    if (kept) environment->pool[environment->n_pool++] = txn;
    pthread_mutex_unlock(&environment->pool_lock);
    if (!kept) mdb_txn_abort(txn);
    pthread_rwlock_unlock(&environment->remap);
}
