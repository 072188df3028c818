#include <unistd.h>
#include "db/book_pages.h"
#include "db/check_internal.h"
#include "tuner/base/file_head.h"

enum { PAGE_BYTES_AT = 40, LEAST = 512, MOST = 65536 };

/* The page size that the head page at `offset` names; 0: there is none of LMDB's. */
static uint64_t named_at(int descriptor, uint64_t offset)
{
    uint8_t head[PAGE_BYTES_AT + 4];
    uint32_t page_bytes;
    if (pread(descriptor, head, sizeof head, (off_t)offset) != (ssize_t)sizeof head) return 0;
    memcpy(&page_bytes, head + PAGE_BYTES_AT, sizeof page_bytes);
    bool is_size = page_bytes >= LEAST && page_bytes <= MOST && !(page_bytes & (page_bytes - 1));
    return head_is_lmdb(head) && is_size ? page_bytes : 0;
}

/* The second head page is asked first: where it stands and what it says must agree, which a flipped bit in
 * the first one's size cannot feign. */
uint64_t salvage_page_bytes(int descriptor)
{
    for (uint64_t size = LEAST; size <= MOST; size *= 2)
        if (named_at(descriptor, size) == size) return size;
    return named_at(descriptor, 0);
}
