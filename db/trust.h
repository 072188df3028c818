/* The public keys that this user trusts: $XDG_CONFIG_HOME/tunebook/trusted/KEYID.pub, minisign's format.
 *
 * Who may write there decides whose code runs here, so keys are refused where anybody else could: as for
 * books, the file and its folder are the user's or root's and writable for nobody else, and nobody can put
 * another folder in their place. */
#ifndef TUNEBOOK_DB_TRUST_H
#define TUNEBOOK_DB_TRUST_H

#include "db/sign.h"

struct trust {
    struct sign_public *keys; /* by id */
    size_t n;
};

/* All of them; none, where there is no folder. One damaged, misnamed or unprotected file refuses all, by
 * name: STATUS_BAD_DATA. trust_free even after a failure. */
enum status trust_load(struct trust *out);
/* One more for this run, trusted by the word of whoever named it (import --trust=KEY). Nothing is written. */
enum status trust_include(struct trust *trust, const struct sign_public *key);
void trust_free(struct trust *trust);

/* The folder, appended. */
enum status trust_folder(struct text *out);

/* What adding did. */
enum trust_change { TRUST_ADDED, TRUST_RENAMED, TRUST_UNCHANGED };
/* The key's comment is kept with it, and one that is trusted gets a new comment where that is not empty.
 * Another key with the same id is STATUS_BAD_DATA. */
enum status trust_add(const struct sign_public *key, enum trust_change *change);
/* By id, in either case of letters; `removed` is it as it is printed. STATUS_USAGE for what is no id,
 * STATUS_NOT_FOUND where it is not trusted. Works where trust_load refuses. */
enum status trust_remove(const char *id, char removed[SIGN_ID_TEXT_BYTES]);

#endif
