/* Tensor maps from the manifest to what a device is asked to encode and to launch: a device that writes down
 * both stands at the end. */
#include "tests/tuner/seen_device.h"
#include "tuner/measure.h"

/* --- what stands in the block --- */

static void test_block(void **state)
{
    (void)state;
    struct ready r;
    assert_ok(get_ready(usual_maps, "gemm bf16 nt bias m=100 n=64 k=96 batch=3", &r));
    struct gemm_args before = *r.args;
    assert_int_equal(r.launch.n_maps, N_MAPS);
    assert_int_equal(r.launch.args_bytes, MAPS_AT + N_MAPS * MAP_BYTES);
    assert_ok(prepare(&r));
    assert_memory_equal(r.args, &before, sizeof before);
    for (unsigned i = ARGS_BYTES; i < MAPS_AT; i++) assert_int_equal(r.block[i], 0);
    assert_int_equal(r.block[r.launch.args_bytes], 0xee);
    assert_int_equal(seen.encoded, N_MAPS);
    check_map(&r, A, 64, 32, 128, THREE(96, 100, 3), THREE(2, 192, 19200), before.a);
    check_map(&r, B, 64, 16, 0, THREE(96, 64, 3), THREE(2, 192, 12288), before.b);
    check_map(&r, C, 64, 8, 0, THREE(64, 100, 3), THREE(2, 128, 12800), before.c);
    check_map(&r, BIAS, 16, 1, 0, THREE(64, 1, 3), THREE(2, 128, 128), before.bias);
    check_map(&r, D, 64, 8, 0, THREE(64, 100, 3), THREE(2, 128, 12800), before.d);
    assert_ok(kernel_run(r.kernel, &r.launch, r.block, r.launch.args_bytes, NULL, NULL));
    assert_int_equal(seen.args_bytes, r.launch.args_bytes);
    assert_memory_equal(seen.args, r.block, r.launch.args_bytes);
    assert_int_equal(seen.encoded, N_MAPS); /* a launch encodes nothing */
    assert_fails(kernel_run(r.kernel, &r.launch, r.block, ARGS_BYTES, NULL, NULL), STATUS_USAGE,
                 "a launch with 160 bytes of arguments where the kernel has 832");
    put_away(&r);
}

/* Extents are the launch's, pitches the arguments'. */
static void test_arguments_decide(void **state)
{
    (void)state;
    struct ready r;
    assert_ok(get_ready(usual_maps, "gemm bf16 nt bias m=100 n=64 k=96 batch=3", &r));
    r.described.problem.value[GEMM_M] = 7;
    assert_ok(kernel_bind(r.kernel, &r.described.problem, &r.launch));
    r.args->m = 7, r.args->lda = 104, r.args->stride_a = 8, r.args->stride_bias = 0;
    r.args->b = (void *)(uintptr_t)48, r.args->stride_b = 0;
    assert_ok(prepare(&r));
    check_map(&r, A, 64, 32, 128, THREE(96, 7, 3), THREE(2, 208, 16), r.args->a);
    check_map(&r, B, 64, 8, 0, THREE(96, 64, 1), THREE(2, 192, 12288), (void *)48);
    check_map(&r, BIAS, 16, 1, 0, THREE(64, 1, 1), THREE(2, 128, 128), r.args->bias);
    put_away(&r);
}

static void test_layouts_and_glu(void **state)
{
    (void)state;
    struct ready r;
    assert_ok(get_ready(usual_maps, "gemm f16 tn bias+swiglu m=24 n=128 k=40", &r));
    r.args->stride_a = r.args->stride_b = 3; /* nobody's, without a batch */
    assert_ok(prepare(&r));
    check_map(&r, A, 64, 32, 128, THREE(24, 40, 1), THREE(2, 48, 1920), r.args->a);
    check_map(&r, B, 64, 8, 0, THREE(128, 40, 1), THREE(2, 256, 10240), r.args->b);
    check_map(&r, C, 64, 8, 0, THREE(64, 24, 1), THREE(2, 128, 3072), r.args->c);
    check_map(&r, BIAS, 16, 1, 0, THREE(128, 1, 1), THREE(2, 256, 256), r.args->bias);
    check_map(&r, D, 64, 8, 0, THREE(64, 24, 1), THREE(2, 128, 3072), r.args->d);
    put_away(&r);
}

/* One row has no pitch; any number may stand there. */
static void test_one_row(void **state)
{
    (void)state;
    struct ready r;
    assert_ok(get_ready(usual_maps, "gemm bf16 nt m=1 n=64 k=90", &r));
    r.args->lda = 91;
    r.args->ldb = 96;
    assert_ok(prepare(&r));
    check_map(&r, A, 64, 32, 128, THREE(90, 1, 1), THREE(2, 192, 192), r.args->a);
    put_away(&r);
}

static void test_nothing_there(void **state)
{
    (void)state;
    struct ready r;
    assert_ok(get_ready(usual_maps, "gemm bf16 nt m=100 n=8 k=96", &r));
    r.args->c = NULL; /* beta is 0 */
    assert_ok(prepare(&r));
    assert_int_equal(seen.encoded, 2);
    assert_false(is_nothing(&r, A) || is_nothing(&r, B));
    assert_true(is_nothing(&r, C));
    assert_true(is_nothing(&r, BIAS)); /* the problem has none */
    assert_true(is_nothing(&r, D));    /* n > 8 does not hold */
    put_away(&r);
}

/* Elements of another size: the box counts elements, the swizzle bytes. */
static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *problem;
        enum dtype type;
        unsigned bytes;
    } cases[] = {{"gemm f32 nt m=16 n=16 k=16", DTYPE_F32, 4},
                 {"gemm f16 nt m=16 n=16 k=16", DTYPE_F16, 2},
                 {"gemm f8e4m3 d=bf16 nt m=16 n=16 k=16", DTYPE_F8E4M3, 1},
                 {"gemm i8 d=i32 nt m=16 n=16 k=16", DTYPE_I8, 1}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct ready r;
        assert_ok(
            get_ready("[{\"operand\": \"a\", \"box\": [\"128 / size_of(a_type)\", 8], \"swizzle\": 128}]",
                      cases[i].problem, &r));
        assert_ok(prepare(&r));
        check_map(&r, 0, 128 / cases[i].bytes, 8, 128, THREE(16, 16, 1),
                  THREE(cases[i].bytes, 16 * cases[i].bytes, 256 * cases[i].bytes), r.args->a);
        assert_int_equal(seen.view.type, cases[i].type);
        put_away(&r);
    }
}

/* --- what is refused --- */

static void expect_uncovered(struct ready *r, const char *words)
{
    assert_fails(prepare(r), STATUS_NOT_COVERED, words);
    put_away(r);
}

static void test_arguments_not_covered(void **state)
{
    (void)state;
    static const char problem[] = "gemm bf16 nt m=100 n=64 k=96 batch=3";
    struct ready r;
    assert_ok(get_ready(usual_maps, problem, &r));
    r.args->b = (void *)(uintptr_t)1032;
    expect_uncovered(&r, "tensor map of b: its address 0x408 is no multiple of 16 bytes");
    assert_ok(get_ready(usual_maps, problem, &r));
    r.args->lda = 100;
    expect_uncovered(
        &r, "tensor map of a: its rows lie 200 bytes apart; that must be a multiple of 16, above 0 and "
            "below 2^40");
    assert_ok(get_ready(usual_maps, problem, &r));
    r.args->stride_d = 6404;
    expect_uncovered(&r, "tensor map of d: its batch items lie 12808 bytes apart; that must be a multiple of "
                         "16, above 0 and below 2^40");
    assert_ok(get_ready(usual_maps, problem, &r));
    r.args->ldd = (long long)1 << 39;
    expect_uncovered(&r, "tensor map of d: its rows lie 1099511627776 bytes apart; that must be a multiple "
                         "of 16, above 0 and below 2^40");
}

static void test_boxes(void **state)
{
    (void)state;
    static const struct {
        const char *map, *line;
    } cases[] = {
        {"\"box\": [0, 8]", "tensor map of a: box[0] is 0; it must lie in 1..256"},
        {"\"box\": [264, 8]", "tensor map of a: box[0] is 264; it must lie in 1..256"},
        {"\"box\": [64, \"m + 157\"]", "tensor map of a: box[1] is 257; it must lie in 1..256"},
        {"\"box\": [4, 8]",
         "tensor map of a: box[0] is 4 elements of 2 bytes; it must be a multiple of 16 bytes"},
        {"\"box\": [72, 8], \"swizzle\": 128",
         "tensor map of a: box[0] is 72 elements of 2 bytes; with swizzle 128 it has at most 128 bytes"},
        {"\"box\": [8, 8], \"swizzle\": 48", "tensor map of a: swizzle is 48; it must be 0, 32, 64 or 128"},
        {"\"box\": [8, 8], \"swizzle\": 256", "tensor map of a: swizzle is 256; it must lie in 0..128"},
        {"\"box\": [\"8 / (m - 100)\", 8]", "tensor map of a: box[0]: division by zero"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct ready r;
        char maps[160];
        snprintf(maps, sizeof maps, "[{\"operand\": \"a\", %s}]", cases[i].map);
        assert_fails(get_ready(maps, "gemm bf16 nt m=100 n=64 k=96", &r), STATUS_BAD_DATA, cases[i].line);
        put_away(&r);
    }
    struct ready r;
    assert_fails(get_ready("[{\"operand\": \"a\", \"box\": [2, 8]}]", "gemm f64 nt m=16 n=16 k=16", &r),
                 STATUS_BAD_DATA, "tensor map of a: elements of f64 have 8 bytes; 1, 2 or 4 can be");
    put_away(&r);
}

static void test_strange_descriptors(void **state)
{
    (void)state;
    struct described d;
    struct kernel *kernel;
    describe(usual_maps, "gemm bf16 nt m=100 n=64 k=96", "", &d);
    struct device_api without = device_api;
    without.tensor_map = NULL;
    assert_fails(kernel_load(&without, NULL, &d.descriptor, "", 0, &kernel), STATUS_NOT_COVERED,
                 "descriptor of maps: it has tensor maps, and a seen device has none");
    d.descriptor.maps[1].operand = "q";
    assert_fails(kernel_load(&device_api, NULL, &d.descriptor, "", 0, &kernel), STATUS_NOT_COVERED,
                 "descriptor of maps: a tensor map of 'q', which is no operand of gemm; it needs a newer "
                 "version of this program");
    d.descriptor.maps[1].operand = "b";
    d.descriptor.maps[1].box[1].size--; /* bytecode that ends early */
    assert_fails(kernel_load(&device_api, NULL, &d.descriptor, "", 0, &kernel), STATUS_BAD_DATA,
                 "descriptor, box of a tensor map: bytecode of 14 bytes, byte 10: jump past the end");
    d.descriptor.maps[1].box[1] = (struct blob){0};
    assert_fails(kernel_load(&device_api, NULL, &d.descriptor, "", 0, &kernel), STATUS_BAD_DATA,
                 "descriptor, box of a tensor map: bytecode of 0 bytes: from 1 to 4096 are allowed");
    d.descriptor.n_maps = DESCRIPTOR_MAPS_MAX + 1;
    assert_fails(kernel_load(&device_api, NULL, &d.descriptor, "", 0, &kernel), STATUS_BAD_DATA,
                 "descriptor of maps: 9 names, 7 clauses, 1 steps, 9 tensor maps are out of range");
    forget(&d);
}

/* An emulated GPU has what the GPU has. */
static void test_emulated(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum status status;
    } cases[] = {{"sm_90a", STATUS_OK},
                 {"sm_120a", STATUS_OK},
                 {"sm_89", STATUS_UNAVAILABLE},
                 {"gfx942", STATUS_UNAVAILABLE}};
    const struct device_api *api = device_find("emu");
    unsigned char out[MAP_BYTES];
    struct device_tensor_map map = {.memory = (void *)(uintptr_t)64,
                                    .type = DTYPE_F32,
                                    .extent = {1, 1, 1},
                                    .pitch_bytes = {4, 16, 16},
                                    .box = {4, 1, 1}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct device_options options = {.threads = 1, .target = cases[i].target};
        struct device *device;
        assert_ok(api->open(0, &options, &device));
        assert_int_equal(api->tensor_map(device, &map, out), cases[i].status);
        if (cases[i].status != STATUS_OK)
            assert_non_null(strstr(status_message(), " has no tensor maps; NVIDIA's since sm_90a have"));
        api->close(device);
    }
    assert_null(device_find("hip")->tensor_map);
    assert_null(device_find("cpu")->tensor_map);
}

/* --- attributes, and trials --- */

static void test_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool cooperative, programmatic, newer;
    } cases[] = {{"", false, false, false},
                 {", \"cooperative\": 0, \"programmatic\": \"TILE < 64\"", false, false, false},
                 {", \"cooperative\": \"m > 50\"", true, false, true},
                 {", \"cooperative\": \"m > 500\", \"programmatic\": \"TILE == 64\"", false, true, true}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct described d;
        struct kernel *kernel;
        struct kernel_launch launch;
        struct gemm_args args = {0};
        describe("[]", "gemm bf16 nt m=100 n=64 k=96", cases[i].text, &d);
        assert_int_equal(d.bytes.data[1], cases[i].newer ? 2 : 1); /* what does without reads everywhere */
        assert_ok(kernel_load(&device_api, NULL, &d.descriptor, "", 0, &kernel));
        assert_ok(kernel_bind(kernel, &d.problem, &launch));
        assert_int_equal(launch.args_bytes, sizeof args);
        assert_ok(kernel_prepare(kernel, &launch, &d.problem, &args));
        assert_ok(kernel_run(kernel, &launch, &args, sizeof args, NULL, NULL));
        assert_int_equal(seen.step.cooperative, cases[i].cooperative);
        assert_int_equal(seen.step.programmatic, cases[i].programmatic);
        kernel_unload(kernel);
        forget(&d);
    }
}

/* In a trial the copies of the weights have maps of their own, made beforehand. */
static void test_trials_encode_once(void **state)
{
    (void)state;
    enum { COPIES = 5, LAUNCHES = 3 * COPIES };
    struct ready r;
    struct measure_set set;
    struct stage stage;
    struct measured_kernel measured;
    assert_ok(get_ready(usual_maps, "gemm bf16 nt m=100 n=64 k=96", &r));
    assert_ok(measure_set_create(&r.described.problem, (COPIES - 1) * 64 * 96 * 2, 1 << 30, &set));
    assert_int_equal(set.copies, COPIES);
    stage_on_host(&device_api, NULL, &set, &stage);
    assert_ok(measured_kernel_create(r.kernel, &stage, &measured));
    struct measured launches = measured_kernel(&measured);
    unsigned encoded = seen.encoded;
    assert_int_equal(encoded, COPIES * (N_MAPS - 1)); /* there is no bias */
    for (unsigned i = 0; i < LAUNCHES; i++) {
        launches.launch(launches.context, i);
        const struct gemm_args *args = (const struct gemm_args *)(void *)seen.args;
        const char *b = set.base[GEMM_OPERAND_B] + i % COPIES * set.stride[GEMM_OPERAND_B];
        assert_ptr_equal(args->b, b);
        assert_ptr_equal((void *)(uintptr_t)map_of(seen.args, B).address, b);
        assert_ptr_equal((void *)(uintptr_t)map_of(seen.args, A).address, set.base[GEMM_OPERAND_A]);
        assert_ptr_equal(args->a, set.base[GEMM_OPERAND_A]);
    }
    assert_int_equal(seen.launched, LAUNCHES);
    assert_int_equal(seen.encoded, encoded);
    measured_kernel_destroy(&measured);
    measure_set_destroy(&set);
    put_away(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_arguments_decide),
        cmocka_unit_test(test_layouts_and_glu),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_arguments_not_covered),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_strange_descriptors),
        cmocka_unit_test(test_emulated),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_trials_encode_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
