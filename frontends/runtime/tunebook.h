/* libtunebook: find the best known kernel for a problem, and launch it.
 *
 *     tb_book *book;  tb_open(NULL, &book);
 *     tb_context *context;  tb_context_create(book, "cpu", 0, NULL, &context);
 *     tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;  problem.m = 16; ...
 *     tb_plan *plan;  tb_gemm_plan(context, &problem, 0, &plan);
 *     tb_gemm_launch(plan, &args, workspace, NULL);
 *
 * Attention has the same calls: tb_attention_plan, tb_attention_workspace, tb_attention_launch, ...
 *
 * The library never tunes and links no compiler: it needs libc and liblmdb. It prints nothing unless the
 * environment asks.
 *
 * Every function returns a tb_status and writes its outputs only on TB_OK, but for two: a refused prepare
 * leaves a launch that cannot be run, and a failed warm says how many were planned before. tb_last_error()
 * has one line about the thread's last failure. Structs that callers fill start with `struct_size` (use the
 * _INIT macros), so that the library and a program of another version understand each other: members that an
 * older program does not have are at their defaults, members that the library does not know must be zero.
 *
 * Threads: all functions may be called from any thread at once, except that close and destroy calls must be
 * the last on their object. After fork() the child may not use a book, context, plan or launch of its parent:
 * every call answers TB_INVALID there; closing and destroying do nothing.
 *
 * Environment, read by tb_open:
 *     TUNEBOOK            colon list of books instead of the usual layers
 *     TUNEBOOK_LOG        1 (standard error) or a file: one line per distinct problem and how it was answered
 *     TUNEBOOK_MISSES     a file: problems not answered exactly, appended, for `autotune --shapes=FILE`
 *     TUNEBOOK_DISABLE    1: every plan is TB_NO_KERNEL */
#ifndef TUNEBOOK_H
#define TUNEBOOK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TB_VERSION_MAJOR 0
#define TB_VERSION_MINOR 1
#define TB_VERSION_PATCH 0
#define TB_ABI_VERSION   1

#if defined(__GNUC__)
#define TB_API __attribute__((visibility("default")))
#else
#define TB_API
#endif

typedef struct tb_book tb_book;
typedef struct tb_context tb_context;
typedef struct tb_plan tb_plan;

/* Values of this and the other enumerations never change. */
typedef enum tb_status {
    TB_OK = 0,
    TB_NO_KERNEL,   /* nothing usable for this problem: use your own; tb_last_error() says why */
    TB_NOT_COVERED, /* arguments outside what the plan covers; nothing was launched */
    TB_INVALID,     /* an argument of the call is wrong */
    TB_UNAVAILABLE, /* no such backend, device or driver here */
    TB_CORRUPT,     /* a book, record or code object is not what it should be */
    TB_IO,          /* the operating system refused */
    TB_BUSY,
    TB_NO_MEMORY
} tb_status;

typedef enum tb_type {
    TB_F64,
    TB_F32,
    TB_F16,
    TB_BF16,
    TB_F8E4M3,
    TB_F8E4M3FNUZ,
    TB_F8E5M2,
    TB_I32,
    TB_I8
} tb_type;

typedef enum tb_layout { TB_NN, TB_NT, TB_TN, TB_TT } tb_layout; /* of A and B: n as named, t transposed */

typedef enum tb_activation {
    TB_NONE,
    TB_RELU,
    TB_GELU, /* tanh form */
    TB_SILU,
    TB_REGLU, /* the glu forms: act(left half) * right half, so that n/2 columns are stored */
    TB_GEGLU,
    TB_SWIGLU
} tb_activation;

typedef enum tb_match { TB_EXACT, TB_NEAR_SHAPE, TB_SIBLING_CLASS, TB_DEFAULT } tb_match; /* best first */
typedef enum tb_evidence { TB_MEASURED, TB_PREDICTED, TB_BY_DEFAULT } tb_evidence;        /* best first */

/* The ABI the library was built with; compare with TB_ABI_VERSION. */
TB_API int tb_abi_version(void);
TB_API const char *tb_version(void);
TB_API const char *tb_status_name(tb_status status);
/* One line about this thread's last failure; valid until its next one; "" if none. */
TB_API const char *tb_last_error(void);

/* Opens one book, or with path NULL the layers: $TUNEBOOK, else the user's, the site's and the system's book.
 * A missing user book is no error. Opens in well under a millisecond whatever its size. */
TB_API tb_status tb_open(const char *path, tb_book **book);
TB_API void tb_close(tb_book *book); /* after its contexts; NULL is fine */

/* Runs body(body_context, i, slot) for every i < count, at most `threads` at once, and returns when all are
 * done; `slot` < threads is distinct among calls running at the same time. */
typedef void (*tb_parallel_for)(void *pool, uint32_t count, uint32_t threads,
                                void (*body)(void *body_context, uint32_t i, uint32_t slot),
                                void *body_context);

typedef struct tb_context_options {
    size_t struct_size;
    uint32_t threads;             /* CPU: 0 = every CPU this process may run on */
    tb_parallel_for parallel_for; /* CPU: your thread pool; NULL: the library makes its own threads */
    void *pool;
} tb_context_options;
/* clang-format off */
#define TB_CONTEXT_OPTIONS_INIT {sizeof(tb_context_options), 0, NULL, NULL}
/* clang-format on */

/* A device to plan for. backend: "cpu". On a GPU adopts the caller's current context, else retains the
 * primary. `options` may be NULL. The book must outlive the context. The first context on a machine measures
 * its memory bandwidth for a fraction of a second, which is then kept on disk. */
TB_API tb_status tb_context_create(tb_book *book, const char *backend, uint32_t device,
                                   const tb_context_options *options, tb_context **context);
TB_API void tb_context_destroy(tb_context *context); /* with its plans; NULL is fine */
/* "x86-64-v4:2:38"; lives as long as the context. */
TB_API const char *tb_context_class(const tb_context *context);

/* D = act(alpha * A.B + bias) + beta * C, row-major; A is m x k, B is k x n, D is m x n (n/2 for glu). */
typedef struct tb_gemm_problem {
    size_t struct_size;
    int64_t m, n, k, batch;
    tb_type a_type, b_type, d_type; /* d_type is also C's and bias's */
    tb_layout layout;
    tb_activation activation;
    int has_bias;
    /* log2 of the bytes that every base address and row pitch of the operand will be a multiple of: from the
     * size of an element up to 8. */
    int align_a, align_b, align_c, align_d;
} tb_gemm_problem;
/* clang-format off */
#define TB_GEMM_PROBLEM_INIT \
    {sizeof(tb_gemm_problem), 0, 0, 0, 1, TB_F32, TB_F32, TB_F32, TB_NN, TB_NONE, 0, 4, 4, 4, 4}
/* clang-format on */

/* Leading dimensions count elements between rows as stored; 0: tight. Strides between batch items likewise (0
 * with batch > 1 broadcasts an input; D's must not be 0); with batch > 1 they keep the promised alignment
 * too. D overlaps neither A, B nor bias; C is D itself (same pointer, leading dimension and stride) or apart
 * from it. */
typedef struct tb_gemm_args {
    size_t struct_size;
    int64_t m, n, k, batch;
    const void *a, *b, *c, *bias; /* c is read only where beta != 0 and may be d; bias only with has_bias */
    void *d;
    int64_t lda, ldb, ldc, ldd;
    int64_t stride_a, stride_b, stride_c, stride_d, stride_bias;
    float alpha, beta;
    size_t workspace_bytes; /* what `workspace` really has: compared with what this m needs */
} tb_gemm_args;
/* clang-format off */
#define TB_GEMM_ARGS_INIT \
    {sizeof(tb_gemm_args), 0, 0, 0, 1, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0f, 0.0f, 0}
/* clang-format on */

enum {
    TB_PLAN_NO_LOAD = 1,       /* look up only: tb_plan_explain works, launching does not */
    TB_PLAN_DETERMINISTIC = 2, /* only kernels that repeat bit for bit */
    TB_PLAN_EXACT_ONLY = 4,    /* only an exact match */
    TB_PLAN_ONLY_IF_FASTER = 8 /* only where measured faster than the vendor library */
};

/* The best known kernel, loaded and ready. The same problem and flags give the same plan; a repeated call is
 * a hash and a compare: no lock, no allocation. That there is none is remembered too: what a sweep adds to a
 * book meanwhile is seen by the next context. A kernel for the CPU is taken only from a book that nobody else
 * can write. The plan is immutable and lives as long as its context. */
TB_API tb_status tb_gemm_plan(tb_context *context, const tb_gemm_problem *problem, unsigned flags,
                              tb_plan **plan);

/* Workspace for any m <= max_m with the plan's other sizes; 0 bytes: none is needed. One workspace serves one
 * launch in flight. Say its size in args.workspace_bytes: a launch that needs more is refused. */
TB_API tb_status tb_gemm_workspace(const tb_plan *plan, int64_t max_m, size_t *bytes, size_t *alignment);

/* A launch checked and bound to its arguments; yours, on the stack or in a graph's memory. Opaque; may be
 * copied. */
typedef struct tb_launch {
    uint64_t opaque[256];
} tb_launch;

/* Checks the arguments (pointers, alignment, sizes, workspace) and binds them, addresses and all. m may
 * differ from the plan's, n, k and batch may not: planning another problem costs little. Anything that the
 * kernel does not cover is TB_NOT_COVERED. The plan must outlive the launch, as must all that the arguments
 * point to. */
TB_API tb_status tb_gemm_prepare(const tb_plan *plan, const tb_gemm_args *args, void *workspace,
                                 tb_launch *launch);

/* Runs it on a stream (CPU: NULL, returns when done). Never allocates, loads or synchronizes; may be
 * repeated, one at a time for each workspace. */
TB_API tb_status tb_launch_run(const tb_launch *launch, void *stream);

/* Both at once. */
TB_API tb_status tb_gemm_launch(const tb_plan *plan, const tb_gemm_args *args, void *workspace, void *stream);

/* How the plan was found. Strings live as long as the plan. */
typedef struct tb_explanation {
    size_t struct_size;
    tb_match match;
    tb_evidence evidence;
    const char *template_name;
    const char *configuration;
    const char *book;     /* path */
    const char *record;   /* key of the record that answered */
    const char *reason;   /* why no better one answered, or who pinned this one and why (it then begins
                           * with "pinned by "); "" if there is nothing to say */
    uint64_t expected_ns; /* of the record's shape; 0: unknown */
    uint64_t baseline_ns; /* the vendor library's on that shape; 0: unknown */
} tb_explanation;
/* clang-format off */
#define TB_EXPLANATION_INIT {sizeof(tb_explanation), TB_EXACT, TB_MEASURED, NULL, NULL, NULL, NULL, NULL, 0, 0}
/* clang-format on */
TB_API tb_status tb_plan_explain(const tb_plan *plan, tb_explanation *explanation);

/* Plans many problems, so that the first request pays nothing; *n_planned (may be NULL) counts those with a
 * kernel. A problem without one is no error. */
TB_API tb_status tb_gemm_warm(tb_context *context, const tb_gemm_problem *problems, size_t n,
                              size_t *n_planned);

/* The usable kernels for a problem, best first, as explanations whose strings live as long as the context.
 * *n: capacity in, count out. Every element of `out` needs its struct_size. */
TB_API tb_status tb_gemm_candidates(tb_context *context, const tb_gemm_problem *problem, tb_explanation *out,
                                    size_t *n);

/* --- attention --- */

/* Of n queries and l keys the last query stands at the last key: query t at p = t + l - n. Visible are */
typedef enum tb_mask {
    TB_MASK_FULL,    /* all keys */
    TB_MASK_CAUSAL,  /* j <= p */
    TB_MASK_SLIDING, /* p - window < j <= p: `window` keys, its own included */
    TB_MASK_BAND     /* |p - j| < window */
} tb_mask;

/* O[t,h,:] = sum over visible keys j of P[t,h,j] * V[j,g,:], where P is softmax(scale * Q[t,h,:].K[j,g,:])
 * and g = h / (q_heads / kv_heads), for every sequence of the batch. Errors call sizes as problem texts do:
 * d is head_size, dv is value_size. */
typedef struct tb_attention_problem {
    size_t struct_size;
    int64_t batch;             /* sequences */
    int64_t q_len, kv_len;     /* queries and keys of each; with varlen or kv_lengths no sequence has more */
    int64_t q_heads, kv_heads; /* q_heads is a multiple of kv_heads */
    int64_t head_size;         /* elements of a head of Q and K: a multiple of 8, at most 512 */
    int64_t value_size;        /* of V and O, likewise; 0: head_size */
    int64_t page;              /* tokens in a page of the KV cache: 16, 32, 64, 128, 256; 0: no pages */
    int64_t window;            /* keys, with TB_MASK_SLIDING and TB_MASK_BAND; else 0 */
    tb_type q_type;            /* TB_F32, TB_F16, TB_BF16 */
    tb_type kv_type;           /* q_type or an 8-bit float, which then has scales */
    tb_type o_type;            /* TB_F32, TB_F16, TB_BF16 */
    tb_mask mask;
    int varlen;  /* sequences of their own lengths, one behind the other: see args.q_offsets */
    int softcap; /* scores become softcap * tanh(score / softcap) */
    int sinks;   /* a score for each head that takes part in the softmax and has no value */
    int lse;     /* logarithms of the sums are stored too */
} tb_attention_problem;
/* clang-format off */
#define TB_ATTENTION_PROBLEM_INIT \
    {sizeof(tb_attention_problem), 1, 0, 0, 0, 0, 0, 0, 0, 0, TB_BF16, TB_BF16, TB_BF16, TB_MASK_FULL, 0, 0, 0, 0}
/* clang-format on */

enum {
    /* A debugging aid for prepare: reads offsets, lengths and block table back from the device, as they are
     * at that moment, and refuses with the first entry out of range. It then synchronizes with the device:
     * what writes them must be done, and no capture may be going on. Wants n_pages with pages. */
    TB_ATTENTION_CHECK_TABLES = 1
};

/* All pointers are the device's; what they point to is read by the kernel, when it runs.
 *
 * Element c of head h of token t of sequence b lies at b * stride_batch + t * stride_token + h * stride_head
 * + c, in elements of the operand's type. Strides of 0 are the tight ones of [token][head][element], with
 * what strides are given; the batch's steps over all tokens and heads. Pointers and strides of Q, K, V and O
 * are multiples of 16 bytes; other pointers have the alignment of their elements.
 *
 * Sizes other than batch, q_len and kv_len are the plan's where 0; what differs is TB_NOT_COVERED.
 *
 * Nothing that is written may overlap anything else of these. */
typedef struct tb_attention_args {
    size_t struct_size;
    const void *q, *k, *v;
    void *o;
    float *lse; /* with problem.lse: natural logarithm of the sum of exp(score), the sink's included */
    /* With varlen: batch + 1 ascending token numbers; sequence b has queries (tokens of Q, O and LSE) from
     * q_offsets[b] to q_offsets[b + 1], and keys by kv_offsets, which pages replace: there NULL. The batch
     * strides of what has offsets are not used. A sequence may have no queries or no keys. */
    const int *q_offsets, *kv_offsets;
    /* Keys of each sequence: with varlen and pages; without varlen they may be given, else all have kv_len.
     * Without pages K and V have room for kv_len tokens of each sequence either way. */
    const int *kv_lengths;
    /* With pages: token j of sequence b is token j % page of page block_table[b * table_stride + j / page] of
     * K and V, whose batch strides step from page to page. Entries and tokens behind a sequence's last key
     * may hold anything. */
    const int *block_table;
    const float *sinks; /* with problem.sinks: one for each query head */
    /* With an 8-bit kv_type: k_scale[b * scale_stride_batch + g * scale_stride_head], where both strides may
     * be 0: one for all. NULL: 1. */
    const float *k_scale, *v_scale;
    int64_t batch, q_len, kv_len;
    int64_t q_heads, kv_heads, head_size, value_size, page, window;
    /* Tokens of all sequences with varlen, by which overlaps are found; pages in K and V. 0: not said. A
     * kernel that must know how many pages there are then answers TB_NOT_COVERED. */
    int64_t q_tokens, kv_tokens, n_pages;
    int64_t q_stride_token, q_stride_head, q_stride_batch;
    int64_t k_stride_token, k_stride_head, k_stride_batch;
    int64_t v_stride_token, v_stride_head, v_stride_batch;
    int64_t o_stride_token, o_stride_head, o_stride_batch;
    int64_t lse_stride_token, lse_stride_head, lse_stride_batch;
    int64_t table_stride;
    int64_t scale_stride_head, scale_stride_batch;
    float scale;            /* 0: 1 / sqrt(head_size) */
    float softcap;          /* > 0 with problem.softcap, else 0 */
    size_t workspace_bytes; /* what `workspace` really has */
    unsigned flags;         /* TB_ATTENTION_CHECK_TABLES */
} tb_attention_args;
/* clang-format off */
#define TB_ATTENTION_ARGS_INIT \
    {sizeof(tb_attention_args), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
     1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0.0f, 0, 0}
/* clang-format on */

/* As tb_gemm_plan. */
TB_API tb_status tb_attention_plan(tb_context *context, const tb_attention_problem *problem, unsigned flags,
                                   tb_plan **plan);

/* Workspace for any batch, q_len and kv_len up to these; else as tb_gemm_workspace. */
TB_API tb_status tb_attention_workspace(const tb_plan *plan, int64_t max_batch, int64_t max_q_len,
                                        int64_t max_kv_len, size_t *bytes, size_t *alignment);

/* As tb_gemm_prepare. batch, q_len and kv_len may differ from the plan's. Offsets, lengths and the block
 * table are read by the kernel at each run, so that a launch, or a graph it was captured into, serves one
 * decoding step after the other as long as q_len, kv_len and batch bound what stands in them.
 *
 * A row without a visible key is zeros, and its lse is the sink or -infinity. A score of NaN or +infinity at
 * a visible key makes NaN of its row; -infinity counts as not visible. NaN in a key or value of the sequence
 * that a row does not see may reach that row, never another sequence; what lies behind a sequence's last key
 * reaches nothing. */
TB_API tb_status tb_attention_prepare(const tb_plan *plan, const tb_attention_args *args, void *workspace,
                                      tb_launch *launch);

/* tb_attention_prepare and tb_launch_run at once. */
TB_API tb_status tb_attention_launch(const tb_plan *plan, const tb_attention_args *args, void *workspace,
                                     void *stream);

/* As tb_gemm_warm and tb_gemm_candidates. */
TB_API tb_status tb_attention_warm(tb_context *context, const tb_attention_problem *problems, size_t n,
                                   size_t *n_planned);
TB_API tb_status tb_attention_candidates(tb_context *context, const tb_attention_problem *problem,
                                         tb_explanation *out, size_t *n);

/* --- books and statistics --- */

/* Hex SHA-256 over the record keys and entries of all layers: two hosts with equal digests answer alike.
 * `out` has 65 bytes. Reads every record. */
TB_API tb_status tb_book_digest(const tb_book *book, char *out);

typedef struct tb_stats_values {
    size_t struct_size;
    uint64_t hits, misses; /* of the plan cache */
    uint64_t answered[4];  /* first lookups by tb_match */
    uint64_t no_kernel;    /* first lookups without an answer */
    uint64_t launches;
} tb_stats_values;
/* clang-format off */
#define TB_STATS_INIT {sizeof(tb_stats_values), 0, 0, {0, 0, 0, 0}, 0, 0}
/* clang-format on */
TB_API tb_status tb_stats(const tb_context *context, tb_stats_values *stats);

#ifdef __cplusplus
}
#endif
#endif
