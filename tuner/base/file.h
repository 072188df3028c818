/* Whole files, published by rename so that a reader never sees half of one. */
#ifndef TUNEBOOK_BASE_FILE_H
#define TUNEBOOK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

/* Reads a whole regular file; refuses one above `limit_bytes` by name. */
enum status file_read(const char *path, size_t limit_bytes, struct text *out);

/* Writes path.XXXXXX beside the target, fsyncs, renames over `path`, fsyncs the folder. Leaves nothing on failure. */
enum status file_publish(const char *path, const void *bytes, size_t size, unsigned mode);

/* mkdir -p. */
enum status file_make_folders(const char *path);

/* True when `path` (or its nearest existing parent) lies on NFS, SMB, FUSE-sshfs, Lustre, GPFS, AFS, 9p, Ceph. The file
 * system's name goes to *name (static). */
bool file_on_network(const char *path, const char **name);

/* "$XDG_DATA_HOME/tunebook/LEAF" (else "$HOME/.local/share/..."), and the same for the cache. STATUS_USAGE if neither
 * variable is set. The text is appended to `out`. */
enum status file_data_path(const char *leaf, struct text *out);
enum status file_cache_path(const char *leaf, struct text *out);

#endif
