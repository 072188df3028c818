/* Cases that every GPU which is here goes through, and how they are run: each in a process of its own, since
 * a fault takes the context.
 *
 *     test_NAME_here            all cases
 *     test_NAME_here CASE       one, in this process
 *     TUNEBOOK_CHECK_TARGET     gfx942: the GPU must be this one */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_HERE_CASES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_HERE_CASES_H

#include <sys/wait.h>
#include "tests/device/gpu_here_templates.h"

enum { CASE_S = 280, CASES_MAX = 24 };

/* --- the device --- */

static inline void check_info(int64_t wave_size)
{
    struct bench bench;
    char lines[2048];
    bench_begin(&bench);
    const struct device_info *info = bench.info;
    assert_ok(bench.api->environment(bench.device, lines, sizeof lines));
    print_message("%s, %s, %.1f GB, L2 %.0f MB, %lld units, %lld GB/s\n%s%s\n", info->name, info->class_text,
                  (double)info->memory_bytes / 1e9, (double)info->llc_bytes / 1e6,
                  (long long)info->facts.value[DEVICE_FACT_units],
                  (long long)info->facts.value[DEVICE_FACT_bandwidth_gbps], lines,
                  text_string(&bench.identity));
    if (wave_size) assert_int_equal(info->facts.value[DEVICE_FACT_wave_size], wave_size);
    assert_true(info->memory_bytes > 0 && info->llc_bytes > 0);
    assert_true(info->facts.value[DEVICE_FACT_units] > 0 && info->facts.value[DEVICE_FACT_lds_bytes] > 0);
    const char *wanted = getenv("TUNEBOOK_CHECK_TARGET");
    if (wanted && *wanted) assert_string_equal(info->device_class.target, wanted);
    bench.api->close(bench.device);
    text_free(&bench.identity);
}

static inline void test_launch(void **state)
{
    struct bench bench;
    const unsigned old[4] = {77, 77, 77, 77};
    unsigned counts[4];
    void *begin, *end;
    double ns = -1;
    (void)state;
    bench_open(&bench);
    assert_ok(bench.api->upload(bench.device, bench.workspace, old, sizeof old));
    struct device_step steps[3] = {
        {.zero_offset = 0, .zero_bytes = 8}, bench_step(&bench, "count"), bench_step(&bench, "turn")};
    assert_ok(bench.api->mark_create(bench.device, &begin));
    assert_ok(bench.api->mark_create(bench.device, &end));
    assert_ok(bench.api->mark_record(bench.device, begin, NULL));
    assert_ok(bench_launch(&bench, NULL, steps, 3));
    assert_ok(bench.api->mark_record(bench.device, end, NULL));
    assert_ok(bench.api->mark_elapsed_ns(bench.device, begin, end, &ns));
    assert_true(ns > 0 && ns < 1e9);
    bench_await(&bench, BLOCKS);
    assert_ok(bench.api->download(bench.device, counts, bench.workspace, sizeof counts));
    assert_int_equal(counts[0], BLOCKS);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 77);
    bench.api->mark_destroy(bench.device, begin);
    bench.api->mark_destroy(bench.device, end);
    bench_close(&bench);
}

static inline void test_graph(void **state)
{
    struct bench bench;
    void *graph;
    (void)state;
    bench_open(&bench);
    struct device_step steps[2] = {bench_step(&bench, "count"), bench_step(&bench, "turn")};
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, steps, 1));
    assert_ok(bench_launch(&bench, NULL, steps, 2));
    assert_ok(bench.api->graph_end(bench.device, NULL, &graph));
    assert_int_equal(bench_count(&bench), 0); /* recording is not running */
    for (unsigned i = 1; i <= 3; i++) {
        assert_ok(bench.api->graph_launch(bench.device, graph, NULL));
        bench_await(&bench, 2 * i * BLOCKS);
    }
    bench.api->graph_destroy(bench.device, graph);
    bench_close(&bench);
}

static inline void test_memory(void **state)
{
    struct bench bench;
    void *memory[12], *more;
    char byte = 1;
    (void)state;
    bench_open(&bench);
    for (size_t i = 0; i < 12; i++) {
        size_t alignment = (size_t)16 << i;
        assert_ok(bench.api->allocate(bench.device, i % 3, alignment, &memory[i]));
        assert_int_equal((uintptr_t)memory[i] % alignment, 0);
        assert_ok(bench.api->upload(bench.device, memory[i], &byte, 1));
    }
    for (size_t i = 0; i < 12; i++) bench.api->release(bench.device, memory[i]);
    assert_fails(bench.api->allocate(bench.device, 2 * bench.info->memory_bytes, 256, &more),
                 STATUS_NO_MEMORY);
    struct device_step step = bench_step(&bench, "turn"); /* not fatal */
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    bench_await(&bench, 0);
    bench_close(&bench);
}

/* --- templates --- */

static inline void test_templates(void **state)
{
    static const char *const problems[] = {"gemm f32 nn m=70 n=52 k=33",
                                           "gemm bf16 nt m=136 n=264 k=192",
                                           "gemm bf16 nt m=9 n=256 k=512",
                                           "gemm bf16 nt bias+relu m=37 n=48 k=64 batch=2",
                                           "gemm f16 nt m=256 n=512 k=256",
                                           "gemm f16 nn m=16 n=128 k=1024",
                                           "gemm bf16 nt swiglu m=64 n=256 k=128",
                                           "gemm f32 nt m=4 n=64 k=2048",
                                           "gemm f8e4m3 d=bf16 nt m=128 n=256 k=256",
                                           "gemm f8e4m3fnuz d=bf16 nt m=128 n=256 k=256"};
    struct bench bench;
    struct manifest **templates;
    size_t n;
    unsigned all = 0;
    (void)state;
    bench_begin(&bench);
    assert_ok(template_load(NULL, &templates, &n));
    for (size_t i = 0; i < n; i++) {
        unsigned tried = 0;
        if (manifest_has_target(templates[i], bench.info->device_class.target))
            for (size_t p = 0; p < sizeof problems / sizeof *problems; p += check_is_brief() ? 3 : 1)
                tried += try_template(&bench, templates[i], problems[p]);
        if (tried) print_message("%s: %u configurations, launched and captured\n", templates[i]->name, tried);
        all += tried;
        manifest_free(templates[i]);
    }
    free(templates);
    assert_true(all > 0);
    bench.api->close(bench.device);
    text_free(&bench.identity);
}

/* --- each in a process of its own --- */

static inline void run_case(void **state)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(CASE_S);
        execl("/proc/self/exe", "here", (const char *)*state, (char *)NULL);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("wait status %#x", (unsigned)status);
}

/* Whether there is a GPU is asked in a child, so that this process never has a context to be forked with. */
static inline bool gpu_is_here(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        uint32_t n = 0;
        if (device_find(here_backend)->count(&n) != STATUS_OK) printf("SKIPPED: %s\n", status_message());
        fflush(NULL);
        _exit(n ? 0 : 1);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* main() of such a program. */
static inline int here_main(int argc, char **argv, const struct CMUnitTest *cases, size_t n_cases)
{
    struct CMUnitTest tests[CASES_MAX];
    size_t n = 0;
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    assert_true(n_cases <= CASES_MAX);
    for (size_t i = 0; i < n_cases; i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
        tests[n] = cases[i];
        if (argc == 1) tests[n].test_func = run_case;
        tests[n++].initial_state = (void *)(uintptr_t)cases[i].name;
    }
    if (argc == 1 && !gpu_is_here()) return 0;
    return _cmocka_run_group_tests(here_backend, tests, n, NULL, NULL);
}

#endif
