/* What a GPU's memory gives at best, and what a launch of nothing costs: measured once, the ruler that
 * kernels are held to. */
#ifndef TUNEBOOK_PEAKS_H
#define TUNEBOOK_PEAKS_H

#include "tuner/base/text.h"
#include "tuner/compile/compiler.h"
#include "tuner/device/device.h"

struct peaks_setting {
    const void *code; /* of stream_probe.hip, from peaks_compile */
    size_t code_bytes;
    uint64_t
        bytes; /* that are read, or copied to as many others; 0: 2 GiB, or what a quarter of the memory has */
};

struct peaks {
    double read_gbps; /* bytes read */
    double copy_gbps; /* bytes read and written together */
    double empty_ns;  /* a launch of nothing among others, one after the other in a graph */
};

/* Makes the probe for a target with this compiler. */
enum status peaks_compile(const struct compiler_api *compiler, const char *identity, const char *target,
                          const volatile int *stop, struct text *code);

enum status peaks_run(const struct device_api *api, struct device *device,
                      const struct peaks_setting *setting, struct peaks *out);

#endif
