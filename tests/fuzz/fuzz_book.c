/* Any bytes as a book's file: the structure walk ends and reads nothing outside. Pages 2 and up come from the
 * fuzzer, behind two head pages that name its first bytes as roots. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "db/book_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 512 };

/* Head page i, as LMDB writes it; mm_last_pg and the roots are what the walk begins with. */
static void write_head(uint8_t *page, uint64_t i, uint64_t pages, const uint8_t *data)
{
    const uint32_t magic = 0xBEEFC0DEu, version = 1, page_bytes = PAGE;
    const uint16_t flags = 8;
    uint64_t roots[2] = {data[0] == 255 ? UINT64_MAX : data[0], data[1]}, last = pages - 1;
    memcpy(page, &i, 8);
    memcpy(page + 10, &flags, 2);
    memcpy(page + 16, &magic, 4);
    memcpy(page + 20, &version, 4);
    memcpy(page + 40, &page_bytes, 4);
    memcpy(page + 80, &roots[0], 8);
    memcpy(page + 128, &roots[1], 8);
    memcpy(page + 136, &last, 8);
    memcpy(page + 144, &i, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (size < 2) return 0;
    uint64_t pages = 2 + (size - 2) / PAGE + 1;
    uint8_t *bytes = calloc(pages, PAGE);
    write_head(bytes, 0, pages, data);
    write_head(bytes + PAGE, 1, pages, data);
    memcpy(bytes + (size_t)2 * PAGE, data + 2, size - 2);
    /* The right number and a likely kind, which the fuzzer would take long to find. */
    for (uint64_t i = 2; i < pages; i++) memcpy(bytes + i * PAGE, &i, 8);
    if (file < 0) file = memfd_create("book", MFD_CLOEXEC);
    if (ftruncate(file, 0) || pwrite(file, bytes, pages * PAGE, 0) < 0) abort();
    struct book_file facts;
    if (book_file_check(file, "book", &facts) == STATUS_OK) book_file_walk(file, "book", &facts);
    free(bytes);
    return 0;
}
