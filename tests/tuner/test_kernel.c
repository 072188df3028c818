/* Descriptors: what they cover, and what they bind to. */
#include "tests/tuner/support.h"

#include "tuner/base/rng.h"
#include "tuner/launch/kernel.h"

static struct device *device;
static const struct device_api *api;
static struct made good;

static int begin(void **state)
{
    (void)state;
    static const char *const files[] = {"good"};
    struct device_options options = {.threads = 2};
    api = device_find("cpu");
    assert_ok(api->open(0, &options, &device));
    made_compile(&good, files, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    made_free(&good);
    api->close(device);
    return 0;
}

static struct problem problem_of(const char *text)
{
    struct problem problem;
    assert_ok(problem_parse(text, &problem));
    return problem;
}

/* Both ways of asking must agree. */
static bool covers(const struct made *made, const char *text, const char **clause)
{
    struct problem problem = problem_of(text);
    struct kernel *kernel;
    const char *of_descriptor = "", *of_kernel = "";
    bool yes = kernel_covers(&made->descriptor, &problem, &api->info(device)->facts, &of_descriptor);
    assert_ok(kernel_load(api, device, &made->descriptor, made->job.code.data, made->job.code.size, &kernel));
    assert_true(kernel_accepts(kernel, &problem, &of_kernel) == yes);
    assert_string_equal(of_descriptor, of_kernel);
    kernel_unload(kernel);
    *clause = of_descriptor;
    return yes;
}

static void test_clauses_decide(void **state)
{
    (void)state;
    struct made made = good;
    const char *clause;
    made_clause(&made, "k % 8 == 0 || m > 4");
    made_clause(&made, "device.units == 2");
    made_clause(&made, "100 / (n - 5) >= 0");
    assert_true(covers(&made, "gemm f32 nn m=1 n=8 k=16", &clause));
    assert_true(covers(&made, "gemm f32 nn m=5 n=8 k=3", &clause));
    assert_false(covers(&made, "gemm f32 nn m=1 n=8 k=3", &clause));
    assert_string_equal(clause, "k % 8 == 0 || m > 4");
    assert_false(covers(&made, "gemm f32 nn m=1 n=5 k=8", &clause)); /* a fault is no yes */
    assert_string_equal(clause, "100 / (n - 5) >= 0");
    assert_false(covers(&made, "gemm bf16 nn m=1 n=8 k=8", &clause));
    assert_string_equal(clause, "a_type == f32");
    assert_false(covers(&made, "gemm f32 nn relu m=1 n=8 k=8", &clause));
    assert_string_equal(clause, "act == none");
}

static enum status bind(struct made *made, const char *text, struct kernel_launch *launch)
{
    struct problem problem = problem_of(text);
    struct kernel *kernel;
    assert_ok(kernel_load(api, device, &made->descriptor, good.job.code.data, good.job.code.size, &kernel));
    enum status status = kernel_bind(kernel, &problem, launch);
    kernel_unload(kernel);
    return status;
}

/* Descriptors of earlier versions name their parameters. */
static void test_parameters_in_the_names_have_their_values(void **state)
{
    (void)state;
    struct made made = good;
    struct expr_name name;
    struct kernel_launch launch;
    const char *clause;
    made_describe(&made, "ceil_div(m, batch)", "0");
    assert_true(find_gemm_name(NULL, "batch", &name) && name.kind == EXPR_SLOT);
    made.descriptor.names[name.slot] = "TILE";
    made.descriptor.is_parameter[name.slot] = 1;
    made.descriptor.parameter_values[name.slot] = 16;
    made_clause(&made, "k % batch == 0");
    assert_true(covers(&made, "gemm f32 nn m=33 n=8 k=32", &clause));
    assert_false(covers(&made, "gemm f32 nn m=33 n=8 k=24", &clause));
    assert_string_equal(clause, "k % batch == 0");
    assert_ok(bind(&made, "gemm f32 nn m=33 n=8 k=32", &launch));
    assert_int_equal(launch.steps[0].grid[0], 3);
}

static void test_strange_descriptors_cover_nothing(void **state)
{
    (void)state;
    struct problem problem = problem_of("gemm f32 nn m=1 n=2 k=3");
    const struct device_facts *facts = &api->info(device)->facts;
    struct kernel *kernel;
    const char *clause;
    struct made made = good;
    made.descriptor.op = "attention"; /* an op, but not the problem's */
    assert_false(kernel_covers(&made.descriptor, &problem, facts, &clause));
    made.descriptor.op = "convolution";
    assert_false(kernel_covers(&made.descriptor, &problem, facts, &clause));
    assert_int_equal(kernel_load(api, device, &made.descriptor, "", 0, &kernel), STATUS_NOT_COVERED);
    made = good;
    made.descriptor.args_abi++;
    assert_false(kernel_covers(&made.descriptor, &problem, facts, NULL));
    made = good;
    made.descriptor.names[1] = "not_a_field";
    assert_false(kernel_covers(&made.descriptor, &problem, facts, &clause));
    assert_string_equal(clause, "not_a_field");
    made.descriptor.names[1] = "device.not_a_fact";
    assert_false(kernel_covers(&made.descriptor, &problem, facts, &clause));
    made = good;
    made.descriptor.clauses[0].size--; /* bytecode that ends early */
    assert_false(kernel_covers(&made.descriptor, &problem, facts, &clause));
    assert_int_equal(
        kernel_load(api, device, &made.descriptor, good.job.code.data, good.job.code.size, &kernel),
        STATUS_BAD_DATA);
    made = good;
    made.descriptor.steps[0].entry = "nobody";
    assert_int_equal(
        kernel_load(api, device, &made.descriptor, good.job.code.data, good.job.code.size, &kernel),
        STATUS_BAD_DATA);
    made.descriptor.n_steps = 0;
    assert_int_equal(
        kernel_load(api, device, &made.descriptor, good.job.code.data, good.job.code.size, &kernel),
        STATUS_BAD_DATA);
}

static void test_bind(void **state)
{
    (void)state;
    struct made made = good;
    struct kernel_launch launch;
    made_describe(&made, "ceil_div(m, 16) * n", "4 * k");
    struct descriptor *d = &made.descriptor;
    d->workspace_bytes = made_expr(&made, "m * 100");
    d->steps[1] = (struct descriptor_step){.when = made_expr(&made, "k > 10"),
                                           .zero_offset = made_expr(&made, "100"),
                                           .zero_bytes = made_expr(&made, "(m - 1) * 100")};
    d->n_steps = 2;
    assert_ok(bind(&made, "gemm f32 nn m=17 n=5 k=11", &launch));
    assert_int_equal(launch.n_steps, 2);
    assert_int_equal(launch.workspace_bytes, 1728); /* 1700 rounded up to 64 */
    assert_int_equal(launch.steps[0].grid[0], 10);
    assert_int_equal(launch.steps[0].grid[1] * launch.steps[0].grid[2] * launch.steps[0].block[0], 1);
    assert_int_equal(launch.steps[0].shared_bytes, 44);
    assert_int_equal(launch.scratch_bytes, api->scratch_bytes(device, 44));
    assert_null(launch.steps[1].function);
    assert_int_equal(launch.steps[1].zero_offset, 100);
    assert_int_equal(launch.steps[1].zero_bytes, 1600);
    assert_ok(bind(&made, "gemm f32 nn m=17 n=5 k=10", &launch));
    assert_int_equal(launch.n_steps, 1);
    assert_int_equal(bind(&made, "gemm f32 nn relu m=17 n=5 k=10", &launch), STATUS_NOT_COVERED);
    assert_non_null(strstr(status_message(), "act == none"));
}

static void test_bind_refuses_nonsense(void **state)
{
    (void)state;
    static const struct {
        const char *grid, *shared, *says;
    } bad[] = {
        {"m - 1", "0", "grid is 0"},
        {"m * 2147483648", "0", "grid is"},
        {"1 / (m - 1)", "0", "division by zero"},
        {"1", "0 - 4", "shared_bytes is"},
        {"1", "m << 40", "shared_bytes is"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct made made = good;
        struct kernel_launch launch;
        made_describe(&made, bad[i].grid, bad[i].shared);
        assert_int_equal(bind(&made, "gemm f32 nn m=1 n=5 k=11", &launch), STATUS_BAD_DATA);
        if (!strstr(status_message(), bad[i].says)) fail_msg("%s", status_message());
    }
    struct made made = good;
    struct kernel_launch launch;
    made.descriptor.steps[0] =
        (struct descriptor_step){.zero_offset = made_expr(&made, "0"), .zero_bytes = made_expr(&made, "65")};
    assert_int_equal(bind(&made, "gemm f32 nn m=1 n=5 k=11", &launch),
                     STATUS_BAD_DATA); /* beyond the workspace of 64 */
}

/* Any bytes may be asked: the checked evaluation never leaves them, and says what the validated one says. */
static void test_any_bytes_are_safe(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 11);
    int valid = 0;
    for (int round = 0; round < scaled(300000); round++) {
        size_t size = 1 + rng_below(&rng, 12);
        uint8_t *code = malloc(size); /* its own block: the sanitizer sees one byte too many */
        for (size_t i = 0; i < size; i++) {
            static const uint8_t usual[] = {0x01, 0x04, 0x08, 0x09, 0x0a, 0x20, 0x22, 0x23, 0x2a, 0, 1, 2, 3};
            code[i] = rng_below(&rng, 8) ? usual[rng_below(&rng, sizeof usual)] : (uint8_t)rng_next(&rng);
        }
        int64_t slots[3] = {7, -1, 0}, checked = 0, plain = 0;
        struct expr expr;
        enum expr_fault fault = expr_eval_checked(code, size, slots, 3, &checked);
        if (expr_validate(code, size, 3, &expr) == STATUS_OK) {
            valid++;
            assert_int_equal(fault, expr_eval(&expr, slots, &plain));
            if (fault == EXPR_FINE) assert_int_equal(checked, plain);
        }
        free(code);
    }
    assert_true(valid > 100);
    uint8_t deep[256];
    int64_t slots[3] = {0}, out;
    for (size_t i = 0; i < sizeof deep; i += 2) deep[i] = 0x01, deep[i + 1] = 1;
    assert_int_equal(expr_eval_checked(deep, sizeof deep, slots, 3, &out), EXPR_BAD_CODE);
    assert_int_equal(expr_eval_checked(deep, 2, slots, 3, &out), EXPR_FINE);
    assert_int_equal(expr_eval_checked(deep, 0, slots, 3, &out), EXPR_BAD_CODE);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clauses_decide),
        cmocka_unit_test(test_parameters_in_the_names_have_their_values),
        cmocka_unit_test(test_strange_descriptors_cover_nothing),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_bind_refuses_nonsense),
        cmocka_unit_test(test_any_bytes_are_safe),
    };
    return cmocka_run_group_tests_name("kernel", tests, begin, end);
}
