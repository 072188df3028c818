/* The same content gives the same bytes: LMDB leaves chance in places it never reads. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"

/* LMDB's on-disk format, version 1 (mdb.c: MDB_page, MDB_meta). */
enum {
    PAD = 8,
    FLAGS = 10,
    LOWER = 12,
    UPPER = 14,
    PAGES = 12,
    META_MAP_BYTES = 32,
    IS_OVERFLOW = 4,
    IS_META = 8
};

static uint16_t get_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* The number of pages that belong to this one. */
static uint64_t clean_page(uint8_t *page, const struct book_file *file)
{
    uint16_t flags = get_u16(page + FLAGS), lower = get_u16(page + LOWER), upper = get_u16(page + UPPER);
    memset(page + PAD, 0, 2);
    if (flags & IS_META) {
        /* The map just holds the file; a reader maps what it needs anyway. */
        memcpy(page + META_MAP_BYTES, &file->bytes, sizeof file->bytes);
        return 1;
    }
    if (flags & IS_OVERFLOW) {
        uint32_t pages;
        memcpy(&pages, page + PAGES, sizeof pages);
        return pages ? pages : 1;
    }
    if (lower <= upper && upper <= file->page_bytes) memset(page + lower, 0, (size_t)(upper - lower));
    return 1;
}

enum status freeze_clean_pages(int descriptor, const char *path)
{
    struct book_file file;
    uint8_t page[65536];
    TRY(book_file_check(descriptor, path, &file));
    for (uint64_t i = 0; i <= file.last_page;) {
        off_t at = (off_t)(i * file.page_bytes);
        ssize_t size = (ssize_t)file.page_bytes;
        if (pread(descriptor, page, file.page_bytes, at) != size)
            return status_fail_errno(STATUS_IO, "%s: cannot read", path);
        uint64_t pages = clean_page(page, &file);
        if (pwrite(descriptor, page, file.page_bytes, at) != size)
            return status_fail_errno(STATUS_IO, "%s: cannot write", path);
        i += pages;
    }
    return STATUS_OK;
}
