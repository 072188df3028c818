#include "db/bytes.h"
#include "db/lookup_search.h"

void search_pin(struct search *search, MDB_txn *txn, struct rank rank, const MDB_val *key)
{
    MDB_val name = *key, value;
    struct reader reader;
    if (mdb_get(txn, search->books[rank.layer]->environment->tables[TABLE_META], &name, &value)) return;
    if (envelope_open("pin", 'P', VALUE_FORMAT, value.mv_data, value.mv_size, &reader) == STATUS_OK) {
        search->pin = reader_string(&reader);
        struct blob record = reader_blob(&reader);
        value = value_of(record.bytes, record.size);
        search_consider(search, txn, rank, key, &value);
        search->pin = NULL;
    }
    search->exact_seen = true;
    search->pin_refused = search->n_answers == 0 || search->ranks[0].evidence != RANK_PINNED;
}
