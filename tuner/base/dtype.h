/* Element types: names, widths, and conversion of single values to and from double. */
#ifndef TUNEBOOK_BASE_DTYPE_H
#define TUNEBOOK_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* DTYPE(enumerator, name, bits, digits: significant bits with the implicit one) */
#define DTYPE_TABLE(DTYPE)                \
    DTYPE(F64, "f64", 64, 53)             \
    DTYPE(F32, "f32", 32, 24)             \
    DTYPE(F16, "f16", 16, 11)             \
    DTYPE(BF16, "bf16", 16, 8)            \
    DTYPE(F8E4M3, "f8e4m3", 8, 4)         \
    DTYPE(F8E4M3FNUZ, "f8e4m3fnuz", 8, 4) \
    DTYPE(F8E5M2, "f8e5m2", 8, 3)         \
    DTYPE(I32, "i32", 32, 32)             \
    DTYPE(I8, "i8", 8, 8)

enum dtype {
#define DTYPE(enumerator, name, bits, digits) DTYPE_##enumerator,
    DTYPE_TABLE(DTYPE)
#undef DTYPE
        DTYPE_COUNT
};

const char *dtype_name(enum dtype type);
bool dtype_parse(const char *name, enum dtype *type);
unsigned dtype_bytes(enum dtype type);
double dtype_epsilon(enum dtype type); /* spacing of values at 1.0: 2^(1 - digits); 0 for integers */

/* One element at `p` (of any alignment) as a double, and a double rounded to nearest even and stored at `p`.
 * Beyond the largest finite value floats become infinity, or NaN in the types without one (f8e4m3,
 * f8e4m3fnuz); integers saturate and take NaN as 0. */
double dtype_load(enum dtype type, const void *p);
void dtype_store(enum dtype type, void *p, double value);

#endif
