/* A bundle's bytes through libarchive, member by member. Private to db. */
#ifndef TUNEBOOK_DB_BUNDLE_PACK_H
#define TUNEBOOK_DB_BUNDLE_PACK_H

#include "db/bundle_format.h"

struct archive;

/* ---- writing ---- */

struct pack {
    const char *path;
    int fd;
    struct archive *archive;
    struct sha256 sha;
    int error; /* errno of a write that failed */
};
enum status pack_begin(const char *path, int fd, struct pack *out);
enum status pack_member(struct pack *pack, const char *name, uint64_t bytes);
enum status pack_write(struct pack *pack, const void *bytes, size_t size);
/* Ends the archive and seals the file. */
enum status pack_end(struct pack *pack);
void pack_free(struct pack *pack); /* at any time */

/* ---- reading ---- */

struct bundle_file {
    const char *path;
    int fd;
    uint64_t bytes;   /* without the seal */
    struct hash hash; /* of these */
};
/* Opens, reads all and checks the seal; the verifier sees the whole file. */
enum status bundle_file_open(const char *path, const struct bundle_verifier *verifier,
                             const volatile int *stop, bool *trusted, struct bundle_file *out);
void bundle_file_close(struct bundle_file *file);

/* The members of the file, from its beginning. It hashes what it reads: unpack_end refuses a file that is not
 * the one that was opened. */
struct unpack {
    const struct bundle_file *file;
    const volatile int *stop;
    struct archive *raw, *tar;
    struct sha256 file_sha, member_sha;
    uint64_t at, unpacked, allowed, end, member_left;
    const void *last; /* block of tar; the outer archive's */
    size_t last_bytes;
    char member[256];
    enum status status; /* of the callbacks, with the line in `line` */
    char line[512];
    uint8_t *buffer;
};
enum status unpack_begin(const struct bundle_file *file, const volatile int *stop, struct unpack *out);
/* So many bytes of tar, its end included: what is behind them may only pad. */
void unpack_allow(struct unpack *unpack, uint64_t bytes);
/* The next member's name and size; STATUS_NOT_FOUND behind the last. What is no plain file is refused. */
enum status unpack_next(struct unpack *unpack, uint64_t *bytes);
/* Up to `size` bytes of it; *got is 0 at its end alone. */
enum status unpack_read(struct unpack *unpack, void *out, size_t size, size_t *got);
/* All of it was read and has this SHA-256. */
enum status unpack_check(struct unpack *unpack, const struct hash *sha256);
/* Nothing follows. */
enum status unpack_end(struct unpack *unpack);
void unpack_free(struct unpack *unpack);

#endif
