/* What a kernel's code says before it has run, end to end: conflicts counted in the emulator, the report of a
 * configuration, and configurations whose blocks no compute unit holds. */
#include "tests/tuner/gpu_compilers.h"

#include "tuner/access_log.h"
#include "tuner/code_report.h"
#include "tuner/conflict_run.h"
#include "tuner/defaults_targets.h"
#include "tuner/tuning.h"

static struct manifest **templates;
static size_t n_templates;
static const char problem_text[] = "gemm bf16 nt m=512 n=512 k=4096";

static const struct manifest *find_template(const char *name)
{
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, name) == 0) return templates[i];
    fail_msg("no template is called %s", name);
    return NULL;
}

/* ---- accesses of threads, put together ---- */

static void tell(const struct device_watch *watch, uint32_t thread, uintptr_t place, uint32_t offset)
{
    watch->shared_access(watch->context, thread, (const void *)place, offset, 16, false);
}

/* Two waves; each lane passes two places, the second one twice, and lanes come one after the other. */
static void accesses_of_threads_become_those_of_waves(void **state)
{
    (void)state;
    struct access_log *log = access_log_create();
    struct device_watch watch = access_log_watch(log);
    struct conflicts conflicts;
    assert_non_null(log);
    for (int round = 0; round < 2; round++) {
        for (uint32_t thread = 0; thread < 128; thread++) {
            uint32_t lane = thread % 64;
            tell(&watch, thread, 7, 16 * lane);
            tell(&watch, thread, 3, 128 * lane);
            tell(&watch, thread, 3, 16 * lane);
        }
        assert_ok(access_log_conflicts(log, "gfx942", &conflicts));
        const struct conflict_part *part = &conflicts.parts[0][LDS_16];
        assert_int_equal(part->accesses, 2 * 3);
        assert_int_equal(part->least_cycles, 2 * 3 * 8);
        assert_int_equal(part->cycles, 2 * (8 + 64 + 8));
        assert_true(conflict_factor(&conflicts, false, LDS_16) == 80.0 / 24.0);
        assert_true(conflict_factor(&conflicts, false, LDS_4) == 80.0 / 24.0);
        assert_true(conflict_factor(&conflicts, true, LDS_4) == 1.0);
        access_log_clear(log);
    }
    access_log_free(log);
}

/* ---- real kernels ---- */

struct place {
    const struct manifest *manifest;
    struct problem problem;
    struct device_info info;
    struct tuning_scene scene;
    struct tuning tuning;
    char configuration[512];
};

/* The default with what "NAME=VALUE ..." changes. */
static void make_configuration(struct place *place, const char *changes)
{
    struct text text = {0};
    int64_t slots[SLOT_COUNT] = {0};
    size_t used = 0;
    for (uint32_t i = 0; i < place->manifest->n_parameters; i++)
        slots[place->manifest->parameters[i].slot] = place->manifest->defaults[i];
    manifest_print_configuration(place->manifest, slots, &text);
    for (const char *at = text_string(&text); *at; at += strcspn(at, ","), at += *at == ',') {
        size_t name = strcspn(at, "=") + 1;
        const char *taken = at;
        for (const char *change = changes; *change; change += strcspn(change, " "), change += *change == ' ')
            if (strncmp(change, at, name) == 0) taken = change;
        used += (size_t)snprintf(place->configuration + used, sizeof place->configuration - used, "%s%.*s",
                                 used ? "," : "", (int)strcspn(taken, ", "), taken);
    }
    text_free(&text);
}

static void place_open(struct place *place, const char *problem, const char *target, const char *changes)
{
    *place = (struct place){.manifest = find_template("gemm_mfma")};
    snprintf(place->info.device_class.target, sizeof place->info.device_class.target, "%s", target);
    defaults_facts(target, &place->info.facts);
    assert_ok(problem_parse(problem, &place->problem));
    place->scene =
        (struct tuning_scene){&place->problem, &place->info.facts, target, compiler_find("clang"), "test"};
    assert_ok(tuning_open(&place->scene, place->manifest, &place->tuning));
    make_configuration(place, changes);
}

static void count(const char *target, const char *changes, struct conflicts *out)
{
    struct place place;
    place_open(&place, problem_text, target, changes);
    struct conflict_request request = {place.manifest, &place.problem, place.configuration, target,
                                       &place.info};
    assert_ok(conflict_run(&request, out));
    tuning_close(&place.tuning);
}

/* A swizzle spreads both directions over all banks. Rows padded by 16 bytes do so for writes, and for reads
 * only as far as lanes are taken in a row, which they are not (conflicts.c). */
static void conflicts_are_counted(void **state)
{
    (void)state;
    struct conflicts swizzle, pad;
    if (!is_here("emu", "gfx942")) skip();
    count("gfx942", "SHARED=swizzle", &swizzle);
    count("gfx942", "SHARED=pad", &pad);
    for (int writes = 0; writes < 2; writes++) {
        assert_true(swizzle.parts[writes][LDS_16].accesses > 0);
        assert_int_equal(swizzle.parts[writes][LDS_16].accesses, pad.parts[writes][LDS_16].accesses);
        assert_true(conflict_factor(&swizzle, writes, LDS_16) == 1.0);
    }
    assert_true(conflict_factor(&pad, true, LDS_16) == 1.0);
    assert_true(conflict_factor(&pad, false, LDS_16) == 2.0);
}

static void targets_without_known_banks_are_refused(void **state)
{
    (void)state;
    struct conflicts conflicts;
    struct place place;
    place_open(&place, problem_text, "gfx942", "SHARED=pad");
    struct conflict_request request = {place.manifest, &place.problem, place.configuration, "gfx1100",
                                       &place.info};
    snprintf(place.info.device_class.target, sizeof place.info.device_class.target, "gfx1100");
    assert_int_equal(conflict_run(&request, &conflicts), STATUS_NOT_COVERED);
    snprintf(place.info.device_class.target, sizeof place.info.device_class.target, "gfx942");
    request.gpu = "gfx942";
    request.configuration = "TILE_M=3";
    if (is_here("emu", "gfx942")) assert_int_equal(conflict_run(&request, &conflicts), STATUS_NOT_COVERED);
    tuning_close(&place.tuning);
}

static void compile(struct place *place, struct candidate *candidate)
{
    struct configuration configuration;
    struct text log = {0};
    assert_true(tuning_configuration(&place->tuning, place->configuration, &configuration));
    assert_ok(candidate_prepare(&place->tuning, &configuration, candidate));
    assert_ok(compiler_find("clang")->compile(&candidate->job.request, &candidate->job.code, &log));
    candidate_compiled(candidate);
    text_free(&log);
}

static void reports_are_whole(void **state)
{
    (void)state;
    struct place place;
    struct candidate candidate;
    struct code_report report;
    if (!is_here("clang", "gfx942")) skip();
    place_open(&place, problem_text, "gfx942", "SHARED=swizzle");
    compile(&place, &candidate);
    const void *code = candidate.job.code.data;
    size_t bytes = candidate.job.code.size;
    assert_ok(code_report_make(&candidate.descriptor, code, bytes, &place.problem, &place.info.facts, NULL,
                               &report));
    assert_string_equal(report.step.entry, "gemm_mfma");
    assert_int_equal(report.step.block_threads, 256);
    assert_int_equal(report.shared_bytes, (64 + 64) * 64 * 2);
    assert_true(report.has_occupancy && report.occupancy.blocks >= 2);
    assert_int_equal(report.resources.wave_size, 64);
    if (report.has_sum) {
        /* a wave's quarter of 64 x 64 x 64 products, at 512 a cycle and SIMD */
        assert_int_equal(report.loop.matrix_cycles, 64 * 64 * 64 / 4 / 256);
        assert_true(report.sum.share > 0.3 && report.sum.share <= 1);
    } else if (getenv("CI")) {
        fail_msg("%s", report.no_sum);
    }
    setenv("TUNEBOOK_OBJDUMP", "/nonexistent", 1);
    assert_ok(code_report_make(&candidate.descriptor, code, bytes, &place.problem, &place.info.facts, NULL,
                               &report));
    assert_true(report.has_occupancy && !report.has_sum);
    assert_non_null(strstr(report.no_sum, "/nonexistent"));
    unsetenv("TUNEBOOK_OBJDUMP");
    candidate_free(&candidate);
    tuning_close(&place.tuning);
}

/* Large products keep their matrix units busy, as far as the code can tell: conflicts counted, nothing
 * spilled. */
static void front_runners_feed_their_matrix_units(void **state)
{
    (void)state;
    static const struct {
        const char *problem, *changes;
    } cases[] = {
        {"gemm bf16 nt m=4096 n=4096 k=4096",
         "TILE_M=256 TILE_N=256 TILE_K=64 WAVES_M=2 WAVES_N=4 MFMA=32 BLOCKS=1 SHARED=swizzle PIPELINE=free"},
        {"gemm bf16 nt m=8192 n=8192 k=8192", "TILE_M=256 TILE_N=256 TILE_K=64 WAVES_M=2 WAVES_N=4 MFMA=32 "
                                              "BLOCKS=1 SHARED=swizzle PIPELINE=slices"},
    };
    if (!is_here("clang", "gfx942") || !is_here("emu", "gfx942")) skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place place;
        struct candidate candidate;
        struct conflicts conflicts;
        struct code_report report;
        place_open(&place, cases[i].problem, "gfx942", cases[i].changes);
        struct conflict_request request = {place.manifest, &place.problem, place.configuration, "gfx942",
                                           &place.info};
        compile(&place, &candidate);
        assert_ok(conflict_run(&request, &conflicts));
        assert_ok(code_report_make(&candidate.descriptor, candidate.job.code.data, candidate.job.code.size,
                                   &place.problem, &place.info.facts, &conflicts, &report));
        assert_int_equal(report.resources.spill_bytes + report.resources.private_bytes, 0);
        if (report.has_sum && report.sum.share < 0.85)
            fail_msg("%s %s: %.2f, bound by %s", cases[i].problem, place.configuration, report.sum.share,
                     cycle_unit_name(report.sum.binds));
        if (!report.has_sum && getenv("CI")) fail_msg("%s", report.no_sum);
        candidate_free(&candidate);
        tuning_close(&place.tuning);
    }
}

static bool fits(const struct candidate *candidate, const struct place *place, char why[256])
{
    return code_report_fits(&candidate->descriptor, candidate->job.code.data, candidate->job.code.size,
                            &place->problem, &place->info.facts, why, 256);
}

static void what_no_unit_holds_is_not_tried(void **state)
{
    (void)state;
    struct place place;
    struct candidate candidate;
    char why[256] = "";
    if (!is_here("clang", "gfx942")) skip();
    place_open(&place, problem_text, "gfx942", "SHARED=swizzle");
    compile(&place, &candidate);
    assert_true(fits(&candidate, &place, why));
    struct text code = candidate.job.code;
    candidate.job.code = (struct text){0}; /* the descriptor's numbers, of one kernel */
    candidate.descriptor.n_steps = 3;
    candidate.descriptor.resources.registers = 520;
    assert_false(fits(&candidate, &place, why));
    assert_string_equal(
        why, "not tried: of gemm_mfma no block fits: its 4 waves need more registers than a CU has");
    candidate.descriptor.resources.registers = 128;
    candidate.descriptor.resources.shared_bytes = 50000;
    assert_false(fits(&candidate, &place, why));
    assert_non_null(strstr(why, "more LDS"));
    candidate.descriptor.resources.registers = 0; /* nothing is known */
    assert_true(fits(&candidate, &place, why));
    text_free(&code);
    candidate_free(&candidate);
    tuning_close(&place.tuning);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accesses_of_threads_become_those_of_waves),
        cmocka_unit_test(conflicts_are_counted),
        cmocka_unit_test(targets_without_known_banks_are_refused),
        cmocka_unit_test(reports_are_whole),
        cmocka_unit_test(front_runners_feed_their_matrix_units),
        cmocka_unit_test(what_no_unit_holds_is_not_tried),
    };
    return cmocka_run_group_tests_name("conflict_run", tests, set_up, tear_down);
}
