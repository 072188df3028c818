/* How long a launch takes where it will be used. docs/measurement.md says what is measured, how and why. */
#ifndef TUNEBOOK_MEASURE_H
#define TUNEBOOK_MEASURE_H

#include "db/schema.h"
#include "tuner/launch/kernel.h"
#include "tuner/measure_set.h"

struct measure_setting {
    uint64_t time_ns;  /* for samples */
    double interval;   /* narrow enough: width of the median's 95 % interval over the median */
    uint64_t rival_ns; /* whom it races against (racing.h); 0: nobody */
};

/* Something that can be launched on the measured buffers. */
struct measured {
    void (*launch)(void *context, uint64_t i); /* i counts launches, so that weights rotate */
    void *context;
    uint64_t (*now)(void *context); /* NULL: the host's clock */
    uint64_t next;                  /* i of the next launch */
    uint32_t per_sample;            /* launches of a block; 0: not known yet */
};

/* Warm-up, and the number of launches in a block: at least 20 where one takes less than a millisecond, else
 * as many as fit in 5 ms, one at least. Returns the time of a launch, in ns. */
double measure_prepare(struct measured *measured);

/* One block: nanoseconds per launch. */
double measure_block(struct measured *measured);

/* Blocks until the interval is narrow enough or time is up: VERDICT_OK; or until the race is lost:
 * VERDICT_SLOW, with the timing of the blocks so far. STATUS_NO_MEMORY. */
enum status measure_run(struct measured *measured, const struct measure_setting *setting,
                        enum verdict *verdict, struct timing *out);

/* Sorts the samples (ns per launch) and summarizes them. */
void measure_summarize(double *samples, size_t n, uint32_t per_sample, struct timing *out);

/* A kernel on the measured buffers. */
struct measured_kernel {
    const struct kernel *kernel;
    const struct measure_set *set;
    struct kernel_launch launch;
    void *workspace;
    size_t workspace_bytes;
    _Alignas(16) char args[OP_ARGS_BYTES_MAX];
    /* Where the kernel has tensor maps: a prepared argument block for each copy of the weights, so that a
     * launch encodes nothing, as in an engine. */
    char *prepared;
};
enum status measured_kernel_create(const struct kernel *kernel, const struct measure_set *set,
                                   struct measured_kernel *out);
void measured_kernel_destroy(struct measured_kernel *measured);
void measured_kernel_launch(void *context, uint64_t i);

/* Was anybody else running on our CPUs? Time that our threads were ready but waited for one, and time that
 * the hypervisor took. */
struct contention {
    uint64_t begin_ns, waited_ns, stolen_ticks;
};
void contention_begin(struct contention *contention);
bool contention_seen(const struct contention *contention, uint32_t threads);

#endif
