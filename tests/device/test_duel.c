/* Our kernels and cuBLASLt's against each other, on fakes of both libraries: sides, ratios, ways, notes, the
 * process around it; and what the memory gives. */
#include "tests/device/gpu_gemm.h"
#include "tuner/duel.h"

const struct gpu_names gpu = {.backend = "cuda", .library = "libcuda.so.1"};

enum { TOTAL_MS = 60 };

/* The default kernel of gemm_simt for a problem. */
struct winner {
    const struct device_api *api;
    struct device *device;
    struct duel_setting setting;
    struct manifest **templates;
    size_t n_templates;
    struct tuning tuning;
    struct candidate candidate;
    struct text identity;
    struct trial_candidate kernel;
};

static void winner_make(struct winner *winner, const char *problem)
{
    const struct compiler_api *compiler = compiler_find("emu");
    const struct manifest *simt = NULL;
    *winner = (struct winner){.api = device_find("cuda"), .setting = {.seed = 3, .total_ms = TOTAL_MS}};
    assert_ok(problem_parse(problem, &winner->setting.problem));
    assert_ok(winner->api->open(0, NULL, &winner->device));
    assert_ok(template_load(NULL, &winner->templates, &winner->n_templates));
    for (size_t i = 0; i < winner->n_templates; i++)
        if (strcmp(winner->templates[i]->name, "gemm_simt") == 0) simt = winner->templates[i];
    assert_non_null(simt);
    const struct device_info *info = winner->api->info(winner->device);
    assert_ok(compiler->identify(info->device_class.target, &winner->identity));
    struct tuning_scene scene = {&winner->setting.problem, &info->facts, info->device_class.target, compiler,
                                 text_string(&winner->identity)};
    assert_ok(tuning_open(&scene, simt, &winner->tuning));
    assert_ok(candidate_prepare(&winner->tuning, &winner->tuning.fallback, &winner->candidate));
    assert_ok(compile_run(&winner->candidate.job, 1, 1, 120000, NULL));
    assert_int_equal(winner->candidate.job.verdict, VERDICT_OK);
    candidate_compiled(&winner->candidate);
    winner->kernel = (struct trial_candidate){&winner->candidate.descriptor, winner->candidate.job.code.data,
                                              winner->candidate.job.code.size};
}

static void winner_free(struct winner *winner)
{
    candidate_free(&winner->candidate);
    tuning_close(&winner->tuning);
    for (size_t i = 0; i < winner->n_templates; i++) manifest_free(winner->templates[i]);
    free(winner->templates);
    text_free(&winner->identity);
    winner->api->close(winner->device);
}

static void check_ratio(const struct trial_ratio *ratio)
{
    assert_true(ratio->q1 > 0 && ratio->q1 <= ratio->median && ratio->median <= ratio->q3);
}

/* The third proposal is faster than the first by 2 ms and more: it is the best of them, and the ratios say
 * so.
 */
static void test_sides(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("delay_us=3000");
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, &winner.kernel, &result));
    assert_string_equal(result.note, "");
    assert_string_equal(result.vendor_note, "");
    assert_string_equal(result.vendor, "cublaslt 13.1.2");
    assert_int_equal(result.product_alone, 0);
    assert_int_equal(result.ways, 5);
    assert_int_equal(result.best_way, 2);
    for (int side = 0; side < DUEL_SIDES; side++) {
        assert_true(result.timing[side].samples >= 6);
        assert_true(result.timing[side].median_ns > 0);
        assert_int_equal(result.timing[side].flags, TIMING_INTERLEAVED);
    }
    assert_true(result.timing[DUEL_FIRST].min_ns > 6000000);
    check_ratio(&result.over_first);
    check_ratio(&result.over_best);
    assert_true(result.over_best.median < result.over_first.median);
    assert_true(result.difference >= 0 && result.difference < 1e-5);
    winner_free(&winner);
    assert_int_equal(fake_living(), 0);
}

/* Weights of which the cache holds many: as many copies as exceed it twice, and blocks that walk through all
 * of them. */
static void test_cold_weights(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("");
    winner_make(&winner, "gemm f32 nt m=1 n=64 k=64"); /* 16 KiB */
    const struct device_info *info = winner.api->info(winner.device);
    assert_int_equal(info->llc_bytes, 65536);
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, &winner.kernel, &result));
    assert_int_equal(result.copies, 9);
    assert_int_equal(result.capped, 0);
    assert_int_equal(result.timing[DUEL_OURS].launches_per_sample % result.copies, 0);
    winner_free(&winner);
}

static void test_product_alone(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("");
    winner_make(&winner, "gemm f32 nt silu m=4 n=16 k=64");
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, &winner.kernel, &result));
    assert_int_equal(result.product_alone, 1);
    assert_string_equal(result.vendor, "cublaslt 13.1.2 product");
    assert_true(result.difference < 0);
    assert_true(result.over_first.median > 0);
    winner_free(&winner);
}

static void test_without_library(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    setenv("TUNEBOOK_CUBLASLT", "/nowhere/libcublasLt.so", 1);
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, &winner.kernel, &result));
    assert_non_null(strstr(result.vendor_note, "/nowhere/libcublasLt.so"));
    assert_string_equal(result.vendor, "");
    assert_true(result.timing[DUEL_OURS].samples >= 6);
    assert_int_equal(result.timing[DUEL_FIRST].samples, 0);
    assert_true(result.over_first.median == 0);
    winner_free(&winner);
    assert_int_equal(fake_living(), 0);
}

static void test_library_alone(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("proposals=1");
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, NULL, &result));
    assert_int_equal(result.timing[DUEL_OURS].samples, 0);
    assert_true(result.timing[DUEL_BEST].samples >= 6);
    assert_int_equal(result.ways, 1);
    winner_free(&winner);
}

/* A kernel that cannot be loaded leaves the library its part. */
static void test_bad_kernel(void **state)
{
    struct winner winner;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("");
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    const char garbage[256] = "no code at all";
    winner.kernel.code = garbage;
    winner.kernel.code_bytes = sizeof garbage;
    assert_ok(duel_run(winner.api, winner.device, &winner.setting, &winner.kernel, &result));
    assert_non_null(strstr(result.note, "CUDA_ERROR_INVALID_IMAGE"));
    assert_true(result.timing[DUEL_FIRST].samples >= 6);
    winner_free(&winner);
}

static void compile_probe(struct text *code)
{
    const struct compiler_api *compiler = compiler_find("emu");
    struct text identity = {0};
    assert_ok(compiler->identify("sm_90a", &identity));
    assert_ok(peaks_compile(compiler, text_string(&identity), "sm_90a", NULL, code));
    text_free(&identity);
}

/* The probe is real code for every NVIDIA target that the NVRTC here makes. */
static void test_probe_by_nvrtc(void **state)
{
    static const char *const targets[] = {"sm_80", "sm_89", "sm_90a", "sm_100a", "sm_120a"};
    const struct compiler_api *nvrtc = compiler_find("nvrtc");
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct text identity = {0}, code = {0};
        if (nvrtc->identify(targets[i], &identity) == STATUS_OK) {
            assert_ok(peaks_compile(nvrtc, text_string(&identity), targets[i], NULL, &code));
            assert_true(code.size > 0);
        }
        text_free(&identity);
        text_free(&code);
    }
}

/* With settings units=4. */
static void test_peaks(void **state)
{
    struct text code = {0};
    struct peaks peaks;
    const struct device_api *api = device_find("cuda");
    struct device *device;
    (void)state;
    compile_probe(&code);
    assert_ok(api->open(0, NULL, &device));
    struct peaks_setting setting = {code.data, code.size, 64 << 10};
    assert_ok(peaks_run(api, device, &setting, &peaks));
    assert_true(peaks.read_gbps > 0 && peaks.copy_gbps > 0 && peaks.empty_ns > 0);
    api->close(device);
    text_free(&code);
    assert_int_equal(fake_living(), 0);
}

/* Both kinds of work in the child, one after the other; this process never opens the device for them. */
static void test_host(void **state)
{
    struct winner winner;
    struct duel_host *host;
    struct duel_result result;
    struct peaks peaks;
    struct text code = {0};
    (void)state;
    use_fake_cublaslt("");
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    compile_probe(&code);
    struct peaks_setting setting = {code.data, code.size, 64 << 10};
    assert_ok(duel_host_create("cuda", 0, NULL, &host));
    assert_ok(duel_host_peaks(host, &setting, &peaks));
    assert_true(peaks.read_gbps > 0);
    for (int i = 0; i < 2; i++) {
        assert_ok(duel_host_run(host, &winner.setting, &winner.kernel, &result));
        assert_string_equal(result.vendor, "cublaslt 13.1.2");
        check_ratio(&result.over_first);
    }
    assert_ok(duel_host_run(host, &winner.setting, NULL, &result));
    assert_int_equal(result.timing[DUEL_OURS].samples, 0);
    duel_host_free(host);
    text_free(&code);
    winner_free(&winner);
}

/* The device is lost in the child: notes of both sides, and the next duel has another child, whose device is
 * lost as well, at the same launch. The caller lives on. */
static void test_host_loses_device(void **state)
{
    struct winner winner;
    struct duel_host *host;
    struct duel_result result;
    (void)state;
    use_fake_cublaslt("");
    winner_make(&winner, "gemm f32 nt m=4 n=16 k=64");
    setenv("TUNEBOOK_FAKE", "units=4;async=CUDA_ERROR_ILLEGAL_ADDRESS after 1 launches", 1);
    assert_ok(duel_host_create("cuda", 0, NULL, &host));
    for (int i = 0; i < 2; i++) {
        assert_ok(duel_host_run(host, &winner.setting, &winner.kernel, &result));
        assert_non_null(strstr(result.note, "CUDA_ERROR_ILLEGAL_ADDRESS"));
        assert_non_null(strstr(result.vendor_note, "context is lost"));
    }
    setenv("TUNEBOOK_FAKE", "units=4;l2_bytes=1024", 1);
    assert_ok(duel_host_run(host, &winner.setting, &winner.kernel, &result));
    assert_string_equal(result.note, "");
    duel_host_free(host);
    winner_free(&winner);
}

static void test_host_without_device(void **state)
{
    struct duel_host *host;
    struct duel_result result;
    struct duel_setting setting = {.total_ms = 1};
    (void)state;
    assert_ok(problem_parse("gemm f32 nt m=4 n=16 k=64", &setting.problem));
    assert_ok(duel_host_create("cuda", 7, NULL, &host));
    assert_fails(duel_host_run(host, &setting, NULL, &result), STATUS_UNAVAILABLE, "no cuda device 7");
    duel_host_free(host);
}

static const struct gpu_case cases[] = {
    {"sides", test_sides, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"cold_weights", test_cold_weights, "cuda", "units=4;l2_bytes=65536", GPU_PASSES},
    {"product_alone", test_product_alone, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"without_library", test_without_library, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"library_alone", test_library_alone, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"bad_kernel", test_bad_kernel, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"probe_by_nvrtc", test_probe_by_nvrtc, NULL, "", GPU_PASSES},
    {"peaks", test_peaks, "cuda", "units=4", GPU_PASSES},
    {"host", test_host, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"host_loses_device", test_host_loses_device, "cuda", "units=4;l2_bytes=1024", GPU_PASSES},
    {"host_without_device", test_host_without_device, "cuda", "", GPU_PASSES},
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
