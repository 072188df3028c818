/* Several books side by side: one table of each, in key order, rows of one key together. Private to db.
 *
 * Each book is read through one transaction from open to close, so that its tables fit each other and a
 * second walk sees what the first saw. While that lasts a live book does not reuse the pages its writers
 * free. Memory stays small however large the books are: pages that were read are let go as the walk goes on.
 */
#ifndef TUNEBOOK_DB_BOOK_JOIN_H
#define TUNEBOOK_DB_BOOK_JOIN_H

#include "db/book_internal.h"

struct join;

enum status join_open(struct book *const *books, size_t n_books, struct join **out);
void join_close(struct join *join); /* NULL is fine */

/* `values` has one for each book, in the order of join_open; mv_data is NULL where the book lacks the key.
 * Everything points into the maps, valid and unchecked until the join is closed. false stops; what *status
 * then holds is the walk's answer. */
typedef bool join_visit(void *context, const MDB_val *key, const MDB_val *values, enum status *status);
enum status join_table(struct join *join, enum table table, join_visit *visit, void *context);

/* Byte order, the shorter first: that of a table's keys. */
int join_compare(const MDB_val *a, const MDB_val *b);

#endif
