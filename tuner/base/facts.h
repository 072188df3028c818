/* What expressions may ask of a device: `device.units`, `device.lds_bytes` ... One table, so that manifests,
 * descriptors and devices agree. A fact a device does not have is 0. */
#ifndef TUNEBOOK_BASE_FACTS_H
#define TUNEBOOK_BASE_FACTS_H

#include <stdint.h>

/* FACT(name, meaning) */
#define DEVICE_FACT_TABLE(FACT)                                                                     \
    FACT(units, "compute units, SMs, or CPU threads in use")                                        \
    FACT(lds_bytes, "largest shared memory of one block; on a CPU the limit on a thread's scratch") \
    FACT(wave_size, "threads of a wave; 1 on a CPU")                                                \
    FACT(max_block_threads, "largest block; 1 on a CPU")                                            \
    FACT(vector_bytes, "width of a CPU vector register")                                            \
    FACT(vector_registers, "number of CPU vector registers")                                        \
    FACT(l1_bytes, "first-level data cache of a unit")                                              \
    FACT(l2_bytes, "second-level cache: of a core on a CPU, of the device on a GPU")                \
    FACT(llc_bytes, "last-level cache")                                                             \
    FACT(bandwidth_gbps, "main memory, 10^9 bytes per second")                                      \
    FACT(architecture, "what kernels see as GPU_ARCH: 0x942 of gfx942, 900 of sm_90a; 0 on a CPU")

enum device_fact {
#define FACT(name, meaning) DEVICE_FACT_##name,
    DEVICE_FACT_TABLE(FACT)
#undef FACT
        DEVICE_FACT_COUNT
};

struct device_facts {
    int64_t value[DEVICE_FACT_COUNT];
};

#endif
