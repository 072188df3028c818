#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "db/book_internal.h"

int environment_create_tables(MDB_txn *txn, MDB_dbi tables[TABLE_COUNT])
{
    int code = 0;
    for (enum table table = 0; table < TABLE_COUNT && !code; table++)
        code = mdb_dbi_open(txn, table_name(table), MDB_CREATE, &tables[table]);
    return code;
}

static int put_note(MDB_txn *txn, MDB_dbi meta, const char *name, const char *text)
{
    MDB_val key = value_of(name, strlen(name)), value = value_of(text, strlen(text));
    return mdb_put(txn, meta, &key, &value, 0);
}

int book_fill(MDB_env *lmdb, const char *id)
{
    MDB_txn *txn;
    MDB_dbi tables[TABLE_COUNT];
    char schema[16];
    snprintf(schema, sizeof schema, "%d", SCHEMA_VERSION);
    int code = mdb_txn_begin(lmdb, NULL, 0, &txn);
    if (code) return code;
    if ((code = environment_create_tables(txn, tables)) ||
        (code = put_note(txn, tables[TABLE_META], "schema", schema)) ||
        (code = put_note(txn, tables[TABLE_META], "id", id)) ||
        (code = put_note(txn, tables[TABLE_META], "creator", "tunebook"))) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

static int write_empty(const char *path, const char *id)
{
    MDB_env *lmdb;
    int code = mdb_env_create(&lmdb);
    if (code) return code;
    if (!(code = mdb_env_set_maxdbs(lmdb, TABLE_COUNT)) &&
        !(code = mdb_env_set_mapsize(lmdb, MAP_BYTES_FIRST)) &&
        !(code = mdb_env_open(lmdb, path, MDB_NOSUBDIR | MDB_NOLOCK, 0644)))
        code = book_fill(lmdb, id);
    mdb_env_close(lmdb);
    return code;
}

int book_take_name(const char *temporary, const char *path)
{
    struct stat stat_now;
    if (stat(path, &stat_now) == 0 && S_ISREG(stat_now.st_mode) && stat_now.st_size == 0)
        return rename(temporary, path) ? errno : 0;
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    if (link(temporary, path)) return errno;
    unlink(temporary);
    return 0;
}

enum status book_new_id(const char *path, char out[33])
{
    uint8_t random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return status_fail_errno(STATUS_IO, "%s: no random numbers for its id", path);
    text_hex(random, sizeof random, out);
    return STATUS_OK;
}

enum status book_create_here(const char *file, const char *path)
{
    char id[33];
    TRY(book_new_id(path, id));
    int code = write_empty(file, id);
    return code ? lmdb_fail(path, code, "create") : STATUS_OK;
}

enum status book_create(const char *path)
{
    struct work_folder work;
    struct text file = {0};
    int code = 0;
    TRY(folder_make(path));
    TRY(work_folder_begin(path, &work));
    enum status status = work_folder_file(&work, "book", &file);
    if (status == STATUS_OK) status = book_create_here(file.data, path);
    if (status == STATUS_OK) code = book_take_name(file.data, path);
    text_free(&file);
    work_folder_end(&work);
    if (code == EEXIST) return STATUS_OK; /* somebody was faster */
    if (code) return lmdb_fail(path, code, "create");
    if (status == STATUS_OK) folder_sync(path);
    return status;
}
