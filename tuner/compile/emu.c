/* clang for the emulator: a GPU kernel becomes a shared object for this machine's CPU
 * (templates/device/emu_abi.h). -fsanitize=thread puts a call in front of every access; the emulator answers
 * these calls, so that the sanitizer's own library is not linked. */
#include "tuner/compile/compiler.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/clang_search.h"
#include "tuner/compile/program.h"

/* Vectorizers would merge accesses that a GPU thread makes one by one, builtin recognition would turn loops
 * into calls of memcpy. Locals begin with a pattern, so that one used before it is set does harm. In
 * x += 1 the read counts too, for it may be of memory that nobody wrote. The emulator finds source lines in
 * DWARF 4. Threads meet at one call, and later passes than those that heed its attributes would copy it to
 * the ends of several branches: they are left out. */
static const char *const flags[] = {"-std=c++17",
                                    "-O2",
                                    "-fsanitize=thread,bounds",
                                    "-fno-vectorize",
                                    "-fno-slp-vectorize",
                                    "-fno-builtin",
                                    "-mllvm",
                                    "-tsan-instrument-read-before-write=1",
                                    "-mllvm",
                                    "-disable-tail-duplicate",
                                    "-mllvm",
                                    "-tail-dup-placement=false",
                                    "-ffp-contract=off",
                                    "-ftrivial-auto-var-init=pattern",
                                    "-fno-exceptions",
                                    "-fno-rtti",
                                    "-fno-threadsafe-statics",
                                    "-fno-stack-protector",
                                    "-fPIC",
                                    "-gline-tables-only",
                                    "-gdwarf-4",
                                    "-fdebug-compilation-dir=.",
                                    "-Qn",
                                    "-shared",
                                    "-nostdlib",
                                    "-Wl,--build-id=none",
                                    "-Wl,--hash-style=gnu",
                                    "-Wl,--wrap=__ubsan_handle_out_of_bounds",
                                    NULL};

static const char *const warnings[] = {"-Wall", "-Wextra", "-Wno-unused-function", "-Wno-psabi", NULL};

/* Copies of structures are accesses too. Before clang 15 they become calls of the C library's functions; here
 * these pass on to the emulator's, by a jump, so that the caller's return address stays the kernel's. */
#define PASS_ON(name, second)                                                                             \
    "extern \"C\" void *__tsan_" name "(void *, " second ", unsigned long);"                              \
    "extern \"C\" __attribute__((visibility(\"hidden\"), disable_sanitizer_instrumentation)) void *" name \
    "(void *to, " second " x, unsigned long n)"                                                           \
    "{ __attribute__((musttail)) return __tsan_" name "(to, x, n); }\n"
static const char preamble[] =
    PASS_ON("memcpy", "const void *") PASS_ON("memmove", "const void *") PASS_ON("memset", "int");

struct emulated {
    struct text path, version;
    char architecture[48]; /* the definition */
    struct command command;
};

static void emulated_free(struct emulated *emulated)
{
    command_free(&emulated->command);
    text_free(&emulated->path);
    text_free(&emulated->version);
}

static enum status begin(const char *target, struct emulated *out)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    if (!gpu) return status_fail(STATUS_NOT_COVERED, "'%s' is no GPU that can be emulated", target);
    struct clang_search search = {0};
    *out = (struct emulated){0};
    enum status status = clang_next(&search, &out->path);
    if (status == STATUS_OK) status = clang_version(text_string(&out->path), &out->version);
    if (status != STATUS_OK) {
        emulated_free(out);
        return status;
    }
    snprintf(out->architecture, sizeof out->architecture,
             gpu->vendor == GPU_VENDOR_AMD ? "-DGPU_AMD_ARCH=0x%x" : "-DGPU_NVIDIA_ARCH=%u",
             gpu->architecture);
    command_begin(&out->command, text_string(&out->path));
    command_add_all(&out->command, flags);
    command_add(&out->command, "-DGPU_EMULATED=1");
    command_add(&out->command, out->architecture);
    return STATUS_OK;
}

static enum status emu_identify(const char *target, struct text *identity)
{
    struct emulated emulated;
    TRY(begin(target, &emulated));
    enum status status = command_identify(&emulated.command, text_string(&emulated.version), identity);
    emulated_free(&emulated);
    return status;
}

static enum status emu_compile(const struct compile_request *request, struct text *code, struct text *log)
{
    static const char *const input[] = {"-x", "c++", "-", NULL};
    struct emulated emulated;
    struct text source = {0};
    TRY(begin(request->target, &emulated));
    enum status status = command_define(&emulated.command, request->definitions);
    if (status == STATUS_OK) status = program_source(request, preamble, &source);
    command_add_all(&emulated.command, warnings);
    command_add_all(&emulated.command, input);
    if (status == STATUS_OK)
        status = command_compile(&emulated.command, request->source_name, &source, 0, code, log);
    emulated_free(&emulated);
    text_free(&source);
    return status;
}

/* Found by name by the fake of NVRTC in the tests, too. */
__attribute__((visibility("default"))) const struct compiler_api compiler_emu = {
    .abi = COMPILER_API_ABI,
    .name = "emu",
    .gpu_vendors = 1u << GPU_VENDOR_AMD | 1u << GPU_VENDOR_NVIDIA,
    .emulates = true,
    .identify = emu_identify,
    .compile = emu_compile,
};
