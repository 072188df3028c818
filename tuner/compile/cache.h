/* Compiled code, kept by what it was compiled from. Wholly optional: it may be unwritable, deleted or damaged
 * at any time. */
#ifndef TUNEBOOK_COMPILE_CACHE_H
#define TUNEBOOK_COMPILE_CACHE_H

#include <stdbool.h>
#include "tuner/base/sha256.h"
#include "tuner/base/text.h"
#include "tuner/compile/compiler.h"

struct hash cache_key(const struct compile_request *request, const char *identity);

/* The code kept under the key and its hash; false where there is none, or where what is there is not what was
 * kept, or could have been written by somebody else. */
bool cache_get(const struct hash *key, struct text *code, struct hash *code_hash);

/* Keeps it, or tells why it could not. */
enum status cache_try_put(const struct hash *key, const struct text *code, const struct hash *code_hash);
/* The same. One that cannot be written is one warning on stderr, the first time. */
void cache_put(const struct hash *key, const struct text *code, const struct hash *code_hash);

#endif
