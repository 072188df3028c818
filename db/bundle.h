/* Bundles: a book's records, with or without their code, as one file for others. docs/format.md specifies it.
 *
 * Both ways stream: memory does not grow with the book. A bundle from elsewhere is hostile until each of its
 * bytes was checked; it is imported in one transaction or not at all. */
#ifndef TUNEBOOK_DB_BUNDLE_H
#define TUNEBOOK_DB_BUNDLE_H

#include "db/book.h"

enum { BUNDLE_VERSION = 1 };

struct bundle_counts {
    uint64_t records, entries, environments, descriptors, sources, codes;
};

struct bundle_export_options {
    bool without_code;
    /* Which entries of a record are taken: bit i for evidence i; 0 leaves the record out. NULL: all. */
    uint32_t (*select)(void *context, const char *key);
    void *context;
    const volatile int *stop; /* non-zero: give up; may be NULL */
};

/* Writes the bundle by temporary file and rename. The same content gives the same bytes. Nothing to write is
 * STATUS_NOT_FOUND; a kernel, its code or an environment that is missing or damaged STATUS_BAD_DATA. */
enum status bundle_export(struct book *book, const char *path, const struct bundle_export_options *options,
                          struct bundle_counts *written);

/* What import makes of a record of the book. */
#define BUNDLE_CHANGES(CHANGE)                                                           \
    CHANGE(NEW, "new")           /* there was none */                                    \
    CHANGE(FASTER, "faster")     /* its best entry is another one, or better measured */ \
    CHANGE(KEPT, "kept")         /* its best entry stays, others came or changed */      \
    CHANGE(SAME, "same")         /* nothing changes */                                   \
    CHANGE(LEFT_OUT, "left out") /* without code, of kernels that the book does not have */
enum bundle_change {
#define CHANGE(enumerator, name) BUNDLE_##enumerator,
    BUNDLE_CHANGES(CHANGE)
#undef CHANGE
        BUNDLE_CHANGE_COUNT
};
const char *bundle_change_name(enum bundle_change change);

struct bundle_report {
    struct bundle_counts counts; /* of the bundle */
    bool has_code, trusted;
    uint64_t changes[BUNDLE_CHANGE_COUNT];
    uint64_t new_kernels, new_environments, new_sources, left_out_entries;
};

/* Who vouches for the bundle: sees every byte of the file, in order, before any is parsed. `end` says whether
 * the bundle is signed by somebody trusted; an error (a forged signature) refuses it. */
struct bundle_verifier {
    void (*add)(void *context, const void *bytes, size_t size);
    enum status (*end)(void *context, bool *trusted);
    void *context;
};

struct bundle_import_options {
    bool dry_run;
    bool allow_unsigned;                    /* take code from anybody */
    const struct bundle_verifier *verifier; /* NULL: nobody vouches */
    const volatile int *stop;               /* non-zero: give up; may be NULL */
    /* Each may be NULL. An answer but STATUS_OK refuses the bundle, with the line it leaves. */
    enum status (*check_descriptor)(void *context, const struct descriptor *descriptor);
    enum status (*check_record)(void *context, const char *key, const struct record *record);
    /* Of each record, in order; a dry run's alone. `before` has no entries where there was none. */
    void (*visit)(void *context, const char *key, enum bundle_change change, const struct record *before,
                  const struct record *after);
    void *context;
};

/* Merges the bundle into the book of this path, which is made if there is none. STATUS_BAD_DATA names what is
 * wrong with the bundle. A dry run writes nothing and makes no book. */
enum status bundle_import(const char *path, const char *book_path,
                          const struct bundle_import_options *options, struct bundle_report *report);

#endif
