/* The dialect's conversions in bit arithmetic against tuner/base/dtype.c, and against a search for the
 * nearest code. */
#include "tests/base/check.h"

#include <math.h>
#include "templates/device/gpu_number.h"
#include "tests/scale.h"
#include "tuner/base/dtype.h"
#include "tuner/base/rng.h"

/* One code of each format through the functions of its name. */
#define FORMAT_FUNCTIONS(name, type)             \
    static float decode_##name(unsigned code)    \
    {                                            \
        return gpu_soft_from_##name((type)code); \
    }                                            \
    static unsigned encode_##name(float x)       \
    {                                            \
        return gpu_soft_to_##name(x);            \
    }
FORMAT_FUNCTIONS(f16, gpu_f16)
FORMAT_FUNCTIONS(bf16, gpu_bf16)
FORMAT_FUNCTIONS(f8e4m3, gpu_fp8)
FORMAT_FUNCTIONS(f8e5m2, gpu_fp8)
FORMAT_FUNCTIONS(f8e4m3fnuz, gpu_fp8)
FORMAT_FUNCTIONS(f8e5m2fnuz, gpu_fp8)

static const struct format {
    const char *name;
    float (*decode)(unsigned code);
    unsigned (*encode)(float x);
    unsigned bits;
    int type;         /* as dtype.c knows it, or none */
    unsigned largest; /* code of the largest finite number */
    unsigned over;    /* what comes beyond */
    float largest_value;
} formats[] = {
    {"f16", decode_f16, encode_f16, 16, DTYPE_F16, 0x7bff, 0x7c00, 65504},
    {"bf16", decode_bf16, encode_bf16, 16, DTYPE_BF16, 0x7f7f, 0x7f80, 3.38953139e38f},
    {"f8e4m3", decode_f8e4m3, encode_f8e4m3, 8, DTYPE_F8E4M3, 0x7e, 0x7e, 448},
    {"f8e5m2", decode_f8e5m2, encode_f8e5m2, 8, DTYPE_F8E5M2, 0x7b, 0x7b, 57344},
    {"f8e4m3fnuz", decode_f8e4m3fnuz, encode_f8e4m3fnuz, 8, DTYPE_F8E4M3FNUZ, 0x7f, 0x7f, 240},
    {"f8e5m2fnuz", decode_f8e5m2fnuz, encode_f8e5m2fnuz, 8, -1, 0x7f, 0x7f, 57344},
};

static bool has_minus_zero(const struct format *f)
{
    return f->encode(-0.0f) != 0;
}

/* The nearest code by search; a tie goes to the even one. Finite x. */
static unsigned nearest(const struct format *f, float x)
{
    unsigned low = 0, high = f->largest;
    double magnitude = fabs((double)x);
    while (low < high) { /* the last code that is not above x */
        unsigned middle = (low + high + 1) / 2;
        if ((double)f->decode(middle) <= magnitude)
            low = middle;
        else
            high = middle - 1;
    }
    double below = magnitude - (double)f->decode(low);
    double step = low < f->largest ? (double)f->decode(low + 1) - (double)f->decode(low)
                                   : (double)f->decode(low) - (double)f->decode(low - 1);
    unsigned code = low;
    if (below > step / 2 || (below == step / 2 && (low & 1))) code++;
    if (code > f->largest) code = f->over;
    if (!signbit(x)) return code;
    return code || has_minus_zero(f) ? code | 1u << (f->bits - 1) : 0;
}

/* dtype.c does not saturate; where it leaves the finite numbers, the dialect's rule holds. */
static unsigned expected(const struct format *f, float x)
{
    if (f->type < 0) return nearest(f, x);
    unsigned char bytes[4] = {0};
    dtype_store((enum dtype)f->type, bytes, (double)x);
    unsigned code = f->bits == 8 ? bytes[0] : bytes[0] | (unsigned)bytes[1] << 8;
    double back = dtype_load((enum dtype)f->type, bytes);
    unsigned sign = signbit(x) ? 1u << (f->bits - 1) : 0;
    return isfinite(back) ? code : sign | f->over;
}

static void check_encode(const struct format *f, float x)
{
    unsigned code = f->encode(x);
    if (isnan(x)) {
        if (!isnan(f->decode(code))) fail_msg("%s: NaN %08x becomes 0x%x", f->name, gpu_bits(x), code);
        return;
    }
    unsigned right = isinf(x) ? f->over | (signbit(x) ? 1u << (f->bits - 1) : 0) : expected(f, x);
    if (code != right) fail_msg("%s: %a becomes 0x%x, not 0x%x", f->name, (double)x, code, right);
    if (isfinite(x) && nearest(f, x) != right)
        fail_msg("%s: %a has 0x%x for the nearest code, dtype.c says 0x%x", f->name, (double)x, nearest(f, x),
                 right);
}

static void check_around(const struct format *f, float x)
{
    unsigned bits = gpu_bits(x);
    for (unsigned step = 0; step < 5; step++) {
        check_encode(f, gpu_float(bits + step - 2));
        check_encode(f, -gpu_float(bits + step - 2));
    }
}

static void test_decode(void **state)
{
    (void)state;
    for (const struct format *f = formats; f < formats + N_OF(formats); f++) {
        assert_true(f->decode(f->largest) == f->largest_value);
        for (unsigned code = 0; f->type >= 0 && code < 1u << f->bits; code++) {
            uint8_t bytes[2] = {(uint8_t)code, (uint8_t)(code >> 8)};
            float right = (float)dtype_load((enum dtype)f->type, bytes), got = f->decode(code);
            if (isnan(right) ? !isnan(got) : gpu_bits(got) != gpu_bits(right))
                fail_msg("%s: 0x%x is %a, not %a", f->name, code, (double)got, (double)right);
        }
    }
    /* the one that dtype.c does not have: (1 + fraction/4) * 2^(exponent - 16), no infinity, 0x80 is NaN */
    for (unsigned code = 0; code < 256; code++) {
        int exponent = code >> 2 & 31;
        double value = exponent ? ldexp(4 + (code & 3), exponent - 18) : ldexp(code & 3, -17);
        if (code == 0x80)
            assert_true(isnan(decode_f8e5m2fnuz(code)));
        else
            assert_true((double)decode_f8e5m2fnuz(code) == (code & 0x80 ? -value : value));
    }
}

static void test_encode_codes(void **state)
{
    (void)state;
    for (const struct format *f = formats; f < formats + N_OF(formats); f++)
        for (unsigned code = 1; code <= f->largest; code++) {
            float value = f->decode(code), before = f->decode(code - 1);
            assert_int_equal(f->encode(value), code);
            check_around(f, value);
            check_around(f, (float)(((double)value + (double)before) / 2));
        }
}

static void test_encode_ends(void **state)
{
    (void)state;
    static const unsigned ends[] = {0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff,
                                    0x7f7fffff, 0x00800000, 1,          2};
    for (const struct format *f = formats; f < formats + N_OF(formats); f++) {
        for (size_t i = 0; i < N_OF(ends); i++) {
            check_encode(f, gpu_float(ends[i]));
            check_encode(f, gpu_float(ends[i] | 0x80000000u));
        }
        check_encode(f, 0.0f);
        check_encode(f, -0.0f);
        float step = f->largest_value - f->decode(f->largest - 1);
        check_around(f, f->largest_value + step / 2);
        check_around(f, f->largest_value + step);
    }
}

static void test_encode_random(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 8);
    size_t count = test_scaled(200000);
    for (const struct format *f = formats; f < formats + N_OF(formats); f++) {
        int lowest = 127 - 24, highest = 127 + 18; /* the exponents that fp8 and f16 have */
        for (size_t i = 0; i < count; i++) {
            unsigned bits = (unsigned)rng_next(&rng);
            check_encode(f, gpu_float(bits));
            unsigned exponent = (unsigned)lowest + bits % (unsigned)(highest - lowest);
            check_encode(f, gpu_float((bits & 0x807fffffu) | exponent << 23));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode_codes),
        cmocka_unit_test(test_encode_ends),
        cmocka_unit_test(test_encode_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
