/* The strict JSON of bundles: one spelling for each value, so that what is read is what would be written.
 * Private to db.
 *
 * No spaces; the members of an object are all there, in their order. Whole numbers without leading zeros;
 * strings of printable ASCII in which only `"` and `\` are escaped. Errors name file, line and column. */
#ifndef TUNEBOOK_DB_BUNDLE_SCAN_H
#define TUNEBOOK_DB_BUNDLE_SCAN_H

#include "tuner/base/sha256.h"
#include "tuner/base/status.h"
#include "tuner/base/text.h"

struct scan {
    const char *where; /* "FILE: records.jsonl" */
    uint64_t line;     /* 0: the text has but one */
    const char *begin, *at, *end;
};

/* The members of one kind of object, in order. */
struct scan_names {
    const char *const *names;
    unsigned n;
};

enum status scan_fail(const struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Exactly these characters. */
enum status scan_text(struct scan *scan, const char *text);
/* The name of member `i`, with the brace or comma in front and the colon behind. */
enum status scan_member(struct scan *scan, const struct scan_names *names, unsigned i);
/* The closing brace behind the last member. */
enum status scan_close(struct scan *scan, const struct scan_names *names);
/* Behind a value in an array: true for another one, false for its end. */
enum status scan_more(struct scan *scan, bool *more);
enum status scan_u64(struct scan *scan, uint64_t largest, uint64_t *out);
enum status scan_string(struct scan *scan, char *out, size_t capacity);
enum status scan_hash(struct scan *scan, struct hash *out);
enum status scan_bool(struct scan *scan, bool *out);
/* Nothing is left. */
enum status scan_end(const struct scan *scan);

/* The other way. */
void print_u64(struct text *out, uint64_t value);
void print_hash(struct text *out, const struct hash *hash); /* with its quotes */
/* false: a character that has no spelling */
bool print_string(struct text *out, const char *string);

#endif
