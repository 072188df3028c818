/* The product, against a naive one through matrix_holder: every form, every code, aliased and exact. */
#include "tests/base/check.h"

#include <math.h>
#include <pthread.h>
#include "tests/scale.h"
#include "tuner/base/clock.h"
#include "tuner/base/rng.h"
#include "tuner/emulator/matrix.h"

/* The registers of a wave, one operand each. */
struct wave {
    unsigned words[3 + 1][MATRIX_WAVE_MAX][MATRIX_REGISTERS_MAX]; /* A, B, D, C */
    const unsigned *a[MATRIX_WAVE_MAX], *b[MATRIX_WAVE_MAX], *c[MATRIX_WAVE_MAX];
    unsigned *d[MATRIX_WAVE_MAX];
};
enum { C_WORDS = 3 };

static void point(struct wave *wave)
{
    for (unsigned lane = 0; lane < MATRIX_WAVE_MAX; lane++) {
        wave->a[lane] = wave->words[MATRIX_A][lane];
        wave->b[lane] = wave->words[MATRIX_B][lane];
        wave->c[lane] = wave->words[C_WORDS][lane];
        wave->d[lane] = wave->words[MATRIX_D][lane];
    }
}

static struct wave *wave_make(void)
{
    struct wave *wave = calloc(1, sizeof *wave);
    assert_non_null(wave);
    point(wave);
    return wave;
}

/* One element by its place; `words` is an index of wave.words. */
static unsigned char *element(struct wave *wave, enum matrix_form form, unsigned words, unsigned row,
                              unsigned column)
{
    enum matrix_operand operand = words == C_WORDS ? MATRIX_D : (enum matrix_operand)words;
    const struct matrix_info *info = matrix_info(form);
    unsigned lane, i;
    matrix_holder(form, operand, row, column, &lane, &i);
    return (unsigned char *)wave->words[words][lane] +
           i * dtype_bytes(operand == MATRIX_D ? info->acc : info->in);
}

static double load(struct wave *wave, enum matrix_form form, unsigned words, unsigned row, unsigned column)
{
    const struct matrix_info *info = matrix_info(form);
    return dtype_load(words <= MATRIX_B ? info->in : info->acc, element(wave, form, words, row, column));
}

static void store(struct wave *wave, enum matrix_form form, unsigned words, unsigned row, unsigned column,
                  double value)
{
    const struct matrix_info *info = matrix_info(form);
    dtype_store(words <= MATRIX_B ? info->in : info->acc, element(wave, form, words, row, column), value);
}

static void fill(struct wave *wave, enum matrix_form form, struct rng *rng)
{
    const struct matrix_shape *s = &matrix_info(form)->shape;
    for (unsigned i = 0; i < s->m; i++)
        for (unsigned k = 0; k < s->k; k++) store(wave, form, MATRIX_A, i, k, (double)rng_below(rng, 17) - 8);
    for (unsigned k = 0; k < s->k; k++)
        for (unsigned j = 0; j < s->n; j++) store(wave, form, MATRIX_B, k, j, (double)rng_below(rng, 17) - 8);
    for (unsigned i = 0; i < s->m; i++)
        for (unsigned j = 0; j < s->n; j++)
            store(wave, form, C_WORDS, i, j, (double)rng_below(rng, 2001) - 1000);
}

static double naive(struct wave *wave, enum matrix_form form, unsigned i, unsigned j)
{
    double sum = load(wave, form, C_WORDS, i, j);
    for (unsigned k = 0; k < matrix_info(form)->shape.k; k++)
        sum += load(wave, form, MATRIX_A, i, k) * load(wave, form, MATRIX_B, k, j);
    return sum;
}

static void products(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    struct wave *wave = wave_make();
    for (unsigned f = 0; f < MATRIX_FORMS * 3; f++) {
        enum matrix_form form = (enum matrix_form)(f % MATRIX_FORMS);
        const struct matrix_shape *s = &matrix_info(form)->shape;
        double expected[32][32];
        fill(wave, form, &rng);
        for (unsigned i = 0; i < s->m; i++)
            for (unsigned j = 0; j < s->n; j++) expected[i][j] = naive(wave, form, i, j);
        memset(wave->words[MATRIX_D], 0xa5, sizeof wave->words[MATRIX_D]);
        matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
        for (unsigned i = 0; i < s->m; i++)
            for (unsigned j = 0; j < s->n; j++)
                assert_true(load(wave, form, MATRIX_D, i, j) == expected[i][j]);
        for (unsigned lane = 0; lane < MATRIX_WAVE_MAX; lane++) /* and nothing else is written */
            for (unsigned r = 0; r < MATRIX_REGISTERS_MAX; r++)
                if (lane >= s->wave || r >= matrix_info(form)->registers[MATRIX_D])
                    assert_int_equal(wave->words[MATRIX_D][lane][r], 0xa5a5a5a5u);
        /* d may be c. */
        memcpy(wave->words[MATRIX_D], wave->words[C_WORDS], sizeof wave->words[MATRIX_D]);
        const unsigned *c[MATRIX_WAVE_MAX];
        for (unsigned lane = 0; lane < MATRIX_WAVE_MAX; lane++) c[lane] = wave->d[lane];
        matrix_multiply(form, wave->d, wave->a, wave->b, c, false);
        for (unsigned i = 0; i < s->m; i++)
            for (unsigned j = 0; j < s->n; j++)
                assert_true(load(wave, form, MATRIX_D, i, j) == expected[i][j]);
    }
    free(wave);
}

/* One element of A and one of B that meet: one element of D is their product, all others are 0. */
static void one_hot(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    struct wave *wave = wave_make();
    for (unsigned f = 0; f < MATRIX_FORMS * 64; f++) {
        enum matrix_form form = (enum matrix_form)(f % MATRIX_FORMS);
        const struct matrix_shape *s = &matrix_info(form)->shape;
        unsigned row = (unsigned)rng_below(&rng, s->m), column = (unsigned)rng_below(&rng, s->n);
        unsigned k = (unsigned)rng_below(&rng, s->k), other = (k + f / MATRIX_FORMS % 2) % s->k;
        memset(wave->words, 0, sizeof wave->words);
        store(wave, form, MATRIX_A, row, k, 3);
        store(wave, form, MATRIX_B, other, column, -2);
        matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
        for (unsigned i = 0; i < s->m; i++)
            for (unsigned j = 0; j < s->n; j++)
                assert_true(load(wave, form, MATRIX_D, i, j) ==
                            (i == row && j == column && k == other ? -6 : 0));
    }
    free(wave);
}

static bool same(double x, double y)
{
    return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

/* Every code of A's type, times one, is the number that dtype.h says: denormals, infinities and NaN too. */
static void every_code(void **state)
{
    (void)state;
    struct wave *wave = wave_make();
    for (unsigned f = 0; f < MATRIX_FORMS; f++) {
        enum matrix_form form = (enum matrix_form)f;
        const struct matrix_info *info = matrix_info(form);
        unsigned bytes = dtype_bytes(info->in), codes = bytes == 1 ? 256 : 65536;
        for (unsigned first = 0; first < codes; first += info->shape.m) {
            memset(wave->words, 0, sizeof wave->words);
            store(wave, form, MATRIX_B, 0, 5, 1);
            for (unsigned i = 0; i < info->shape.m; i++) {
                uint16_t code = (uint16_t)(first + i);
                memcpy(element(wave, form, MATRIX_A, i, 0), &code, bytes); /* little-endian */
                store(wave, form, C_WORDS, i, 5, info->acc == DTYPE_I32 ? 0 : -0.0);
            }
            /* The sum of other products would turn -0 into 0. */
            for (unsigned k = 1; k < info->shape.k; k++)
                if (info->in != DTYPE_I8 && info->in != DTYPE_F8E4M3FNUZ)
                    store(wave, form, MATRIX_B, k, 5, -0.0);
            matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
            for (unsigned i = 0; i < info->shape.m; i++)
                if (!same(load(wave, form, MATRIX_D, i, 5), load(wave, form, MATRIX_A, i, 0)))
                    fail_msg("%s: code %#x became %g", info->name, first + i,
                             load(wave, form, MATRIX_D, i, 5));
        }
    }
    free(wave);
}

/* C is added modulo 2^32 after an exact sum; in f32 the sum is rounded at every step, k ascending. */
static void sums(void **state)
{
    (void)state;
    struct wave *wave = wave_make();
    enum matrix_form form = MATRIX_mfma_i32_32x32x16_i8;
    for (unsigned k = 0; k < 16; k++) {
        store(wave, form, MATRIX_A, 31, k, -128);
        store(wave, form, MATRIX_B, k, 30, -128);
    }
    store(wave, form, C_WORDS, 31, 30, INT32_MAX);
    matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
    assert_true(load(wave, form, MATRIX_D, 31, 30) == INT32_MIN + (16.0 * 128 * 128 - 1));

    memset(wave->words, 0, sizeof wave->words);
    form = MATRIX_mma_m16n8k16_f32_f16;
    for (unsigned k = 0; k < 16; k++) {
        store(wave, form, MATRIX_A, 2, k, 1);
        store(wave, form, MATRIX_B, k, 3, k == 8 ? 2 : 1);
    }
    store(wave, form, C_WORDS, 2, 3, 0x1p24);
    matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
    /* A 1 beside 2^24 is half of the last place and lost, until the 2 makes it odd. */
    assert_true(load(wave, form, MATRIX_D, 2, 3) == 0x1p24 + 4);
    free(wave);
}

/* On gfx90a a subnormal number of A or B is a zero; the smallest normal one is itself. */
static void flushes(void **state)
{
    (void)state;
    struct wave *wave = wave_make();
    enum matrix_form form = MATRIX_mfma_f32_16x16x16_f16;
    assert_true(matrix_flushes(form, "gfx90a"));
    assert_false(matrix_flushes(form, "gfx942"));
    assert_false(matrix_flushes(MATRIX_mfma_i32_32x32x16_i8, "gfx90a"));
    for (unsigned i = 0; i < 4; i++) {
        const double small[] = {0x1p-14, -0x1p-14, 0x1.ff8p-15, -0x1p-24};
        store(wave, form, MATRIX_A, i, 0, small[i]);
        store(wave, form, MATRIX_A, i, 1, 1);
    }
    store(wave, form, MATRIX_B, 0, 3, 1024);
    store(wave, form, MATRIX_B, 1, 3, 0x1p-15);
    for (unsigned flush = 0; flush < 2; flush++) {
        matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, flush);
        double rest = flush ? 0 : 0x1p-15;
        assert_true(load(wave, form, MATRIX_D, 0, 3) == 0x1p-4 + rest);
        assert_true(load(wave, form, MATRIX_D, 1, 3) == -0x1p-4 + rest);
        assert_true(load(wave, form, MATRIX_D, 2, 3) == (flush ? 0 : 0x1.ff8p-5 + rest));
        assert_true(load(wave, form, MATRIX_D, 3, 3) == (flush ? 0 : -0x1p-14 + rest));
    }
    free(wave);
}

/* Tables are made once, whoever comes first. */
static void *multiply_in_thread(void *context)
{
    struct wave *wave = context;
    matrix_multiply(MATRIX_mfma_f32_16x16x32_fp8, wave->d, wave->a, wave->b, wave->c, false);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct rng rng;
    struct wave *waves[8];
    pthread_t handles[8];
    for (unsigned i = 0; i < 8; i++) {
        waves[i] = wave_make();
        rng_seed(&rng, 3);
        fill(waves[i], MATRIX_mfma_f32_16x16x32_fp8, &rng);
    }
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&handles[i], NULL, multiply_in_thread, waves[i]), 0);
    for (unsigned i = 0; i < 8; i++) pthread_join(handles[i], NULL);
    for (unsigned i = 0; i < 8; i++) {
        for (unsigned at = 0; at < 256; at++)
            assert_true(load(waves[i], MATRIX_mfma_f32_16x16x32_fp8, MATRIX_D, at / 16, at % 16) ==
                        naive(waves[i], MATRIX_mfma_f32_16x16x32_fp8, at / 16, at % 16));
        free(waves[i]);
    }
}

/* Not a bound, since machines differ: a figure for who reads the log. */
static void speed(void **state)
{
    (void)state;
    struct wave *wave = wave_make();
    for (unsigned f = 0; f < MATRIX_FORMS; f++) {
        enum matrix_form form = (enum matrix_form)f;
        const struct matrix_shape *s = &matrix_info(form)->shape;
        int repeats = (int)test_scaled(2000);
        uint64_t begin = clock_ns();
        for (int i = 0; i < repeats; i++) matrix_multiply(form, wave->d, wave->a, wave->b, wave->c, false);
        double ns = (double)(clock_ns() - begin) / repeats;
        print_message("%-24s %6.0f ns, %5.2f G multiply-adds/s\n", matrix_info(form)->name, ns,
                      s->m * s->n * s->k / ns);
    }
    free(wave);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads),    cmocka_unit_test(products), cmocka_unit_test(one_hot),
        cmocka_unit_test(every_code), cmocka_unit_test(sums),     cmocka_unit_test(flushes),
        cmocka_unit_test(speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
