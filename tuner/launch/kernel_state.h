/* A loaded kernel, as kernel.c makes it and bind.c and maps.c read it. */
#ifndef TUNEBOOK_LAUNCH_KERNEL_STATE_H
#define TUNEBOOK_LAUNCH_KERNEL_STATE_H

#include "search/expr.h"
#include "tuner/launch/kernel.h"

enum { SOURCE_NONE = 0xffff };

struct step {
    void *function; /* NULL: zero */
    bool always;
    struct expr when, grid[3], cluster[3], block[3], shared_bytes, cooperative, programmatic;
    struct expr zero_offset, zero_bytes;
};

struct map {
    int operand; /* its place among the op's */
    bool always;
    struct expr when, box[2], swizzle;
};

struct kernel {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    const struct op *op;
    struct device_facts facts;
    uint32_t n_names, n_clauses, n_steps;
    int64_t fixed[DESCRIPTOR_NAMES_MAX];   /* parameters; 0 elsewhere */
    uint16_t source[DESCRIPTOR_NAMES_MAX]; /* slot it comes from, or SOURCE_NONE */
    struct expr clauses[DESCRIPTOR_CLAUSES_MAX];
    const char *clause_texts[DESCRIPTOR_CLAUSES_MAX];
    struct expr workspace_bytes;
    struct step steps[DESCRIPTOR_STEPS_MAX];
    uint32_t n_maps;
    struct map maps[DESCRIPTOR_MAPS_MAX];
    char *copies, *end; /* bytecode and texts */
};

/* The value of every name for this problem. */
void kernel_values(const struct kernel *kernel, const struct problem *problem, int64_t *values);
bool kernel_accepts_values(const struct kernel *kernel, const struct problem *problem, const int64_t *values,
                           const char **clause);

/* The value of an expression, which must lie in low..high; `what` begins errors. */
enum status bind_number(const struct expr *expr, const int64_t *values, const char *what, int64_t low,
                        int64_t high, int64_t *out);
/* The boxes of a launch's tensor maps, and how large its argument block is with them. */
enum status bind_maps(const struct kernel *kernel, const struct problem *problem, const int64_t *values,
                      struct kernel_launch *out);

#endif
