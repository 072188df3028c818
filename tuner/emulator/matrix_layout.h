/* Which lane holds which element of a matrix instruction's operands: the formulae of each family, for any of
 * its shapes. matrix.h applies them to the instructions of templates/device/matrix.def. */
#ifndef TUNEBOOK_EMULATOR_MATRIX_LAYOUT_H
#define TUNEBOOK_EMULATOR_MATRIX_LAYOUT_H

/* D = A.B + C with A m x k, B k x n, C and D m x n. C lies as D does. */
enum matrix_operand { MATRIX_A, MATRIX_B, MATRIX_D, MATRIX_OPERANDS };

enum matrix_family {
    MATRIX_FAMILY_MFMA,    /* AMD's v_mfma_* of one block */
    MATRIX_FAMILY_WMMA11,  /* AMD's v_wmma_* of gfx11 */
    MATRIX_FAMILY_WMMA12,  /* of gfx12 */
    MATRIX_FAMILY_WMMA125, /* of gfx1250 */
    MATRIX_FAMILY_MMA      /* NVIDIA's mma.sync.m16n8k16 */
};

struct matrix_shape {
    enum matrix_family family;
    unsigned m, n, k, wave;
    unsigned run;   /* AMD: rows of D in a lane that follow each other; MMA does not ask */
    unsigned run_k; /* WMMA: steps of k of A and B likewise; the others do not ask */
};

/* In how many lanes each element of A and B is. */
unsigned matrix_shape_copies(const struct matrix_shape *shape);

/* Row and column in the operand's own matrix: of A (i, k), of B (k, j), of D (i, j). */
struct matrix_place {
    unsigned row, column;
};

/* Elements of the operand that one lane holds; `element` below is their index, counted from the lowest bits
 * of the first register. */
unsigned matrix_shape_elements(const struct matrix_shape *shape, enum matrix_operand operand);
struct matrix_place matrix_shape_place(const struct matrix_shape *shape, enum matrix_operand operand,
                                       unsigned lane, unsigned element);
void matrix_shape_holder(const struct matrix_shape *shape, enum matrix_operand operand, unsigned row,
                         unsigned column, unsigned *lane, unsigned *element);

#endif
