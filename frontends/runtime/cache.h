/* The reading side of the plan cache: open addressing over atomic pointers to immutable plans. A hit takes no
 * lock and writes nothing. Inline, because a hit is all that a launch costs twice. */
#ifndef TUNEBOOK_RUNTIME_CACHE_H
#define TUNEBOOK_RUNTIME_CACHE_H

#include <string.h>
#include "frontends/runtime/runtime.h"

__extension__ typedef unsigned __int128 plan_key_wide;

/* Both halves of a 64 x 64-bit product folded together, as in wyhash (public domain): every bit of the
 * factors reaches the result. */
static inline uint64_t plan_key_fold(uint64_t a, uint64_t b)
{
    plan_key_wide product = (plan_key_wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

enum {
    HEAD_WORD = offsetof(tb_attention_problem, head_size) / 8,
    VALUE_WORD = offsetof(tb_attention_problem, value_size) / 8
};

/* What stands for word 0, struct_size, in a key: problems of two ops differ in their size. */
static inline uint64_t plan_tag(size_t problem_bytes, unsigned flags)
{
    return (uint64_t)problem_bytes << 32 | flags;
}
_Static_assert(sizeof(tb_gemm_problem) == 80 && sizeof(tb_attention_problem) == 112,
               "the ops' problems have an even number of words, no two the same");

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* One word of a problem, as a canonical one has it: a value_size of 0 is the common way to write it. Read
 * where the caller left it: a copy made of wide stores and read in words would stall. `bytes` is a constant
 * wherever it matters. */
ALWAYS_INLINE uint64_t problem_word(const void *problem, size_t bytes, unsigned i)
{
    uint64_t word;
    memcpy(&word, (const char *)problem + i * sizeof word, sizeof word);
    if (bytes == sizeof(tb_attention_problem) && i == VALUE_WORD && word == 0)
        memcpy(&word, (const char *)problem + HEAD_WORD * sizeof word, sizeof word);
    return word;
}

/* The products do not wait for each other. */
ALWAYS_INLINE uint64_t plan_hash(const void *problem, size_t bytes, uint64_t tag)
{
    static const uint64_t salt[] = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u,
                                    0x589965cc75374cc3u, 0x1d8e4e27c47d124fu, 0xeb44accab455d165u,
                                    0x9c6e6877736c46e3u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u,
                                    0x85ebca77c2b2ae63u, 0x243f6a8885a308d3u, 0x13198a2e03707345u,
                                    0xa4093822299f31d1u, 0x082efa98ec4e6c89u};
    uint64_t hash = plan_key_fold(tag ^ salt[0], problem_word(problem, bytes, 1) ^ salt[1]);
#pragma GCC unroll 7
    for (unsigned i = 2; i < bytes / 8; i += 2)
        hash ^= plan_key_fold(problem_word(problem, bytes, i) ^ salt[i],
                              problem_word(problem, bytes, i + 1) ^ salt[i + 1]);
    return plan_key_fold(hash, 0x9e3779b97f4a7c15u);
}

ALWAYS_INLINE bool plan_is_for(const tb_plan *plan, const void *problem, size_t bytes, uint64_t tag)
{
    uint64_t difference = plan->tag ^ tag;
#pragma GCC unroll 13
    for (unsigned i = 1; i < bytes / 8; i++)
        difference |= problem_word(&plan->given, 0, i) ^ problem_word(problem, bytes, i);
    return difference == 0;
}

/* The plan for a problem of this version's size. Lock-free. NULL: not planned yet. */
ALWAYS_INLINE tb_plan *cache_find(const tb_context *context, const void *problem, size_t bytes,
                                  unsigned flags)
{
    uint64_t tag = plan_tag(bytes, flags);
    const struct plan_table *table = atomic_load_explicit(&context->table, memory_order_acquire);
    if (!table) return NULL;
    for (size_t i = plan_hash(problem, bytes, tag) & table->mask;; i = (i + 1) & table->mask) {
        tb_plan *plan = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (!plan || plan_is_for(plan, problem, bytes, tag)) return plan;
    }
}

/* A plan from the cache, as the caller gets it. */
static inline tb_status plan_hand_out(tb_plan *found, tb_plan **plan)
{
    if (__builtin_expect(found->status == TB_OK, 1)) {
        *plan = found;
        return TB_OK;
    }
    return runtime_fail(found->status, "%s", found->reason);
}

/* tb_OP_plan; `bytes` is the size of the op's problem, `call` the function's name. */
ALWAYS_INLINE tb_status plan_get(const char *call, tb_context *context, const struct op_api *api,
                                 const void *problem, size_t bytes, unsigned flags, tb_plan **plan)
{
    size_t struct_size;
    if (!context || !problem || !plan) return runtime_fail(TB_INVALID, "%s: a pointer is NULL", call);
    if (__builtin_expect(*context->alive != (uint32_t)ALIVE, 0)) return runtime_fail_forked();
    if (flags & ~(unsigned)PLAN_FLAGS) return runtime_fail(TB_INVALID, "%s: unknown flags %#x", call, flags);
    memcpy(&struct_size, problem, sizeof struct_size);
    if (__builtin_expect(struct_size == bytes, 1)) {
        tb_plan *found = cache_find(context, problem, bytes, flags);
        if (__builtin_expect(found != NULL, 1)) {
            context_count_hit(context);
            return plan_hand_out(found, plan);
        }
    }
    return plan_slowly(context, api, problem, flags, plan);
}

#endif
