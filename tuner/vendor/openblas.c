/* OpenBLAS as the baseline on CPUs: f32 products without epilogue, by cblas_sgemm, and by cblas_sgemv where
 * one side is a vector. */
#include "tuner/vendor/vendor.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "tuner/vendor/openblas_library.h"

/* From cblas.h, declared by hand: the library is opened at run time and may be absent. 64-bit index builds
 * have other names. */
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void sgemm_function(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void sgemv_function(int order, int trans, int m, int n, float alpha, const float *a, int lda,
                            const float *x, int incx, float beta, float *y, int incy);

static struct {
    void *handle;
    sgemm_function *sgemm;
    sgemv_function *sgemv;
    void (*set_threads)(int threads);
    char *(*config)(void);
} blas;

static void load_library(void)
{
    /* Idle threads of OpenBLAS spin for 2^26 cycles unless told otherwise, and would take their core from
     * whoever is measured next. 2^20 cycles still bridge the gap between the launches of a block. */
    setenv("OPENBLAS_THREAD_TIMEOUT", "20", 0);
    blas.handle = openblas_library();
    if (!blas.handle) return;
    const struct {
        const char *name;
        void *slot;
    } functions[] = {{"cblas_sgemm", &blas.sgemm},
                     {"cblas_sgemv", &blas.sgemv},
                     {"openblas_set_num_threads", &blas.set_threads},
                     {"openblas_get_config", &blas.config}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *symbol = dlsym(blas.handle, functions[i].name);
        memcpy(functions[i].slot, &symbol, sizeof symbol);
    }
}

static void name_library(char *name, size_t capacity)
{
    char version[22] = "";
    sscanf(blas.config(), "OpenBLAS %21s", version);
    const char *core = openblas_core(blas.handle);
    snprintf(name, capacity, "openblas %s%s%s", version, *core ? " " : "", core);
}

static enum status openblas_open(uint32_t threads, char *name, size_t capacity)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_library);
    if (!blas.handle)
        return status_fail(
            STATUS_UNAVAILABLE,
            "OpenBLAS not installed (Debian and Ubuntu: apt-get install libopenblas0-pthread)");
    if (!blas.sgemm || !blas.sgemv || !blas.set_threads || !blas.config)
        return status_fail(STATUS_UNAVAILABLE,
                           "libopenblas.so.0 has no cblas_sgemm: install libopenblas0-pthread");
    blas.set_threads((int)threads);
    name_library(name, capacity);
    return STATUS_OK;
}

static bool openblas_does(const struct problem *problem)
{
    const int64_t *value = problem->value;
    return problem->op == &gemm_op && value[GEMM_A_TYPE] == DTYPE_F32 && value[GEMM_B_TYPE] == DTYPE_F32 &&
           value[GEMM_D_TYPE] == DTYPE_F32 && value[GEMM_ACC_TYPE] == DTYPE_F32 &&
           value[GEMM_ACT] == GEMM_NONE && !value[GEMM_BIAS];
}

/* sgemm, and sgemv where one side is a vector. */
struct openblas_plan {
    struct vendor_plan plan;
    struct problem problem;
};

static enum status openblas_plan(struct device *device, const struct problem *problem, const void *args,
                                 unsigned choices, struct vendor_plan **out)
{
    (void)device;
    (void)args;
    (void)choices;
    struct openblas_plan *made = calloc(1, sizeof *made);
    if (!made) return status_fail(STATUS_NO_MEMORY, "no memory for a plan of OpenBLAS");
    made->problem = *problem;
    made->plan.ways = problem->value[GEMM_M] == 1 || problem->value[GEMM_N] == 1 ? 2 : 1;
    name_library(made->plan.name, sizeof made->plan.name);
    *out = &made->plan;
    return STATUS_OK;
}

static void openblas_release(struct vendor_plan *plan)
{
    free(plan);
}

static void run_sgemm(const struct problem *problem, const struct gemm_args *args, int64_t item)
{
    const float *a = args->a, *b = args->b;
    float *d = args->d;
    blas.sgemm(ROW_MAJOR, gemm_a_transposed(problem) ? TRANS : NO_TRANS,
               gemm_b_transposed(problem) ? TRANS : NO_TRANS, (int)args->m, (int)args->n, (int)args->k,
               args->alpha, a + item * args->stride_a, (int)args->lda, b + item * args->stride_b,
               (int)args->ldb, 0, d + item * args->stride_d, (int)args->ldd);
}

/* m = 1: D's row is B^T times A's; n = 1: D's column is A times B's. A vector stored across rows has stride
 * ld. */
static void run_sgemv(const struct problem *problem, const struct gemm_args *args, int64_t item)
{
    const float *a = (const float *)args->a + item * args->stride_a,
                *b = (const float *)args->b + item * args->stride_b;
    float *d = (float *)args->d + item * args->stride_d;
    bool ta = gemm_a_transposed(problem), tb = gemm_b_transposed(problem);
    if (args->m == 1)
        blas.sgemv(ROW_MAJOR, tb ? NO_TRANS : TRANS, (int)(tb ? args->n : args->k),
                   (int)(tb ? args->k : args->n), args->alpha, b, (int)args->ldb, a, ta ? (int)args->lda : 1,
                   0, d, 1);
    else
        blas.sgemv(ROW_MAJOR, ta ? TRANS : NO_TRANS, (int)(ta ? args->k : args->m),
                   (int)(ta ? args->m : args->k), args->alpha, a, (int)args->lda, b, tb ? 1 : (int)args->ldb,
                   0, d, (int)args->ldd);
}

/* As the problem says: beta 0, D apart from C. */
static enum status openblas_run(struct vendor_plan *plan, unsigned way, const void *args_bytes, void *stream)
{
    const struct problem *problem = &((struct openblas_plan *)plan)->problem;
    const struct gemm_args *args = args_bytes;
    (void)stream;
    for (int64_t item = 0; item < args->batch; item++)
        if (way == 0)
            run_sgemm(problem, args, item);
        else
            run_sgemv(problem, args, item);
    return STATUS_OK;
}

const struct vendor_api vendor_openblas = {
    .backend = "cpu",
    .open = openblas_open,
    .does = openblas_does,
    .plan = openblas_plan,
    .release = openblas_release,
    .run = openblas_run,
};
