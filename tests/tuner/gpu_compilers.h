/* The compilers of GPU kernels and the targets that each is tested for. Where one is not installed its tests
 * are skipped; in CI, where all are, that is a failure. */
#ifndef TUNEBOOK_TESTS_TUNER_GPU_COMPILERS_H
#define TUNEBOOK_TESTS_TUNER_GPU_COMPILERS_H

#include "tests/tuner/support.h"

#include <signal.h>
#include <sys/wait.h>
#include "tuner/base/gpu_target.h"
#include "tuner/base/sha256.h"

enum { TARGETS_MAX = 8, LOG_BYTES = 4096 };

static const struct served {
    const char *compiler;
    const char *targets[TARGETS_MAX];
} served[] = {
    {"nvrtc", {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"}},
    {"hiprtc", {"gfx90a"}},
    {"clang", {"gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "gfx1250"}},
    {"emu", {"gfx90a", "gfx942", "gfx1100", "sm_80", "sm_90a"}},
};
enum { N_SERVED = sizeof served / sizeof served[0] };

static char folder[] = "/tmp/tunebook-test-XXXXXX";

/* False, with a line that says so, where the compiler is missing. */
static inline bool is_here(const char *compiler, const char *target)
{
    struct text identity = {0};
    enum status status = compiler_find(compiler)->identify(target, &identity);
    text_free(&identity);
    if (status == STATUS_OK) return true;
    if (getenv("CI")) fail_msg("%s for %s: %s", compiler, target, status_message());
    printf("SKIPPED: %s for %s: %s\n", compiler, target, status_message());
    return false;
}

/* What a compile came to, in a child of its own as everywhere else. */
struct outcome {
    uint32_t status;
    char log[LOG_BYTES];
    struct hash hash;
    uint32_t code_bytes;
};

static inline void compile_here(const char *compiler, const struct compile_request *request,
                                struct outcome *out)
{
    struct text code = {0}, log = {0};
    out->status = compiler_find(compiler)->compile(request, &code, &log);
    snprintf(out->log, sizeof out->log, "%s%s", text_string(&log), out->status ? status_message() : "");
    out->hash = sha256_of(text_string(&code), code.size);
    out->code_bytes = (uint32_t)code.size;
}

static inline struct outcome compile_apart(const char *compiler, const struct compile_request *request)
{
    struct outcome outcome = {.status = STATUS_OK};
    int pipes[2], ended;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        compile_here(compiler, request, &outcome);
        _exit(write(pipes[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    close(pipes[1]);
    size_t got = 0;
    for (ssize_t n;
         got < sizeof outcome && (n = read(pipes[0], (char *)&outcome + got, sizeof outcome - got)) > 0;)
        got += (size_t)n;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (got != sizeof outcome || ended)
        fail_msg("%s for %s: the compiler's process ended with %d", compiler, request->target, ended);
    return outcome;
}

static inline void assert_clean(const char *compiler, const struct compile_request *request, const char *what)
{
    struct outcome outcome = compile_apart(compiler, request);
    if (outcome.status != STATUS_OK || *outcome.log || !outcome.code_bytes)
        fail_msg("%s for %s: %s:\n%s", compiler, request->target, what, outcome.log);
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static inline int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("TMPDIR", folder, 1);
    return 0;
}

#endif
