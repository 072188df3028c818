/* An analytic model: how long a matrix product would take on a device, from physics alone.
 *
 * Pure functions over plain structs: constants of a device class, the work, the shape of a kernel. No device,
 * no template, nothing measured of the kernel itself; docs/model.md has the formulae and what they are worth.
 * Times are estimates for ranking and predicting, never claims. */
#ifndef TUNEBOOK_SEARCH_MODEL_H
#define TUNEBOOK_SEARCH_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include "tuner/base/classes.h"
#include "tuner/base/facts.h"

/* A device class. Rates are peaks, of which model.c says the share that is reached, but for the L2's: those
 * are what loads of tiles reach. */
struct model_device {
    bool is_cpu;
    uint32_t units;     /* compute units, SMs, threads */
    uint32_t dies;      /* XCDs: parts with an L2 each */
    uint32_t wave_size; /* 1 on a CPU */
    uint32_t pipes;     /* matrix units (SIMDs) of a unit */
    double clock_ghz;
    double flops[DTYPE_COUNT];   /* matrix arithmetic: per unit and cycle, by the type of the inputs */
    double vector_flops;         /* f32 fused multiply-adds of the vector units, 2 each: per unit and cycle */
    double power[DTYPE_COUNT];   /* share of the peak that power leaves when all units compute */
    double lds_bytes_per_cycle;  /* of a unit; on a CPU its L1 */
    uint64_t lds_bytes;          /* of a unit */
    uint32_t registers;          /* 32-bit registers of a unit; 0: not a limit */
    uint32_t unit_threads;       /* that a unit holds; 0: not a limit */
    double l2_bytes_per_cycle;   /* of a die, to its units */
    double unit_bytes_per_cycle; /* of a unit, from its L2 */
    uint64_t l2_bytes;           /* of a die; of a core on a CPU */
    double llc_gbps;             /* cache between the dies' L2 and memory, all together; 0: none */
    uint64_t llc_bytes;
    double memory_gbps;
    double memory_latency_ns, near_latency_ns;
    double launch_ns; /* of a kernel behind another */
};

struct model_work {
    int64_t m, n, k, batch; /* n counts both halves of a glu */
    enum dtype a_type, b_type, d_type;
    double extra_bytes; /* read or written once beside A, B and D: bias, scales */
    bool weights_cold;  /* B comes from memory, not from a cache that an earlier launch has filled */
};

struct model_kernel {
#define MODEL_SHAPE(name, value, least, meaning) int64_t name;
#include "search/model_kernel.def"
#undef MODEL_SHAPE
};

enum model_part {
    MODEL_MATRIX,  /* arithmetic: matrix or vector instructions, padding included */
    MODEL_LDS,     /* shared memory, or a CPU's L1 */
    MODEL_L2,      /* traffic between units and their L2 */
    MODEL_LLC,     /* between the L2s and the Infinity Cache */
    MODEL_MEMORY,  /* main memory */
    MODEL_LATENCY, /* waiting: loads that nothing hides, barriers, filling the pipeline */
    MODEL_WAVES,   /* units that idle because tiles do not divide among them */
    MODEL_SPLIT,   /* meeting of partial sums */
    MODEL_LAUNCH,
    MODEL_EPILOGUE, /* storing D */
    MODEL_PARTS
};

struct model_estimate {
    double ns;
    /* What each part would take by itself, or adds. They overlap, so they do not sum up to `ns`. */
    double part_ns[MODEL_PARTS];
    enum model_part bound; /* the part that most of the time goes to */
    int64_t tiles, rounds, occupancy;
};

/* The constants of a class: of the table, or of the CPU that was measured. `facts` may be NULL for a GPU of
 * the table. A class that the table does not know gets its target's architecture with its own units and
 * bandwidth; false where the target is unknown too. */
bool model_device_of(const struct device_class *device_class, const struct device_facts *facts,
                     struct model_device *out);

/* The shape that says nothing: every default. */
void model_kernel_init(struct model_kernel *kernel);

void model_estimate(const struct model_device *device, const struct model_work *work,
                    const struct model_kernel *kernel, struct model_estimate *out);

const char *model_part_name(enum model_part part); /* "matrix", "lds", ... */

#endif
