/* Checksums of device memory, made on the device: a gigabyte takes less than a millisecond there, and a tenth
 * of a second to be copied. The kernel is templates/device/checksum.hip. */
#ifndef TUNEBOOK_CHECKSUM_H
#define TUNEBOOK_CHECKSUM_H

#include "tuner/base/text.h"
#include "tuner/device/device.h"

/* The kernel's code for a target, compiled once in a process; it lives as long. STATUS_UNAVAILABLE where
 * nothing here makes code for the target. */
enum status checksum_code(const char *target, const struct text **code);

/* The kernel loaded on a device. */
struct checksum {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    void *function;
};
enum status checksum_load(const struct device_api *api, struct device *device, const void *code, size_t bytes,
                          struct checksum *out);

/* Ranges of device memory that are summed together; begins and sizes are multiples of 16. */
struct checksum_range {
    const void *memory;
    size_t bytes;
};

struct checksum_table {
    const struct checksum *checksum;
    size_t n_chunks;
    uint32_t *chunk_range;  /* which range a chunk is of, */
    uint64_t *chunk_offset; /* and where it begins in it */
    void *chunks, *sums;    /* on the device */
    uint64_t *now, *kept;   /* what the last sum came to, and what it is held to */
};
enum status checksum_table_create(const struct checksum *checksum, const struct checksum_range *ranges,
                                  size_t n, struct checksum_table *out);
void checksum_table_destroy(struct checksum_table *table);

/* Sums everything into `now`. */
enum status checksum_run(struct checksum_table *table);
/* Sums everything and keeps it. */
enum status checksum_keep(struct checksum_table *table);
/* The first chunk whose last sum is not the one kept; n_chunks if there is none. */
size_t checksum_changed(const struct checksum_table *table);
/* One number for all of the last sums; never 0. */
uint64_t checksum_all(const struct checksum_table *table);

#endif
