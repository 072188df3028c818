#include "tuner/code/objdump.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/compile/clang_search.h"
#include "tuner/compile/subprocess.h"

enum { NEWEST = 30, OLDEST = 14, LISTING_BYTES_MAX = 64 << 20, DEADLINE_MS = 60000 };

/* "/usr/bin/clang-22" has it in "/usr/bin/llvm-objdump-22". */
static void beside(const char *clang, char *name, size_t size)
{
    const char *slash = strrchr(clang, '/'), *file = slash ? slash + 1 : clang;
    const char *suffix = strncmp(file, "clang", 5) == 0 ? file + 5 : "";
    snprintf(name, size, "%.*sllvm-objdump%s", (int)(file - clang), clang, suffix);
}

static bool name_other(unsigned place, char *name, size_t size)
{
    const char *rocm = getenv("ROCM_PATH");
    unsigned numbered = NEWEST - OLDEST + 1;
    if (place < numbered)
        snprintf(name, size, "llvm-objdump-%u", NEWEST - place);
    else if (place == numbered)
        snprintf(name, size, "llvm-objdump");
    else if (place == numbered + 1)
        snprintf(name, size, "%s/llvm/bin/llvm-objdump", rocm && *rocm ? rocm : "/opt/rocm");
    else
        return false;
    return true;
}

/* STATUS_NOT_FOUND if there is no such program; else what came of it. */
static enum status show(const char *name, const void *code, size_t bytes, struct text *listing)
{
    struct text path = {0};
    int ended = 0;
    if (!subprocess_find(name, &path)) {
        text_free(&path);
        return STATUS_NOT_FOUND;
    }
    const char *const argv[] = {text_string(&path), "-d", "-", NULL};
    struct subprocess process = {argv, code, bytes, LISTING_BYTES_MAX, DEADLINE_MS};
    text_clear(listing);
    enum status status = subprocess_run(&process, listing, &ended);
    if (status == STATUS_OK && (ended || !strstr(text_string(listing), "Disassembly of section")))
        status =
            status_fail(STATUS_UNAVAILABLE, "%s does not show this code object: %.*s", text_string(&path),
                        (int)strcspn(text_string(listing), "\n"), text_string(listing));
    text_free(&path);
    return status;
}

static enum status nothing_found(const char *wanted, const char *failed)
{
    if (wanted && *wanted)
        return status_fail(STATUS_UNAVAILABLE,
                           "TUNEBOOK_OBJDUMP=%s is no program that shows this code object%s%s", wanted,
                           *failed ? ": " : "", failed);
    if (*failed) return status_fail(STATUS_UNAVAILABLE, "%s", failed);
    return status_fail(STATUS_UNAVAILABLE,
                       "no llvm-objdump: install llvm-22 or later, or set TUNEBOOK_OBJDUMP to its path");
}

enum status objdump_run(const void *code, size_t bytes, struct text *listing)
{
    const char *wanted = getenv("TUNEBOOK_OBJDUMP");
    struct clang_search search = {0};
    struct text clang = {0};
    char name[512], failed[512] = "";
    enum status status = STATUS_NOT_FOUND;
    bool alone = wanted && *wanted;
    if (alone) status = show(wanted, code, bytes, listing);
    while (!alone && status != STATUS_OK && clang_next(&search, &clang) == STATUS_OK) {
        beside(text_string(&clang), name, sizeof name);
        status = show(name, code, bytes, listing);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            snprintf(failed, sizeof failed, "%s", status_message());
    }
    for (unsigned place = 0; !alone && status != STATUS_OK && name_other(place, name, sizeof name); place++) {
        status = show(name, code, bytes, listing);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            snprintf(failed, sizeof failed, "%s", status_message());
    }
    text_free(&clang);
    if (alone && status != STATUS_OK && status != STATUS_NOT_FOUND)
        snprintf(failed, sizeof failed, "%s", status_message());
    return status == STATUS_OK ? STATUS_OK : nothing_found(wanted, failed);
}
