/* The walk over a table that all iterations share. Private to db. */
#ifndef TUNEBOOK_DB_BOOK_EACH_H
#define TUNEBOOK_DB_BOOK_EACH_H

#include "db/book_internal.h"

/* Key and value are private copies, valid during the call. false stops; what *status then holds is the walk's
 * answer. */
typedef bool each_visit(void *context, const MDB_val *key, const MDB_val *value, enum status *status);

/* Visits what begins with `prefix` in key order, in batches that are a transaction each. What is written
 * behind the place reached meanwhile is seen. */
enum status book_each(struct book *book, enum table table, const void *prefix, size_t prefix_bytes,
                      each_visit *visit, void *context);

#endif
