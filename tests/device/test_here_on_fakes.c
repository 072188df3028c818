/* The programs that a person with a GPU runs (test_cuda_here, test_hip_here) on the fake drivers, so that the
 * first GPU they meet is not the first thing they meet. */
#include "tests/device/gpu_child.h"

struct here {
    const char *program, *drivers, *compiler, *variable, *settings;
};

static const struct here cuda = {"test_cuda_here", "cuda", "nvrtc/libnvrtc.so", "TUNEBOOK_NVRTC",
                                 "units=132;l2_bytes=1024"};
static const struct here hip = {"test_hip_here", "hip6", "hiprtc/libhiprtc.so", "TUNEBOOK_HIPRTC",
                                "units=38;l2_bytes=1024"};

static void run_program(const struct here *here, const char *tests, const char *log)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/fakes/%s", tests, here->drivers);
    setenv("LD_LIBRARY_PATH", path, 1);
    unsetenv("ROCM_PATH");
    snprintf(path, sizeof path, "%s/fakes/%s", tests, here->compiler);
    setenv(here->variable, path, 1);
    setenv("TUNEBOOK_FAKE", here->settings, 1);
    setenv("TUNEBOOK_CHECK_BRIEF", "yes", 1);
    setenv("TUNEBOOK_SLOW", "20", 1);
    if (!freopen(log, "w", stdout) || dup2(1, 2) < 0) _exit(99);
    snprintf(path, sizeof path, "%s/device/%s", tests, here->program);
    execl(path, here->program, (char *)NULL);
    _exit(98);
}

static bool is_built(const struct here *here, const char *tests)
{
    const char *parts[] = {here->drivers, here->compiler};
    char path[1024];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/fakes/%s", tests, parts[i]);
        if (access(path, F_OK) != 0) return false;
    }
    snprintf(path, sizeof path, "%s/device/%s", tests, here->program);
    return access(path, X_OK) == 0;
}

static void test_here(void **state)
{
    const struct here *here = *state;
    char tests[512], log[] = "/tmp/tunebook-here-XXXXXX";
    struct text identity = {0}, text = {0};
    gpu_tests_folder(tests);
    bool emulator = compiler_find("emu")->identify("gfx942", &identity) == STATUS_OK;
    text_free(&identity);
    if (!emulator || !is_built(here, tests)) {
        print_message("SKIPPED: %s: its fakes are not here, or nothing compiles for the emulator\n",
                      here->program);
        skip();
    }
    close(mkstemp(log));
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) run_program(here, tests, log);
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_ok(file_read(log, 1 << 20, &text));
    unlink(log);
    const char *said = text_string(&text);
    bool passed = WIFEXITED(ended) && WEXITSTATUS(ended) == 0 && strstr(said, "[       OK ] test_templates");
    if (!passed) print_error("%s", said);
    text_free(&text);
    if (!passed) fail_msg("%s: wait status %#x", here->program, (unsigned)ended);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {
        {"cuda", test_here, NULL, NULL, (void *)(uintptr_t)&cuda},
        {"hip", test_here, NULL, NULL, (void *)(uintptr_t)&hip},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
