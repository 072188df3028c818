/* hiprtc: ROCm's compiler as a library, opened where it is found. Before ROCm 6 it is inside libamdhip64.
 *
 * An old one ends the process when asked for a target that it does not know. Which ones it makes is found out
 * in a child, once for every library, and kept in the cache of compiled code. */
#include "tuner/compile/compiler.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/amdgpu_notes.h"
#include "tuner/compile/cache.h"
#include "tuner/compile/compile_pool.h"
#include "tuner/compile/known.h"
#include "tuner/compile/rtc.h"

enum { PROBE_DEADLINE_MS = 60000 };

/* --offload-arch=TARGET stands in front. */
static const char *const flags[] = {"-std=c++17", "-O3",     "-ffp-contract=fast",   "-nogpuinc",
                                    "-Wall",      "-Wextra", "-Wno-unused-function", NULL};
enum { N_FLAGS = sizeof flags / sizeof flags[0] };

static const char *const libraries[] = {"libhiprtc.so.7",
                                        "libhiprtc.so.6",
                                        "libhiprtc.so",
                                        "libamdhip64.so.7",
                                        "libamdhip64.so.6",
                                        "libamdhip64.so.5",
                                        NULL};

static void add_rocm(struct text *paths)
{
    const char *rocm = getenv("ROCM_PATH");
    for (const char *const *library = libraries; *library; library++) {
        char below[64];
        snprintf(below, sizeof below, "lib/%s", *library);
        rtc_add_places(paths, rocm && *rocm ? rocm : "/opt/rocm", below);
    }
}

static void add_usual(struct text *paths)
{
    for (const char *const *library = libraries; *library; library++) text_format(paths, "%s\n", *library);
}

static void (*const places[])(struct text *) = {add_rocm, add_usual, NULL};

static const struct rtc_family family = {
    .prefix = "hiprtc",
    .code_size = "GetCodeSize",
    .code = "GetCode",
    .variable = "TUNEBOOK_HIPRTC",
    .places = places,
    .missing = "no hiprtc: install ROCm (Debian 12: libamdhip64-5 and libhiprtc-builtins5), or set "
               "TUNEBOOK_HIPRTC to the path of libhiprtc.so",
};

static enum status open_for(const char *target, struct rtc *rtc)
{
    if (!compiler_is_for(compiler_find("hiprtc"), target))
        return status_fail(STATUS_NOT_COVERED,
                           "hiprtc makes code for AMD's GPUs only, and '%s' is none known", target);
    return rtc_open(&family, rtc);
}

static void list_flags(const char *target, char architecture[64], const char *list[N_FLAGS + 1])
{
    snprintf(architecture, 64, "--offload-arch=%s", target);
    list[0] = architecture;
    memcpy(list + 1, flags, sizeof flags);
}

/* hiprtcVersion says 9.0 for years; the runtime's number, where the library has it, and the build say more.
 */
static enum status name_library(const struct rtc *rtc, struct text *name)
{
    int major = 0, minor = 0, runtime = 0, (*runtime_version)(int *);
    char build[41];
    rtc->version(&major, &minor);
    if (rtc_function(rtc, "hipRuntimeGetVersion", &runtime_version) == STATUS_OK) runtime_version(&runtime);
    rtc_build_id(rtc, build);
    text_format(name, "hiprtc %d.%d", major, minor);
    if (runtime)
        text_format(name, " of HIP %d.%d.%d", runtime / 10000000, runtime / 100000 % 100, runtime % 100000);
    text_format(name, " (%.12s)", build);
    return text_status(name);
}

static enum status write_identity(const struct rtc *rtc, const char *target, struct text *identity)
{
    char architecture[64];
    const char *list[N_FLAGS + 1];
    TRY(name_library(rtc, identity));
    list_flags(target, architecture, list);
    for (const char *const *flag = list; *flag; flag++) text_format(identity, " %s", *flag);
    return text_status(identity);
}

static enum status check_target(const char *target, const char *identity);

static enum status hiprtc_identify(const char *target, struct text *identity)
{
    struct rtc rtc;
    TRY(open_for(target, &rtc));
    TRY(write_identity(&rtc, target, identity));
    return check_target(target, text_string(identity));
}

static enum status hiprtc_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    struct rtc rtc;
    char architecture[64];
    const char *list[N_FLAGS + 1];
    TRY(open_for(request->target, &rtc));
    list_flags(request->target, architecture, list);
    return rtc_compile(&rtc, request, list, code, log);
}

const struct compiler_api compiler_hiprtc = {
    .abi = COMPILER_API_ABI,
    .name = "hiprtc",
    .gpu_vendors = 1u << GPU_VENDOR_AMD,
    .identify = hiprtc_identify,
    .compile = hiprtc_compile,
    .inspect = amdgpu_inspect,
};

/* Kept in place of code: what became of the probe. */
static const char yes[] = "yes";

/* Compiles a tiny kernel in a child. A failure counts when it comes twice: it could have been the machine's.
 */
static enum status try_target(const char *target, const char *identity, struct text *answer, bool *certain)
{
    struct compile_job job = {.compiler = &compiler_hiprtc, .identity = identity};
    job.request = (struct compile_request){
        .source = "extern \"C\" __attribute__((global)) void probe(float *x) { *x = 1; }\n",
        .source_name = "probe.hip",
        .definitions = "",
        .target = target};
    char first[sizeof job.detail] = "";
    for (int i = 0; i < 2; i++) {
        TRY(compile_run(&job, 1, 1, PROBE_DEADLINE_MS, NULL));
        text_free(&job.code);
        if (job.verdict == VERDICT_OK) break;
        *certain = strcmp(first, job.detail) == 0;
        memcpy(first, job.detail, sizeof first);
    }
    if (job.verdict == VERDICT_OK) *certain = true;
    text_append(answer, job.verdict == VERDICT_OK ? yes : job.detail);
    return text_status(answer);
}

static enum status check_target(const char *target, const char *identity)
{
    struct compile_request question = {
        .source = "which targets hiprtc makes", .definitions = "", .target = target};
    struct hash key = cache_key(&question, identity), hash;
    struct text answer = {0};
    enum status status = STATUS_OK;
    if (known_answer(identity, &status)) return status;
    if (!cache_get(&key, &answer, &hash)) {
        bool certain = false;
        status = try_target(target, identity, &answer, &certain);
        if (status == STATUS_OK && certain) {
            hash = sha256_of(answer.data, answer.size);
            cache_put(&key, &answer, &hash);
        }
    }
    if (status == STATUS_OK && strcmp(text_string(&answer), yes) != 0)
        status = status_fail(STATUS_NOT_COVERED, "this hiprtc makes no code for %s: %s", target,
                             text_string(&answer));
    text_free(&answer);
    return known_remember(identity, status);
}
