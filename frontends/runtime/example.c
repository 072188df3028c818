/* The best known kernel for y = x W^T with W stored n x k. Build: cc example.c $(pkg-config --cflags --libs
 * tunebook) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tunebook.h>

static const char *const match_names[] = {"exact", "near_shape", "sibling_class", "default"};

static int fail(const char *call)
{
    fprintf(stderr, "%s: %s\n", call, tb_last_error());
    return 1;
}

int main(void)
{
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT; /* f32, 16-byte aligned */
    problem.m = 16, problem.n = 2048, problem.k = 2048, problem.layout = TB_NT;
    if (tb_open(NULL, &book) != TB_OK) return fail("tb_open");
    if (tb_context_create(book, "cpu", 0, NULL, &context) != TB_OK) return fail("tb_context_create");
    if (tb_gemm_plan(context, &problem, 0, &plan) != TB_OK) {
        fprintf(stderr, "%s\ntune it: autotune 'gemm f32 nt m=16 n=2048 k=2048'\n", tb_last_error());
        return 1;
    }
    size_t bytes, alignment, m = 16, n = 2048, k = 2048;
    if (tb_gemm_workspace(plan, problem.m, &bytes, &alignment) != TB_OK) return fail("tb_gemm_workspace");
    void *workspace = aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
    float *x = aligned_alloc(64, m * k * sizeof *x), *w = aligned_alloc(64, n * k * sizeof *w);
    float *y = aligned_alloc(64, m * n * sizeof *y);
    if (!workspace || !x || !w || !y) return 1;
    for (size_t i = 0; i < m * k; i++) x[i] = (float)(i % 7) - 3;
    for (size_t i = 0; i < n * k; i++) w[i] = (float)(i % 5) - 2;

    tb_gemm_args args = TB_GEMM_ARGS_INIT;
    args.m = 16, args.n = 2048, args.k = 2048, args.a = x, args.b = w, args.d = y,
    args.workspace_bytes = bytes;
    if (tb_gemm_launch(plan, &args, workspace, NULL) != TB_OK) return fail("tb_gemm_launch");

    double got = (double)y[3 * n + 5], expected = 0;
    for (size_t p = 0; p < k; p++) expected += (double)x[3 * k + p] * (double)w[5 * k + p];
    tb_explanation how = TB_EXPLANATION_INIT;
    tb_plan_explain(plan, &how);
    printf("y[3][5] = %g, expected %g\n%s: %s %s\n", got, expected, match_names[how.match], how.template_name,
           how.configuration);
    if (how.expected_ns) printf("measured: %llu ns\n", (unsigned long long)how.expected_ns);
    tb_context_destroy(context);
    tb_close(book);
    free(workspace), free(x), free(w), free(y);
    return fabs(got - expected) > 1e-3 * (1 + fabs(expected));
}
