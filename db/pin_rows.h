/* Pins as rows of `meta`. Private to db. */
#ifndef TUNEBOOK_DB_PIN_ROWS_H
#define TUNEBOOK_DB_PIN_ROWS_H

#include <string.h>
#include "db/book_internal.h"
#include "db/pin.h"

/* Its key is a record's; no other note holds an '@'. */
static inline bool is_pin(const MDB_val *key)
{
    return memchr(key->mv_data, '@', key->mv_size) != NULL;
}

/* The newer pin is the greater; of two of one second any, but the same one in any order. A damaged one is
 * less. */
int pin_compare(const MDB_val *a, const MDB_val *b);

#endif
