/* A pool of threads that runs the blocks of a launch: the CPU device's own, where the caller hands in none.
 *
 * The thread that calls takes part, so a pool for one thread has no threads at all. Workers spin for some
 * tens of microseconds after a launch, so that the next one finds them awake, then sleep. They keep the
 * affinity mask of the thread that made the pool and are never pinned. Signals are blocked in them: they
 * belong to the program. */
#ifndef TUNEBOOK_DEVICE_CPU_POOL_H
#define TUNEBOOK_DEVICE_CPU_POOL_H

#include "tuner/device/device.h"

struct cpu_pool;

/* Makes a pool of `threads` >= 1, the caller included. STATUS_NO_MEMORY or STATUS_IO. */
enum status cpu_pool_create(uint32_t threads, struct cpu_pool **out);
/* Joins the workers. Nothing may be running. NULL is fine. */
void cpu_pool_destroy(struct cpu_pool *pool);

/* A device_parallel_for; `pool` is a struct cpu_pool. With count <= threads every index has a thread (and
 * slot) of its own, else threads take the next index as they become free. Calls from several threads take
 * turns. */
device_parallel_for cpu_pool_run;

#endif
