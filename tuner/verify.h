/* Is a candidate right? Runs a loaded kernel through a plan. */
#ifndef TUNEBOOK_VERIFY_H
#define TUNEBOOK_VERIFY_H

#include "db/schema.h"
#include "tuner/launch/kernel.h"
#include "tuner/stage.h"

enum { VERIFY_DETAIL_BYTES = 512 };

struct verify {
    struct verify_plan *plan;
    struct stage *stage;
    const struct kernel *kernel;
    bool deterministic; /* promised: bitwise repeatability is demanded */
    uint64_t rival_ns;  /* a launch on the problem itself that takes many times this, twice, is `slow` at
                           once; 0: never */
    struct guarded workspace;      /* of the last launch; reused while the size stays */
    struct mirror workspace_there; /* the same on a device with memory of its own */
    uint64_t workspace_bytes;
    uint32_t launches; /* so far: the poison of the workspace changes with it */
    struct {
        void *bytes; /* an output to compare with, and its size */
        size_t n_bytes;
        uint64_t sum; /* or its sum, where it is summed on the device */
    } kept[OP_OUTPUTS_MAX];
    uint64_t own_ns;   /* the faster of the problem's own launches; 0: none yet */
    const char *doing; /* for a fault's report */
    char detail[VERIFY_DETAIL_BYTES];
};

/* All cases that the kernel accepts. VERDICT_OK, else the verdict with verify->detail. */
enum verdict verify_all(struct verify *verify, bool own);

/* Once more on the measured buffers, after the measurement. */
enum verdict verify_again(struct verify *verify);

/* Inputs on the host must be what they were: sums taken before the candidate was loaded and after it ran.
 * False with detail. For a device's own memory see stage_check(). */
void verify_sum_inputs(const struct verify_plan *plan, uint64_t sums[VERIFY_CASES_MAX]);
enum verdict verify_check_inputs(struct verify *verify, const uint64_t sums[VERIFY_CASES_MAX]);

/* What the launch that failed last says of its kernel. */
enum verdict verify_fault_verdict(const struct stage *stage);

void verify_end(struct verify *verify);

#endif
