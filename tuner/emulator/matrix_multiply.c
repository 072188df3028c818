/* What a matrix instruction computes. The operands of a wave are unpacked into plain matrices of floats
 * through tables of places, multiplied, and packed again: most of an emulated GEMM's time is spent here.
 *
 * D lies in memory so that what a lane holds is side by side: with AMD's, whose lanes hold rows of one
 * column, as its transpose, the product of B's and A's transposes; with MMA, whose lanes hold pairs of one
 * row, as it is. "Left" and "right" are the factors of that product. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include "tuner/emulator/matrix.h"

enum { ELEMENTS_MAX = 2048, CHUNK = 64 }; /* of an operand */

/* Index of lane l's element e in the matrix in memory: at[l * elements + e]. */
static struct places {
    uint16_t of[MATRIX_OPERANDS][ELEMENTS_MAX];
} tables[MATRIX_FORMS];
static float of_f8e4m3[256], of_f8e4m3fnuz[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_transposed(const struct matrix_shape *shape)
{
    return shape->family != MATRIX_FAMILY_MMA;
}

/* Elements of D in a lane that are side by side in memory. */
static unsigned together(const struct matrix_shape *shape)
{
    return !is_transposed(shape) ? 2 : shape->run % 4 == 0 ? 4 : 1;
}

static void make_places(const struct matrix_shape *shape, enum matrix_operand operand, uint16_t *of)
{
    unsigned elements = matrix_shape_elements(shape, operand);
    unsigned rows = operand == MATRIX_B ? shape->k : shape->m;
    unsigned columns = operand == MATRIX_A ? shape->k : shape->n;
    for (unsigned i = 0; i < shape->wave * elements; i++) {
        struct matrix_place place = matrix_shape_place(shape, operand, i / elements, i % elements);
        unsigned index =
            is_transposed(shape) ? place.column * rows + place.row : place.row * columns + place.column;
        of[i] = (uint16_t)index;
    }
}

static void make_tables(void)
{
    for (unsigned form = 0; form < MATRIX_FORMS; form++)
        for (unsigned x = 0; x < MATRIX_OPERANDS; x++)
            make_places(&matrix_info((enum matrix_form)form)->shape, (enum matrix_operand)x,
                        tables[form].of[x]);
    for (unsigned code = 0; code < 256; code++) {
        uint8_t byte = (uint8_t)code;
        of_f8e4m3[code] = (float)dtype_load(DTYPE_F8E4M3, &byte);
        of_f8e4m3fnuz[code] = (float)dtype_load(DTYPE_F8E4M3FNUZ, &byte);
    }
}

/* --- unpacking: CHUNK elements at a time, for loops of known length are vectorized --- */

static void from_bf16(float *to, const uint16_t *from)
{
    uint32_t bits[CHUNK];
    for (unsigned i = 0; i < CHUNK; i++) bits[i] = (uint32_t)from[i] << 16;
    memcpy(to, bits, sizeof bits);
}

/* IEEE 754 binary16: the exponent is moved by 127 - 15, twice for infinity and NaN; denormals are converted
 * as integers, since the host is slow on denormals of its own. */
static void from_f16(float *to, const uint16_t *from)
{
    uint32_t bits[CHUNK], small[CHUNK];
    float values[CHUNK];
    for (unsigned i = 0; i < CHUNK; i++) values[i] = (float)(int32_t)(from[i] & 0x7fffu) * 0x1p-24f;
    memcpy(small, values, sizeof small);
    for (unsigned i = 0; i < CHUNK; i++) {
        uint32_t magnitude = from[i] & 0x7fffu, sign = (from[i] & 0x8000u) << 16;
        uint32_t normal = (magnitude << 13) + (112u << 23) + (magnitude >= 0x7c00u ? 112u << 23 : 0u);
        bits[i] = (magnitude < 0x400u ? small[i] : normal) | sign;
    }
    memcpy(to, bits, sizeof bits);
}

static void from_table(float *to, const uint8_t *from, const float *table)
{
    for (unsigned i = 0; i < CHUNK; i++) to[i] = table[from[i]];
}

static void from_i8(float *to, const uint8_t *from)
{
    for (unsigned i = 0; i < CHUNK; i++) to[i] = (float)(int8_t)from[i];
}

static void flush_subnormals(float *values, unsigned n, enum dtype type)
{
    float least = type == DTYPE_F16 ? 0x1p-14f : 0x1p-126f;
    for (unsigned i = 0; i < n; i++) values[i] = values[i] > -least && values[i] < least ? 0 : values[i];
}

/* The operand as a matrix in memory. */
static void unpack(enum matrix_form form, enum matrix_operand operand, const unsigned *const registers[],
                   bool flush, float *matrix)
{
    const struct matrix_info *info = matrix_info(form);
    unsigned words = info->registers[operand], wave = info->shape.wave;
    unsigned elements =
        matrix_shape_elements(&info->shape, operand) * wave / matrix_shape_copies(&info->shape);
    uint32_t packed[ELEMENTS_MAX];
    float values[ELEMENTS_MAX];
    for (unsigned lane = 0; lane < wave; lane++)
        for (unsigned i = 0; i < words; i++) packed[lane * words + i] = registers[lane][i];
    for (unsigned i = 0; i < elements; i += CHUNK) {
        const uint8_t *bytes = (const uint8_t *)packed + i;
        switch (info->in) {
        case DTYPE_F16:
        case DTYPE_BF16: {
            uint16_t halves[CHUNK];
            memcpy(halves, bytes + i, sizeof halves);
            (info->in == DTYPE_F16 ? from_f16 : from_bf16)(values + i, halves);
            break;
        }
        case DTYPE_F8E4M3: from_table(values + i, bytes, of_f8e4m3); break;
        case DTYPE_F8E4M3FNUZ: from_table(values + i, bytes, of_f8e4m3fnuz); break;
        default: from_i8(values + i, bytes);
        }
    }
    if (flush) flush_subnormals(values, elements, info->in);
    const uint16_t *of = tables[form].of[operand];
    for (unsigned i = 0; i < elements; i++) matrix[of[i]] = values[i];
}

/* --- the product --- */

typedef float quad __attribute__((vector_size(16), may_alias));

/* d += left.right for four rows and eight columns, where the sums stay in registers. */
static void multiply_tile(float *d, const float *left, const float *right, unsigned columns, unsigned k)
{
    quad *d0 = (quad *)d, *d1 = (quad *)(d + columns);
    quad *d2 = (quad *)(d + 2 * columns), *d3 = (quad *)(d + 3 * columns);
    quad s00 = d0[0], s01 = d0[1], s10 = d1[0], s11 = d1[1];
    quad s20 = d2[0], s21 = d2[1], s30 = d3[0], s31 = d3[1];
    for (unsigned i = 0; i < k; i++) {
        const quad *row = (const quad *)(right + i * columns);
        float l0 = left[i], l1 = left[k + i], l2 = left[2 * k + i], l3 = left[3 * k + i];
        s00 += l0 * row[0];
        s01 += l0 * row[1];
        s10 += l1 * row[0];
        s11 += l1 * row[1];
        s20 += l2 * row[0];
        s21 += l2 * row[1];
        s30 += l3 * row[0];
        s31 += l3 * row[1];
    }
    d0[0] = s00;
    d0[1] = s01;
    d1[0] = s10;
    d1[1] = s11;
    d2[0] = s20;
    d2[1] = s21;
    d3[0] = s30;
    d3[1] = s31;
}

static void multiply(float *d, const float *left, const float *right, unsigned rows, unsigned columns,
                     unsigned k)
{
    for (unsigned row = 0; row < rows; row += 4)
        for (unsigned column = 0; column < columns; column += 8)
            multiply_tile(d + row * columns + column, left + row * k, right + column, columns, k);
}

/* --- C and D: `run` elements of a lane at a time, which are side by side --- */

static inline void gather(float *sums, const unsigned *const c[], const uint16_t *of, unsigned wave,
                          unsigned registers, unsigned run)
{
    for (unsigned lane = 0; lane < wave; lane++)
        for (unsigned i = 0; i < registers; i += run)
            memcpy(sums + of[lane * registers + i], c[lane] + i, run * sizeof *sums);
}

static inline void scatter(unsigned *const d[], const float *sums, const uint16_t *of, unsigned wave,
                           unsigned registers, unsigned run)
{
    for (unsigned lane = 0; lane < wave; lane++)
        for (unsigned i = 0; i < registers; i += run)
            memcpy(d[lane] + i, sums + of[lane * registers + i], run * sizeof *sums);
}

static void scatter_integers(unsigned *const d[], const unsigned *const c[], const float *sums,
                             const uint16_t *of, unsigned wave, unsigned registers)
{
    for (unsigned lane = 0; lane < wave; lane++)
        for (unsigned i = 0; i < registers; i++)
            d[lane][i] = c[lane][i] + (unsigned)(int)sums[of[lane * registers + i]];
}

void matrix_multiply(enum matrix_form form, unsigned *const d[], const unsigned *const a[],
                     const unsigned *const b[], const unsigned *const c[], bool flush)
{
    pthread_once(&once, make_tables);
    const struct matrix_info *info = matrix_info(form);
    const struct matrix_shape *shape = &info->shape;
    bool integers = info->acc == DTYPE_I32, transposed = is_transposed(shape);
    unsigned wave = shape->wave, registers = info->registers[MATRIX_D];
    const uint16_t *of = tables[form].of[MATRIX_D];
    _Alignas(64) float wide_a[ELEMENTS_MAX], wide_b[ELEMENTS_MAX], sums[ELEMENTS_MAX];
    unpack(form, MATRIX_A, a, flush, wide_a);
    unpack(form, MATRIX_B, b, flush, wide_b);
    if (integers)
        memset(sums, 0, sizeof *sums * shape->m * shape->n);
    else if (together(shape) == 4)
        gather(sums, c, of, wave, registers, 4);
    else if (together(shape) == 2)
        gather(sums, c, of, wave, registers, 2);
    else
        gather(sums, c, of, wave, registers, 1);

    if (transposed)
        multiply(sums, wide_b, wide_a, shape->n, shape->m, shape->k);
    else
        multiply(sums, wide_a, wide_b, shape->m, shape->n, shape->k);

    /* Sums of at most 128 products of two 8-bit integers are exact in a float; C comes to them here. */
    if (integers)
        scatter_integers(d, c, sums, of, wave, registers);
    else if (together(shape) == 4)
        scatter(d, sums, of, wave, registers, 4);
    else if (together(shape) == 2)
        scatter(d, sums, of, wave, registers, 2);
    else
        scatter(d, sums, of, wave, registers, 1);
}
