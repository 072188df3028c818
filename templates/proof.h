/* The other half of an op: inputs that cannot hide a mistake, an independent reference, and how far a result
 * may be off.
 *
 * The reference is double precision on the host, written for clarity and sharing no code with any template.
 * It works on rectangles of the output, so that a large problem is checked in samples and a small one whole.
 */
#ifndef TUNEBOOK_TEMPLATES_PROOF_H
#define TUNEBOOK_TEMPLATES_PROOF_H

#include "templates/op.h"

enum proof_inputs {
    PROOF_INTEGERS, /* sparse signed integers: every k is hit, every partial sum exact in the output type */
    PROOF_NORMAL    /* standard normal */
};

enum { OP_OUTPUTS_MAX = 2 };

/* A rectangle of a logical output: batch item, rows [row, row+rows), columns [column, column+columns). */
struct proof_region {
    int64_t batch, row, rows, column, columns;
    unsigned output; /* which of outputs() */
};

struct op_proof {
    const char *op;
    /* Fills one operand (as problem.operands()[index]), stored with the pitch and strides of `operand`, gaps
     * untouched. Deterministic in (problem, kind, seed); pure, so that operands can be filled side by side.
     */
    void (*fill)(const struct problem *problem, const struct operand *operand, unsigned index,
                 enum proof_inputs kind, uint64_t seed, void *storage);
    /* Reads operands through the argument block (host pointers). value[r * columns + c] is the exact result
     * rounded by nobody; allowed[...] how far an element may be off (0: bit-exact after one rounding to the
     * output type). */
    void (*reference)(const struct problem *problem, const void *args, enum proof_inputs kind,
                      const struct proof_region *region, double *value, double *allowed);
    /* Which operands are outputs of this problem, the main one first; returns how many. */
    unsigned (*outputs)(const struct problem *problem, unsigned out[OP_OUTPUTS_MAX]);
    /* Rows and columns of one batch item of an output (an index into outputs()) as stored (n/2 columns for
     * glu). */
    void (*output_shape)(const struct problem *problem, unsigned output, int64_t *rows, int64_t *columns);
    /* Multiply-adds that the reference of the whole output takes, all batch items together: whether that is
     * affordable, or parts of it are compared. NULL: half of the op's flops. */
    double (*reference_products)(const struct problem *problem, enum proof_inputs kind, unsigned output);
    /* Where elements share most of their reference along a row alone: as many columns, from a multiple of
     * that number on, cost what one does, and parts are single rows of so many. NULL, or 0: rows and columns
     * are alike, and parts are strips and rectangles. */
    int64_t (*column_block)(const struct problem *problem, unsigned output);
    /* The scalars a proof exercises besides alpha 1, beta 0 (sets them in args). */
    unsigned n_variants; /* variant 0: as bind left it; others: alpha, beta in place, beta from C ... */
    void (*set_variant)(const struct problem *problem, unsigned variant, void *args);
    /* The operand (index) that shares the first output's storage in this variant, or -1. The caller copies
     * its content into the output (operand_copy) and hands bind() the output's pointer for both before it
     * launches; the reference gets an argument block that still has them apart. */
    int (*in_place)(const struct problem *problem, unsigned variant);
    /* The i-th of a sequence of problems that together exercise what the op has: every combination of types,
     * layouts and fusions within the first few hundred, sizes of about 256, most of them ragged. */
    void (*sample)(uint64_t i, struct problem *out);
    /* The i-th of a few small problems with the types and flags of `own`, the smallest first, ragged and of
     * few products, none with a side above `longest`. False: there are no more. */
    bool (*small_shape)(const struct problem *own, unsigned i, int64_t longest, struct problem *out);
};

const struct op_proof *op_proof_find(const char *op);

/* Adds one to a size where that makes a valid problem of it: some op may want an even one. */
bool proof_make_valid(struct problem *problem);

/* Copies the elements of one stored operand into another of the same shape and type; pitches may differ. */
void operand_copy(const struct operand *from, const void *source, const struct operand *to, void *target);

/* The verdict on stored elements against a reference: index (row * columns + column) of the first that is
 * off, or -1. NaN and infinity where the reference has none are always off. *worst becomes the largest
 * |stored - value| / allowed, 1 being just right; HUGE_VAL for an element that had to be exact and is not. */
int64_t proof_compare(enum dtype type, const void *stored, int64_t pitch, int64_t rows, int64_t columns,
                      const double *value, const double *allowed, double *worst);

#endif
