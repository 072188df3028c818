#include <stdlib.h>
#include "db/book_internal.h"
#include "tuner/base/file.h"

bool book_on_network(const char *path)
{
    const char *forced = getenv("TUNEBOOK_TEST_NETWORK_FS"), *name;
    return (forced && forced[0] == '1') || file_on_network(path, &name);
}
enum status scratch_open(const char *path, bool writable, char **scratch)
{
    (void)path;
    (void)writable;
    (void)scratch;
    return status_fail(STATUS_UNAVAILABLE, "%s: on a network file system", path);
}
enum status scratch_publish(struct book *book)
{
    (void)book;
    return STATUS_OK;
}
