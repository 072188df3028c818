/* One row of a book's table, judged by itself: what its own bytes can prove. Private to db. */
#ifndef TUNEBOOK_DB_ROW_H
#define TUNEBOOK_DB_ROW_H

#include "db/book_internal.h"

/* What a row decodes to; points into its value. Of a note the record of a pin, else an empty one. */
struct row {
    union {
        struct record record;
        struct descriptor descriptor;
        struct trial trial;
    };
};

/* STATUS_BAD_DATA with what is wrong, without naming the row: a key that is no key of this table or not the
 * name of the content, a checksum that differs, what does not decode. */
enum status row_check(enum table table, const MDB_val *key, const MDB_val *value, struct row *out);

enum { ROW_KEY_TEXT_BYTES = 512 };
/* The key for people: text as it is, hashes in hex, a trial's as RECORD/CONFIGURATION/NUMBER; bytes that are
 * neither in hex. */
void row_key_text(enum table table, const MDB_val *key, char out[ROW_KEY_TEXT_BYTES]);

#endif
