/* What the files of import share. Private to db. */
#ifndef TUNEBOOK_DB_BUNDLE_IMPORT_H
#define TUNEBOOK_DB_BUNDLE_IMPORT_H

#include "db/book_internal.h"
#include "db/bundle_pack.h"
#include "db/map_touch.h"
#include "db/txn_memory.h"

/* Of a descriptor in the bundle. */
enum { KERNEL_KNOWN = 1 /* the book has it, with its code */, KERNEL_NAMED = 2 /* an entry names it */ };

struct import {
    const struct bundle_file *file;
    const struct bundle_import_options *options;
    struct bundle_report *report;
    struct book *book; /* NULL: none yet, nothing is known */
    MDB_txn *txn;
    MDB_cursor *records;
    bool fresh;      /* nobody sees the book yet: it may be written in several transactions */
    uint64_t held;   /* bytes put since the last of them */
    bool is_written; /* one of them was committed */
    int code;        /* LMDB's, where it stopped the import */
    struct unpack unpack;
    struct bundle_manifest manifest;
    uint8_t *kernels;       /* KERNEL_* of each descriptor */
    uint8_t *codes_wanted;  /* of each code object */
    uint8_t *sources_named; /* of each source */
    struct hash *environments;
    size_t n_environments, n_known;
    char last_key[KEY_BYTES_MAX + 1];
    uint64_t n_records, n_entries;
    struct map_touch touch;   /* of a dry run's */
    struct txn_memory memory; /* of the one transaction of a book that is there */
    struct record mine, theirs, before;
    struct descriptor descriptor;
    struct text text;
};

/* Keeps LMDB's code for book_write, which knows what to do about a full map. */
enum status import_stop(struct import *import, int code);
/* After so many bytes were put or read: memory is let go. Values got before are gone. */
enum status import_breathe(struct import *import, uint64_t bytes);
bool import_writes(const struct import *import);
/* The value in the book, or MDB_NOTFOUND. */
int import_get(struct import *import, enum table table, const struct hash *name, MDB_val *out);

/* bundle_import_records.c: a line without its line break. */
enum status import_environment(struct import *import, struct scan *scan);
enum status import_record(struct import *import, struct scan *scan);
/* bundle_import_values.c: the member that is open, the i-th of its kind. */
enum status import_known_kernels(struct import *import);
enum status import_descriptor(struct import *import, size_t i);
enum status import_source(struct import *import, size_t i);
enum status import_code(struct import *import, size_t i);

#endif
