/* How long a launch takes where it will be used. docs/measurement.md says what is measured, how and why. */
#ifndef TUNEBOOK_MEASURE_H
#define TUNEBOOK_MEASURE_H

#include "db/schema.h"
#include "tuner/enqueued.h"
#include "tuner/launch/kernel.h"
#include "tuner/stage.h"

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
    /* On a device with streams launches are only enqueued: its own marks time n of them from `first` on.
     * NULL: launch() has run when it comes back, and now() tells the time. */
    enum status (*time)(void *context, uint64_t first, uint64_t n, double *ns);
    /* Told how many launches are wanted in a block, says how many it shall have and makes them ready. NULL:
     * as wanted. */
    enum status (*settle)(void *context, uint32_t *per_sample);
    uint64_t next;       /* i of the next launch */
    uint32_t per_sample; /* launches of a block; 0: not known yet */
    enum status failed;  /* the device's, the first time; nothing is launched after it, */
    char why[256];       /* and this is its line */
};

/* Warm-up, and the number of launches in a block: at least 20 where one takes less than a millisecond, else
 * as many as fit in 5 ms, one at least. Returns the time of a launch, in ns. */
double measure_prepare(struct measured *measured);

/* One block: nanoseconds per launch. */
double measure_block(struct measured *measured);

/* Blocks until the interval is narrow enough or time is up: VERDICT_OK; or until the race is lost:
 * VERDICT_SLOW, with the timing of the blocks so far. STATUS_NO_MEMORY, or what the device failed with. */
enum status measure_run(struct measured *measured, const struct measure_setting *setting,
                        enum verdict *verdict, struct timing *out);

/* Sorts the samples (ns per launch) and summarizes them. */
void measure_summarize(double *samples, size_t n, uint32_t per_sample, struct timing *out);

/* A kernel on the measured buffers (measured_kernel.c). */
struct measured_kernel {
    const struct kernel *kernel;
    struct stage *stage;
    struct kernel_launch launch;
    void *workspace;
    size_t workspace_bytes;
    struct enqueued enqueued; /* on a device with streams */
    _Alignas(16) char args[OP_ARGS_BYTES_MAX];
    /* Where the kernel has tensor maps: a prepared argument block for each copy of the weights, so that a
     * launch encodes nothing, as in an engine. */
    char *prepared;
};
enum status measured_kernel_create(const struct kernel *kernel, struct stage *stage,
                                   struct measured_kernel *out);
void measured_kernel_destroy(struct measured_kernel *measured);
/* What measures it; lives as long as the kernel. */
struct measured measured_kernel(struct measured_kernel *kernel);

/* Was anybody else running on our CPUs? Time that our threads were ready but waited for one, and time that
 * the hypervisor took. */
struct contention {
    uint64_t begin_ns, waited_ns, stolen_ticks;
};
void contention_begin(struct contention *contention);
bool contention_seen(const struct contention *contention, uint32_t threads);
/* The same of whatever stage it was measured on: a GPU's own word for it, where it has one. */
bool measure_contended(const struct stage *stage, const struct contention *contention, int64_t units);

#endif
