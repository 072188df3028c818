/* The book: one LMDB file with everything that was learned. See docs/architecture.md and design section 4.
 *
 * A live book belongs to this user and is written by sweeps; frozen ones are snapshots, opened without locks.
 * Rules of LMDB kept inside: one environment per live file and process (opening it again shares it), never
 * used across fork, readers hold no transaction between calls, stale readers are cleared on open, a full map
 * grows and the call is tried again. Nothing returned points into the map. Handles may be used by several
 * threads; each call is one transaction and is atomic: after a crash it happened or it did not. */
#ifndef TUNEBOOK_DB_BOOK_H
#define TUNEBOOK_DB_BOOK_H

#include "db/key.h"
#include "db/schema.h"

struct book;

enum book_mode {
    BOOK_FROZEN, /* MDB_RDONLY|MDB_NOLOCK; must exist */
    BOOK_READ,   /* a live book, for reading beside a writer; must exist */
    BOOK_WRITE   /* a live book; created with its folders if missing */
};

/* Opens. Errors are one line: no such file, no book ("not an LMDB file"), truncated, schema newer than this
 * program, read-only file system, disk full, held by another process. On a network file system a live book is
 * worked on in a local scratch folder (named on stderr by the caller through book_scratch) and published by
 * write and rename in book_close and book_publish. */
enum status book_open(const char *path, enum book_mode mode, struct book **out);
enum status book_close(struct book *book); /* NULL is fine; reports a failed publication */
enum status book_publish(struct book *book);
const char *book_path(const struct book *book);
const char *book_scratch(const struct book *book);          /* NULL unless on a network file system */
enum status book_id(const struct book *book, char out[33]); /* random, made at creation */

/* A value read from a book: a private copy. */
struct value {
    void *bytes; /* malloc'd, 16-byte aligned; the caller's: value_free */
    size_t size;
};
void value_free(struct value *value);

/* Reading. STATUS_NOT_FOUND where there is none; STATUS_BAD_DATA names book, table and key. */
enum status book_get_record(struct book *book, const char *key, struct record *out);
enum status book_get_descriptor(struct book *book, const struct hash *kernel, struct value *bytes,
                                struct descriptor *out);
/* Copied to a private buffer, then the copy's SHA-256 is checked. */
enum status book_get_code(struct book *book, const struct hash *code, struct value *out);
enum status book_get_environment(struct book *book, const struct hash *environment, struct value *json);
enum status book_get_source(struct book *book, const struct hash *source, struct value *out);
enum status book_get_meta(struct book *book, const char *name, struct value *out);

/* Iteration in key order; `visit` sees private copies valid during the call and stops it by returning false.
 * The walk uses short transactions (a batch each), so a writer is never blocked from reclaiming pages by a
 * slow visitor. */
typedef bool book_visit_record(void *context, const char *key, const struct record *record);
enum status book_each_record(struct book *book, const char *prefix, book_visit_record *visit, void *context);
typedef bool book_visit_trial(void *context, uint64_t sequence, const struct trial *trial);
enum status book_each_trial(struct book *book, const char *record_key, book_visit_trial *visit,
                            void *context);
struct book_counts {
    uint64_t records, kernels, codes, trials, environments, quarantined, bytes;
};
enum status book_count(struct book *book, struct book_counts *out);

/* Writing (BOOK_WRITE only). Each call is one committed transaction. */
enum status book_put_source(struct book *book, const struct hash *source, const void *bytes, size_t size);
enum status book_put_environment(struct book *book, const char *json,
                                 struct hash *id); /* id = SHA-256 of the text */
/* Descriptor and code together; the code's hash is computed here and must equal descriptor->code. */
enum status book_put_kernel(struct book *book, const struct hash *kernel, const struct descriptor *descriptor,
                            const void *code, size_t code_size);
/* Merges the entry into the record (record_insert); baseline and default times are replaced where non-zero.
 * Physics lint by the caller. Refused (STATUS_BAD_DATA) when the kernel is not in the book. */
enum status book_put_entry(struct book *book, const char *key, const struct record_entry *entry,
                           uint64_t baseline_ns, const char *baseline_name, uint64_t default_ns);
/* Kernels that were measured against each other. Times are comparable within one finals only (a machine has
 * faster and slower hours), so what it says replaces, in one transaction, what stood in the record of the
 * same environment, and of the measured kernels in any. */
struct book_finals {
    const struct record_entry *entries; /* those worth keeping */
    size_t n_entries;
    const struct hash *environment; /* NULL: nothing is replaced for its environment */
    const struct hash *measured;    /* all kernels that were measured, kept or not */
    size_t n_measured;
    uint64_t baseline_ns, default_ns; /* 0: stays as it is */
    const char *baseline_name;        /* may be NULL */
};
enum status book_put_finals(struct book *book, const char *key, const struct book_finals *finals);

/* Trials before winners. A sweep calls book_start before the candidate touches the device and book_finish
 * after; both commit. An orphan is a started mark whose owner is dead. Only one that outlived the boot it was
 * made in speaks against its kernel: candidates run in children, so while the machine stands somebody else
 * ended the sweep. */
struct orphan {
    uint64_t sequence;
    uint8_t attempts; /* boots in a row that ended with a mark of it, this one's included */
    struct hash kernel;
    char configuration[512];
};
/* Commits a started mark; *sequence identifies the trial. The mark's attempts: one more than
 * the marks of the same configuration that outlived their boot since it last finished. */
enum status book_start(struct book *book, const char *record_key, const char *configuration,
                       const struct hash *kernel, uint64_t *sequence);
enum status book_finish(struct book *book, const char *record_key, uint64_t sequence,
                        const struct trial *trial);
/* Orphans of one problem, or of all (record_key NULL). */
typedef bool book_visit_orphan(void *context, const char *record_key_hash, const struct orphan *orphan);
enum status book_each_orphan(struct book *book, const char *record_key, book_visit_orphan *visit,
                             void *context);

/* What book_visit_orphan calls a record key: the first 16 bytes of its SHA-256 in hex. */
void book_key_hash(const char *record_key, char out[33]);
/* This process, as marks name it: process, its start and this boot of the machine. A mark set under another
 * boot, or on another machine, has no living owner: whoever set it is not working on this file. */
uint64_t book_owner(void);
bool book_owner_alive(uint64_t owner);
bool book_owner_of_this_boot(uint64_t owner);
bool book_owner_same_boot(uint64_t a, uint64_t b);

/* Quarantine: kernels that must not run again on this class in this environment. */
enum status book_quarantine(struct book *book, const char *device_class, const struct hash *kernel,
                            const struct hash *environment, enum verdict verdict);
/* STATUS_OK with the verdict, or STATUS_NOT_FOUND. */
enum status book_quarantined(struct book *book, const char *device_class, const struct hash *kernel,
                             const struct hash *environment, enum verdict *verdict);
enum status book_unquarantine(struct book *book, const char *device_class); /* all of the class */

/* Reads the whole file's structure: every page and entry lies where it may, none is reached twice. Opening
 * checks only that nothing was cut off; LMDB itself trusts what stands inside a page. For `doctor` and for
 * files from elsewhere. The file must not be written meanwhile. */
enum status book_verify(const char *path);

/* A compact frozen copy without trials and quarantine, published by rename. With `merge` books after the
 * first: their records are inserted too. */
enum status book_freeze(struct book *const *books, size_t n_books, const char *path);

/* True when nobody but this user (and root) can write the file and its folder: the rule for loading host
 * code. */
bool book_is_private(const char *path);
bool book_folder_is_private(const char *path); /* the same of a folder and what it lies in */

#endif
