/* What files of keys and signatures have in common: lines of which some are base64. Private to db/sign*.c. */
#ifndef TUNEBOOK_DB_SIGN_INTERNAL_H
#define TUNEBOOK_DB_SIGN_INTERNAL_H

#include "db/sign.h"

enum { SIGN_LINES_MAX = 4, SIGN_BASE64_MAX = 256 };

struct sign_lines {
    struct {
        const char *start;
        size_t size; /* without its line break */
    } items[SIGN_LINES_MAX];
    size_t n;
};

/* "what" is "signature", "public key": how messages begin. More than `most` lines are refused; the last one
 * may lack its line break. */
enum status sign_lines_split(const char *what, const char *bytes, size_t size, size_t most,
                             struct sign_lines *out);
/* Line `index` (from 0) as exactly `size` bytes. */
enum status sign_lines_decode(const char *what, const struct sign_lines *lines, size_t index, void *bytes,
                              size_t size);
/* What follows `prefix` on line `index`. */
enum status sign_lines_comment(const char *what, const struct sign_lines *lines, size_t index,
                               const char *prefix, const char **start, size_t *size);
void sign_base64_append(struct text *out, const void *bytes, size_t size);

extern const char sign_untrusted_prefix[], sign_trusted_prefix[];

/* STATUS_UNAVAILABLE if libsodium cannot be used. Any number of times, from any thread. */
enum status sign_ready(void);

struct sign_secret {
    unsigned char id[SIGN_ID_BYTES];
    unsigned char key[64]; /* seed and public key */
};

#endif
