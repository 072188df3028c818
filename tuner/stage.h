/* Where candidates run: an opened device, and where that has memory of its own, what stands there for the
 * buffers of a session.
 *
 * A mirror is a buffer's pages, poison included, with a margin of poison on either side: what a kernel writes
 * just beyond a buffer changes poison, what it reads there is NaN. Nothing on a device is read-only for a
 * kernel: checksums tell whether inputs and margins are what they were. */
#ifndef TUNEBOOK_STAGE_H
#define TUNEBOOK_STAGE_H

#include "db/schema.h"
#include "tuner/checksum.h"
#include "tuner/verify_plan.h"

struct mirror {
    char name[24];
    char *host;   /* the buffer's first page; NULL: none */
    char *memory; /* the same byte on the device */
    size_t bytes;
    char *whole; /* the allocation: margin, bytes, margin */
    size_t whole_bytes;
    bool written;                /* by kernels: an output or a workspace */
    struct checksum_table table; /* of `bytes`; made when it is first asked for */
};

struct stage {
    const struct device_api *api;
    struct device *device;
    bool own_memory;
    struct measure_set set; /* as kernels see it */
    /* What follows is for devices with memory of their own. */
    struct mirror *mirrors;
    size_t n_mirrors;
    struct checksum checksum;
    struct checksum_table guards; /* inputs and all margins */
    uint32_t *guarded;            /* whose mirror a range of `guards` is */
    void *begin, *end;            /* marks around a launch */
    double busy_ns;               /* what launches between marks took */
    /* Sums of outputs that were found right, by case, run and output of the plan. */
    uint64_t right[VERIFY_CASES_MAX][VERIFY_RUNS_MAX][OP_OUTPUTS_MAX];
};

/* The device as it is, for one whose memory is the host's. */
void stage_on_host(const struct device_api *api, struct device *device, const struct measure_set *set,
                   struct stage *out);
/* Puts everything on the device. `code` is checksum_code()'s. The plan and the host's set must outlive it.
 * STATUS_NO_MEMORY where they do not fit. */
enum status stage_create(const struct device_api *api, struct device *device, const struct verify_plan *plan,
                         const struct measure_set *set, const void *code, size_t code_bytes,
                         struct stage *out);
/* The mirror of a buffer on the host that holds this address; NULL if there is none. */
struct mirror *stage_mirror(const struct stage *stage, const void *host);
/* Turns the operands' pointers in an argument block into the device's. */
void stage_translate(const struct stage *stage, const struct operand *operands, unsigned n, void *args);

/* Is everything as it was that kernels may not change? VERDICT_OK, or out_of_bounds with a line. A device
 * that does not answer is VERDICT_LAUNCH_ERROR. */
enum verdict stage_check(struct stage *stage, char *detail, size_t capacity);

/* The same of a mirror that is not the stage's own: are its margins still all `poison`? */
enum status mirror_check(const struct stage *stage, const struct mirror *mirror, uint8_t poison,
                         bool *intact);

/* A sum of a mirror's bytes on the device; never 0. */
enum status stage_sum(struct stage *stage, struct mirror *mirror, uint64_t *sum);

/* ---- mirrors ---- */

/* Room for `bytes` that stand for those at `host`, poison all over. */
enum status mirror_create(struct stage *stage, const char *name, void *host, size_t bytes, uint8_t poison,
                          struct mirror *out);
void mirror_destroy(struct stage *stage, struct mirror *mirror);
/* Copies a range of the host's buffer here, or back. */
enum status mirror_upload(const struct stage *stage, const struct mirror *mirror, const void *from,
                          size_t bytes);
enum status mirror_download(const struct stage *stage, const struct mirror *mirror, void *to, size_t bytes);

/* ---- time ---- */

/* Marks around what is enqueued between the two; stage_clock_stop waits for it. */
enum status stage_clock_start(struct stage *stage);
enum status stage_clock_stop(struct stage *stage, double *ns);

#endif
