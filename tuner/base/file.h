/* Whole files, published by rename so that a reader never sees half of one. */
#ifndef TUNEBOOK_BASE_FILE_H
#define TUNEBOOK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

/* Reads a whole regular file and appends it; refuses one above `limit_bytes` by name. STATUS_NOT_FOUND where
 * there is none, STATUS_BAD_DATA for a folder, a pipe or too large a file, STATUS_IO for the rest. */
enum status file_read(const char *path, size_t limit_bytes, struct text *out);

/* The same; one that begins as zstd's frames do is decompressed, to at most `limit_bytes`. The tuner's: it
 * needs libzstd. */
enum status file_read_unpacked(const char *path, size_t limit_bytes, struct text *out);

/* Writes path.XXXXXX beside the target, fsyncs, renames over `path`, fsyncs the folder. Leaves nothing on
 * failure (if only the last fsync fails, the whole new file is there). `mode` meets the umask. STATUS_IO. */
enum status file_publish(const char *path, const void *bytes, size_t size, unsigned mode);

/* The same for what is too large to be held: written to draft->fd, under a name of its own beside `path`, and
 * then published or abandoned. `path` outlives it. After either the draft is gone; abandoning twice is fine.
 */
struct file_draft {
    const char *path;
    int fd;
    struct text name;
};
enum status file_draft_begin(const char *path, unsigned mode, struct file_draft *out);
enum status file_draft_publish(struct file_draft *draft);
void file_draft_abandon(struct file_draft *draft);
/* Goes on after a short write and a signal; false with errno. */
bool file_write_all(int fd, const char *bytes, size_t size);

/* mkdir -p, never writable for the group. STATUS_IO names the folder at fault. */
enum status file_make_folders(const char *path);

/* True when `path` (or its nearest existing parent) lies on NFS, SMB, FUSE-sshfs, Lustre, GPFS, AFS, 9p,
 * Ceph. The file system's name goes to *name (static). */
bool file_on_network(const char *path, const char **name);

/* The same judgement on statfs's f_type and, for FUSE, the mount's type ("fuse.sshfs"). NULL: local. */
const char *file_network_name(uint32_t magic, const char *mount_type);

/* "$XDG_DATA_HOME/tunebook/LEAF" (else "$HOME/.local/share/..."), and the same for the cache and the
 * configuration. STATUS_USAGE if neither variable is set. The text is appended to `out`. */
enum status file_data_path(const char *leaf, struct text *out);
enum status file_cache_path(const char *leaf, struct text *out);
enum status file_config_path(const char *leaf, struct text *out);

#endif
