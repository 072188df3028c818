/* cuBLASLt by hand: the functions of libcublasLt.so that are used, with the types and numbers they need.
 * Source: cuBLAS library reference and cublasLt.h of CUDA 13.0; a test compares all of it with the official
 * header, which gives the descriptors' types no tag: it puts them in place of ours. */
#ifndef TUNEBOOK_VENDOR_CUBLASLT_LIBRARY_H
#define TUNEBOOK_VENDOR_CUBLASLT_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

struct cublasLtContext;
struct CUstream_st;

#ifndef CUBLASLT_OFFICIAL
struct cublaslt_layout;
struct cublaslt_operation;
struct cublaslt_preference;
struct cublaslt_algorithm {
    uint64_t data[8];
};
struct cublaslt_result {
    struct cublaslt_algorithm algorithm;
    size_t workspace_bytes;
    unsigned state; /* CUBLASLT_OK: the rest holds */
    float waves;
    int reserved[4];
};
typedef struct cublaslt_layout cublaslt_layout;
typedef struct cublaslt_operation cublaslt_operation;
typedef struct cublaslt_preference cublaslt_preference;
typedef struct cublaslt_algorithm cublaslt_algorithm;
typedef struct cublaslt_result cublaslt_result;
#endif

enum {
    CUBLASLT_OK = 0,
    CUBLASLT_NOT_SUPPORTED = 15,
    CUBLASLT_COMPUTE_F32 = 68,
    CUBLASLT_F32 = 0,
    CUBLASLT_F16 = 2,
    CUBLASLT_BF16 = 14,
    CUBLASLT_F8E4M3 = 28,
    CUBLASLT_F8E5M2 = 29,
    CUBLASLT_LAYOUT_BATCH_COUNT = 5,
    CUBLASLT_LAYOUT_BATCH_STRIDE = 6,
    CUBLASLT_OPERATION_TRANSPOSE_A = 3,
    CUBLASLT_OPERATION_TRANSPOSE_B = 4,
    CUBLASLT_OPERATION_EPILOGUE = 7,
    CUBLASLT_OPERATION_BIAS = 8,
    CUBLASLT_OPERATION_BIAS_STRIDE = 10,
    CUBLASLT_OPERATION_BIAS_TYPE = 26,
    CUBLASLT_PREFERENCE_WORKSPACE_BYTES = 1,
    CUBLASLT_PREFERENCE_ALIGNMENT_A = 5,
    CUBLASLT_PREFERENCE_ALIGNMENT_B = 6,
    CUBLASLT_PREFERENCE_ALIGNMENT_C = 7,
    CUBLASLT_PREFERENCE_ALIGNMENT_D = 8,
    CUBLASLT_EPILOGUE_PLAIN = 1,
    CUBLASLT_EPILOGUE_WITH_RELU = 2,
    CUBLASLT_EPILOGUE_WITH_BIAS = 4,
    CUBLASLT_EPILOGUE_WITH_GELU = 32
};

/* CUBLASLT(result, symbol, parameters). cublasStatus_t and the other enums have no negative values: unsigned.
 */
#define CUBLASLT_FUNCTIONS(CUBLASLT)                                                                  \
    CUBLASLT(size_t, cublasLtGetVersion, (void))                                                      \
    CUBLASLT(const char *, cublasLtGetStatusName, (unsigned code))                                    \
    CUBLASLT(unsigned, cublasLtCreate, (struct cublasLtContext * *context))                           \
    CUBLASLT(unsigned, cublasLtDestroy, (struct cublasLtContext * context))                           \
    CUBLASLT(unsigned, cublasLtMatrixLayoutCreate,                                                    \
             (cublaslt_layout * *layout, unsigned type, uint64_t rows, uint64_t columns, int64_t ld)) \
    CUBLASLT(unsigned, cublasLtMatrixLayoutDestroy, (cublaslt_layout * layout))                       \
    CUBLASLT(unsigned, cublasLtMatrixLayoutSetAttribute,                                              \
             (cublaslt_layout * layout, unsigned attribute, const void *value, size_t bytes))         \
    CUBLASLT(unsigned, cublasLtMatmulDescCreate,                                                      \
             (cublaslt_operation * *operation, unsigned compute, unsigned scale))                     \
    CUBLASLT(unsigned, cublasLtMatmulDescDestroy, (cublaslt_operation * operation))                   \
    CUBLASLT(unsigned, cublasLtMatmulDescSetAttribute,                                                \
             (cublaslt_operation * operation, unsigned attribute, const void *value, size_t bytes))   \
    CUBLASLT(unsigned, cublasLtMatmulPreferenceCreate, (cublaslt_preference * *preference))           \
    CUBLASLT(unsigned, cublasLtMatmulPreferenceDestroy, (cublaslt_preference * preference))           \
    CUBLASLT(unsigned, cublasLtMatmulPreferenceSetAttribute,                                          \
             (cublaslt_preference * preference, unsigned attribute, const void *value, size_t bytes)) \
    CUBLASLT(unsigned, cublasLtMatmulAlgoGetHeuristic,                                                \
             (struct cublasLtContext * context, cublaslt_operation * operation, cublaslt_layout * a,  \
              cublaslt_layout * b, cublaslt_layout * c, cublaslt_layout * d,                          \
              cublaslt_preference * preference, int wanted, cublaslt_result results[], int *found))   \
    CUBLASLT(unsigned, cublasLtMatmul,                                                                \
             (struct cublasLtContext * context, cublaslt_operation * operation, const void *alpha,    \
              const void *a, cublaslt_layout *a_layout, const void *b, cublaslt_layout *b_layout,     \
              const void *beta, const void *c, cublaslt_layout *c_layout, void *d,                    \
              cublaslt_layout *d_layout, const cublaslt_algorithm *algorithm, void *workspace,        \
              size_t workspace_bytes, struct CUstream_st *stream))

struct cublaslt_functions {
#define CUBLASLT(result, symbol, parameters) result(*symbol) parameters;
    CUBLASLT_FUNCTIONS(CUBLASLT)
#undef CUBLASLT
};

/* The functions, once cublaslt_open() said STATUS_OK. */
extern struct cublaslt_functions cublaslt;

/* Opens the library once a process: the one that $TUNEBOOK_CUBLASLT names, or the first that
 * compile/cuda_places.h knows of. STATUS_UNAVAILABLE with what to install. */
enum status cublaslt_open(void);

#endif
