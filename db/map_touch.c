#include "db/map_touch.h"

#include <sys/mman.h>

void map_touch(struct map_touch *touch, const MDB_val *value)
{
    enum { PAGE = 4096, LET_GO_BYTES = 32 << 20 };
    uintptr_t begin = (uintptr_t)value->mv_data & ~(uintptr_t)(PAGE - 1), end = begin + value->mv_size;
    if (!touch->bytes || begin < touch->begin) touch->begin = begin;
    if (!touch->bytes || end > touch->end) touch->end = end;
    touch->bytes += value->mv_size;
    if (touch->bytes < LET_GO_BYTES) return;
    touch->bytes = 0;
    /* What lies between two values of the map is the map. */
    madvise((void *)touch->begin, touch->end - touch->begin, MADV_DONTNEED);
}
