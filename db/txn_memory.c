#include "db/txn_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* LMDB does not say where it maps a file; the system does. Where it names the file in another way than fstat
 * does, as some file systems do, nothing is found. */
static void find_map(MDB_env *lmdb, struct txn_memory *out)
{
    int descriptor;
    struct stat file;
    char line[4096];
    if (mdb_env_get_fd(lmdb, &descriptor) || fstat(descriptor, &file)) return;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !out->map && fgets(line, sizeof line, maps)) {
        uintptr_t begin, end;
        uint64_t offset, inode;
        unsigned device[2];
        int n = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNx64 " %x:%x %" SCNu64, &begin, &end,
                       &offset, &device[0], &device[1], &inode);
        if (n != 6 || offset != 0 || inode != file.st_ino || device[0] != major(file.st_dev) ||
            device[1] != minor(file.st_dev))
            continue;
        out->map = (uint8_t *)begin;
        out->map_bytes = end - begin;
    }
    if (maps) fclose(maps);
}

void txn_memory_begin(struct txn_memory *memory, struct environment *environment)
{
    *memory = (struct txn_memory){0};
    find_map(environment->lmdb, memory);
}

/* Before a put LMDB looks whether the pages that it may change still have room in memory, by the size of the
 * value, and writes out what is too much. That a value is to be put in place of a table it finds afterwards,
 * and refuses. */
static int spill(MDB_txn *txn)
{
    enum { LARGER_THAN_ALL_ROOM = 1 << 30 };
    MDB_dbi tables;
    const char *name = table_name(TABLE_META);
    MDB_val key = value_of(name, strlen(name)), value = {.mv_size = LARGER_THAN_ALL_ROOM};
    int code = mdb_dbi_open(txn, NULL, 0, &tables);
    if (!code) code = mdb_put(txn, tables, &key, &value, MDB_RESERVE);
    return code == MDB_INCOMPATIBLE ? 0 : code ? code : MDB_BAD_TXN;
}

int txn_memory_note(struct txn_memory *memory, MDB_txn *txn, uint64_t bytes)
{
    enum { HELD_BYTES_MAX = 32 << 20 };
    if ((memory->held += bytes) < HELD_BYTES_MAX) return 0;
    memory->held = 0;
    int code = spill(txn);
    /* Pages of the file that were read count as this process's memory; the system's cache keeps them. */
    if (!code && memory->map) madvise(memory->map, memory->map_bytes, MADV_DONTNEED);
    return code;
}
