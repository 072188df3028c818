/* Keeps the memory of a long walk over a book small. Private to db. */
#ifndef TUNEBOOK_DB_MAP_TOUCH_H
#define TUNEBOOK_DB_MAP_TOUCH_H

#include <lmdb.h>
#include <stdint.h>

/* Pages of the file that were read count as this process's memory until they are let go; the system's cache
 * keeps them. For read transactions alone: in others a value may lie in a page that is not the map's. */
struct map_touch {
    uint64_t bytes;       /* of the map, read since it was last let go */
    uintptr_t begin, end; /* between where they lie */
};
/* Notes a value of a snapshot that was read; every 32 MiB all of them are let go. The value stays readable.
 */
void map_touch(struct map_touch *touch, const MDB_val *value);

#endif
