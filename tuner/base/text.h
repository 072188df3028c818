/* A growing string. Always terminated; an allocation that fails sticks (`failed`) and is seen once, at the
 * end. `struct text t = {0};` is an empty text. */
#ifndef TUNEBOOK_BASE_TEXT_H
#define TUNEBOOK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

struct text {
    char *data;  /* owned; NULL while nothing was appended */
    size_t size; /* bytes without the terminator */
    size_t capacity;
    bool failed;
};

void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const void *bytes, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text); /* keeps the memory */
void text_free(struct text *text);
const char *text_string(const struct text *text); /* never NULL */
enum status text_status(const struct text *text); /* STATUS_NO_MEMORY if an append failed */
char *text_take(struct text *text);               /* hands the string over (free() it); NULL if failed */

/* Parsing helpers on plain strings. Both refuse empty text, trailing characters and overflow. */
bool text_parse_int64(const char *string, int64_t *value);
bool text_parse_double(const char *string, double *value);
bool text_starts_with(const char *string, const char *prefix);

/* The candidate closest to `word` by edit distance, for "did you mean"; NULL if none is close. */
const char *text_closest(const char *word, const char *const *candidates, size_t n_candidates);

/* Hex of `size` bytes into out[2*size+1]; and back (false unless exactly 2*size hex digits). */
void text_hex(const void *bytes, size_t size, char *out);
bool text_unhex(const char *hex, void *bytes, size_t size);

#endif
