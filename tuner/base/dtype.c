#include "tuner/base/dtype.h"

#include <string.h>

/* What the codes above the largest exponent mean. */
enum special {
    SPECIAL_IEEE, /* the last exponent holds infinity and NaN */
    SPECIAL_FN,   /* OCP OFP8 E4M3: all ones is NaN, no infinity */
    SPECIAL_FNUZ, /* 0x80 is NaN: no infinity, no negative zero */
};

static const struct {
    const char *name;
    unsigned bits, digits;
} types[DTYPE_COUNT] = {
#define DTYPE(enumerator, name, bits, digits) {name, bits, digits},
    DTYPE_TABLE(DTYPE)
#undef DTYPE
};

/* The small floats, which C does not know. Sources: IEEE 754 binary16; bfloat16 is the upper half of
 * binary32; OCP 8-bit Floating Point Specification (OFP8) 1.0; the FNUZ format is in AMD's CDNA 3 ISA guide.
 */
static const struct small_float {
    unsigned fraction_bits;
    int bias;
    enum special special;
} small_floats[DTYPE_COUNT] = {
    [DTYPE_F16] = {10, 15, SPECIAL_IEEE},   [DTYPE_BF16] = {7, 127, SPECIAL_IEEE},
    [DTYPE_F8E4M3] = {3, 7, SPECIAL_FN},    [DTYPE_F8E4M3FNUZ] = {3, 8, SPECIAL_FNUZ},
    [DTYPE_F8E5M2] = {2, 15, SPECIAL_IEEE},
};

const char *dtype_name(enum dtype type)
{
    return (unsigned)type < DTYPE_COUNT ? types[type].name : "unknown";
}

bool dtype_parse(const char *name, enum dtype *type)
{
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (strcmp(name, types[i].name) != 0) continue;
        *type = (enum dtype)i;
        return true;
    }
    return false;
}

unsigned dtype_bytes(enum dtype type)
{
    return types[type].bits / 8;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static const uint64_t double_infinity = 0x7ffull << 52, double_nan = 0x7ff8ull << 48;

/* 2^exponent, for exponents of normal numbers. */
static double power_of_2(int exponent)
{
    return double_of((uint64_t)(exponent + 1023) << 52);
}

double dtype_epsilon(enum dtype type)
{
    return type == DTYPE_I32 || type == DTYPE_I8 ? 0 : power_of_2(1 - (int)types[type].digits);
}

static double small_load(const struct small_float *f, unsigned bits, unsigned code)
{
    unsigned sign = code >> (bits - 1), magnitude = code & ((1u << (bits - 1)) - 1);
    unsigned exponent = magnitude >> f->fraction_bits, fraction = magnitude & ((1u << f->fraction_bits) - 1);
    unsigned largest = (1u << (bits - 1)) - 1; /* all ones but the sign */
    double value;
    if (f->special == SPECIAL_IEEE && exponent == largest >> f->fraction_bits)
        value = double_of(fraction ? double_nan : double_infinity);
    else if ((f->special == SPECIAL_FN && magnitude == largest) ||
             (f->special == SPECIAL_FNUZ && sign && !magnitude))
        value = double_of(double_nan);
    else if (!exponent)
        value = fraction * power_of_2(1 - f->bias - (int)f->fraction_bits);
    else
        value = ((1u << f->fraction_bits) + fraction) *
                power_of_2((int)exponent - f->bias - (int)f->fraction_bits);
    return sign ? -value : value;
}

static unsigned small_store(const struct small_float *f, unsigned bits, double value)
{
    uint64_t wide = bits_of(value), magnitude = wide & ~(1ull << 63);
    unsigned sign = (unsigned)(wide >> 63) << (bits - 1), largest = (1u << (bits - 1)) - 1;
    unsigned infinity =
        f->special == SPECIAL_IEEE ? largest >> f->fraction_bits << f->fraction_bits : largest;
    if (f->special == SPECIAL_FNUZ) infinity = largest + 1;
    unsigned nan = f->special == SPECIAL_IEEE ? infinity | 1u << (f->fraction_bits - 1) : infinity;
    if (magnitude > double_infinity) return sign | nan;

    /* Fraction with its implicit bit, shifted so that one is the target's last place; round to nearest even.
     */
    int exponent = (int)(magnitude >> 52) - 1023;
    int lowest = 1 - f->bias; /* exponent of denormals */
    unsigned shift = 52 - f->fraction_bits + (exponent < lowest ? (unsigned)(lowest - exponent) : 0);
    if (shift > 54) shift = 54; /* below half of the smallest denormal */
    uint64_t fraction = (magnitude & ((1ull << 52) - 1)) | 1ull << 52;
    uint64_t kept = fraction >> shift, rest = fraction & ((1ull << shift) - 1), half = 1ull << (shift - 1);
    if (rest > half || (rest == half && (kept & 1))) kept++;

    uint64_t code =
        kept; /* a denormal that rounds up to 2^fraction_bits is the first normal: the code is right */
    if (exponent >= lowest) code += (uint64_t)(exponent - lowest) << f->fraction_bits;
    if (f->special == SPECIAL_FNUZ) {
        if (code > largest) return nan;
        return code ? sign | (unsigned)code : 0;
    }
    return sign | (code >= infinity ? infinity : (unsigned)code);
}

static int64_t integer_store(double value, int64_t low, int64_t high)
{
    if (value != value) return 0;
    if (value <= (double)low) return low;
    if (value >= (double)high) return high;
    int64_t whole = (int64_t)value;
    double rest = value - (double)whole;
    if (rest > 0.5 || (rest == 0.5 && (whole & 1))) whole++;
    if (rest < -0.5 || (rest == -0.5 && (whole & 1))) whole--;
    return whole;
}

double dtype_load(enum dtype type, const void *p)
{
    union {
        double f64;
        float f32;
        int32_t i32;
        int8_t i8;
        uint8_t byte;
        uint16_t half;
    } u;
    memcpy(&u, p, dtype_bytes(type));
    switch (type) {
    case DTYPE_F64: return u.f64;
    case DTYPE_F32: return (double)u.f32;
    case DTYPE_I32: return u.i32;
    case DTYPE_I8: return u.i8;
    default:
        return small_load(&small_floats[type], types[type].bits, types[type].bits == 8 ? u.byte : u.half);
    }
}

void dtype_store(enum dtype type, void *p, double value)
{
    union {
        double f64;
        float f32;
        int32_t i32;
        int8_t i8;
        uint8_t byte;
        uint16_t half;
    } u = {0};
    switch (type) {
    case DTYPE_F64: u.f64 = value; break;
    case DTYPE_F32: u.f32 = (float)value; break;
    case DTYPE_I32: u.i32 = (int32_t)integer_store(value, INT32_MIN, INT32_MAX); break;
    case DTYPE_I8: u.i8 = (int8_t)integer_store(value, INT8_MIN, INT8_MAX); break;
    default: {
        unsigned code = small_store(&small_floats[type], types[type].bits, value);
        if (types[type].bits == 8)
            u.byte = (uint8_t)code;
        else
            u.half = (uint16_t)code;
    }
    }
    memcpy(p, &u, dtype_bytes(type));
}
