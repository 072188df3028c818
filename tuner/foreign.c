/* The table of formats, and what its readers share. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "tuner/foreign_parts.h"

static const struct foreign_format formats[] = {
    {"aiter", "AITER's tables of tuned GEMMs (CSV)", foreign_read_aiter},
    {"tunableop", "PyTorch TunableOp's results (CSV)", foreign_read_tunableop},
    {"hipblaslt-log", "hipBLASLt's log of bench commands (HIPBLASLT_LOG_MASK=32)", foreign_read_hipblaslt},
    {"t4", "T4 results of one problem, with --problem", foreign_read_recording},
    {"kerneltuner", "a Kernel Tuner cache of one problem, with --problem", foreign_read_recording},
};

const struct foreign_format *foreign_formats(size_t *n)
{
    *n = sizeof formats / sizeof *formats;
    return formats;
}

const struct foreign_format *foreign_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

struct foreign_row foreign_row_of(size_t line)
{
    return (struct foreign_row){.line = line, .tflops = -1, .gbps = -1};
}

void foreign_refuse(struct foreign_row *row, const char *format, ...)
{
    va_list arguments;
    row->problem.op = NULL;
    va_start(arguments, format);
    vsnprintf(row->why, sizeof row->why, format, arguments);
    va_end(arguments);
}

/* --- words --- */

/* Longer names stand before those that begin them. */
static const struct {
    const char *name;
    enum dtype type;
} types[] = {
    {"float8_e4m3fnuz", DTYPE_F8E4M3FNUZ},
    {"float8_e4m3fn", DTYPE_F8E4M3},
    {"float8_e5m2", DTYPE_F8E5M2},
    {"f8e4m3fnuz", DTYPE_F8E4M3FNUZ},
    {"f8e4m3", DTYPE_F8E4M3},
    {"f8e5m2", DTYPE_F8E5M2},
    {"f8_fnuz", DTYPE_F8E4M3FNUZ},
    {"f8", DTYPE_F8E4M3},
    {"bf8", DTYPE_F8E5M2},
    {"bfloat16", DTYPE_BF16},
    {"bf16", DTYPE_BF16},
    {"float16", DTYPE_F16},
    {"half", DTYPE_F16},
    {"fp16", DTYPE_F16},
    {"f16", DTYPE_F16},
    {"float32", DTYPE_F32},
    {"float64", DTYPE_F64},
    {"float", DTYPE_F32},
    {"fp32", DTYPE_F32},
    {"tf32", DTYPE_F32},
    {"f32", DTYPE_F32},
    {"double", DTYPE_F64},
    {"f64", DTYPE_F64},
    {"int8", DTYPE_I8},
    {"i8", DTYPE_I8},
    {"int32", DTYPE_I32},
    {"i32", DTYPE_I32},
};

bool foreign_type_prefix(const char *text, enum dtype *type, size_t *used)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t length = strlen(types[i].name);
        if (strncasecmp(text, types[i].name, length) != 0) continue;
        if (text[length] != '\0' && text[length] != '_') continue;
        *type = types[i].type;
        *used = length;
        return true;
    }
    return false;
}

bool foreign_type(const char *name, const char *target, enum dtype *type)
{
    size_t used;
    if (text_starts_with(name, "torch.")) name += strlen("torch.");
    if (strcasecmp(name, "fp8") == 0) {
        *type = text_starts_with(target, "gfx94") ? DTYPE_F8E4M3FNUZ : DTYPE_F8E4M3;
        return true;
    }
    /* hipBLASLt's have an ending that says they are real. */
    return foreign_type_prefix(name, type, &used) && (!name[used] || strcmp(name + used, "_r") == 0);
}

bool foreign_size(const char *text, int64_t *value)
{
    return *text >= '0' && *text <= '9' && text_parse_int64(text, value) && *value >= 1;
}

bool foreign_number(const char *text, double *value)
{
    return text_parse_double(text, value) && *value >= 0 && *value <= 1e18;
}

/* --- products --- */

/* log2 of the bytes that rows of this pitch leave of an alignment of 16. */
static int alignment(int64_t pitch, enum dtype type)
{
    uint64_t bytes = (uint64_t)pitch * dtype_bytes(type);
    int zeros = bytes ? __builtin_ctzll(bytes) : 4;
    return zeros < 4 ? zeros : 4;
}

static int64_t pitch_of(int64_t said, char letter, int64_t columns, int64_t rows)
{
    return said ? said : letter == 'n' ? columns : rows;
}

void foreign_product_problem(const struct foreign_product *product, struct foreign_row *row)
{
    const struct foreign_product *p = product;
    char text[PROBLEM_TEXT_BYTES];
    int a = alignment(pitch_of(p->lda, p->a_letter, p->k, p->m), p->a);
    int b = alignment(pitch_of(p->ldb, p->b_letter, p->n, p->k), p->b);
    int d = alignment(p->ldd ? p->ldd : p->n, p->d);
    snprintf(text, sizeof text,
             "gemm a=%s b=%s d=%s acc=%s %c%c %s%s al=%d%d%d%d m=%lld n=%lld k=%lld batch=%lld",
             dtype_name(p->a), dtype_name(p->b), dtype_name(p->d), dtype_name(p->acc), p->a_letter,
             p->b_letter, p->bias ? "bias+" : "", p->act ? p->act : "none", a, b, d, d, (long long)p->m,
             (long long)p->n, (long long)p->k, (long long)p->batch);
    /* "bias+none" is written "bias" */
    char *none = strstr(text, "+none");
    if (none) memmove(none, none + strlen("+none"), strlen(none + strlen("+none")) + 1);
    if (problem_parse(text, &row->problem) != STATUS_OK) foreign_refuse(row, "%.190s", status_message());
}

struct foreign_product foreign_product_of_blas(const struct foreign_product *blas)
{
    struct foreign_product ours = *blas;
    ours.m = blas->n, ours.n = blas->m;
    ours.a = blas->b, ours.b = blas->a;
    ours.a_letter = blas->b_letter, ours.b_letter = blas->a_letter;
    ours.lda = blas->ldb, ours.ldb = blas->lda;
    return ours;
}
