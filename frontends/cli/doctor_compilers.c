/* Compilers of GPU kernels: which are here, what each makes, and what to install for the rest. */
#include <string.h>
#include "frontends/cli/doctor.h"
#include "tuner/base/gpu_target.h"
#include "tuner/compile/compiler.h"

static const struct {
    const char *compiler, *advice;
} packages[] = {
    {"nvrtc", "for NVIDIA's GPUs: CUDA's toolkit, or pip install nvidia-cuda-nvrtc"},
    {"hiprtc", "for AMD's GPUs: ROCm, or Debian's libamdhip64-5 and libhiprtc-builtins5 (gfx90a alone)"},
    {"clang", "for AMD's GPUs without ROCm: apt-get install clang-22 lld-22"},
    {"emu", "to emulate GPUs: apt-get install clang"},
};

size_t identity_name_length(const char *identity)
{
    const char *flags = strstr(identity, " -");
    return flags ? (size_t)(flags - identity) : strlen(identity);
}

static bool is_made(const struct compiler_api *compiler, const char *target, struct text *identity)
{
    text_clear(identity);
    return compiler->identify(target, identity) == STATUS_OK && text_status(identity) == STATUS_OK;
}

static void check_compiler(struct findings *findings, const char *name, const char *advice)
{
    size_t n, made = 0;
    const struct gpu_target *targets = gpu_target_table(&n);
    const struct compiler_api *compiler = compiler_find(name);
    struct text list = {0}, identity = {0}, version = {0}, why = {0};
    if (!compiler) return;
    for (size_t i = 0; i < n; i++) {
        if (!compiler_is_for(compiler, targets[i].name)) continue;
        if (is_made(compiler, targets[i].name, &identity)) {
            const char *whole = text_string(&identity);
            if (!made++) text_append_bytes(&version, whole, identity_name_length(whole));
            text_format(&list, " %s", targets[i].name);
        } else if (!why.size) {
            text_append(&why, status_message());
        }
    }
    struct text path = {0};
    bool placed = made && compiler->where && compiler->where(&path) == STATUS_OK;
    if (made)
        finding_add(findings, "GPU compiler", FINDING_OK, "", "%s: %s%s%s, %s%s", name, text_string(&version),
                    placed ? ", " : "", text_string(&path), compiler->emulates ? "emulates" : "makes",
                    text_string(&list));
    else
        finding_add(findings, "GPU compiler", FINDING_ADVICE, advice, "%s: %s", name, text_string(&why));
    text_free(&path);
    text_free(&list);
    text_free(&identity);
    text_free(&version);
    text_free(&why);
}

/* Targets that none of them makes, in one line. */
static void check_targets(struct findings *findings)
{
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    struct text list = {0};
    for (size_t i = 0; i < n; i++) {
        const struct compiler_api *compiler;
        struct text identity = {0};
        if (compiler_for_target(targets[i].name, &compiler, &identity) != STATUS_OK)
            text_format(&list, " %s", targets[i].name);
        text_free(&identity);
    }
    if (list.size)
        finding_add(findings, "GPU targets", FINDING_ADVICE, "only tuning for these GPUs needs one",
                    "no compiler makes%s", text_string(&list));
    text_free(&list);
}

void doctor_check_compilers(struct findings *findings)
{
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
        check_compiler(findings, packages[i].compiler, packages[i].advice);
    check_targets(findings);
}
