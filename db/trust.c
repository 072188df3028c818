#include "db/trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book.h"
#include "tuner/base/file.h"

static const char suffix[] = ".pub";

enum status trust_folder(struct text *out)
{
    return file_config_path("trusted", out);
}

static enum status check_folder(const char *folder)
{
    if (book_folder_is_private(folder)) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA,
                       "%s: others could write there, or put another folder in its place, and so choose "
                       "whom you trust; chmod go-w it and what it lies in",
                       folder);
}

/* ---- reading ---- */

static enum status read_key(const char *path, const char *name, struct sign_public *out)
{
    char id[SIGN_ID_TEXT_BYTES];
    if (!book_is_private(path))
        return status_fail(STATUS_BAD_DATA, "%s: not a file that only you could write; chmod go-w it", path);
    TRY(sign_public_read(path, out));
    sign_id_text(out->id, id);
    if (strlen(name) == strlen(id) + strlen(suffix) && strncmp(name, id, strlen(id)) == 0) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: holds key %s and should be named %s%s", path, id, id, suffix);
}

static bool is_key_file(const char *name)
{
    size_t length = strlen(name), tail = strlen(suffix);
    return *name != '.' && length > tail && strcmp(name + length - tail, suffix) == 0;
}

enum status trust_include(struct trust *trust, const struct sign_public *key)
{
    struct sign_public *keys = realloc(trust->keys, (trust->n + 1) * sizeof *keys);
    if (!keys) return status_fail(STATUS_NO_MEMORY, "no memory for trusted keys");
    trust->keys = keys;
    keys[trust->n++] = *key;
    return STATUS_OK;
}

static enum status add_key(struct trust *trust, const char *folder, const char *name)
{
    struct sign_public key;
    struct text path = {0};
    text_format(&path, "%s/%s", folder, name);
    enum status status = text_status(&path);
    if (status == STATUS_OK) status = read_key(text_string(&path), name, &key);
    if (status == STATUS_OK) status = trust_include(trust, &key);
    text_free(&path);
    return status;
}

static int by_id(const void *a, const void *b)
{
    char id_a[SIGN_ID_TEXT_BYTES], id_b[SIGN_ID_TEXT_BYTES];
    sign_id_text(((const struct sign_public *)a)->id, id_a);
    sign_id_text(((const struct sign_public *)b)->id, id_b);
    return strcmp(id_a, id_b);
}

static enum status load_from(const char *folder, struct trust *out)
{
    DIR *dir = opendir(folder);
    if (!dir && errno == ENOENT) return STATUS_OK;
    if (!dir) return status_fail_errno(STATUS_IO, "cannot read %s", folder);
    enum status status = check_folder(folder);
    while (status == STATUS_OK) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno) status = status_fail_errno(STATUS_IO, "cannot read %s", folder);
        if (!entry) break;
        if (is_key_file(entry->d_name)) status = add_key(out, folder, entry->d_name);
    }
    closedir(dir);
    if (out->n) qsort(out->keys, out->n, sizeof *out->keys, by_id);
    return status;
}

enum status trust_load(struct trust *out)
{
    struct text folder = {0};
    *out = (struct trust){0};
    enum status status = trust_folder(&folder);
    if (status == STATUS_OK) status = load_from(text_string(&folder), out);
    if (status != STATUS_OK) trust_free(out); /* half of the keys would be another answer */
    text_free(&folder);
    return status;
}

void trust_free(struct trust *trust)
{
    free(trust->keys);
    *trust = (struct trust){0};
}

/* ---- changing ---- */

static enum status path_of(const char *id, struct text *folder, struct text *path)
{
    TRY(trust_folder(folder));
    text_format(path, "%s/%s%s", text_string(folder), id, suffix);
    return text_status(path);
}

static enum status write_key(const char *path, const struct sign_public *key)
{
    struct text bytes = {0};
    enum status status = sign_public_print(key, &bytes);
    if (status == STATUS_OK) status = file_publish(path, text_string(&bytes), bytes.size, 0644);
    text_free(&bytes);
    return status;
}

static enum status add_at(const char *folder, const char *path, const struct sign_public *key,
                          enum trust_change *change)
{
    struct sign_public there;
    TRY(file_make_folders(folder));
    TRY(check_folder(folder));
    *change = TRUST_ADDED;
    if (access(path, F_OK) == 0) {
        TRY(sign_public_read(path, &there));
        char id[SIGN_ID_TEXT_BYTES];
        sign_id_text(key->id, id);
        if (memcmp(there.key, key->key, sizeof there.key) != 0)
            return status_fail(
                STATUS_BAD_DATA,
                "another key with the id %s is trusted already (%s): one of the two is not what "
                "it says; 'autotune trust remove %s' forgets that one",
                id, path, id);
        *change = *key->comment && strcmp(there.comment, key->comment) != 0 ? TRUST_RENAMED : TRUST_UNCHANGED;
    }
    return *change == TRUST_UNCHANGED ? STATUS_OK : write_key(path, key);
}

enum status trust_add(const struct sign_public *key, enum trust_change *change)
{
    struct text folder = {0}, path = {0};
    char id[SIGN_ID_TEXT_BYTES];
    sign_id_text(key->id, id);
    enum status status = path_of(id, &folder, &path);
    if (status == STATUS_OK) status = add_at(text_string(&folder), text_string(&path), key, change);
    text_free(&folder);
    text_free(&path);
    return status;
}

/* Ids as minisign prints them, whatever case they were typed in. */
static enum status canonical_id(const char *text, char out[SIGN_ID_TEXT_BYTES])
{
    unsigned char bytes[SIGN_ID_BYTES], reversed[SIGN_ID_BYTES];
    if (!text_unhex(text, bytes, sizeof bytes))
        return status_fail(STATUS_USAGE, "%s: not a key's id, such as 9BAD6D6C3605F31B", text);
    for (int i = 0; i < SIGN_ID_BYTES; i++) reversed[i] = bytes[SIGN_ID_BYTES - 1 - i];
    sign_id_text(reversed, out);
    return STATUS_OK;
}

enum status trust_remove(const char *id, char removed[SIGN_ID_TEXT_BYTES])
{
    struct text folder = {0}, path = {0};
    TRY(canonical_id(id, removed));
    enum status status = path_of(removed, &folder, &path);
    if (status == STATUS_OK && unlink(text_string(&path)) != 0)
        status = errno == ENOENT
                     ? status_fail(STATUS_NOT_FOUND,
                                   "%s: not trusted here; 'autotune trust list' says who is", removed)
                     : status_fail_errno(STATUS_IO, "cannot remove %s", text_string(&path));
    text_free(&folder);
    text_free(&path);
    return status;
}
