/* The union of two books, for freezing and for books on network file systems. Private to db. */
#ifndef TUNEBOOK_DB_BOOK_ABSORB_H
#define TUNEBOOK_DB_BOOK_ABSORB_H

#include "db/book_internal.h"

/* Adds the records and pins of `from` to `to`, entry by entry, with the kernels, code, sources and
 * environments they name. Other kernels stay behind. STATUS_BAD_DATA where a record, a kernel or its code is
 * missing or damaged. */
enum status book_absorb(struct book *to, struct book *from);
/* Also adds rows of this table that `to` does not have; of TABLE_META pins alone. */
enum status book_absorb_table(struct book *to, struct book *from, enum table table);

#endif
