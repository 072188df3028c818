#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include "db/book_internal.h"

const struct book_writer book_writer = {
    .create = book_create, .publish = scratch_publish, .scratch = scratch_write};

static enum status check_writable(struct book *book)
{
    if (!book->writable || !book->environment->writable)
        return status_fail(STATUS_USAGE, "%s: open for reading only", book->path);
    return STATUS_OK;
}

/* LMDB calls a write that ended short EIO; mostly the disk is full, or the file as large as it may be. */
static int explain_short_write(const char *path)
{
    struct stat file;
    struct statvfs disk;
    struct rlimit limit;
    if (!statvfs(path, &disk) && disk.f_bavail < 4) return ENOSPC;
    if (!stat(path, &file) && !getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
        (rlim_t)file.st_size + 4096 > limit.rlim_cur)
        return EFBIG;
    return EIO;
}

/* One attempt, under the shared lock. */
static int write_once(struct book *book, write_body *body, void *context, enum status *refusal)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(book->environment->lmdb, NULL, 0, &txn);
    if (code) return code;
    code = body(book, txn, context, refusal);
    if (!code) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

enum status book_write(struct book *book, const char *doing, write_body *body, void *context)
{
    struct environment *environment = book->environment;
    for (bool reopened = false;;) {
        enum status refusal = STATUS_OK;
        pthread_rwlock_rdlock(&environment->remap);
        enum status status = book_check_process(environment);
        if (status == STATUS_OK) status = check_writable(book);
        int code = status == STATUS_OK ? write_once(book, body, context, &refusal) : 0;
        pthread_rwlock_unlock(&environment->remap);
        if (status != STATUS_OK || code == 0) return status;
        if (code == BODY_REFUSED) return refusal;
        if (code == MDB_PANIC && !reopened) {
            reopened = true;
            TRY(environment_reopen(environment));
            continue;
        }
        if (code == EIO) code = explain_short_write(environment->path);
        if (code != MDB_MAP_FULL && code != MDB_MAP_RESIZED) return lmdb_fail(book->path, code, doing);
        TRY(environment_grow(environment, code == MDB_MAP_RESIZED));
    }
}
