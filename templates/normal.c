/* Standard normal values drawn from a table of 4096, half of them the negatives of the others, so that their
 * mean is exactly 0: encoding each element anew would take longer than the kernel under test. */
#include "templates/normal.h"

#include <math.h>
#include <string.h>
#include "tuner/base/rng.h"

enum { NORMALS = 4096, INDEX_BITS = 12 };

/* memcpy of an element; sizes known to the compiler make it a move. */
static void copy_element(void *to, const void *from, size_t bytes)
{
    switch (bytes) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    default: memcpy(to, from, 8); break;
    }
}

void normal_fill(const struct operand *operand, uint64_t seed, void *storage)
{
    struct rng rng;
    rng_seed(&rng, seed);
    char table[NORMALS][8];
    bool integer = dtype_epsilon(operand->type) == 0;
    for (int i = 0; i < NORMALS / 2; i++) {
        double value = rng_normal(&rng);
        if (integer) value = nearbyint(3 * value);
        dtype_store(operand->type, table[i], value);
        dtype_store(operand->type, table[NORMALS - 1 - i], -value);
    }
    size_t bytes = dtype_bytes(operand->type);
    uint64_t random = 0;
    unsigned left = 0;
    for (int64_t b = 0; b < operand->batch; b++)
        for (int64_t r = 0; r < operand->rows; r++) {
            char *out = (char *)storage + (size_t)(b * operand->batch_stride + r * operand->pitch) * bytes;
            for (int64_t c = 0; c < operand->columns; c++, random >>= INDEX_BITS, left--) {
                if (left == 0) {
                    random = rng_next(&rng);
                    left = 64 / INDEX_BITS;
                }
                copy_element(out + (size_t)c * bytes, table[random % NORMALS], bytes);
            }
        }
}
