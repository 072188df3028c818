/* The gemm problem's fields and operands by index, for C code that knows the op (its proof, the runtime's
 * API). */
#ifndef TUNEBOOK_TEMPLATES_GEMM_H
#define TUNEBOOK_TEMPLATES_GEMM_H

#include "templates/op.h"

enum gemm_field {
    GEMM_A_TYPE,
    GEMM_B_TYPE,
    GEMM_D_TYPE,
    GEMM_ACC_TYPE,
    GEMM_LAYOUT,
    GEMM_ACT,
    GEMM_BIAS,
    GEMM_ALIGN_A,
    GEMM_ALIGN_B,
    GEMM_ALIGN_C,
    GEMM_ALIGN_D,
    GEMM_M,
    GEMM_N,
    GEMM_K,
    GEMM_BATCH,
    GEMM_FIELDS
};

/* Values of the choices; kernels know them as LAYOUT_NN ..., ACT_NONE ... with the same numbers. */
enum gemm_layout { GEMM_NN, GEMM_NT, GEMM_TN, GEMM_TT };
enum gemm_act { GEMM_NONE, GEMM_RELU, GEMM_GELU, GEMM_SILU, GEMM_REGLU, GEMM_GEGLU, GEMM_SWIGLU };

/* Places in operands() and in bind()'s pointers. The bias is there only where the problem has one; C always
 * is, so that beta can be verified. A bind() whose C is D's pointer is the product in place. */
enum gemm_operand { GEMM_OPERAND_A, GEMM_OPERAND_B, GEMM_OPERAND_C, GEMM_OPERAND_D, GEMM_OPERAND_BIAS };

extern const struct op gemm_op;

bool gemm_is_glu(const struct problem *problem); /* D has n/2 columns */

static inline bool gemm_a_transposed(const struct problem *problem)
{
    return problem->value[GEMM_LAYOUT] >= GEMM_TN;
}

static inline bool gemm_b_transposed(const struct problem *problem)
{
    return problem->value[GEMM_LAYOUT] == GEMM_NT || problem->value[GEMM_LAYOUT] == GEMM_TT;
}

#endif
