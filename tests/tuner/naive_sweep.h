/* A sweep of a small template of the tests' own on the CPU, in this process. */
#ifndef TUNEBOOK_TESTS_TUNER_NAIVE_SWEEP_H
#define TUNEBOOK_TESTS_TUNER_NAIVE_SWEEP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/scale.h"
#include "tuner/base/clock.h"
#include "tuner/base/file.h"
#include "tuner/sweep.h"

static char folder[256];

/* Two honest values of UNROLL, and a MODE whose other values must each get their verdict. */
static const char manifest_json[] =
    "{\"name\": \"naive\", \"op\": \"gemm\", \"source\": \"naive.c\",\n"
    " \"targets\": [\"x86-64-v2\", \"x86-64-v3\", \"x86-64-v4\", \"armv8-a\"],\n"
    " \"accepts\": [\"a_type == f32 && b_type == f32 && d_type == f32\", \"layout == nn\", \"act == none\", "
    "\"bias == 0\"],\n"
    " \"parameters\": {\"UNROLL\": [1, 2, 4, 8], \"MODE\": [\"good\", \"slow\", \"wrong\", \"segv\", "
    "\"broken\"]},\n"
    " \"where\": [\"MODE == good || UNROLL <= 2\"],\n"
    " \"deterministic\": \"1\",\n"
    " \"launch\": [{\"entry\": \"naive\", \"grid\": [\"m\", \"1\", \"batch\"], \"block\": [\"1\", \"1\", "
    "\"1\"]}],\n"
    " \"default\": {\"UNROLL\": 1, \"MODE\": \"slow\"}}\n";

static const char kernel_source[] =
    "#define MODE_GOOD 0\n#define MODE_SLOW 1\n#define MODE_WRONG 2\n#define MODE_SEGV 3\n#define "
    "MODE_BROKEN 4\n"
    "#ifndef UNROLL\n#define UNROLL 1\n#endif\n#ifndef MODE\n#define MODE MODE_GOOD\n#endif\n"
    "struct gemm_args { const float *a, *b, *c; const void *bias; float *d; void *w; long long m, n, k, "
    "batch,\n"
    "    lda, ldb, ldc, ldd, sa, sb, sc, sd, sbias; float alpha, beta; };\n"
    "struct cpu_block { unsigned index[3], grid[3]; void *shared; unsigned long long shared_bytes; };\n"
    "#if MODE == MODE_BROKEN\n#error this configuration does not compile\n#endif\n"
    "__attribute__((visibility(\"default\"))) void naive(const struct gemm_args *g, const struct cpu_block "
    "*block)\n{\n"
    "    long long i = block->index[0], z = g->batch > 1 ? block->index[2] : 0;\n"
    "    const float *a = g->a + z * g->sa + i * g->lda, *b = g->b + z * g->sb;\n"
    "    float *d = g->d + z * g->sd + i * g->ldd;\n"
    "#if MODE == MODE_SEGV\n    *(volatile int *)8 = 1;\n#endif\n"
    "    for (int twice = 0; twice < (MODE == MODE_SLOW ? 12 : 1); twice++)\n"
    "    for (long long j = 0; j < g->n; j++) {\n"
    "        float sum = 0;\n"
    "        _Pragma(\"GCC unroll 8\") for (long long p = 0; p < g->k - (MODE == MODE_WRONG); p++)\n"
    "            sum += a[p] * b[p * g->ldb + j];\n"
    "        __asm__ volatile(\"\" : \"+m\"(sum));\n"
    "        if (twice + 1 == (MODE == MODE_SLOW ? 12 : 1)) {\n"
    "            float value = g->alpha * sum;\n"
    "            if (g->beta != 0) value += g->beta * g->c[z * g->sc + i * g->ldc + j];\n"
    "            d[j] = value;\n"
    "        }\n"
    "    }\n"
    "}\n";

static inline void write_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_publish(path, text, strlen(text), 0644), STATUS_OK);
}

static inline int set_up(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/sweep-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) return -1;
    char cache[300];
    snprintf(cache, sizeof cache, "%s/cache", folder);
    setenv("XDG_CACHE_HOME", cache, 1);
    write_file("naive.json", manifest_json);
    write_file("naive.c", kernel_source);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* --- Running a sweep in this process. --- */

struct run {
    struct sweep_options options;
    struct sweep_result result;
    struct sweep_summary summary;
    int log; /* descriptor that gets "TRIALS\n" after each; -1: none */
};

static inline void note_result(void *context, const struct sweep_result *result)
{
    ((struct run *)context)->result = *result;
}

static inline void note_progress(void *context, double fraction, const char *line)
{
    struct run *run = context;
    size_t problem, problems, trials;
    (void)fraction;
    const char *colon = strstr(line, ": ");
    if (run->log < 0 || !colon || sscanf(line, "[%zu/%zu]", &problem, &problems) != 2 ||
        sscanf(colon, ": %zu trials", &trials) != 1)
        return;
    char text[32];
    int size = snprintf(text, sizeof text, "%zu\n", trials);
    if (write(run->log, text, (size_t)size) != size) _exit(9);
}

static inline enum status run_sweep(const char *book_path, struct run *run)
{
    struct manifest **templates;
    size_t n;
    struct book *book = NULL;
    struct sweep_problem problem = {.calls = 1};
    TRY(problem_parse("gemm f32 nn m=24 n=24 k=24", &problem.problem));
    TRY(template_load(folder, &templates, &n));
    TRY(book_open(book_path, BOOK_WRITE, &book));
    run->options.backend = "cpu";
    run->options.threads = 1;
    run->options.templates = templates;
    run->options.n_templates = n;
    run->options.book = book;
    run->options.strategy = "exhaustive";
    run->options.finished = note_result;
    run->options.progress = note_progress;
    run->options.context = run;
    enum status status = sweep_run(&run->options, &problem, 1, &run->summary);
    enum status closed = book_close(book);
    for (size_t i = 0; i < n; i++) manifest_free(templates[i]);
    free(templates);
    return status != STATUS_OK ? status : closed;
}

static inline void assert_swept(const char *book, struct run *run)
{
    enum status status = run_sweep(book, run);
    if (status != STATUS_OK) fail_msg("sweep: %s: %s", status_name(status), status_message());
}

/* 4 good configurations and two of each other mode. */
enum { CONFIGURATIONS = 12 };

#endif
