/* What a candidate must get right: cases of a problem with their inputs and references, made once and shared
 * by all candidates.
 *
 * A case is a shape, a kind of inputs, and runs with different scalars. Small ragged shapes come first, with
 * every kind and every variant: they are cheap, and whoever hangs or crashes does so at once. Then the
 * problem itself: integers in guarded buffers with the least allowed alignment and poisoned gaps, then normal
 * values in the very buffers that are measured. A reference covers the whole output where that is affordable,
 * else rectangles of it: see docs/measurement.md. */
#ifndef TUNEBOOK_VERIFY_PLAN_H
#define TUNEBOOK_VERIFY_PLAN_H

#include "templates/proof.h"
#include "tuner/measure_set.h"
#include "tuner/verify_buffers.h"

enum { VERIFY_CASES_MAX = 40, VERIFY_RUNS_MAX = 8, POISON = 0xff, POISON_INTEGER = 0x7f, POISON_FNUZ = 0x80 };

/* A rectangle of the output and what it must be: stored bytes where the proof demands exactness, else values
 * with tolerances. */
struct verify_region {
    struct proof_region at;
    void *exact; /* rows x columns of the output's type, tight; NULL */
    double *value, *allowed;
};

struct verify_run {
    unsigned variant;
    struct verify_region *regions;
    size_t n_regions;
};

struct verify_case {
    struct problem problem;
    enum proof_inputs kind;
    bool own;                                                /* the problem itself, not a small shape */
    unsigned n_operands, n_outputs, outputs[OP_OUTPUTS_MAX]; /* operands that kernels write */
    struct operand operands[OP_OPERANDS_MAX];                /* with the pitches they have here */
    struct guarded buffers[OP_OPERANDS_MAX]; /* unused where the buffers are the measured ones */
    char *data[OP_OPERANDS_MAX];
    struct guarded poison[OP_OPERANDS_MAX]; /* twins of NaN for operands that some variant does not read */
    struct verify_run runs[VERIFY_RUNS_MAX];
    unsigned n_runs;
};

/* How much is tried. An emulated launch takes thousands of times what the device takes, and sees races where
 * a device has to be lucky: smaller shapes, each with some of the variants, and no second launch. */
enum verify_effort { VERIFY_WHOLE, VERIFY_EMULATED };

struct verify_plan {
    const struct op_proof *proof;
    struct verify_case cases[VERIFY_CASES_MAX];
    unsigned n_cases;
    uint32_t unread[VERIFY_RUNS_MAX]; /* by variant: bit per operand that the op says nobody reads */
    double own_flops;                 /* of one launch */
    enum verify_effort effort;
};

/* Makes the plan with up to `threads` threads, which are gone when it returns. `set` is filled on the way
 * (its first copies) and must outlive the plan. */
enum status verify_plan_create(const struct problem *problem, uint64_t seed, enum verify_effort effort,
                               uint32_t threads, struct measure_set *set, struct verify_plan *out);
void verify_plan_destroy(struct verify_plan *plan);

/* The argument block of a run. */
void verify_bind(const struct verify_plan *plan, const struct verify_case *vcase, unsigned variant,
                 bool for_reference, void *workspace, void *args);

bool verify_is_output(const struct verify_case *vcase, unsigned operand);

/* The poison for gaps and red zones of an operand. */
uint8_t verify_poison(enum dtype type);

#endif
