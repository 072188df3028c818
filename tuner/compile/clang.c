/* clang as a HIP compiler, upstream's or ROCm's: code objects for AMD's GPUs without ROCm's headers or device
 * libraries. It links with the lld of its version. */
#include "tuner/compile/compiler.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/amdgpu_notes.h"
#include "tuner/compile/clang_search.h"
#include "tuner/compile/known.h"
#include "tuner/compile/program.h"

static const char *const flags[] = {
#define FLAG(text) text,
#define WARNING(text)
#include "tuner/compile/clang_flags.def"
#undef FLAG
#undef WARNING
    NULL};
static const char *const warnings[] = {
#define FLAG(text)
#define WARNING(text) text,
#include "tuner/compile/clang_flags.def"
#undef FLAG
#undef WARNING
    NULL};

/* Compiled and linked to see whether a clang makes a target. */
static const struct compile_request probe = {
    .source = "extern \"C\" __attribute__((global)) void probe(float *x) { *x = 1; }\n",
    .source_name = "probe.hip",
    .definitions = ""};

static void begin(struct command *command, const char *path, const char *target, char flag[64])
{
    snprintf(flag, 64, "--offload-arch=%s", target);
    command_begin(command, path);
    command_add(command, flag);
    command_add_all(command, flags);
}

static enum status compile_with(const char *path, const struct compile_request *request, const char *target,
                                uint32_t deadline_ms, struct text *code, struct text *log)
{
    static const char *const input[] = {"-x", "hip", "-", NULL};
    struct command command;
    struct text source = {0};
    char flag[64];
    begin(&command, path, target, flag);
    command_add_all(&command, warnings);
    enum status status = command_define(&command, request->definitions);
    command_add_all(&command, input);
    if (status == STATUS_OK) status = program_source(request, "", &source);
    if (status == STATUS_OK)
        status = command_compile(&command, request->source_name, &source, deadline_ms, code, log);
    command_free(&command);
    text_free(&source);
    return status;
}

/* STATUS_NOT_COVERED with the first line that clang says about it. */
static enum status check(const char *path, const char *target)
{
    struct text key = {0}, code = {0}, log = {0};
    enum status status = STATUS_OK;
    text_format(&key, "clang %s %s", target, path);
    if (!known_answer(text_string(&key), &status)) {
        status = compile_with(path, &probe, target, PROGRAM_QUICK_MS, &code, &log);
        const char *line = text_string(&log);
        if (status == STATUS_BAD_DATA)
            status = status_fail(STATUS_NOT_COVERED, "%s makes no code for %s: %.*s", path, target,
                                 (int)strcspn(line, "\n"), line);
        status = known_remember(text_string(&key), status);
    }
    text_free(&key);
    text_free(&code);
    text_free(&log);
    return status;
}

/* The first clang that makes the target. */
static enum status find(const char *target, struct text *path)
{
    if (!compiler_is_for(compiler_find("clang"), target))
        return status_fail(STATUS_NOT_COVERED, "clang is asked for AMD's GPUs only, and '%s' is none known",
                           target);
    struct clang_search search = {0};
    struct text tried = {0};
    enum status status, wrong = STATUS_OK;
    while ((status = clang_next(&search, path)) == STATUS_OK) {
        wrong = check(text_string(path), target);
        if (wrong == STATUS_OK) break;
        text_format(&tried, "%s%s", tried.size ? "; " : "", status_message());
    }
    if (status != STATUS_OK && tried.size)
        status = status_fail(wrong == STATUS_NOT_COVERED ? STATUS_NOT_COVERED : STATUS_UNAVAILABLE,
                             "no clang makes code for %s: install clang-22 and lld-22 or later (%s)", target,
                             text_string(&tried));
    text_free(&tried);
    return status;
}

static enum status clang_identify(const char *target, struct text *identity)
{
    struct text path = {0}, version = {0};
    struct command command;
    char flag[64];
    enum status status = find(target, &path);
    if (status == STATUS_OK) status = clang_version(text_string(&path), &version);
    if (status == STATUS_OK) {
        begin(&command, text_string(&path), target, flag);
        status = command_identify(&command, text_string(&version), identity);
        command_free(&command);
    }
    text_free(&path);
    text_free(&version);
    return status;
}

static enum status clang_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    struct text path = {0};
    enum status status = find(request->target, &path);
    if (status == STATUS_OK)
        status = compile_with(text_string(&path), request, request->target, 0, code, log);
    text_free(&path);
    return status;
}

const struct compiler_api compiler_clang = {
    .abi = COMPILER_API_ABI,
    .name = "clang",
    .gpu_vendors = 1u << GPU_VENDOR_AMD,
    .identify = clang_identify,
    .compile = clang_compile,
    .inspect = amdgpu_inspect,
};
