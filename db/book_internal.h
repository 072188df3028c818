/* What the files of the book share. Private to db.
 *
 * An environment is one LMDB file opened once in this process; books are handles on it. Locks, taken in this
 * order: the table of environments (open, close), an environment's `remap` (shared while a transaction is
 * open, exclusive while the map moves or the file is reopened), its `pool_lock`. */
#ifndef TUNEBOOK_DB_BOOK_INTERNAL_H
#define TUNEBOOK_DB_BOOK_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "db/book.h"
#include "db/work_folder.h"

/* TABLE(enumerator, name of the sub-database) */
#define BOOK_TABLES(TABLE)    \
    TABLE(META, "meta")       \
    TABLE(RECORD, "record")   \
    TABLE(KERNEL, "kernel")   \
    TABLE(CODE, "code")       \
    TABLE(TRIAL, "trial")     \
    TABLE(ENVIRONMENT, "env") \
    TABLE(SOURCE, "source")   \
    TABLE(QUARANTINE, "quarantine")

enum table {
#define TABLE(enumerator, name) TABLE_##enumerator,
    BOOK_TABLES(TABLE)
#undef TABLE
        TABLE_COUNT
};
const char *table_name(enum table table);

enum { TRIAL_HASH_BYTES = 16, TRIAL_KEY_BYTES = 2 * TRIAL_HASH_BYTES + 8, READ_POOL = 8, LMDB_READERS = 510 };
static const size_t MAP_BYTES_FIRST = (size_t)64 << 20;

struct environment {
    struct environment *next;
    dev_t device;
    ino_t inode;
    const volatile uint32_t *living; /* 0 in a child of fork, where LMDB's environments are dead */
    pid_t pid;                       /* asked instead where the kernel cannot empty a page */
    unsigned references;
    bool live;     /* opened with LMDB's locks */
    bool writable; /* opened for writing */
    bool may_pin;  /* false: no row of `meta` can be a pin, now and later */
    char *path;
    MDB_env *lmdb;
    MDB_dbi tables[TABLE_COUNT];
    pthread_rwlock_t remap;
    pthread_mutex_t pool_lock;
    MDB_txn *pool[READ_POOL]; /* reset readers, kept for their slots in the lock file */
    unsigned n_pool;
};

struct book {
    struct environment *environment;
    char *path;    /* what the caller named */
    char *scratch; /* where a book on a network file system is worked on; NULL elsewhere */
    bool writable;
};

/* book_file.c: what the two meta pages say, read with pread before LMDB maps anything. */
struct book_file {
    uint64_t bytes, page_bytes, last_page, map_bytes, transaction;
    uint64_t roots[2]; /* of the tree of free pages and the tree of tables */
};
enum status book_file_check(int descriptor, const char *path, struct book_file *out);
/* book_walk.c: no page in use lies outside the file and every node lies inside its page. */
enum status book_file_walk(int descriptor, const char *path, const struct book_file *file);

/* book_env.c */
enum status environment_open(const char *path, bool live, bool writable, struct environment **out);
void environment_close(struct environment *environment);
/* After a write that failed half-way LMDB refuses everything (MDB_PANIC) until the file is opened anew. */
enum status environment_reopen(struct environment *environment);
/* Doubles the map (or takes over what another process grew); waits for this process's transactions. */
enum status environment_grow(struct environment *environment, bool taken_over);

/* book_process.c: whether this process opened it. */
void environment_claim(struct environment *environment);
bool environment_is_ours(const struct environment *environment);

/* book_snapshot.c. Begins a reader in *txn (NULL), or renews the reset one that is there. On failure LMDB's
 * code, and *txn is gone; EAGAIN: writers committed without a pause for a second. */
int snapshot_take(MDB_env *lmdb, bool live, MDB_txn **txn);

/* book_txn.c. Between begin and end the map stays where it is; end is called exactly once after a begin that
 * succeeded. */
enum status read_begin(struct book *book, MDB_txn **txn);
void read_end(struct book *book, MDB_txn *txn);
enum status book_check_process(const struct environment *environment);
/* LMDB's code as a status with one line: "PATH: cannot DOING: why". */
enum status lmdb_fail(const char *path, int code, const char *doing);

/* The schema and identity rows of `meta`; refuses what is no book and what is newer. */
enum status book_check_schema(struct environment *environment);
bool environment_is_frozen(struct environment *environment);

/* book_write.c. Runs `body` in a write transaction and commits; on a full map it grows and runs again, so the
 * body has no effects outside the transaction. The body answers 0, an LMDB code, or BODY_REFUSED with its
 * status in *refusal. */
enum { BODY_REFUSED = -1 };
typedef int write_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal);
enum status book_write(struct book *book, const char *doing, write_body *body, void *context);

/* book_quarantine.c. Key: CLASS NUL kernel environment. Value: the verdict's name, so that it survives new
 * verdicts. */
enum { HASHES_BYTES = 2 * SHA256_BYTES };
struct quarantine_key {
    uint8_t bytes[64 + HASHES_BYTES];
    size_t size;
};
/* With `kernel` NULL: the prefix of the whole class. */
enum status quarantine_key(struct book *book, const char *device_class, const struct hash *kernel,
                           const struct hash *environment, struct quarantine_key *key);

/* The writing half. book_open.c knows it by this weak reference alone, so that a program that only reads,
 * such as the runtime library, links none of it; book_write.c, which every writing call needs, defines it. */
struct book_writer {
    enum status (*create)(const char *path);
    enum status (*publish)(struct book *book);
    enum status (*scratch)(const char *path, char **scratch);
};
extern const struct book_writer book_writer __attribute__((weak, visibility("hidden")));

/* book_create.c: a new, empty live book, published complete or not at all. */
enum status book_create(const char *path);
/* The same under a temporary name, in a folder of the caller's (work_folder.h); errors name `path`. */
enum status book_create_here(const char *file, const char *path);
int environment_create_tables(MDB_txn *txn, MDB_dbi tables[TABLE_COUNT]);
enum status book_new_id(const char *path, char out[33]);
/* The tables and notes of an empty book. LMDB's code. */
int book_fill(MDB_env *lmdb, const char *id);
/* Gives `temporary` its name unless somebody was faster (EEXIST); an empty file there is nobody's book. 0 or
 * errno. */
int book_take_name(const char *temporary, const char *path);

/* book_folder.c: of the folder that a path lies in. */
enum status folder_of(const char *path, char **out); /* free() it */
enum status folder_make(const char *path);
void folder_sync(const char *path);

/* book_freeze.c: SHA-256, in hex, of all tables' rows in order, `meta` apart. */
enum status book_digest(struct book *book, char out[SHA256_HEX_BYTES]);

/* freeze_pages.c */
enum status freeze_clean_pages(int descriptor, const char *path);

/* book_scratch.c, book_publish.c: where a book on a network file system is worked on. */
enum status scratch_read(const char *path, char **scratch); /* a copy to be unlinked; free() the name */
enum status scratch_write(const char *path,
                          char **scratch); /* the one scratch of the book; free() the name */
enum status scratch_publish(struct book *book);
bool book_on_network(const char *path);
enum status scratch_folder(const char *path, struct text *out);      /* a local folder of this user's alone */
enum status scratch_work(const char *path, struct work_folder *out); /* one for files that are being made */
enum status scratch_copy(const char *path, struct text *name_XXXXXX); /* a checked copy of a book's file */

struct trial_key {
    uint8_t bytes[TRIAL_KEY_BYTES];
};
struct trial_key trial_key(const char *record_key, const char *configuration, uint64_t sequence);
uint64_t trial_key_sequence(const void *key);

static inline MDB_val value_of(const void *bytes, size_t size)
{
    return (MDB_val){.mv_size = size, .mv_data = (void *)bytes};
}

#endif
