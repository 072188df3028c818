#include "tuner/emulator/matrix.h"

#include <string.h>
#include "tuner/base/gpu_target.h"

/* The table writes element types as dtype_name does. */
enum {
    BYTES_f16 = 2,
    BYTES_bf16 = 2,
    BYTES_f8e4m3 = 1,
    BYTES_f8e4m3fnuz = 1,
    BYTES_i8 = 1,
};
enum {
    TYPE_f16 = DTYPE_F16,
    TYPE_bf16 = DTYPE_BF16,
    TYPE_f8e4m3 = DTYPE_F8E4M3,
    TYPE_f8e4m3fnuz = DTYPE_F8E4M3FNUZ,
    TYPE_i8 = DTYPE_I8,
    TYPE_f32 = DTYPE_F32,
    TYPE_i32 = DTYPE_I32,
};

/* Of a family: rows of D that follow each other in a lane, steps of k of A and B likewise where that is not
 * all of the lane's, and how many lanes hold an element of A or B. */
enum {
    RUN_MFMA = 4,
    RUN_WMMA11 = 1,
    RUN_WMMA12 = 8,
    RUN_WMMA125 = 8,
    RUN_MMA = 0,
};
#define RUN_K_MFMA(bytes)    0
#define RUN_K_WMMA11(bytes)  16
#define RUN_K_WMMA12(bytes)  4
#define RUN_K_WMMA125(bytes) (16 / (bytes))
#define RUN_K_MMA(bytes)     0
enum {
    COPIES_MFMA = 1,
    COPIES_WMMA11 = 2,
    COPIES_WMMA12 = 1,
    COPIES_WMMA125 = 1,
    COPIES_MMA = 1,
};

/* Registers of a lane, for so many elements that the wave has once. */
#define WORDS_OF(elements, wave, family, in) ((elements)*COPIES_##family * BYTES_##in / (wave) / 4)

static const struct matrix_info forms[MATRIX_FORMS] = {
#define MATRIX(name, m, n, k, in, acc, wave, family, targets, evidence)                 \
    {#name,                                                                             \
     {MATRIX_FAMILY_##family, m, n, k, wave, RUN_##family, RUN_K_##family(BYTES_##in)}, \
     (enum dtype)TYPE_##in,                                                             \
     (enum dtype)TYPE_##acc,                                                            \
     targets,                                                                           \
     MATRIX_##evidence,                                                                 \
     {WORDS_OF((m) * (k), wave, family, in), WORDS_OF((k) * (n), wave, family, in), (m) * (n) / (wave)}},
#include "templates/device/matrix.def"
#undef MATRIX
};

const struct matrix_info *matrix_info(enum matrix_form form)
{
    return &forms[form];
}

bool matrix_find(const char *name, enum matrix_form *form)
{
    for (unsigned i = 0; i < MATRIX_FORMS; i++) {
        if (strcmp(forms[i].name, name) != 0) continue;
        *form = (enum matrix_form)i;
        return true;
    }
    return false;
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    if (!length || strchr(word, ' ')) return false;
    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
    return false;
}

bool matrix_on_target(enum matrix_form form, const char *target)
{
    const struct matrix_info *info = &forms[form];
    if (info->shape.family != MATRIX_FAMILY_MMA) return has_word(info->targets, target);
    const struct gpu_target *here = gpu_target_find(target), *first = gpu_target_find(info->targets);
    return here && first && here->vendor == first->vendor && here->architecture >= first->architecture;
}

bool matrix_flushes(enum matrix_form form, const char *target)
{
    enum dtype in = forms[form].in;
    return (in == DTYPE_F16 || in == DTYPE_BF16) && strcmp(target, "gfx90a") == 0;
}

struct matrix_place matrix_place(enum matrix_form form, enum matrix_operand operand, unsigned lane,
                                 unsigned element)
{
    return matrix_shape_place(&forms[form].shape, operand, lane, element);
}

void matrix_holder(enum matrix_form form, enum matrix_operand operand, unsigned row, unsigned column,
                   unsigned *lane, unsigned *element)
{
    matrix_shape_holder(&forms[form].shape, operand, row, column, lane, element);
}

bool matrix_copies_differ(enum matrix_form form, enum matrix_operand operand, const unsigned *const words[],
                          unsigned *lane)
{
    const struct matrix_info *info = &forms[form];
    if (operand == MATRIX_D || matrix_shape_copies(&info->shape) == 1) return false;
    for (*lane = info->shape.wave / 2; *lane < info->shape.wave; ++*lane)
        if (memcmp(words[*lane], words[*lane - info->shape.wave / 2], 4 * info->registers[operand]) != 0)
            return true;
    return false;
}
