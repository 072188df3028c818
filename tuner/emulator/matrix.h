/* The matrix instructions of templates/device/matrix.def on the host: what they are, which lane holds what,
 * and what they compute. */
#ifndef TUNEBOOK_EMULATOR_MATRIX_H
#define TUNEBOOK_EMULATOR_MATRIX_H

#include <stdbool.h>
#include "tuner/base/dtype.h"
#include "tuner/emulator/matrix_layout.h"

enum matrix_form {
#define MATRIX(name, m, n, k, in, acc, wave, family, targets, evidence) MATRIX_##name,
#include "templates/device/matrix.def"
#undef MATRIX
    MATRIX_FORMS
};

enum matrix_evidence {
    MATRIX_TABLED, /* by the vendor */
    MATRIX_ASSUMED /* to be checked on a device before it is trusted */
};

/* Of one operand, per lane. */
enum { MATRIX_WAVE_MAX = 64, MATRIX_REGISTERS_MAX = 16 };

struct matrix_info {
    const char *name; /* "mfma_f32_32x32x8_f16" */
    struct matrix_shape shape;
    enum dtype in, acc;
    const char *targets; /* words: "gfx90a gfx942" */
    enum matrix_evidence evidence;
    unsigned registers[MATRIX_OPERANDS]; /* 32-bit words per lane; C has those of D */
};

const struct matrix_info *matrix_info(enum matrix_form form);
bool matrix_find(const char *name, enum matrix_form *form);
/* NVIDIA's instructions are on every target from the one named. */
bool matrix_on_target(enum matrix_form form, const char *target);
/* gfx90a takes subnormal f16 and bf16 numbers of A and B for zeros (AMD, "MI200 MFMA behavior specifics" in
 * MIOpen's documentation); later targets do not. */
bool matrix_flushes(enum matrix_form form, const char *target);

struct matrix_place matrix_place(enum matrix_form form, enum matrix_operand operand, unsigned lane,
                                 unsigned element);
void matrix_holder(enum matrix_form form, enum matrix_operand operand, unsigned row, unsigned column,
                   unsigned *lane, unsigned *element);

/* Is there a lane of the upper half of the wave which does not hold of A or B what the instruction wants it
 * to hold like its neighbour in the lower half? Sums are then nothing that can be relied on. */
bool matrix_copies_differ(enum matrix_form form, enum matrix_operand operand, const unsigned *const words[],
                          unsigned *lane);

/* D = A.B + C for a whole wave: x[lane] are that lane's registers. d may be c.
 *
 * With f32 results, each element is c + a0*b0 + a1*b1 + ... with k ascending; products are exact, every sum
 * is rounded to nearest even, denormals are kept, but for those of A and B with `flush`. Vendors specify
 * neither the order nor the precision of the sums inside an instruction, so results agree bit for bit with a
 * GPU only where all partial sums are exact. With i32 results, sums wrap. */
void matrix_multiply(enum matrix_form form, unsigned *const d[], const unsigned *const a[],
                     const unsigned *const b[], const unsigned *const c[], bool flush);

#endif
