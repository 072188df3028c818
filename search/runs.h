/* Runs of another tuner on recordings, to be scored as our own strategies are: what each asked for, in order.
 *
 *     {"strategy": "kernel_tuner.pso", "runs": [{"recording": "convolution__A100.json.zst",
 *                                                "asked": ["16,1,1", "32,4,2", ...]}, ...]}
 *
 * A configuration is its values joined by commas in the order of the recording's parameters, as in a Kernel
 * Tuner cache. What it costs and how good it is, the recording says. */
#ifndef TUNEBOOK_SEARCH_RUNS_H
#define TUNEBOOK_SEARCH_RUNS_H

#include "search/replay.h"
#include "tuner/base/json.h"

struct runs {
    char *name; /* of the file, as given */
    cJSON *root;
    const char *strategy; /* these three point into root */
    const cJSON *list;
};

/* Refuses what is not of this form, by one line that begins with `name`. */
enum status runs_read(const char *name, const char *bytes, size_t size, struct runs *out);
void runs_free(struct runs *runs);

/* How many of the runs are of this recording: its file's name, folders left out. */
size_t runs_count(const struct runs *runs, const struct recording *recording);

/* The i-th of them. STATUS_BAD_DATA names a configuration that the recording does not hold. One asked for
 * twice counts once. */
enum status runs_replay(const struct runs *runs, size_t i, const struct recording *recording,
                        struct replay *out);

#endif
