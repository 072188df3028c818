/* libtunebook: find the best known kernel for a problem, and launch it.
 *
 *     tb_book *book;  tb_open(NULL, &book);
 *     tb_context *context;  tb_context_create(book, "cpu", 0, NULL, &context);
 *     tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;  problem.m = 16; ...
 *     tb_plan *plan;  tb_gemm_plan(context, &problem, 0, &plan);
 *     tb_gemm_launch(plan, &args, workspace, NULL);
 *
 * The library never tunes and links no compiler: it needs libc and liblmdb. It prints nothing unless the
 * environment asks.
 *
 * Every function returns a tb_status and writes its outputs only on TB_OK; tb_last_error() has one line about
 * the thread's last failure. Structs that callers fill start with `struct_size` (use the _INIT macros), so
 * that the library and a program of another version understand each other: members that an older program does
 * not have are at their defaults, members that the library does not know must be zero.
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
    const char *reason;   /* why no better one answered; "" if there is nothing to say */
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
