#include "db/lookup_search.h"

#include <stdlib.h>
#include <string.h>

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int rank_compare(const struct rank *a, const struct rank *b)
{
    int order = compare_u32(a->match, b->match);
    if (!order) order = compare_u32(a->evidence, b->evidence);
    if (!order) order = compare_u32(a->class_distance, b->class_distance);
    if (!order) order = compare_u32(a->other_group, b->other_group);
    if (!order) order = compare_u32(a->head, b->head);
    if (!order) order = compare_u32(a->distance, b->distance);
    if (!order) order = compare_u32(a->layer, b->layer);
    return order;
}

bool search_open_to(const struct search *search, const struct rank *rank)
{
    if (search->n_answers < search->capacity) return true;
    /* An equal rank may still win by its key. */
    return search->capacity && rank_compare(rank, &search->ranks[search->n_answers - 1]) <= 0;
}

static int compare_keys(const MDB_val *a, const char *b)
{
    size_t length = strlen(b);
    int order = memcmp(a->mv_data, b, a->mv_size < length ? a->mv_size : length);
    return order ? order : (a->mv_size > length) - (a->mv_size < length);
}

/* Entries of one record come in order: behind their equals. */
static bool ranks_before(const struct search *search, const struct rank *rank, const MDB_val *key, size_t i)
{
    int order = rank_compare(rank, &search->ranks[i]);
    return order ? order < 0 : compare_keys(key, search->answers[i].key) < 0;
}

/* The descriptor of `kernel`, copied and decoded. */
static bool load_descriptor(struct search *search, MDB_txn *txn, struct book *book, const struct hash *kernel)
{
    MDB_val key = value_of(kernel->bytes, sizeof kernel->bytes), value;
    if (mdb_get(txn, book->environment->tables[TABLE_KERNEL], &key, &value)) return false;
    if (search->scratch_bytes < value.mv_size) {
        void *bytes = realloc(search->scratch.bytes, value.mv_size);
        if (!bytes) return false;
        search->scratch.bytes = bytes;
        search->scratch_bytes = value.mv_size;
    }
    memcpy(search->scratch.bytes, value.mv_data, value.mv_size);
    search->scratch.size = value.mv_size;
    if (descriptor_decode(search->scratch.bytes, search->scratch.size, &search->descriptor) == STATUS_OK)
        return true;
    search->n_damaged++;
    return false;
}

/* Drops answer i; its buffer becomes the scratch where there is none. */
static void drop(struct search *search, size_t i)
{
    if (search->scratch.bytes)
        value_free(&search->answers[i].descriptor_bytes);
    else
        search->scratch = search->answers[i].descriptor_bytes, search->scratch_bytes = search->scratch.size;
    search->n_answers--;
    memmove(&search->answers[i], &search->answers[i + 1], (search->n_answers - i) * sizeof *search->answers);
    memmove(&search->ranks[i], &search->ranks[i + 1], (search->n_answers - i) * sizeof *search->ranks);
}

/* Puts the descriptor in the scratch, with its entry, at place i. */
static void insert(struct search *search, size_t i, const struct rank *rank, const MDB_val *key,
                   const struct record_entry *entry)
{
    struct value bytes = search->scratch;
    search->scratch = (struct value){0};
    search->scratch_bytes = 0;
    if (search->n_answers == search->capacity) drop(search, search->n_answers - 1);
    memmove(&search->answers[i + 1], &search->answers[i], (search->n_answers - i) * sizeof *search->answers);
    memmove(&search->ranks[i + 1], &search->ranks[i], (search->n_answers - i) * sizeof *search->ranks);
    search->n_answers++;
    search->ranks[i] = *rank;
    struct lookup_answer *answer = &search->answers[i];
    answer->match = (enum match)rank->match;
    answer->evidence = (enum evidence)rank->evidence;
    answer->layer = rank->layer;
    memcpy(answer->key, key->mv_data, key->mv_size);
    answer->key[key->mv_size] = 0;
    answer->entry = *entry;
    answer->baseline_ns = search->record.baseline_ns;
    memcpy(answer->baseline_name, search->record.baseline_name, sizeof answer->baseline_name);
    answer->descriptor_bytes = bytes;
    descriptor_copy(&search->descriptor, &answer->descriptor);
    answer->reason[0] = 0;
}

/* One kernel answers once, by its best rank. */
static size_t find_kernel(const struct search *search, const struct hash *kernel)
{
    size_t i = 0;
    while (i < search->n_answers &&
           memcmp(search->answers[i].entry.kernel.bytes, kernel->bytes, sizeof kernel->bytes))
        i++;
    return i;
}

static void consider_entry(struct search *search, MDB_txn *txn, const struct rank *rank, const MDB_val *key,
                           const struct record_entry *entry)
{
    const struct lookup_request *request = search->request;
    struct book *book = search->books[rank->layer];
    size_t same = find_kernel(search, &entry->kernel), at = search->n_answers;
    while (at > 0 && ranks_before(search, rank, key, at - 1)) at--;
    if (at == search->capacity || same < at) return;
    if (!load_descriptor(search, txn, book, &entry->kernel) ||
        !request->is_valid(request->context, book, entry, &search->descriptor)) {
        search->n_refused++;
        return;
    }
    if (same < search->n_answers) {
        struct value fresh = search->scratch;
        search->scratch = (struct value){0};
        drop(search, same);
        value_free(&search->scratch);
        search->scratch = fresh;
    }
    insert(search, at, rank, key, entry);
}

void search_consider(struct search *search, MDB_txn *txn, struct rank rank, const MDB_val *key,
                     const MDB_val *value)
{
    search->n_records++;
    if (key->mv_size > KEY_BYTES_MAX ||
        record_decode(value->mv_data, value->mv_size, &search->record) != STATUS_OK) {
        search->n_damaged++;
        return;
    }
    for (uint32_t i = 0; i < search->record.n_entries; i++) {
        rank.evidence = search->record.entries[i].evidence;
        if (!search_open_to(search, &rank)) return; /* the entries behind it have no better evidence */
        consider_entry(search, txn, &rank, key, &search->record.entries[i]);
    }
}
