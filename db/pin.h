/* Pins: for one problem on one class, this kernel and no other, as long as it is usable.
 *
 * A pin is a row of `meta` under the record's key, which no other note has (they hold no '@'), so that books
 * of schema 1 stay what they are and older programs pass it over. Its value is an envelope of kind 'P': the
 * line for people, a record of the one entry (R, with the kernel's time), who, why, when. It brings its own
 * entry, so that no sweep takes it away. */
#ifndef TUNEBOOK_DB_PIN_H
#define TUNEBOOK_DB_PIN_H

#include "db/book.h"

enum { PIN_WHO_BYTES = 64, PIN_BECAUSE_BYTES = 512, PIN_LINE_BYTES = 160 };

struct pin {
    char line[PIN_LINE_BYTES]; /* "pinned by ada on 2026-11-23: broke the server"; pin_describe makes it */
    char who[PIN_WHO_BYTES], because[PIN_BECAUSE_BYTES];
    uint64_t pinned_at_s;
    struct record record; /* exactly one entry */
};

/* Makes the line of the other fields. Who and because become printable ASCII or UTF-8 of one line. */
void pin_describe(struct pin *pin);

void pin_encode(const struct pin *pin, struct text *out);
enum status pin_decode(const void *bytes, size_t size, struct pin *out);

/* STATUS_NOT_FOUND where the problem is not pinned. */
enum status book_get_pin(struct book *book, const char *key, struct pin *out);
/* In the order of keys; false stops. A damaged pin comes with pin NULL and its line in status_message(). */
typedef bool book_visit_pin(void *context, const char *key, const struct pin *pin);
enum status book_each_pin(struct book *book, book_visit_pin *visit, void *context);

/* Adds a book's pins, if it has any. */
enum status pins_digest(struct book *book, struct sha256 *sha);

/* Writes or replaces. Refused when the kernel is not in the book. */
enum status book_put_pin(struct book *book, const char *key, const struct pin *pin);
enum status book_remove_pin(struct book *book, const char *key); /* STATUS_NOT_FOUND */
/* Copies what a kernel of another book needs into this one: descriptor, code, source, environment. */
enum status book_copy_kernel(struct book *to, struct book *from, const struct record_entry *entry);

#endif
