/* A reader's transaction whose root is whole.
 *
 * LMDB (0.9.24, mdb_txn_renew0) notes the number of the newest snapshot and copies that snapshot's meta page
 * afterwards. There are two meta pages, written in turn, so a reader that is preempted in between for a
 * commit and a half copies what the next but one transaction is just writing there: a state that is not
 * committed yet, or half of it. That transaction cannot have begun to write while the noted snapshot is still
 * the newest one, so it is asked afterwards whether it is. */
#include <errno.h>
#include "db/book_internal.h"
#include "tuner/base/clock.h"

/* The meta pages name no newer one. They do so a little early, while its commit waits for the disk. */
static bool is_newest_on_disk(MDB_env *lmdb, uint64_t snapshot)
{
    MDB_envinfo info;
    return !mdb_env_info(lmdb, &info) && info.me_last_txnid == snapshot;
}

/* A reader that begins now gets the same one. */
static bool is_newest_for_readers(MDB_env *lmdb, uint64_t snapshot)
{
    MDB_txn *probe;
    if (mdb_txn_begin(lmdb, NULL, MDB_RDONLY, &probe)) return false;
    bool same = mdb_txn_id(probe) == snapshot;
    mdb_txn_abort(probe);
    return same;
}

static bool is_newest(MDB_env *lmdb, uint64_t snapshot)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the copy comes before the question */
    return is_newest_on_disk(lmdb, snapshot) || is_newest_for_readers(lmdb, snapshot);
}

int snapshot_take(MDB_env *lmdb, bool live, MDB_txn **txn)
{
    enum { TRIES_AT_ONCE = 100, TRIES = 1100 };
    int code = *txn ? mdb_txn_renew(*txn) : mdb_txn_begin(lmdb, NULL, MDB_RDONLY, txn);
    for (int tries = 1; !code && live && !is_newest(lmdb, mdb_txn_id(*txn)); tries++) {
        mdb_txn_reset(*txn);
        if (tries > TRIES_AT_ONCE) clock_sleep_ns(1000000);
        code = tries < TRIES ? mdb_txn_renew(*txn) : EAGAIN;
    }
    if (!code) return 0;
    if (*txn) mdb_txn_abort(*txn);
    *txn = NULL;
    return code;
}
