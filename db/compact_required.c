/* What must stay whatever the regret. */
#include <string.h>
#include "db/compact_internal.h"
#include "db/pin_rows.h"

/* A pin overrides the choice for its problem: its kernel stays, and the environment of its time. The row
 * itself goes along with the other notes (compact_write.c). */
static enum status require_pinned(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    static const struct hash none;
    struct pin pin;
    uint32_t kernel;
    if (!is_pin(key)) return STATUS_OK;
    enum status status = pin_decode(value->mv_data, value->mv_size, &pin);
    const struct record_entry *entry = &pin.record.entries[0];
    if (status == STATUS_OK && !compact_kernel_find(run, &entry->kernel, &kernel))
        status = status_fail(STATUS_BAD_DATA, "its kernel is damaged or not there");
    if (status != STATUS_OK)
        return status_prefix(status, "%s: the pin of %.*s", run->options->path, (int)key->mv_size,
                             (const char *)key->mv_data);
    run->kernels.chosen[kernel] = 1;
    if (!memcmp(&entry->environment, &none, sizeof none)) return STATUS_OK;
    return hash_set_add(&run->environments, &entry->environment);
}

/* Tells kernels by run->kernels.chosen[number] = 1. Asked once, before the choice. */
enum status compact_required(struct compact *run)
{
    return compact_each(run, TABLE_META, require_pinned);
}
