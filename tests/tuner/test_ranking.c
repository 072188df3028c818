/* Ranking a template's space by the model: every built-in template has a model, the front of a space is its
 * front, and a space too large to look at whole is walked. */
#include "tests/base/check.h"

#include <math.h>
#include "tuner/base/gpu_target.h"
#include "tuner/ranking.h"
#include "tuner/tuning.h"

static struct manifest **templates;
static size_t n_templates;

static int load(void **state)
{
    (void)state;
    return template_load(NULL, &templates, &n_templates) == STATUS_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return 0;
}

static const struct manifest *template_named(const char *name)
{
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, name) == 0) return templates[i];
    fail_msg("no template %s", name);
    return NULL;
}

struct ranked_space {
    struct problem problem;
    struct device_facts facts;
    struct tuning_scene scene;
    struct tuning tuning;
    struct ranking *ranking;
};

/* A CPU as somebody else has measured it, or a GPU of the table. */
static const struct device_class *some_class(const char *name, struct device_facts *facts)
{
    static const struct device_class cpu = {.nickname = "",
                                            .product = "a CPU",
                                            .target = "x86-64-v3",
                                            .units = 4,
                                            .bandwidth_gbps = 16,
                                            .wave_size = 1,
                                            .l2_bytes = 1 << 20,
                                            .llc_bytes = 32 << 20,
                                            .peak_tflops = {[DTYPE_F32] = 0.4, [DTYPE_BF16] = 0.4}};
    const struct device_class *found = strcmp(name, "cpu") == 0 ? &cpu : class_find(name);
    assert_non_null(found);
    *facts = (struct device_facts){{0}};
    if (found != &cpu) {
        gpu_target_facts(gpu_target_find(found->target), found, facts);
        return found;
    }
    facts->value[DEVICE_FACT_units] = 4;
    facts->value[DEVICE_FACT_wave_size] = facts->value[DEVICE_FACT_max_block_threads] = 1;
    facts->value[DEVICE_FACT_vector_bytes] = 32;
    facts->value[DEVICE_FACT_vector_registers] = 16;
    facts->value[DEVICE_FACT_l1_bytes] = 32768;
    facts->value[DEVICE_FACT_l2_bytes] = 1 << 20;
    facts->value[DEVICE_FACT_llc_bytes] = 32 << 20;
    facts->value[DEVICE_FACT_lds_bytes] = 8 << 20;
    return found;
}

static void open_ranked(const char *template_name, const char *class_name, const char *text,
                        struct ranked_space *out)
{
    const struct manifest *manifest = template_named(template_name);
    const struct device_class *class = some_class(class_name, &out->facts);
    assert_ok(problem_parse(text, &out->problem));
    out->scene =
        (struct tuning_scene){.problem = &out->problem, .facts = &out->facts, .target = class->target};
    if (tuning_open(&out->scene, manifest, &out->tuning) != STATUS_OK) fail_msg("%s", status_message());
    assert_ok(ranking_create(manifest, &out->problem, class, out->tuning.space, &out->ranking));
}

static void close_ranked(struct ranked_space *ranked)
{
    ranking_free(ranked->ranking);
    tuning_close(&ranked->tuning);
}

/* Of every template and some class, all of what is drawn can be estimated. */
static void test_every_template(void **state)
{
    (void)state;
    static const struct {
        const char *template_name, *class_name, *problem;
    } cases[] = {
        {"gemm_simt", "mi250x", "gemm f32 nn m=300 n=200 k=700"},
        {"gemm_simt", "rx7900xtx", "gemm bf16 nt swiglu m=64 n=512 k=512"},
        {"gemm_skinny", "mi300x", "gemm bf16 nt m=3 n=4096 k=4096"},
        {"gemm_skinny", "rx9070xt", "gemm f16 nn swiglu m=1 n=4096 k=4096"},
        {"gemm_skinny_matrix", "mi355x", "gemm bf16 nt m=16 n=8192 k=1024"},
        {"gemm_mma", "a100_80gb_sxm", "gemm f16 nn bias+gelu m=1000 n=1000 k=1000"},
        {"gemm_mfma", "mi300x", "gemm bf16 nt m=4096 n=4096 k=4096"},
        {"gemm_mfma", "mi308x", "gemm a=f8e4m3fnuz b=f8e4m3fnuz d=bf16 nt swiglu m=64 n=7168 k=2048"},
        {"gemm_wgmma", "h100_sxm", "gemm bf16 nt m=4096 n=4096 k=4096 batch=2"},
        {"gemm_wgmma", "h200", "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=64 n=7168 k=2048"},
        {"gemm_cpu", "cpu", "gemm f32 nt m=100 n=300 k=500"},
        {"gemm_cpu", "cpu", "gemm bf16 nn swiglu m=1 n=300 k=5000"},
        {"gemm_skinny_cpu", "cpu", "gemm f32 nt m=4 n=3000 k=500"},
    };
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < n_templates; i++) /* of attention there is no model */
        assert_int_equal(templates[i]->has_model, strcmp(templates[i]->op->name, "gemm") == 0);
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct ranked_space ranked;
        open_ranked(cases[i].template_name, cases[i].class_name, cases[i].problem, &ranked);
        for (int draw = 0; draw < 500; draw++) {
            struct configuration configuration;
            struct model_kernel shape;
            struct model_estimate estimate;
            assert_true(space_random(ranked.tuning.space, &rng, &configuration));
            if (!ranking_estimate(ranked.ranking, &configuration, &shape, &estimate))
                fail_msg("%s: a valid configuration has no estimate", cases[i].template_name);
            assert_true(estimate.ns > 0 && isfinite(estimate.ns));
            assert_true(shape.wave_m <= shape.tile_m && shape.wave_n <= shape.tile_n);
            assert_true(ranking_prior(ranked.ranking, &configuration) == estimate.ns);
        }
        close_ranked(&ranked);
    }
}

/* Nobody outside the front is better than its last but what is the same to the model as one inside. */
static void test_whole_space(void **state)
{
    (void)state;
    enum { FRONT = 20 };
    static struct ranked front[FRONT], again[FRONT];
    struct ranked_space ranked;
    open_ranked("gemm_skinny_matrix", "mi300x", "gemm bf16 nt m=16 n=8192 k=8192", &ranked);
    const struct space *space = ranked.tuning.space;
    bool exact;
    uint64_t count = space_count(space, &exact), looked_at;
    assert_true(exact);
    size_t n = ranking_best(ranked.ranking, FRONT, 0, 1, front, &looked_at);
    assert_int_equal(n, FRONT);
    assert_int_equal(looked_at, count);
    double best_ns = INFINITY;
    size_t better = 0, same = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct configuration configuration;
        assert_true(space_at(space, i, &configuration));
        double ns = ranking_prior(ranked.ranking, &configuration);
        best_ns = fmin(best_ns, ns);
        if (ns >= front[FRONT - 1].estimate.ns) continue;
        better++;
        bool found = false;
        for (size_t f = 0; f < FRONT && !found; f++) found = fabs(front[f].estimate.ns - ns) <= 2e-3 * ns;
        same += found;
    }
    assert_true(front[0].estimate.ns <= best_ns * 1.001);
    assert_true(better >= FRONT - 1);
    assert_int_equal(same, better);
    for (size_t f = 0; f < FRONT; f++) {
        assert_true(space_admits(space, &front[f].configuration, NULL));
        assert_true(f == 0 || front[f - 1].estimate.ns <= front[f].estimate.ns);
        assert_int_equal(front[f].from_default,
                         ranking_from_default(ranked.ranking, &front[f].configuration));
    }
    assert_int_equal(ranking_best(ranked.ranking, FRONT, 0, 2, again, NULL), FRONT); /* no chance in it */
    assert_memory_equal(front, again, sizeof front);
    close_ranked(&ranked);
}

static void test_walk(void **state)
{
    (void)state;
    enum { FRONT = 8 };
    static struct ranked front[FRONT], again[FRONT], longer[FRONT];
    struct ranked_space ranked;
    uint64_t looked_at;
    open_ranked("gemm_mma", "h100_sxm", "gemm bf16 nt m=4096 n=4096 k=4096", &ranked);
    assert_int_equal(ranking_best(ranked.ranking, FRONT, 4000, 7, front, &looked_at), FRONT);
    assert_in_range(looked_at, 2000, 6000);
    assert_int_equal(ranking_best(ranked.ranking, FRONT, 4000, 7, again, NULL), FRONT);
    assert_memory_equal(front, again, sizeof front);
    assert_int_equal(ranking_best(ranked.ranking, FRONT, 40000, 7, longer, NULL), FRONT);
    assert_true(longer[0].estimate.ns <= front[0].estimate.ns * 1.001);
    assert_true(front[0].estimate.ns < 1.3 * longer[0].estimate.ns);
    struct rng rng;
    rng_seed(&rng, 3);
    for (int i = 0; i < 2000; i++) { /* chance alone does not get there */
        struct configuration drawn;
        assert_true(space_random(ranked.tuning.space, &rng, &drawn));
        assert_true(ranking_prior(ranked.ranking, &drawn) >= longer[0].estimate.ns * 0.999);
    }
    close_ranked(&ranked);
}

/* What the model says of kernels that are known to be good or bad. */
static void test_known_kernels(void **state)
{
    (void)state;
    static struct ranked front[16];
    struct ranked_space ranked;
    open_ranked("gemm_wgmma", "h100_sxm", "gemm bf16 nt m=8192 n=8192 k=8192", &ranked);
    size_t n = ranking_best(ranked.ranking, 16, 0, 1, front, NULL);
    bool large = false;
    for (size_t i = 0; i < n; i++) large |= front[i].shape.tile_m * front[i].shape.tile_n >= 128 * 256;
    assert_true(large);
    struct configuration fallback = ranked.tuning.fallback;
    assert_true(ranking_prior(ranked.ranking, &fallback) > 1.2 * front[0].estimate.ns);
    close_ranked(&ranked);
}

static void test_no_model(void **state)
{
    (void)state;
    struct ranked_space ranked;
    struct ranking *ranking = NULL;
    open_ranked("gemm_simt", "mi300x", "gemm f32 nn m=64 n=64 k=64", &ranked);
    struct manifest without = *template_named("gemm_simt");
    without.has_model = false;
    assert_fails(
        ranking_create(&without, &ranked.problem, class_find("mi300x"), ranked.tuning.space, &ranking),
        STATUS_NOT_COVERED, "gemm_simt: its manifest has no \"model\"");
    struct device_class unknown = {.nickname = "", .target = "gfx803", .units = 64, .wave_size = 64};
    assert_fails(
        ranking_create(template_named("gemm_simt"), &ranked.problem, &unknown, ranked.tuning.space, &ranking),
        STATUS_NOT_COVERED, "the model knows no constants of gfx803");
    assert_null(ranking);
    close_ranked(&ranked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_template), cmocka_unit_test(test_whole_space),
        cmocka_unit_test(test_walk),           cmocka_unit_test(test_known_kernels),
        cmocka_unit_test(test_no_model),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
