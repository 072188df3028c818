#include "tuner/vendor/openblas_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tuner/base/cpu_facts.h"

/* Kernels of OpenBLAS without AVX2: driver/others/dynamic.c of 0.3.21 names them. */
static const char *const old_cores[] = {"Katmai",  "Coppermine", "Northwood",    "Banias",    "Prescott",
                                        "Core2",   "Penryn",     "Dunnington",   "Nehalem",   "Atom",
                                        "Athlon",  "Opteron",    "Opteron_SSE3", "Barcelona", "Bobcat",
                                        "Generic", "Nano",       "Sandybridge",  "Bulldozer"};
static const struct {
    const char *target, *core;
} cores[] = {{"x86-64-v4", "SkylakeX"}, {"x86-64-v3", "Haswell"}};

const char *openblas_better_core(const char *core, const char *target)
{
    bool old = false;
    for (size_t i = 0; i < sizeof old_cores / sizeof *old_cores && !old; i++)
        old = strcasecmp(core, old_cores[i]) == 0;
    for (size_t i = 0; i < sizeof cores / sizeof *cores && old; i++)
        if (strcmp(target, cores[i].target) == 0) return cores[i].core;
    return NULL;
}

static void *open_any(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

const char *openblas_core(void *library)
{
    char *(*core)(void) = NULL;
    void *symbol = dlsym(library, "openblas_get_corename");
    memcpy(&core, &symbol, sizeof symbol);
    return core ? core() : "";
}

void *openblas_library(void)
{
    void *library = open_any();
    const char *better = library ? openblas_better_core(openblas_core(library), cpu_target()) : NULL;
    if (!better || getenv("OPENBLAS_CORETYPE")) return library;
    /* It reads the variable once, when it is loaded. */
    dlclose(library);
    setenv("OPENBLAS_CORETYPE", better, 1);
    return open_any();
}
