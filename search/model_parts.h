/* What the files of the model share: private to search. */
#ifndef TUNEBOOK_SEARCH_MODEL_PARTS_H
#define TUNEBOOK_SEARCH_MODEL_PARTS_H

#include "search/model.h"

/* Shares of the peaks that good kernels reach, and the like: the same for every device class and every shape.
 */
struct model_shares {
    double memory, llc, lds, pipe, vector;
    double barrier_cycles;
};
extern const struct model_shares model_shares;

/* What follows from work, shape and device before any time does. */
struct model_plan {
    const struct model_device *device;
    const struct model_work *work;
    const struct model_kernel *kernel;
    double cycle_ns;
    double a_bytes, b_bytes, d_bytes; /* of an element */
    double tile_m, tile_n, tile_k, wave_m, wave_n;
    double row_tiles, column_tiles, tiles; /* of the whole batch: tiles */
    double items;                          /* blocks, each with a slice of a tile's k */
    double steps;                          /* of one item */
    double occupancy;                      /* blocks that a unit has at a time */
    double per_unit;                       /* items of the busiest unit; a fraction with stream-K */
    double units;                          /* that blocks are given to */
    double fetch_bytes;                    /* that all items ask the caches for */
    double llc_bytes;                      /* that the L2s do not have */
    double memory_bytes;
    double latency_ns; /* until a load has come */
};

static inline double model_ceil_div(double a, double b)
{
    int64_t whole = (int64_t)(a / b);
    return (double)(whole + ((double)whole * b < a));
}

static inline double model_least(double a, double b)
{
    return a < b ? a : b;
}

static inline double model_most(double a, double b)
{
    return a > b ? a : b;
}

/* Two things that go on at the same time: more than the longer one, less than both after each other. */
double model_together(double a_ns, double b_ns);

/* fetch_bytes, llc_bytes, memory_bytes, latency_ns. */
void model_traffic(struct model_plan *plan);

/* The time in which the busiest unit computes its items, with what it is made of. */
double model_unit_ns(const struct model_plan *plan, struct model_estimate *out);

/* The whole of a CPU's estimate. */
void model_estimate_cpu(const struct model_device *device, const struct model_work *work,
                        const struct model_kernel *kernel, struct model_estimate *out);

#endif
