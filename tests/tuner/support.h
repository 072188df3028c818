/* Candidates made from small C files: compiled like any kernel, with a descriptor of one launch step. */
#ifndef TUNEBOOK_TESTS_TUNER_SUPPORT_H
#define TUNEBOOK_TESTS_TUNER_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "search/expr.h"
#include "templates/manifest.h"
#include "tuner/base/arena.h"
#include "tuner/compile/compile_pool.h"
#include "tuner/device/device.h"
#include "tuner/trial.h"

#define assert_ok(call)                                                        \
    do {                                                                       \
        enum status status_ = (call);                                          \
        if (status_ != STATUS_OK) fail_msg("%s: %s", #call, status_message()); \
    } while (0)

/* How often loops run: TUNEBOOK_TEST_SCALE scales counts. */
static inline int scaled(int count)
{
    const char *scale = getenv("TUNEBOOK_TEST_SCALE");
    double factor = scale ? atof(scale) : 1;
    int n = (int)(count * (factor > 0 ? factor : 1));
    return n > 0 ? n : 1;
}

static inline const char *test_root(void)
{
    const char *root = getenv("TUNEBOOK_ROOT");
    return root ? root : ".";
}

static inline const char *host_target(void)
{
    static char target[32];
    const struct device_api *api = device_find("cpu");
    struct device *device;
    struct device_options options = {.threads = 1};
    if (!*target) {
        assert_ok(api->open(0, &options, &device));
        snprintf(target, sizeof target, "%s", api->info(device)->device_class.target);
        api->close(device);
    }
    return target;
}

static inline const struct compiler_api *host_compiler(const char **identity)
{
    static struct text found;
    static const struct compiler_api *compiler;
    if (!compiler) assert_ok(compiler_for_target(host_target(), &compiler, &found));
    *identity = text_string(&found);
    return compiler;
}

/* A kernel of tests/tuner/hostile, or of any text. */
struct made {
    struct arena arena;
    struct descriptor descriptor;
    struct compile_job job;
};

static inline bool find_gemm_name(const void *context, const char *name, struct expr_name *out)
{
    (void)context;
    static const char *const names[] = {"m", "n", "k", "batch", "device.units", "act", "a_type"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = i};
        return true;
    }
    *out = (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
    return true;
}

static inline struct blob made_expr(struct made *made, const char *text)
{
    struct expr_scope scope = {.find = find_gemm_name};
    struct expr expr;
    assert_ok(expr_compile(&made->arena, text, "test", &scope, &expr));
    return (struct blob){expr.code, expr.size};
}

static inline void made_clause(struct made *made, const char *text)
{
    struct descriptor *d = &made->descriptor;
    d->clauses[d->n_clauses] = made_expr(made, text);
    d->clause_texts[d->n_clauses++] = text;
}

/* One step `kernel` over grid (grid, 1, 1); 64 bytes of workspace; deterministic. */
static inline void made_describe(struct made *made, const char *grid, const char *shared_bytes)
{
    struct descriptor *d = &made->descriptor;
    *d = (struct descriptor){.op = "gemm",
                             .template_name = "test",
                             .configuration = "",
                             .definitions = "",
                             .source = {{0}},
                             .compiler = "test",
                             .target = host_target(),
                             .args_abi = op_find("gemm")->args_abi,
                             .deterministic = 1,
                             .n_steps = 1};
    static const char *const names[] = {"m", "n", "k", "batch", "device.units", "act", "a_type"};
    d->n_names = sizeof names / sizeof names[0];
    for (unsigned i = 0; i < d->n_names; i++) d->names[i] = names[i];
    made_clause(made, "a_type == f32");
    made_clause(made, "act == none");
    d->workspace_bytes = made_expr(made, "64");
    d->steps[0].entry = "kernel";
    d->steps[0].grid[0] = made_expr(made, grid);
    for (int i = 1; i < 3; i++) d->steps[0].grid[i] = made_expr(made, "1");
    for (int i = 0; i < 3; i++) d->steps[0].block[i] = d->steps[0].cluster[i] = made_expr(made, "1");
    d->steps[0].shared_bytes = made_expr(made, shared_bytes);
}

static inline void made_finish(struct made *made)
{
    made->descriptor.code = made->job.code_hash;
    made->descriptor.code_bytes = (uint32_t)made->job.code.size;
}

static inline void made_free(struct made *made)
{
    text_free(&made->job.code);
    arena_free(&made->arena);
}

static inline struct trial_candidate made_candidate(const struct made *made)
{
    return (struct trial_candidate){&made->descriptor, made->job.code.data, made->job.code.size};
}

/* Compiles files of tests/tuner/hostile side by side. */
static inline void made_compile(struct made *made, const char *const *files, size_t n)
{
    struct compile_job *jobs = calloc(n, sizeof *jobs);
    for (size_t i = 0; i < n; i++) {
        struct text source = {0};
        char path[256];
        const char *identity;
        made[i] = (struct made){0};
        snprintf(path, sizeof path, "%s/tests/tuner/hostile/%s.c", test_root(), files[i]);
        assert_ok(source_flatten(test_root(), path, &source));
        jobs[i] = (struct compile_job){.compiler = host_compiler(&identity)};
        jobs[i].identity = identity;
        jobs[i].request =
            (struct compile_request){.source = arena_string(&made[i].arena, text_string(&source)),
                                     .source_name = files[i],
                                     .definitions = "",
                                     .target = host_target()};
        text_free(&source);
    }
    assert_ok(compile_run(jobs, n, 2, 120000, NULL));
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].verdict != VERDICT_OK) fail_msg("%s: %s", files[i], jobs[i].detail);
        made[i].job = jobs[i];
        made_describe(&made[i], "1", "0");
        made_finish(&made[i]);
    }
    free(jobs);
}

#endif
