/* cuBLASLt as the baseline on NVIDIA's GPUs: matrix products of f16, bf16, f32 and fp8 with sums in f32,
 * their bias, relu and gelu where it has them.
 *
 * It thinks in columns, we in rows: a row-major matrix is its transpose stored by columns, so D = A B becomes
 * D^T = B^T A^T, and our B is its first operand. */
#include <stdio.h>
#include <stdlib.h>
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "tuner/device/gpu.h"
#include "tuner/vendor/cublaslt_library.h"
#include "tuner/vendor/vendor.h"

/* What NVIDIA recommends for Hopper (cuBLAS library reference, cublasSetWorkspace). */
enum { WORKSPACE_BYTES = 32 << 20, ALIGNMENT_MAX = 256, SPACING = 128 };

enum { LAYOUT_A, LAYOUT_B, LAYOUT_C, LAYOUT_D, LAYOUTS };

struct cublaslt_plan {
    struct vendor_plan plan;
    struct device *device;
    struct cublasLtContext *context;
    cublaslt_operation *operation;
    cublaslt_preference *preference;
    cublaslt_layout *layout[LAYOUTS];
    cublaslt_result results[VENDOR_CHOICES_MAX];
    void *workspace;
    void *product; /* where D is half of it: a glu */
    bool reads_d;  /* D stands in for C, as it does in place; without it C is none */
    const void *bias;
};

/* --- what it does --- */

static int type_code(int64_t type)
{
    switch (type) {
    case DTYPE_F32: return CUBLASLT_F32;
    case DTYPE_F16: return CUBLASLT_F16;
    case DTYPE_BF16: return CUBLASLT_BF16;
    case DTYPE_F8E4M3: return CUBLASLT_F8E4M3;
    case DTYPE_F8E5M2: return CUBLASLT_F8E5M2;
    default: return -1;
    }
}

static bool is_fp8(int64_t type)
{
    return type == DTYPE_F8E4M3 || type == DTYPE_F8E5M2;
}

/* The table of types under cublasLtMatmul() in the reference, as far as sums are f32: one type throughout, or
 * an f32 result of narrower ones. fp8 products are "TN", which is our nt, and two e5m2 have none. */
static bool cublaslt_does(const struct problem *problem)
{
    const int64_t *value = problem->value;
    int64_t a = value[GEMM_A_TYPE], b = value[GEMM_B_TYPE], d = value[GEMM_D_TYPE];
    if (problem->op != &gemm_op || value[GEMM_ACC_TYPE] != DTYPE_F32) return false;
    if (type_code(a) < 0 || type_code(b) < 0 || type_code(d) < 0) return false;
    if (!is_fp8(a)) return a == b && (d == a || d == DTYPE_F32);
    return is_fp8(b) && !(a == DTYPE_F8E5M2 && b == DTYPE_F8E5M2) && value[GEMM_LAYOUT] == GEMM_NT;
}

static enum status fail(unsigned code, const char *call)
{
    const char *name = cublaslt.cublasLtGetStatusName(code);
    return status_fail(code == CUBLASLT_NOT_SUPPORTED ? STATUS_NOT_COVERED : STATUS_UNAVAILABLE, "%s: %s",
                       call, name ? name : "unknown error");
}

#define TRY_CUBLASLT(function, ...)                              \
    do {                                                         \
        unsigned code_ = cublaslt.function(__VA_ARGS__);         \
        if (code_ != CUBLASLT_OK) return fail(code_, #function); \
    } while (0)

static void name_library(char *name, size_t capacity)
{
    unsigned version = (unsigned)cublaslt.cublasLtGetVersion();
    snprintf(name, capacity, "cublaslt %u.%u.%u", version / 10000 % 1000, version / 100 % 100, version % 100);
}

static enum status cublaslt_api_open(uint32_t threads, char *name, size_t capacity)
{
    (void)threads;
    TRY(cublaslt_open());
    name_library(name, capacity);
    return STATUS_OK;
}

/* --- descriptors --- */

/* A matrix of ours: rows x columns as stored is its columns x rows. */
static enum status make_layout(const struct gemm_args *args, int64_t type, int64_t rows, int64_t columns,
                               int64_t ld, int64_t stride, cublaslt_layout **out)
{
    int32_t batch = (int32_t)args->batch;
    TRY_CUBLASLT(cublasLtMatrixLayoutCreate, out, (unsigned)type_code(type), (uint64_t)columns,
                 (uint64_t)rows, ld);
    if (batch == 1) return STATUS_OK;
    TRY_CUBLASLT(cublasLtMatrixLayoutSetAttribute, *out, CUBLASLT_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
    TRY_CUBLASLT(cublasLtMatrixLayoutSetAttribute, *out, CUBLASLT_LAYOUT_BATCH_STRIDE, &stride,
                 sizeof stride);
    return STATUS_OK;
}

/* With an 8-bit D there is a C of 16 bits, which nothing of ours is: none is read then. The product of a glu
 * is twice as wide as D and stored densely. */
static enum status make_layouts(const struct problem *problem, const struct gemm_args *args,
                                struct cublaslt_plan *plan)
{
    const int64_t *value = problem->value;
    int64_t m = args->m, n = args->n, k = args->k, ldd = args->ldd, stride_d = args->stride_d;
    if (gemm_is_glu(problem)) ldd = n, stride_d = m * n;
    int64_t c_type = is_fp8(value[GEMM_D_TYPE]) ? DTYPE_BF16 : value[GEMM_D_TYPE];
    bool ta = gemm_a_transposed(problem), tb = gemm_b_transposed(problem);
    plan->reads_d = c_type == value[GEMM_D_TYPE];
    TRY(make_layout(args, value[GEMM_B_TYPE], tb ? n : k, tb ? k : n, args->ldb, args->stride_b,
                    &plan->layout[LAYOUT_A]));
    TRY(make_layout(args, value[GEMM_A_TYPE], ta ? k : m, ta ? m : k, args->lda, args->stride_a,
                    &plan->layout[LAYOUT_B]));
    TRY(make_layout(args, c_type, m, n, ldd, stride_d, &plan->layout[LAYOUT_C]));
    return make_layout(args, value[GEMM_D_TYPE], m, n, ldd, stride_d, &plan->layout[LAYOUT_D]);
}

static enum status set_operation(struct cublaslt_plan *plan, unsigned attribute, const void *value,
                                 size_t bytes)
{
    TRY_CUBLASLT(cublasLtMatmulDescSetAttribute, plan->operation, attribute, value, bytes);
    return STATUS_OK;
}

static enum status set_bias(const struct problem *problem, const struct gemm_args *args,
                            struct cublaslt_plan *plan)
{
    int32_t type = type_code(problem->value[GEMM_D_TYPE]);
    TRY(set_operation(plan, CUBLASLT_OPERATION_BIAS, &args->bias, sizeof args->bias));
    TRY(set_operation(plan, CUBLASLT_OPERATION_BIAS_TYPE, &type, sizeof type));
    plan->bias = args->bias;
    if (args->batch == 1) return STATUS_OK;
    int64_t stride = args->stride_bias;
    return set_operation(plan, CUBLASLT_OPERATION_BIAS_STRIDE, &stride, sizeof stride);
}

/* 0 where it has no such thing. */
static uint32_t epilogue_of(const struct problem *problem)
{
    uint32_t bias = problem->value[GEMM_BIAS] ? CUBLASLT_EPILOGUE_WITH_BIAS : 0;
    switch (problem->value[GEMM_ACT]) {
    case GEMM_NONE: return bias ? bias : CUBLASLT_EPILOGUE_PLAIN;
    case GEMM_RELU: return bias | CUBLASLT_EPILOGUE_WITH_RELU;
    case GEMM_GELU: return bias | CUBLASLT_EPILOGUE_WITH_GELU;
    default: return 0;
    }
}

static enum status make_operation(const struct problem *problem, const struct gemm_args *args,
                                  struct cublaslt_plan *plan)
{
    int32_t first = gemm_b_transposed(problem), second = gemm_a_transposed(problem);
    uint32_t epilogue = plan->plan.product_alone ? CUBLASLT_EPILOGUE_PLAIN : epilogue_of(problem);
    TRY_CUBLASLT(cublasLtMatmulDescCreate, &plan->operation, CUBLASLT_COMPUTE_F32, CUBLASLT_F32);
    TRY(set_operation(plan, CUBLASLT_OPERATION_TRANSPOSE_A, &first, sizeof first));
    TRY(set_operation(plan, CUBLASLT_OPERATION_TRANSPOSE_B, &second, sizeof second));
    if (epilogue == CUBLASLT_EPILOGUE_PLAIN) return STATUS_OK;
    TRY(set_operation(plan, CUBLASLT_OPERATION_EPILOGUE, &epilogue, sizeof epilogue));
    return epilogue & CUBLASLT_EPILOGUE_WITH_BIAS ? set_bias(problem, args, plan) : STATUS_OK;
}

/* Copies of a weight lie SPACING bytes apart, however their first one is aligned. */
static uint32_t alignment_of(const void *pointer, uint32_t most)
{
    uint32_t alignment = most;
    while ((uintptr_t)pointer % alignment) alignment /= 2;
    return alignment;
}

static enum status make_preference(const struct gemm_args *args, struct cublaslt_plan *plan)
{
    uint64_t bytes = WORKSPACE_BYTES;
    const struct {
        unsigned attribute;
        uint32_t alignment;
    } alignments[] = {{CUBLASLT_PREFERENCE_ALIGNMENT_A, alignment_of(args->b, SPACING)},
                      {CUBLASLT_PREFERENCE_ALIGNMENT_B, alignment_of(args->a, SPACING)},
                      {CUBLASLT_PREFERENCE_ALIGNMENT_C, alignment_of(args->d, ALIGNMENT_MAX)},
                      {CUBLASLT_PREFERENCE_ALIGNMENT_D, alignment_of(args->d, ALIGNMENT_MAX)}};
    TRY_CUBLASLT(cublasLtMatmulPreferenceCreate, &plan->preference);
    TRY_CUBLASLT(cublasLtMatmulPreferenceSetAttribute, plan->preference, CUBLASLT_PREFERENCE_WORKSPACE_BYTES,
                 &bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++)
        TRY_CUBLASLT(cublasLtMatmulPreferenceSetAttribute, plan->preference, alignments[i].attribute,
                     &alignments[i].alignment, sizeof alignments[i].alignment);
    return STATUS_OK;
}

/* Its proposals, best first as it believes. */
static enum status ask(struct cublaslt_plan *plan, unsigned choices)
{
    int found = 0;
    unsigned n = 0, wanted = choices < VENDOR_CHOICES_MAX ? choices : VENDOR_CHOICES_MAX;
    TRY_CUBLASLT(cublasLtMatmulAlgoGetHeuristic, plan->context, plan->operation, plan->layout[LAYOUT_A],
                 plan->layout[LAYOUT_B], plan->layout[LAYOUT_C], plan->layout[LAYOUT_D], plan->preference,
                 (int)wanted, plan->results, &found);
    for (int i = 0; i < found; i++)
        if (plan->results[i].state == CUBLASLT_OK) plan->results[n++] = plan->results[i];
    plan->plan.ways = n;
    return n ? STATUS_OK : fail(CUBLASLT_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic");
}

/* --- plans --- */

static enum status fill_plan(const struct problem *problem, const struct gemm_args *args, unsigned choices,
                             struct cublaslt_plan *plan)
{
    TRY_CUBLASLT(cublasLtCreate, &plan->context);
    TRY(make_layouts(problem, args, plan));
    TRY(make_operation(problem, args, plan));
    TRY(make_preference(args, plan));
    return ask(plan, choices);
}

static void empty_plan(struct cublaslt_plan *plan)
{
    for (int i = 0; i < LAYOUTS; i++)
        if (plan->layout[i]) cublaslt.cublasLtMatrixLayoutDestroy(plan->layout[i]);
    if (plan->operation) cublaslt.cublasLtMatmulDescDestroy(plan->operation);
    if (plan->preference) cublaslt.cublasLtMatmulPreferenceDestroy(plan->preference);
    if (plan->context) cublaslt.cublasLtDestroy(plan->context);
}

static void cublaslt_release(struct vendor_plan *base)
{
    struct cublaslt_plan *plan = (struct cublaslt_plan *)base;
    struct gpu_scope scope;
    if (!plan) return;
    if (gpu_enter(plan->device, &scope) == STATUS_OK) {
        empty_plan(plan);
        gpu_leave(plan->device, &scope);
    }
    gpu_release(plan->device, plan->workspace);
    gpu_release(plan->device, plan->product);
    free(plan);
}

static enum status allocate(const struct problem *problem, const struct gemm_args *args,
                            struct cublaslt_plan *plan)
{
    size_t width = dtype_bytes((enum dtype)problem->value[GEMM_D_TYPE]);
    TRY(gpu_allocate(plan->device, WORKSPACE_BYTES, ALIGNMENT_MAX, &plan->workspace));
    if (!gemm_is_glu(problem)) return STATUS_OK;
    return gpu_allocate(plan->device, (size_t)(args->m * args->n * args->batch) * width, ALIGNMENT_MAX,
                        &plan->product);
}

static enum status try_plan(struct device *device, const struct problem *problem,
                            const struct gemm_args *args, unsigned choices, bool product_alone,
                            struct cublaslt_plan **out)
{
    struct gpu_scope scope;
    struct cublaslt_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return status_fail(STATUS_NO_MEMORY, "no memory for a plan of cuBLASLt");
    plan->device = device;
    plan->plan.product_alone = product_alone;
    enum status status = gpu_enter(device, &scope);
    if (status == STATUS_OK) {
        status = fill_plan(problem, args, choices, plan);
        gpu_leave(device, &scope);
    }
    if (status == STATUS_OK) status = allocate(problem, args, plan);
    if (status != STATUS_OK) {
        cublaslt_release(&plan->plan);
        return status;
    }
    *out = plan;
    return STATUS_OK;
}

/* Where it has no such epilogue, or none for these types, the product alone is what there is to compare with.
 */
static enum status cublaslt_plan(struct device *device, const struct problem *problem, const void *args,
                                 unsigned choices, struct vendor_plan **out)
{
    uint32_t epilogue = epilogue_of(problem);
    struct cublaslt_plan *plan = NULL;
    enum status status = epilogue ? try_plan(device, problem, args, choices, false, &plan) : STATUS_OK;
    if (!epilogue || (status == STATUS_NOT_COVERED && epilogue != CUBLASLT_EPILOGUE_PLAIN))
        status = try_plan(device, problem, args, choices, true, &plan);
    if (status != STATUS_OK) return status;
    char name[24];
    name_library(name, sizeof name);
    snprintf(plan->plan.name, sizeof plan->plan.name, "%s%s", name,
             plan->plan.product_alone ? " product" : "");
    *out = &plan->plan;
    return STATUS_OK;
}

static enum status cublaslt_run(struct vendor_plan *base, unsigned way, const void *args_bytes, void *stream)
{
    struct cublaslt_plan *plan = (struct cublaslt_plan *)base;
    const struct gemm_args *args = args_bytes;
    const cublaslt_result *result = &plan->results[way];
    struct gpu_scope scope;
    TRY(gpu_enter(plan->device, &scope));
    unsigned code = CUBLASLT_OK;
    void *d = plan->product ? plan->product : args->d;
    if (plan->bias && args->bias != plan->bias) { /* another copy of it */
        code = cublaslt.cublasLtMatmulDescSetAttribute(plan->operation, CUBLASLT_OPERATION_BIAS, &args->bias,
                                                       sizeof args->bias);
        plan->bias = args->bias;
    }
    if (code == CUBLASLT_OK)
        code = cublaslt.cublasLtMatmul(plan->context, plan->operation, &args->alpha, args->b,
                                       plan->layout[LAYOUT_A], args->a, plan->layout[LAYOUT_B], &args->beta,
                                       plan->reads_d ? d : NULL, plan->layout[LAYOUT_C], d,
                                       plan->layout[LAYOUT_D], (const void *)result, plan->workspace,
                                       WORKSPACE_BYTES, gpu_stream(plan->device, stream));
    gpu_leave(plan->device, &scope);
    return code == CUBLASLT_OK ? STATUS_OK : fail(code, "cublasLtMatmul");
}

const struct vendor_api vendor_cublaslt = {
    .backend = "cuda",
    .open = cublaslt_api_open,
    .does = cublaslt_does,
    .plan = cublaslt_plan,
    .release = cublaslt_release,
    .run = cublaslt_run,
};
