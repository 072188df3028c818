/* libnvrtc.so with the emulator's clang behind it, held to NVIDIA's own nvrtc.h: what it hands out as a cubin
 * is the object that the fake libcuda runs. It works in programs that have the emulator's compiler, and finds
 * it in them.
 *
 * What to be comes from $TUNEBOOK_FAKE_NVRTC, clauses separated by ';':
 *
 *     version=13.0     architectures=80,90     others than the fake's own
 *     hang             the next compile never returns
 */
#pragma GCC visibility push(default)
#include <nvrtc.h>
#pragma GCC visibility pop
#include "tests/fakes/fake_rtc.h"

static struct fake_program *of(nvrtcProgram program)
{
    return (struct fake_program *)program;
}

static const char *setting(const char *key)
{
    return fake_rtc_setting("TUNEBOOK_FAKE_NVRTC", key);
}

const char *nvrtcGetErrorString(nvrtcResult result)
{
    static const char *const names[] = {"NVRTC_SUCCESS",
                                        "NVRTC_ERROR_OUT_OF_MEMORY",
                                        "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                        "NVRTC_ERROR_INVALID_INPUT",
                                        "NVRTC_ERROR_INVALID_PROGRAM",
                                        "NVRTC_ERROR_INVALID_OPTION",
                                        "NVRTC_ERROR_COMPILATION"};
    return result < sizeof names / sizeof names[0] ? names[result] : "NVRTC_ERROR unknown";
}

nvrtcResult nvrtcVersion(int *major, int *minor)
{
    const char *text = setting("version=");
    *major = 12;
    *minor = 4;
    return text && sscanf(text, "%d.%d", major, minor) != 2 ? NVRTC_ERROR_INVALID_INPUT : NVRTC_SUCCESS;
}

static int architectures(int *out)
{
    const char *text = setting("architectures=");
    int n = 0;
    for (text = text ? text : "80,89,90,100,120"; *text && *text != ';'; n++) {
        char *end;
        long number = strtol(text, &end, 10);
        if (out) out[n] = (int)number;
        text = end + (*end == ',');
    }
    return n;
}

nvrtcResult nvrtcGetNumSupportedArchs(int *n)
{
    *n = architectures(NULL);
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetSupportedArchs(int *out)
{
    architectures(out);
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram *out, const char *source, const char *name, int n_headers,
                               const char *const *headers, const char *const *names)
{
    struct fake_program *program = NULL;
    (void)headers;
    (void)names;
    int result = fake_rtc_create(&program, source, name, n_headers);
    *out = (nvrtcProgram)program;
    return (nvrtcResult)result;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program)
{
    struct fake_program *fake = of(*program);
    *program = NULL;
    return (nvrtcResult)fake_rtc_destroy(&fake);
}

static void meet(const char *target)
{
    (void)target;
    if (setting("hang"))
        for (;;) pause();
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int n, const char *const *list)
{
    static const char *const known[] = {"--std=", "--fmad=", "--diag-suppress=", NULL};
    static const struct fake_rtc_options options = {"--gpu-architecture=", known};
    return (nvrtcResult)fake_rtc_compile(of(program), &options, n, list, meet);
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *size)
{
    *size = strlen(text_string(&of(program)->log)) + 1;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log)
{
    strcpy(log, text_string(&of(program)->log));
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *size)
{
    *size = of(program)->code.size;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *cubin)
{
    memcpy(cubin, of(program)->code.data, of(program)->code.size);
    return NVRTC_SUCCESS;
}
