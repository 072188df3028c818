/* tamper MODE BOOK [COMMAND]: what a book must survive.
 *
 *     schema    the book claims to be of schema version 99
 *     record    one byte of the first record is another
 *     bytecode  a kernel's first clause holds an opcode that never was; all checksums are right
 *     readers   COMMAND runs while every reader place of the lock file is taken */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "db/schema.h"

enum { READERS = 510 };

static void check(int code, const char *doing)
{
    if (!code) return;
    fprintf(stderr, "tamper: %s: %s\n", doing, mdb_strerror(code));
    exit(1);
}

static MDB_env *open_book(const char *path)
{
    MDB_env *env;
    check(mdb_env_create(&env), "create");
    check(mdb_env_set_maxdbs(env, 16), "tables");
    check(mdb_env_set_maxreaders(env, READERS), "readers");
    check(mdb_env_set_mapsize(env, (size_t)64 << 20), "map");
    check(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644), "open");
    return env;
}

/* The table's first value becomes what `change` makes of it. */
static void change_first(MDB_env *env, const char *table, void (*change)(struct text *value))
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    check(mdb_dbi_open(txn, table, 0, &dbi), table);
    check(mdb_cursor_open(txn, dbi, &cursor), "cursor");
    check(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), "first");
    struct text copy = {0};
    text_append_bytes(&copy, value.mv_data, value.mv_size);
    change(&copy);
    value = (MDB_val){copy.size, copy.data};
    check(mdb_cursor_put(cursor, &key, &value, MDB_CURRENT), "put");
    mdb_cursor_close(cursor);
    check(mdb_txn_commit(txn), "commit");
}

static void flip(struct text *value)
{
    value->data[value->size / 2] ^= 1;
}

static void bad_bytecode(struct text *value)
{
    static const uint8_t never[] = {0xee};
    struct text copy = {0};
    struct descriptor descriptor;
    text_append_bytes(&copy, value->data, value->size);
    if (descriptor_decode(copy.data, copy.size, &descriptor) != STATUS_OK || !descriptor.n_clauses) {
        fprintf(stderr, "tamper: %s\n", status_message());
        exit(1);
    }
    descriptor.clauses[0] = (struct blob){never, sizeof never};
    text_clear(value);
    descriptor_encode(&descriptor, value);
}

static void new_schema(MDB_env *env)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    char version[] = "99";
    MDB_val key = {strlen("schema"), "schema"}, value = {strlen(version), version};
    check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    check(mdb_dbi_open(txn, "meta", 0, &dbi), "meta");
    check(mdb_put(txn, dbi, &key, &value, 0), "put");
    check(mdb_txn_commit(txn), "commit");
}

static int take_readers(MDB_env *env, const char *command)
{
    for (int i = 0; i < READERS; i++) {
        MDB_txn *txn;
        int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
        if (code == MDB_READERS_FULL) break;
        check(code, "read");
    }
    int status = system(command);
    return status < 0 ? 1 : status / 256;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    MDB_env *env = open_book(argv[2]);
    int code = 0;
    if (strcmp(argv[1], "schema") == 0)
        new_schema(env);
    else if (strcmp(argv[1], "record") == 0)
        change_first(env, "record", flip);
    else if (strcmp(argv[1], "bytecode") == 0)
        change_first(env, "kernel", bad_bytecode);
    else if (strcmp(argv[1], "readers") == 0 && argc > 3)
        code = take_readers(env, argv[3]);
    else
        code = 2;
    mdb_env_close(env);
    return code;
}
