#include "tuner/selftest_cases.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/base/rng.h"

enum { RANDOM_CASES = 16 };

static unsigned registers_of(enum matrix_form form, enum selftest_words words)
{
    return matrix_info(form)->registers[words == SELFTEST_C   ? MATRIX_D
                                        : words == SELFTEST_D ? MATRIX_D
                                                              : (enum matrix_operand)words];
}

static unsigned elements_of(enum matrix_form form, enum matrix_operand operand)
{
    return matrix_shape_elements(&matrix_info(form)->shape, operand);
}

static unsigned *lane_of(const struct selftest_cases *cases, enum selftest_words words, size_t i,
                         unsigned lane)
{
    size_t wave = matrix_info(cases->form)->shape.wave;
    return cases->words[words] + (i * wave + lane) * registers_of(cases->form, words);
}

static void set(const struct selftest_cases *cases, enum selftest_words words, size_t i, unsigned lane,
                unsigned element, double value)
{
    const struct matrix_info *info = matrix_info(cases->form);
    enum dtype type = words == SELFTEST_C ? info->acc : info->in;
    unsigned copies = words == SELFTEST_C ? 1 : matrix_shape_copies(&info->shape);
    for (unsigned copy = 0; copy < copies; copy++) {
        unsigned *to = lane_of(cases, words, i, (lane + copy * info->shape.wave / 2) % info->shape.wave);
        dtype_store(type, (char *)to + element * dtype_bytes(type), value);
    }
}

/* A number for each k that the type has exactly and no other k has: of 8-bit floats neighbouring codes, 64 of
 * positive and 64 of negative numbers. */
static double number_of(enum dtype type, unsigned k)
{
    uint8_t code = (uint8_t)((k < 64 ? 0x20 : 0xa0) + k % 64);
    return type == DTYPE_F8E4M3 || type == DTYPE_F8E4M3FNUZ ? dtype_load(type, &code) : k + 1.0;
}

/* One element of `hot` is one; every element of the other operand tells its k. */
static void fill_one_hot(const struct selftest_cases *cases, size_t i, enum matrix_operand hot, unsigned at)
{
    const struct matrix_info *info = matrix_info(cases->form);
    enum matrix_operand other = hot == MATRIX_A ? MATRIX_B : MATRIX_A;
    unsigned elements = elements_of(cases->form, hot), others = elements_of(cases->form, other);
    set(cases, (enum selftest_words)hot, i, at / elements, at % elements, 1);
    for (unsigned x = 0; x < info->shape.wave * others; x++) {
        struct matrix_place place = matrix_place(cases->form, other, x / others, x % others);
        set(cases, (enum selftest_words)other, i, x / others, x % others,
            number_of(info->in, other == MATRIX_A ? place.column : place.row));
    }
}

static void fill_random(const struct selftest_cases *cases, size_t i, struct rng *rng)
{
    unsigned wave = matrix_info(cases->form)->shape.wave;
    for (unsigned x = 0; x < MATRIX_OPERANDS; x++) {
        unsigned elements = elements_of(cases->form, (enum matrix_operand)x);
        double most = x == MATRIX_D ? 1000 : 8;
        enum selftest_words words = x == MATRIX_D ? SELFTEST_C : (enum selftest_words)x;
        for (unsigned at = 0; at < wave * elements; at++)
            set(cases, words, i, at / elements, at % elements,
                (double)rng_below(rng, (uint64_t)(2 * most) + 1) - most);
    }
}

static void fill(const struct selftest_cases *cases)
{
    unsigned wave = matrix_info(cases->form)->shape.wave, sums = elements_of(cases->form, MATRIX_D);
    size_t i = 0;
    for (unsigned at = 0; at < wave * sums; at++) set(cases, SELFTEST_C, i, at / sums, at % sums, at + 1.0);
    i++;
    for (unsigned x = MATRIX_A; x <= MATRIX_B; x++)
        for (unsigned at = 0; at < wave * elements_of(cases->form, (enum matrix_operand)x); at++)
            fill_one_hot(cases, i++, (enum matrix_operand)x, at);
    struct rng rng;
    rng_seed(&rng, cases->form);
    while (i < cases->n) fill_random(cases, i++, &rng);
}

static void multiply(const struct selftest_cases *cases, size_t i)
{
    const unsigned *a[MATRIX_WAVE_MAX], *b[MATRIX_WAVE_MAX], *c[MATRIX_WAVE_MAX];
    unsigned *d[MATRIX_WAVE_MAX];
    for (unsigned lane = 0; lane < matrix_info(cases->form)->shape.wave; lane++) {
        a[lane] = lane_of(cases, SELFTEST_A, i, lane);
        b[lane] = lane_of(cases, SELFTEST_B, i, lane);
        c[lane] = lane_of(cases, SELFTEST_C, i, lane);
        d[lane] = lane_of(cases, SELFTEST_D, i, lane);
    }
    matrix_multiply(cases->form, d, a, b, c, false); /* no case has subnormals */
}

enum status selftest_cases_make(enum matrix_form form, struct selftest_cases *out)
{
    unsigned wave = matrix_info(form)->shape.wave;
    *out = (struct selftest_cases){.form = form};
    out->n = 1 + (size_t)wave * (elements_of(form, MATRIX_A) + elements_of(form, MATRIX_B)) + RANDOM_CASES;
    for (unsigned x = 0; x < SELFTEST_WORDS; x++) {
        size_t n = out->n * wave * registers_of(form, (enum selftest_words)x);
        out->bytes[x] = n * sizeof *out->words[x];
        out->words[x] = calloc(n, sizeof *out->words[x]);
        if (out->words[x]) continue;
        selftest_cases_free(out);
        return status_fail(STATUS_NO_MEMORY, "no memory for the self-test");
    }
    fill(out);
    for (size_t i = 0; i < out->n; i++) multiply(out, i);
    return STATUS_OK;
}

void selftest_cases_free(struct selftest_cases *cases)
{
    for (unsigned x = 0; x < SELFTEST_WORDS; x++) free(cases->words[x]);
    *cases = (struct selftest_cases){0};
}

static void name_case(const struct selftest_cases *cases, size_t i, struct text *out)
{
    unsigned wave = matrix_info(cases->form)->shape.wave;
    if (!i) {
        text_append(out, "C alone");
        return;
    }
    i--;
    for (unsigned x = MATRIX_A; x <= MATRIX_B; x++) {
        unsigned elements = elements_of(cases->form, (enum matrix_operand)x);
        if (i < (size_t)wave * elements) {
            text_format(out, "a one in %c's element %zu of lane %zu", "AB"[x], i % elements, i / elements);
            return;
        }
        i -= (size_t)wave * elements;
    }
    text_format(out, "small integers, case %zu", i);
}

static double number(const struct selftest_cases *cases, unsigned word)
{
    return dtype_load(matrix_info(cases->form)->acc, &word);
}

bool selftest_cases_equal(const struct selftest_cases *cases, const unsigned *d, struct text *why)
{
    unsigned registers = registers_of(cases->form, SELFTEST_D), wave = matrix_info(cases->form)->shape.wave;
    for (size_t at = 0; at < cases->bytes[SELFTEST_D] / sizeof *d; at++) {
        unsigned wanted = cases->words[SELFTEST_D][at];
        if (d[at] == wanted) continue;
        unsigned lane = (unsigned)(at / registers % wave), i = (unsigned)(at % registers);
        struct matrix_place place = matrix_place(cases->form, MATRIX_D, lane, i);
        name_case(cases, at / registers / wave, why);
        text_format(
            why, ": register %u of lane %u, D[%u][%u] as we believe, is %.9g (%#010x), not %.9g (%#010x)", i,
            lane, place.row, place.column, number(cases, d[at]), d[at], number(cases, wanted), wanted);
        return false;
    }
    return true;
}
