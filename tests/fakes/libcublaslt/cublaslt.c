/* The functions of libcublasLt.so.13 that are used. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fakes/libcublaslt/face.h"

struct cublasLtContext {
    int alive;
};

static struct {
    cublasStatus_t (*call)(cudaStream_t stream, void (*call)(void *args), const void *args, size_t bytes);
    cublasStatus_t (*has)(const void *memory, size_t bytes);
} driver;

const struct fake_cublaslt *fake_cublaslt(void)
{
    static struct fake_cublaslt settings = {.proposals = PROPOSALS};
    static bool read;
    if (read) return &settings;
    const char *text = getenv("TUNEBOOK_FAKE_CUBLASLT");
    char *copy = strdup(text ? text : "");
    for (char *save, *word = strtok_r(copy, ";", &save); word; word = strtok_r(NULL, ";", &save))
        if (sscanf(word, "fail=%63s", settings.fail) != 1 &&
            sscanf(word, "proposals=%d", &settings.proposals) != 1 &&
            sscanf(word, "delay_us=%d", &settings.delay_us) != 1)
            settings.plain = strcmp(word, "plain") == 0;
    free(copy);
    read = true;
    return &settings;
}

#define MAY_FAIL \
    if (strcmp(fake_cublaslt()->fail, __func__) == 0) return CUBLAS_STATUS_EXECUTION_FAILED

size_t cublasLtGetVersion(void)
{
    return 130102;
}

const char *cublasLtGetStatusName(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_NOT_SUPPORTED      ? "CUBLAS_STATUS_NOT_SUPPORTED"
           : status == CUBLAS_STATUS_EXECUTION_FAILED ? "CUBLAS_STATUS_EXECUTION_FAILED"
                                                      : "CUBLAS_STATUS_INVALID_VALUE";
}

/* A context needs a device, which the current one of the driver is. */
cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    MAY_FAIL;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (!library) return CUBLAS_STATUS_NOT_INITIALIZED;
    *(void **)&driver.call = dlsym(library, "fake_cuda_call");
    *(void **)&driver.has = dlsym(library, "fake_cuda_has");
    if (!driver.call || !driver.has) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = calloc(1, sizeof **handle);
    (*handle)->alive = 1;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t ld)
{
    MAY_FAIL;
    struct fake_layout layout = {rows, columns, ld, 0, 1, type};
    *out = calloc(1, sizeof **out);
    memcpy(*out, &layout, sizeof layout);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    free(layout);
    return CUBLAS_STATUS_SUCCESS;
}

static cublasStatus_t set(void *field, size_t size, const void *value, size_t bytes)
{
    if (!value || bytes != size) return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(field, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}
#define SET(field) set(&(field), sizeof(field), value, bytes)

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t of,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void *value,
                                                size_t bytes)
{
    struct fake_layout *layout = (void *)of;
    MAY_FAIL;
    if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return SET(layout->batch);
    if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) return SET(layout->stride);
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out, cublasComputeType_t compute,
                                        cudaDataType_t scale)
{
    MAY_FAIL;
    struct fake_operation operation = {
        .compute = (int32_t)compute, .scale = scale, .epilogue = CUBLASLT_EPILOGUE_DEFAULT};
    *out = calloc(1, sizeof **out);
    memcpy(*out, &operation, sizeof operation);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation)
{
    free(operation);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t of,
                                              cublasLtMatmulDescAttributes_t attribute, const void *value,
                                              size_t bytes)
{
    struct fake_operation *operation = (void *)of;
    MAY_FAIL;
    switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA: return SET(operation->transpose_a);
    case CUBLASLT_MATMUL_DESC_TRANSB: return SET(operation->transpose_b);
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return SET(operation->epilogue);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return SET(operation->bias);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE: return SET(operation->bias_stride);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return SET(operation->bias_type);
    default: return CUBLAS_STATUS_INVALID_VALUE;
    }
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out)
{
    MAY_FAIL;
    *out = calloc(1, sizeof **out);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    free(preference);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t of,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t bytes)
{
    struct fake_preference *preference = (void *)of;
    MAY_FAIL;
    switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return SET(preference->workspace_bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return SET(preference->alignment[0]);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return SET(preference->alignment[1]);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return SET(preference->alignment[2]);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return SET(preference->alignment[3]);
    default: return CUBLAS_STATUS_INVALID_VALUE;
    }
}

static struct fake_product product_of(cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
                                      cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                      cublasLtMatrixLayout_t d)
{
    struct fake_product product = {0};
    memcpy(&product.operation, operation, sizeof product.operation);
    memcpy(&product.a, a, sizeof product.a);
    memcpy(&product.b, b, sizeof product.b);
    memcpy(&product.c, c, sizeof product.c);
    memcpy(&product.d, d, sizeof product.d);
    return product;
}

/* The first proposal wants a workspace, the others none. */
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t of, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int *found)
{
    const struct fake_preference *preference = (const void *)of;
    MAY_FAIL;
    struct fake_product product = product_of(operation, a, b, c, d);
    cublasStatus_t status = fake_product_check(&product);
    *found = 0;
    if (!handle->alive || wanted < 1) return CUBLAS_STATUS_INVALID_VALUE;
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    for (; *found < wanted && *found < fake_cublaslt()->proposals; ++*found) {
        cublasLtMatmulHeuristicResult_t *result = &results[*found];
        memset(result, 0, sizeof *result);
        result->algo.data[0] = (uint64_t)*found + 1;
        result->workspaceSize = *found ? 0 : preference->workspace_bytes;
    }
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void *alpha,
                              const void *a_data, cublasLtMatrixLayout_t a, const void *b_data,
                              cublasLtMatrixLayout_t b, const void *beta, const void *c_data,
                              cublasLtMatrixLayout_t c, void *d_data, cublasLtMatrixLayout_t d,
                              const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t workspace_bytes,
                              cudaStream_t stream)
{
    MAY_FAIL;
    struct fake_product product = product_of(operation, a, b, c, d);
    cublasStatus_t status = fake_product_check(&product);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    product.a_data = a_data;
    product.b_data = b_data;
    product.c_data = c_data;
    product.d_data = d_data;
    memcpy(&product.alpha, alpha, sizeof product.alpha);
    memcpy(&product.beta, beta, sizeof product.beta);
    product.proposal = (int)algorithm->data[0] - 1;
    bool here = handle->alive && driver.has(a_data, 1) == 0 && driver.has(b_data, 1) == 0 &&
                driver.has(d_data, 1) == 0 && driver.has(workspace, workspace_bytes) == 0;
    if (!here || product.proposal < 0 || (product.beta != 0 && !c_data)) return CUBLAS_STATUS_INVALID_VALUE;
    return driver.call(stream, fake_product_run, &product, sizeof product);
}
