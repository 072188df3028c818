/* The CPU at hand: what code it runs, its caches, and how fast it computes and reads memory.
 *
 * Speeds are measured once (about a quarter of a second) and kept in file_cache_path("cpu.class"), so that
 * the class text of a machine does not wander. Where that file cannot be written they are measured anew each
 * time. */
#ifndef TUNEBOOK_BASE_CPU_FACTS_H
#define TUNEBOOK_BASE_CPU_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/classes.h"
#include "tuner/base/status.h"

struct cpu_facts {
    char model[96];            /* "Intel(R) Xeon(R) Platinum 8481C"; "unknown" where the CPU does not say */
    uint32_t cpus;             /* CPUs that the calling thread may run on */
    uint32_t threads;          /* asked for */
    uint32_t vector_bytes;     /* width of a vector register under `target` */
    uint32_t vector_registers; /* how many of them */
    uint64_t l1_bytes;         /* data, of one core */
    uint64_t l2_bytes;         /* of one core */
    uint64_t llc_bytes;        /* last level, of all cores in `cpus` */
    uint32_t peak_gflops;    /* f32, all threads: the best of a few runs of fused multiply-adds. Clocks vary:
                                lint should allow a good margin above it */
    uint32_t bandwidth_gbps; /* memory read by all threads: the best of a few runs, two significant digits,
                                10^9 bytes per second. The class has it rounded to a power of two */
};

/* Facts for `threads` threads; 0 means one for each CPU allowed. out->product points into *facts,
 * out->nickname is "". STATUS_USAGE for more threads than the machine has CPUs, STATUS_NO_MEMORY or STATUS_IO
 * if it cannot be measured. */
enum status cpu_facts_read(uint32_t threads, struct device_class *out, struct cpu_facts *facts);

/* As cpu_facts_read, but never measures: where the speeds were never kept they are 0. */
enum status cpu_facts_read_kept(uint32_t threads, struct device_class *out, struct cpu_facts *facts);

/* What compilers call the instruction set (-march=): "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4",
 * "armv8-a", or "generic". The levels are those of the x86-64 psABI. */
const char *cpu_target(void);

#endif
