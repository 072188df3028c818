/* Python's numbers: integers without rounding, floats as CPython computes them (Objects/floatobject.c for the
 * signs of // and %). What needs more than 64 bits is a fault. */
#include <math.h>
#include <string.h>
#include "search/python_tree.h"

static bool is_number(const struct python_value *value)
{
    return value->kind != PYTHON_STRING;
}

static double real_of(const struct python_value *value)
{
    return value->kind == PYTHON_FLOAT ? value->real : (double)value->integer;
}

static enum python_fault give_integer(int64_t integer, struct python_value *out)
{
    *out = (struct python_value){.kind = PYTHON_INT, .integer = integer};
    return PYTHON_FINE;
}

static enum python_fault give_real(double real, struct python_value *out)
{
    *out = (struct python_value){.kind = PYTHON_FLOAT, .real = real};
    return PYTHON_FINE;
}

/* ---- integers ---- */

/* Rounds towards minus infinity; the remainder has the divisor's sign. */
static enum python_fault divide_floor(int64_t a, int64_t b, bool want_remainder, struct python_value *out)
{
    if (b == 0) return PYTHON_DIVISION_BY_ZERO;
    if (b == -1) /* INT64_MIN / -1 is beyond 64 bits, and undefined */
        return want_remainder   ? give_integer(0, out)
               : a == INT64_MIN ? PYTHON_OVERFLOW
                                : give_integer(-a, out);
    int64_t quotient = a / b, remainder = a % b;
    if (remainder && (remainder < 0) != (b < 0)) {
        quotient--;
        remainder += b;
    }
    return give_integer(want_remainder ? remainder : quotient, out);
}

/* Correctly rounded, as Python's, where both are exact as floats. */
static enum python_fault divide_true(int64_t a, int64_t b, struct python_value *out)
{
    const int64_t exact = INT64_C(1) << 53;
    if (b == 0) return PYTHON_DIVISION_BY_ZERO;
    if (a > exact || a < -exact || b > exact || b < -exact) return PYTHON_OVERFLOW;
    return give_real((double)a / (double)b, out);
}

static enum python_fault power_real(double base, double exponent, struct python_value *out)
{
    if (base == 0 && exponent < 0) return PYTHON_DIVISION_BY_ZERO;
    if (base < 0 && exponent != floor(exponent)) return PYTHON_TYPE; /* a complex number */
    double result = pow(base, exponent);
    return isinf(result) && isfinite(base) && isfinite(exponent) ? PYTHON_OVERFLOW : give_real(result, out);
}

static enum python_fault power_integer(int64_t base, int64_t exponent, struct python_value *out)
{
    if (exponent < 0) return power_real((double)base, (double)exponent, out);
    int64_t result = 1;
    if (base == 0 || base == 1 || base == -1) /* these alone never overflow: no need to go through all */
        return give_integer(exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base, out);
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(result, base, &result)) return PYTHON_OVERFLOW;
    return give_integer(result, out);
}

static enum python_fault integers(enum python_op op, int64_t a, int64_t b, struct python_value *out)
{
    int64_t result = 0;
    bool overflow = false;
    switch (op) {
    case PYTHON_OP_ADD: overflow = __builtin_add_overflow(a, b, &result); break;
    case PYTHON_OP_SUBTRACT: overflow = __builtin_sub_overflow(a, b, &result); break;
    case PYTHON_OP_MULTIPLY: overflow = __builtin_mul_overflow(a, b, &result); break;
    case PYTHON_OP_DIVIDE: return divide_true(a, b, out);
    case PYTHON_OP_FLOOR_DIVIDE: return divide_floor(a, b, false, out);
    case PYTHON_OP_MODULO: return divide_floor(a, b, true, out);
    case PYTHON_OP_POWER: return power_integer(a, b, out);
    default: return PYTHON_TYPE;
    }
    return overflow ? PYTHON_OVERFLOW : give_integer(result, out);
}

/* ---- floats ---- */

static enum python_fault divide_real(double a, double b, bool want_remainder, struct python_value *out)
{
    if (b == 0) return PYTHON_DIVISION_BY_ZERO;
    double remainder = fmod(a, b), quotient = (a - remainder) / b;
    if (remainder != 0) {
        if ((b < 0) != (remainder < 0)) {
            remainder += b;
            quotient -= 1;
        }
    } else {
        remainder = copysign(0, b);
    }
    if (want_remainder) return give_real(remainder, out);
    if (quotient == 0) return give_real(copysign(0, a / b), out);
    double whole = floor(quotient);
    return give_real(quotient - whole > 0.5 ? whole + 1 : whole, out);
}

static enum python_fault reals(enum python_op op, double a, double b, struct python_value *out)
{
    switch (op) {
    case PYTHON_OP_ADD: return give_real(a + b, out);
    case PYTHON_OP_SUBTRACT: return give_real(a - b, out);
    case PYTHON_OP_MULTIPLY: return give_real(a * b, out);
    case PYTHON_OP_DIVIDE: return b == 0 ? PYTHON_DIVISION_BY_ZERO : give_real(a / b, out);
    case PYTHON_OP_FLOOR_DIVIDE: return divide_real(a, b, false, out);
    case PYTHON_OP_MODULO: return divide_real(a, b, true, out);
    case PYTHON_OP_POWER: return power_real(a, b, out);
    default: return PYTHON_TYPE;
    }
}

enum python_fault python_binary(enum python_op op, const struct python_value *a, const struct python_value *b,
                                struct python_value *out)
{
    if (!is_number(a) || !is_number(b)) return PYTHON_TYPE;
    if (a->kind == PYTHON_FLOAT || b->kind == PYTHON_FLOAT) return reals(op, real_of(a), real_of(b), out);
    return integers(op, a->integer, b->integer, out);
}

enum python_fault python_negate(const struct python_value *value, struct python_value *out)
{
    if (!is_number(value)) return PYTHON_TYPE;
    if (value->kind == PYTHON_FLOAT) return give_real(-value->real, out);
    return value->integer == INT64_MIN ? PYTHON_OVERFLOW : give_integer(-value->integer, out);
}

/* ---- comparison ---- */

/* Without rounding the integer. -1, 0 or 1; the float is no NaN. */
static int compare_mixed(int64_t integer, double real)
{
    if (real >= 0x1p63) return -1;
    if (real < -0x1p63) return 1;
    int64_t whole = (int64_t)real; /* towards zero */
    if (integer != whole) return integer < whole ? -1 : 1;
    double rest = real - (double)whole;
    return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

/* false: no order (NaN). */
static bool order_of(const struct python_value *a, const struct python_value *b, int *order)
{
    if (a->kind == PYTHON_STRING) {
        *order = strcmp(a->string, b->string);
        return true;
    }
    bool real_a = a->kind == PYTHON_FLOAT, real_b = b->kind == PYTHON_FLOAT;
    if ((real_a && isnan(a->real)) || (real_b && isnan(b->real))) return false;
    if (real_a && real_b)
        *order = (a->real > b->real) - (a->real < b->real);
    else if (real_a)
        *order = -compare_mixed(b->integer, a->real);
    else if (real_b)
        *order = compare_mixed(a->integer, b->real);
    else
        *order = (a->integer > b->integer) - (a->integer < b->integer);
    return true;
}

enum python_fault python_compare(enum python_op op, const struct python_value *a,
                                 const struct python_value *b, bool *out)
{
    int order = 0;
    bool comparable = is_number(a) == is_number(b);
    if (!comparable && op != PYTHON_OP_EQUAL && op != PYTHON_OP_UNEQUAL) return PYTHON_TYPE;
    bool ordered = comparable && order_of(a, b, &order);
    switch (op) {
    case PYTHON_OP_EQUAL: *out = ordered && order == 0; break;
    case PYTHON_OP_UNEQUAL: *out = !ordered || order != 0; break;
    case PYTHON_OP_LESS: *out = ordered && order < 0; break;
    case PYTHON_OP_LESS_EQUAL: *out = ordered && order <= 0; break;
    case PYTHON_OP_GREATER: *out = ordered && order > 0; break;
    case PYTHON_OP_GREATER_EQUAL: *out = ordered && order >= 0; break;
    default: return PYTHON_TYPE;
    }
    return PYTHON_FINE;
}

bool python_equal(const struct python_value *a, const struct python_value *b)
{
    bool equal = false;
    return python_compare(PYTHON_OP_EQUAL, a, b, &equal) == PYTHON_FINE && equal;
}

int python_order(const struct python_value *a, const struct python_value *b)
{
    int order = 0;
    return is_number(a) == is_number(b) && order_of(a, b, &order) ? order : 0;
}
