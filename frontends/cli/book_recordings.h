/* The trials of a book as recordings: those of one problem, one template and one environment are one. */
#ifndef TUNEBOOK_CLI_BOOK_RECORDINGS_H
#define TUNEBOOK_CLI_BOOK_RECORDINGS_H

#include "db/book.h"
#include "search/recording.h"

struct book_recording {
    struct recording *recording; /* named "BOOK: PROBLEM, TEMPLATE"; its device is the class */
    char *key;                   /* of the record */
    char template_name[64];
    struct hash environment;
    size_t n_valid, n_left_out; /* left out: trials of a template that had other parameters then */
};

struct book_recordings {
    struct book_recording *items;
    size_t n, capacity;
};

/* What to take; NULL: all. */
struct book_recordings_filter {
    const char *problem;       /* text */
    const char *template_name; /* exactly */
    const char *environment;   /* the beginning of its hash in hex */
    /* Device classes on which `problem` may have been tried without getting a record. */
    const char *const *classes;
    size_t n_classes;
};

/* Every recording of a book that has a valid configuration, in the order of keys. Problems are found by
 * their records; a named one by its trials alone, too, on the classes given. The newest trial of a
 * configuration counts. A trial's cost is its compile and what its launches took. book_recordings_free in any
 * case. */
enum status book_recordings_read(struct book *book, const struct book_recordings_filter *filter,
                                 struct book_recordings *out);
void book_recordings_free(struct book_recordings *recordings);

/* True for a file that begins as books do. */
bool book_recordings_is_book(const char *path);

#endif
