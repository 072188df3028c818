#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/merge_internal.h"

enum { COMMIT_BYTES = 16 << 20 };

static enum status fail(const struct merge_output *output, int code, const char *doing)
{
    if (code == MDB_KEYEXIST)
        return status_fail(STATUS_BAD_DATA, "%s: cannot be written: keys of a book are out of order",
                           output->path);
    return lmdb_fail(output->path, code, doing);
}

static int begin(struct merge_output *output)
{
    output->written_bytes = 0;
    return mdb_txn_begin(output->lmdb, NULL, 0, &output->txn);
}

/* Nobody else sees the file, and a crash leaves only a file to be thrown away: it is synced once, at the end.
 */
static int open_work(struct merge_output *output, uint64_t bytes_at_most, const char *id)
{
    enum { MAP_STEP = 1 << 20 };
    size_t map = (size_t)((2 * bytes_at_most + MAP_BYTES_FIRST) & ~(uint64_t)(MAP_STEP - 1));
    int code = mdb_env_create(&output->lmdb);
    if (code) return code;
    if ((code = mdb_env_set_maxdbs(output->lmdb, TABLE_COUNT)) ||
        (code = mdb_env_set_mapsize(output->lmdb, map)) ||
        (code =
             mdb_env_open(output->lmdb, output->work.data, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0644)) ||
        (code = book_fill(output->lmdb, id)) || (code = begin(output)))
        return code;
    return environment_create_tables(output->txn, output->tables);
}

/* Beside its place, but for a network file system, where only the finished book goes. */
static enum status name_work(struct merge_output *output)
{
    bool on_network = book_on_network(output->path);
    TRY(work_folder_begin(output->path, &output->beside));
    if (on_network) TRY(scratch_work(output->path, &output->local));
    TRY(work_folder_file(on_network ? &output->local : &output->beside, "book", &output->work));
    return on_network ? work_folder_file(&output->beside, "book", &output->copy) : STATUS_OK;
}

enum status merge_output_open(struct merge_output *output, const char *path, uint64_t bytes_at_most)
{
    char id[33];
    *output = (struct merge_output){.path = path};
    TRY(folder_make(path));
    TRY(book_new_id(path, id));
    TRY(name_work(output));
    int code = open_work(output, bytes_at_most, id);
    return code ? fail(output, code, "create") : STATUS_OK;
}

enum status merge_output_put(struct merge_output *output, enum table table, const MDB_val *key,
                             const MDB_val *value)
{
    MDB_val put_key = *key, put_value = *value;
    /* Notes stand there from the beginning. */
    unsigned flags = table == TABLE_META ? 0 : MDB_APPEND;
    int code = mdb_put(output->txn, output->tables[table], &put_key, &put_value, flags);
    output->written_bytes += key->mv_size + value->mv_size;
    if (!code && output->written_bytes >= COMMIT_BYTES) {
        code = mdb_txn_commit(output->txn);
        output->txn = NULL;
        if (!code) code = begin(output);
    }
    return code ? fail(output, code, "write") : STATUS_OK;
}

bool merge_output_has(struct merge_output *output, enum table table, const struct hash *hash)
{
    MDB_val key = value_of(hash->bytes, sizeof hash->bytes), value;
    return mdb_get(output->txn, output->tables[table], &key, &value) == 0;
}

/* What was worked on in a local folder goes where it shall be, under another name. */
static int copy_to_network(struct merge_output *output)
{
    int descriptor = open(output->copy.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) return errno;
    int code = mdb_env_copyfd2(output->lmdb, descriptor, MDB_CP_COMPACT);
    if (!code && fsync(descriptor)) code = errno;
    if (close(descriptor) && !code) code = errno;
    return code;
}

enum status merge_output_finish(struct merge_output *output)
{
    int code = mdb_txn_commit(output->txn);
    output->txn = NULL;
    if (!code) code = mdb_env_sync(output->lmdb, 1);
    if (!code && output->copy.size) code = copy_to_network(output);
    if (code) return fail(output, code, "write");
    mdb_env_close(output->lmdb);
    output->lmdb = NULL;
    return STATUS_OK;
}

enum status merge_output_name(struct merge_output *output)
{
    int code = book_take_name(output->copy.size ? output->copy.data : output->work.data, output->path);
    if (code == EEXIST)
        return status_fail(STATUS_USAGE, "%s: was made by somebody else meanwhile; name another file",
                           output->path);
    if (code) return fail(output, code, "create");
    folder_sync(output->path); /* it has its name: what fails from here on takes nothing back */
    return STATUS_OK;
}

enum status merge_output_publish(struct merge_output *output)
{
    TRY(merge_output_finish(output));
    return merge_output_name(output);
}

void merge_output_discard(struct merge_output *output)
{
    if (output->txn) mdb_txn_abort(output->txn);
    if (output->lmdb) mdb_env_close(output->lmdb);
    work_folder_end(&output->beside);
    work_folder_end(&output->local);
    text_free(&output->work);
    text_free(&output->copy);
    *output = (struct merge_output){0};
}
