/* attention_cpu through the trial's own verification: each feature by name, with the default and with random
 * configurations; splits with their combine step where they are asked for. */
#include "tests/tuner/support.h"

#include "templates/proof.h"

#include "tuner/base/rng.h"
#include "tuner/tuning.h"
#include "tuner/worker.h"

static struct device_info info;
static const struct manifest *manifest;

static const struct feature {
    const char *problem;
    const char *configuration; /* NULL: the default */
} features[] = {
    {"attention f32 d=64 q_heads=4 kv_heads=2 q_len=130 lse", NULL},
    {"attention f32 causal d=64 q_heads=4 kv_heads=2 q_len=67 kv_len=201 softcap sinks lse", NULL},
    {"attention f32 sliding window=50 d=80 dv=24 q_heads=7 kv_heads=1 q_len=130 kv_len=190 sinks", NULL},
    {"attention f32 band window=40 d=8 q_heads=2 q_len=190 kv_len=71 varlen batch=5", NULL},
    {"attention f32 causal d=64 q_heads=4 kv_heads=2 q_len=67 kv_len=201 page=16 varlen batch=4", NULL},
    {"attention bf16 causal d=192 dv=128 q_heads=4 kv_heads=1 q_len=40 kv_len=161 lse", NULL},
    {"attention f16 kv=f8e4m3 d=64 q_heads=8 kv_heads=1 q_len=1 kv_len=259 page=64 batch=3", NULL},
    {"attention bf16 kv=f8e4m3fnuz o=f32 causal d=112 q_heads=2 q_len=5 kv_len=161", NULL},
    {"attention f32 d=128 q_heads=8 kv_heads=2 q_len=1 kv_len=3000 sinks lse",
     "TILE_ROWS=4,TILE_VECTORS=2,BLOCK_KEYS=64,BLOCK_ROWS=16,UNROLL=2,PACK_VALUES=0,PREFETCH=16,SPLITS=0"},
    {"attention f32 causal d=64 q_heads=2 kv_heads=1 q_len=4 kv_len=3000 varlen batch=1",
     "TILE_ROWS=4,TILE_VECTORS=3,BLOCK_KEYS=32,BLOCK_ROWS=16,UNROLL=1,PACK_VALUES=1,PREFETCH=0,SPLITS=8"},
};
enum { FEATURES = sizeof features / sizeof *features };

static void verify(struct tuning *tuning, const struct configuration *configuration, const char *text)
{
    struct candidate candidate;
    assert_ok(candidate_prepare(tuning, configuration, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK) fail_msg("%s: %s", text, candidate.job.detail);
    candidate_compiled(&candidate);
    struct trial_setting setting = {.backend = "cpu",
                                    .threads = info.device_class.units,
                                    .problem = *tuning->scene->problem,
                                    .seed = 5,
                                    .verify_only = true};
    struct trial_candidate trial = {&candidate.descriptor, candidate.job.code.data, candidate.job.code.size};
    struct trial_session *session;
    struct trial_outcome outcome;
    assert_ok(trial_open(&setting, &session));
    assert_ok(trial_run(session, &trial, 0, &outcome));
    trial_close(session);
    if (outcome.verdict != VERDICT_OK)
        fail_msg("%s: %s: %s: %s", text, candidate_name(&candidate), verdict_name(outcome.verdict),
                 outcome.detail);
    candidate_free(&candidate);
}

static void every_feature_is_right(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < FEATURES; i++) {
        struct problem problem;
        struct tuning tuning;
        struct configuration configuration;
        const char *identity;
        struct tuning_scene scene = {&problem, &info.facts, host_target(), host_compiler(&identity), NULL};
        scene.compiler_identity = identity;
        assert_ok(problem_parse(features[i].problem, &problem));
        assert_ok(tuning_open(&scene, manifest, &tuning));
        assert_true(tuning.has_default);
        configuration = tuning.fallback;
        if (features[i].configuration)
            assert_true(tuning_configuration(&tuning, features[i].configuration, &configuration));
        verify(&tuning, &configuration, features[i].problem);
        for (int j = 1; j < scaled(2); j++) {
            assert_true(space_random(tuning.space, &rng, &configuration));
            verify(&tuning, &configuration, features[i].problem);
        }
        tuning_close(&tuning);
    }
}

/* The default is in the space of whatever the op samples, and the space is neither tiny nor beyond search. */
static void spaces_have_defaults(void **state)
{
    (void)state;
    const char *identity;
    unsigned accepted = 0;
    for (uint64_t i = 0; i < 400; i++) {
        struct problem problem;
        int64_t slots[SLOT_COUNT] = {0};
        const char *clause = NULL;
        char text[PROBLEM_TEXT_BYTES];
        op_proof_find("attention")->sample(i, &problem);
        problem_slots(&problem, &info.facts, slots);
        problem_print(&problem, text);
        if (!manifest_accepts(manifest, slots, NULL)) continue;
        accepted++;
        if (!manifest_check_default(manifest, slots, &clause)) fail_msg("%s: %s", text, clause);
    }
    assert_true(accepted == 400);
    struct problem problem;
    struct tuning tuning;
    struct tuning_scene scene = {&problem, &info.facts, host_target(), host_compiler(&identity), NULL};
    scene.compiler_identity = identity;
    assert_ok(problem_parse("attention f32 causal d=64 q_heads=32 kv_heads=8 q_len=1024", &problem));
    assert_ok(tuning_open(&scene, manifest, &tuning));
    uint64_t count = space_count(tuning.space, NULL);
    print_message("%llu configurations\n", (unsigned long long)count);
    assert_true(count >= 200 && count <= 8000);
    tuning_close(&tuning);
}

static int set_up(void **state)
{
    (void)state;
    struct manifest **templates;
    struct device *device;
    size_t n;
    const struct device_api *api = device_find("cpu");
    if (api->open(0, NULL, &device) != STATUS_OK) return -1;
    info = *api->info(device);
    api->close(device);
    if (template_load(NULL, &templates, &n) != STATUS_OK) return -1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(templates[i]->name, "attention_cpu") == 0)
            manifest = templates[i];
        else
            manifest_free(templates[i]);
    free(templates);
    return manifest ? 0 : -1;
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {cmocka_unit_test(spaces_have_defaults),
                                       cmocka_unit_test(every_feature_is_right)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
