/* A launch bound to sizes on paper: what a descriptor's expressions say for a problem, with no device and no
 * code loaded. */
#ifndef TUNEBOOK_PAPER_H
#define TUNEBOOK_PAPER_H

#include "tuner/launch/kernel.h"

/* One kernel of a launch. */
struct paper_step {
    const char *entry; /* the descriptor's */
    uint32_t grid[3], block_threads, shared_bytes;
};

struct paper_launch {
    struct paper_step steps[DEVICE_STEPS_MAX]; /* kernels only, in order */
    uint32_t n_steps;
};

/* STATUS_NOT_COVERED with the clause if the kernel does not cover the problem on a device with these facts;
 * STATUS_BAD_DATA if an expression faults. */
enum status paper_bind(const struct descriptor *descriptor, const struct problem *problem,
                       const struct device_facts *facts, struct paper_launch *out);

#endif
