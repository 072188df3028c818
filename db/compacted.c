#include "db/compacted.h"

#include <stdlib.h>
#include <string.h>
#include "db/bytes.h"
#include "tuner/base/crc32c.h"

enum { ITEM_BYTES = COMPACTED_ID_BYTES + 3 * 8 };

static enum status no_memory(size_t n)
{
    return status_fail(STATUS_NO_MEMORY, "no memory for %zu compacted records", n);
}

void compacted_id(const char *key, const struct record_entry *entry, uint8_t out[COMPACTED_ID_BYTES])
{
    struct sha256 sha;
    uint64_t numbers[] = {htole64(entry->timing.median_ns), htole64(entry->timing.high_ns),
                          htole64(entry->measured_at_s), htole64(entry->evidence)};
    sha256_begin(&sha);
    sha256_add_field(&sha, key);
    sha256_add(&sha, entry->kernel.bytes, sizeof entry->kernel.bytes);
    sha256_add(&sha, entry->environment.bytes, sizeof entry->environment.bytes);
    sha256_add(&sha, numbers, sizeof numbers);
    struct hash hash = sha256_end(&sha);
    memcpy(out, hash.bytes, COMPACTED_ID_BYTES);
}

enum status compacted_add(struct compacted *list, const struct compacted_item *item)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct compacted_item *items = realloc(list->items, capacity * sizeof *items);
        if (!items) return no_memory(capacity);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = *item;
    return STATUS_OK;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, COMPACTED_ID_BYTES);
}

static void put_u64(struct text *out, uint64_t value)
{
    value = htole64(value);
    text_append_bytes(out, &value, sizeof value);
}

void compacted_encode(struct compacted *list, struct text *out)
{
    const char head[] = {'C', VALUE_FORMAT};
    size_t begin = out->size;
    if (list->n) qsort(list->items, list->n, sizeof *list->items, compare);
    text_append_bytes(out, head, sizeof head);
    put_u64(out, list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct compacted_item *item = &list->items[i];
        text_append_bytes(out, item->id, sizeof item->id);
        put_u64(out, item->best_ns);
        put_u64(out, item->trial_ns);
        put_u64(out, item->limit_ns);
    }
    if (out->failed) return;
    uint32_t crc = htole32(crc32c(out->data + begin, out->size - begin));
    text_append_bytes(out, &crc, sizeof crc);
}

enum status compacted_decode(const void *bytes, size_t size, struct compacted *out)
{
    struct reader body;
    *out = (struct compacted){0};
    TRY(envelope_open("compacted", 'C', VALUE_FORMAT, bytes, size, &body));
    uint64_t n = reader_u64(&body), left = (uint64_t)(body.end - body.at);
    if (body.bad || n != left / ITEM_BYTES || left % ITEM_BYTES)
        return status_fail(STATUS_BAD_DATA, "compacted: its number of rows is not that of its bytes");
    for (uint64_t i = 0; i < n; i++) {
        struct compacted_item item;
        memcpy(item.id, reader_take(&body, sizeof item.id), sizeof item.id);
        item.best_ns = reader_u64(&body);
        item.trial_ns = reader_u64(&body);
        item.limit_ns = reader_u64(&body);
        if (i && compare(&out->items[i - 1], &item) >= 0)
            return status_fail(STATUS_BAD_DATA, "compacted: rows %llu and %llu are out of order",
                               (unsigned long long)i - 1, (unsigned long long)i);
        TRY(compacted_add(out, &item));
    }
    return envelope_finish("compacted", &body);
}

const struct compacted_item *compacted_find(const struct compacted *list,
                                            const uint8_t id[COMPACTED_ID_BYTES])
{
    return list->n ? bsearch(id, list->items, list->n, sizeof *list->items, compare) : NULL;
}

void compacted_free(struct compacted *list)
{
    free(list->items);
    *list = (struct compacted){0};
}
