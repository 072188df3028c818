#include "db/book_each.h"
#include "db/pin_rows.h"

static bool digest_pin(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    (void)status;
    if (!is_pin(key)) return true;
    sha256_add(context, key->mv_data, key->mv_size);
    sha256_add(context, value->mv_data, value->mv_size);
    return true;
}

enum status pins_digest(struct book *book, struct sha256 *sha)
{
    return book_each(book, TABLE_META, "", 0, digest_pin, sha);
}
