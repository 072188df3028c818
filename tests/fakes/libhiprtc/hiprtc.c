/* libhiprtc.so with the emulator's clang behind it, held to AMD's own hiprtc.h: what it hands out as a code
 * object the fake libamdhip64 runs (tests/fakes/fake_rtc.h).
 *
 * What to be comes from $TUNEBOOK_FAKE_HIPRTC, clauses separated by ';':
 *
 *     targets=gfx90a,gfx942    asked for any other it ends the process, as ROCm 5.2's does
 */
#pragma GCC visibility push(default)
#include <hip/hiprtc.h>
#pragma GCC visibility pop
#include "tests/fakes/fake_rtc.h"

static struct fake_program *of(hiprtcProgram program)
{
    return (struct fake_program *)program;
}

const char *hiprtcGetErrorString(hiprtcResult result)
{
    static const char *const names[] = {"HIPRTC_SUCCESS",
                                        "HIPRTC_ERROR_OUT_OF_MEMORY",
                                        "HIPRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                        "HIPRTC_ERROR_INVALID_INPUT",
                                        "HIPRTC_ERROR_INVALID_PROGRAM",
                                        "HIPRTC_ERROR_INVALID_OPTION",
                                        "HIPRTC_ERROR_COMPILATION"};
    return result < sizeof names / sizeof names[0] ? names[result] : "HIPRTC_ERROR unknown";
}

hiprtcResult hiprtcVersion(int *major, int *minor)
{
    *major = 9;
    *minor = 0;
    return HIPRTC_SUCCESS;
}

hiprtcResult hiprtcCreateProgram(hiprtcProgram *out, const char *source, const char *name, int n_headers,
                                 const char **headers, const char **names)
{
    struct fake_program *program = NULL;
    (void)headers;
    (void)names;
    int result = fake_rtc_create(&program, source, name, n_headers);
    *out = (hiprtcProgram)program;
    return (hiprtcResult)result;
}

hiprtcResult hiprtcDestroyProgram(hiprtcProgram *program)
{
    struct fake_program *fake = of(*program);
    *program = NULL;
    return (hiprtcResult)fake_rtc_destroy(&fake);
}

static void meet(const char *target)
{
    const char *list = fake_rtc_setting("TUNEBOOK_FAKE_HIPRTC", "targets=");
    size_t length = strlen(target);
    if (!list) return;
    for (size_t n; *list && *list != ';'; list += n + (list[n] == ',')) {
        n = strcspn(list, ",;");
        if (n == length && strncmp(list, target, n) == 0) return;
    }
    fprintf(stderr, "fake hiprtc: unknown target %s\n", target);
    abort();
}

hiprtcResult hiprtcCompileProgram(hiprtcProgram program, int n, const char **list)
{
    static const char *const known[] = {"-std=", "-O", "-ffp-contract=", "-nogpuinc", "-W", NULL};
    static const struct fake_rtc_options options = {"--offload-arch=", known};
    return (hiprtcResult)fake_rtc_compile(of(program), &options, n, list, meet);
}

hiprtcResult hiprtcGetProgramLogSize(hiprtcProgram program, size_t *size)
{
    *size = strlen(text_string(&of(program)->log)) + 1;
    return HIPRTC_SUCCESS;
}

hiprtcResult hiprtcGetProgramLog(hiprtcProgram program, char *log)
{
    strcpy(log, text_string(&of(program)->log));
    return HIPRTC_SUCCESS;
}

hiprtcResult hiprtcGetCodeSize(hiprtcProgram program, size_t *size)
{
    *size = of(program)->code.size;
    return HIPRTC_SUCCESS;
}

hiprtcResult hiprtcGetCode(hiprtcProgram program, char *code)
{
    memcpy(code, of(program)->code.data, of(program)->code.size);
    return HIPRTC_SUCCESS;
}
