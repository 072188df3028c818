#include "tuner/vendor/cublaslt_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/cuda_places.h"

struct cublaslt_functions cublaslt;

static const char *const symbols[] = {
#define CUBLASLT(result, symbol, parameters) #symbol,
    CUBLASLT_FUNCTIONS(CUBLASLT)
#undef CUBLASLT
};
enum { N_SYMBOLS = sizeof symbols / sizeof symbols[0] };
_Static_assert(sizeof cublaslt == N_SYMBOLS * sizeof(void *), "a function pointer is a pointer here");

static const char file[] = "libcublasLt.so*";

static void add_homes(struct text *paths)
{
    cuda_places_homes(paths, file);
}

static void add_usual(struct text *paths)
{
    cuda_places_usual(paths, "libcublasLt.so.13\nlibcublasLt.so.12\n", file);
}

static void add_virtual_environment(struct text *paths)
{
    cuda_places_virtual_environment(paths, file);
}

static void add_python(struct text *paths)
{
    cuda_places_python(paths, file);
}

static void (*const places[])(struct text *) = {add_homes, add_usual, add_virtual_environment, add_python};

/* Never closed: it holds on to the driver. */
static bool try_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    bool whole = library != NULL;
    for (size_t i = 0; whole && i < N_SYMBOLS; i++) {
        ((void **)&cublaslt)[i] = dlsym(library, symbols[i]);
        whole = ((void **)&cublaslt)[i] != NULL;
    }
    return whole;
}

static bool try_places(void)
{
    bool found = false;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !found; i++) {
        struct text paths = {0};
        places[i](&paths);
        char *lines = text_status(&paths) == STATUS_OK ? paths.data : NULL;
        for (char *save = NULL, *path = lines ? strtok_r(lines, "\n", &save) : NULL; path && !found;
             path = strtok_r(NULL, "\n", &save))
            found = try_library(path);
        text_free(&paths);
    }
    return found;
}

static bool opened;
static char why_not[512]; /* of the first attempt, for those who ask again */

static void open_once(void)
{
    const char *wanted = getenv("TUNEBOOK_CUBLASLT");
    if (wanted && *wanted) {
        opened = try_library(wanted);
        const char *why = opened ? NULL : dlerror();
        snprintf(why_not, sizeof why_not, "TUNEBOOK_CUBLASLT=%s cannot be used: %s", wanted,
                 why ? why : "it is no cuBLASLt of CUDA 12 or 13");
        return;
    }
    opened = try_places();
    snprintf(why_not, sizeof why_not,
             "no libcublasLt: install CUDA's toolkit or 'pip install nvidia-cublas', or set "
             "TUNEBOOK_CUBLASLT to the library's path");
}

enum status cublaslt_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_once);
    return opened ? STATUS_OK : status_fail(STATUS_UNAVAILABLE, "%s", why_not);
}
