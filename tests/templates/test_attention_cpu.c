/* The functions of attention_cpu against libm: the exponential over all that a weight can be, tanh and the
 * logarithm; narrow types against dtype.h, every value of them. */
#include "tests/base/check.h"

#include <math.h>
#include "tuner/base/dtype.h"
#include "tuner/base/rng.h"
#include "tests/scale.h"
/* Their words are macros with names of enumerators: behind those. */
#include "templates/attention/attention_cpu_number.h"
#include "templates/attention/attention_cpu_math.h"

typedef vec function(vec x);

static float apply(function *f, float x)
{
    float out[LANES];
    vec_store(out, f(vec_splat(x)));
    for (int l = 1; l < LANES; l++) assert_memory_equal(&out[l], &out[0], 4);
    return out[0];
}

static vec exp2_of(vec x)
{
    return vec_exp2(x);
}
static vec tanh_of(vec x)
{
    return vec_tanh(x);
}
static vec log2_of(vec x)
{
    return vec_log2(x);
}

/* x from [lo, hi], evenly or, where both are of one sign, evenly in the logarithm. */
static double random_between(struct rng *rng, double lo, double hi)
{
    double even = (double)rng_below(rng, 1u << 30) / (1 << 30);
    return lo > 0 ? lo * pow(hi / lo, even) : lo + (hi - lo) * even;
}

static void exp2_is_within_its_bound(void **state)
{
    (void)state;
    struct rng rng;
    double worst = 0;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < test_scaled(2000000); i++) {
        float x = (float)random_between(&rng, i % 2 ? -125 : -2, i % 3 ? 0 : 60);
        double exact = exp2((double)x), off = fabs((double)apply(exp2_of, x) - exact) / exact;
        if (off > worst) worst = off;
    }
    print_message("exp2: 2^%.2f\n", log2(worst));
    assert_true(worst < ldexp(1, -22));
    assert_true(apply(exp2_of, 0) == 1);
    assert_true(apply(exp2_of, -INFINITY) == 0);
    assert_true(apply(exp2_of, -126) == 0);
    assert_true(apply(exp2_of, -3e38f) == 0);
    assert_true(isnan(apply(exp2_of, NAN)));
}

static void tanh_is_within_its_bound(void **state)
{
    (void)state;
    struct rng rng;
    double worst = 0;
    rng_seed(&rng, 2);
    for (size_t i = 0; i < test_scaled(1000000); i++) {
        float x = (float)random_between(&rng, i % 2 ? 1e-6 : 0.3, i % 2 ? 100 : 1.5);
        if (i % 3 == 0) x = -x;
        double exact = tanh((double)x), off = fabs((double)apply(tanh_of, x) - exact) / fabs(exact);
        if (off > worst) worst = off;
    }
    print_message("tanh: 2^%.2f\n", log2(worst));
    assert_true(worst < ldexp(1, -21));
    assert_true(apply(tanh_of, 0) == 0);
    assert_true(apply(tanh_of, INFINITY) == 1);
    assert_true(apply(tanh_of, -INFINITY) == -1);
    assert_true(isnan(apply(tanh_of, NAN)));
}

static void log2_is_within_its_bound(void **state)
{
    (void)state;
    struct rng rng;
    double worst = 0;
    rng_seed(&rng, 3);
    for (size_t i = 0; i < test_scaled(1000000); i++) {
        float x = (float)random_between(&rng, i % 2 ? 1e-37 : 0.4, i % 2 ? 1e38 : 3);
        double exact = log2((double)x), off = fabs((double)apply(log2_of, x) - exact) / (1 + fabs(exact));
        if (off > worst) worst = off;
    }
    print_message("log2: 2^%.2f\n", log2(worst));
    assert_true(worst < ldexp(1, -22));
    assert_true(apply(log2_of, 1) == 0);
    assert_true(apply(log2_of, INFINITY) == INFINITY);
    assert_true(isnan(apply(log2_of, NAN)));
}

static void check_loads(int ours, const char *name, int bytes)
{
    enum dtype type;
    assert_true(dtype_parse(name, &type));
    for (unsigned bits = 0; bits < 1u << (8 * bytes); bits++) {
        unsigned short element = (unsigned short)bits;
        float out[LANES];
        vec_store(out, load_part(ours, &element, 1));
        double exact = dtype_load(type, &element), got = (double)out[0];
        if (isnan(exact) ? !isnan(got) : got != exact || signbit(got) != signbit(exact))
            fail_msg("%s 0x%x is %g, not %g", name, bits, got, exact);
        assert_true(out[1] == 0);
    }
}

static void every_narrow_number_is_read(void **state)
{
    (void)state;
    check_loads(DTYPE_F16, "f16", 2);
    check_loads(DTYPE_BF16, "bf16", 2);
    check_loads(DTYPE_F8E4M3, "f8e4m3", 1);
    check_loads(DTYPE_F8E4M3FNUZ, "f8e4m3fnuz", 1);
}

static unsigned short to_f16(float x)
{
    unsigned short out[2] = {0, 0xabcd};
    store_part(DTYPE_F16, out, vec_splat(x), 1);
    assert_int_equal(out[1], 0xabcd);
    return out[0];
}

static double f16_value(unsigned short bits)
{
    float out[LANES];
    vec_store(out, load_part(DTYPE_F16, &bits, 1));
    return (double)out[0];
}

/* Every f16 and what lies half-way to the next: ties go to the even one, a hair more or less to the nearer.
 */
static void f16_rounds_to_nearest_even(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 0x7bff; bits++) {
        double low = f16_value((unsigned short)bits), high = f16_value((unsigned short)(bits + 1));
        float middle = (float)((low + high) / 2);
        assert_int_equal(to_f16((float)low), bits);
        assert_int_equal(to_f16(-(float)high), (bits + 1) | 0x8000);
        assert_int_equal(to_f16(middle), bits + (bits & 1));
        assert_int_equal(to_f16(nextafterf(middle, INFINITY)), bits + 1);
        assert_int_equal(to_f16(nextafterf(middle, 0)), bits);
    }
    assert_int_equal(to_f16(65519.99f), 0x7bff);
    assert_int_equal(to_f16(65520), 0x7c00);
    assert_int_equal(to_f16(-INFINITY), 0xfc00);
    assert_true(isnan(f16_value(to_f16(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp2_is_within_its_bound),   cmocka_unit_test(tanh_is_within_its_bound),
        cmocka_unit_test(log2_is_within_its_bound),   cmocka_unit_test(every_narrow_number_is_read),
        cmocka_unit_test(f16_rounds_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
