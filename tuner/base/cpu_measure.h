/* The CPU's speed by stop-watch. Private to cpu_facts.c. */
#ifndef TUNEBOOK_BASE_CPU_MEASURE_H
#define TUNEBOOK_BASE_CPU_MEASURE_H

#include <stdint.h>
#include "tuner/base/status.h"

struct cpu_speed {
    uint32_t bandwidth_gbps, peak_gflops; /* best of a few */
};

/* Runs `threads` threads for about 100 ms, over a buffer of more than twice the last-level cache (at most 1
 * GiB). */
enum status cpu_measure(uint32_t threads, uint64_t llc_bytes, struct cpu_speed *speed);

/* To two significant digits, at least 1. */
uint32_t cpu_round_figure(double value);

/* To the nearest power of two by ratio: coarse enough that a machine measured twice is of one class. */
uint32_t cpu_class_figure(uint32_t value);

#endif
