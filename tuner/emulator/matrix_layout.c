#include "tuner/emulator/matrix_layout.h"

unsigned matrix_shape_elements(const struct matrix_shape *shape, enum matrix_operand operand)
{
    switch (operand) {
    case MATRIX_A: return shape->m * shape->k / shape->wave;
    case MATRIX_B: return shape->k * shape->n / shape->wave;
    default: return shape->m * shape->n / shape->wave;
    }
}

/* AMD, as its matrix instruction calculator prints (ROCm/amd_matrix_instruction_calculator). A: consecutive
 * lanes hold consecutive rows; when the rows are through, the next lanes hold the next k, and each lane holds
 * its k side by side, or 16 of them, and its next 16 behind those of all lanes. B is the same with columns
 * for rows. D: consecutive lanes hold consecutive columns, and go on `run` rows further down; when the lanes
 * are through, the next elements go on below. */
static unsigned mfma_run(unsigned elements)
{
    return elements < 16 ? elements : 16;
}

static struct matrix_place mfma_place(const struct matrix_shape *s, enum matrix_operand operand,
                                      unsigned lane, unsigned element)
{
    unsigned run = mfma_run(matrix_shape_elements(s, operand)), groups = s->wave / s->n;
    unsigned size = operand == MATRIX_A ? s->m : s->n;
    unsigned k = run * (s->wave / size * (element / run) + lane / size) + element % run;
    switch (operand) {
    case MATRIX_A: return (struct matrix_place){lane % s->m, k};
    case MATRIX_B: return (struct matrix_place){k, lane % s->n};
    default:
        return (struct matrix_place){s->run * (groups * (element / s->run) + lane / s->n) + element % s->run,
                                     lane % s->n};
    }
}

static void mfma_holder(const struct matrix_shape *s, enum matrix_operand operand, unsigned row,
                        unsigned column, unsigned *lane, unsigned *element)
{
    unsigned run = mfma_run(matrix_shape_elements(s, operand)), groups = s->wave / s->n, group = row / s->run;
    unsigned size = operand == MATRIX_A ? s->m : s->n, k = operand == MATRIX_A ? column : row;
    switch (operand) {
    case MATRIX_A:
    case MATRIX_B:
        *lane = size * (k / run % (s->wave / size)) + (operand == MATRIX_A ? row : column);
        *element = k / run / (s->wave / size) * run + k % run;
        break;
    default: *lane = s->n * (group % groups) + column; *element = s->run * (group / groups) + row % s->run;
    }
}

/* NVIDIA, PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type". Four lanes share a row of A
 * and D and a column of B (groupID); each holds pairs (threadID_in_group). Element bit 0 goes along the pair;
 * of A bit 1 is 8 rows down and bit 2 is 8 columns on; of B bit 1 is 8 rows down; of D bit 1 is 8 rows down.
 */
static struct matrix_place mma_place(enum matrix_operand operand, unsigned lane, unsigned element)
{
    unsigned group = lane / 4, pair = lane % 4 * 2 + element % 2, second = element / 2 % 2;
    switch (operand) {
    case MATRIX_A: return (struct matrix_place){group + 8 * second, pair + 8 * (element / 4)};
    case MATRIX_B: return (struct matrix_place){pair + 8 * second, group};
    default: return (struct matrix_place){group + 8 * second, pair};
    }
}

static void mma_holder(enum matrix_operand operand, unsigned row, unsigned column, unsigned *lane,
                       unsigned *element)
{
    unsigned group = operand == MATRIX_B ? column : row % 8, pair = operand == MATRIX_B ? row : column;
    unsigned far = operand == MATRIX_B ? 0 : row / 8;
    *lane = group * 4 + pair % 8 / 2;
    *element = pair % 2 + (operand == MATRIX_B ? pair / 8 * 2 : far * 2 + pair / 8 * 4);
}

struct matrix_place matrix_shape_place(const struct matrix_shape *shape, enum matrix_operand operand,
                                       unsigned lane, unsigned element)
{
    return shape->family == MATRIX_FAMILY_MFMA ? mfma_place(shape, operand, lane, element)
                                               : mma_place(operand, lane, element);
}

void matrix_shape_holder(const struct matrix_shape *shape, enum matrix_operand operand, unsigned row,
                         unsigned column, unsigned *lane, unsigned *element)
{
    if (shape->family == MATRIX_FAMILY_MFMA)
        mfma_holder(shape, operand, row, column, lane, element);
    else
        mma_holder(operand, row, column, lane, element);
}
