/* Inserting into the plan cache, and its end. Growing publishes a new table and keeps the old one until the
 * context goes, because a reader may be in it: all old tables together are smaller than the current one. */
#include <stdlib.h>
#include "frontends/runtime/cache.h"

enum { TABLE_SLOTS_FIRST = 256 };

static struct plan_table *table_create(size_t slots)
{
    struct plan_table *table = calloc(1, sizeof *table + slots * sizeof table->slots[0]);
    if (table) table->mask = slots - 1;
    return table;
}

tb_plan *cache_find_given(const tb_context *context, const struct op_api *api, const union given *canonical,
                          unsigned flags)
{
    return cache_find(context, canonical, api->problem_bytes, flags);
}

static void table_put(struct plan_table *table, tb_plan *plan)
{
    size_t i = plan_hash(&plan->given, plan->api->problem_bytes, plan->tag) & table->mask;
    while (atomic_load_explicit(&table->slots[i], memory_order_relaxed)) i = (i + 1) & table->mask;
    atomic_store_explicit(&table->slots[i], plan, memory_order_release);
    table->n++;
}

enum status cache_insert(tb_context *context, tb_plan *plan)
{
    struct plan_table *table = atomic_load_explicit(&context->table, memory_order_relaxed);
    if (!table || 2 * (table->n + 1) > table->mask + 1) { /* at most half full, so that probes stay short */
        struct plan_table *larger = table_create(table ? 2 * (table->mask + 1) : TABLE_SLOTS_FIRST);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for the plan cache");
        larger->retired = table;
        for (size_t i = 0; table && i <= table->mask; i++) {
            tb_plan *old = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
            if (old) table_put(larger, old);
        }
        table_put(larger, plan);
        atomic_store_explicit(&context->table, larger, memory_order_release);
        return STATUS_OK;
    }
    table_put(table, plan);
    return STATUS_OK;
}

void cache_destroy(tb_context *context)
{
    struct plan_table *table = atomic_load_explicit(&context->table, memory_order_relaxed);
    while (table) {
        struct plan_table *retired = table->retired;
        free(table);
        table = retired;
    }
    atomic_store_explicit(&context->table, NULL, memory_order_relaxed);
}
