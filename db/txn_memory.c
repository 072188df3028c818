#include "db/txn_memory.h"

#include <string.h>
#include <sys/mman.h>

/* A page begins with its number (mdb.c: MDB_page), and a snapshot's pages lie in the map. */
static uint8_t *find_map(struct environment *environment)
{
    MDB_txn *txn;
    MDB_val key = value_of("schema", 6), value;
    uint8_t *map = NULL;
    uint64_t number;
    if (mdb_txn_begin(environment->lmdb, NULL, MDB_RDONLY, &txn)) return NULL;
    MDB_stat stat;
    if (!mdb_env_stat(environment->lmdb, &stat) &&
        !mdb_get(txn, environment->tables[TABLE_META], &key, &value)) {
        uint8_t *page = (uint8_t *)((uintptr_t)value.mv_data & ~(uintptr_t)(stat.ms_psize - 1));
        memcpy(&number, page, sizeof number);
        map = page - number * stat.ms_psize;
    }
    mdb_txn_abort(txn);
    return map;
}

void txn_memory_begin(struct txn_memory *memory, struct environment *environment)
{
    MDB_envinfo info;
    *memory = (struct txn_memory){0};
    if (mdb_env_info(environment->lmdb, &info)) return;
    memory->map = find_map(environment);
    memory->map_bytes = info.me_mapsize;
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
