/* What is no book, or a broken one: one exact line each, and nothing half-written. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "db/book_internal.h"
#include "tests/db/samples.h"

static char *folder;
static const char key[] = "gemm/f32@t:1:1/n=0000000064,k=0000000064/m=0000000008";

static int begin(void **state)
{
    (void)state;
    folder = folder_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_end(folder);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), size);
    close(descriptor);
}

static char *read_whole(const char *path, size_t *size)
{
    struct stat stat_now;
    assert_int_equal(stat(path, &stat_now), 0);
    char *bytes = malloc((size_t)stat_now.st_size + 1);
    int descriptor = open(path, O_RDONLY);
    assert_int_equal(read(descriptor, bytes, (size_t)stat_now.st_size), stat_now.st_size);
    close(descriptor);
    *size = (size_t)stat_now.st_size;
    return bytes;
}

/* A book with a record, its kernel and `n` sources of 3000 bytes. */
static const char *make_book(const char *leaf, size_t n)
{
    struct book *book;
    const char *path = in_folder(folder, leaf);
    char source[3000] = {0};
    assert_ok(book_open(path, BOOK_WRITE, &book));
    struct record_entry entry = {.kernel = put_numbered_kernel(book, 1, "t")};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    for (uint64_t i = 0; i < n; i++) {
        struct hash hash = numbered_hash(i);
        assert_ok(book_put_source(book, &hash, source, sizeof source));
    }
    assert_ok(book_close(book));
    return path;
}

/* Opening says PATH and this, in each mode. */
static void assert_refused(const char *path, enum status code, const char *line)
{
    const enum book_mode modes[] = {BOOK_FROZEN, BOOK_READ, BOOK_WRITE};
    char expected[1024];
    struct book *book = NULL;
    snprintf(expected, sizeof expected, "%s: %s", path, line);
    for (size_t i = 0; i < N_OF(modes); i++) {
        assert_fails(book_open(path, modes[i], &book), code, expected);
        assert_null(book);
    }
}

static void no_book_at_all(void **state)
{
    (void)state;
    const char *path = in_folder(folder, "a");
    struct book *book;
    char line[1024], zeros[8192] = {0};
    snprintf(line, sizeof line, "%s: no such book", path);
    assert_fails(book_open(path, BOOK_READ, &book), STATUS_NOT_FOUND, line);
    assert_fails(book_open(path, BOOK_FROZEN, &book), STATUS_NOT_FOUND, line);
    assert_int_equal(access(in_folder(folder, "a-lock"), F_OK), -1);
    assert_refused(folder, STATUS_BAD_DATA, "a folder, no book");
    assert_refused("/dev/null", STATUS_BAD_DATA, "no book (not a regular file)");
    write_file(path, "these are words", 15);
    assert_refused(path, STATUS_BAD_DATA, "no book (not an LMDB file)");
    write_file(path, zeros, sizeof zeros);
    assert_refused(path, STATUS_BAD_DATA, "no book (not an LMDB file)");
    assert_int_equal(access(in_folder(folder, "a-lock"), F_OK), -1);
    write_file(path, "", 0);
    snprintf(line, sizeof line, "%s: no book (an empty file)", path);
    assert_fails(book_open(path, BOOK_READ, &book), STATUS_BAD_DATA, line);
    assert_ok(book_open(path, BOOK_WRITE, &book)); /* mktemp's: becomes one */
    assert_ok(book_close(book));
}

static void another_format_of_lmdb(void **state)
{
    (void)state;
    const char *path = make_book("format.book", 0);
    size_t size;
    char *bytes = read_whole(path, &size);
    bytes[20] = 2; /* mm_version of the first meta page */
    write_file(path, bytes, size);
    assert_refused(path, STATUS_BAD_DATA, "LMDB data format 2, this program reads 1");
    bytes[20] = 1;
    bytes[16 + 24] = 1; /* the page size's low byte */
    write_file(path, bytes, size);
    assert_refused(path, STATUS_BAD_DATA, "damaged (a page size of 4097 bytes)");
    bytes[16 + 24] = 0;
    bytes[4096 + 16] = 0;
    write_file(path, bytes, size);
    assert_refused(path, STATUS_BAD_DATA, "damaged (the second head page is no LMDB page)");
    free(bytes);
}

static void every_truncation(void **state)
{
    (void)state;
    const char *path = make_book("long.book", 60), *cut = in_folder(folder, "cut.book");
    size_t size;
    char *bytes = read_whole(path, &size), line[256];
    assert_true(size > 40 * 4096);
    for (size_t left = 0; left < size; left += left < 3 * 4096 ? 511 : 4096) {
        write_file(cut, bytes, left);
        struct book *book;
        enum status status = book_open(cut, BOOK_READ, &book);
        if (left > 2 * 4096) {
            snprintf(line, sizeof line, "truncated: %zu of %zu bytes; copy it again or restore a backup",
                     left, size);
            if (status != STATUS_OK) assert_refused(cut, STATUS_BAD_DATA, line);
        }
        if (status != STATUS_OK) {
            assert_int_equal(status, STATUS_BAD_DATA);
            continue;
        }
        /* Only pages that are not in use were cut: all of it can be read. */
        for (uint64_t i = 0; i < 60; i++) {
            struct hash hash = numbered_hash(i);
            struct value value;
            assert_ok(book_get_source(book, &hash, &value));
            value_free(&value);
        }
        assert_ok(book_close(book));
        assert_true(left > size / 2);
    }
    free(bytes);
}

static int rename_schema(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    MDB_val name = value_of("schema", 6), value = value_of(context, context ? strlen(context) : 0);
    MDB_dbi meta = book->environment->tables[TABLE_META];
    return context ? mdb_put(txn, meta, &name, &value, 0) : mdb_del(txn, meta, &name, NULL);
}

static void another_schema(void **state)
{
    (void)state;
    const struct {
        const char *schema, *line;
    } cases[] = {
        {"2", "schema 2, this program knows up to 1; update Tunebook"},
        {"99999", "schema 99999, this program knows up to 1; update Tunebook"},
        {"one", "an LMDB file, but no book (no schema in its table meta)"},
        {"0", "an LMDB file, but no book (no schema in its table meta)"},
        {NULL, "an LMDB file, but no book (no schema in its table meta)"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char leaf[32];
        snprintf(leaf, sizeof leaf, "schema%zu.book", i);
        const char *path = make_book(leaf, 0);
        struct book *book;
        assert_ok(book_open(path, BOOK_WRITE, &book));
        assert_ok(book_write(book, "test", rename_schema, (void *)cases[i].schema));
        assert_ok(book_close(book));
        assert_refused(path, STATUS_BAD_DATA, cases[i].line);
    }
}

static void an_lmdb_file_of_somebody_else(void **state)
{
    (void)state;
    const char *path = in_folder(folder, "other.mdb");
    MDB_env *lmdb;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val name = value_of("name", 4), value = value_of("value", 5);
    assert_int_equal(mdb_env_create(&lmdb), 0);
    assert_int_equal(mdb_env_open(lmdb, path, MDB_NOSUBDIR | MDB_NOLOCK, 0644), 0);
    assert_int_equal(mdb_txn_begin(lmdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &name, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(lmdb);
    assert_refused(path, STATUS_BAD_DATA, "an LMDB file, but no book (a table is missing)");
}

/* --- values inside */

struct damage {
    enum table table;
    MDB_val key;
    size_t at;
};

static int damage_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    struct damage *damage = context;
    MDB_val value;
    MDB_dbi dbi = book->environment->tables[damage->table];
    int code = mdb_get(txn, dbi, &damage->key, &value);
    if (code) return code;
    char copy[4096];
    memcpy(copy, value.mv_data, value.mv_size);
    copy[damage->at] ^= 1;
    value.mv_data = copy;
    return mdb_put(txn, dbi, &damage->key, &value, 0);
}

static void damaged_values(void **state)
{
    (void)state;
    const char *path = make_book("damaged.book", 0);
    struct book *book;
    struct record record;
    struct descriptor descriptor;
    struct value value;
    struct hash kernel = numbered_hash(1), code = sha256_of("code 1", 6);
    char line[1024], hex[65];
    assert_ok(book_open(path, BOOK_WRITE, &book));
    struct damage damage = {TABLE_RECORD, value_of(key, sizeof key - 1), 30};
    assert_ok(book_write(book, "test", damage_body, &damage));
    damage = (struct damage){TABLE_KERNEL, value_of(kernel.bytes, 32), 90};
    assert_ok(book_write(book, "test", damage_body, &damage));
    damage = (struct damage){TABLE_CODE, value_of(code.bytes, 32), 0};
    assert_ok(book_write(book, "test", damage_body, &damage));
    snprintf(line, sizeof line, "%s: %s: record: the checksum differs, the value is damaged", path, key);
    assert_fails(book_get_record(book, key, &record), STATUS_BAD_DATA, line);
    text_hex(kernel.bytes, 32, hex);
    snprintf(line, sizeof line, "%s: kernel %s: descriptor: the checksum differs, the value is damaged", path,
             hex);
    assert_fails(book_get_descriptor(book, &kernel, &value, &descriptor), STATUS_BAD_DATA, line);
    text_hex(code.bytes, 32, hex);
    snprintf(line, sizeof line, "%s: code %s: its bytes have another SHA-256", path, hex);
    assert_fails(book_get_code(book, &code, &value), STATUS_BAD_DATA, line);
    /* Tuning again heals all three. */
    put_numbered_kernel(book, 1, "t");
    struct record_entry entry = {.kernel = kernel};
    assert_ok(book_put_entry(book, key, &entry, 0, NULL, 0));
    assert_ok(book_get_record(book, key, &record));
    assert_ok(book_get_code(book, &code, &value));
    value_free(&value);
    assert_ok(book_close(book));
}

/* Flipped bits anywhere in the file: the walk refuses what could send LMDB outside, or reading everything
 * works. */
static void flipped_bits_are_found_or_harmless(void **state)
{
    (void)state;
    const char *path = make_book("flip.book", 20), *flipped = in_folder(folder, "flipped.book");
    size_t size;
    char *bytes = read_whole(path, &size);
    struct rng rng;
    rng_seed(&rng, 1);
    size_t refused = 0, n = test_scaled(400);
    for (size_t i = 0; i < n; i++) {
        size_t at = 2 * 4096 + (size_t)rng_below(&rng, size - 2 * 4096);
        if (rng_below(&rng, 2))
            at = at / 4096 * 4096 + (size_t)rng_below(&rng, 64); /* where the structure is */
        char byte = bytes[at];
        bytes[at] ^= (char)(1 << rng_below(&rng, 8));
        write_file(flipped, bytes, size);
        bytes[at] = byte;
        if (book_verify(flipped) != STATUS_OK) {
            refused++;
            continue;
        }
        struct book *book;
        if (book_open(flipped, BOOK_READ, &book) != STATUS_OK) continue;
        for (uint64_t k = 0; k < 20; k++) {
            struct hash hash = numbered_hash(k);
            struct value value;
            if (book_get_source(book, &hash, &value) == STATUS_OK) value_free(&value);
        }
        struct record record;
        book_get_record(book, key, &record);
        book_close(book);
    }
    assert_true(refused > 0);
    assert_ok(book_verify(path));
    free(bytes);
}

/* --- where the system refuses. Root may do everything, so a child becomes nobody. */

static int as_nobody(const char *path, enum book_mode mode, const char *expected)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct book *book;
        if (getuid() == 0 && (setgid(65534) || setuid(65534))) _exit(2);
        if (book_open(path, mode, &book) == STATUS_OK) {
            struct record record;
            bool served = book_get_record(book, key, &record) == STATUS_OK;
            _exit(expected ? 3 : served ? 0 : 4);
        }
        if (expected && !strcmp(status_message(), expected)) _exit(0);
        fprintf(stderr, "said: %s\n", status_message());
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void read_only(void **state)
{
    (void)state;
    char line[2048];
    assert_int_equal(mkdir(in_folder(folder, "ro"), 0755), 0);
    const char *path = make_book("ro/a.book", 0);
    const char *lock = in_folder(folder, "ro/a.book-lock");
    chmod(folder, 0755);
    chmod(path, 0444);
    chmod(in_folder(folder, "ro"), 0555);

    snprintf(line, sizeof line,
             "%s: cannot open for writing: Permission denied (check the owner and the permissions)", path);
    assert_int_equal(as_nobody(path, BOOK_WRITE, line), 0);
    chmod(lock, 0444);
    snprintf(line, sizeof line,
             "%s: a live book whose lock file %s-lock you may not write; read a frozen copy instead "
             "(autotune freeze)",
             path, path);
    assert_int_equal(as_nobody(path, BOOK_READ, line), 0);
    /* Without a lock file nobody writes it; what cannot be locked is served as it stands. */
    unlink(lock);
    assert_int_equal(as_nobody(path, BOOK_READ, NULL), 0);
    snprintf(line, sizeof line,
             "%s/ro/new.book: cannot create: Permission denied (check the owner and the permissions)",
             folder);
    assert_int_equal(as_nobody(in_folder(folder, "ro/new.book"), BOOK_WRITE, line), 0);
    chmod(path, 0000);
    snprintf(line, sizeof line, "%s: cannot open: Permission denied (check the owner and the permissions)",
             path);
    assert_int_equal(as_nobody(path, BOOK_READ, line), 0);
    chmod(in_folder(folder, "ro"), 0755);
}

/* A limit on the file's size stands for the full disk: LMDB sees a write that fails. What was there stays
 * readable. */
static void a_full_disk(void **state)
{
    (void)state;
    const char *path = make_book("full.book", 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct book *book;
        struct record record;
        struct rlimit limit = {65536, 65536};
        signal(SIGXFSZ, SIG_IGN);
        if (book_open(path, BOOK_WRITE, &book) != STATUS_OK || setrlimit(RLIMIT_FSIZE, &limit)) _exit(2);
        char *big = calloc(1, 1 << 20), line[1024];
        struct hash hash = numbered_hash(1);
        struct value value;
        snprintf(line, sizeof line,
                 "%s: cannot write a source: File too large (raise the file size limit, see ulimit -f)",
                 path);
        if (book_put_source(book, &hash, big, 1 << 20) != STATUS_IO || strcmp(status_message(), line))
            _exit(3);
        if (book_get_source(book, &hash, &value) != STATUS_NOT_FOUND) _exit(4);
        if (book_get_record(book, key, &record) != STATUS_OK) _exit(5);
        if (book_put_source(book, &hash, big, 100) != STATUS_OK) _exit(6); /* what fits still goes */
        if (book_close(book) != STATUS_OK) _exit(7);
        /* A new book that does not fit leaves nothing. */
        limit.rlim_cur = 5000;
        setrlimit(RLIMIT_FSIZE, &limit);
        if (book_open(in_folder(folder, "toofull/new.book"), BOOK_WRITE, &book) != STATUS_IO) _exit(8);
        if (rmdir(in_folder(folder, "toofull"))) _exit(9);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct book *book;
    struct hash hash = numbered_hash(1);
    struct value value;
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_ok(book_get_source(book, &hash, &value));
    assert_int_equal(value.size, 100);
    value_free(&value);
    assert_ok(book_close(book));
}

/* A real one, where the test may mount. */
static void a_full_disk_of_256_kib(void **state)
{
    (void)state;
    int status;
    const char *mounted = in_folder(folder, "mnt");
    assert_int_equal(mkdir(mounted, 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("tmpfs", mounted, "tmpfs", 0, "size=256k"))
            _exit(77);
        struct book *book;
        struct value value;
        char source[3000] = {0}, line[1024];
        uint64_t n = 0;
        const char *path = in_folder(folder, "mnt/a.book");
        if (book_open(path, BOOK_WRITE, &book) != STATUS_OK) _exit(2);
        for (;; n++) {
            struct hash hash = numbered_hash(n);
            if (book_put_source(book, &hash, source, sizeof source) != STATUS_OK) break;
        }
        snprintf(
            line, sizeof line,
            "%s: cannot write a source: No space left on device (free some space or choose another place)",
            path);
        if (strcmp(status_message(), line)) {
            fprintf(stderr, "said: %s\n", status_message());
            _exit(3);
        }
        for (uint64_t i = 0; i < n; i++) {
            struct hash hash = numbered_hash(i);
            if (book_get_source(book, &hash, &value) != STATUS_OK) _exit(4);
        }
        if (book_close(book) != STATUS_OK || book_verify(path) != STATUS_OK) _exit(5);
        _exit(n > 20 ? 0 : 6);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) skip();
    assert_int_equal(status, 0);
}

/* Every place in the lock file is taken by somebody who lives. */
static void too_many_readers(void **state)
{
    (void)state;
    const char *path = make_book("busy.book", 0);
    struct book *book;
    struct record record;
    char line[1024];
    static MDB_txn *txns[LMDB_READERS];
    size_t n = 0;
    MDB_txn *pooled; /* opening left one place for the first that reads */
    assert_ok(book_open(path, BOOK_READ, &book));
    assert_ok(read_begin(book, &pooled));
    while (n < N_OF(txns) && !mdb_txn_begin(book->environment->lmdb, NULL, MDB_RDONLY, &txns[n])) n++;
    assert_true(n > 400);
    snprintf(line, sizeof line, "%s: cannot read: all reader places of its lock file are taken; try again",
             path);
    assert_fails(book_get_record(book, key, &record), STATUS_BUSY, line);
    read_end(book, pooled);
    assert_ok(book_get_record(book, key, &record));
    while (n) mdb_txn_abort(txns[--n]);
    assert_ok(book_close(book));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_book_at_all),
        cmocka_unit_test(another_format_of_lmdb),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(another_schema),
        cmocka_unit_test(damaged_values),
        cmocka_unit_test(an_lmdb_file_of_somebody_else),
        cmocka_unit_test(read_only),
        cmocka_unit_test(flipped_bits_are_found_or_harmless),
        cmocka_unit_test(too_many_readers),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(a_full_disk_of_256_kib),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
