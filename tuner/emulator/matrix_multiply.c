/* What a matrix instruction computes. The operands of a wave are unpacked into plain matrices of floats
 * through tables of places, multiplied, and packed again: most of an emulated GEMM's time is spent here. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include "tuner/emulator/matrix.h"

enum { ELEMENTS_MAX = MATRIX_WAVE_MAX * MATRIX_REGISTERS_MAX, CHUNK = 64 };

/* Index in the row-major matrix of lane l's element e: at[l * elements + e]. */
static struct places {
    uint16_t of[MATRIX_OPERANDS][ELEMENTS_MAX];
} tables[MATRIX_FORMS];
static float of_f8e4m3[256], of_f8e4m3fnuz[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_places(const struct matrix_shape *shape, enum matrix_operand operand, uint16_t *of)
{
    unsigned elements = matrix_shape_elements(shape, operand);
    unsigned columns = operand == MATRIX_A ? shape->k : shape->n;
    for (unsigned i = 0; i < shape->wave * elements; i++) {
        struct matrix_place place = matrix_shape_place(shape, operand, i / elements, i % elements);
        of[i] = (uint16_t)(place.row * columns + place.column);
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

/* The operand as a row-major matrix. */
static void unpack(enum matrix_form form, enum matrix_operand operand, const unsigned *const registers[],
                   float *matrix)
{
    const struct matrix_info *info = matrix_info(form);
    unsigned words = info->registers[operand], wave = info->shape.wave;
    unsigned elements = matrix_shape_elements(&info->shape, operand) * wave;
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
    const uint16_t *of = tables[form].of[operand];
    for (unsigned i = 0; i < elements; i++) matrix[of[i]] = values[i];
}

/* --- the product --- */

typedef float quad __attribute__((vector_size(16), may_alias));

/* d += a.b for four rows and eight columns, where the sums stay in registers. */
static void multiply_tile(float *d, const float *a, const float *b, unsigned n, unsigned k)
{
    quad *d0 = (quad *)d, *d1 = (quad *)(d + n), *d2 = (quad *)(d + 2 * n), *d3 = (quad *)(d + 3 * n);
    quad s00 = d0[0], s01 = d0[1], s10 = d1[0], s11 = d1[1];
    quad s20 = d2[0], s21 = d2[1], s30 = d3[0], s31 = d3[1];
    for (unsigned i = 0; i < k; i++) {
        const quad *row = (const quad *)(b + i * n);
        float a0 = a[i], a1 = a[k + i], a2 = a[2 * k + i], a3 = a[3 * k + i];
        s00 += a0 * row[0];
        s01 += a0 * row[1];
        s10 += a1 * row[0];
        s11 += a1 * row[1];
        s20 += a2 * row[0];
        s21 += a2 * row[1];
        s30 += a3 * row[0];
        s31 += a3 * row[1];
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

void matrix_multiply(enum matrix_form form, unsigned *const d[], const unsigned *const a[],
                     const unsigned *const b[], const unsigned *const c[])
{
    pthread_once(&once, make_tables);
    const struct matrix_info *info = matrix_info(form);
    const struct matrix_shape *shape = &info->shape;
    _Alignas(64) float wide_a[ELEMENTS_MAX], wide_b[ELEMENTS_MAX], sums[ELEMENTS_MAX];
    unpack(form, MATRIX_A, a, wide_a);
    unpack(form, MATRIX_B, b, wide_b);
    /* Sums of at most 32 products of two 8-bit integers are exact in a float; C is added to them after. */
    bool whole = info->acc == DTYPE_I32;
    unsigned registers = info->registers[MATRIX_D];
    const uint16_t *of = tables[form].of[MATRIX_D];
    for (unsigned lane = 0; lane < shape->wave; lane++)
        for (unsigned i = 0; i < registers; i++) {
            float value = 0;
            if (!whole) memcpy(&value, &c[lane][i], sizeof value);
            sums[of[lane * registers + i]] = value;
        }
    for (unsigned row = 0; row < shape->m; row += 4)
        for (unsigned column = 0; column < shape->n; column += 8)
            multiply_tile(sums + row * shape->n + column, wide_a + row * shape->k, wide_b + column, shape->n,
                          shape->k);
    for (unsigned lane = 0; lane < shape->wave; lane++)
        for (unsigned i = 0; i < registers; i++) {
            float sum = sums[of[lane * registers + i]];
            if (whole)
                d[lane][i] = c[lane][i] + (unsigned)(int)sum;
            else
                memcpy(&d[lane][i], &sum, sizeof sum);
        }
}
