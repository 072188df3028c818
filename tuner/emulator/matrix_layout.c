#include "tuner/emulator/matrix_layout.h"

unsigned matrix_shape_copies(const struct matrix_shape *shape)
{
    return shape->family == MATRIX_FAMILY_WMMA11 ? 2 : 1;
}

unsigned matrix_shape_elements(const struct matrix_shape *shape, enum matrix_operand operand)
{
    switch (operand) {
    case MATRIX_A: return shape->m * shape->k * matrix_shape_copies(shape) / shape->wave;
    case MATRIX_B: return shape->k * shape->n * matrix_shape_copies(shape) / shape->wave;
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

/* AMD's WMMA of 32 lanes. D is as with MFMA: on gfx11 each lane has every second row of its column, from
 * gfx12 on eight that follow each other. A's rows and B's columns are lane % 16. On gfx11 a lane has all of
 * their k, so that both halves of the wave hold the same; later the halves have runs of k in turns. */
static unsigned wmma_k(const struct matrix_shape *s, unsigned lane, unsigned element)
{
    unsigned halves = 2 / matrix_shape_copies(s), half = lane / 16 % halves;
    return s->run_k * (halves * (element / s->run_k) + half) + element % s->run_k;
}

static struct matrix_place wmma_place(const struct matrix_shape *s, enum matrix_operand operand,
                                      unsigned lane, unsigned element)
{
    unsigned k = wmma_k(s, lane, element);
    switch (operand) {
    case MATRIX_A: return (struct matrix_place){lane % 16, k};
    case MATRIX_B: return (struct matrix_place){k, lane % 16};
    default: return mfma_place(s, operand, lane, element);
    }
}

static void wmma_holder(const struct matrix_shape *s, enum matrix_operand operand, unsigned row,
                        unsigned column, unsigned *lane, unsigned *element)
{
    unsigned line = operand == MATRIX_A ? row : column, k = operand == MATRIX_A ? column : row;
    unsigned halves = 2 / matrix_shape_copies(s), run = k / s->run_k;
    if (operand == MATRIX_D) {
        mfma_holder(s, operand, row, column, lane, element);
        return;
    }
    *lane = run % halves * 16 + line;
    *element = run / halves * s->run_k + k % s->run_k;
}

struct matrix_place matrix_shape_place(const struct matrix_shape *shape, enum matrix_operand operand,
                                       unsigned lane, unsigned element)
{
    switch (shape->family) {
    case MATRIX_FAMILY_MFMA: return mfma_place(shape, operand, lane, element);
    case MATRIX_FAMILY_MMA: return mma_place(operand, lane, element);
    default: return wmma_place(shape, operand, lane, element);
    }
}

void matrix_shape_holder(const struct matrix_shape *shape, enum matrix_operand operand, unsigned row,
                         unsigned column, unsigned *lane, unsigned *element)
{
    switch (shape->family) {
    case MATRIX_FAMILY_MFMA: mfma_holder(shape, operand, row, column, lane, element); break;
    case MATRIX_FAMILY_MMA: mma_holder(operand, row, column, lane, element); break;
    default: wmma_holder(shape, operand, row, column, lane, element);
    }
}
