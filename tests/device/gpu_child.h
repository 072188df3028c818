/* Cases of a GPU device's test, each in a process of its own that finds a fake driver in its LD_LIBRARY_PATH:
 * what hangs, dies or loses the device does so alone, and the loader reads that variable only at the start.
 */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_CHILD_H
#define TUNEBOOK_TESTS_DEVICE_GPU_CHILD_H

#include <signal.h>
#include <sys/wait.h>
#include "templates/source.h"
#include "tests/tuner/support.h"
#include "tuner/base/file.h"

enum gpu_outcome { GPU_PASSES, GPU_HANGS };

struct gpu_case {
    const char *name;
    CMUnitTestFunction body;
    const char *fake;     /* a folder below build/tests/fakes; NULL: no driver */
    const char *settings; /* $TUNEBOOK_FAKE */
    enum gpu_outcome outcome;
};

enum { GPU_CASE_S = 300 };

#define GPU_WAITING "waiting for what never comes\n" /* said before a call that hangs */

static char gpu_kernels_path[256]; /* the code object of kernels.hip; "" if nothing here can make it */

/* The folder build/tests. */
static inline void gpu_tests_folder(char out[512])
{
    ssize_t length = readlink("/proc/self/exe", out, 511);
    assert_true(length > 0);
    out[length] = 0;
    for (int i = 0; i < 2; i++) *strrchr(out, '/') = 0;
}

static inline void gpu_child(const struct gpu_case *c, const char *log)
{
    char tests[512], path[2400];
    gpu_tests_folder(tests);
    snprintf(path, sizeof path, "%s/fakes/%s:%s/fakes/nvml:%s/fakes/amd_smi:%s/fakes/rocm_smi", tests,
             c->fake ? c->fake : "none", tests, tests, tests);
    setenv("LD_LIBRARY_PATH", path, 1);
    unsetenv("ROCM_PATH"); /* a real one would come first */
    setenv("TUNEBOOK_FAKE", c->settings ? c->settings : "", 1);
    setenv("TUNEBOOK_TEST_KERNELS", gpu_kernels_path, 1);
    if (!freopen(log, "w", stdout) || dup2(1, 2) < 0) _exit(99);
    alarm(GPU_CASE_S);
    execl("/proc/self/exe", "gpu", c->name, (char *)NULL);
    _exit(99);
}

static inline bool gpu_fake_here(const struct gpu_case *c)
{
    char tests[512], path[1024];
    gpu_tests_folder(tests);
    if (!c->fake) return true;
    snprintf(path, sizeof path, "%s/fakes/%s", tests, c->fake);
    return access(path, F_OK) == 0;
}

/* The parent's side of a case. */
static inline void gpu_run_case(void **state)
{
    const struct gpu_case *c = *state;
    char log[] = "/tmp/tunebook-gpu-XXXXXX";
    if (!gpu_fake_here(c)) {
        print_message("SKIPPED: %s: the driver's official header is not here, so its fake was not built\n",
                      c->name);
        skip();
    }
    if (c->fake && !*gpu_kernels_path) {
        print_message("SKIPPED: %s: nothing here compiles kernels for the emulator\n", c->name);
        skip();
    }
    close(mkstemp(log));
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) gpu_child(c, log);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    struct text text = {0};
    assert_ok(file_read(log, 1 << 20, &text));
    unlink(log);
    bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && strstr(text_string(&text), GPU_WAITING);
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool as_expected = c->outcome == GPU_HANGS ? hung : passed;
    if (!as_expected) print_error("%s", text_string(&text));
    text_free(&text);
    if (!as_expected) fail_msg("%s: wait status %#x", c->name, (unsigned)status);
}

/* Compiles kernels.hip for the target, once for all cases. */
static inline void gpu_compile_kernels(const char *target, struct text *code)
{
    struct text source = {0}, log = {0}, identity = {0};
    const struct compiler_api *compiler = compiler_find("emu");
    char path[1024];
    if (compiler->identify(target, &identity) == STATUS_OK) {
        snprintf(path, sizeof path, "%s/tests/device/kernels.hip", test_root());
        assert_ok(source_flatten_with(test_root(), path, embedded_headers, n_embedded_headers, &source));
        struct compile_request request = {.source = text_string(&source),
                                          .source_name = "kernels.hip",
                                          .definitions = "",
                                          .target = target};
        enum status status = compiler->compile(&request, code, &log);
        if (status != STATUS_OK) fail_msg("%s\n%s", status_message(), text_string(&log));
    }
    text_free(&source);
    text_free(&log);
    text_free(&identity);
}

static inline void gpu_write_kernels(const char *target)
{
    struct text code = {0};
    gpu_compile_kernels(target, &code);
    if (code.size) {
        char name[] = "/tmp/tunebook-kernels-XXXXXX";
        int file = mkstemp(name);
        assert_true(file >= 0 && write(file, code.data, code.size) == (ssize_t)code.size && close(file) == 0);
        snprintf(gpu_kernels_path, sizeof gpu_kernels_path, "%s", name);
    }
    text_free(&code);
}

/* main() of such a test: with an argument the child's side, without one all cases. */
static inline int gpu_main(int argc, char **argv, const struct gpu_case *cases, size_t n, const char *target)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    struct CMUnitTest tests[64];
    size_t n_tests = 0;
    for (size_t i = 0; i < n && n_tests < 64; i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
        tests[n_tests++] = (struct CMUnitTest){.name = cases[i].name,
                                               .test_func = argc > 1 ? cases[i].body : gpu_run_case,
                                               .initial_state = (void *)(uintptr_t)&cases[i]};
    }
    if (argc > 1) return _cmocka_run_group_tests("case", tests, n_tests, NULL, NULL);
    gpu_write_kernels(target);
    int failed = _cmocka_run_group_tests("device", tests, n_tests, NULL, NULL);
    if (*gpu_kernels_path) unlink(gpu_kernels_path);
    return failed;
}

#endif
