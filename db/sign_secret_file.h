/* Files that hold a secret: read into locked memory, and only where nobody else may read them. */
#ifndef TUNEBOOK_DB_SIGN_SECRET_FILE_H
#define TUNEBOOK_DB_SIGN_SECRET_FILE_H

#include <stddef.h>
#include "tuner/base/status.h"

/* *bytes has a terminator and is freed by sodium_free, which wipes it. A regular file that the group or
 * others may use, or another user's, is STATUS_BAD_DATA with what would be right; so is one above
 * `limit_bytes`. */
enum status sign_secret_load(const char *path, size_t limit_bytes, char **bytes, size_t *size);

#endif
