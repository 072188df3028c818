/* hiprtc: ROCm's compiler as a library, opened where it is found. Before ROCm 6 it is inside libamdhip64.
 *
 * An old one ends the process when asked for a target that it does not know. Which ones it makes is found out
 * in a child, and a yes kept in the cache of compiled code, under the library's version and build
 * (rtc_build_id). */
#include "tuner/compile/compiler.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/amdgpu_notes.h"
#include "tuner/compile/cache.h"
#include "tuner/compile/known.h"
#include "tuner/compile/rtc.h"
#include "tuner/worker.h"

enum { PROBE_DEADLINE_MS = 60000 };

static const char *const flags[] = {
#define FLAG(text) text,
#define WARNING(text)
#include "tuner/compile/hiprtc_flags.def"
#undef FLAG
#undef WARNING
    NULL};
static const char *const warnings[] = {
#define FLAG(text)
#define WARNING(text) text,
#include "tuner/compile/hiprtc_flags.def"
#undef FLAG
#undef WARNING
    NULL};
static const struct rtc_options options = {"--offload-arch=", flags, warnings};

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

/* PyTorch's wheels and AMD's own bring hiprtc with their runtime. */
static void add_wheels(struct text *paths)
{
    static const char *const environments[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    static const char *const wheels[] = {"_rocm_sdk_core", "torch"};
    for (size_t i = 0; i < 4; i++) {
        char below[96];
        snprintf(below, sizeof below, "lib/python3*/site-packages/%s/lib/libhiprtc.so*", wheels[i % 2]);
        rtc_add_places(paths, getenv(environments[i / 2]), below);
    }
}

static void add_usual(struct text *paths)
{
    for (const char *const *library = libraries; *library; library++) text_format(paths, "%s\n", *library);
}

static void (*const places[])(struct text *) = {add_rocm, add_usual, add_wheels, NULL};

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

static enum status check_target(const struct rtc *rtc, const char *target, const char *identity);

static enum status hiprtc_identify(const char *target, struct text *identity)
{
    struct rtc rtc;
    struct text version = {0}, whole = {0};
    TRY(open_for(target, &rtc));
    enum status status = name_library(&rtc, &version);
    if (status == STATUS_OK) status = rtc_identify(&options, text_string(&version), target, &whole);
    if (status == STATUS_OK) status = check_target(&rtc, target, text_string(&whole));
    if (status == STATUS_OK) text_append(identity, text_string(&whole));
    text_free(&version);
    text_free(&whole);
    return status == STATUS_OK ? text_status(identity) : status;
}

static enum status hiprtc_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    struct rtc rtc;
    TRY(open_for(request->target, &rtc));
    return rtc_compile(&rtc, &options, request, code, log);
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

static int try_here(const struct rtc *rtc, const char *target)
{
    const struct compile_request request = {
        .source = "extern \"C\" __attribute__((global)) void probe(float *x) { *x = 1; }\n",
        .source_name = "probe.hip",
        .definitions = "",
        .target = target};
    struct text code = {0}, log = {0};
    enum status status = rtc_compile(rtc, &options, &request, &code, &log);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", *text_string(&log) ? text_string(&log) : status_message());
    fflush(stderr);
    return status == STATUS_OK ? 0 : 1;
}

/* Whatever this process does about a crash, a child that is there to crash shall just end. */
static void default_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) signal(signals[i], SIG_DFL);
}

/* Compiles a tiny kernel in a child. `answer` becomes yes, or how the child ended. */
static enum status try_apart(const struct rtc *rtc, const char *target, char *answer, size_t size)
{
    int output = worker_output_file(), ended = 0;
    char how[96], printed[160];
    pid_t parent = getpid(), child = output < 0 ? -1 : fork();
    if (child == 0) {
        setpgid(0, 0);
        default_signals();
        if (!worker_bind_to_parent(parent) || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(1);
        _exit(try_here(rtc, target));
    }
    if (child > 0) {
        setpgid(child, child);
        worker_reap(child, PROBE_DEADLINE_MS, &ended);
        worker_printed(output, printed, sizeof printed);
        worker_describe_end(ended, how, sizeof how);
        snprintf(answer, size, "%s", yes);
        if (ended)
            snprintf(answer, size, "the compiler's process %s%s%s", how, *printed ? ": " : "", printed);
    }
    if (output >= 0) close(output);
    return child > 0 ? STATUS_OK : status_fail_errno(STATUS_IO, "cannot start a process to try hiprtc in");
}

static enum status check_target(const struct rtc *rtc, const char *target, const char *identity)
{
    struct compile_request question = {
        .source = "which targets hiprtc makes", .definitions = "", .target = target};
    struct hash key = cache_key(&question, identity), hash;
    struct text answer = {0};
    enum status status = STATUS_OK;
    if (known_answer(identity, &status)) return status;
    if (!cache_get(&key, &answer, &hash)) {
        char said[320];
        status = try_apart(rtc, target, said, sizeof said);
        if (status == STATUS_OK) text_append(&answer, said);
        hash = sha256_of(text_string(&answer), answer.size);
        /* A no may come from want of memory or of a package, so only a yes is kept. */
        if (status == STATUS_OK && strcmp(said, yes) == 0) cache_try_put(&key, &answer, &hash);
    }
    if (status == STATUS_OK && strcmp(text_string(&answer), yes) != 0)
        status = status_fail(STATUS_NOT_COVERED, "this hiprtc makes no code for %s: %s", target,
                             text_string(&answer));
    text_free(&answer);
    return status == STATUS_OK || status == STATUS_NOT_COVERED ? known_remember(identity, status) : status;
}
