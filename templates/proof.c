/* The table of proofs, and what they share. */
#include "templates/proof.h"

#include <math.h>
#include <string.h>

#define OP(name) extern const struct op_proof name##_proof;
#include "templates/ops.def"
#undef OP

static const struct op_proof *const proof_table[] = {
#define OP(name) &name##_proof,
#include "templates/ops.def"
#undef OP
};

const struct op_proof *op_proof_find(const char *op)
{
    for (size_t i = 0; i < sizeof proof_table / sizeof proof_table[0]; i++)
        if (strcmp(proof_table[i]->op, op) == 0) return proof_table[i];
    return NULL;
}

bool proof_make_valid(struct problem *problem)
{
    if (problem_check(problem) == STATUS_OK) return true;
    for (unsigned f = 0; f < problem->op->n_fields; f++) {
        if (problem->op->fields[f].kind != FIELD_SIZE) continue;
        problem->value[f]++;
        if (problem_check(problem) == STATUS_OK) return true;
        problem->value[f]--;
    }
    return false;
}

void operand_copy(const struct operand *from, const void *source, const struct operand *to, void *target)
{
    size_t bytes = dtype_bytes(from->type);
    for (int64_t b = 0; b < from->batch; b++)
        for (int64_t r = 0; r < from->rows; r++)
            memcpy((char *)target + (size_t)(b * to->batch_stride + r * to->pitch) * bytes,
                   (const char *)source + (size_t)(b * from->batch_stride + r * from->pitch) * bytes,
                   (size_t)from->columns * bytes);
}

/* How far off one element is, in units of what is allowed. */
static double error_of(enum dtype type, double stored, double value, double allowed)
{
    char element[8] = {0};
    if (isnan(value)) return isnan(stored) ? 0 : HUGE_VAL;
    dtype_store(type, element, value);
    double rounded = dtype_load(type, element);
    if (stored == rounded) return 0;
    if (!isfinite(stored) || !isfinite(rounded) || allowed <= 0) return HUGE_VAL;
    return fabs(stored - value) / allowed;
}

int64_t proof_compare(enum dtype type, const void *stored, int64_t pitch, int64_t rows, int64_t columns,
                      const double *value, const double *allowed, double *worst)
{
    int64_t first = -1;
    double largest = 0;
    size_t bytes = dtype_bytes(type);
    for (int64_t r = 0; r < rows; r++) {
        const char *row = (const char *)stored + (size_t)(r * pitch) * bytes;
        for (int64_t c = 0; c < columns; c++) {
            int64_t at = r * columns + c;
            double error = error_of(type, dtype_load(type, row + (size_t)c * bytes), value[at], allowed[at]);
            if (error > largest) largest = error;
            if (error > 1 && first < 0) first = at;
        }
    }
    if (worst) *worst = largest;
    return first;
}
