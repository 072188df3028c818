/* Bank conflicts of a kernel's main loop, counted: one block of it runs in the emulator, on shorter sums. */
#ifndef TUNEBOOK_CONFLICT_RUN_H
#define TUNEBOOK_CONFLICT_RUN_H

#include "templates/manifest.h"
#include "tuner/code/conflicts.h"
#include "tuner/device/device.h"

struct conflict_request {
    const struct manifest *manifest;
    const struct problem *problem;
    const char *configuration; /* all parameters */
    const char *gpu;           /* a target or a product's nickname, as the emulator is told it */
    const struct device_info *info;
};

/* Compiles the configuration for the emulator and runs the first block of its first kernel, in a child, for
 * two lengths of k where the op has one: what the longer took more is the main loop's alone.
 * STATUS_UNAVAILABLE without a clang for the emulator; STATUS_NOT_COVERED where the target's banks are not
 * known; else what went wrong. */
enum status conflict_run(const struct conflict_request *request, struct conflicts *out);

#endif
