#include <errno.h>
#include "db/book_internal.h"

const char *table_name(enum table table)
{
    static const char *const names[TABLE_COUNT] = {
#define TABLE(enumerator, name) name,
        BOOK_TABLES(TABLE)
#undef TABLE
    };
    return names[table];
}

enum status lmdb_fail(const char *path, int code, const char *doing)
{
    switch (code) {
    case ENOMEM: return status_fail(STATUS_NO_MEMORY, "%s: cannot %s: out of memory", path, doing);
    case EAGAIN:
        return status_fail(STATUS_BUSY,
                           "%s: cannot %s: other processes keep opening, closing or writing it; try again",
                           path, doing);
    case MDB_READERS_FULL:
        return status_fail(STATUS_BUSY,
                           "%s: cannot %s: all reader places of its lock file are taken; try again", path,
                           doing);
    case MDB_PANIC:
        return status_fail(STATUS_IO, "%s: cannot %s: an earlier write failed half-way; open it again", path,
                           doing);
    default: break;
    }
    if (code < 0)
        return status_fail(STATUS_BAD_DATA, "%s: cannot %s: %s; restore a backup or tune again", path, doing,
                           mdb_strerror(code));
    errno = code;
    return status_fail_errno(STATUS_IO, "%s: cannot %s", path, doing);
}
