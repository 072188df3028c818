#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"

static bool has_lock_file(const char *path)
{
    struct text name = {0};
    text_format(&name, "%s-lock", path);
    bool exists = !name.failed && access(name.data, F_OK) == 0;
    text_free(&name);
    return exists;
}

/* A book is frozen by what it says inside. One without a lock file has no writer now, so it can be asked
 * without locks; a live one is then opened with them. */
static enum status open_for_reading(const char *path, struct environment **out)
{
    bool locked = has_lock_file(path);
    TRY(environment_open(path, locked, false, out));
    if (locked || environment_is_frozen(*out)) return STATUS_OK;
    struct environment *live;
    enum status status = environment_open(path, true, false, &live);
    /* No lock file and no right to make one: a copy that only somebody else could start to write. */
    if (status == STATUS_IO && !has_lock_file(path)) return STATUS_OK;
    environment_close(*out);
    *out = live;
    return status;
}

/* The lock file belongs to somebody else: a frozen book can be read all the same, a live one cannot. */
static enum status open_without_lock(const char *path, struct environment **out)
{
    struct environment *environment;
    TRY(environment_open(path, false, false, &environment));
    if (environment_is_frozen(environment)) {
        *out = environment;
        return STATUS_OK;
    }
    environment_close(environment);
    return status_fail(
        STATUS_IO,
        "%s: a live book whose lock file %s-lock you may not write; read a frozen copy instead "
        "(autotune freeze)",
        path, path);
}

static enum status open_reading(const char *path, struct environment **out)
{
    enum status status = open_for_reading(path, out);
    if (status != STATUS_IO || (errno != EACCES && errno != EPERM) || access(path, R_OK)) return status;
    return open_without_lock(path, out);
}

static enum status open_writing(const char *path, struct environment **out)
{
    struct stat stat_now;
    if (stat(path, &stat_now) ? errno == ENOENT : S_ISREG(stat_now.st_mode) && stat_now.st_size == 0)
        TRY(book_writer.create(path));
    struct environment *environment;
    if (!has_lock_file(path)) {
        /* Asked before LMDB puts a lock file beside it. */
        TRY(environment_open(path, false, false, &environment));
        if (environment_is_frozen(environment)) goto frozen;
        environment_close(environment);
    }
    TRY(environment_open(path, true, true, &environment));
    if (environment_is_frozen(environment)) goto frozen;
    *out = environment;
    return STATUS_OK;
frozen:
    environment_close(environment);
    return status_fail(STATUS_USAGE,
                       "%s: a frozen book cannot be written; name a live one (a new path makes one)", path);
}

/* On a network file system nothing is mapped in place: there the file may vanish under the map. */
static enum status open_on_network(struct book *book)
{
    char *copy;
    if (book->writable) {
        TRY(book_writer.scratch(book->path, &book->scratch));
        return status_prefix(open_writing(book->scratch, &book->environment), "%s", book->path);
    }
    TRY(scratch_read(book->path, &copy));
    enum status status = environment_open(copy, false, false, &book->environment);
    unlink(copy); /* lives on in the mapping alone */
    free(copy);
    return status_prefix(status, "%s", book->path);
}

enum status book_open(const char *path, enum book_mode mode, struct book **out)
{
    if (mode == BOOK_WRITE && !&book_writer)
        return status_fail(STATUS_UNAVAILABLE, "%s: this program only reads books", path);
    struct book *book = calloc(1, sizeof *book);
    if (!book || !(book->path = strdup(path))) {
        free(book);
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    book->writable = mode == BOOK_WRITE;
    enum status status = book_on_network(path) ? open_on_network(book)
                         : book->writable      ? open_writing(path, &book->environment)
                                               : open_reading(path, &book->environment);
    if (status == STATUS_OK) {
        *out = book;
        return STATUS_OK;
    }
    free(book->scratch);
    free(book->path);
    free(book);
    return status;
}

enum status book_publish(struct book *book)
{
    return book->scratch && &book_writer ? book_writer.publish(book) : STATUS_OK;
}

enum status book_close(struct book *book)
{
    if (!book) return STATUS_OK;
    bool inherited = !environment_is_ours(book->environment);
    enum status status = inherited ? STATUS_OK : book_publish(book);
    environment_close(book->environment);
    free(book->scratch);
    free(book->path);
    free(book);
    return status;
}

const char *book_path(const struct book *book)
{
    return book->path;
}

const char *book_scratch(const struct book *book)
{
    return book->scratch;
}
