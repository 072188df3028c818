/* For tests that compile through the fake NVRTC: what a case's process does before anything else. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_FAKES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_FAKES_H

#include "tests/device/gpu_child.h"

static char gpu_scratch[64]; /* a case's own folder; its settings may say %s for it */

/* False where the fake NVRTC was not built. */
static inline bool gpu_take_fakes(bool is_case)
{
    char tests[512], path[1024];
    gpu_tests_folder(tests);
    snprintf(path, sizeof path, "%s/fakes/nvrtc/libnvrtc.so", tests);
    if (access(path, R_OK) != 0) {
        print_message("SKIPPED: NVRTC's official header is not here, so its fake was not built\n");
        return false;
    }
    setenv("TUNEBOOK_NVRTC", path, 1);
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

/* main() of such a test. Workers are not cases. */
static inline int gpu_main_with_fakes(int argc, char **argv, const struct gpu_case *cases, size_t n,
                                      const char *target)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (!gpu_take_fakes(argc > 1)) return 0;
    int failed = gpu_main(argc, argv, cases, n, target);
    gpu_leave_fakes();
    return failed;
}

#endif
