#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/clock.h"

/* Every file open in this process, because LMDB must not open one twice. */
static struct {
    pthread_mutex_t lock;
    struct environment *first;
} open_files = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* In a child of fork: what the parent opened is left alone (closing it there would take its locks away). */
static void forget_after_fork(void)
{
    pthread_mutex_init(&open_files.lock, NULL);
    open_files.first = NULL;
}

static void watch_fork(void)
{
    pthread_atfork(NULL, NULL, forget_after_fork);
}

static size_t map_bytes(const struct book_file *file, bool live, bool writable)
{
    uint64_t page = 65536, used = (file->last_page + 1) * file->page_bytes;
    uint64_t bytes = (used + page - 1) & ~(page - 1);
    if (live && file->map_bytes > bytes && file->map_bytes < (uint64_t)1 << 44) bytes = file->map_bytes;
    while (writable && bytes < MAP_BYTES_FIRST) bytes = MAP_BYTES_FIRST;
    while (writable && bytes < 2 * used) bytes *= 2;
    return bytes & ~(page - 1);
}

static int lmdb_open(const char *path, const struct book_file *file, bool live, bool writable, MDB_env **out)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (writable ? 0 : MDB_RDONLY) | (live ? 0 : MDB_NOLOCK);
    int code = EAGAIN;
    /* LMDB answers EAGAIN while another process is just opening or closing the file. */
    for (int tries = 0; code == EAGAIN && tries < 200; tries++) {
        MDB_env *lmdb;
        if (tries) clock_sleep_ns(5000000);
        if ((code = mdb_env_create(&lmdb))) return code;
        if (!(code = mdb_env_set_maxdbs(lmdb, TABLE_COUNT + 4)) &&
            !(code = mdb_env_set_maxreaders(lmdb, LMDB_READERS)) &&
            !(code = mdb_env_set_mapsize(lmdb, map_bytes(file, live, writable))) &&
            !(code = mdb_env_open(lmdb, path, flags, 0644))) {
            int dead;
            if (live) mdb_reader_check(lmdb, &dead);
            *out = lmdb;
            return 0;
        }
        mdb_env_close(lmdb);
    }
    return code;
}

static int open_tables(MDB_env *lmdb, bool live, MDB_dbi tables[TABLE_COUNT], bool *may_pin)
{
    enum { NOTES = 3 }; /* schema, id, creator; and frozen */
    MDB_txn *txn = NULL;
    MDB_stat stat;
    MDB_val frozen = value_of("frozen", 6), value;
    int code = snapshot_take(lmdb, live, &txn);
    /* Grown by another process since the size of the map was chosen: 0 takes over what it noted. */
    for (int tries = 0; code == MDB_MAP_RESIZED && tries < 8; tries++)
        if (!(code = mdb_env_set_mapsize(lmdb, 0))) code = snapshot_take(lmdb, live, &txn);
    if (code) return code;
    for (enum table table = 0; table < TABLE_COUNT && !code; table++)
        code = mdb_dbi_open(txn, table_name(table), 0, &tables[table]);
    if (!code) code = mdb_stat(txn, tables[TABLE_META], &stat);
    if (!code) {
        bool is_frozen = !mdb_get(txn, tables[TABLE_META], &frozen, &value);
        *may_pin = live || stat.ms_entries > (size_t)NOTES + is_frozen;
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return code;
}

/* LMDB opens by name; a rename may have come in between. */
static bool is_same_file(const struct environment *environment, MDB_env *lmdb)
{
    int descriptor;
    struct stat stat;
    return !mdb_env_get_fd(lmdb, &descriptor) && !fstat(descriptor, &stat) &&
           stat.st_dev == environment->device && stat.st_ino == environment->inode;
}

/* Opens LMDB on the file and its tables in `environment`, which stays as it is on failure. */
static enum status attach(struct environment *environment, const struct book_file *file, bool live,
                          bool writable)
{
    MDB_env *lmdb;
    int code = lmdb_open(environment->path, file, live, writable, &lmdb);
    if (code) return lmdb_fail(environment->path, code, writable ? "open for writing" : "open");
    MDB_dbi tables[TABLE_COUNT];
    if (!is_same_file(environment, lmdb)) {
        mdb_env_close(lmdb);
        return status_fail(STATUS_BUSY, "%s: replaced by another file while it was opened; try again",
                           environment->path);
    }
    code = open_tables(lmdb, live, tables, &environment->may_pin);
    if (code) {
        mdb_env_close(lmdb);
        if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE)
            return status_fail(STATUS_BAD_DATA, "%s: an LMDB file, but no book (a table is missing)",
                               environment->path);
        return lmdb_fail(environment->path, code, "open");
    }
    memcpy(environment->tables, tables, sizeof tables);
    environment->lmdb = lmdb;
    environment->live = live;
    environment->writable = writable;
    return STATUS_OK;
}

static void detach(struct environment *environment)
{
    while (environment->n_pool) mdb_txn_abort(environment->pool[--environment->n_pool]);
    mdb_env_close(environment->lmdb);
    environment->lmdb = NULL;
}

static void destroy(struct environment *environment)
{
    if (environment->lmdb) detach(environment);
    pthread_rwlock_destroy(&environment->remap);
    pthread_mutex_destroy(&environment->pool_lock);
    free(environment->path);
    free(environment);
}

static enum status create(const char *path, const struct stat *stat, struct environment **out)
{
    struct environment *environment = calloc(1, sizeof *environment);
    char *copy = strdup(path);
    if (!environment || !copy) {
        free(environment);
        free(copy);
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    environment->path = copy;
    environment->device = stat->st_dev;
    environment->inode = stat->st_ino;
    environment_claim(environment);
    environment->references = 1;
    pthread_rwlock_init(&environment->remap, NULL);
    pthread_mutex_init(&environment->pool_lock, NULL);
    *out = environment;
    return STATUS_OK;
}

/* The same file is wanted with more rights: waits until nothing is running and opens it anew in place. */
static enum status upgrade(struct environment *environment, const struct book_file *file, bool live,
                           bool writable)
{
    bool old_live = environment->live, old_writable = environment->writable;
    pthread_rwlock_wrlock(&environment->remap);
    detach(environment);
    enum status status = attach(environment, file, live || old_live, writable || old_writable);
    if (status != STATUS_OK) {
        char line[1024];
        snprintf(line, sizeof line, "%s", status_message());
        if (attach(environment, file, old_live, old_writable) == STATUS_OK) status_fail(status, "%s", line);
    }
    pthread_rwlock_unlock(&environment->remap);
    return status;
}

static enum status open_locked(const char *path, const struct stat *stat, const struct book_file *file,
                               bool live, bool writable, struct environment **out)
{
    for (struct environment *it = open_files.first; it; it = it->next) {
        if (it->device != stat->st_dev || it->inode != stat->st_ino) continue;
        if ((live && !it->live) || (writable && !it->writable)) TRY(upgrade(it, file, live, writable));
        it->references++;
        *out = it;
        return STATUS_OK;
    }
    struct environment *environment = NULL;
    TRY(create(path, stat, &environment));
    enum status status = attach(environment, file, live, writable);
    if (status == STATUS_OK) status = book_check_schema(environment);
    if (status != STATUS_OK) {
        destroy(environment);
        return status;
    }
    environment->next = open_files.first;
    open_files.first = environment;
    *out = environment;
    return STATUS_OK;
}

enum status environment_reopen(struct environment *environment)
{
    int descriptor = open(environment->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open again", environment->path);
    struct book_file file;
    enum status status = book_file_check(descriptor, environment->path, &file);
    close(descriptor);
    return status == STATUS_OK ? upgrade(environment, &file, environment->live, environment->writable)
                               : status;
}

static enum status open_once(const char *path, bool live, bool writable, struct environment **out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) return status_fail(STATUS_NOT_FOUND, "%s: no such book", path);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", path);
    struct book_file file;
    struct stat stat;
    enum status status = book_file_check(descriptor, path, &file);
    if (status == STATUS_OK && fstat(descriptor, &stat))
        status = status_fail_errno(STATUS_IO, "%s: cannot stat", path);
    if (status == STATUS_OK) {
        pthread_once(&fork_once, watch_fork);
        pthread_mutex_lock(&open_files.lock);
        status = open_locked(path, &stat, &file, live, writable, out);
        pthread_mutex_unlock(&open_files.lock);
    }
    int error = errno;
    close(descriptor);
    errno = error;
    return status;
}

enum status environment_open(const char *path, bool live, bool writable, struct environment **out)
{
    enum status status = STATUS_BUSY;
    for (int tries = 0; status == STATUS_BUSY && tries < 3; tries++)
        status = open_once(path, live, writable, out);
    return status;
}

void environment_close(struct environment *environment)
{
    if (!environment_is_ours(environment))
        return; /* the parent's; what remains of it here goes with this process */
    pthread_mutex_lock(&open_files.lock);
    if (--environment->references == 0) {
        struct environment **at = &open_files.first;
        while (*at != environment) at = &(*at)->next;
        *at = environment->next;
        destroy(environment);
    }
    pthread_mutex_unlock(&open_files.lock);
}

enum status environment_grow(struct environment *environment, bool taken_over)
{
    pthread_rwlock_wrlock(&environment->remap);
    MDB_envinfo info;
    int code = mdb_env_info(environment->lmdb, &info);
    /* 0 takes the size that the process which grew the file has noted in it. */
    if (!code) code = mdb_env_set_mapsize(environment->lmdb, taken_over ? 0 : 2 * info.me_mapsize);
    pthread_rwlock_unlock(&environment->remap);
    return code ? lmdb_fail(environment->path, code, "grow its map") : STATUS_OK;
}
