/* The code of gemm_skinny as NVIDIA's compiler makes it: its starts need no more registers than there are,
 * and every parameter makes a difference. */
#include "tests/tuner/gpu_compilers.h"

#include "tuner/compile/cubin_info.h"
#include "tuner/defaults_targets.h"
#include "tuner/tuning.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

enum { REGISTERS_OF_A_UNIT = 65536 };

static const char *const target = "sm_90a";
static const char *const names[] = {"gemm_skinny", "gemm_skinny_matrix"};

/* What LLMs ask for when they decode. */
static const char *const problems[] = {
    "gemm bf16 nt m=1 n=4096 k=4096",          "gemm bf16 nt m=4 n=6144 k=4096",
    "gemm bf16 nt m=16 n=4096 k=4096",         "gemm bf16 nt swiglu m=1 n=28672 k=4096",
    "gemm bf16 nt swiglu m=16 n=57344 k=8192", "gemm bf16 nt m=8 n=8192 k=28672",
    "gemm bf16 nn m=1 n=4096 k=4096",          "gemm bf16 nn m=16 n=4096 k=4096"};

static struct manifest **templates;
static size_t n_templates;

static const struct manifest *find_template(const char *name)
{
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, name) == 0) return templates[i];
    fail_msg("no template is called %s", name);
    return NULL;
}

struct place {
    struct problem problem;
    struct device_facts facts;
    struct tuning_scene scene;
    struct tuning tuning;
};

static void place_open(struct place *place, const struct manifest *manifest, const char *text)
{
    defaults_facts(target, &place->facts);
    assert_ok(problem_parse(text, &place->problem));
    place->scene =
        (struct tuning_scene){&place->problem, &place->facts, target, compiler_find("nvrtc"), "test"};
    assert_ok(tuning_open(&place->scene, manifest, &place->tuning));
}

/* The code is the caller's; `what` names the configuration. */
static void compile(struct place *place, const struct configuration *configuration, struct text *code,
                    char what[512])
{
    struct candidate candidate;
    struct text log = {0};
    assert_ok(candidate_prepare(&place->tuning, configuration, &candidate));
    snprintf(what, 512, "%s", candidate_name(&candidate));
    text_clear(code);
    if (compiler_find("nvrtc")->compile(&candidate.job.request, code, &log) != STATUS_OK || log.size)
        fail_msg("%s: %s\n%s", what, status_message(), text_string(&log));
    text_free(&log);
    candidate_free(&candidate);
}

static int64_t threads_of(const struct place *place, const struct configuration *configuration)
{
    int64_t slots[SLOT_COUNT], threads = 0;
    memcpy(slots, place->tuning.slots, sizeof slots);
    space_values(place->tuning.space, configuration, slots);
    assert_int_equal(expr_eval(&place->tuning.manifest->steps[1].block[0], slots, &threads), EXPR_FINE);
    return threads;
}

static void check_start(struct place *place, const char *problem, const struct configuration *start)
{
    struct code_resources resources;
    struct text code = {0};
    char what[512];
    compile(place, start, &code, what);
    assert_ok(cubin_inspect(text_string(&code), code.size, &resources));
    if (resources.spill_bytes) fail_msg("%s: %s spills %u bytes", problem, what, resources.spill_bytes);
    if (resources.registers * threads_of(place, start) > REGISTERS_OF_A_UNIT)
        fail_msg("%s: %s needs %u registers", problem, what, resources.registers);
    if (getenv("TUNEBOOK_TEST_VERBOSE"))
        print_message("%s: %s: %u registers\n", problem, what, resources.registers);
    text_free(&code);
}

/* Each for the first problem that it is valid for. */
static void starts_do_not_spill(void **state)
{
    (void)state;
    if (!is_here("nvrtc", target)) skip();
    for (size_t t = 0; t < N_OF(names); t++) {
        const struct manifest *manifest = find_template(names[t]);
        uint32_t checked = 0;
        for (size_t p = 0; p < N_OF(problems); p++) {
            struct place place;
            place_open(&place, manifest, problems[p]);
            for (uint32_t s = 0; s < manifest->n_starts; s++) {
                struct configuration start;
                if (checked >> s & 1) continue;
                if (!tuning_values_configuration(&place.tuning, manifest->starts[s], &start)) continue;
                check_start(&place, problems[p], &start);
                checked |= 1u << s;
            }
            tuning_close(&place.tuning);
        }
        assert_int_equal(checked, (1u << manifest->n_starts) - 1);
    }
}

/* Is there a configuration that differs in parameter `p` alone and has other code? */
static bool makes_a_difference(struct place *place, const struct configuration *base, uint32_t p)
{
    struct text code = {0}, other = {0};
    char what[512];
    bool found = false;
    compile(place, base, &code, what);
    for (uint16_t v = 0; v < place->tuning.manifest->parameters[p].n_values && !found; v++) {
        struct configuration changed = *base;
        changed.index[p] = v;
        if (v == base->index[p] || !space_admits(place->tuning.space, &changed, NULL)) continue;
        compile(place, &changed, &other, what);
        found = code.size != other.size || memcmp(text_string(&code), text_string(&other), code.size) != 0;
    }
    text_free(&code);
    text_free(&other);
    return found;
}

static void every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("nvrtc", target)) skip();
    for (size_t t = 0; t < N_OF(names); t++) {
        const struct manifest *manifest = find_template(names[t]);
        struct place place;
        place_open(&place, manifest, "gemm bf16 nt m=6 n=8192 k=8192");
        for (uint32_t p = 0; p < manifest->n_parameters; p++) {
            if (manifest->parameters[p].n_values == 1) continue; /* MATH: it tells the two apart */
            if (!makes_a_difference(&place, &place.tuning.fallback, p))
                fail_msg("%s: %s makes no difference", manifest->name, manifest->parameters[p].name);
        }
        tuning_close(&place.tuning);
    }
}

static int set_up(void **state)
{
    return make_folder(state) || template_load(NULL, &templates, &n_templates) != STATUS_OK;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return remove_folder(state);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {cmocka_unit_test(starts_do_not_spill),
                                       cmocka_unit_test(every_parameter_changes_the_code)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
