/* What the runtime's tests stand on: a folder with books made by hand, whose kernels are a naive product in
 * C, compiled here and now, with descriptors written as the tuner writes them.
 *
 *     static struct fixture fixture;                       one per program, group setup and teardown
 *     struct book *book = fixture_book(&fixture, "a");     FOLDER/a, writable
 *     fixture_put(&fixture, book, &(struct put){.problem = "gemm f32 nt m=16 n=32 k=32", .median_ns = 9}); */
#ifndef TUNEBOOK_TESTS_RUNTIME_FIXTURE_H
#define TUNEBOOK_TESTS_RUNTIME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "db/book.h"
#include "frontends/runtime/tunebook.h"
#include "search/expr.h"
#include "templates/op.h"
#include "tests/scale.h"
#include "tuner/base/arena.h"
#include "tuner/base/file.h"
#include "tuner/device/device.h"
#include "tuner/launch/problem_key.h"

#define assert_status(call, code)                                                           \
    do {                                                                                    \
        tb_status status_ = (call);                                                         \
        if (status_ != (code))                                                              \
            fail_msg("%s instead of %s: %s", tb_status_name(status_), tb_status_name(code), \
                     tb_last_error());                                                      \
    } while (0)
#define assert_done(call)                                          \
    do {                                                           \
        if ((call) != STATUS_OK) fail_msg("%s", status_message()); \
    } while (0)
#define assert_says(text)                                                                          \
    do {                                                                                           \
        if (!strstr(tb_last_error(), text)) fail_msg("'%s' is not in: %s", text, tb_last_error()); \
    } while (0)

/* Leaves its mark so that a test can tell which kernel ran: adds ADD to every element. */
static const char fixture_source[] =
    "#include \"templates/gemm/gemm_args.h\"\n"
    "#include \"templates/device/cpu.h\"\n"
    "CPU_KERNEL naive(const struct gemm_args *g, const struct cpu_block *block)\n"
    "{\n"
    "    long long i = block->index[0], item = block->index[2];\n"
    "    const float *a = (const float *)g->a + item * g->stride_a, *b = (const float *)g->b + item * "
    "g->stride_b;\n"
    "    const float *c = (const float *)g->c, *bias = (const float *)g->bias;\n"
    "    float *d = (float *)g->d + item * g->stride_d;\n"
    "    for (long long j = 0; j < g->n; j++) {\n"
    "        float sum = 0;\n"
    "        for (long long p = 0; p < g->k; p++) sum += a[i * g->lda + p] * b[j * g->ldb + p];\n"
    "        sum = g->alpha * sum + (BIAS ? bias[item * g->stride_bias + j] : 0) + ADD;\n"
    "        if (g->beta != 0) sum += g->beta * c[item * g->stride_c + i * g->ldc + j];\n"
    "        d[i * g->ldd + j] = sum;\n"
    "    }\n"
    "    if (block->shared_bytes) ((char *)block->shared)[block->shared_bytes - 1] = 1;\n"
    "    if (g->workspace) ((char *)g->workspace)[0] = 1;\n"
    "}\n"
    "CPU_KERNEL empty(const struct gemm_args *g, const struct cpu_block *block) { (void)g; (void)block; }\n";

enum { FIXTURE_CODES = 4 };

struct fixture {
    char folder[128], class_text[CLASS_TEXT_BYTES], target[32];
    struct text code[FIXTURE_CODES]; /* the source compiled with ADD = 0, 1, ..; the last with BIAS */
    struct arena arena;
};

static inline const char *fixture_path(struct fixture *fixture, const char *name)
{
    return arena_format(&fixture->arena, "%s/%s", fixture->folder, name);
}

static inline void fixture_compile(struct fixture *fixture, int variant)
{
    const char *root = getenv("TUNEBOOK_ROOT"), *cc = getenv("CC");
    const char *object = fixture_path(fixture, "kernel.so");
    const char *source = fixture_path(fixture, "kernel.c");
    assert_done(file_publish(source, fixture_source, sizeof fixture_source - 1, 0600));
    const char *command = arena_format(
        &fixture->arena, "%s -std=c17 -O2 -shared -fPIC -nostdlib -I%s -DADD=%d -DBIAS=%d %s -o %s",
        cc ? cc : "cc", root ? root : ".", variant, variant == FIXTURE_CODES - 1, source, object);
    assert_int_equal(system(command), 0);
    assert_done(file_read(object, 1 << 20, &fixture->code[variant]));
}

static inline void fixture_setup(struct fixture *fixture)
{
    const char *variables[] = {"TUNEBOOK", "TUNEBOOK_LOG", "TUNEBOOK_MISSES", "TUNEBOOK_DISABLE"};
    for (size_t i = 0; i < 4; i++) unsetenv(variables[i]);
    const char *temporary = getenv("TMPDIR");
    memset(fixture, 0, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "%s/tunebook.XXXXXX", temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    for (int i = 0; i < FIXTURE_CODES; i++) fixture_compile(fixture, i);
    const struct device_api *cpu = device_find("cpu");
    struct device *device;
    struct device_options options = {.threads = 1, .measure_class = true};
    assert_non_null(cpu);
    assert_done(cpu->open(0, &options, &device));
    snprintf(fixture->class_text, sizeof fixture->class_text, "%s", cpu->info(device)->class_text);
    snprintf(fixture->target, sizeof fixture->target, "%s", cpu->info(device)->device_class.target);
    cpu->close(device);
}

static inline void fixture_teardown(struct fixture *fixture)
{
    const char *command = arena_format(&fixture->arena, "rm -rf '%s'", fixture->folder);
    if (system(command) != 0) printf("%s remains\n", fixture->folder);
    for (int i = 0; i < FIXTURE_CODES; i++) text_free(&fixture->code[i]);
    arena_free(&fixture->arena);
}

static inline struct book *fixture_book(struct fixture *fixture, const char *name)
{
    struct book *book;
    assert_done(book_open(fixture_path(fixture, name), BOOK_WRITE, &book));
    return book;
}

/* --- descriptors --- */

static const char *const fixture_names[] = {"m",       "n",       "k",       "batch",  "a_type",
                                            "b_type",  "d_type",  "layout",  "act",    "bias",
                                            "align_a", "align_b", "align_c", "align_d"};
enum { FIXTURE_NAMES = sizeof fixture_names / sizeof fixture_names[0] };

static inline bool fixture_find(const void *context, const char *name, struct expr_name *out)
{
    (void)context;
    for (unsigned i = 0; i < FIXTURE_NAMES; i++) {
        if (strcmp(fixture_names[i], name) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = i};
        return true;
    }
    *out = (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
    return true;
}

static inline struct blob fixture_expr(struct fixture *fixture, const char *text)
{
    struct expr_scope scope = {.find = fixture_find};
    struct expr expr;
    if (!text) return (struct blob){0};
    assert_done(expr_compile(&fixture->arena, text, "fixture", &scope, &expr));
    return (struct blob){expr.code, expr.size};
}

/* An entry to put, with the kernel it names. What is 0 gets a sound value. */
struct put {
    const char *problem;  /* whose record it goes to */
    const char *name;     /* the template's; also the configuration's identity */
    const char *entry;    /* "naive" */
    const char *wants[4]; /* clauses besides those of the naive kernel */
    const char *workspace_bytes, *shared_bytes;
    const char *device_class; /* this machine's; the target alone makes a default */
    enum evidence evidence;
    uint64_t median_ns, baseline_ns;
    int variant; /* which code */
    bool nondeterministic, unverified;
};

static inline void fixture_clause(struct fixture *fixture, struct descriptor *descriptor, const char *text)
{
    descriptor->clauses[descriptor->n_clauses] = fixture_expr(fixture, text);
    descriptor->clause_texts[descriptor->n_clauses++] = text;
}

static inline struct descriptor fixture_descriptor(struct fixture *fixture, const struct put *put)
{
    const struct text *code = &fixture->code[put->variant];
    struct descriptor descriptor = {
        .code = sha256_of(code->data, code->size),
        .op = "gemm",
        .template_name = put->name ? put->name : "naive",
        .configuration = arena_format(&fixture->arena, "ADD=%d", put->variant),
        .definitions = "A_TYPE=DTYPE_F32\n",
        .target = fixture->target,
        .compiler = "cc",
        .args_abi = op_find("gemm")->args_abi,
        .n_names = FIXTURE_NAMES,
        .workspace_bytes = fixture_expr(fixture, put->workspace_bytes ? put->workspace_bytes : "0"),
        .deterministic = !put->nondeterministic,
        .n_steps = 1,
        .code_bytes = (uint32_t)code->size,
    };
    for (unsigned i = 0; i < FIXTURE_NAMES; i++) descriptor.names[i] = fixture_names[i];
    const char *clauses[] = {"a_type == f32", "b_type == f32", "d_type == f32", "layout == nt",
                             "act == none"};
    for (size_t i = 0; i < 5; i++) fixture_clause(fixture, &descriptor, clauses[i]);
    fixture_clause(fixture, &descriptor, put->variant == FIXTURE_CODES - 1 ? "bias == 1" : "bias == 0");
    for (size_t i = 0; i < 4 && put->wants[i]; i++) fixture_clause(fixture, &descriptor, put->wants[i]);
    struct descriptor_step *step = &descriptor.steps[0];
    step->entry = put->entry ? put->entry : "naive";
    const char *grid[3] = {"m", "1", "batch"};
    for (int i = 0; i < 3; i++) {
        step->grid[i] = fixture_expr(fixture, put->entry ? "1" : grid[i]);
        step->cluster[i] = step->block[i] = fixture_expr(fixture, "1");
    }
    step->shared_bytes = fixture_expr(fixture, put->shared_bytes ? put->shared_bytes : "0");
    return descriptor;
}

static inline struct hash fixture_kernel_hash(const struct put *put)
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, put->name ? put->name : "naive");
    sha256_add_field(&sha, put->entry ? put->entry : "naive");
    sha256_add_field(&sha, put->workspace_bytes ? put->workspace_bytes : "0");
    sha256_add_field(&sha, put->shared_bytes ? put->shared_bytes : "0");
    for (size_t i = 0; i < 4 && put->wants[i]; i++) sha256_add_field(&sha, put->wants[i]);
    sha256_add(&sha, &put->variant, sizeof put->variant);
    sha256_add(&sha, &put->nondeterministic, sizeof put->nondeterministic);
    return sha256_end(&sha);
}

static inline void fixture_put(struct fixture *fixture, struct book *book, const struct put *put)
{
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    struct descriptor descriptor = fixture_descriptor(fixture, put);
    const struct text *code = &fixture->code[put->variant];
    struct record_entry entry = {
        .kernel = fixture_kernel_hash(put),
        .evidence = (uint8_t)put->evidence,
        .verified = !put->unverified,
        .timing = {put->median_ns, put->median_ns, put->median_ns, put->median_ns, put->median_ns,
                   put->median_ns, put->median_ns ? 10 : 0, put->median_ns ? 20 : 0, 0},
    };
    assert_done(problem_parse(put->problem, &problem));
    assert_done(problem_key(&problem, put->device_class ? put->device_class : fixture->class_text, key));
    assert_done(book_put_kernel(book, &entry.kernel, &descriptor, code->data, code->size));
    assert_done(book_put_entry(book, key, &entry, put->baseline_ns, put->baseline_ns ? "vendor 1" : "", 0));
}

/* --- the library over it --- */

struct session {
    tb_book *book;
    tb_context *context;
};

static inline struct session fixture_open(struct fixture *fixture, const char *name)
{
    struct session session = {0};
    tb_context_options options = TB_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    assert_status(tb_open(fixture_path(fixture, name), &session.book), TB_OK);
    assert_status(tb_context_create(session.book, "cpu", 0, &options, &session.context), TB_OK);
    return session;
}

static inline void session_close(struct session *session)
{
    tb_context_destroy(session->context);
    tb_close(session->book);
}

static inline tb_gemm_problem fixture_problem(int64_t m, int64_t n, int64_t k)
{
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;
    problem.m = m;
    problem.n = n;
    problem.k = k;
    problem.layout = TB_NT;
    return problem;
}

/* Operands of an f32 nt product, with small whole numbers so that every sum is exact. */
struct matrices {
    float *a, *b, *c, *d, *bias;
    int64_t m, n, k, batch;
};

static inline float *fixture_floats(int64_t count, unsigned seed)
{
    float *floats = aligned_alloc(64, ((size_t)count * sizeof(float) + 127) / 64 * 64);
    assert_non_null(floats);
    for (int64_t i = 0; i < count; i++)
        floats[i] = (float)((int)((seed + (unsigned)i * 2654435761u) >> 28) - 8);
    return floats;
}

static inline struct matrices matrices_make(int64_t m, int64_t n, int64_t k, int64_t batch)
{
    return (struct matrices){fixture_floats(m * k * batch, 1),
                             fixture_floats(n * k * batch, 2),
                             fixture_floats(m * n * batch, 3),
                             fixture_floats(m * n * batch, 4),
                             fixture_floats(n, 5),
                             m,
                             n,
                             k,
                             batch};
}

static inline void matrices_free(struct matrices *matrices)
{
    float *all[] = {matrices->a, matrices->b, matrices->c, matrices->d, matrices->bias};
    for (size_t i = 0; i < 5; i++) free(all[i]);
}

static inline tb_gemm_args matrices_args(const struct matrices *x)
{
    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    args.m = x->m;
    args.n = x->n;
    args.k = x->k;
    args.batch = x->batch;
    args.a = x->a;
    args.b = x->b;
    args.d = x->d;
    if (x->batch > 1) {
        args.stride_a = x->m * x->k;
        args.stride_b = x->n * x->k;
        args.stride_d = x->m * x->n;
    }
    return args;
}

/* Element (i, j) of item's tight product, plus `add`, the mark of the kernel. */
static inline float matrices_expect(const struct matrices *x, int64_t item, int64_t i, int64_t j, float add)
{
    double sum = add;
    for (int64_t p = 0; p < x->k; p++)
        sum += (double)x->a[(item * x->m + i) * x->k + p] * (double)x->b[(item * x->n + j) * x->k + p];
    return (float)sum;
}

static inline void matrices_check(const struct matrices *x, float add)
{
    for (int64_t item = 0; item < x->batch; item++)
        for (int64_t i = 0; i < x->m; i++)
            for (int64_t j = 0; j < x->n; j++)
                assert_true(x->d[(item * x->m + i) * x->n + j] == matrices_expect(x, item, i, j, add));
}

#endif
