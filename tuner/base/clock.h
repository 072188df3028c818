/* Monotonic time in nanoseconds, and a wall-clock stamp for provenance. */
#ifndef TUNEBOOK_BASE_CLOCK_H
#define TUNEBOOK_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);                              /* CLOCK_MONOTONIC */
uint64_t clock_wall_s(void);                          /* seconds since 1970, UTC */
void clock_format_utc(uint64_t wall_s, char out[21]); /* "2026-11-21T22:51:00Z" */
void clock_sleep_ns(uint64_t ns);

#endif
