#include "tuner/compile/clang_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/program.h"
#include "tuner/compile/subprocess.h"

enum { NEWEST = 30, OLDEST = 14, NUMBERED = NEWEST - OLDEST + 1 };

/* The place to look at after the numbered ones; false after the last. */
static bool name_other(unsigned place, char *name, size_t size)
{
    /* ROCm has it in one of the two, and a link to it in the other or not. */
    static const char *const below[] = {"llvm/bin/clang", "lib/llvm/bin/clang"};
    const char *rocm = getenv("ROCM_PATH");
    if (place == 0) return snprintf(name, size, "clang") < (int)size;
    if (place > sizeof below / sizeof below[0]) return false;
    return snprintf(name, size, "%s/%s", rocm && *rocm ? rocm : "/opt/rocm", below[place - 1]) < (int)size;
}

static enum status next_wanted(struct clang_search *search, const char *wanted, struct text *path)
{
    if (search->next++) return status_fail(STATUS_UNAVAILABLE, "TUNEBOOK_CLANG names the only clang to use");
    if (subprocess_find(wanted, path)) return text_status(path);
    return status_fail(STATUS_UNAVAILABLE, "TUNEBOOK_CLANG=%s is no program that can be run", wanted);
}

enum status clang_next(struct clang_search *search, struct text *path)
{
    const char *wanted = getenv("TUNEBOOK_CLANG");
    text_clear(path);
    if (wanted && *wanted) return next_wanted(search, wanted, path);
    for (;; text_clear(path)) {
        char name[512];
        unsigned place = search->next++;
        if (place < NUMBERED)
            snprintf(name, sizeof name, "clang-%u", NEWEST - place);
        else if (!name_other(place - NUMBERED, name, sizeof name))
            return status_fail(STATUS_UNAVAILABLE,
                               "no clang on PATH: install clang, or set TUNEBOOK_CLANG to its path");
        if (subprocess_find(name, path)) return text_status(path);
    }
}

enum status clang_version(const char *path, struct text *version)
{
    struct text output = {0};
    enum status status = program_version(path, &output);
    const char *line = text_string(&output);
    if (status == STATUS_OK && !strstr(line, "clang version"))
        status = status_fail(STATUS_UNAVAILABLE, "%s --version is not clang's: %.*s", path,
                             (int)strcspn(line, "\n"), line);
    if (status == STATUS_OK) {
        text_append_bytes(version, line, strcspn(line, "\r\n"));
        status = text_status(version);
    }
    text_free(&output);
    return status;
}
