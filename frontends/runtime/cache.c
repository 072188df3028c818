/* The plan cache: open addressing over atomic pointers to immutable plans. A hit takes no lock and writes
 * nothing. Inserts happen under the context's mutex; growing publishes a new table and keeps the old one
 * until the context goes, because a reader may be in it: all old tables together are smaller than the current
 * one. */
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"

enum { TABLE_SLOTS_FIRST = 256 };

__extension__ typedef unsigned __int128 wide;

/* Both halves of a 64 x 64-bit product folded together, as in wyhash (public domain): every bit of the
 * factors reaches the result. The five products do not wait for each other. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_key(const struct plan_key *key)
{
    const uint64_t *w = key->words;
    uint64_t hash = fold(w[0] ^ 0xa0761d6478bd642fu, w[1] ^ 0xe7037ed1a0b428dbu);
    hash ^= fold(w[2] ^ 0x8ebc6af09c88c6e3u, w[3] ^ 0x589965cc75374cc3u);
    hash ^= fold(w[4] ^ 0x1d8e4e27c47d124fu, w[5] ^ 0xeb44accab455d165u);
    hash ^= fold(w[6] ^ 0x9c6e6877736c46e3u, w[7] ^ 0xc2b2ae3d27d4eb4fu);
    hash ^= fold(w[8] ^ 0x165667b19e3779f9u, w[9] ^ 0x85ebca77c2b2ae63u);
    return fold(hash, 0x9e3779b97f4a7c15u);
}

static inline bool same_key(const struct plan_key *a, const struct plan_key *b)
{
    uint64_t difference = 0;
    for (int i = 0; i < PLAN_KEY_WORDS; i++) difference |= a->words[i] ^ b->words[i];
    return difference == 0;
}

struct plan_key plan_key_of(const tb_gemm_problem *problem, unsigned flags)
{
    struct plan_key key;
    memcpy(&key, problem, sizeof key);
    key.words[0] = flags;
    return key;
}

tb_plan *cache_find(const tb_context *context, const struct plan_key *key)
{
    const struct plan_table *table = atomic_load_explicit(&context->table, memory_order_acquire);
    if (!table) return NULL;
    for (size_t i = hash_key(key) & table->mask;; i = (i + 1) & table->mask) {
        tb_plan *plan = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (!plan || same_key(&plan->key, key)) return plan;
    }
}

static struct plan_table *table_create(size_t slots)
{
    struct plan_table *table = calloc(1, sizeof *table + slots * sizeof table->slots[0]);
    if (table) table->mask = slots - 1;
    return table;
}

static void table_put(struct plan_table *table, tb_plan *plan)
{
    size_t i = hash_key(&plan->key) & table->mask;
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
    for (size_t i = 0; table && i <= table->mask; i++) {
        tb_plan *plan = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        if (!plan) continue;
        free((char *)plan->record);
        free((char *)plan->reason);
        free(plan);
    }
    while (table) {
        struct plan_table *retired = table->retired;
        free(table);
        table = retired;
    }
    atomic_store_explicit(&context->table, NULL, memory_order_relaxed);
}
