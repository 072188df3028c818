/* A compiler that is a library with NVRTC's face, which hiprtc has too: opened at run time, never linked. */
#ifndef TUNEBOOK_COMPILE_RTC_H
#define TUNEBOOK_COMPILE_RTC_H

#include "tuner/compile/compiler.h"

/* Where a library may be and what its functions are called. */
struct rtc_family {
    const char *prefix;    /* of its functions: "nvrtc" */
    const char *code_size; /* the rest of the names of the two that hand out the code */
    const char *code;
    const char *variable; /* "TUNEBOOK_NVRTC": a path that is the only one then */
    /* Append what dlopen() is to try, one path or name per line; asked one after the other, up to NULL: the
     * cheap ones first. */
    void (*const *places)(struct text *paths);
    const char *missing; /* what to install */
};

typedef struct rtc_program *rtc_program;

struct rtc {
    void *library;
    int (*version)(int *major, int *minor);
    int (*create)(rtc_program *program, const char *source, const char *name, int n_headers,
                  const char *const *headers, const char *const *header_names);
    int (*compile)(rtc_program program, int n_options, const char *const *options);
    int (*destroy)(rtc_program *program);
    int (*log_size)(rtc_program program, size_t *size);
    int (*log)(rtc_program program, char *log);
    int (*code_size)(rtc_program program, size_t *size);
    int (*code)(rtc_program program, char *code);
    const char *(*error_string)(int error);
};

/* Opens the first library that is there; it stays open. STATUS_UNAVAILABLE with what to install. */
enum status rtc_open(const struct rtc_family *family, struct rtc *out);

/* One more function, by its whole name; `to` points to a pointer to it. STATUS_UNAVAILABLE if there is none.
 */
enum status rtc_function(const struct rtc *rtc, const char *name, void *to);

/* The file it was loaded from. */
enum status rtc_where(const struct rtc *rtc, struct text *path);

/* What tells one build of a library from another, in hexadecimal: its build id, or of one that has none a
 * hash of its file. */
void rtc_build_id(const struct rtc *rtc, char out[41]);

/* What it is told: `architecture` with the target behind it, the flags that make the code, and those that are
 * only about warnings. Lists end with NULL. */
struct rtc_options {
    const char *architecture; /* "--gpu-architecture=" */
    const char *const *flags, *const *warnings;
};

/* `version`, architecture and flags. */
enum status rtc_identify(const struct rtc_options *options, const char *version, const char *target,
                         struct text *identity);

/* The request with these options; definitions are added. */
enum status rtc_compile(const struct rtc *rtc, const struct rtc_options *options,
                        const struct compile_request *request, struct text *code, struct text *log);

/* Appends what matches `pattern` (of glob) below `root`, which may be NULL, as lines of `paths`. */
void rtc_add_places(struct text *paths, const char *root, const char *pattern);

#endif
