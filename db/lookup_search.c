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

/* Makes room for the next descriptor: the buffer of one that was turned down serves again. */
static bool reserve_scratch(struct search *search, size_t bytes)
{
    if (search->scratch_bytes >= bytes) return true;
    void *larger = realloc(search->scratch.bytes, bytes);
    if (!larger) return false;
    search->scratch.bytes = larger;
    search->scratch_bytes = bytes;
    return true;
}

/* The descriptor of `kernel`, copied and decoded. */
static bool load_descriptor(struct search *search, MDB_txn *txn, struct book *book, const struct hash *kernel)
{
    MDB_val key = value_of(kernel->bytes, sizeof kernel->bytes), value;
    if (mdb_get(txn, book->environment->tables[TABLE_KERNEL], &key, &value)) return false;
    if (!reserve_scratch(search, value.mv_size)) return false;
    memcpy(search->scratch.bytes, value.mv_data, value.mv_size);
    search->scratch.size = value.mv_size;
    if (descriptor_decode(search->scratch.bytes, search->scratch.size, &search->descriptor) == STATUS_OK)
        return true;
    search->n_damaged++;
    return false;
}

static void remove_answer(struct search *search, size_t i)
{
    search->n_answers--;
    memmove(&search->answers[i], &search->answers[i + 1], (search->n_answers - i) * sizeof *search->answers);
    memmove(&search->ranks[i], &search->ranks[i + 1], (search->n_answers - i) * sizeof *search->ranks);
}

/* Takes the scratch's buffer away. */
static struct value take_scratch(struct search *search)
{
    struct value bytes = search->scratch;
    search->scratch = (struct value){0};
    search->scratch_bytes = 0;
    return bytes;
}

/* Puts a descriptor, known or in the scratch, with its entry at place i. */
static void insert(struct search *search, size_t i, const struct rank *rank, const MDB_val *key,
                   const struct record_entry *entry, const struct descriptor *descriptor)
{
    struct value bytes = {0};
    if (descriptor == &search->descriptor) bytes = take_scratch(search);
    if (search->n_answers == search->capacity)
        value_free(&search->answers[--search->n_answers].descriptor_bytes);
    memmove(&search->answers[i + 1], &search->answers[i], (search->n_answers - i) * sizeof *search->answers);
    memmove(&search->ranks[i + 1], &search->ranks[i], (search->n_answers - i) * sizeof *search->ranks);
    search->n_answers++;
    search->ranks[i] = *rank;
    struct lookup_answer *answer = &search->answers[i];
    answer->match = (enum match)rank->match;
    answer->evidence = (enum evidence)entry->evidence;
    answer->layer = rank->layer;
    memcpy(answer->key, key->mv_data, key->mv_size);
    answer->key[key->mv_size] = 0;
    answer->entry = *entry;
    answer->baseline_ns = search->record.baseline_ns;
    memcpy(answer->baseline_name, search->record.baseline_name, sizeof answer->baseline_name);
    answer->descriptor_bytes = bytes;
    descriptor_copy(descriptor, &answer->descriptor);
    strncpy(answer->reason, search->pin ? search->pin : "", sizeof answer->reason - 1);
    answer->reason[sizeof answer->reason - 1] = 0;
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
    const struct descriptor *descriptor =
        request->known ? request->known(request->context, book, &entry->kernel) : NULL;
    if (!descriptor && load_descriptor(search, txn, book, &entry->kernel)) descriptor = &search->descriptor;
    if (!descriptor || !request->is_valid(request->context, book, entry, descriptor)) {
        search->n_refused++;
        return;
    }
    if (same < search->n_answers) {
        value_free(&search->answers[same].descriptor_bytes);
        remove_answer(search, same);
    }
    insert(search, at, rank, key, entry, descriptor);
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
        rank.evidence = search->pin ? RANK_PINNED : 1u + search->record.entries[i].evidence;
        if (!search_open_to(search, &rank)) return; /* the entries behind it have no better evidence */
        consider_entry(search, txn, &rank, key, &search->record.entries[i]);
    }
}
