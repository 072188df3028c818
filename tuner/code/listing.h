/* The instructions of a kernel, from what llvm-objdump prints of its code object. */
#ifndef TUNEBOOK_CODE_LISTING_H
#define TUNEBOOK_CODE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum { LISTING_INSTRUCTIONS_MAX = 1 << 18, LISTING_NAME_BYTES = 48 };

struct listed {
    uint64_t address;
    char name[LISTING_NAME_BYTES]; /* "v_mfma_f32_32x32x8_f16" */
    const char *operands;          /* up to the comment; not ended by a NUL: */
    uint32_t operand_bytes;
    bool jumps;      /* a branch with a place to go to */
    uint64_t target; /* that place */
};

struct listing {
    struct listed *items;
    size_t n;
};

/* Takes in the instructions of one function of `llvm-objdump -d`'s output (`entry` NULL: all functions),
 * which must outlive the listing. Lines that are none are passed over. STATUS_NOT_FOUND if it has none of
 * them; STATUS_BAD_DATA for more than LISTING_INSTRUCTIONS_MAX. listing_free in any case. */
enum status listing_read(const char *text, size_t bytes, const char *entry, struct listing *out);
void listing_free(struct listing *listing);

#endif
