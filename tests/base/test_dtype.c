#include "tests/base/check.h"

#include "tuner/base/dtype.h"

static const enum dtype small_types[] = {DTYPE_F16, DTYPE_BF16, DTYPE_F8E4M3, DTYPE_F8E4M3FNUZ, DTYPE_F8E5M2};

static double load_code(enum dtype type, unsigned code)
{
    uint8_t byte = (uint8_t)code;
    uint16_t half = (uint16_t)code;
    return dtype_load(type, dtype_bytes(type) == 1 ? (void *)&byte : (void *)&half);
}

static unsigned store_code(enum dtype type, double value)
{
    unsigned char bytes[4] = {0, 0, 0xaa, 0xaa};
    dtype_store(type, bytes, value);
    assert_int_equal(bytes[2], 0xaa); /* nothing behind the element */
    if (dtype_bytes(type) == 1) return bytes[0];
    uint16_t half;
    memcpy(&half, bytes, 2);
    return half;
}

static bool is_nan(double x)
{
    return x != x;
}

static bool is_infinite(double x)
{
    return !is_nan(x) && is_nan(x - x);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The next double away from zero (step 1) or towards it (step -1). */
static double neighbour(double value, int step)
{
    uint64_t bits = bits_of(value) + (uint64_t)(int64_t)step;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {"f64",        "f32",    "f16", "bf16", "f8e4m3",
                                        "f8e4m3fnuz", "f8e5m2", "i32", "i8"};
    static const unsigned bytes[] = {8, 4, 2, 2, 1, 1, 1, 4, 1};
    static const double epsilons[] = {0x1p-52, 0x1p-23, 0x1p-10, 0x1p-7, 0x1p-3, 0x1p-3, 0x1p-2, 0, 0};
    assert_int_equal(N_OF(names), DTYPE_COUNT);
    for (int i = 0; i < DTYPE_COUNT; i++) {
        enum dtype type = DTYPE_COUNT;
        assert_string_equal(dtype_name((enum dtype)i), names[i]);
        assert_true(dtype_parse(names[i], &type) && type == (enum dtype)i);
        assert_int_equal(dtype_bytes(type), bytes[i]);
        assert_true(dtype_epsilon(type) == epsilons[i]);
    }
    enum dtype type = DTYPE_I8;
    static const char *const wrong[] = {"", "f8", "F32", "f32 ", "f8e4m3f", "double"};
    for (size_t i = 0; i < N_OF(wrong); i++) assert_false(dtype_parse(wrong[i], &type));
    assert_int_equal(type, DTYPE_I8);
    assert_string_equal(dtype_name(DTYPE_COUNT), "unknown");
}

/* Landmarks of each format from its specification: one, largest, smallest normal, smallest denormal. */
static void test_landmarks(void **state)
{
    (void)state;
    static const struct {
        enum dtype type;
        unsigned code;
        double value;
    } marks[] = {
        {DTYPE_F16, 0x3c00, 1},
        {DTYPE_F16, 0x7bff, 65504},
        {DTYPE_F16, 0x0400, 0x1p-14},
        {DTYPE_F16, 0x0001, 0x1p-24},
        {DTYPE_F16, 0xc000, -2},
        {DTYPE_BF16, 0x3f80, 1},
        {DTYPE_BF16, 0x7f7f, 0x1.fep127},
        {DTYPE_BF16, 0x0080, 0x1p-126},
        {DTYPE_BF16, 0x0001, 0x1p-133},
        {DTYPE_BF16, 0xbfc0, -1.5},
        {DTYPE_F8E4M3, 0x38, 1},
        {DTYPE_F8E4M3, 0x7e, 448},
        {DTYPE_F8E4M3, 0x08, 0x1p-6},
        {DTYPE_F8E4M3, 0x01, 0x1p-9},
        {DTYPE_F8E4M3, 0xfe, -448},
        {DTYPE_F8E4M3FNUZ, 0x40, 1},
        {DTYPE_F8E4M3FNUZ, 0x7f, 240},
        {DTYPE_F8E4M3FNUZ, 0x08, 0x1p-7},
        {DTYPE_F8E4M3FNUZ, 0x01, 0x1p-10},
        {DTYPE_F8E4M3FNUZ, 0xff, -240},
        {DTYPE_F8E5M2, 0x3c, 1},
        {DTYPE_F8E5M2, 0x7b, 57344},
        {DTYPE_F8E5M2, 0x04, 0x1p-14},
        {DTYPE_F8E5M2, 0x01, 0x1p-16},
    };
    for (size_t i = 0; i < N_OF(marks); i++) {
        assert_true(load_code(marks[i].type, marks[i].code) == marks[i].value);
        assert_int_equal(store_code(marks[i].type, marks[i].value), marks[i].code);
    }
    assert_true(is_infinite(load_code(DTYPE_F16, 0x7c00)) && load_code(DTYPE_F16, 0xfc00) < 0);
    assert_true(is_infinite(load_code(DTYPE_BF16, 0x7f80)) && is_infinite(load_code(DTYPE_F8E5M2, 0xfc)));
    static const struct {
        enum dtype type;
        unsigned n_nans;
    } nans[] = {{DTYPE_F16, 2 * 1023},
                {DTYPE_BF16, 2 * 127},
                {DTYPE_F8E4M3, 2},
                {DTYPE_F8E4M3FNUZ, 1},
                {DTYPE_F8E5M2, 6}};
    for (size_t i = 0; i < N_OF(nans); i++) {
        unsigned n = 0;
        for (unsigned code = 0; code < 1u << 8 * dtype_bytes(nans[i].type); code++)
            n += is_nan(load_code(nans[i].type, code));
        assert_int_equal(n, nans[i].n_nans);
    }
    assert_true(is_nan(load_code(DTYPE_F8E4M3, 0x7f)) && is_nan(load_code(DTYPE_F8E4M3FNUZ, 0x80)));
}

/* Every code survives, NaN as some NaN; magnitudes ascend with the code; the sign is the top bit. */
static void test_every_code_round_trips(void **state)
{
    (void)state;
    for (size_t t = 0; t < N_OF(small_types); t++) {
        enum dtype type = small_types[t];
        unsigned n = 1u << 8 * dtype_bytes(type), sign = n / 2;
        for (unsigned code = 0; code < n; code++) {
            double value = load_code(type, code);
            unsigned back = store_code(type, value);
            if (is_nan(value)) {
                assert_true(is_nan(load_code(type, back)));
                continue;
            }
            if (back != code) fail_msg("%s: code 0x%x became 0x%x", dtype_name(type), code, back);
            assert_int_equal(bits_of(value) >> 63, code / sign);
            if (code < sign && code) assert_true(value > load_code(type, code - 1));
            if (code < sign && code) assert_true(load_code(type, code | sign) == -value);
        }
    }
}

/* Between two neighbours: below the middle down, above it up, in the middle to the even one. */
static void test_rounding(void **state)
{
    (void)state;
    for (size_t t = 0; t < N_OF(small_types); t++) {
        enum dtype type = small_types[t];
        unsigned sign = 1u << (8 * dtype_bytes(type) - 1);
        bool unsigned_zero = type == DTYPE_F8E4M3FNUZ;
        for (unsigned code = 0; code + 1 < sign; code++) {
            double low = load_code(type, code), high = load_code(type, code + 1);
            if (is_nan(high) || is_infinite(high)) break;
            double middle = (low + high) / 2;
            unsigned even = code & 1 ? code + 1 : code;
            assert_int_equal(store_code(type, middle), even);
            assert_int_equal(store_code(type, neighbour(middle, -1)), code);
            assert_int_equal(store_code(type, neighbour(middle, 1)), code + 1);
            assert_int_equal(store_code(type, -neighbour(middle, 1)), (code + 1) | sign);
            unsigned negative = unsigned_zero && !code ? 0 : code | sign;
            assert_int_equal(store_code(type, -neighbour(middle, -1)), negative);
        }
    }
}

static void test_overflow_and_underflow(void **state)
{
    (void)state;
    static const struct {
        enum dtype type;
        double last;   /* rounds to the largest value */
        double beyond; /* the first that does not */
        unsigned largest, too_large;
    } limits[] = {
        {DTYPE_F16, 0x1.ffdfffffffffp15, 65520, 0x7bff, 0x7c00},
        {DTYPE_BF16, 0x1.fefffffffffp127, 0x1.ffp127, 0x7f7f, 0x7f80},
        {DTYPE_F8E4M3, 464, 464.0000001, 0x7e, 0x7f},
        {DTYPE_F8E4M3FNUZ, 247.9999999, 248, 0x7f, 0x80},
        {DTYPE_F8E5M2, 61439.9999, 61440, 0x7b, 0x7c},
    };
    double infinity = 1e308 * 10, nan = infinity - infinity;
    for (size_t i = 0; i < N_OF(limits); i++) {
        enum dtype type = limits[i].type;
        unsigned sign = 1u << (8 * dtype_bytes(type) - 1);
        assert_int_equal(store_code(type, limits[i].last), limits[i].largest);
        assert_int_equal(store_code(type, limits[i].beyond), limits[i].too_large);
        assert_int_equal(store_code(type, 1e300), limits[i].too_large);
        assert_int_equal(store_code(type, infinity), limits[i].too_large);
        assert_int_equal(store_code(type, -infinity), limits[i].too_large | sign);
        assert_true(is_nan(load_code(type, store_code(type, nan))));
        assert_true(is_nan(load_code(type, store_code(type, -nan))));
        assert_int_equal(store_code(type, 5e-324), 0);
        assert_int_equal(store_code(type, -0.0), type == DTYPE_F8E4M3FNUZ ? 0 : sign);
        assert_int_equal(store_code(type, -1e-300), type == DTYPE_F8E4M3FNUZ ? 0 : sign);
    }
}

static void test_wide_floats(void **state)
{
    (void)state;
    unsigned char bytes[9]; /* one off: elements need no alignment */
    static const double values[] = {0, 1, -1.5, 0x1p-149, 0x1.fffffep127, 3.0000001};
    for (size_t i = 0; i < N_OF(values); i++) {
        dtype_store(DTYPE_F64, bytes + 1, values[i]);
        assert_true(dtype_load(DTYPE_F64, bytes + 1) == values[i]);
        dtype_store(DTYPE_F32, bytes + 1, values[i]);
        assert_true(dtype_load(DTYPE_F32, bytes + 1) == (double)(float)values[i]);
    }
    dtype_store(DTYPE_F32, bytes, 1 + 0x1p-24); /* halfway: to even */
    assert_true(dtype_load(DTYPE_F32, bytes) == 1);
    dtype_store(DTYPE_F32, bytes, 1e300);
    assert_true(is_infinite(dtype_load(DTYPE_F32, bytes)));
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        double value;
        int i8;
        int32_t i32;
    } cases[] = {
        {0, 0, 0},
        {0.5, 0, 0},
        {1.5, 2, 2},
        {2.5, 2, 2},
        {-0.5, 0, 0},
        {-1.5, -2, -2},
        {-2.5, -2, -2},
        {0.50001, 1, 1},
        {-2.50001, -3, -3},
        {126.5, 126, 126},
        {127.4, 127, 127},
        {127.5, 127, 128},
        {1000, 127, 1000},
        {-128.5, -128, -128},
        {-129, -128, -129},
        {3e9, 127, INT32_MAX},
        {-3e9, -128, INT32_MIN},
        {1e300, 127, INT32_MAX},
        {2147483646.5, 127, 2147483646},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int8_t i8;
        int32_t i32;
        dtype_store(DTYPE_I8, &i8, cases[i].value);
        dtype_store(DTYPE_I32, &i32, cases[i].value);
        assert_int_equal(i8, cases[i].i8);
        assert_int_equal(i32, cases[i].i32);
        assert_true(dtype_load(DTYPE_I8, &i8) == cases[i].i8 && dtype_load(DTYPE_I32, &i32) == cases[i].i32);
    }
    double infinity = 1e308 * 10;
    int8_t i8 = 1;
    dtype_store(DTYPE_I8, &i8, infinity - infinity);
    assert_int_equal(i8, 0);
    dtype_store(DTYPE_I8, &i8, -infinity);
    assert_int_equal(i8, -128);
    for (int value = -128; value < 128; value++) {
        dtype_store(DTYPE_I8, &i8, value);
        assert_int_equal(i8, value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_landmarks),
        cmocka_unit_test(test_every_code_round_trips),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_overflow_and_underflow),
        cmocka_unit_test(test_wide_floats),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
