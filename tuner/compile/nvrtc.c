/* NVRTC: CUDA's compiler as a library, opened where it is found. It needs neither a GPU nor a driver. */
#include "tuner/compile/compiler.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/cubin_info.h"
#include "tuner/compile/program.h"
#include "tuner/compile/rtc.h"
#include "tuner/compile/subprocess.h"

static const char *const flags[] = {"--std=c++17", "--fmad=true", NULL};
/* Loops over nothing are usual in templates. */
static const char *const warnings[] = {"--diag-suppress=128", NULL};
static const struct rtc_options options = {"--gpu-architecture=", flags, warnings};

static void add_homes(struct text *paths)
{
    rtc_add_places(paths, getenv("CUDA_HOME"), "lib64/libnvrtc.so");
    rtc_add_places(paths, getenv("CUDA_PATH"), "lib64/libnvrtc.so");
}

static void add_usual(struct text *paths)
{
    text_append(paths, "libnvrtc.so\nlibnvrtc.so.13\nlibnvrtc.so.12\n");
    rtc_add_places(paths, "/usr/local/cuda", "lib64/libnvrtc.so");
}

/* Both wheels' folders: nvidia/cu13, nvidia/cuda_nvrtc. */
static void add_wheels(struct text *paths, const char *packages)
{
    rtc_add_places(paths, packages, "nvidia/cu*/lib/libnvrtc.so*");
}

static void add_virtual_environment(struct text *paths)
{
    const char *root = getenv("VIRTUAL_ENV");
    struct text folders = {0};
    rtc_add_places(&folders, root, "lib/python3*/site-packages");
    for (char *save = NULL, *folder = folders.data ? strtok_r(folders.data, "\n", &save) : NULL; folder;
         folder = strtok_r(NULL, "\n", &save))
        add_wheels(paths, folder);
    text_free(&folders);
}

/* Where the python3 on PATH looks for packages. */
static void ask_python(struct text *folders)
{
    struct text path = {0};
    int code = 0;
    if (subprocess_find("python3", &path)) {
        const char *argv[] = {text_string(&path), "-c", "import sys; print('\\n'.join(sys.path))", NULL};
        struct subprocess process = {.argv = argv, .output_limit = 64 << 10, .deadline_ms = PROGRAM_QUICK_MS};
        if (subprocess_run(&process, folders, &code) != STATUS_OK || code != 0) text_clear(folders);
    }
    text_free(&path);
}

/* Python is asked once in a process: it takes a while. */
static void add_python(struct text *paths)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct text found;
    static bool asked;
    pthread_mutex_lock(&mutex);
    if (!asked) {
        struct text folders = {0};
        ask_python(&folders);
        for (char *save = NULL, *folder = folders.data ? strtok_r(folders.data, "\n", &save) : NULL; folder;
             folder = strtok_r(NULL, "\n", &save))
            add_wheels(&found, folder);
        text_free(&folders);
        asked = true;
    }
    text_append(paths, text_string(&found));
    pthread_mutex_unlock(&mutex);
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
