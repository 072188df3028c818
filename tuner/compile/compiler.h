/* Compilers: source and definitions in, code object out. cc.c, nvrtc.c, hiprtc.c, clang.c and emu.c stand
 * behind it.
 *
 * compile() runs inside a worker child (compile_pool.h), so it may crash or hang without harm; it must be
 * given a deadline by its parent and does not look at the clock. */
#ifndef TUNEBOOK_COMPILE_COMPILER_H
#define TUNEBOOK_COMPILE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/code_resources.h"
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum { COMPILER_API_ABI = 1 };

struct compile_request {
    const char *source;      /* flattened, self-contained */
    const char *source_name; /* for diagnostics */
    const char *definitions; /* one NAME=VALUE per line */
    const char *target;
};

struct compiler_api {
    uint32_t abi; /* == COMPILER_API_ABI */
    const char *name;
    uint32_t gpu_vendors; /* bit per enum gpu_vendor: whose GPUs it makes code for; 0: it is for CPUs */
    bool emulates; /* makes a GPU's kernels for the emulator on this machine's CPU, never for the GPU */
    /* Finds the compiler and writes its identity: everything that changes the code it makes (name, version,
     * flags for `target`), one line. STATUS_UNAVAILABLE with what to install; STATUS_NOT_COVERED if it cannot
     * make this target. */
    enum status (*identify)(const char *target, struct text *identity);
    /* Compiles. `log` gets the diagnostics: why on STATUS_BAD_DATA, warnings on STATUS_OK. */
    enum status (*compile)(const struct compile_request *request, struct text *code, struct text *log);
    /* Optional: where the one that identify() found is; for reports, never part of an identity. */
    enum status (*where)(struct text *path);
    /* Optional: static resources of a code object, the largest of its kernels'. */
    enum status (*inspect)(const void *code, size_t bytes, struct code_resources *out);
};

const struct compiler_api *compiler_find(const char *name);
const struct compiler_api *const *compiler_table(size_t *n);
/* True if the compiler is one for targets of this kind; which ones it makes here, identify() tells. */
bool compiler_is_for(const struct compiler_api *compiler, const char *target);
/* The first compiler here that makes this target (no emulator's), or STATUS_UNAVAILABLE naming all that are
 * for targets of its kind and what each lacks. */
enum status compiler_for_target(const char *target, const struct compiler_api **out, struct text *identity);

#endif
