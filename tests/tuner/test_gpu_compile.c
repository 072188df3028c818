/* Every kernel of the templates and the dialect's own test kernel compile without a warning for every target
 * that each compiler is for. */
#include "tests/tuner/gpu_compilers.h"

#include "templates/embedded.h"
#include "templates/source.h"
#include "tests/scale.h"
#include "tuner/base/rng.h"
#include "tuner/defaults_targets.h"
#include "tuner/tuning.h"

static bool has_gpu_target(const struct manifest *manifest)
{
    for (const char *const *target = manifest->targets; *target; target++)
        if (gpu_target_find(*target)) return true;
    return false;
}

static void gemm_text(struct rng *rng, unsigned i, char text[PROBLEM_TEXT_BYTES])
{
    static const char *const types[] = {"f32", "f16", "bf16", "a=bf16 b=bf16 d=f32"};
    static const char *const layouts[] = {"nn", "nt", "tn", "tt"};
    static const char *const epilogues[] = {"none", "bias",        "relu", "bias+gelu",
                                            "silu", "bias+swiglu", "geglu"};
    snprintf(text, PROBLEM_TEXT_BYTES, "gemm %s %s %s m=%d n=%d k=%d batch=%d", types[i % 4],
             layouts[i / 4 % 4], epilogues[rng_below(rng, 7)], 1 + (int)rng_below(rng, 3000),
             2 * (1 + (int)rng_below(rng, 1500)), 1 + (int)rng_below(rng, 3000), 1 + (int)rng_below(rng, 2));
}

static void attention_text(struct rng *rng, unsigned i, char text[PROBLEM_TEXT_BYTES])
{
    static const char *const types[] = {
        "f16", "bf16", "q=bf16 kv=bf16 o=f32", "f32", "f16 kv=f8e4m3", "bf16 kv=f8e4m3fnuz", "f16 kv=f8e5m2"};
    static const char *const masks[] = {"full", "causal", "sliding window=100", "band window=70"};
    static const char *const flags[] = {"",        "varlen", "softcap", "sinks lse", "varlen lse page=16",
                                        "page=64", "lse"};
    static const char *const sizes[] = {"d=128", "d=64", "d=192 dv=128", "d=80", "d=256", "d=112", "d=512"};
    snprintf(
        text, PROBLEM_TEXT_BYTES, "attention %s %s %s %s q_heads=8 kv_heads=%d batch=3 q_len=%d kv_len=%d",
        types[i % 7], masks[rng_below(rng, 4)], flags[rng_below(rng, 7)], sizes[rng_below(rng, 7)],
        1 << rng_below(rng, 4), i / 7 % 2 ? 1 : 1 + (int)rng_below(rng, 2000), 1 + (int)rng_below(rng, 9000));
}

static const struct {
    const char *op;
    void (*write)(struct rng *rng, unsigned i, char text[PROBLEM_TEXT_BYTES]);
} problems[] = {{"gemm", gemm_text}, {"attention", attention_text}};

/* A problem that the template takes; `i` goes through types. */
static void make_problem(struct rng *rng, const struct manifest *manifest, const struct device_facts *facts,
                         unsigned i, struct problem *out)
{
    size_t op = 0, n = sizeof problems / sizeof problems[0];
    while (op < n && strcmp(problems[op].op, manifest->op->name) != 0) op++;
    if (op == n) fail_msg("no problems of op %s are made here", manifest->op->name);
    for (;; i++) {
        char text[PROBLEM_TEXT_BYTES];
        int64_t slots[SLOT_COUNT] = {0};
        problems[op].write(rng, i, text);
        if (problem_parse(text, out) != STATUS_OK) fail_msg("%s: %s", text, status_message());
        problem_slots(out, facts, slots);
        if (manifest_accepts(manifest, slots, NULL)) return;
    }
}

static void check_configuration(struct rng *rng, const struct manifest *manifest, const char *compiler,
                                const char *target, unsigned i)
{
    struct device_facts facts;
    struct problem problem;
    struct tuning_scene scene = {&problem, &facts, target, compiler_find(compiler), "test"};
    struct tuning tuning;
    struct candidate candidate;
    char text[PROBLEM_TEXT_BYTES], what[PROBLEM_TEXT_BYTES + 512];
    defaults_facts(target, &facts);
    make_problem(rng, manifest, &facts, i, &problem);
    problem_print(&problem, text);
    if (tuning_open(&scene, manifest, &tuning) != STATUS_OK) fail_msg("%s", status_message());
    if (!tuning.has_default)
        fail_msg("%s: the default of %s is not valid for %s", text, manifest->name, target);
    struct configuration configuration = tuning.fallback;
    if (i % 3) assert_true(space_random(tuning.space, rng, &configuration));
    assert_ok(candidate_prepare(&tuning, &configuration, &candidate));
    snprintf(what, sizeof what, "%s: %s", text, candidate_name(&candidate));
    assert_clean(compiler, &candidate.job.request, what);
    candidate_free(&candidate);
    tuning_close(&tuning);
}

static void check_templates(const char *compiler, const char *target, unsigned *checked)
{
    struct manifest **templates;
    size_t n;
    struct rng rng;
    rng_seed(&rng, 7 + *checked);
    assert_ok(template_load(NULL, &templates, &n));
    for (size_t i = 0; i < n; i++) {
        unsigned count = manifest_has_target(templates[i], target) ? (unsigned)test_scaled(2) : 0;
        for (unsigned j = 0; j < count; j++)
            check_configuration(&rng, templates[i], compiler, target, *checked * 5 + j);
        *checked += count > 0;
        manifest_free(templates[i]);
    }
    free(templates);
}

static void test_templates_compile_without_warnings(void **state)
{
    (void)state;
    unsigned checked = 0, wanted = 0;
    struct manifest **templates;
    size_t n;
    for (unsigned i = 0; i < N_SERVED; i++)
        for (const char *const *target = served[i].targets; *target; target++) {
            if (!is_here(served[i].compiler, *target)) continue;
            wanted++;
            check_templates(served[i].compiler, *target, &checked);
        }
    assert_ok(template_load(NULL, &templates, &n));
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any = any || has_gpu_target(templates[i]);
        manifest_free(templates[i]);
    }
    free(templates);
    assert_true(any);
    assert_true(checked >= wanted);
    print_message("%u targets and templates\n", checked);
}

static void check_dialect(const char *name)
{
    char path[512];
    struct text source = {0};
    snprintf(path, sizeof path, "%s/tests/templates/%s", test_root(), name);
    assert_ok(source_flatten_with(test_root(), path, embedded_headers, n_embedded_headers, &source));
    struct compile_request request = {text_string(&source), name, "", NULL};
    for (unsigned i = 0; i < N_SERVED; i++)
        for (const char *const *target = served[i].targets; *target; target++) {
            request.target = *target;
            if (is_here(served[i].compiler, *target))
                assert_clean(served[i].compiler, &request, "the dialect");
        }
    text_free(&source);
}

static void test_the_dialect_compiles_without_warnings(void **state)
{
    (void)state;
    check_dialect("gpu_dialect_kernel.hip");
    check_dialect("gpu_dialect_hopper.hip");
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_dialect_compiles_without_warnings),
        cmocka_unit_test(test_templates_compile_without_warnings),
    };
    return cmocka_run_group_tests_name("gpu_compile", tests, make_folder, remove_folder);
}
