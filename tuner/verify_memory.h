/* The memory side of verification: workspace, outputs and what a device may see, on the host or on a device
 * with memory of its own. There everything that is looked at is brought to the host's buffers first, so that
 * one code judges. */
#ifndef TUNEBOOK_VERIFY_MEMORY_H
#define TUNEBOOK_VERIFY_MEMORY_H

#include "tuner/verify.h"

enum { WORKSPACE_RED_ZONE = 0xa5 };

/* What a device that looks at every access may see of a case, and no more. */
enum status memory_expose_case(const struct verify *verify, const struct verify_case *vcase);
void memory_conceal_case(const struct verify *verify, const struct verify_case *vcase);

/* A workspace of that size, poisoned anew for each launch. */
enum status memory_ready_workspace(struct verify *verify, uint64_t bytes);
void memory_drop_workspace(struct verify *verify);
/* On a device: does what is around its pages stand as it did? Else it is the candidate's doing. */
enum status memory_check_workspace(const struct verify *verify, bool *intact);
void *memory_workspace(const struct verify *verify); /* as kernels see it; NULL where none */

/* The whole storage of every output: poison, then where the first is also an input, that one's values. */
enum status memory_ready_outputs(struct verify *verify, const struct verify_case *vcase,
                                 const struct verify_run *run);

/* Is an output (an index into the case's) summed where it is, and only brought here when that does not settle
 * it? */
bool memory_is_summed(const struct verify *verify, const struct verify_case *vcase, unsigned output);
enum status memory_sum_output(struct verify *verify, const struct verify_case *vcase, unsigned output,
                              uint64_t *sum);

/* Brings an output, and the red zones of the workspace. */
enum status memory_fetch_output(struct verify *verify, const struct verify_case *vcase, unsigned output);
enum status memory_fetch_workspace(struct verify *verify);

#endif
