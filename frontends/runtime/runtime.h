/* What the files of the runtime library share. Nothing here leaves the library: tunebook.h is the contract.
 *
 *     book.c      layers, digest                    find.c    which kernel answers a problem
 *     context.c   device, statistics, kernels       plan.c    plans, and what they tell
 *     cache.c     problem -> plan, lock-free hits   launch.c  workspace, launches (launch.h)
 *     problem.c   structs of any version            journal.c $TUNEBOOK_LOG, $TUNEBOOK_MISSES
 *     gemm.c, attention.c               an op's calls, and its problem as the rooms behind us know it
 *     arguments_gemm.c, ..attention.c   what stands between a caller's numbers and a kernel (arguments.h)
 *
 * Threads: a context's mutex guards everything behind a miss; a hit reads an immutable plan through atomic
 * pointers. */
#ifndef TUNEBOOK_RUNTIME_H
#define TUNEBOOK_RUNTIME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "db/lookup.h"
#include "frontends/runtime/tunebook.h"
#include "templates/op.h"
#include "tuner/base/arena.h"
#include "tuner/device/device.h"
#include "tuner/launch/kernel.h"

enum {
    LAYERS_MAX = 16,
    SHARD_BITS = 8,
    SHARDS = 1 << SHARD_BITS,
    REASON_BYTES = 640,
    KERNEL_BUCKETS = 256,
    WORKSPACE_ALIGNMENT = 64
};
enum { PLAN_FLAGS = TB_PLAN_NO_LOAD | TB_PLAN_DETERMINISTIC | TB_PLAN_EXACT_ONLY | TB_PLAN_ONLY_IF_FASTER };

/* --- status: enum status of the rooms behind us as the caller's tb_status --- */

tb_status runtime_status(enum status status);
/* The same for functions where a missing file is the operating system's word, not "no kernel". */
tb_status runtime_file_status(enum status status);
tb_status runtime_fail(tb_status code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* After fork() in the child: neither LMDB nor threads survive. */
tb_status runtime_fail_forked(void);

/* --- book.c --- */

/* One page that the kernel clears in a child of fork (MADV_WIPEONFORK): its first word tells parent from
 * child for the price of a load. */
enum { ALIVE = 0x7eb00c5a };

struct tb_book {
    const uint32_t *alive;
    size_t n_layers;
    struct book *layers[LAYERS_MAX];
    bool is_private[LAYERS_MAX]; /* may host code be loaded from it? */
    bool disabled;               /* $TUNEBOOK_DISABLE */
    char *log_path;              /* $TUNEBOOK_LOG: NULL off, "" standard error */
    char *misses_path;           /* $TUNEBOOK_MISSES: NULL off */
    struct text warnings;        /* layers that were skipped */
};

static inline bool book_is_alive(const tb_book *book)
{
    return __builtin_expect(*book->alive == (uint32_t)ALIVE, 1);
}

/* --- problem.c: structs that callers fill, of any version --- */

/* Copies a caller's struct over `out`, which holds the defaults. `least` is what the oldest version had,
 * `newest` what this one has; a longer struct is taken when the unknown rest is zero. STATUS_USAGE names
 * `what`. */
enum status struct_read(const char *what, const void *in, size_t least, void *out, size_t newest);
/* The size of a struct that we fill: the caller's, at most ours. STATUS_USAGE as above. */
enum status struct_writable(const char *what, size_t struct_size, size_t least, size_t newest,
                            size_t *writable);

/* A caller's problem of any op. Unused bytes are 0 in those that are canonical. */
union given {
    size_t struct_size;
    tb_gemm_problem gemm;
    tb_attention_problem attention;
};

/* What an op's calls differ in; the rest is common to all. */
struct op_api {
    const struct op *op;
    const char *struct_name;             /* "tb_gemm_problem" */
    size_t problem_bytes, problem_least; /* of the newest and of the oldest version */
    const void *initial;                 /* a problem as _INIT makes it */
    /* Makes equal what means the same: flags 0 or 1, sizes that follow from others. */
    void (*canonize)(union given *problem);
    void (*convert)(const union given *canonical, struct problem *out); /* every field of the op's */
    /* Cuts what the problem promises of alignment at `limit` (log2 of bytes); did that change anything? A
     * kernel that asks for less serves the problem too. NULL: nothing is promised. */
    bool (*loosen)(struct problem *problem, int64_t limit);
};
extern const struct op_api api_gemm, api_attention;

enum status problem_read(const struct op_api *api, const void *in, union given *canonical);
/* With all checks of the op. */
enum status problem_convert(const struct op_api *api, const union given *canonical, struct problem *out);

/* --- cache.c --- */

/* A kernel of one layer, shared by all plans that it answers. Guarded by the context's mutex. */
struct stored_kernel {
    struct stored_kernel *next;
    size_t layer;
    struct hash key;
    struct value descriptor_bytes;
    struct descriptor descriptor; /* points into descriptor_bytes */
    struct kernel *kernel;        /* NULL: not loaded (yet) */
    char *broken;                 /* why it must not be used; NULL: nothing known against it */
};

/* Immutable once it is in the cache. A plan with a status other than TB_OK is a remembered refusal. */
struct tb_plan {
    uint64_t tag; /* plan_tag */
    tb_status status;
    unsigned flags;
    union given given; /* canonical */
    const struct op_api *api;
    tb_context *context;
    struct kernel *kernel; /* NULL for TB_PLAN_NO_LOAD */
    const struct stored_kernel *stored;
    struct problem problem;
    tb_match match;
    tb_evidence evidence;
    uint64_t expected_ns, baseline_ns;
    const char *record, *reason; /* like the plan itself in the context's arena */
};

struct plan_table {
    struct plan_table *retired; /* the smaller table before this one: readers may still be in it */
    size_t mask;
    size_t n;
    _Atomic(tb_plan *) slots[];
};

/* cache.h has the reading side. Inserting: under the mutex; the key must not be in the cache. */
enum status cache_insert(tb_context *context, tb_plan *plan);
/* The plan of a canonical problem; NULL if there is none. */
tb_plan *cache_find_given(const tb_context *context, const struct op_api *api, const union given *canonical,
                          unsigned flags);
void cache_destroy(tb_context *context);

/* --- context.c --- */

/* A thread's own counters, in a cache line of their own: its owner alone writes them, so that counting a hit
 * needs no locked instruction. Threads that found no free one share the last, which has no owner. */
struct shard {
    _Alignas(64) _Atomic uintptr_t owner;
    _Atomic uint64_t hits;
    _Atomic uint64_t launches;
};

struct tb_context {
    const uint32_t *alive; /* the book's */
    _Atomic(struct plan_table *) table;
    struct shard *shards;
    struct arena plans; /* plans and their texts, which live as long; under the mutex */
    tb_book *book;
    const struct device_api *api;
    struct device *device;
    const struct device_info *info;
    bool runs_host_code;
    pthread_mutex_t mutex; /* guards all below */
    struct stored_kernel *kernels[KERNEL_BUCKETS];
    struct candidate_list *candidates;
    struct question *question; /* find.c's; may be NULL */
    uint64_t misses, answered[4], no_kernel;
};

struct shard *shard_claim(const tb_context *context, uintptr_t self);

static inline struct shard *context_shard(const tb_context *context)
{
    /* Thread descriptors lie at even distances: multiplying by 2^64 / golden ratio spreads them. */
    uintptr_t self = (uintptr_t)pthread_self();
    struct shard *shard = &context->shards[((uint64_t)self * 0x9e3779b97f4a7c15u) >> (64 - SHARD_BITS)];
    if (__builtin_expect(atomic_load_explicit(&shard->owner, memory_order_relaxed) == self, 1)) return shard;
    return shard_claim(context, self);
}

static inline void shard_count(struct shard *shard, _Atomic uint64_t *counter)
{
    if (__builtin_expect(atomic_load_explicit(&shard->owner, memory_order_relaxed) != 0, 1))
        atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static inline void context_count_hit(const tb_context *context)
{
    struct shard *shard = context_shard(context);
    shard_count(shard, &shard->hits);
}

static inline void context_count_launch(const tb_context *context)
{
    struct shard *shard = context_shard(context);
    shard_count(shard, &shard->launches);
}

/* The kernel of a lookup's answer. Takes over answer->descriptor_bytes. A kernel in quarantine is kept as
 * `broken`. Under the mutex. */
enum status context_store_kernel(tb_context *context, struct lookup_answer *answer,
                                 struct stored_kernel **out);
/* Loads it if it is not; what fails is remembered in `broken`. STATUS_BAD_DATA, or STATUS_NO_MEMORY (not
 * remembered). */
enum status context_load_kernel(tb_context *context, struct stored_kernel *stored);
const struct stored_kernel *context_find_kernel(const tb_context *context, size_t layer,
                                                const struct hash *key);

/* --- find.c --- */

/* A question to the books, with what was found on the way. */
struct finder {
    tb_context *context;
    const struct op_api *api;
    const struct problem *problem;
    unsigned flags;
    char refusal[256]; /* why the first entry that was refused was refused; "" none */
};

/* The best usable answer. STATUS_NOT_FOUND with answer->reason. The caller frees answer->descriptor_bytes. */
enum status find_kernel(struct finder *finder, struct lookup_answer *answer);
/* All usable ones, best first. The caller frees every descriptor_bytes. */
enum status find_all(struct finder *finder, struct lookup_answer *answers, size_t capacity, size_t *n);

/* --- plan.c, candidates.c: what is behind the calls of every op --- */

/* Everything but the plain hit (cache.h): another version's struct, a flag written otherwise, a first lookup.
 */
tb_status plan_slowly(tb_context *context, const struct op_api *api, const void *given, unsigned flags,
                      tb_plan **plan);
/* tb_OP_warm; `call` is its name, for errors. */
tb_status plans_warm(const char *call, tb_context *context, const struct op_api *api, const void *problems,
                     size_t n, size_t *n_planned);
/* tb_OP_candidates. */
tb_status candidates_list(const char *call, tb_context *context, const struct op_api *api, const void *given,
                          tb_explanation *out, size_t *n);

/* What a plan tells. */
void explanation_fill(const tb_plan *plan, tb_explanation *out);
enum status explanation_write(tb_explanation *out, const tb_explanation *full);
void candidates_destroy(tb_context *context);

/* --- journal.c --- */

enum status journal_open(tb_book *book); /* reads the environment */
void journal_close(tb_book *book);
void journal_warn(const tb_book *book);                            /* skipped layers, to the log */
void journal_plan(const tb_context *context, const tb_plan *plan); /* log line, miss line */

#endif
