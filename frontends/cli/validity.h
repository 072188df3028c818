/* Whether a program here would be given an entry of a book for a problem, and if not, why not: in words, with
 * the values that a condition met. */
#ifndef TUNEBOOK_CLI_VALIDITY_H
#define TUNEBOOK_CLI_VALIDITY_H

#include "db/book.h"
#include "frontends/cli/place.h"
#include "templates/op.h"

enum { VALIDITY_BYTES = 320 };

/* `descriptor` is the entry's kernel's. */
bool entry_usable(const struct place *place, struct book *book, const struct record_entry *entry,
                  const struct descriptor *descriptor, const struct problem *problem,
                  char reason[VALIDITY_BYTES]);

/* Appended: " (m=96, TILE_M=64)": what the names in a condition's text stand for. Nothing where it has none.
 */
void clause_values(const char *clause, const struct descriptor *descriptor, const struct problem *problem,
                   const struct device_facts *facts, struct text *out);

#endif
