/* Recordings for other tools: a Kernel Tuner cache, closed, and T4 results of version 1.0.0. Times are
 * milliseconds. recording_read reads both back. */
#ifndef TUNEBOOK_SEARCH_RECORDING_WRITE_H
#define TUNEBOOK_SEARCH_RECORDING_WRITE_H

#include "search/recording.h"
#include "tuner/base/text.h"

/* What a recording does not know of itself. */
struct recording_about {
    const int64_t *problem_size; /* Kernel Tuner's; may be NULL with n 0 */
    size_t n_problem_size;
    const char *environment; /* a JSON object that tells of device and software, for T4; or NULL */
};

/* Appends the whole file. A value whose text is a number is written as one, and True and False as truth
 * values. STATUS_NO_MEMORY. */
enum status recording_write_kt(const struct recording *recording, const struct recording_about *about,
                               struct text *out);
enum status recording_write_t4(const struct recording *recording, const struct recording_about *about,
                               struct text *out);

#endif
