#include <stdlib.h>
#include "db/book_each.h"
#include "db/key.h"
#include "db/pin_rows.h"

enum status book_get_pin(struct book *book, const char *key, struct pin *out)
{
    struct value value;
    TRY(book_get_meta(book, key, &value));
    enum status status = status_prefix(pin_decode(value.bytes, value.size, out), "%s: %s", book->path, key);
    value_free(&value);
    return status;
}

struct walk {
    struct book *book;
    book_visit_pin *visit;
    void *context;
    struct pin pin;
};

static bool visit_row(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    struct walk *walk = context;
    char text[512];
    (void)status;
    if (!is_pin(key) || key->mv_size >= sizeof text) return true;
    memcpy(text, key->mv_data, key->mv_size);
    text[key->mv_size] = 0;
    bool sound = status_prefix(pin_decode(value->mv_data, value->mv_size, &walk->pin), "%s: %s",
                               walk->book->path, text) == STATUS_OK;
    return walk->visit(walk->context, text, sound ? &walk->pin : NULL);
}

enum status book_each_pin(struct book *book, book_visit_pin *visit, void *context)
{
    struct walk *walk = malloc(sizeof *walk);
    if (!walk) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    walk->book = book;
    walk->visit = visit;
    walk->context = context;
    enum status status = book_each(book, TABLE_META, "", 0, visit_row, walk);
    free(walk);
    return status;
}
