/* Signatures in minisign's format: keys, signatures and password files may come from minisign and go to it.
 *
 * What is signed is the BLAKE2b-512 of a file ("ED", prehashed); the older "Ed", which signs the bytes
 * themselves, is refused by name: a bundle is hashed as it is read and never held whole. A key's id tells
 * which key to try and proves nothing. docs/signatures.md says what trust in a key means. */
#ifndef TUNEBOOK_DB_SIGN_H
#define TUNEBOOK_DB_SIGN_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum {
    SIGN_HASH_BYTES = 64,
    SIGN_ID_BYTES = 8,
    SIGN_ID_TEXT_BYTES = 17,     /* "9BAD6D6C3605F31B" */
    SIGN_COMMENT_BYTES = 1024,   /* of a key, with the terminator */
    SIGN_TRUSTED_BYTES = 8192,   /* of a signature, with the terminator */
    SIGN_PASSWORD_BYTES = 1024,  /* with the terminator */
    SIGN_FILE_BYTES_MAX = 16384, /* no key or signature file is larger */
};

/* ---- BLAKE2b-512, in pieces ---- */

struct sign_hash {
    alignas(64) unsigned char state[384]; /* libsodium's, whose header stays with those who use it */
};
enum status sign_hash_begin(struct sign_hash *hash); /* STATUS_UNAVAILABLE if libsodium cannot be used */
void sign_hash_add(struct sign_hash *hash, const void *bytes, size_t size);
void sign_hash_end(struct sign_hash *hash, unsigned char out[SIGN_HASH_BYTES]);
/* Of a whole file. STATUS_NOT_FOUND, STATUS_BAD_DATA (no regular file), STATUS_IO. */
enum status sign_hash_file(const char *path, unsigned char out[SIGN_HASH_BYTES]);

/* ---- public keys ---- */

struct sign_public {
    unsigned char id[SIGN_ID_BYTES];
    unsigned char key[32];
    char comment[SIGN_COMMENT_BYTES]; /* the untrusted comment of its file; "" for a bare key */
};
/* "9BAD6D6C3605F31B", as minisign prints ids. */
void sign_id_text(const unsigned char id[SIGN_ID_BYTES], char out[SIGN_ID_TEXT_BYTES]);
/* The content of a key file, or the line of base64 alone. STATUS_BAD_DATA. */
enum status sign_public_parse(const char *bytes, size_t size, struct sign_public *out);
/* A file's path, or the line of base64 itself. What is neither is STATUS_NOT_FOUND. */
enum status sign_public_read(const char *file_or_key, struct sign_public *out);
/* The content of its file, appended. */
enum status sign_public_print(const struct sign_public *key, struct text *out);
/* The comment as it can be shown, cut to what fits: control characters but tabs, and what is no UTF-8, become
 * '?'. Comments in struct sign_public and struct sign_verdict are so already. */
void sign_comment_clean(const char *comment, size_t size, char *out, size_t out_size);

/* ---- secret keys ---- */

struct sign_secret; /* in locked memory, wiped when freed */
/* Puts the password of the key at `path` into out[size], with a terminator. */
typedef enum status sign_password(void *context, const char *path, char *out, size_t size);
/* A sign_password: context is the path of a file whose first line it is, or NULL: then the file that
 * $TUNEBOOK_PASSWORD_FILE names, else the terminal is asked, without echo; a signal meanwhile
 * takes its course once the terminal is restored. STATUS_UNAVAILABLE without one. */
sign_password sign_password_ask;

/* Refused by name (STATUS_BAD_DATA): a file that the group or others may use in any way, one of another user,
 * a wrong password, what is no secret key, a derivation costlier than minisign's own. */
enum status sign_secret_read(const char *path, sign_password *password, void *context,
                             struct sign_secret **out);
/* The same of a file's content, which the caller wipes. `path` is for messages and the password. */
enum status sign_secret_parse(const char *path, const char *bytes, size_t size, sign_password *password,
                              void *context, struct sign_secret **out);
void sign_secret_free(struct sign_secret *secret); /* NULL is fine */
/* Its public half, without a comment. */
void sign_secret_public(const struct sign_secret *secret, struct sign_public *out);

/* ---- signatures ---- */

/* The trusted comment that minisign writes for a file: time, name, "hashed". */
enum status sign_comment_of(const char *path, struct text *out);
/* The content of FILE.minisig, appended. STATUS_USAGE for a comment that is too long or cannot be
 * shown as it is. */
enum status sign_make(const struct sign_secret *secret, const unsigned char hash[SIGN_HASH_BYTES],
                      const char *trusted_comment, struct text *out);

struct sign_verdict {
    const struct sign_public *key;            /* the one of `keys` that signed it; NULL unless STATUS_OK */
    char id[SIGN_ID_TEXT_BYTES];              /* who says to have signed it; "" where that is unreadable */
    char trusted_comment[SIGN_TRUSTED_BYTES]; /* "" unless STATUS_OK */
};
/* STATUS_OK: signature and trusted comment are by one of `keys`. STATUS_NOT_FOUND: well-formed, and by none
 * of them. STATUS_BAD_DATA: malformed, or it does not match: another file, a changed one, a forged comment.
 */
enum status sign_check(const char *signature, size_t size, const unsigned char hash[SIGN_HASH_BYTES],
                       const struct sign_public *keys, size_t n_keys, struct sign_verdict *out);

/* FILE.minisig beside `path`: read (STATUS_NOT_FOUND where there is none), or written whole or not at all. */
enum status sign_beside_read(const char *path, struct text *out);
enum status sign_beside_write(const char *path, const struct text *signature);

#endif
