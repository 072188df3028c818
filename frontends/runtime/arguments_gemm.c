/* The arguments of one product against what its plan promised: pointers, pitches, alignments, sizes. */
#include <stdint.h>
#include "frontends/runtime/arguments.h"
#include "templates/gemm/gemm.h"

/* One operand as stored: `rows` rows of `width` elements, `pitch` apart. */
struct view {
    const char *name;
    const void *base;
    int64_t rows, width, *pitch, stride;
    unsigned element_bytes;
    int64_t align; /* log2, promised for base and pitch */
};

static enum status check_pointer(const struct view *view)
{
    if (!view->base) return status_fail(STATUS_USAGE, "gemm: %s is NULL", view->name);
    uintptr_t multiple = (uintptr_t)1 << view->align;
    if ((uintptr_t)view->base & (multiple - 1))
        return status_fail(
            STATUS_NOT_COVERED,
            "gemm: %s=%p is no multiple of %zu bytes, which align_%s=%d of the problem promised", view->name,
            view->base, (size_t)multiple, view->name, (int)view->align);
    return STATUS_OK;
}

static enum status check_step(const struct view *view, const char *what, int64_t elements)
{
    int64_t bytes, multiple = (int64_t)1 << view->align;
    if (elements < 0 || __builtin_mul_overflow(elements, (int64_t)view->element_bytes, &bytes))
        return status_fail(STATUS_USAGE, "gemm: %s%s=%lld is out of range", what, view->name,
                           (long long)elements);
    if (bytes & (multiple - 1))
        return status_fail(
            STATUS_NOT_COVERED,
            "gemm: %s%s=%lld elements is no multiple of %lld bytes, which align_%s=%d of the problem "
            "promised",
            what, view->name, (long long)elements, (long long)multiple, view->name, (int)view->align);
    return STATUS_OK;
}

/* The pitch is made definite; the last byte must have an offset below 2^62. A single row has no pitch to
 * align. */
static enum status check_view(const struct view *view, int64_t batch)
{
    TRY(check_pointer(view));
    if (*view->pitch == 0) *view->pitch = view->width;
    if (*view->pitch < view->width)
        return status_fail(STATUS_USAGE, "gemm: ld%s=%lld is less than a row of %s, %lld elements",
                           view->name, (long long)*view->pitch, view->name, (long long)view->width);
    if (view->rows > 1) TRY(check_step(view, "ld", *view->pitch));
    if (batch > 1) TRY(check_step(view, "stride_", view->stride));
    int64_t last, items = 0;
    if (__builtin_mul_overflow(view->rows, *view->pitch, &last) ||
        (batch > 1 && __builtin_mul_overflow(batch, view->stride, &items)) ||
        __builtin_add_overflow(last, items, &last) ||
        __builtin_mul_overflow(last, (int64_t)view->element_bytes, &last) || last >> 62)
        return status_fail(STATUS_USAGE, "gemm: %s reaches beyond 2^62 bytes", view->name);
    return STATUS_OK;
}

static enum status check_size(const char *name, int64_t given, int64_t planned)
{
    if (given == planned) return STATUS_OK;
    return status_fail(STATUS_NOT_COVERED, "gemm: %s=%lld, but the plan is for %s=%lld; plan that problem",
                       name, (long long)given, name, (long long)planned);
}

static enum status check_sizes(const struct problem *planned, const struct gemm_args *args)
{
    int64_t most = gemm_op.fields[GEMM_M].maximum;
    if (args->m < 1 || args->m > most)
        return status_fail(STATUS_USAGE, "gemm: m=%lld is out of range; it lies in 1..%lld", args->m,
                           (long long)most);
    TRY(check_size("n", args->n, planned->value[GEMM_N]));
    TRY(check_size("k", args->k, planned->value[GEMM_K]));
    return check_size("batch", args->batch, planned->value[GEMM_BATCH]);
}

/* What is wrong for certain: an input that starts where the output starts. Interleaved views of one buffer
 * are legal and cannot be told from an overlap by their ends, so the rest is the caller's word. */
static enum status check_overlap(const struct gemm_args *args)
{
    if (args->d == args->a || args->d == args->b || (args->bias && args->d == args->bias))
        return status_fail(STATUS_USAGE, "gemm: d is %s; an output may share memory with c only",
                           args->d == args->a   ? "a"
                           : args->d == args->b ? "b"
                                                : "bias");
    if (args->c == args->d &&
        (args->ldc != args->ldd || (args->batch > 1 && args->stride_c != args->stride_d)))
        return status_fail(STATUS_USAGE, "gemm: c is d, but ldc or stride_c differs from ldd or stride_d");
    return STATUS_OK;
}

static enum status check_bias(const struct problem *planned, const struct gemm_args *args)
{
    if (planned->value[GEMM_BIAS] && !args->bias)
        return status_fail(STATUS_USAGE, "gemm: bias is NULL, but the problem has one");
    if (!planned->value[GEMM_BIAS] && args->bias)
        return status_fail(STATUS_USAGE, "gemm: a bias is given, but the problem has none; set has_bias");
    unsigned bytes = dtype_bytes((enum dtype)planned->value[GEMM_D_TYPE]);
    if ((uintptr_t)args->bias & (bytes - 1))
        return status_fail(STATUS_NOT_COVERED, "gemm: bias=%p is no multiple of its element, %u bytes",
                           args->bias, bytes);
    if (args->batch > 1 && args->stride_bias < 0)
        return status_fail(STATUS_USAGE, "gemm: stride_bias=%lld is negative", args->stride_bias);
    return STATUS_OK;
}

static struct gemm_args convert(const tb_gemm_args *in, void *workspace)
{
    return (struct gemm_args){
        .a = in->a,
        .b = in->b,
        .c = in->c,
        .bias = in->bias,
        .d = in->d,
        .workspace = workspace,
        .m = in->m,
        .n = in->n,
        .k = in->k,
        .batch = in->batch,
        .lda = in->lda,
        .ldb = in->ldb,
        .ldc = in->ldc,
        .ldd = in->ldd,
        .stride_a = in->stride_a,
        .stride_b = in->stride_b,
        .stride_c = in->stride_c,
        .stride_d = in->stride_d,
        .stride_bias = in->stride_bias,
        .alpha = in->alpha,
        .beta = in->beta,
    };
}

enum status arguments_gemm(const struct problem *planned, const tb_gemm_args *given, void *workspace,
                           struct gemm_args *args)
{
    *args = convert(given, workspace);
    TRY(check_sizes(planned, args));
    const int64_t *value = planned->value;
    bool ta = gemm_a_transposed(planned), tb = gemm_b_transposed(planned);
    int64_t columns = gemm_is_glu(planned) ? args->n / 2 : args->n;
    int64_t lda = args->lda, ldb = args->ldb, ldc = args->ldc, ldd = args->ldd;
    unsigned d_bytes = dtype_bytes((enum dtype)value[GEMM_D_TYPE]);
    struct view a = {"a",
                     args->a,
                     ta ? args->k : args->m,
                     ta ? args->m : args->k,
                     &lda,
                     args->stride_a,
                     dtype_bytes((enum dtype)value[GEMM_A_TYPE]),
                     value[GEMM_ALIGN_A]};
    struct view b = {"b",
                     args->b,
                     tb ? args->n : args->k,
                     tb ? args->k : args->n,
                     &ldb,
                     args->stride_b,
                     dtype_bytes((enum dtype)value[GEMM_B_TYPE]),
                     value[GEMM_ALIGN_B]};
    struct view c = {"c", args->c, args->m, columns, &ldc, args->stride_c, d_bytes, value[GEMM_ALIGN_C]};
    struct view d = {"d", args->d, args->m, columns, &ldd, args->stride_d, d_bytes, value[GEMM_ALIGN_D]};
    TRY(check_view(&a, args->batch));
    TRY(check_view(&b, args->batch));
    TRY(check_view(&d, args->batch));
    if (args->batch > 1 && args->stride_d == 0)
        return status_fail(STATUS_USAGE,
                           "gemm: stride_d is 0, so that all %lld products would be written to one place",
                           args->batch);
    TRY(check_bias(planned, args));
    if (args->beta != 0) {
        TRY(check_view(&c, args->batch));
    } else { /* never read: whatever the caller left there */
        args->c = NULL;
        ldc = ldd;
    }
    args->lda = lda;
    args->ldb = ldb;
    args->ldc = ldc;
    args->ldd = ldd;
    return check_overlap(args);
}
