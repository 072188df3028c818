/* The self-test of matrix instructions, on a device that this test makes up: what it loads it does not run,
 * but multiplies as it believes. Compilers here are real: the probe compiles for every target that one
 * covers. */
#include "tests/tuner/support.h"

#include <sys/stat.h>
#include "templates/device/matrix_probe_args.h"
#include "tuner/base/file.h"
#include "tuner/base/gpu_target.h"
#include "tuner/selftest.h"

/* --- the device --- */

enum belief { HONEST, A_SWAPPED, D_SWAPPED, B_MOVED, SATURATED, NO_LOAD, NO_LAUNCH, NO_ANSWER };

static struct {
    enum belief belief;
    enum matrix_form form;
    unsigned launches, allocations, modules;
    const char *environment;
} made_up;

static enum status made_up_allocate(struct device *device, size_t bytes, size_t alignment, void **out)
{
    (void)device;
    made_up.allocations++;
    *out = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    return *out ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory");
}

static void made_up_release(struct device *device, void *memory)
{
    (void)device;
    made_up.allocations--;
    free(memory);
}

static enum status made_up_copy(struct device *device, void *to, const void *from, size_t bytes)
{
    (void)device;
    memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status made_up_fill(struct device *device, void *to, uint8_t value, size_t bytes)
{
    (void)device;
    memset(to, value, bytes);
    return STATUS_OK;
}

static enum status made_up_load(struct device *device, const void *code, size_t bytes,
                                struct device_module **out)
{
    (void)device;
    assert_true(code && bytes > 0);
    if (made_up.belief == NO_LOAD) return status_fail(STATUS_BAD_DATA, "no kernel image for this device");
    made_up.modules++;
    *out = (struct device_module *)&made_up;
    return STATUS_OK;
}

static void made_up_unload(struct device *device, struct device_module *module)
{
    (void)device;
    assert_ptr_equal(module, &made_up);
    made_up.modules--;
}

static enum status made_up_function(struct device_module *module, const char *entry, void **out)
{
    assert_string_equal(entry, "matrix_probe");
    *out = module;
    return STATUS_OK;
}

static void swap(unsigned char *x, unsigned char *y, size_t bytes)
{
    unsigned char kept[4];
    memcpy(kept, x, bytes);
    memcpy(x, y, bytes);
    memcpy(y, kept, bytes);
}

/* One wave, as this device believes: `a` and `b` are its own copies. */
static void made_up_wave(unsigned *a, unsigned *b, const unsigned *c, unsigned *d)
{
    const struct matrix_info *info = matrix_info(made_up.form);
    unsigned wave = info->shape.wave, bytes = dtype_bytes(info->in);
    const unsigned *registers = info->registers, *as[64], *bs[64], *cs[64];
    unsigned *ds[64];
    for (unsigned i = 0; i < wave; i++) {
        as[i] = a + i * registers[MATRIX_A];
        bs[i] = b + (made_up.belief == B_MOVED ? i ^ 1 : i) * registers[MATRIX_B];
        cs[i] = c + i * registers[MATRIX_D];
        ds[i] = d + i * registers[MATRIX_D];
    }
    if (made_up.belief == A_SWAPPED) { /* in lane 5 alone */
        unsigned char *lane = (unsigned char *)(a + 5 * registers[MATRIX_A]);
        swap(lane, lane + bytes, bytes);
    }
    matrix_multiply(made_up.form, ds, as, bs, cs, false);
    if (made_up.belief == D_SWAPPED) swap((unsigned char *)ds[3], (unsigned char *)(ds[3] + 1), 4);
    for (unsigned i = 0; i < wave * registers[MATRIX_D]; i++) { /* fine alone, off in sums */
        float value;
        memcpy(&value, &d[i], 4);
        if (made_up.belief == SATURATED && value < -1000) d[i] = 0xc47a0000u;
    }
}

static enum status made_up_launch(struct device *device, void *stream, const struct device_launch *launch)
{
    (void)device;
    (void)stream;
    if (made_up.belief == NO_LAUNCH) return status_fail(STATUS_IO, "the driver says: illegal instruction");
    assert_int_equal(launch->n_steps, 1);
    assert_int_equal(launch->args_bytes, sizeof(struct matrix_probe_args));
    const struct device_step *step = launch->steps;
    const struct matrix_probe_args *args = launch->args;
    const struct matrix_info *info = matrix_info(made_up.form);
    assert_int_equal(step->block[0], info->shape.wave);
    made_up.launches++;
    if (made_up.belief == NO_ANSWER) return STATUS_OK;
    for (uint32_t i = 0; i < step->grid[0]; i++) {
        unsigned a[64 * MATRIX_REGISTERS_MAX], b[64 * MATRIX_REGISTERS_MAX];
        const unsigned *registers = info->registers;
        size_t at = (size_t)i * info->shape.wave;
        memcpy(a, args->a + at * registers[MATRIX_A], 4 * info->shape.wave * registers[MATRIX_A]);
        memcpy(b, args->b + at * registers[MATRIX_B], 4 * info->shape.wave * registers[MATRIX_B]);
        made_up_wave(a, b, args->c + at * registers[MATRIX_D], args->d + at * registers[MATRIX_D]);
    }
    return STATUS_OK;
}

static enum status made_up_synchronize(struct device *device, void *stream)
{
    (void)device;
    (void)stream;
    return STATUS_OK;
}

static enum status made_up_environment(struct device *device, char *out, size_t capacity)
{
    (void)device;
    snprintf(out, capacity, "%s", made_up.environment);
    return STATUS_OK;
}

static const struct device_api api = {
    .abi = DEVICE_API_ABI,
    .name = "made_up",
    .allocate = made_up_allocate,
    .release = made_up_release,
    .upload = made_up_copy,
    .download = made_up_copy,
    .fill = made_up_fill,
    .load = made_up_load,
    .unload = made_up_unload,
    .function = made_up_function,
    .launch = made_up_launch,
    .synchronize = made_up_synchronize,
    .environment = made_up_environment,
};

/* --- the tests --- */

static char home[64];

/* The emulator's compiler makes every target; false, with a line, where there is none. */
static bool device_of(const char *target, struct selftest_device *out)
{
    static struct text identity;
    const struct compiler_api *compiler = compiler_find("emu");
    text_clear(&identity);
    assert_non_null(compiler);
    if (compiler->identify(target, &identity) != STATUS_OK) {
        print_message("SKIPPED: %s\n", status_message());
        return false;
    }
    *out = (struct selftest_device){&api, NULL, target, compiler, text_string(&identity), NULL};
    return true;
}

static struct selftest_result run(const char *target, enum matrix_form form, enum belief belief)
{
    struct selftest_device device;
    struct selftest_result result = {.verdict = SELFTEST_NOT_RUN};
    made_up.belief = belief;
    made_up.form = form;
    if (device_of(target, &device)) assert_ok(selftest_run(&device, form, &result));
    assert_int_equal(made_up.allocations, 0);
    assert_int_equal(made_up.modules, 0);
    return result;
}

static bool compiler_is_here(void)
{
    struct selftest_device device;
    return device_of("gfx942", &device);
}

static void every_form_agrees(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx90a",  "gfx942",  "gfx950", "gfx1100",
                                          "gfx1201", "gfx1250", "sm_80",  "sm_120a"};
    unsigned launches = made_up.launches, n = 0;
    if (!compiler_is_here()) return;
    for (size_t t = 0; t < sizeof targets / sizeof *targets; t++)
        for (unsigned form = 0; form < MATRIX_FORMS; form++) {
            struct selftest_result result = run(targets[t], (enum matrix_form)form, HONEST);
            bool there = matrix_on_target((enum matrix_form)form, targets[t]);
            n += there;
            if (result.verdict != (there ? SELFTEST_AGREES : SELFTEST_NOT_RUN))
                fail_msg("%s on %s: %s", matrix_info((enum matrix_form)form)->name, targets[t], result.why);
            if (!there) assert_non_null(strstr(result.why, "has no such instruction"));
        }
    assert_int_equal(made_up.launches - launches, n);
}

/* A device that believes otherwise is found out, and the first place is named. */
static void the_place_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum matrix_form form;
        enum belief belief;
        const char *why;
    } cases[] = {
        {"gfx942", MATRIX_mfma_f32_16x16x16_f16, A_SWAPPED,
         "a one in A's element 0 of lane 5: register 1 of lane 16, "},
        {"gfx942", MATRIX_mfma_f32_32x32x16_fp8, A_SWAPPED,
         "a one in A's element 0 of lane 5: register 1 of lane 32, "},
        {"gfx90a", MATRIX_mfma_i32_16x16x16_i8, D_SWAPPED,
         "C alone: register 0 of lane 3, D[0][3] as we believe, is 14 "
         "(0x0000000e), not 13 (0x0000000d)"},
        {"sm_80", MATRIX_mma_m16n8k16_f32_f16, B_MOVED,
         "a one in A's element 0 of lane 0: register 0 of lane 0, "},
        {"gfx950", MATRIX_mfma_f32_16x16x32_ocp8, B_MOVED,
         "a one in B's element 0 of lane 0: register 0 of lane 0, "
         "D[0][0] as we believe, is 0 "},
        {"gfx1100", MATRIX_wmma11_f32_16x16x16_f16, A_SWAPPED,
         "a one in A's element 0 of lane 5: register 2 of lane 16, D[5][0] as we believe, is "},
        {"gfx1201", MATRIX_wmma12_i32_16x16x16_i8, B_MOVED,
         "a one in B's element 0 of lane 0: register 0 of lane 0, D[0][0] as we believe, is 0 "},
        {"gfx1250", MATRIX_wmma_f32_16x16x128_ocp8, D_SWAPPED,
         "C alone: register 0 of lane 3, D[0][3] as we believe, is "},
        {"sm_90a", MATRIX_mma_m16n8k16_f32_bf16, SATURATED, "small integers, case "},
        {"gfx942", MATRIX_mfma_f32_16x16x16_f16, NO_ANSWER,
         "C alone: register 0 of lane 0, D[0][0] as we believe, is "},
    };
    if (!compiler_is_here()) return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selftest_result result = run(cases[i].target, cases[i].form, cases[i].belief);
        if (result.verdict != SELFTEST_DIFFERS || !strstr(result.why, cases[i].why))
            fail_msg("case %zu: %s: %s", i, selftest_verdict_name(result.verdict), result.why);
    }
}

static void what_keeps_it_from_running(void **state)
{
    (void)state;
    struct selftest_device device;
    struct selftest_result result;
    if (!device_of("gfx942", &device)) return;
    result = run("gfx942", MATRIX_mfma_f32_16x16x16_f16, NO_LOAD);
    assert_int_equal(result.verdict, SELFTEST_NOT_RUN);
    assert_string_equal(result.why, "no kernel image for this device");
    result = run("gfx942", MATRIX_mfma_f32_16x16x16_f16, NO_LAUNCH);
    assert_int_equal(result.verdict, SELFTEST_NOT_RUN);
    assert_string_equal(result.why, "the driver says: illegal instruction");
    device.compiler = compiler_find("cc");
    device.identity = "no such compiler of GPUs";
    assert_ok(selftest_run(&device, MATRIX_mfma_f32_16x16x16_f16, &result));
    assert_int_equal(result.verdict, SELFTEST_NOT_RUN);
    assert_true(text_starts_with(result.why, "cc does not compile it: "));
}

static void what_is_trusted(void **state)
{
    (void)state;
    const enum matrix_form tabled = MATRIX_mfma_f32_32x32x8_f16, assumed = MATRIX_mfma_f32_32x32x16_ocp8;
    char here[SELFTEST_ENVIRONMENT_BYTES], there[SELFTEST_ENVIRONMENT_BYTES];
    struct selftest_device device;
    if (!device_of("gfx950", &device)) return;
    made_up.environment = "driver=2.0\n";
    assert_ok(selftest_environment(&api, NULL, "gfx950", there));
    made_up.environment = "driver=1.0\n";
    assert_ok(selftest_environment(&api, NULL, "gfx950", here));
    assert_int_equal(strlen(here), SELFTEST_ENVIRONMENT_BYTES - 1);
    assert_string_not_equal(here, there);

    /* Never asked: what is tabled is trusted, what is assumed is not. */
    assert_ok(selftest_trusted("gfx950", here, tabled));
    assert_int_equal(selftest_trusted("gfx950", here, assumed), STATUS_NOT_FOUND);
    assert_non_null(strstr(status_message(), "mfma_f32_32x32x16_ocp8 on gfx950: who holds what is assumed"));

    /* Asked once, and remembered for this driver. */
    unsigned launches = made_up.launches;
    made_up.belief = HONEST;
    made_up.form = assumed;
    assert_ok(selftest_ensure(&device, assumed));
    assert_ok(selftest_ensure(&device, assumed));
    assert_ok(selftest_ensure(&device, tabled));
    assert_int_equal(made_up.launches, launches + 1);
    assert_ok(selftest_trusted("gfx950", here, assumed));
    assert_int_equal(selftest_trusted("gfx950", there, assumed), STATUS_NOT_FOUND);
    assert_int_equal(selftest_trusted("gfx942", here, assumed), STATUS_NOT_FOUND);
    assert_int_equal(selftest_trusted("gfx950", here, MATRIX_mfma_f32_16x16x32_ocp8), STATUS_NOT_FOUND);

    /* What differed is not trusted, tabled or not, until it agrees. Other forms keep their word. */
    struct selftest_result result = {tabled, SELFTEST_DIFFERS, ""};
    assert_ok(selftest_keep("gfx950", here, &result));
    assert_int_equal(selftest_trusted("gfx950", here, tabled), STATUS_NOT_COVERED);
    assert_int_equal(selftest_ensure(&device, tabled), STATUS_NOT_COVERED);
    assert_ok(selftest_trusted("gfx950", here, assumed));
    result.verdict = SELFTEST_NOT_RUN; /* says nothing */
    assert_ok(selftest_keep("gfx950", here, &result));
    assert_int_equal(selftest_trusted("gfx950", here, tabled), STATUS_NOT_COVERED);
    result.verdict = SELFTEST_AGREES;
    assert_ok(selftest_keep("gfx950", here, &result));
    assert_ok(selftest_trusted("gfx950", here, tabled));

    /* A device that cannot answer leaves nothing behind. */
    made_up.belief = NO_LAUNCH;
    assert_int_equal(selftest_ensure(&device, MATRIX_mfma_f32_16x16x32_ocp8), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "the self-test could not run: the driver says"));
    assert_int_equal(selftest_trusted("gfx950", here, MATRIX_mfma_f32_16x16x32_ocp8), STATUS_NOT_FOUND);

    /* All of a type: only what is assumed and was never asked is asked; one that differed is enough. */
    assert_int_equal(selftest_ensure_type(&device, DTYPE_F8E4M3), STATUS_UNAVAILABLE);
    assert_int_equal(selftest_ensure_type(&device, DTYPE_BF16), STATUS_UNAVAILABLE);
    assert_ok(selftest_ensure_type(&device, DTYPE_F8E4M3FNUZ)); /* not on this target */
    static const enum matrix_form others[] = {MATRIX_mfma_f32_32x32x64_ocp8, MATRIX_mfma_f32_16x16x128_ocp8,
                                              MATRIX_mfma_f32_16x16x32_ocp8};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        result = (struct selftest_result){others[i], SELFTEST_AGREES, ""};
        assert_ok(selftest_keep("gfx950", here, &result));
    }
    assert_ok(selftest_ensure_type(&device, DTYPE_F8E4M3));
    result.verdict = SELFTEST_DIFFERS;
    assert_ok(selftest_keep("gfx950", here, &result));
    assert_int_equal(selftest_ensure_type(&device, DTYPE_F8E4M3), STATUS_NOT_COVERED);
}

/* A file of nonsense, or of another belief about the layout, is none. */
static void what_is_no_memory(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "\n\n",
        "mfma_f32_32x32x16_ocp8",
        "mfma_f32_32x32x16_ocp8 agrees\n",
        "mfma_f32_32x32x16_ocp8 0123456789abcdef agrees\n",
        "\x01\x02 agrees",
    };
    char path[160];
    snprintf(path, sizeof path, "%s/tunebook/selftest", home);
    assert_ok(file_make_folders(path));
    snprintf(path, sizeof path, "%s/tunebook/selftest/gfx950-e", home);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_ok(file_publish(path, lines[i], strlen(lines[i]), 0644));
        assert_int_equal(selftest_trusted("gfx950", "e", MATRIX_mfma_f32_32x32x16_ocp8), STATUS_NOT_FOUND);
        assert_ok(selftest_trusted("gfx950", "e", MATRIX_mfma_f32_32x32x8_f16));
    }
}

/* The emulator executes the probe itself: its lanes hold what the kernel put into their registers. */
static void the_emulator_agrees(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx90a", "gfx942", "sm_90a", "gfx1100", "gfx1250"};
    const struct device_api *emulator = device_find("emu");
    assert_non_null(emulator);
    if (!compiler_is_here()) return;
    for (size_t t = 0; t < sizeof targets / sizeof *targets; t++) {
        struct device_options options = {.threads = 2, .target = targets[t], .reverse = t == 1};
        struct selftest_device device;
        assert_true(device_of(targets[t], &device));
        device.api = emulator;
        assert_ok(emulator->open(0, &options, &device.device));
        for (unsigned form = 0; form < MATRIX_FORMS; form++) {
            struct selftest_result result;
            if (!matrix_on_target((enum matrix_form)form, targets[t])) continue;
            assert_ok(selftest_run(&device, (enum matrix_form)form, &result));
            if (result.verdict != SELFTEST_AGREES)
                fail_msg("%s on %s: %s", matrix_info((enum matrix_form)form)->name, targets[t], result.why);
        }
        emulator->close(device.device);
    }
}

static bool compiles(const struct compiler_api *compiler, const char *identity, const char *target,
                     enum matrix_form form)
{
    struct selftest_device device = {&api, NULL, target, compiler, identity, NULL};
    struct selftest_result result;
    made_up.belief = NO_LOAD;
    assert_ok(selftest_run(&device, form, &result));
    if (strcmp(result.why, "no kernel image for this device") == 0) return true;
    print_error("%s on %s: %s\n", matrix_info(form)->name, target, result.why);
    return false;
}

/* With every compiler of GPUs here each form on one target, and each target with one form. */
static void the_probe_compiles(void **state)
{
    (void)state;
    size_t n_targets, n_compilers;
    const struct gpu_target *targets = gpu_target_table(&n_targets);
    const struct compiler_api *const *compilers = compiler_table(&n_compilers);
    unsigned n = 0, failures = 0;
    for (size_t c = 0; c < n_compilers; c++) {
        bool done[MATRIX_FORMS] = {false};
        for (size_t t = 0; t < n_targets; t++) {
            struct text identity = {0};
            bool makes = compilers[c]->identify(targets[t].name, &identity) == STATUS_OK, any = false;
            for (unsigned form = MATRIX_FORMS; makes && form-- > 0;) {
                if (!matrix_on_target((enum matrix_form)form, targets[t].name)) continue;
                if (done[form] && any) continue;
                done[form] = any = true;
                n++;
                failures +=
                    !compiles(compilers[c], text_string(&identity), targets[t].name, (enum matrix_form)form);
            }
            text_free(&identity);
        }
    }
    print_message("%u forms, targets and compilers\n", n);
    if (!n) print_message("SKIPPED: no compiler of GPUs here\n");
    assert_int_equal(failures, 0);
}

static int make_home(void **state)
{
    (void)state;
    snprintf(home, sizeof home, "/tmp/tunebook-selftest-XXXXXX");
    if (!mkdtemp(home)) return -1;
    made_up.environment = "driver=1.0\n";
    return setenv("XDG_DATA_HOME", home, 1) || setenv("XDG_CACHE_HOME", home, 1);
}

static int remove_home(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", home);
    return system(command);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_agrees),          cmocka_unit_test(the_place_is_named),
        cmocka_unit_test(what_keeps_it_from_running), cmocka_unit_test(what_is_trusted),
        cmocka_unit_test(what_is_no_memory),          cmocka_unit_test(the_probe_compiles),
        cmocka_unit_test(the_emulator_agrees),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
