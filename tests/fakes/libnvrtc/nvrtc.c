/* libnvrtc.so with the emulator's clang behind it, held to NVIDIA's own nvrtc.h: what it hands out as a cubin
 * is the object that the fake libcuda runs. It works in programs that have the emulator's compiler, and finds
 * it in them.
 *
 * What to be comes from $TUNEBOOK_FAKE_NVRTC, clauses separated by ';':
 *
 *     version=13.0     architectures=80,90     others than the fake's own
 *     hang             the next compile never returns
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#pragma GCC visibility push(default)
#include <nvrtc.h>
#pragma GCC visibility pop
#include "tuner/compile/compiler.h"

struct _nvrtcProgram {
    char *source, *name;
    struct text code, log;
};

/* The rest of the clause that begins so; NULL if there is none. */
static const char *setting(const char *key)
{
    const char *text = getenv("TUNEBOOK_FAKE_NVRTC");
    for (size_t length = strlen(key); text && *text; text += *text == ';') {
        if (strncmp(text, key, length) == 0) return text + length;
        text += strcspn(text, ";");
    }
    return NULL;
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
    (void)headers;
    (void)names;
    if (n_headers) return NVRTC_ERROR_INVALID_INPUT;
    nvrtcProgram program = calloc(1, sizeof *program);
    if (!program) return NVRTC_ERROR_OUT_OF_MEMORY;
    program->source = strdup(source);
    program->name = strdup(name ? name : "default_program");
    *out = program;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program)
{
    if (!*program) return NVRTC_ERROR_INVALID_PROGRAM;
    free((*program)->source);
    free((*program)->name);
    text_free(&(*program)->code);
    text_free(&(*program)->log);
    free(*program);
    *program = NULL;
    return NVRTC_SUCCESS;
}

/* "-DM=64" becomes a line of definitions. An option that NVRTC does not have is refused, as it would. */
static bool take_option(const char *option, const char **target, struct text *definitions)
{
    static const char *const known[] = {"--std=", "--fmad=", "--diag-suppress="};
    static const char architecture[] = "--gpu-architecture=";
    if (strncmp(option, architecture, strlen(architecture)) == 0) {
        *target = option + strlen(architecture);
        return true;
    }
    if (strncmp(option, "-D", 2) == 0) {
        text_format(definitions, "%s\n", option + 2);
        return true;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(option, known[i], strlen(known[i])) == 0) return true;
    return false;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int n, const char *const *options)
{
    const struct compiler_api *emulated = dlsym(RTLD_DEFAULT, "compiler_emu");
    struct text definitions = {0};
    const char *target = NULL;
    bool known = true;
    if (setting("hang"))
        for (;;) pause();
    for (int i = 0; i < n && known; i++) known = take_option(options[i], &target, &definitions);
    nvrtcResult result = known && target ? NVRTC_ERROR_COMPILATION : NVRTC_ERROR_INVALID_OPTION;
    if (!emulated) {
        text_append(&program->log, "fake nvrtc: error: no emulator in this program\n");
    } else if (result == NVRTC_ERROR_COMPILATION) {
        struct compile_request request = {.source = program->source,
                                          .source_name = program->name,
                                          .definitions = text_string(&definitions),
                                          .target = target};
        if (emulated->compile(&request, &program->code, &program->log) == STATUS_OK) result = NVRTC_SUCCESS;
    }
    text_free(&definitions);
    return result;
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *size)
{
    *size = strlen(text_string(&program->log)) + 1;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log)
{
    strcpy(log, text_string(&program->log));
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *size)
{
    *size = program->code.size;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *cubin)
{
    memcpy(cubin, program->code.data, program->code.size);
    return NVRTC_SUCCESS;
}
