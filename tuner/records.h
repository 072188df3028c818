/* Records without code: what was tuned, as lines of JSON that people can read and compare, and back into a
 * book by compiling what they name. docs/records.md has the format. */
#ifndef TUNEBOOK_RECORDS_H
#define TUNEBOOK_RECORDS_H

#include "db/book.h"
#include "templates/manifest.h"
#include "tuner/base/arena.h"
#include "tuner/base/classes.h"

enum { RECORDS_ENTRIES_MAX = 3, RECORDS_SHORT_HEX = 16 };

struct records_environment {
    const char *name; /* the first RECORDS_SHORT_HEX digits of its hash */
    const char *json; /* canonical, as it was measured in */
    const char *compiler;
};

struct records_entry {
    const char *template_name, *configuration;
    const char *source;      /* the first digits of the hash of manifest and source */
    const char *environment; /* a name above; NULL: predicted, and measured nowhere */
    struct timing timing;
    uint64_t measured_at_s;
};

struct records_record {
    struct problem problem;
    char class_text[CLASS_TEXT_BYTES];
    char baseline_name[32];
    uint64_t baseline_ns, default_ns;
    size_t n_entries;
    struct records_entry entries[RECORDS_ENTRIES_MAX];
};

struct records {
    struct arena arena;
    struct records_environment *environments;
    struct records_record *records;
    size_t n_environments, n_records;
};

/* Lines as the file has them; `name` is what errors call it. STATUS_BAD_DATA names line and member.
 * records_free in any case. */
enum status records_read(const char *name, const char *bytes, size_t size, struct records *out);
void records_free(struct records *records);

struct records_options {
    struct book *book; /* BOOK_WRITE */
    struct manifest *const *templates;
    size_t n_templates;
    unsigned jobs; /* compiles side by side; 0: all CPUs */
    const volatile int *stop;
    void (*progress)(void *context, double fraction, const char *line); /* may be NULL */
    void *context;
};

struct records_summary {
    uint64_t records, kernels, left_out; /* left_out: entries whose kernel could not be made again */
    char first_left_out[512];            /* why */
};

/* Compiles every entry for its class's target and puts it into the book. One that comes out of the same
 * template and compiler as the measured one is `measured`; else it is `predicted` to take as long, as are
 * those that nobody has measured. Entries
 * that no compiler, template or configuration here can make are left out and counted; so are those of a
 * target that nothing here makes code for. Adds to the summary. */
enum status records_build(const struct records_options *options, const struct records *records,
                          struct records_summary *summary);

#endif
