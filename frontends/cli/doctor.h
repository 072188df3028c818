/* What `autotune doctor` looks at: findings with advice. */
#ifndef TUNEBOOK_CLI_DOCTOR_H
#define TUNEBOOK_CLI_DOCTOR_H

#include "frontends/cli/options.h"

enum { FINDINGS_MAX = 64, FINDING_BYTES = 512 };

enum finding_state {
    FINDING_OK,
    FINDING_ADVICE, /* works, but could be better */
    FINDING_MISSING /* a sweep needs it */
};

struct finding {
    const char *what; /* "compiler", "book" */
    enum finding_state state;
    char found[FINDING_BYTES];
    const char *advice; /* "" where all is well; static */
};

struct findings {
    struct finding items[FINDINGS_MAX];
    size_t n;
};

void finding_add(struct findings *findings, const char *what, enum finding_state state, const char *advice,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* doctor_tools.c: devices, compilers, vendor library, templates. */
void doctor_check_tools(const struct settings *settings, struct findings *findings);
/* doctor_amd.c: AMD's kernel driver and device nodes, below `root`; "" is this machine. */
void doctor_check_amd(const char *root, struct findings *findings);
/* doctor_compilers.c: compilers of GPU kernels. */
void doctor_check_compilers(struct findings *findings);
/* doctor_places.c: books, layers, cache folder. */
void doctor_check_places(const struct settings *settings, struct findings *findings);
/* doctor_system.c: what the kernel allows and how the CPU is set. */
void doctor_check_system(struct findings *findings);

/* Of a compiler's identity, the part before the flags. */
size_t identity_name_length(const char *identity);

/* doctor_selftest.c: --selftest, in place of all of these. STATUS_NOT_FOUND where a device differs. */
enum status doctor_selftest(const struct settings *settings);

#endif
