/* Which parts of an output are compared, and what they must be. */
#ifndef TUNEBOOK_VERIFY_REGIONS_H
#define TUNEBOOK_VERIFY_REGIONS_H

#include "tuner/device/cpu_pool.h"
#include "tuner/verify_plan.h"

/* Of each output the whole where its reference takes well under a second of the machine, else rows and
 * columns across all of it, corners, and random rectangles: every row and column position of every tile is in
 * one of them. Where the op's columns come in blocks (column_block): blocks of single rows, in the corners
 * and at random places. */
enum status verify_regions_choose(const struct verify_plan *plan, const struct verify_case *vcase,
                                  struct verify_run *run, uint64_t seed, uint32_t threads);

/* Computes the references of all runs. Regions whose every element must be exact keep the stored bytes alone.
 */
enum status verify_regions_compute(struct verify_plan *plan, struct cpu_pool *pool, uint32_t threads);

void verify_regions_free(struct verify_run *run);

#endif
