/* What a product may be, and the product. */
#include <math.h>
#include <time.h>
#include "tests/fakes/libcublaslt/face.h"
#include "tuner/base/dtype.h"

static bool type_of(int32_t code, enum dtype *out)
{
    static const struct {
        int32_t code;
        enum dtype type;
    } types[] = {{CUDA_R_32F, DTYPE_F32},
                 {CUDA_R_16F, DTYPE_F16},
                 {CUDA_R_16BF, DTYPE_BF16},
                 {CUDA_R_8F_E4M3, DTYPE_F8E4M3},
                 {CUDA_R_8F_E5M2, DTYPE_F8E5M2}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].code == code) return *out = types[i].type, true;
    return false;
}

static bool is_fp8(int32_t code)
{
    return code == CUDA_R_8F_E4M3 || code == CUDA_R_8F_E5M2;
}

/* Of op(X), by the reference: op(A) is m x k, op(B) is k x n, C and D are m x n. */
static bool shapes_fit(const struct fake_product *p)
{
    bool ta = p->operation.transpose_a, tb = p->operation.transpose_b;
    uint64_t m = ta ? p->a.columns : p->a.rows, k = ta ? p->a.rows : p->a.columns;
    uint64_t n = tb ? p->b.rows : p->b.columns;
    const struct fake_layout *all[] = {&p->a, &p->b, &p->c, &p->d};
    for (int i = 0; i < 4; i++)
        if (all[i]->ld < (int64_t)all[i]->rows || all[i]->batch != p->d.batch) return false;
    return (tb ? p->b.columns : p->b.rows) == k && p->d.rows == m && p->d.columns == n && p->c.rows == m &&
           p->c.columns == n;
}

cublasStatus_t fake_product_check(const struct fake_product *p)
{
    const struct fake_operation *operation = &p->operation;
    enum dtype type;
    if (operation->compute != CUBLAS_COMPUTE_32F || operation->scale != CUDA_R_32F || !shapes_fit(p))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!type_of(p->a.type, &type) || !type_of(p->b.type, &type) || !type_of(p->d.type, &type))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (is_fp8(p->d.type) ? p->c.type != CUDA_R_16BF && p->c.type != CUDA_R_16F : p->c.type != p->d.type)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (is_fp8(p->a.type) && (!operation->transpose_a || operation->transpose_b))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (is_fp8(p->a.type) && (p->a.ld % 16 || p->b.ld % 16)) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (operation->epilogue != CUBLASLT_EPILOGUE_DEFAULT && fake_cublaslt()->plain)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (operation->epilogue & CUBLASLT_EPILOGUE_BIAS && operation->bias_type != p->d.type)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    return CUBLAS_STATUS_SUCCESS;
}

static double element(const struct fake_layout *layout, const void *data, int64_t batch, uint64_t row,
                      uint64_t column)
{
    enum dtype type = DTYPE_F32;
    type_of(layout->type, &type);
    int64_t i = batch * layout->stride + (int64_t)column * layout->ld + (int64_t)row;
    return dtype_load(type, (const char *)data + i * (int64_t)dtype_bytes(type));
}

/* gelu by its approximation with tanh, as cuBLASLt has it. */
static double finish(const struct fake_product *p, double x, int64_t batch, uint64_t row)
{
    const struct fake_operation *operation = &p->operation;
    if (operation->epilogue & CUBLASLT_EPILOGUE_BIAS) {
        struct fake_layout bias = {.type = operation->bias_type, .stride = operation->bias_stride};
        x += element(&bias, operation->bias, batch, row, 0);
    }
    if ((operation->epilogue & CUBLASLT_EPILOGUE_RELU) == CUBLASLT_EPILOGUE_RELU) x = x > 0 ? x : 0;
    if (operation->epilogue & CUBLASLT_EPILOGUE_GELU)
        x = 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    return x;
}

static void wait_us(int us)
{
    struct timespec time = {.tv_nsec = us * 1000L};
    if (us > 0) nanosleep(&time, NULL);
}

void fake_product_run(void *context)
{
    const struct fake_product *p = context;
    bool ta = p->operation.transpose_a, tb = p->operation.transpose_b;
    uint64_t k = ta ? p->a.rows : p->a.columns;
    enum dtype type = DTYPE_F32;
    type_of(p->d.type, &type);
    for (int64_t batch = 0; batch < p->d.batch; batch++)
        for (uint64_t j = 0; j < p->d.columns; j++)
            for (uint64_t i = 0; i < p->d.rows; i++) {
                double sum = 0;
                for (uint64_t q = 0; q < k; q++)
                    sum += element(&p->a, p->a_data, batch, ta ? q : i, ta ? i : q) *
                           element(&p->b, p->b_data, batch, tb ? j : q, tb ? q : j);
                sum = finish(p, p->alpha * sum, batch, i);
                if (p->beta != 0) sum += p->beta * element(&p->c, p->c_data, batch, i, j);
                int64_t at = batch * p->d.stride + (int64_t)j * p->d.ld + (int64_t)i;
                dtype_store(type, (char *)p->d_data + at * (int64_t)dtype_bytes(type), sum);
            }
    int steps = p->proposal > BEST_PROPOSAL ? p->proposal - BEST_PROPOSAL : BEST_PROPOSAL - p->proposal;
    wait_us(steps * fake_cublaslt()->delay_us);
}
