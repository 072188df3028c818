/* Trials on a device with memory of its own, through the fake libcuda: kernels that do what they must not,
 * and a driver that fails. Each costs its candidate the verdict and nothing else. */
#include <dirent.h>
#include "tests/device/gpu_fakes.h"
#include "tuner/base/clock.h"

/* ---- candidates ---- */

static const struct deed {
    const char *name;
    enum verdict verdict;
    const char *detail; /* part of the line */
} deeds[] = {
    {"GOOD", VERDICT_OK, ""},
    {"WRITES_BEHIND", VERDICT_OUT_OF_BOUNDS, "wrote behind the pages of d"},
    {"WRITES_BEFORE", VERDICT_OUT_OF_BOUNDS, "wrote in front of the pages of d"},
    {"WRITES_NEAR", VERDICT_OUT_OF_BOUNDS, "of d"},
    {"WRITES_INPUT", VERDICT_OUT_OF_BOUNDS, "an input was changed: a"},
    {"WRITES_GAP", VERDICT_OUT_OF_BOUNDS, "between its rows"},
    {"DROPS_TAIL", VERDICT_WRONG, "instead of"},
    {"LEAVES", VERDICT_WRONG, "not written"},
    {"STRAYS", VERDICT_OUT_OF_BOUNDS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
    {"SPINS", VERDICT_HANG, "small shapes"},
    {"FIRST_ONLY", VERDICT_WRONG, NULL},
    {"BEHIND_SCRATCH", VERDICT_OUT_OF_BOUNDS, "pages of workspace"},
    {"READS_C", VERDICT_WRONG, "NaN"},
    {"WANTS_MEMORY", VERDICT_RESOURCE_LIMIT, "CUDA_ERROR_OUT_OF_MEMORY"},
};
enum { N_DEEDS = sizeof deeds / sizeof *deeds };

static const char target[] = "sm_90a";
static struct made made[N_DEEDS];

static void compile_deeds(void)
{
    struct text source = {0}, identity = {0};
    const struct compiler_api *compiler = compiler_find("nvrtc");
    struct compile_job *jobs = calloc(N_DEEDS, sizeof *jobs);
    char path[1024];
    assert_ok(compiler->identify(target, &identity));
    snprintf(path, sizeof path, "%s/tests/tuner/gpu/hostile.hip", test_root());
    assert_ok(source_flatten_with(test_root(), path, embedded_headers, n_embedded_headers, &source));
    for (size_t i = 0; i < N_DEEDS; i++) {
        char *definitions = arena_format(&made[i].arena, "DEED=%s\n", deeds[i].name);
        jobs[i] = (struct compile_job){
            .compiler = compiler,
            .identity = text_string(&identity),
            .request = {text_string(&source), "hostile.hip", definitions, target},
        };
    }
    assert_ok(compile_run(jobs, N_DEEDS, 2, 120000, NULL));
    for (size_t i = 0; i < N_DEEDS; i++) {
        if (jobs[i].verdict != VERDICT_OK) fail_msg("%s: %s", deeds[i].name, jobs[i].detail);
        made[i].job = jobs[i];
        made_describe(&made[i], "m", "0");
        made[i].descriptor.target = target;
        made[i].descriptor.steps[0].block[0] = made_expr(&made[i], "32");
        if (strcmp(deeds[i].name, "WANTS_MEMORY") == 0)
            made[i].descriptor.workspace_bytes = made_expr(&made[i], "1 << 40");
        made_finish(&made[i]);
    }
    free(jobs);
    text_free(&source);
    text_free(&identity);
}

static const struct made *made_of(const char *deed)
{
    for (size_t i = 0; i < N_DEEDS; i++)
        if (strcmp(deeds[i].name, deed) == 0) return &made[i];
    fail_msg("no %s", deed);
    return NULL;
}

/* ---- sessions ---- */

static struct device_info info;

static struct trial_setting setting_of(const char *problem)
{
    struct trial_setting setting = {
        .backend = "cuda", .info = &info, .seed = 7, .measure_ms = 5, .interval = 1};
    const struct device_api *api = device_find("cuda");
    struct device *device;
    assert_ok(api->open(0, NULL, &device));
    info = *api->info(device);
    api->close(device);
    assert_ok(problem_parse(problem, &setting.problem));
    return setting;
}

static struct trial_session *open_session(uint32_t deadline_ms)
{
    struct trial_session *session;
    struct trial_setting setting = setting_of("gemm f32 nn m=8 n=12 k=16");
    setting.verify_deadline_ms = deadline_ms;
    assert_ok(trial_open(&setting, &session));
    return session;
}

static struct trial_outcome try_deed(struct trial_session *session, const char *deed)
{
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(made_of(deed));
    enum status status = trial_run(session, &candidate, 0, &out);
    if (status != STATUS_OK) fail_msg("%s: %s", deed, status_message());
    return out;
}

static void expect(const struct trial_outcome *out, enum verdict verdict, const char *words)
{
    if (out->verdict != verdict || (words && !strstr(out->detail, words)))
        fail_msg("%s '%s' instead of %s '%s'", verdict_name(out->verdict), out->detail, verdict_name(verdict),
                 words ? words : "");
}

static void expect_good(struct trial_session *session)
{
    struct trial_outcome out = try_deed(session, "GOOD");
    expect(&out, VERDICT_OK, NULL);
    assert_true(out.timing.median_ns > 1000 && out.timing.samples >= 1 &&
                out.timing.launches_per_sample >= 1);
}

/* Children of children of this process: those of the session. */
static size_t count_device_children(long *last)
{
    size_t n = 0;
    char path[512], line[256];
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(folder));) {
        long pid = strtol(entry->d_name, NULL, 10), parent = 0, grand = 0;
        snprintf(path, sizeof path, "/proc/%ld/stat", pid);
        FILE *file = pid > 0 ? fopen(path, "re") : NULL;
        if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
            sscanf(strrchr(line, ')') + 4, "%ld", &parent);
        if (file) fclose(file);
        snprintf(path, sizeof path, "/proc/%ld/stat", parent);
        file = parent > 0 ? fopen(path, "re") : NULL;
        if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
            sscanf(strrchr(line, ')') + 4, "%ld", &grand);
        if (file) fclose(file);
        if (grand != getpid()) continue;
        n++;
        *last = pid;
    }
    closedir(folder);
    return n;
}

/* ---- cases ---- */

static void test_each_gets_its_verdict(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(120000), *hasty = open_session(3000);
    int wrong = 0;
    for (size_t i = 0; i < N_DEEDS; i++) {
        struct trial_outcome out =
            try_deed(deeds[i].verdict == VERDICT_HANG ? hasty : session, deeds[i].name);
        bool right = out.verdict == deeds[i].verdict &&
                     (!deeds[i].detail ||
                      (*deeds[i].detail ? strstr(out.detail, deeds[i].detail) != NULL : out.detail[0] == 0));
        if (!right)
            print_error("%s: %s '%s' instead of %s\n", deeds[i].name, verdict_name(out.verdict), out.detail,
                        verdict_name(deeds[i].verdict));
        wrong += !right;
        out = try_deed(deeds[i].verdict == VERDICT_HANG ? hasty : session, "GOOD");
        if (out.verdict != VERDICT_OK)
            print_error("after %s: %s %s\n", deeds[i].name, verdict_name(out.verdict), out.detail);
        wrong += out.verdict != VERDICT_OK;
    }
    trial_close(hasty);
    trial_close(session);
    assert_int_equal(wrong, 0);
}

/* One child serves many; only who breaks something takes it along. */
static void test_child_stays(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(120000);
    long first = 0, second = 0, third = 0;
    assert_int_equal(count_device_children(&first), 1);
    expect_good(session);
    struct trial_outcome out = try_deed(session, "DROPS_TAIL"); /* wrong, and harmless */
    expect(&out, VERDICT_WRONG, NULL);
    assert_int_equal(count_device_children(&second), 1);
    assert_int_equal(first, second);
    out = try_deed(session, "STRAYS");
    expect(&out, VERDICT_OUT_OF_BOUNDS, NULL);
    expect_good(session);
    assert_int_equal(count_device_children(&third), 1);
    assert_int_not_equal(second, third);
    trial_close(session);
}

/* It may end while nobody asks anything of it: nobody is to blame. */
static void test_idle_child_dies(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(120000);
    long child = 0;
    assert_int_equal(count_device_children(&child), 1);
    kill((pid_t)child, SIGKILL);
    clock_sleep_ns(200000000);
    expect_good(session);
    trial_close(session);
}

static void test_hopeless_is_slow(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(120000);
    struct trial_outcome out;
    struct trial_candidate candidate = made_candidate(made_of("GOOD"));
    assert_ok(trial_run(session, &candidate, 1, &out));
    expect(&out, VERDICT_SLOW, NULL);
    assert_true(out.timing.median_ns > 1);
    trial_close(session);
}

/* With a trouble that comes once, in `settings`: a trial meets it, the next ones do not. */
static void meet_once(enum verdict verdict, const char *words)
{
    compile_deeds();
    struct trial_session *session = open_session(120000);
    struct trial_outcome out = try_deed(session, "GOOD");
    expect(&out, verdict, words);
    expect_good(session);
    expect_good(session);
    trial_close(session);
}

static void test_async_fault(void **state)
{
    (void)state;
    meet_once(VERDICT_OUT_OF_BOUNDS, "CUDA_ERROR_ILLEGAL_ADDRESS");
}

static void test_lost(void **state)
{
    (void)state;
    meet_once(VERDICT_LAUNCH_ERROR, "CUDA_ERROR_LAUNCH_FAILED");
}

static void test_hang(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(4000);
    struct trial_outcome out = try_deed(session, "GOOD");
    expect(&out, VERDICT_HANG, "took longer than");
    expect_good(session);
    trial_close(session);
}

/* The GPU itself says that others are on it. */
static void test_contended(void **state)
{
    static const struct {
        const char *nvml;
        bool contended;
    } loads[] = {{"foreign=30", true}, {"foreign=1", false}, {"fail", false}};
    (void)state;
    compile_deeds();
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        setenv("TUNEBOOK_FAKE_NVML", loads[i].nvml, 1);
        struct trial_session *session = open_session(120000);
        struct trial_outcome out = try_deed(session, "GOOD");
        expect(&out, VERDICT_OK, NULL);
        assert_int_equal((out.timing.flags & TIMING_CONTENDED) != 0, loads[i].contended);
        trial_close(session);
    }
}

static void expect_no_session(const char *words)
{
    struct trial_session *session;
    struct trial_setting setting = setting_of("gemm f32 nn m=8 n=12 k=16");
    assert_int_not_equal(trial_open(&setting, &session), STATUS_OK);
    if (!strstr(status_message(), words)) fail_msg("not \"%s\": %s", words, status_message());
}

static void test_no_room(void **state)
{
    (void)state;
    expect_no_session(
        "cuda:0: the problem's buffers do not fit into the device's free memory: cuMemAlloc of");
}

/* The device child's first kernel is ours: no candidate is blamed for a compiler that is newer than the
 * driver. */
static void test_newer_compiler(void **state)
{
    (void)state;
    expect_no_session("CUDA_ERROR_NO_BINARY_FOR_GPU");
    assert_non_null(strstr(status_message(), "the compiler may be newer than the driver"));
}

/* A device that does not come back ends the sweep; it is no verdict on a kernel. */
static void test_gone_for_good(void **state)
{
    (void)state;
    compile_deeds();
    struct trial_session *session = open_session(120000);
    struct trial_outcome out = try_deed(session, "STRAYS");
    struct trial_candidate candidate = made_candidate(made_of("GOOD"));
    char path[128];
    snprintf(path, sizeof path, "%s/gone", gpu_scratch);
    assert_ok(file_publish(path, "", 0, 0600));
    expect(&out, VERDICT_OUT_OF_BOUNDS, NULL);
    assert_int_equal(trial_run(session, &candidate, 0, &out), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "CUDA_ERROR_NO_DEVICE"));
    trial_close(session);
}

/* The vendor library takes part in the finals, as long as its launches succeed. */
static void test_finals_with_vendor(void **state)
{
    static const struct {
        const char *words;
        enum verdict verdict;
    } libraries[] = {{"", VERDICT_OK}, {"fail=cublasLtMatmul", VERDICT_COUNT}};
    char tests[512], path[1024];
    (void)state;
    gpu_tests_folder(tests);
    snprintf(path, sizeof path, "%s/fakes/cublaslt/libcublasLt.so.13", tests);
    if (access(path, R_OK) != 0) {
        print_message("SKIPPED: cublasLt.h is not here, so the fake of its library was not built\n");
        return;
    }
    setenv("TUNEBOOK_CUBLASLT", path, 1);
    compile_deeds();
    struct trial_candidate candidate = made_candidate(made_of("GOOD"));
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        struct trial_outcome out;
        struct trial_ratio ratio = {0};
        struct trial_final final = {.baseline.verdict = VERDICT_COUNT, .against_baseline = &ratio};
        setenv("TUNEBOOK_FAKE_CUBLASLT", libraries[i].words, 1);
        struct trial_session *session = open_session(120000);
        assert_ok(trial_finals(session, &candidate, 1, 50, &out, &final));
        expect(&out, VERDICT_OK, NULL);
        if (libraries[i].verdict == VERDICT_OK) {
            assert_string_equal(final.baseline_name, "cublaslt 13.1.2");
            assert_int_equal(final.baseline.verdict, VERDICT_OK);
            assert_true(final.baseline.timing.samples >= 6 && final.baseline.timing.median_ns > 0);
            assert_true(ratio.median > 0);
        } else {
            assert_int_equal(final.baseline.timing.samples, 0);
            assert_true(ratio.median == 0);
        }
        trial_close(session);
    }
}

#define SMALL "name=Small GPU;units=4;l2_bytes=16384"

static const struct gpu_case cases[] = {
    {"each_gets_its_verdict", test_each_gets_its_verdict, "cuda", SMALL, GPU_PASSES},
    {"child_stays", test_child_stays, "cuda", SMALL, GPU_PASSES},
    {"idle_child_dies", test_idle_child_dies, "cuda", SMALL, GPU_PASSES},
    {"hopeless_is_slow", test_hopeless_is_slow, "cuda", SMALL, GPU_PASSES},
    {"async_fault", test_async_fault, "cuda",
     SMALL ";once=%s/once;async=CUDA_ERROR_ILLEGAL_ADDRESS after 9 launches", GPU_PASSES},
    {"lost", test_lost, "cuda", SMALL ";once=%s/once;lose=after 9 launches", GPU_PASSES},
    {"hang", test_hang, "cuda", SMALL ";once=%s/once;hang=cuEventRecord@30", GPU_PASSES},
    {"contended", test_contended, "cuda", SMALL, GPU_PASSES},
    {"no_room", test_no_room, "cuda", SMALL ";memory=500000", GPU_PASSES},
    {"newer_compiler", test_newer_compiler, "cuda",
     SMALL ";fail=cuModuleLoadDataEx:CUDA_ERROR_NO_BINARY_FOR_GPU", GPU_PASSES},
    {"finals_with_vendor", test_finals_with_vendor, "cuda", SMALL, GPU_PASSES},
    {"gone_for_good", test_gone_for_good, "cuda", SMALL ";gone=%s/gone", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main_with_fakes(argc, argv, cases, sizeof cases / sizeof *cases, target);
}
