#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/clock.h"
#include "tuner/base/file_head.h"

/* LMDB's on-disk format, version 1 (mdb.c: MDB_page, MDB_meta), on a machine with 8-byte words. */
enum { FLAGS_OFFSET = 10, META_OFFSET = 16, META_FLAG = 8, DATA_FORMAT = 1 };
struct lmdb_tree {
    uint32_t pad; /* of the first tree: the page size */
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
struct lmdb_meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct lmdb_tree trees[2];
    uint64_t last_page, transaction;
};

/* false: no meta page of LMDB stands at `offset`. */
static bool read_meta(int descriptor, uint64_t offset, struct lmdb_meta *meta)
{
    uint8_t page[META_OFFSET + sizeof *meta];
    if (pread(descriptor, page, sizeof page, (off_t)offset) != (ssize_t)sizeof page) return false;
    uint16_t flags;
    memcpy(&flags, page + FLAGS_OFFSET, sizeof flags);
    memcpy(meta, page + META_OFFSET, sizeof *meta);
    return (flags & META_FLAG) && head_is_lmdb(page);
}

/* A bundle given for a book is a likely mistake. */
static enum status refuse_stranger(int descriptor, const char *path)
{
    uint8_t head[ZSTD_HEAD_BYTES];
    if (pread(descriptor, head, sizeof head, 0) == (ssize_t)sizeof head && head_is_zstd(head))
        return status_fail(STATUS_BAD_DATA,
                           "%s: no book (compressed by zstd, as bundles are); `autotune import` takes a "
                           "bundle into a book",
                           path);
    return status_fail(STATUS_BAD_DATA, "%s: no book (not an LMDB file)", path);
}

static enum status check_once(int descriptor, const char *path, struct book_file *out)
{
    struct lmdb_meta metas[2];
    struct stat stat;
    if (!read_meta(descriptor, 0, &metas[0])) return refuse_stranger(descriptor, path);
    if (metas[0].version != DATA_FORMAT)
        return status_fail(STATUS_BAD_DATA, "%s: LMDB data format %u, this program reads %d", path,
                           metas[0].version, DATA_FORMAT);
    uint64_t page_bytes = metas[0].trees[0].pad;
    if (page_bytes < 512 || page_bytes > 65536 || (page_bytes & (page_bytes - 1)))
        return status_fail(STATUS_BAD_DATA, "%s: damaged (a page size of %llu bytes)", path,
                           (unsigned long long)page_bytes);
    bool second = read_meta(descriptor, page_bytes, &metas[1]);
    /* After the meta pages, so that a writer that commits meanwhile has extended the file before we ask. */
    if (fstat(descriptor, &stat)) return status_fail_errno(STATUS_IO, "%s: cannot stat", path);
    uint64_t bytes = (uint64_t)stat.st_size;
    if (bytes < 2 * page_bytes)
        return status_fail(STATUS_BAD_DATA, "%s: truncated: %llu bytes, not even its two head pages", path,
                           (unsigned long long)bytes);
    if (!second || metas[1].trees[0].pad != page_bytes)
        return status_fail(STATUS_BAD_DATA, "%s: damaged (the second head page is no LMDB page)", path);
    const struct lmdb_meta *meta = &metas[metas[1].transaction > metas[0].transaction];
    if (meta->last_page < 1 || meta->last_page >= UINT64_MAX / page_bytes - 1)
        return status_fail(STATUS_BAD_DATA, "%s: damaged (a last page of %llu)", path,
                           (unsigned long long)meta->last_page);
    *out = (struct book_file){.bytes = bytes,
                              .page_bytes = page_bytes,
                              .last_page = meta->last_page,
                              .map_bytes = meta->map_bytes,
                              .transaction = meta->transaction,
                              .roots = {meta->trees[0].root, meta->trees[1].root}};
    if ((meta->last_page + 1) * page_bytes <= bytes) return STATUS_OK;
    /* LMDB never writes pages that were taken and given back within a transaction; at the end of the file
     * they make it shorter than its last page number says. Only a page in use out there means that something
     * was cut. */
    if (book_file_walk(descriptor, path, out) == STATUS_OK) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA,
                       "%s: truncated: %llu of %llu bytes; copy it again or restore a backup", path,
                       (unsigned long long)bytes, (unsigned long long)((meta->last_page + 1) * page_bytes));
}

enum status book_file_check(int descriptor, const char *path, struct book_file *out)
{
    struct stat stat;
    if (fstat(descriptor, &stat)) return status_fail_errno(STATUS_IO, "%s: cannot stat", path);
    if (S_ISDIR(stat.st_mode)) return status_fail(STATUS_BAD_DATA, "%s: a folder, no book", path);
    if (!S_ISREG(stat.st_mode)) return status_fail(STATUS_BAD_DATA, "%s: no book (not a regular file)", path);
    if (stat.st_size == 0) return status_fail(STATUS_BAD_DATA, "%s: no book (an empty file)", path);
    /* Beside a writer a meta page may be seen half-written; what is wrong in the file stays wrong. */
    enum status status = check_once(descriptor, path, out);
    for (int tries = 0; status != STATUS_OK && tries < 3; tries++) {
        clock_sleep_ns(1000000);
        status = check_once(descriptor, path, out);
    }
    return status;
}
