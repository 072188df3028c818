/* Device classes: `target:units:GB/s`, who shares winners, with the physics that lint and models need.
 *
 * The usual GPUs stand in device_classes.def with the source of each figure; the CPU is measured once. */
#ifndef TUNEBOOK_BASE_CLASSES_H
#define TUNEBOOK_BASE_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/dtype.h"
#include "tuner/base/status.h"

enum { CLASS_TEXT_BYTES = 64 };

struct device_class {
    const char *nickname;    /* "mi300x", "h100_sxm"; "" for a measured CPU */
    const char *product;     /* "AMD Instinct MI300X" */
    char target[32];         /* "gfx942", "sm_90a", "x86-64-v4" */
    uint32_t units;          /* compute units, SMs, or CPU threads in use */
    uint32_t bandwidth_gbps; /* main memory, 10^9 bytes per second */
    uint32_t clock_mhz;      /* boost; 0: unknown */
    uint32_t wave_size;      /* threads of a wave or warp; 1 on a CPU */
    uint32_t lds_bytes;      /* largest shared memory of one block */
    uint64_t l2_bytes;       /* last cache that all units share before memory (Infinity Cache apart) */
    uint64_t llc_bytes;      /* last-level cache of all: Infinity Cache, L3 */
    double peak_tflops[DTYPE_COUNT]; /* dense matrix arithmetic by input type, any accumulator; 0: none or
                                        unknown */
};

/* The text of the class, e.g. "gfx942:304:5300". */
void class_format(const struct device_class *device_class, char out[CLASS_TEXT_BYTES]);

/* Splits "target:units:GB/s"; STATUS_USAGE with the right form otherwise. */
enum status class_parse(const char *text, char target[32], uint32_t *units, uint32_t *bandwidth_gbps);

/* Finds by nickname, or by class text (of several products the one with the highest peaks). NULL if unknown.
 * The table is static. */
const struct device_class *class_find(const char *name);
const struct device_class *class_table(size_t *n);

/* The names a user may give, for "did you mean": nicknames, then targets, each once. Returns how many were
 * written. */
size_t class_targets(const char **names, size_t capacity);

#endif
