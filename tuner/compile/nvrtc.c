/* NVRTC: CUDA's compiler as a library, opened where it is found. It needs neither a GPU nor a driver. */
#include "tuner/compile/compiler.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/cubin_info.h"
#include "tuner/compile/cuda_places.h"
#include "tuner/compile/rtc.h"

static const char *const flags[] = {
#define FLAG(text) text,
#define WARNING(text)
#include "tuner/compile/nvrtc_flags.def"
#undef FLAG
#undef WARNING
    NULL};
static const char *const warnings[] = {
#define FLAG(text)
#define WARNING(text) text,
#include "tuner/compile/nvrtc_flags.def"
#undef FLAG
#undef WARNING
    NULL};
static const struct rtc_options options = {"--gpu-architecture=", flags, warnings};

static const char library[] = "libnvrtc.so*";

static void add_homes(struct text *paths)
{
    cuda_places_homes(paths, library);
}

static void add_usual(struct text *paths)
{
    cuda_places_usual(paths, "libnvrtc.so\nlibnvrtc.so.13\nlibnvrtc.so.12\n", library);
}

static void add_virtual_environment(struct text *paths)
{
    cuda_places_virtual_environment(paths, library);
}

static void add_python(struct text *paths)
{
    cuda_places_python(paths, library);
}

static void (*const places[])(struct text *) = {add_homes, add_usual, add_virtual_environment, add_python,
                                                NULL};

static const struct rtc_family family = {
    .prefix = "nvrtc",
    .code_size = "GetCUBINSize",
    .code = "GetCUBIN",
    .variable = "TUNEBOOK_NVRTC",
    .places = places,
    .missing = "no libnvrtc: install CUDA's toolkit or 'pip install nvidia-cuda-nvrtc', or set "
               "TUNEBOOK_NVRTC to the library's path",
};

/* Only whether "90" is known: a toolkit that knows it knows sm_90a as well. */
static enum status check_target(const struct rtc *rtc, const char *target)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    int (*count)(int *n), (*list)(int *architectures), n = 0;
    int architectures[256];
    TRY(rtc_function(rtc, "nvrtcGetNumSupportedArchs", &count));
    TRY(rtc_function(rtc, "nvrtcGetSupportedArchs", &list));
    if (count(&n) != 0 || n > (int)(sizeof architectures / sizeof architectures[0]) ||
        list(architectures) != 0)
        return status_fail(STATUS_UNAVAILABLE, "NVRTC does not tell its architectures");
    for (int i = 0; i < n; i++)
        if ((uint32_t)architectures[i] * 10 == gpu->architecture) return STATUS_OK;
    return status_fail(STATUS_NOT_COVERED, "this NVRTC makes no code for %s: install a newer CUDA toolkit",
                       target);
}

static enum status open_for(const char *target, struct rtc *rtc)
{
    if (!compiler_is_for(compiler_find("nvrtc"), target))
        return status_fail(STATUS_NOT_COVERED,
                           "NVRTC makes code for NVIDIA's GPUs only, and '%s' is none known", target);
    TRY(rtc_open(&family, rtc));
    return check_target(rtc, target);
}

static enum status nvrtc_where(struct text *path)
{
    struct rtc rtc;
    TRY(rtc_open(&family, &rtc));
    return rtc_where(&rtc, path);
}

static enum status nvrtc_identify(const char *target, struct text *identity)
{
    struct rtc rtc;
    char build[41], version[96];
    int major = 0, minor = 0;
    TRY(open_for(target, &rtc));
    rtc.version(&major, &minor);
    rtc_build_id(&rtc, build);
    snprintf(version, sizeof version, "nvrtc %d.%d (%.12s)", major, minor, build);
    return rtc_identify(&options, version, target, identity);
}

/* "gemm.hip(88): error" as other compilers have it: "gemm.hip:88: error". */
static void mend_places(const char *log, struct text *out)
{
    while (*log) {
        size_t size = strcspn(log, "\n"), name = strcspn(log, " (\n");
        const char *digits = log + name + 1, *after = digits;
        if (log[name] == '(')
            while (isdigit((unsigned char)*after)) after++;
        if (log[name] == '(' && after > digits && strncmp(after, "):", 2) == 0)
            text_format(out, "%.*s:%.*s%.*s", (int)name, log, (int)(after - digits), digits,
                        (int)(log + size - after - 1), after + 1);
        else
            text_append_bytes(out, log, size);
        if (log[size] == '\n') text_append(out, "\n");
        log += size + (log[size] == '\n');
    }
}

static enum status nvrtc_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    struct rtc rtc;
    struct text said = {0};
    TRY(open_for(request->target, &rtc));
    enum status status = rtc_compile(&rtc, &options, request, code, &said);
    mend_places(text_string(&said), log);
    text_free(&said);
    return status;
}

const struct compiler_api compiler_nvrtc = {
    .abi = COMPILER_API_ABI,
    .name = "nvrtc",
    .gpu_vendors = 1u << GPU_VENDOR_NVIDIA,
    .identify = nvrtc_identify,
    .compile = nvrtc_compile,
    .where = nvrtc_where,
    .inspect = cubin_inspect,
};
