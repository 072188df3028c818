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

/* A rectangle of the logical output: batch item, rows [row, row+rows), columns [column, column+columns). */
struct proof_region {
    int64_t batch, row, rows, column, columns;
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
    /* Rows and columns of one batch item of the output as stored (n/2 columns for glu). */
    void (*output_shape)(const struct problem *problem, int64_t *rows, int64_t *columns);
    /* Which operand is the output; and the scalars a proof exercises besides alpha 1, beta 0 (sets them in
     * args). */
    unsigned (*output_operand)(const struct problem *problem);
    unsigned n_variants; /* variant 0: as bind left it; others: alpha, beta in place, beta from C ... */
    void (*set_variant)(const struct problem *problem, unsigned variant, void *args);
    /* The operand (index) that shares the output's storage in this variant, or -1. The caller copies its
     * content into the output (operand_copy) and hands bind() the output's pointer for both before it
     * launches; the reference gets an argument block that still has them apart. */
    int (*in_place)(const struct problem *problem, unsigned variant);
    /* The i-th of a sequence of problems that together exercise what the op has: every combination of types,
     * layouts and fusions within the first few hundred, sizes of about 256, most of them ragged. */
    void (*sample)(uint64_t i, struct problem *out);
};

const struct op_proof *op_proof_find(const char *op);

/* Copies the elements of one stored operand into another of the same shape and type; pitches may differ. */
void operand_copy(const struct operand *from, const void *source, const struct operand *to, void *target);

/* The verdict on stored elements against a reference: index (row * columns + column) of the first that is
 * off, or -1. NaN and infinity where the reference has none are always off. *worst becomes the largest
 * |stored - value| / allowed, 1 being just right; HUGE_VAL for an element that had to be exact and is not. */
int64_t proof_compare(enum dtype type, const void *stored, int64_t pitch, int64_t rows, int64_t columns,
                      const double *value, const double *allowed, double *worst);

#endif
