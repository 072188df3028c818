/* Models: their products add up to the published size, match shapes in use elsewhere, and are asked for
 * properly. */
#include "tests/base/check.h"

#include <math.h>
#include "templates/attention/attention.h"
#include "templates/embedded.h"
#include "templates/gemm/gemm.h"
#include "templates/models.h"
#include "tuner/base/json.h"

enum { NAMES_MAX = 32 };

static double number(const cJSON *object, const char *member, double otherwise)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, member);
    return cJSON_IsNumber(value) ? value->valuedouble : otherwise;
}

/* Weights of all products and the embedding; absorbed products (batched) reuse kv_b's. Norms and biases are
 * left out. */
static void test_sizes_add_up(void **state)
{
    (void)state;
    assert_int_equal(n_embedded_models, 7);
    for (size_t i = 0; i < n_embedded_models; i++) {
        const struct json_source source = {embedded_models[i].path};
        cJSON *model;
        assert_ok(json_parse(&source, embedded_models[i].text, embedded_models[i].size, &model));
        const char *name;
        assert_ok(json_string(&source, model, "name", &name));
        assert_string_equal(name, embedded_models[i].path);
        bool tied = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(model, "tied_embedding"));
        double sum = tied ? 0 : number(model, "vocabulary", 0) * number(model, "hidden", 0);
        const cJSON *product, *list;
        assert_ok(json_array(&source, model, "gemm", &list));
        cJSON_ArrayForEach (product, list) {
            if (number(product, "batch", 1) > 1) continue;
            sum += number(product, "n", 0) * number(product, "k", 0) * number(product, "count", 0) *
                   number(product, "experts", 1);
        }
        double published = number(model, "parameters", 0);
        if (!(fabs(sum / published - 1) < 0.01))
            fail_msg("%s: products have %.0f weights, published are %.0f", name, sum, published);
        cJSON_Delete(model);
    }
}

static struct model_problem *ask(const char *name, const char *phase, const char *dtype, const char *op,
                                 size_t *n)
{
    const struct model_request request = {.name = name, .phase = phase, .dtype = dtype, .op = op};
    struct model_problem *list;
    assert_ok(model_problems(&request, &list, n));
    return list;
}

static bool has(const struct model_problem *list, size_t count, int64_t n, int64_t k)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].problem.value[GEMM_N] == n && list[i].problem.value[GEMM_K] == k) return true;
    return false;
}

/* (n, k) of the tuning files of AITER (model_configs) and of DeepGEMM's tests (generators.py). */
static void test_known_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        int64_t shapes[10][2];
    } cases[] = {
        {"llama-3-70b@tp8", {{1280, 8192}, {8192, 1024}, {7168, 8192}, {8192, 3584}}},
        {"llama-3-70b@tp4", {{2560, 8192}, {8192, 2048}, {14336, 8192}, {8192, 7168}}},
        {"llama-3-70b", {{10240, 8192}, {8192, 8192}, {57344, 8192}, {8192, 28672}}},
        {"llama-3-405b@tp8", {{2304, 16384}, {16384, 2048}, {13312, 16384}, {16384, 6656}}},
        {"llama-3-405b@tp4", {{4608, 16384}, {16384, 4096}, {26624, 16384}, {16384, 13312}}},
        {"qwen3-32b@tp8", {{6400, 5120}}},
        {"qwen3-32b", {{51200, 5120}, {5120, 25600}}},
        {"deepseek-v3",
         {{2112, 7168},
          {24576, 1536},
          {32768, 512},
          {7168, 16384},
          {4096, 7168},
          {7168, 2048},
          {256, 7168},
          {129280, 7168}}},
        {"deepseek-v3@tp8",
         {{3072, 1536}, {4096, 512}, {512, 7168}, {7168, 2048}, {256, 7168}, {2112, 7168}}},
        {"gpt-oss-120b", {{128, 2880}, {5120, 2880}, {2880, 4096}}},
        {"gpt-oss-120b@tp2", {{2560, 2880}, {2880, 2048}}},
        {"gpt-oss-120b@tp8", {{640, 2880}, {2880, 512}}},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        size_t n;
        struct model_problem *list = ask(cases[i].model, NULL, NULL, "gemm", &n);
        for (size_t s = 0; s < 10 && cases[i].shapes[s][0]; s++)
            if (!has(list, n, cases[i].shapes[s][0], cases[i].shapes[s][1]))
                fail_msg("%s lacks n=%lld k=%lld", cases[i].model, (long long)cases[i].shapes[s][0],
                         (long long)cases[i].shapes[s][1]);
        free(list);
    }
}

/* Every problem of every model and division is good, stands once per layer, and is called. */
static void test_all(void **state)
{
    (void)state;
    const char *names[NAMES_MAX];
    size_t n_names = model_names(names, NAMES_MAX);
    for (size_t i = 0; i < n_names; i++)
        for (int tp = 1; tp <= 8; tp *= 2) {
            char name[64];
            size_t n;
            snprintf(name, sizeof name, "%s@tp%d", names[i], tp);
            struct model_problem *list = ask(name, NULL, NULL, NULL, &n);
            assert_true(n > 20);
            for (size_t p = 0; p < n; p++) {
                assert_ok(problem_check(&list[p].problem));
                assert_true(list[p].calls >= 1 && list[p].layer[0]);
                for (size_t q = 0; q < p; q++)
                    assert_false(strcmp(list[p].layer, list[q].layer) == 0 &&
                                 memcmp(&list[p].problem, &list[q].problem, sizeof list[p].problem) == 0);
            }
            free(list);
        }
}

/* One token through llama-3-8b: 2 flops per weight of its products. */
static void test_calls(void **state)
{
    (void)state;
    size_t n;
    double flops = 0;
    struct model_problem *list = ask("llama-3-8b", "decode", NULL, "gemm", &n);
    for (size_t i = 0; i < n; i++) {
        struct op_work work;
        if (list[i].problem.value[GEMM_M] != 1) continue;
        list[i].problem.op->work(&list[i].problem, &work);
        flops += work.flops * list[i].calls;
    }
    assert_true(flops ==
                2 * (8030261248.0 - 128256.0 * 4096 - 266240)); /* without the embedding, without norms */
    free(list);
}

/* Routed experts: one token keeps 8 of 256 busy with one row each; 8192 tokens all of them with 256. */
static void test_experts(void **state)
{
    (void)state;
    size_t n, seen = 0;
    struct model_problem *list = ask("deepseek-v3", NULL, NULL, "gemm", &n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].layer, "expert_down") != 0) continue;
        int64_t m = list[i].problem.value[GEMM_M];
        /* m = 1 stands for 1 to 16 tokens; the largest count is that of 16 */
        if (m == 1) assert_true(fabs(list[i].calls - 58 * 256 * (1 - pow(248.0 / 256, 16))) < 1e-6);
        if (m == 256) assert_true(fabs(list[i].calls - 58 * 256) < 1e-6);
        seen += m == 1 || m == 256;
    }
    assert_int_equal(seen, 2);
    free(list);
}

static void test_phase_and_type(void **state)
{
    (void)state;
    size_t n;
    char text[PROBLEM_TEXT_BYTES];
    struct model_problem *list = ask("llama-3.2-1b", "decode", "f32", "gemm", &n);
    assert_int_equal(n, 5 * 9);
    problem_print(&list[0].problem, text);
    assert_string_equal(text, "gemm f32 nt m=1 n=3072 k=2048");
    assert_string_equal(list[0].layer, "qkv");
    assert_true(list[0].calls == 16);
    free(list);
    list = ask("llama-3.2-1b", "prefill", "f8e4m3", "gemm", &n);
    assert_int_equal(n, 4 * 5 + 1); /* logits of the last token alone */
    problem_print(&list[n - 1].problem, text);
    assert_string_equal(text, "gemm f8e4m3 d=bf16 nt m=1 n=128256 k=2048");
    free(list);
}

/* Without --op a model is its products and its attention; each op alone is its part of that. */
static void test_both_ops(void **state)
{
    (void)state;
    const char *names[NAMES_MAX];
    size_t n_names = model_names(names, NAMES_MAX), all, gemm, attention;
    for (size_t i = 0; i < n_names; i++) {
        free(ask(names[i], NULL, NULL, NULL, &all));
        free(ask(names[i], NULL, NULL, "gemm", &gemm));
        struct model_problem *list = ask(names[i], NULL, NULL, "attention", &attention);
        assert_int_equal(gemm + attention, all);
        for (size_t p = 0; p < attention; p++) assert_ptr_equal(list[p].problem.op, &attention_op);
        free(list);
    }
}

static void assert_attention(const char *model, const char *phase, const char *dtype, size_t index,
                             size_t n_expected, const char *expected, double calls)
{
    size_t n;
    char text[PROBLEM_TEXT_BYTES];
    struct model_problem *list = ask(model, phase, dtype, "attention", &n);
    if (n != n_expected) fail_msg("%s %s: %zu problems", model, phase, n);
    problem_print(&list[index].problem, text);
    assert_string_equal(text, expected);
    assert_true(list[index].calls == calls);
    free(list);
}

/* Five lengths as 1, 2, 4 ... prompts of a shorter one: 15; nine batches by eight lengths less those whose
 * cache is too large for any device. */
static void test_attention(void **state)
{
    (void)state;
    assert_attention("llama-3-8b", "prefill", NULL, 0, 15,
                     "attention bf16 causal d=128 q_heads=32 kv_heads=8 q_len=512", 32);
    assert_attention("llama-3-8b@tp2", "prefill", NULL, 13, 15,
                     "attention bf16 causal d=128 q_heads=16 kv_heads=4 batch=2 q_len=4096", 32);
    assert_attention("llama-3-8b@tp2", "decode", NULL, 7, 9 * 8 - 10,
                     "attention bf16 causal d=128 q_heads=16 kv_heads=4 page=16 q_len=1 kv_len=131072", 32);
    assert_attention("llama-3-70b@tp8", "decode", "f8e4m3", 8, 9 * 8 - 10,
                     "attention bf16 kv=f8e4m3 causal d=128 q_heads=8 kv_heads=1 page=16 batch=2 q_len=1 "
                     "kv_len=1024",
                     80);
    assert_attention("gpt-oss-120b", "prefill", NULL, 15, 30,
                     "attention bf16 sliding sinks d=64 q_heads=64 kv_heads=8 window=128 q_len=512", 18);
    assert_attention("deepseek-v3@tp16", NULL, NULL, 14, 15,
                     "attention bf16 causal d=192 dv=128 q_heads=8 q_len=8192", 61);
    assert_attention("qwen3-32b", "prefill", "f32", 0, 15,
                     "attention f32 causal d=128 q_heads=64 kv_heads=8 q_len=512", 64);
}

/* A prompt's layers together: 4 d pairs of a query and a key for each head, half of them masked. */
static void test_attention_work(void **state)
{
    (void)state;
    size_t n;
    struct model_problem *list = ask("llama-3-8b", "prefill", NULL, "attention", &n);
    struct op_work work;
    list[n - 1].problem.op->work(&list[n - 1].problem, &work);
    assert_true(work.flops * list[n - 1].calls == 32 * 4.0 * 128 * 32 * 8192.0 * 8192 / 2);
    free(list);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        struct model_request request;
        const char *message;
    } cases[] = {
        {{.name = "llama-3-9b"}, "unknown model 'llama-3-9b'; did you mean 'llama-3-8b'?"},
        {{.name = "zz"},
         "unknown model 'zz'; there are deepseek-v3, gpt-oss-120b, llama-3-405b, llama-3-70b, llama-3-8b, "
         "llama-3.2-1b, qwen3-32b"},
        {{.name = ""},
         "unknown model ''; there are deepseek-v3, gpt-oss-120b, llama-3-405b, llama-3-70b, llama-3-8b, "
         "llama-3.2-1b, qwen3-32b"},
        {{.name = "llama-3-8b@tp3"},
         "model 'llama-3-8b@tp3': tp3 does not divide it; there are @tp1 @tp2 @tp4 @tp8"},
        {{.name = "llama-3-8b@tp0"},
         "model 'llama-3-8b@tp0': tp0 does not divide it; there are @tp1 @tp2 @tp4 @tp8"},
        {{.name = "llama-3-8b@2"}, "model 'llama-3-8b@2': what follows '@' is tpN, such as @tp2"},
        {{.name = "llama-3-8b@tp"}, "model 'llama-3-8b@tp': what follows '@' is tpN, such as @tp2"},
        {{.name = "llama-3-8b", .phase = "train"}, "unknown phase 'train'; it is prefill or decode"},
        {{.name = "llama-3-8b", .op = "convolution"}, "op 'convolution' is not known to this build"},
        {{.name = "deepseek-v3", .phase = "decode", .op = "attention"},
         "model 'deepseek-v3' has no problem of op attention in decode"},
        {{.name = "llama-3-8b", .dtype = "i8", .op = "attention"},
         "llama-3-8b: attention: attention: q_type=i8; queries are f32, f16 or bf16"},
        {{.name = "llama-3-8b", .dtype = "f31"},
         "llama-3-8b: qkv: gemm: unknown word 'f31'; did you mean 'f32'?"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct model_problem *list;
        size_t n;
        assert_fails(model_problems(&cases[i].request, &list, &n), STATUS_USAGE, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_add_up),
        cmocka_unit_test(test_known_shapes),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_experts),
        cmocka_unit_test(test_phase_and_type),
        cmocka_unit_test(test_both_ops),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_attention_work),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
