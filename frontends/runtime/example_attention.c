/* A step of decoding: one query for each of two sequences, keys and values in a paged cache. Build: cc
 * example_attention.c $(pkg-config --cflags --libs tunebook) -lm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tunebook.h>

enum { BATCH = 2, HEADS = 8, KV_HEADS = 2, D = 64, PAGE = 16, LONGEST = 64, PAGES = 9 };

static int fail(const char *call)
{
    fprintf(stderr, "%s: %s\n", call, tb_last_error());
    return 1;
}

static float *floats(size_t n, int step)
{
    float *x = aligned_alloc(64, n * sizeof *x);
    for (size_t i = 0; x && i < n; i++) x[i] = (float)((int)(i * 7 % (size_t)step) - step / 2) / (float)step;
    return x;
}

/* Element c of what head h of sequence b should get. */
static double expect(const tb_attention_args *args, int b, int h, int c)
{
    const float *q = (const float *)args->q + (b * HEADS + h) * D, *k = args->k, *v = args->v;
    double sum = 0, weights = 0;
    for (int j = 0; j < args->kv_lengths[b]; j++) {
        int token = args->block_table[b * (LONGEST / PAGE) + j / PAGE] * PAGE + j % PAGE;
        int at = (token * KV_HEADS + h / (HEADS / KV_HEADS)) * D;
        double score = 0;
        for (int i = 0; i < D; i++) score += (double)q[i] * (double)k[at + i];
        double weight = exp(score / sqrt(D));
        weights += weight;
        sum += weight * (double)v[at + c];
    }
    return sum / weights;
}

int main(void)
{
    static const int lengths[BATCH] = {50, 17}, table[BATCH][LONGEST / PAGE] = {{8, 3, 0, 5}, {1, 7}};
    tb_book *book;
    tb_context *context;
    tb_plan *plan;
    tb_attention_problem problem = TB_ATTENTION_PROBLEM_INIT;
    problem.q_type = problem.kv_type = problem.o_type = TB_F32, problem.mask = TB_MASK_CAUSAL;
    problem.batch = BATCH, problem.q_len = 1, problem.kv_len = LONGEST; /* the longest there may be */
    problem.q_heads = HEADS, problem.kv_heads = KV_HEADS, problem.head_size = D, problem.page = PAGE;
    if (tb_open(NULL, &book) != TB_OK) return fail("tb_open");
    if (tb_context_create(book, "cpu", 0, NULL, &context) != TB_OK) return fail("tb_context_create");
    if (tb_attention_plan(context, &problem, 0, &plan) != TB_OK) {
        fprintf(stderr,
                "%s\ntune it: autotune 'attention f32 causal d=64 q_heads=8 kv_heads=2 page=16 batch=2 "
                "q_len=1 kv_len=64'\n",
                tb_last_error());
        return 1;
    }
    size_t bytes, alignment; /* for every step up to these */
    if (tb_attention_workspace(plan, BATCH, 1, LONGEST, &bytes, &alignment) != TB_OK)
        return fail("tb_attention_workspace");
    void *workspace = aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
    float *q = floats(BATCH * HEADS * D, 13), *o = floats(BATCH * HEADS * D, 5);
    float *k = floats(PAGES * PAGE * KV_HEADS * D, 11), *v = floats(PAGES * PAGE * KV_HEADS * D, 17);
    if (!workspace || !q || !o || !k || !v) return 1;

    tb_attention_args args = TB_ATTENTION_ARGS_INIT; /* tight strides, scale 1 / sqrt(d) */
    args.batch = BATCH, args.q_len = 1, args.kv_len = LONGEST;
    args.q = q, args.k = k, args.v = v, args.o = o;
    args.kv_lengths = lengths, args.block_table = table[0], args.n_pages = PAGES;
    args.workspace_bytes = bytes;
    args.flags = TB_ATTENTION_CHECK_TABLES; /* while the cache's management is being written */
    if (tb_attention_launch(plan, &args, workspace, NULL) != TB_OK) return fail("tb_attention_launch");

    double got = (double)o[(1 * HEADS + 5) * D + 3], expected = expect(&args, 1, 5, 3);
    tb_explanation how = TB_EXPLANATION_INIT;
    tb_plan_explain(plan, &how);
    printf("o[1][5][3] = %g, expected %g\n%s %s\n", got, expected, how.template_name, how.configuration);
    tb_context_destroy(context);
    tb_close(book);
    free(workspace), free(q), free(k), free(v), free(o);
    return fabs(got - expected) > 1e-4;
}
