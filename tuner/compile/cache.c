#include "tuner/compile/cache.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tuner/base/file.h"

enum { ENTRY_LIMIT = 65 << 20 };

/* An entry is this line, the SHA-256 of the code, the code. */
static const char magic[] = "tunebook code 1\n";
enum { MAGIC_BYTES = sizeof magic - 1, HEAD_BYTES = MAGIC_BYTES + SHA256_BYTES };

struct hash cache_key(const struct compile_request *request, const char *identity)
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, request->source);
    sha256_add_field(&sha, request->definitions);
    sha256_add_field(&sha, request->target);
    sha256_add_field(&sha, identity);
    return sha256_end(&sha);
}

/* "$XDG_CACHE_HOME/tunebook/code/HH", and "/HASH" behind it. */
static enum status entry_path(const struct hash *key, struct text *folder, struct text *path)
{
    char hex[SHA256_HEX_BYTES], leaf[16];
    text_hex(key->bytes, SHA256_BYTES, hex);
    snprintf(leaf, sizeof leaf, "code/%.2s", hex);
    TRY(file_cache_path(leaf, folder));
    text_format(path, "%s/%s", text_string(folder), hex);
    return text_status(path);
}

/* Host code that somebody else could have put there is not loaded. */
static bool is_ours(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
           !(info.st_mode & 022);
}

static bool take_entry(const struct text *entry, struct text *code, struct hash *code_hash)
{
    if (entry->size <= HEAD_BYTES || memcmp(entry->data, magic, MAGIC_BYTES) != 0) return false;
    struct hash hash = sha256_of(entry->data + HEAD_BYTES, entry->size - HEAD_BYTES);
    if (memcmp(hash.bytes, entry->data + MAGIC_BYTES, SHA256_BYTES) != 0) return false;
    text_append_bytes(code, entry->data + HEAD_BYTES, entry->size - HEAD_BYTES);
    *code_hash = hash;
    return text_status(code) == STATUS_OK;
}

bool cache_get(const struct hash *key, struct text *code, struct hash *code_hash)
{
    struct text folder = {0}, path = {0}, entry = {0};
    bool found = entry_path(key, &folder, &path) == STATUS_OK && is_ours(text_string(&path)) &&
                 file_read(text_string(&path), ENTRY_LIMIT, &entry) == STATUS_OK;
    if (found && !take_entry(&entry, code, code_hash)) {
        unlink(text_string(&path)); /* damaged: it is compiled again */
        found = false;
    }
    text_free(&folder);
    text_free(&path);
    text_free(&entry);
    return found;
}

/* Like file_publish but without waiting for the disk: an entry that a power failure tears is found out by its
 * hash. */
static enum status write_entry(const char *path, const struct text *entry)
{
    struct text name = {0};
    text_format(&name, "%s.XXXXXX", path);
    TRY(text_status(&name));
    int file = mkostemp(name.data, O_CLOEXEC); /* mode 0600 */
    enum status status = file < 0 ? status_fail_errno(STATUS_IO, "cannot write %s", path) : STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < entry->size;) {
        ssize_t written = write(file, entry->data + done, entry->size - done);
        if (written <= 0)
            status = status_fail_errno(STATUS_IO, "cannot write %s", path);
        else
            done += (size_t)written;
    }
    if (file >= 0) close(file);
    if (status == STATUS_OK && rename(name.data, path) != 0)
        status = status_fail_errno(STATUS_IO, "cannot write %s", path);
    if (status != STATUS_OK && file >= 0) unlink(name.data);
    text_free(&name);
    return status;
}

enum status cache_try_put(const struct hash *key, const struct text *code, const struct hash *code_hash)
{
    struct text folder = {0}, path = {0}, entry = {0};
    text_append_bytes(&entry, magic, MAGIC_BYTES);
    text_append_bytes(&entry, code_hash->bytes, SHA256_BYTES);
    text_append_bytes(&entry, code->data, code->size);
    enum status status = text_status(&entry);
    if (status == STATUS_OK) status = entry_path(key, &folder, &path);
    if (status == STATUS_OK) status = file_make_folders(text_string(&folder));
    if (status == STATUS_OK) status = write_entry(text_string(&path), &entry);
    text_free(&folder);
    text_free(&path);
    text_free(&entry);
    return status;
}

void cache_put(const struct hash *key, const struct text *code, const struct hash *code_hash)
{
    static atomic_bool warned;
    if (cache_try_put(key, code, code_hash) != STATUS_OK && !atomic_exchange(&warned, true))
        fprintf(stderr, "warning: compiled code is not kept for the next run: %s\n", status_message());
}
