/* A book's file, checked in this process. */
#include "db/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/check_internal.h"

void check_report(struct check *check, bool is_note, const char *table, const char *key, const char *what)
{
    struct check_finding finding = {.table = table, .key = key, .what = what, .is_note = is_note};
    *(is_note ? &check->summary.notes : &check->summary.findings) += 1;
    check->options->visit(check->options->context, &finding);
}

/* One look at the structure; *transaction is the snapshot's. */
static enum status look(int descriptor, const char *path, uint64_t *transaction)
{
    struct book_file file;
    TRY(book_file_check(descriptor, path, &file));
    *transaction = file.transaction;
    return book_file_walk(descriptor, path, &file);
}

/* The structure of a file that may be written meanwhile: a walk that failed while a commit came in between
 * says nothing; *moving. */
static enum status check_structure(int descriptor, const char *path, bool *moving)
{
    for (int tries = 0; tries < 3; tries++) {
        struct book_file file;
        char line[1024];
        uint64_t before = 0;
        *moving = false;
        enum status status = look(descriptor, path, &before);
        if (status != STATUS_BAD_DATA) return status;
        snprintf(line, sizeof line, "%s", status_message());
        *moving =
            before && book_file_check(descriptor, path, &file) == STATUS_OK && file.transaction != before;
        if (!*moving) return status_fail(status, "%s", line);
    }
    return STATUS_OK;
}

static enum status check_tables(struct check *check, MDB_txn *txn)
{
    check->txn = txn;
    for (enum table table = 0; table < TABLE_COUNT; table++) {
        check->at(check->options->context, table_name(table));
        check_table(check, table);
    }
    check->summary.rows_read = true;
    check->at(check->options->context, "references");
    check_unreferenced(check);
    bool failed =
        check->kernels.failed || check->codes.failed || check->environments.failed || check->sources.failed;
    return failed ? status_fail(STATUS_NO_MEMORY, "%s: out of memory", check->book->path) : STATUS_OK;
}

/* Pages of a snapshot that a reader holds stay as they are. */
static enum status check_pinned(struct check *check, int descriptor, bool moving)
{
    MDB_txn *txn;
    uint64_t transaction;
    TRY(read_begin(check->book, &txn));
    enum status status = moving ? look(descriptor, check->book->path, &transaction) : STATUS_OK;
    if (status == STATUS_BAD_DATA) {
        check_report(check, false, "", "", status_message());
        status = STATUS_OK;
    } else if (status == STATUS_OK) {
        status = check_tables(check, txn);
    }
    read_end(check->book, txn);
    return status;
}

/* A flipped bit in the size that a head page names asks for more address space than there is. */
static enum status open_book(struct check *check, const char *path, int descriptor)
{
    static const uint64_t UNLIKELY = (uint64_t)1 << 36;
    struct book_file file;
    char line[1024];
    enum status status = book_open(path, BOOK_READ, &check->book);
    if (status != STATUS_NO_MEMORY) return status;
    snprintf(line, sizeof line, "%s", status_message());
    if (book_file_check(descriptor, path, &file) != STATUS_OK ||
        (file.map_bytes < UNLIKELY && file.last_page < UNLIKELY / file.page_bytes))
        return status_fail(status, "%s", line);
    snprintf(line, sizeof line, "%s: damaged (its head pages name a map of %llu bytes and %llu pages)", path,
             (unsigned long long)file.map_bytes, (unsigned long long)file.last_page + 1);
    check_report(check, false, "", "", line);
    return STATUS_OK;
}

static enum status check_file(struct check *check, const char *path, int descriptor)
{
    bool moving;
    check->at(check->options->context, "pages");
    enum status status = check_structure(descriptor, path, &moving);
    if (status == STATUS_BAD_DATA && salvage_page_bytes(descriptor)) {
        check_report(check, false, "", "", status_message());
        return STATUS_OK;
    }
    TRY(status);
    check->at(check->options->context, "tables");
    TRY(open_book(check, path, descriptor));
    if (!check->book) return STATUS_OK;
    status = check_pinned(check, descriptor, moving);
    book_close(check->book);
    return status;
}

enum status book_check_here(const char *path, const struct check_options *options, check_at *at,
                            struct check_summary *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) return status_fail(STATUS_NOT_FOUND, "%s: no such book", path);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", path);
    struct check *check = calloc(1, sizeof *check);
    enum status status = STATUS_NO_MEMORY;
    if (check) {
        check->options = options;
        check->at = at;
        status = check_file(check, path, descriptor);
        *out = check->summary;
        hash_set_free(&check->kernels);
        hash_set_free(&check->codes);
        hash_set_free(&check->environments);
        hash_set_free(&check->sources);
        free(check);
    }
    close(descriptor);
    return status;
}
