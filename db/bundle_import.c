#include "db/bundle_import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *bundle_change_name(enum bundle_change change)
{
    static const char *const names[] = {
#define CHANGE(enumerator, name) name,
        BUNDLE_CHANGES(CHANGE)
#undef CHANGE
    };
    return (unsigned)change < BUNDLE_CHANGE_COUNT ? names[change] : "unknown";
}

enum status import_stop(struct import *import, int code)
{
    import->code = code;
    return STATUS_IO;
}

enum status import_breathe(struct import *import, uint64_t bytes)
{
    enum { HELD_BYTES_MAX = 32 << 20 };
    if (!import->fresh) {
        int noted = txn_memory_note(&import->memory, import->txn, bytes);
        return noted ? import_stop(import, noted) : STATUS_OK;
    }
    if ((import->held += bytes) < HELD_BYTES_MAX) return STATUS_OK;
    MDB_env *lmdb = mdb_txn_env(import->txn);
    MDB_dbi records = import->book->environment->tables[TABLE_RECORD];
    mdb_cursor_close(import->records);
    import->records = NULL;
    int code = mdb_txn_commit(import->txn);
    import->txn = NULL;
    import->held = 0;
    if (!code) {
        import->is_written = true;
        code = mdb_txn_begin(lmdb, NULL, 0, &import->txn);
    }
    if (!code) code = mdb_cursor_open(import->txn, records, &import->records);
    return code ? import_stop(import, code) : STATUS_OK;
}

bool import_writes(const struct import *import)
{
    return !import->options->dry_run;
}

int import_get(struct import *import, enum table table, const struct hash *name, MDB_val *out)
{
    if (!import->book) return MDB_NOTFOUND;
    MDB_val key = value_of(name->bytes, sizeof name->bytes);
    return mdb_get(import->txn, import->book->environment->tables[table], &key, out);
}

/* ---- the manifest ---- */

static enum status read_manifest(struct import *import, uint64_t bytes, struct text *out)
{
    enum { AT_ONCE = 1 << 16 };
    const char *path = import->file->path;
    if (strcmp(import->unpack.member, BUNDLE_MANIFEST_NAME) != 0)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' stands first, where %s belongs", path,
                           import->unpack.member, BUNDLE_MANIFEST_NAME);
    if (bytes > BUNDLE_MANIFEST_BYTES_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: a manifest of %llu bytes, at most %d are allowed", path,
                           (unsigned long long)bytes, BUNDLE_MANIFEST_BYTES_MAX);
    char *block = malloc(AT_ONCE);
    if (!block) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    enum status status = STATUS_OK;
    for (size_t got = 1; got && status == STATUS_OK;) {
        status = unpack_read(&import->unpack, block, AT_ONCE, &got);
        text_append_bytes(out, block, got);
    }
    free(block);
    return status == STATUS_OK ? text_status(out) : status;
}

/* A file may unpack to a thousand times its size; what claims more wants to fill the disk. */
static enum status check_claims(const struct import *import, uint64_t manifest_bytes)
{
    uint64_t claimed = tar_bytes(manifest_bytes) + bundle_manifest_unpacked(&import->manifest);
    uint64_t possible = import->file->bytes * BUNDLE_RATIO_MAX + BUNDLE_SLACK_BYTES;
    if (claimed <= possible) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: claims to unpack to %llu bytes; a file of %llu may to %llu",
                       import->file->path, (unsigned long long)claimed,
                       (unsigned long long)import->file->bytes, (unsigned long long)possible);
}

static void *zeros(size_t n, size_t size)
{
    return calloc(n + 1, size);
}

static enum status allocate(struct import *import)
{
    const struct bundle_counts *counts = &import->manifest.counts;
    /* Of environments there is only a count: each takes a line of more than its hash. */
    const struct bundle_member *lines = &import->manifest.members[BUNDLE_KIND_ENVIRONMENTS];
    if (counts->environments > lines->bytes / (2 * SHA256_BYTES))
        return status_fail(STATUS_BAD_DATA, "%s: %llu environments in %llu bytes", import->file->path,
                           (unsigned long long)counts->environments, (unsigned long long)lines->bytes);
    import->kernels = zeros(counts->descriptors, 1);
    import->codes_wanted = zeros(counts->codes, 1);
    import->sources_named = zeros(counts->sources, 1);
    import->environments = zeros(counts->environments, sizeof *import->environments);
    if (!import->kernels || !import->codes_wanted || !import->sources_named || !import->environments)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", import->file->path);
    return STATUS_OK;
}

static enum status check_trust(const struct import *import)
{
    const struct bundle_import_options *options = import->options;
    if (!import->manifest.has_code || import->report->trusted || options->allow_unsigned || options->dry_run)
        return STATUS_OK;
    return status_fail(
        STATUS_BAD_DATA,
        "%s: holds code, and nobody whom you trust has signed it; --trust=PUBKEY names whom you "
        "trust, --allow-unsigned takes the code all the same, this once",
        import->file->path);
}

static enum status open_manifest(struct import *import)
{
    struct text text = {0}, where = {0};
    uint64_t bytes = 0;
    enum status status = unpack_next(&import->unpack, &bytes);
    if (status == STATUS_NOT_FOUND)
        status = status_fail(STATUS_BAD_DATA, "%s: an empty archive", import->file->path);
    if (status == STATUS_OK) status = read_manifest(import, bytes, &text);
    text_format(&where, "%s: %s", import->file->path, BUNDLE_MANIFEST_NAME);
    if (status == STATUS_OK) status = text_status(&where);
    if (status == STATUS_OK)
        status = bundle_manifest_parse(where.data, text.data ? text.data : "", text.size, &import->manifest);
    text_free(&text);
    text_free(&where);
    TRY(status);
    TRY(check_claims(import, bytes));
    unpack_allow(&import->unpack, tar_bytes(bytes) + bundle_manifest_unpacked(&import->manifest));
    import->report->counts = import->manifest.counts;
    import->report->has_code = import->manifest.has_code;
    TRY(check_trust(import));
    return allocate(import);
}

/* ---- members ---- */

/* Why the archive's next member is not the manifest's. */
static enum status fail_name(const struct import *import, size_t i, const char *expected)
{
    const char *actual = import->unpack.member, *path = import->file->path;
    char name[BUNDLE_NAME_BYTES];
    if (strcmp(actual, BUNDLE_MANIFEST_NAME) == 0)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' a second time", path, actual);
    for (size_t k = 0; k < import->manifest.n; k++) {
        bundle_member_name(&import->manifest.members[k], name);
        if (strcmp(name, actual) != 0) continue;
        if (k < i) return status_fail(STATUS_BAD_DATA, "%s: member '%s' a second time", path, actual);
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' where '%s' belongs", path, actual, expected);
    }
    return status_fail(STATUS_BAD_DATA, "%s: member '%s' is not in its manifest", path, actual);
}

typedef enum status import_line(struct import *import, struct scan *scan);

static enum status take_lines(struct import *import, struct text *held, const char *where, uint64_t *line,
                              import_line *take)
{
    char *at = held->data, *end = at + held->size, *stop;
    for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
        struct scan scan = {.where = where, .line = ++*line, .begin = at, .at = at, .end = stop};
        TRY(take(import, &scan));
    }
    held->size = (size_t)(end - at);
    memmove(held->data, at, held->size);
    return STATUS_OK;
}

static enum status read_lines(struct import *import, size_t line_bytes_max, import_line *take)
{
    enum { AT_ONCE = 1 << 16 };
    struct text held = {0}, where = {0};
    uint64_t line = 0;
    char *block = malloc(AT_ONCE);
    text_format(&where, "%s: %s", import->file->path, import->unpack.member);
    enum status status = block ? text_status(&where) : status_fail(STATUS_NO_MEMORY, "out of memory");
    for (size_t got = 1; got && status == STATUS_OK;) {
        status = unpack_read(&import->unpack, block, AT_ONCE, &got);
        text_append_bytes(&held, block, got);
        if (status == STATUS_OK) status = text_status(&held);
        if (status == STATUS_OK && held.size) status = take_lines(import, &held, where.data, &line, take);
        if (status == STATUS_OK && held.size > line_bytes_max)
            status = status_fail(STATUS_BAD_DATA, "%s, line %llu: more than %zu bytes", where.data,
                                 (unsigned long long)line + 1, line_bytes_max);
    }
    if (status == STATUS_OK && held.size)
        status =
            status_fail(STATUS_BAD_DATA, "%s, line %llu: cut off", where.data, (unsigned long long)line + 1);
    free(block);
    text_free(&held);
    text_free(&where);
    return status;
}

static enum status check_count(const struct import *import, const char *what, uint64_t actual, uint64_t said)
{
    if (actual == said) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: %llu %s, the manifest says %llu", import->file->path,
                       (unsigned long long)actual, what, (unsigned long long)said);
}

static enum status take_member(struct import *import, const struct bundle_member *member, size_t i)
{
    const struct bundle_counts *counts = &import->manifest.counts;
    switch (member->kind) {
    case BUNDLE_KIND_ENVIRONMENTS:
        TRY(read_lines(import, BUNDLE_ENVIRONMENT_BYTES_MAX, import_environment));
        return check_count(import, "environments", import->n_environments, counts->environments);
    case BUNDLE_KIND_RECORDS:
        TRY(read_lines(import, BUNDLE_RECORD_BYTES_MAX, import_record));
        TRY(check_count(import, "records", import->n_records, counts->records));
        return check_count(import, "entries", import->n_entries, counts->entries);
    case BUNDLE_KIND_DESCRIPTOR: return import_descriptor(import, i);
    case BUNDLE_KIND_SOURCE: return import_source(import, i);
    default: return import_code(import, i);
    }
}

static enum status read_member(struct import *import, size_t i)
{
    const struct bundle_member *member = &import->manifest.members[i];
    char name[BUNDLE_NAME_BYTES];
    uint64_t bytes;
    bundle_member_name(member, name);
    enum status status = unpack_next(&import->unpack, &bytes);
    if (status == STATUS_NOT_FOUND)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' is missing", import->file->path, name);
    TRY(status);
    if (strcmp(name, import->unpack.member) != 0) return fail_name(import, i, name);
    if (bytes != member->bytes)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' has %llu bytes, the manifest says %llu",
                           import->file->path, name, (unsigned long long)bytes,
                           (unsigned long long)member->bytes);
    TRY(take_member(import, member, i - import->manifest.first[member->kind]));
    return unpack_check(&import->unpack, &member->sha256);
}

/* A map that is surely too small is full at once, not after half of the work. Lines of records are larger
 * than what the book makes of them. */
static enum status make_room(struct import *import)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_env *lmdb = import->txn ? mdb_txn_env(import->txn) : NULL;
    if (!import_writes(import) || mdb_env_info(lmdb, &info) || mdb_env_stat(lmdb, &stat)) return STATUS_OK;
    /* Twice: values of little more than half a page take a whole one. */
    uint64_t needed =
        (info.me_last_pgno + 1) * stat.ms_psize + 2 * bundle_manifest_unpacked(&import->manifest);
    return needed <= info.me_mapsize ? STATUS_OK : import_stop(import, MDB_MAP_FULL);
}

static enum status read_bundle(struct import *import)
{
    TRY(unpack_begin(import->file, import->options->stop, &import->unpack));
    TRY(open_manifest(import));
    TRY(make_room(import));
    TRY(import_known_kernels(import));
    for (size_t i = 0; i < import->manifest.n; i++) TRY(read_member(import, i));
    return unpack_end(&import->unpack);
}

/* ---- the transaction ---- */

static void clear(struct import *import)
{
    unpack_free(&import->unpack);
    bundle_manifest_free(&import->manifest);
    free(import->kernels);
    free(import->codes_wanted);
    free(import->sources_named);
    free(import->environments);
    if (import->records) mdb_cursor_close(import->records);
    import->kernels = import->codes_wanted = import->sources_named = NULL;
    import->environments = NULL;
    import->records = NULL;
    import->n_environments = import->n_known = 0;
    import->n_records = import->n_entries = 0;
    import->code = 0;
    import->held = 0;
    *import->report = (struct bundle_report){.trusted = import->report->trusted};
}

/* From the beginning, each time: the map may have been full the last time. */
static int import_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct import *import = context;
    clear(import);
    import->txn = txn;
    import->book = book;
    if (book) import->code = mdb_cursor_open(txn, book->environment->tables[TABLE_RECORD], &import->records);
    if (book && import_writes(import)) txn_memory_begin(&import->memory, book->environment);
    if (!import->code) *refusal = read_bundle(import);
    if (import->records) mdb_cursor_close(import->records);
    import->records = NULL;
    if (import->code) return import->code;
    return *refusal == STATUS_OK ? 0 : BODY_REFUSED;
}

static enum status dry_run(struct import *import, const char *book_path)
{
    struct book *book = NULL;
    MDB_txn *txn = NULL;
    enum status status = book_open(book_path, BOOK_READ, &book);
    if (status == STATUS_NOT_FOUND) status = STATUS_OK;
    if (status == STATUS_OK && book) status = read_begin(book, &txn);
    if (status == STATUS_OK) {
        int code = import_body(book, txn, import, &status);
        if (code && code != BODY_REFUSED) status = lmdb_fail(book_path, code, "read");
        if (txn) read_end(book, txn);
    }
    book_close(book);
    return status;
}

static enum status write_into(struct import *import, const char *book_path)
{
    struct book *book;
    TRY(book_open(book_path, BOOK_WRITE, &book));
    enum status status = book_write(book, "import into it", import_body, import);
    enum status closed = book_close(book);
    return status == STATUS_OK ? closed : status;
}

/* One go; *again where the map was too small, and grew. */
static enum status fill(struct import *import, struct book *book, bool *again)
{
    MDB_txn *txn;
    enum status refusal = STATUS_OK;
    *again = false;
    int code = mdb_txn_begin(book->environment->lmdb, NULL, 0, &txn);
    if (!code) {
        code = import_body(book, txn, import, &refusal);
        if (!code)
            code = mdb_txn_commit(import->txn);
        else if (import->txn)
            mdb_txn_abort(import->txn);
    }
    if (code == BODY_REFUSED) return refusal;
    if (!code) return STATUS_OK;
    *again = code == MDB_MAP_FULL && !import->is_written;
    return *again ? environment_grow(book->environment, false)
                  : lmdb_fail(book->path, code, "import into it");
}

static enum status write_fresh(struct import *import, const char *work, const char *book_path)
{
    struct book book = {.path = (char *)book_path, .writable = true};
    enum status status = STATUS_OK;
    TRY(book_create_here(work, book_path));
    TRY(environment_open(work, true, true, &book.environment));
    import->fresh = true;
    for (bool again = true; again && status == STATUS_OK;) status = fill(import, &book, &again);
    import->fresh = false;
    environment_close(book.environment);
    return status;
}

/* A book that does not exist yet appears with all that is imported, or not at all. */
static enum status write_new(struct import *import, const char *book_path)
{
    struct work_folder work;
    struct text name = {0};
    int code = 0;
    TRY(folder_make(book_path));
    TRY(work_folder_begin(book_path, &work));
    enum status status = work_folder_file(&work, "book", &name);
    if (status == STATUS_OK) status = write_fresh(import, name.data, book_path);
    if (status == STATUS_OK) code = book_take_name(name.data, book_path);
    text_free(&name);
    work_folder_end(&work);
    if (code == EEXIST) return write_into(import, book_path); /* somebody was faster */
    if (code) return lmdb_fail(book_path, code, "create");
    if (status == STATUS_OK) folder_sync(book_path);
    return status;
}

static enum status run(struct import *import, const char *book_path)
{
    if (import->options->dry_run) return dry_run(import, book_path);
    bool there = access(book_path, F_OK) == 0 || errno != ENOENT;
    return there || book_on_network(book_path) ? write_into(import, book_path) : write_new(import, book_path);
}

enum status bundle_import(const char *path, const char *book_path,
                          const struct bundle_import_options *options, struct bundle_report *report)
{
    struct bundle_file file;
    *report = (struct bundle_report){0};
    TRY(bundle_file_open(path, options->verifier, options->stop, &report->trusted, &file));
    struct import *import = calloc(1, sizeof *import);
    enum status status = import ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    if (import) {
        struct bundle_report kept;
        import->file = &file;
        import->options = options;
        import->report = report;
        status = run(import, book_path);
        kept = *report;
        clear(import);
        *report = kept;
        text_free(&import->text);
        free(import);
    }
    bundle_file_close(&file);
    return status;
}
