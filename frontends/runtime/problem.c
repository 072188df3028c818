/* Structs that callers fill, from programs built with an older or newer header; and problems as the rooms
 * behind us know them. */
#include <string.h>
#include "frontends/runtime/runtime.h"

enum { STRUCT_BYTES_MAX = 4096 };

_Static_assert((int)TB_F64 == (int)DTYPE_F64 && (int)TB_F32 == (int)DTYPE_F32 &&
                   (int)TB_F16 == (int)DTYPE_F16 && (int)TB_BF16 == (int)DTYPE_BF16 &&
                   (int)TB_F8E4M3 == (int)DTYPE_F8E4M3 && (int)TB_F8E4M3FNUZ == (int)DTYPE_F8E4M3FNUZ &&
                   (int)TB_F8E5M2 == (int)DTYPE_F8E5M2 && (int)TB_I32 == (int)DTYPE_I32 &&
                   (int)TB_I8 == (int)DTYPE_I8,
               "tb_type has the numbers of enum dtype");
_Static_assert((int)TB_NN == (int)GEMM_NN && (int)TB_NT == (int)GEMM_NT && (int)TB_TN == (int)GEMM_TN &&
                   (int)TB_TT == (int)GEMM_TT,
               "tb_layout has the numbers of enum gemm_layout");
_Static_assert((int)TB_NONE == (int)GEMM_NONE && (int)TB_RELU == (int)GEMM_RELU &&
                   (int)TB_GELU == (int)GEMM_GELU && (int)TB_SILU == (int)GEMM_SILU &&
                   (int)TB_REGLU == (int)GEMM_REGLU && (int)TB_GEGLU == (int)GEMM_GEGLU &&
                   (int)TB_SWIGLU == (int)GEMM_SWIGLU,
               "tb_activation has the numbers of enum gemm_act");

static enum status check_size(const char *what, size_t size, size_t least)
{
    if (size >= least && size <= STRUCT_BYTES_MAX) return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: struct_size is %zu; fill the struct with its _INIT macro first",
                       what, size);
}

enum status struct_read(const char *what, const void *in, size_t least, void *out, size_t newest)
{
    if (!in) return status_fail(STATUS_USAGE, "%s: the pointer is NULL", what);
    size_t size;
    memcpy(&size, in, sizeof size);
    TRY(check_size(what, size, least));
    for (size_t i = newest; i < size; i++)
        if (((const char *)in)[i] != 0)
            return status_fail(STATUS_USAGE,
                               "%s: sets a member that libtunebook %s does not know; update the library",
                               what, tb_version());
    memcpy(out, in, size < newest ? size : newest);
    memcpy(out, &newest, sizeof newest);
    return STATUS_OK;
}

enum status struct_writable(const char *what, size_t struct_size, size_t least, size_t newest,
                            size_t *writable)
{
    TRY(check_size(what, struct_size, least));
    *writable = struct_size < newest ? struct_size : newest;
    return STATUS_OK;
}

enum status problem_read(const tb_gemm_problem *in, tb_gemm_problem *canonical)
{
    tb_gemm_problem problem = TB_GEMM_PROBLEM_INIT;
    TRY(struct_read("tb_gemm_problem", in, offsetof(tb_gemm_problem, activation), &problem, sizeof problem));
    problem.has_bias = problem.has_bias != 0;
    *canonical = problem;
    return STATUS_OK;
}

static enum dtype accumulator_of(enum dtype type)
{
    if (type == DTYPE_I8 || type == DTYPE_I32) return DTYPE_I32;
    return type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
}

enum status problem_convert(const tb_gemm_problem *in, struct problem *out)
{
    struct problem problem = {.op = &gemm_op};
    int64_t *value = problem.value;
    value[GEMM_A_TYPE] = in->a_type;
    value[GEMM_B_TYPE] = in->b_type;
    value[GEMM_D_TYPE] = in->d_type;
    value[GEMM_ACC_TYPE] = accumulator_of((enum dtype)in->a_type);
    value[GEMM_LAYOUT] = in->layout;
    value[GEMM_ACT] = in->activation;
    value[GEMM_BIAS] = in->has_bias;
    value[GEMM_ALIGN_A] = in->align_a;
    value[GEMM_ALIGN_B] = in->align_b;
    value[GEMM_ALIGN_C] = in->align_c;
    value[GEMM_ALIGN_D] = in->align_d;
    value[GEMM_M] = in->m;
    value[GEMM_N] = in->n;
    value[GEMM_K] = in->k;
    value[GEMM_BATCH] = in->batch;
    TRY(problem_check(&problem));
    *out = problem;
    return STATUS_OK;
}
