/* cuBLASLt as the vendor library, by a fake one on the fake libcuda: layouts, types, epilogues, batches,
 * ways, graphs and failures. What comes out is compared with gemm's own reference. */
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "tests/device/gpu_gemm.h"
#include "tuner/compile/cuda_places.h"
#include "tuner/vendor/vendor.h"

const struct gpu_names gpu = {.backend = "cuda", .library = "libcuda.so.1"};

struct vendor_run {
    struct gemm_run gemm;
    const struct vendor_api *api;
    struct vendor_plan *plan;
    unsigned char args[256];
};

static void open_device(struct vendor_run *run)
{
    char name[VENDOR_NAME_BYTES];
    *run = (struct vendor_run){.gemm.api = device_find("cuda"), .api = vendor_find("cuda")};
    assert_non_null(run->api);
    assert_ok(run->gemm.api->open(0, NULL, &run->gemm.device));
    assert_ok(run->api->open(0, name, sizeof name));
    assert_string_equal(name, "cublaslt 13.1.2");
}

static enum status begin(struct vendor_run *run, const char *text, unsigned choices)
{
    struct gemm_run *gemm = &run->gemm;
    gemm_begin(gemm, text);
    assert_true(run->api->does(&gemm->problem));
    gemm->problem.op->bind(&gemm->problem, gemm->there, NULL, run->args);
    return run->api->plan(gemm->device, &gemm->problem, run->args, choices, &run->plan);
}

static void end(struct vendor_run *run)
{
    run->api->release(run->plan);
    run->plan = NULL;
    gemm_end(&run->gemm);
}

static void fetch(struct vendor_run *run)
{
    struct gemm_run *gemm = &run->gemm;
    assert_ok(gemm->api->synchronize(gemm->device, NULL));
    assert_ok(gemm->api->download(gemm->device, gemm->host[gemm->output], gemm->there[gemm->output],
                                  gemm->bytes[gemm->output]));
}

static void clear(struct vendor_run *run)
{
    struct gemm_run *gemm = &run->gemm;
    assert_ok(gemm->api->fill(gemm->device, gemm->there[gemm->output], 0xff, gemm->bytes[gemm->output]));
}

static void check_problem(struct vendor_run *run, const char *text)
{
    if (begin(run, text, 8) != STATUS_OK) fail_msg("%s: %s", text, status_message());
    assert_int_equal(run->plan->ways, 5);
    assert_false(run->plan->product_alone);
    assert_string_equal(run->plan->name, "cublaslt 13.1.2");
    for (unsigned way = 0; way < run->plan->ways; way++) {
        clear(run);
        assert_ok(run->api->run(run->plan, way, run->args, NULL));
        fetch(run);
        gemm_compare(&run->gemm, text);
    }
    end(run);
}

static void test_products(void **state)
{
    static const char *const problems[] = {
        "gemm bf16 nn m=7 n=40 k=24",
        "gemm bf16 nt m=16 n=24 k=48",
        "gemm f16 tn m=24 n=8 k=40",
        "gemm f16 tt m=8 n=16 k=24",
        "gemm f32 nt m=1 n=64 k=32",
        "gemm bf16 d=f32 nn m=33 n=20 k=16",
        "gemm bf16 nt bias m=9 n=24 k=16",
        "gemm f16 nn bias+relu m=9 n=24 k=16",
        "gemm bf16 nt relu m=9 n=24 k=16",
        "gemm f32 nt gelu m=9 n=24 k=16",
        "gemm bf16 nt bias+gelu m=9 n=24 k=16",
        "gemm bf16 nn m=5 n=16 k=8 batch=3",
        "gemm f32 tn bias m=5 n=16 k=8 batch=2",
        "gemm f8e4m3 d=bf16 nt m=16 n=32 k=64",
        "gemm f8e4m3 nt m=16 n=32 k=48",
    };
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("");
    open_device(&run);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) check_problem(&run, problems[i]);
    run.gemm.api->close(run.gemm.device);
    assert_int_equal(fake_living(), 0);
}

/* Nothing before the stream is waited for; recorded, it runs with the graph and on the memory it was told of.
 */
static void test_stream_and_graph(void **state)
{
    struct vendor_run run;
    void *graph;
    (void)state;
    use_fake_cublaslt("");
    open_device(&run);
    struct gemm_run *gemm = &run.gemm;
    assert_ok(begin(&run, "gemm bf16 nt m=16 n=24 k=48", 1));
    assert_int_equal(run.plan->ways, 1); /* no more than were asked for */
    clear(&run);
    assert_ok(gemm->api->synchronize(gemm->device, NULL));
    assert_ok(run.api->run(run.plan, 0, run.args, NULL));
    const unsigned char *d = gemm->there[gemm->output];
    assert_int_equal(d[0], 0xff);
    fetch(&run);
    gemm_compare(gemm, "stream");
    clear(&run);
    assert_ok(gemm->api->graph_begin(gemm->device, NULL));
    assert_ok(run.api->run(run.plan, 0, run.args, NULL));
    assert_ok(gemm->api->graph_end(gemm->device, NULL, &graph));
    assert_ok(gemm->api->synchronize(gemm->device, NULL));
    assert_int_equal(d[0], 0xff);
    assert_ok(gemm->api->graph_launch(gemm->device, graph, NULL));
    fetch(&run);
    gemm_compare(gemm, "graph");
    gemm->api->graph_destroy(gemm->device, graph);
    end(&run);
    gemm->api->close(gemm->device);
    assert_int_equal(fake_living(), 0);
}

/* Another copy of the weights and of the bias. */
static void test_rotation(void **state)
{
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("");
    open_device(&run);
    struct gemm_run *gemm = &run.gemm;
    assert_ok(begin(&run, "gemm bf16 nt bias m=16 n=24 k=48", 1));
    struct gemm_args args;
    memcpy(&args, run.args, sizeof args);
    void *copies[2];
    const unsigned which[2] = {GEMM_OPERAND_B, GEMM_OPERAND_BIAS};
    for (int i = 0; i < 2; i++) {
        assert_ok(gemm->api->allocate(gemm->device, gemm->bytes[which[i]], 256, &copies[i]));
        assert_ok(gemm->api->upload(gemm->device, copies[i], gemm->host[which[i]], gemm->bytes[which[i]]));
        assert_ok(gemm->api->fill(gemm->device, gemm->there[which[i]], 0xff, gemm->bytes[which[i]]));
    }
    args.b = copies[0], args.bias = copies[1];
    assert_ok(run.api->run(run.plan, 0, &args, NULL));
    fetch(&run);
    gemm_compare(gemm, "rotated");
    for (int i = 0; i < 2; i++) gemm->api->release(gemm->device, copies[i]);
    end(&run);
    gemm->api->close(gemm->device);
}

/* Where it lacks the epilogue there is the product, and it says so. */
static void test_product_alone(void **state)
{
    static const char *const problems[] = {"gemm bf16 nt bias+silu m=16 n=24 k=48",
                                           "gemm bf16 nt swiglu m=16 n=48 k=32",
                                           "gemm bf16 nt bias m=16 n=24 k=48"};
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("plain");
    open_device(&run);
    for (int i = 0; i < 3; i++) {
        assert_ok(begin(&run, problems[i], 1));
        assert_true(run.plan->product_alone);
        assert_string_equal(run.plan->name, "cublaslt 13.1.2 product");
        assert_ok(run.api->run(run.plan, 0, run.args, NULL));
        fetch(&run);
        end(&run);
    }
    run.gemm.api->close(run.gemm.device);
    assert_int_equal(fake_living(), 0);
}

static void test_not_done(void **state)
{
    static const char *const problems[] = {
        "gemm f8e4m3 nn m=16 n=32 k=32",   "gemm f64 nn m=4 n=4 k=4",
        "gemm i8 d=i32 nt m=16 n=16 k=16", "gemm f16 d=bf16 nt m=8 n=8 k=8",
        "gemm f8e5m2 nt m=16 n=16 k=16",   "gemm f8e4m3fnuz nt m=16 n=16 k=16"};
    struct problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        assert_ok(problem_parse(problems[i], &problem));
        if (vendor_find("cuda")->does(&problem)) fail_msg("%s", problems[i]);
    }
}

/* Pitches of fp8 that are no multiples of 16 bytes: the library itself says no. */
static void test_refused(void **state)
{
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("");
    open_device(&run);
    assert_fails(begin(&run, "gemm f8e4m3 d=bf16 nt al=2244 m=16 n=32 k=36", 1), STATUS_NOT_COVERED,
                 "cublasLtMatmulAlgoGetHeuristic: CUBLAS_STATUS_NOT_SUPPORTED");
    gemm_end(&run.gemm);
    run.gemm.api->close(run.gemm.device);
    assert_int_equal(fake_living(), 0);
}

static void test_failing(void **state)
{
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("fail=cublasLtMatmulPreferenceCreate");
    open_device(&run);
    assert_fails(begin(&run, "gemm bf16 nt m=16 n=32 k=32", 1), STATUS_UNAVAILABLE,
                 "cublasLtMatmulPreferenceCreate: CUBLAS_STATUS_EXECUTION_FAILED");
    gemm_end(&run.gemm);
    run.gemm.api->close(run.gemm.device);
    assert_int_equal(fake_living(), 0);
}

static void test_failing_launch(void **state)
{
    struct vendor_run run;
    (void)state;
    use_fake_cublaslt("fail=cublasLtMatmul");
    open_device(&run);
    assert_ok(begin(&run, "gemm bf16 nt m=16 n=32 k=32", 1));
    assert_fails(run.api->run(run.plan, 0, run.args, NULL), STATUS_UNAVAILABLE, "cublasLtMatmul: ");
    end(&run);
    run.gemm.api->close(run.gemm.device);
}

static void test_missing(void **state)
{
    char name[VENDOR_NAME_BYTES];
    (void)state;
    setenv("TUNEBOOK_CUBLASLT", "/nowhere/libcublasLt.so", 1);
    for (int i = 0; i < 2; i++)
        assert_fails(vendor_find("cuda")->open(0, name, sizeof name), STATUS_UNAVAILABLE,
                     "TUNEBOOK_CUBLASLT=/nowhere/libcublasLt.so cannot be used");
}

/* Both kinds of wheels, in a virtual environment. */
static void test_wheels(void **state)
{
    static const char *const folders[] = {"nvidia/cu13/lib", "nvidia/cublas/lib"};
    char root[] = "/tmp/tunebook-wheel-XXXXXX", path[512], command[1100];
    struct text found = {0};
    (void)state;
    assert_non_null(mkdtemp(root));
    setenv("VIRTUAL_ENV", root, 1);
    cuda_places_virtual_environment(&found, "libcublasLt.so*");
    assert_int_equal(found.size, 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/lib/python3.11/site-packages/%s", root, folders[i]);
        snprintf(command, sizeof command, "mkdir -p %s && touch %s/libcublasLt.so.1%d", path, path, 3 - i);
        assert_int_equal(system(command), 0);
    }
    cuda_places_virtual_environment(&found, "libcublasLt.so*");
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/lib/python3.11/site-packages/%s/libcublasLt.so.1%d\n", root,
                 folders[i], 3 - i);
        assert_non_null(strstr(text_string(&found), path));
    }
    text_free(&found);
    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

static const struct gpu_case cases[] = {
    {"products", test_products, "cuda", "", GPU_PASSES},
    {"stream_and_graph", test_stream_and_graph, "cuda", "", GPU_PASSES},
    {"rotation", test_rotation, "cuda", "", GPU_PASSES},
    {"product_alone", test_product_alone, "cuda", "", GPU_PASSES},
    {"not_done", test_not_done, NULL, "", GPU_PASSES},
    {"refused", test_refused, "cuda", "", GPU_PASSES},
    {"failing", test_failing, "cuda", "", GPU_PASSES},
    {"failing_launch", test_failing_launch, "cuda", "", GPU_PASSES},
    {"missing", test_missing, NULL, "", GPU_PASSES},
    {"wheels", test_wheels, NULL, "", GPU_PASSES},
};

int main(int argc, char **argv)
{
    char path[1024];
    fake_cublaslt_path(path);
    if (argc == 1 && access(path, R_OK) != 0) {
        printf("SKIPPED: cublasLt.h is not here, so the fake of its library was not built\n");
        return 0;
    }
    return gpu_main(argc, argv, cases, sizeof cases / sizeof *cases, "sm_90a");
}
