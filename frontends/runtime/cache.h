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

/* One word of a problem. Read where the caller left it: a copy made of wide stores and read in words would
 * stall. */
static inline uint64_t problem_word(const tb_gemm_problem *problem, unsigned i)
{
    uint64_t word;
    memcpy(&word, (const char *)problem + i * sizeof word, sizeof word);
    return word;
}

/* Word 0 is struct_size, the same for all: the flags take its place. The five products do not wait for each
 * other. */
static inline uint64_t plan_hash(const tb_gemm_problem *problem, uint64_t flags)
{
    uint64_t hash =
        plan_key_fold(flags ^ 0xa0761d6478bd642fu, problem_word(problem, 1) ^ 0xe7037ed1a0b428dbu) ^
        plan_key_fold(problem_word(problem, 2) ^ 0x8ebc6af09c88c6e3u,
                      problem_word(problem, 3) ^ 0x589965cc75374cc3u) ^
        plan_key_fold(problem_word(problem, 4) ^ 0x1d8e4e27c47d124fu,
                      problem_word(problem, 5) ^ 0xeb44accab455d165u) ^
        plan_key_fold(problem_word(problem, 6) ^ 0x9c6e6877736c46e3u,
                      problem_word(problem, 7) ^ 0xc2b2ae3d27d4eb4fu) ^
        plan_key_fold(problem_word(problem, 8) ^ 0x165667b19e3779f9u,
                      problem_word(problem, 9) ^ 0x85ebca77c2b2ae63u);
    return plan_key_fold(hash, 0x9e3779b97f4a7c15u);
}

static inline bool plan_is_for(const tb_plan *plan, const tb_gemm_problem *problem, uint64_t flags)
{
    uint64_t difference = plan->flags ^ flags;
#pragma GCC unroll 9
    for (unsigned i = 1; i < sizeof *problem / 8; i++)
        difference |= problem_word(&plan->given, i) ^ problem_word(problem, i);
    return difference == 0;
}
_Static_assert(sizeof(tb_gemm_problem) == 80, "plan_hash takes ten words");

/* The plan for a problem of this version's size. Lock-free. NULL: not planned yet. */
static inline tb_plan *cache_find(const tb_context *context, const tb_gemm_problem *problem, uint64_t flags)
{
    const struct plan_table *table = atomic_load_explicit(&context->table, memory_order_acquire);
    if (!table) return NULL;
    for (size_t i = plan_hash(problem, flags) & table->mask;; i = (i + 1) & table->mask) {
        tb_plan *plan = atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (!plan || plan_is_for(plan, problem, flags)) return plan;
    }
}

#endif
