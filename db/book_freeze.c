#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_absorb.h"
#include "db/book_each.h"
#include "db/pin_rows.h"

static void add_bytes(struct sha256 *sha, const MDB_val *bytes)
{
    uint64_t size = bytes->mv_size;
    sha256_add(sha, &size, sizeof size);
    sha256_add(sha, bytes->mv_data, bytes->mv_size);
}

static bool digest_row(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    (void)status;
    add_bytes(context, key);
    add_bytes(context, value);
    return true;
}

enum status book_digest(struct book *book, char out[SHA256_HEX_BYTES])
{
    struct sha256 sha;
    sha256_begin(&sha);
    for (enum table table = TABLE_META + 1; table < TABLE_COUNT; table++) {
        sha256_add_field(&sha, table_name(table));
        TRY(book_each(book, table, "", 0, digest_row, &sha));
    }
    TRY(pins_digest(book, &sha));
    struct hash hash = sha256_end(&sha);
    text_hex(hash.bytes, sizeof hash.bytes, out);
    return STATUS_OK;
}

/* Content names a frozen book: no random id, no date. */
static int notes_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    MDB_val digest = value_of(context, SHA256_HEX_BYTES - 1), id = value_of(context, 32);
    MDB_val frozen_key = value_of("frozen", 6), id_key = value_of("id", 2);
    MDB_dbi meta = book->environment->tables[TABLE_META];
    int code = mdb_put(txn, meta, &frozen_key, &digest, 0);
    return code ? code : mdb_put(txn, meta, &id_key, &id, 0);
}

static enum status write_frozen(struct book *built, const char *copy)
{
    int descriptor = open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot create", copy);
    int code = mdb_env_copyfd2(built->environment->lmdb, descriptor, MDB_CP_COMPACT);
    enum status status = code ? lmdb_fail(copy, code, "write") : freeze_clean_pages(descriptor, copy);
    if (status == STATUS_OK && fsync(descriptor))
        status = status_fail_errno(STATUS_IO, "%s: cannot write", copy);
    if (close(descriptor) && status == STATUS_OK)
        status = status_fail_errno(STATUS_IO, "%s: cannot write", copy);
    return status;
}

static enum status build(struct book *const *books, size_t n_books, struct book *built)
{
    char digest[SHA256_HEX_BYTES];
    for (size_t i = 0; i < n_books; i++) TRY(book_absorb(built, books[i]));
    TRY(book_digest(built, digest));
    return book_write(built, "note that it is frozen", notes_body, digest);
}

/* The book is built in `work` and leaves it as a compact copy. */
static enum status freeze_through(struct book *const *books, size_t n_books, const char *work,
                                  const char *copy, const char *path)
{
    struct book built = {.path = (char *)path, .writable = true};
    TRY(book_create_here(work, path));
    TRY(environment_open(work, true, true, &built.environment));
    enum status status = build(books, n_books, &built);
    if (status == STATUS_OK) status = write_frozen(&built, copy);
    environment_close(built.environment);
    if (status == STATUS_OK && rename(copy, path))
        status = status_fail_errno(STATUS_IO, "%s: cannot create", path);
    if (status == STATUS_OK) folder_sync(path);
    return status;
}

/* The frozen copy is made beside its place. So is the book, but for a network file system. */
static enum status freeze_beside(struct book *const *books, size_t n_books, const struct work_folder *beside,
                                 const char *path)
{
    struct work_folder local = {0};
    struct text work = {0}, copy = {0};
    bool on_network = book_on_network(path);
    enum status status = on_network ? scratch_work(path, &local) : STATUS_OK;
    if (status == STATUS_OK) status = work_folder_file(on_network ? &local : beside, "book", &work);
    if (status == STATUS_OK) status = work_folder_file(beside, "copy", &copy);
    if (status == STATUS_OK) status = freeze_through(books, n_books, work.data, copy.data, path);
    work_folder_end(&local);
    text_free(&work);
    text_free(&copy);
    return status;
}

enum status book_freeze(struct book *const *books, size_t n_books, const char *path)
{
    struct work_folder beside;
    struct stat stat_now;
    if (stat(path, &stat_now) == 0 && !S_ISREG(stat_now.st_mode))
        return status_fail(STATUS_USAGE, "%s: not a regular file, cannot be replaced by a frozen book", path);
    TRY(folder_make(path));
    TRY(work_folder_begin(path, &beside));
    enum status status = freeze_beside(books, n_books, &beside, path);
    work_folder_end(&beside);
    return status;
}
