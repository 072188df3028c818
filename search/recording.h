/* A search space as somebody tried all of it: every configuration, how it ended and what trying it took. For
 * developing and scoring strategies without a device.
 *
 * Read from Kernel Tuner's cache files (closed or as a killed run leaves them) and from T4 result files
 * (auto-tuning community formats, version 1.0.0). Parameters' values get their order by size where all are
 * numbers, else as the file lists them. Immutable once read, so readable from any thread. */
#ifndef TUNEBOOK_SEARCH_RECORDING_H
#define TUNEBOOK_SEARCH_RECORDING_H

#include "search/space.h"
#include "tuner/base/arena.h"

/* How trying a configuration ended: the words of T4, and the nearest of Kernel Tuner's. */
#define RECORDED_TABLE(END)                            \
    END(CORRECT, "correct", "")                        \
    END(TIMEOUT, "timeout", "RuntimeFailedConfig")     \
    END(COMPILE, "compile", "CompilationFailedConfig") \
    END(RUNTIME, "runtime", "RuntimeFailedConfig")     \
    END(CORRECTNESS, "correctness", "ErrorConfig")     \
    END(CONSTRAINTS, "constraints", "InvalidConfig")

enum recorded_end {
#define END(enumerator, t4, kernel_tuner) RECORDED_##enumerator,
    RECORDED_TABLE(END)
#undef END
        RECORDED_ENDS
};

struct recorded {
    bool valid;             /* it ran and its result was right */
    enum recorded_end end;  /* RECORDED_CORRECT where valid, and nowhere else */
    double objective_ns;    /* where valid */
    double cost_ns;         /* compile, verification, measuring, framework: all that trying it took */
    double compile_ns;      /* the compile's part of it; 0 where the file does not say */
    uint64_t finished_at_s; /* UTC; 0: unknown */
};

struct recording {
    const char *name;   /* of the file, as given */
    const char *kernel; /* "" where the file does not say */
    const char *device;
    struct space *space;       /* exactly the configurations recorded */
    struct recorded *entries;  /* [i] is that of space_at(i) */
    size_t n, n_repeated;      /* repeated: later results of a configuration, left out */
    const char *const **texts; /* of the values: [parameter][index] */
    struct space_spec spec;
    struct arena arena;
};

/* Refuses, by one line that begins with `name`: what is neither format, a configuration without one of the
 * parameters, more than SPACE_PARAMETERS_MAX parameters, times that are negative or no numbers, a file
 * without a single valid configuration. */
enum status recording_read(const char *name, const char *bytes, size_t size, struct recording **out);

/* A configuration as text, "NAME=VALUE,NAME=VALUE", and how it ended. */
struct recorded_text {
    const char *configuration;
    struct recorded result;
};
/* Makes a recording of a list, whose first item says which parameters there are; items with other ones are
 * left out and counted. Of several results of one configuration the first counts. STATUS_BAD_DATA as above.
 */
enum status recording_from_texts(const char *name, const char *kernel, const char *device,
                                 const struct recorded_text *list, size_t n, struct recording **out,
                                 size_t *n_left_out);
void recording_free(struct recording *recording);

/* NULL for one that was not recorded. */
const struct recorded *recording_find(const struct recording *recording,
                                      const struct configuration *configuration);

#endif
