#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_absorb.h"
#include "tuner/base/clock.h"

/* What was published last, as `meta` notes it under "published": the file's identity, and the transaction
 * that wrote the note. A file of another identity was published by another machine; a later transaction is
 * not published yet. */
struct published {
    char file[96];
    uint64_t transaction;
};

/* "" where there is no file. */
static void identify(const char *path, char out[96])
{
    struct stat stat_now;
    *out = 0;
    if (stat(path, &stat_now) == 0)
        snprintf(out, 96, "%llu %lld %lld.%09ld", (unsigned long long)stat_now.st_ino,
                 (long long)stat_now.st_size, (long long)stat_now.st_mtim.tv_sec, stat_now.st_mtim.tv_nsec);
}

static void read_published(struct book *book, struct published *out)
{
    struct value note;
    char text[128] = "";
    *out = (struct published){0};
    if (book_get_meta(book, "published", &note) != STATUS_OK) return;
    memcpy(text, note.bytes, note.size < sizeof text ? note.size : sizeof text - 1);
    value_free(&note);
    char *file = strchr(text, '/');
    if (!file) return;
    out->transaction = strtoull(text, NULL, 10);
    snprintf(out->file, sizeof out->file, "%.95s", file + 1);
}

static int note_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    char text[160];
    int length =
        snprintf(text, sizeof text, "%llu/%s", (unsigned long long)mdb_txn_id(txn), (const char *)context);
    MDB_val key = value_of("published", 9), value = value_of(text, (size_t)length);
    return mdb_put(txn, book->environment->tables[TABLE_META], &key, &value, 0);
}

/* Takes over what another machine published since we looked. */
static enum status absorb_published(struct book *book)
{
    const enum table whole[] = {TABLE_TRIAL, TABLE_QUARANTINE};
    struct book *theirs;
    TRY(book_open(book->path, BOOK_READ, &theirs));
    enum status status = book_absorb(book, theirs);
    for (size_t i = 0; i < sizeof whole / sizeof *whole && status == STATUS_OK; i++)
        status = book_absorb_table(book, theirs, whole[i]);
    book_close(theirs);
    return status;
}

static enum status write_copy(struct book *book, const char *temporary)
{
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot create %s", book->path, temporary);
    pthread_rwlock_rdlock(&book->environment->remap);
    enum status status = book_check_process(book->environment);
    int code = status == STATUS_OK ? mdb_env_copyfd2(book->environment->lmdb, descriptor, MDB_CP_COMPACT) : 0;
    pthread_rwlock_unlock(&book->environment->remap);
    if (!code && status == STATUS_OK && fsync(descriptor)) code = errno;
    if (close(descriptor) && !code) code = errno;
    return code ? lmdb_fail(book->path, code, "publish") : status;
}

static uint64_t last_transaction(struct book *book)
{
    MDB_envinfo info = {0};
    pthread_rwlock_rdlock(&book->environment->remap);
    if (book->environment->lmdb) mdb_env_info(book->environment->lmdb, &info);
    pthread_rwlock_unlock(&book->environment->remap);
    return info.me_last_txnid;
}

/* Whoever publishes holds a lock on the file that he will replace, so that of two machines one waits for the
 * other and then takes over what that one published. -1: there is no file, or its file system has no locks;
 * what remains then is the look before the rename. */
static int lock_published(const char *path)
{
    enum { WAIT_NS = 20000000, TRIES = 6000 };
    for (int tries = 0; tries < TRIES; tries++) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat locked, named;
        int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (descriptor < 0) return -1;
        bool busy = fcntl(descriptor, F_OFD_SETLK, &whole) && (errno == EAGAIN || errno == EACCES);
        bool is_same = !fstat(descriptor, &locked) && !stat(path, &named) && locked.st_ino == named.st_ino &&
                       locked.st_dev == named.st_dev;
        if (!busy && is_same) return descriptor;
        close(descriptor);
        if (busy) clock_sleep_ns(WAIT_NS);
    }
    return -1;
}

/* Where there was none, another machine may be the first meanwhile. */
static enum status give_name(struct book *book, const char *copy, bool there_was_one)
{
    int code = there_was_one ? rename(copy, book->path) ? errno : 0 : book_take_name(copy, book->path);
    if (!code) return STATUS_OK;
    if (code == EEXIST)
        return status_fail(STATUS_BUSY, "%s: others keep publishing it; try again", book->path);
    return lmdb_fail(book->path, code, "publish");
}

/* One attempt; STATUS_BUSY when somebody published while the copy was written. */
static enum status publish_once(struct book *book, const char *copy)
{
    struct published published;
    char before[96], after[96];
    read_published(book, &published);
    identify(book->path, before);
    bool is_theirs = *before && strcmp(before, published.file) != 0;
    if (!is_theirs && *before && published.transaction == last_transaction(book)) return STATUS_OK;
    if (is_theirs) TRY(absorb_published(book));
    TRY(write_copy(book, copy));
    identify(book->path, after);
    if (strcmp(before, after))
        return status_fail(STATUS_BUSY, "%s: others keep publishing it; try again", book->path);
    TRY(give_name(book, copy, *before));
    folder_sync(book->path);
    identify(book->path, after);
    return book_write(book, "note what was published", note_body, after);
}

static enum status publish_through(struct book *book, const char *copy)
{
    enum status status = STATUS_BUSY;
    for (int tries = 0; tries < 5 && status == STATUS_BUSY; tries++) {
        int lock = lock_published(book->path);
        status = publish_once(book, copy);
        unlink(copy);
        if (lock >= 0) close(lock);
    }
    return status;
}

enum status scratch_publish(struct book *book)
{
    struct work_folder work;
    struct text copy = {0};
    enum status status = work_folder_begin(book->path, &work);
    if (status == STATUS_OK) {
        status = work_folder_file(&work, "book", &copy);
        if (status == STATUS_OK) status = publish_through(book, copy.data);
        work_folder_end(&work);
    }
    text_free(&copy);
    if (status != STATUS_OK) status_prefix(status, "not published, its trials are kept in %s", book->scratch);
    return status;
}
