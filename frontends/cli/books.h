/* Books as commands open them. */
#ifndef TUNEBOOK_CLI_BOOKS_H
#define TUNEBOOK_CLI_BOOKS_H

#include "db/book.h"
#include "db/lookup.h"
#include "templates/op.h"

enum { LAYERS_MAX = 16 };

struct layers {
    struct book *items[LAYERS_MAX];
    size_t n;
};

/* --book, or the user's; created if missing. */
enum status book_open_writable(const char *path, struct book **out);

/* --book alone, or the layers. What was skipped is said on stderr. STATUS_NOT_FOUND where there is none at
 * all. */
enum status books_open(const char *path, struct layers *out);
void books_close(struct layers *layers);
/* A book that a command names, for reading; from elsewhere perhaps: a file that nobody is writing is verified
 * first (book_verify). */
enum status book_open_one(const char *path, struct book **out);

/* The path --book stands for when left out; appended. */
enum status book_user_path(const char *path, struct text *out);

/* The problem of a record key as text, or for a target's defaults (sizes 0) the key's head: "gemm f32 nt (any
 * size)". */
void book_key_text(const char *key, char out[PROBLEM_TEXT_BYTES]);
/* As a problem; false for defaults and for ops this program does not know. */
bool book_key_problem(const char *key, struct problem *out);
/* "template configuration" of a kernel, appended; its hash where the descriptor is missing or damaged. */
void book_kernel_text(struct book *book, const struct hash *kernel, struct text *out);

#endif
