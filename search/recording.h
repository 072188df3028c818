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

struct recorded {
    bool valid;          /* it ran and its result was right */
    double objective_ns; /* where valid */
    double cost_ns;      /* compile, verification, measuring, framework: all that trying it took */
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
void recording_free(struct recording *recording);

/* NULL for one that was not recorded. */
const struct recorded *recording_find(const struct recording *recording,
                                      const struct configuration *configuration);

#endif
