/* What the files of a duel share. */
#ifndef TUNEBOOK_DUEL_INTERNAL_H
#define TUNEBOOK_DUEL_INTERNAL_H

#include "tuner/duel.h"
#include "tuner/launch/kernel.h"
#include "tuner/vendor/vendor.h"

/* A problem's operands in device memory: normal values, weights in as many copies as exceed twice the last
 * level cache. */
struct duel_buffers {
    const struct device_api *api;
    struct device *device;
    struct problem problem;
    unsigned n, output;
    struct operand operands[OP_OPERANDS_MAX];
    char *base[OP_OPERANDS_MAX];
    size_t stride[OP_OPERANDS_MAX]; /* bytes from copy to copy; 0: there is one */
    uint32_t copies;
    bool capped;
};
enum status duel_buffers_create(const struct device_api *api, struct device *device,
                                const struct problem *problem, uint64_t seed, struct duel_buffers *out);
void duel_buffers_destroy(struct duel_buffers *buffers);
/* The argument block for the first copies. */
void duel_buffers_bind(const struct duel_buffers *buffers, void *workspace, void *args);
/* Points its weights to copy `i` modulo copies. */
void duel_buffers_rotate(const struct duel_buffers *buffers, uint64_t i, void *args);

/* One who can be launched on them. */
struct duelist {
    const struct duel_buffers *buffers;
    struct kernel *kernel; /* ours */
    struct kernel_launch launch;
    void *workspace;
    const struct vendor_api *vendor; /* the library's */
    struct vendor_plan *plan;
    unsigned way;
    _Alignas(KERNEL_ARGS_ALIGNMENT) char args[KERNEL_ARGS_BYTES_MAX];
};
enum status duelist_ours(const struct duel_buffers *buffers, const struct trial_candidate *candidate,
                         struct duelist *out);
/* STATUS_UNAVAILABLE or STATUS_NOT_COVERED where there is no library for it. */
enum status duelist_vendor(const struct duel_buffers *buffers, struct duelist *out);
void duelist_free(struct duelist *duelist);
/* Enqueues one launch on the weights' copy `i`. */
enum status duelist_launch(struct duelist *duelist, uint64_t i);
/* Launches once and waits, so that what goes wrong is told here. */
enum status duelist_check(struct duelist *duelist);
/* Downloads the first and the last elements of the output, *n of them, as doubles; the caller's to free. */
enum status duelist_result(struct duelist *duelist, double **out, size_t *n);

/* `launches` of one duelist, recorded. */
struct duel_block {
    struct duelist *duelist;
    uint32_t launches;
    void *graph; /* NULL where the device has none: they are launched one by one */
};
enum status duel_block_record(struct duelist *duelist, uint32_t launches, struct duel_block *out);
void duel_block_free(struct duel_block *block);
enum status duel_block_enqueue(const struct duel_block *block);

/* Blocks one after the other, nobody waiting in between: ns[i] is what a launch of blocks[order[i]] took. The
 * one before the first is run too, unmeasured. n <= DUEL_CHAIN_MAX. */
enum { DUEL_CHAIN_MAX = 48 };
enum status duel_chain(const struct duel_buffers *buffers, const struct duel_block *blocks,
                       const unsigned *order, unsigned n, double *ns);

#endif
