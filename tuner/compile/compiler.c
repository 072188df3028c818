/* The table of compilers. */
#include "tuner/compile/compiler.h"

#include <string.h>
#include "tuner/base/gpu_target.h"

#define COMPILER(name) extern const struct compiler_api compiler_##name;
#include "tuner/compile/compilers.def"
#undef COMPILER

static const struct compiler_api *const compilers[] = {
#define COMPILER(name) &compiler_##name,
#include "tuner/compile/compilers.def"
#undef COMPILER
};

enum { N_COMPILERS = sizeof compilers / sizeof compilers[0] };

const struct compiler_api *const *compiler_table(size_t *n)
{
    *n = N_COMPILERS;
    return compilers;
}

const struct compiler_api *compiler_find(const char *name)
{
    for (size_t i = 0; i < N_COMPILERS; i++)
        if (strcmp(compilers[i]->name, name) == 0) return compilers[i];
    return NULL;
}

bool compiler_is_for(const struct compiler_api *compiler, const char *target)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    return gpu ? compiler->gpu_vendors >> gpu->vendor & 1 : !compiler->gpu_vendors;
}

enum status compiler_for_target(const char *target, const struct compiler_api **out, struct text *identity)
{
    struct text tried = {0};
    for (size_t i = 0; i < N_COMPILERS; i++) {
        if (compilers[i]->emulates || !compiler_is_for(compilers[i], target)) continue;
        struct text found = {0};
        enum status status = compilers[i]->identify(target, &found);
        if (status == STATUS_OK) status = text_status(&found);
        if (status == STATUS_OK) {
            text_append(identity, text_string(&found));
            *out = compilers[i];
        } else {
            text_format(&tried, "%s%s: %s", tried.size ? "; " : "", compilers[i]->name, status_message());
        }
        text_free(&found);
        if (status == STATUS_OK) {
            text_free(&tried);
            return text_status(identity);
        }
    }
    enum status status = status_fail(STATUS_UNAVAILABLE, "no compiler here makes code for %s (%s)", target,
                                     text_string(&tried));
    text_free(&tried);
    return status;
}
