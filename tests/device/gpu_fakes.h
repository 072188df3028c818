/* For tests that compile through the fake NVRTC or hiprtc: what a case's process does before anything else.
 */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_FAKES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_FAKES_H

#include "tests/device/gpu_child.h"

static char gpu_scratch[64]; /* a case's own folder; its settings may say %s for it */

/* False where neither was built. */
static inline bool gpu_take_fakes(bool is_case)
{
    static const char *const fakes[][2] = {{"TUNEBOOK_NVRTC", "nvrtc/libnvrtc.so"},
                                           {"TUNEBOOK_HIPRTC", "hiprtc/libhiprtc.so"}};
    char tests[512], path[1024];
    bool any = false;
    gpu_tests_folder(tests);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/fakes/%s", tests, fakes[i][1]);
        bool here = access(path, R_OK) == 0;
        if (here) setenv(fakes[i][0], path, 1);
        any |= here;
        if (!here) print_message("SKIPPED: %s: its official header is not here\n", fakes[i][1]);
    }
    if (!any) return false;
    setenv("TUNEBOOK_SLOW", "3", 1); /* smaller shapes and more patience: all of it is emulated */
    if (!is_case) return true;
    snprintf(gpu_scratch, sizeof gpu_scratch, "/tmp/tunebook-gpu-case-XXXXXX");
    assert_non_null(mkdtemp(gpu_scratch));
    const char *settings = getenv("TUNEBOOK_FAKE"), *place = settings ? strstr(settings, "%s") : NULL;
    if (!place) return true;
    snprintf(path, sizeof path, "%.*s%s%s", (int)(place - settings), settings, gpu_scratch, place + 2);
    setenv("TUNEBOOK_FAKE", path, 1);
    return true;
}

static inline void gpu_leave_fakes(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", gpu_scratch);
    if (*gpu_scratch && system(command) != 0) print_message("%s remains\n", gpu_scratch);
}

/* The cases whose fake driver has its fake compiler; those of the other are said to be skipped above. */
static inline size_t gpu_with_compiler(const struct gpu_case *cases, size_t n, struct gpu_case out[64])
{
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < 64; i++) {
        bool cuda = cases[i].fake && strncmp(cases[i].fake, "cuda", 4) == 0;
        if (!cases[i].fake || getenv(cuda ? "TUNEBOOK_NVRTC" : "TUNEBOOK_HIPRTC")) out[kept++] = cases[i];
    }
    return kept;
}

/* main() of such a test. Workers are not cases. */
static inline int gpu_main_with_fakes(int argc, char **argv, const struct gpu_case *cases, size_t n,
                                      const char *target)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (!gpu_take_fakes(argc > 1)) return 0;
    static struct gpu_case kept[64];
    int failed = gpu_main(argc, argv, kept, gpu_with_compiler(cases, n, kept), target);
    gpu_leave_fakes();
    return failed;
}

#endif
