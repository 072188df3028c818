#include "db/lookup_search.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 32 };

struct sibling {
    char text[64];
    uint32_t distance;
};

/* units x GB/s of "target:units:GB/s"; 0: not of this form. */
static uint64_t class_weight(const char *text)
{
    char *end;
    const char *units = strchr(text, ':');
    if (!units) return 0;
    uint64_t n = strtoull(units + 1, &end, 10);
    if (*end != ':') return 0;
    uint64_t bandwidth = strtoull(end + 1, &end, 10);
    if (*end || n > UINT32_MAX || bandwidth > UINT32_MAX) return 0;
    return n * bandwidth;
}

/* Copies the class off a key behind `start` bytes. */
static bool read_class(const MDB_val *key, size_t start, struct sibling *out)
{
    const char *text = (const char *)key->mv_data + start;
    const char *slash = memchr(text, '/', key->mv_size - start);
    if (!slash || (size_t)(slash - text) >= sizeof out->text) return false;
    memcpy(out->text, text, (size_t)(slash - text));
    out->text[slash - text] = 0;
    return true;
}

static int compare_siblings(const void *a, const void *b)
{
    const struct sibling *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return strcmp(x->text, y->text);
}

static void keep_closest(struct sibling *classes, size_t *n, const struct sibling *sibling)
{
    if (*n == CLASSES_MAX && compare_siblings(sibling, &classes[*n - 1]) >= 0) return;
    classes[*n < CLASSES_MAX ? (*n)++ : *n - 1] = *sibling;
    qsort(classes, *n, sizeof *classes, compare_siblings);
}

/* The classes of the target that have records under this head, a seek each. */
static size_t list_classes(MDB_cursor *cursor, const struct lookup_request *request, const char *head,
                           struct sibling classes[CLASSES_MAX])
{
    char prefix[KEY_BYTES_MAX + 1];
    size_t head_bytes = strlen(head) + 1, n = 0, size = head_bytes + strlen(request->target) + 1;
    uint64_t weight = class_weight(request->device_class);
    if (!weight || size + sizeof classes->text > sizeof prefix) return 0;
    stpcpy(stpcpy(stpcpy(stpcpy(prefix, head), "@"), request->target), ":");
    size_t own_bytes = size;
    MDB_val key = value_of(prefix, size), value;
    while (!mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) {
        struct sibling sibling;
        if (key.mv_size < own_bytes || memcmp(key.mv_data, prefix, own_bytes)) break;
        if (!read_class(&key, head_bytes, &sibling)) break;
        uint64_t its_weight = class_weight(sibling.text);
        sibling.distance = its_weight ? log2_distance(weight, its_weight) : 0;
        if (its_weight && strcmp(sibling.text, request->device_class)) keep_closest(classes, &n, &sibling);
        /* '0' follows '/': behind everything of this class. */
        size = (size_t)(stpcpy(stpcpy(prefix + head_bytes, sibling.text), "0") - prefix);
        key = value_of(prefix, size);
    }
    return n;
}

void search_siblings(struct search *search, MDB_txn *txn, struct rank rank, const char *head)
{
    struct sibling classes[CLASSES_MAX];
    MDB_cursor *cursor;
    if (mdb_cursor_open(txn, search->books[rank.layer]->environment->tables[TABLE_RECORD], &cursor)) return;
    size_t n = list_classes(cursor, search->request, head, classes);
    mdb_cursor_close(cursor);
    for (size_t i = 0; i < n; i++) {
        rank.class_distance = classes[i].distance;
        if (!search_open_to(search, &rank)) return;
        search_near(search, txn, rank, head, classes[i].text, false);
    }
}
