/* What the fake NVRTC and the fake hiprtc have in common: a program, and the emulator's clang behind it. What
 * comes out is the object that the fake drivers run. They work in programs that have the emulator's compiler,
 * and find it in them. */
#ifndef TUNEBOOK_TESTS_FAKES_FAKE_RTC_H
#define TUNEBOOK_TESTS_FAKES_FAKE_RTC_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/compile/compiler.h"

/* Results that both have, by the same numbers. */
enum {
    FAKE_RTC_OK = 0,
    FAKE_RTC_OUT_OF_MEMORY = 1,
    FAKE_RTC_INVALID_INPUT = 3,
    FAKE_RTC_INVALID_PROGRAM = 4,
    FAKE_RTC_INVALID_OPTION = 5,
    FAKE_RTC_COMPILATION = 6
};

struct fake_program {
    char *source, *name;
    struct text code, log;
};

/* The rest of the clause of $VARIABLE that begins so; clauses are separated by ';'. NULL if there is none. */
static inline const char *fake_rtc_setting(const char *variable, const char *key)
{
    const char *text = getenv(variable);
    for (size_t length = strlen(key); text && *text; text += *text == ';') {
        if (strncmp(text, key, length) == 0) return text + length;
        text += strcspn(text, ";");
    }
    return NULL;
}

static inline int fake_rtc_create(struct fake_program **out, const char *source, const char *name,
                                  int n_headers)
{
    if (n_headers) return FAKE_RTC_INVALID_INPUT;
    struct fake_program *program = calloc(1, sizeof *program);
    if (!program) return FAKE_RTC_OUT_OF_MEMORY;
    program->source = strdup(source);
    program->name = strdup(name ? name : "default_program");
    *out = program;
    return FAKE_RTC_OK;
}

static inline int fake_rtc_destroy(struct fake_program **program)
{
    if (!*program) return FAKE_RTC_INVALID_PROGRAM;
    free((*program)->source);
    free((*program)->name);
    text_free(&(*program)->code);
    text_free(&(*program)->log);
    free(*program);
    *program = NULL;
    return FAKE_RTC_OK;
}

/* What options are: the one with the target, and the beginnings of those that the compiler knows; the last is
 * NULL. */
struct fake_rtc_options {
    const char *architecture;
    const char *const *known;
};

/* "-DM=64" becomes a line of definitions. An option that the compiler does not have is refused, as it would.
 */
static inline bool fake_rtc_take(const struct fake_rtc_options *options, const char *option,
                                 const char **target, struct text *definitions)
{
    size_t length = strlen(options->architecture);
    if (strncmp(option, options->architecture, length) == 0) {
        *target = option + length;
        return true;
    }
    if (strncmp(option, "-D", 2) == 0) {
        text_format(definitions, "%s\n", option + 2);
        return true;
    }
    for (const char *const *known = options->known; *known; known++)
        if (strncmp(option, *known, strlen(*known)) == 0) return true;
    return false;
}

/* `meet` gets to see the target, and need not come back. */
static inline int fake_rtc_compile(struct fake_program *program, const struct fake_rtc_options *options,
                                   int n, const char *const *list, void (*meet)(const char *target))
{
    const struct compiler_api *emulated = dlsym(RTLD_DEFAULT, "compiler_emu");
    struct text definitions = {0};
    const char *target = NULL;
    bool known = true;
    for (int i = 0; i < n && known; i++) known = fake_rtc_take(options, list[i], &target, &definitions);
    int result = known && target ? FAKE_RTC_COMPILATION : FAKE_RTC_INVALID_OPTION;
    if (target) meet(target);
    if (!emulated) {
        text_append(&program->log, "fake compiler: error: no emulator in this program\n");
    } else if (result == FAKE_RTC_COMPILATION) {
        struct compile_request request = {.source = program->source,
                                          .source_name = program->name,
                                          .definitions = text_string(&definitions),
                                          .target = target};
        if (emulated->compile(&request, &program->code, &program->log) == STATUS_OK) result = FAKE_RTC_OK;
    }
    text_free(&definitions);
    return result;
}

#endif
