/* The gemm op: problem fields, text, key, operands, argument block. What it computes stands in gemm_args.h.
 */
#include "templates/op.h"

#include <string.h>
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"

static const char *const layouts[] = {"nn", "nt", "tn", "tt", NULL};
static const char *const activations[] = {"none", "relu", "gelu", "silu", "reglu", "geglu", "swiglu", NULL};

enum { SIZE_MAX_32 = INT32_MAX, ALIGN_DEFAULT = 4 };

#define TYPE_FIELD(name, brief, initial)                           \
    {                                                              \
        name, FIELD_TYPE, NULL, 0, DTYPE_COUNT - 1, initial, brief \
    }
#define ALIGN_FIELD(name)                                  \
    {                                                      \
        name, FIELD_ALIGN, NULL, 0, 8, ALIGN_DEFAULT, NULL \
    }
#define SIZE_FIELD(name, initial)                             \
    {                                                         \
        name, FIELD_SIZE, NULL, 1, SIZE_MAX_32, initial, NULL \
    }

static const struct op_field fields[GEMM_FIELDS] = {
    [GEMM_A_TYPE] = TYPE_FIELD("a_type", "a", -1),
    [GEMM_B_TYPE] = TYPE_FIELD("b_type", "b", -1),
    [GEMM_D_TYPE] = TYPE_FIELD("d_type", "d", -1),
    [GEMM_ACC_TYPE] = TYPE_FIELD("acc_type", "acc", DTYPE_F32),
    [GEMM_LAYOUT] = {"layout", FIELD_CHOICE, layouts, 0, 3, GEMM_NN, NULL},
    [GEMM_ACT] = {"act", FIELD_CHOICE, activations, 0, 6, GEMM_NONE, NULL},
    [GEMM_BIAS] = {"bias", FIELD_FLAG, NULL, 0, 1, 0, NULL},
    [GEMM_ALIGN_A] = ALIGN_FIELD("align_a"),
    [GEMM_ALIGN_B] = ALIGN_FIELD("align_b"),
    [GEMM_ALIGN_C] = ALIGN_FIELD("align_c"),
    [GEMM_ALIGN_D] = ALIGN_FIELD("align_d"),
    [GEMM_M] = SIZE_FIELD("m", -1),
    [GEMM_N] = SIZE_FIELD("n", -1),
    [GEMM_K] = SIZE_FIELD("k", -1),
    [GEMM_BATCH] = SIZE_FIELD("batch", 1),
};

static const char *const operand_names[] = {
    [GEMM_OPERAND_A] = "a", [GEMM_OPERAND_B] = "b",       [GEMM_OPERAND_C] = "c",
    [GEMM_OPERAND_D] = "d", [GEMM_OPERAND_BIAS] = "bias", NULL};

static const char *const key_sizes[] = {"n", "k", "batch", "m", NULL};

static bool is_integer(enum dtype type)
{
    return type == DTYPE_I8 || type == DTYPE_I32;
}

/* What products of a type are summed in when the text does not say. */
static enum dtype accumulator_of(enum dtype type)
{
    if (is_integer(type)) return DTYPE_I32;
    return type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
}

static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) return i;
    return -1;
}

static bool take_type(struct problem *problem, const char *word)
{
    enum dtype type;
    if (!dtype_parse(word, &type)) return false;
    problem->value[GEMM_A_TYPE] = problem->value[GEMM_B_TYPE] = problem->value[GEMM_D_TYPE] = type;
    problem->value[GEMM_ACC_TYPE] = accumulator_of(type);
    return true;
}

static bool take_layout(struct problem *problem, const char *word)
{
    int layout = find_word(layouts, word);
    if (layout >= 0) problem->value[GEMM_LAYOUT] = layout;
    return layout >= 0;
}

/* "none", "gelu", "bias", "bias+gelu" */
static bool take_epilogue(struct problem *problem, const char *word)
{
    bool bias = text_starts_with(word, "bias");
    if (bias) {
        word += strlen("bias");
        if (*word == '+' && word[1] != '\0' && strcmp(word, "+none") != 0)
            word++;
        else if (*word == '\0')
            word = "none";
        else
            return false;
    }
    int act = find_word(activations, word);
    if (act < 0) return false;
    problem->value[GEMM_ACT] = act;
    problem->value[GEMM_BIAS] = bias;
    return true;
}

/* "al=4444": log2 of the alignment of a, b, c and d. What is no digit of 0..8, or is missing, lands outside
 * the field's range, so that problem_check names it. */
static bool take_alignment(struct problem *problem, const char *word)
{
    if (!text_starts_with(word, "al=")) return false;
    const char *digits = word + strlen("al=");
    size_t n = strlen(digits);
    for (size_t i = 0; i < 4; i++) problem->value[GEMM_ALIGN_A + i] = i < n && n <= 4 ? digits[i] - '0' : -2;
    return true;
}

static bool gemm_take_word(struct problem *problem, const char *word)
{
    return take_type(problem, word) || take_layout(problem, word) || take_epilogue(problem, word) ||
           take_alignment(problem, word);
}

static void print_epilogue(const struct problem *problem, struct text *out)
{
    int64_t act = problem->value[GEMM_ACT];
    if (problem->value[GEMM_BIAS]) text_append(out, act == GEMM_NONE ? "bias" : "bias+");
    if (!problem->value[GEMM_BIAS] || act != GEMM_NONE) text_append(out, activations[act]);
}

static void print_alignment(const struct problem *problem, struct text *out)
{
    text_append(out, "al=");
    for (int i = 0; i < 4; i++) text_format(out, "%d", (int)problem->value[GEMM_ALIGN_A + i]);
}

static const char *type_name(const struct problem *problem, enum gemm_field field)
{
    return dtype_name((enum dtype)problem->value[field]);
}

static void gemm_print(const struct problem *problem, struct text *out)
{
    const int64_t *value = problem->value;
    int64_t a = value[GEMM_A_TYPE];
    text_append(out, type_name(problem, GEMM_A_TYPE));
    if (value[GEMM_B_TYPE] != a) text_format(out, " b=%s", type_name(problem, GEMM_B_TYPE));
    if (value[GEMM_D_TYPE] != a) text_format(out, " d=%s", type_name(problem, GEMM_D_TYPE));
    if (value[GEMM_ACC_TYPE] != (int64_t)accumulator_of((enum dtype)a))
        text_format(out, " acc=%s", type_name(problem, GEMM_ACC_TYPE));
    text_format(out, " %s", layouts[value[GEMM_LAYOUT]]);
    if (value[GEMM_BIAS] || value[GEMM_ACT] != GEMM_NONE) {
        text_append(out, " ");
        print_epilogue(problem, out);
    }
    bool usual = true;
    for (int i = 0; i < 4; i++) usual &= value[GEMM_ALIGN_A + i] == ALIGN_DEFAULT;
    if (!usual) {
        text_append(out, " ");
        print_alignment(problem, out);
    }
    text_format(out, " m=%lld n=%lld k=%lld", (long long)value[GEMM_M], (long long)value[GEMM_N],
                (long long)value[GEMM_K]);
    if (value[GEMM_BATCH] != 1) text_format(out, " batch=%lld", (long long)value[GEMM_BATCH]);
}

static void gemm_key_head(const struct problem *problem, struct text *out)
{
    text_format(out, "gemm/a=%s,b=%s,d=%s,acc=%s/%s/", type_name(problem, GEMM_A_TYPE),
                type_name(problem, GEMM_B_TYPE), type_name(problem, GEMM_D_TYPE),
                type_name(problem, GEMM_ACC_TYPE), layouts[problem->value[GEMM_LAYOUT]]);
    print_epilogue(problem, out);
    text_append(out, "/");
    print_alignment(problem, out);
}

bool gemm_is_glu(const struct problem *problem)
{
    return problem->value[GEMM_ACT] >= GEMM_REGLU;
}

static struct operand matrix(const struct problem *problem, const char *name, enum operand_role role,
                             enum gemm_field type, enum gemm_field align, int64_t rows, int64_t columns)
{
    enum dtype element = (enum dtype)problem->value[type];
    int64_t bytes = dtype_bytes(element), multiple = (int64_t)1 << problem->value[align];
    int64_t pitch_bytes = (columns * bytes + multiple - 1) / multiple * multiple;
    struct operand operand = {.name = name, .role = role, .type = element, .rows = rows, .columns = columns};
    operand.pitch = pitch_bytes / bytes;
    operand.batch = problem->value[GEMM_BATCH];
    /* wraps for absurd sizes; gemm_check refuses those before anybody uses it */
    operand.batch_stride = (int64_t)((uint64_t)rows * (uint64_t)operand.pitch);
    return operand;
}

static unsigned gemm_operands(const struct problem *problem, struct operand out[OP_OPERANDS_MAX])
{
    int64_t m = problem->value[GEMM_M], n = problem->value[GEMM_N], k = problem->value[GEMM_K];
    int64_t columns = gemm_is_glu(problem) ? n / 2 : n;
    bool ta = gemm_a_transposed(problem), tb = gemm_b_transposed(problem);
    out[GEMM_OPERAND_A] =
        matrix(problem, "a", OPERAND_ACTIVATION, GEMM_A_TYPE, GEMM_ALIGN_A, ta ? k : m, ta ? m : k);
    out[GEMM_OPERAND_B] =
        matrix(problem, "b", OPERAND_WEIGHT, GEMM_B_TYPE, GEMM_ALIGN_B, tb ? n : k, tb ? k : n);
    out[GEMM_OPERAND_C] = matrix(problem, "c", OPERAND_ACTIVATION, GEMM_D_TYPE, GEMM_ALIGN_C, m, columns);
    out[GEMM_OPERAND_D] = matrix(problem, "d", OPERAND_OUTPUT, GEMM_D_TYPE, GEMM_ALIGN_D, m, columns);
#define PLACE(operand, letter)                                          \
    out[operand].pointer_offset = offsetof(struct gemm_args, letter);   \
    out[operand].pitch_offset = offsetof(struct gemm_args, ld##letter); \
    out[operand].batch_stride_offset = offsetof(struct gemm_args, stride_##letter)
    PLACE(GEMM_OPERAND_A, a);
    PLACE(GEMM_OPERAND_B, b);
    PLACE(GEMM_OPERAND_C, c);
    PLACE(GEMM_OPERAND_D, d);
#undef PLACE
    if (!problem->value[GEMM_BIAS]) return GEMM_OPERAND_BIAS;
    out[GEMM_OPERAND_BIAS] = matrix(problem, "bias", OPERAND_WEIGHT, GEMM_D_TYPE, GEMM_ALIGN_D, 1, n);
    out[GEMM_OPERAND_BIAS].pointer_offset = offsetof(struct gemm_args, bias);
    out[GEMM_OPERAND_BIAS].batch_stride_offset = offsetof(struct gemm_args, stride_bias);
    return GEMM_OPERAND_BIAS + 1;
}

/* Every operand has fewer than 2^62 bytes, so that offsets and their sums fit in 63 bits. */
static enum status check_bytes(const struct problem *problem)
{
    struct operand operands[OP_OPERANDS_MAX];
    unsigned n = gemm_operands(problem, operands);
    for (unsigned i = 0; i < n; i++) {
        const struct operand *operand = &operands[i];
        int64_t bytes;
        if (__builtin_mul_overflow(operand->rows, operand->pitch, &bytes) ||
            __builtin_mul_overflow(bytes, operand->batch, &bytes) ||
            __builtin_mul_overflow(bytes, (int64_t)dtype_bytes(operand->type), &bytes) || bytes >> 62)
            return status_fail(STATUS_USAGE, "gemm: operand %s (%lld x %lld, batch %lld) exceeds 2^62 bytes",
                               operand->name, (long long)operand->rows, (long long)operand->columns,
                               (long long)operand->batch);
    }
    return STATUS_OK;
}

static enum status check_types(const struct problem *problem)
{
    const enum gemm_field operand_type[4] = {GEMM_A_TYPE, GEMM_B_TYPE, GEMM_D_TYPE, GEMM_D_TYPE};
    bool integer = is_integer((enum dtype)problem->value[GEMM_A_TYPE]);
    if (is_integer((enum dtype)problem->value[GEMM_B_TYPE]) != integer ||
        is_integer((enum dtype)problem->value[GEMM_ACC_TYPE]) != integer)
        return status_fail(STATUS_USAGE, "gemm: a=%s b=%s acc=%s mixes integers and floats; use one kind",
                           type_name(problem, GEMM_A_TYPE), type_name(problem, GEMM_B_TYPE),
                           type_name(problem, GEMM_ACC_TYPE));
    for (int i = 0; i < 4; i++) {
        int64_t align = problem->value[GEMM_ALIGN_A + i];
        unsigned bytes = dtype_bytes((enum dtype)problem->value[operand_type[i]]);
        if (((int64_t)1 << align) < (int64_t)bytes)
            return status_fail(STATUS_USAGE,
                               "gemm: %s=%d is less than an element of %s (%u bytes, so at least %d)",
                               fields[GEMM_ALIGN_A + i].name, (int)align, type_name(problem, operand_type[i]),
                               bytes, __builtin_ctz(bytes));
    }
    return STATUS_OK;
}

static enum status gemm_check(const struct problem *problem)
{
    if (gemm_is_glu(problem) && problem->value[GEMM_N] % 2 != 0)
        return status_fail(STATUS_USAGE,
                           "gemm: n=%lld is odd; %s pairs two halves of the columns, so n must be even",
                           (long long)problem->value[GEMM_N], activations[problem->value[GEMM_ACT]]);
    TRY(check_types(problem));
    return check_bytes(problem);
}

static void gemm_work(const struct problem *problem, struct op_work *out)
{
    double m = (double)problem->value[GEMM_M], n = (double)problem->value[GEMM_N];
    double k = (double)problem->value[GEMM_K], batch = (double)problem->value[GEMM_BATCH];
    double a = dtype_bytes((enum dtype)problem->value[GEMM_A_TYPE]);
    double b = dtype_bytes((enum dtype)problem->value[GEMM_B_TYPE]);
    double d = dtype_bytes((enum dtype)problem->value[GEMM_D_TYPE]);
    double columns = gemm_is_glu(problem) ? n / 2 : n;
    out->flops = 2 * m * n * k * batch;
    out->bytes = batch * (m * k * a + k * n * b + m * columns * d + (problem->value[GEMM_BIAS] ? n * d : 0));
}

/* One type throughout: nn and nt with every epilogue, tn and tt plain. bf16 with its sums kept as f32: nn and
 * nt, with or without bias. */
static bool gemm_is_usual(const struct problem *problem)
{
    const int64_t *value = problem->value;
    bool plain = value[GEMM_ACT] == GEMM_NONE && !value[GEMM_BIAS];
    if (value[GEMM_A_TYPE] == value[GEMM_D_TYPE]) return plain || !gemm_a_transposed(problem);
    return value[GEMM_A_TYPE] == DTYPE_BF16 && value[GEMM_D_TYPE] == DTYPE_F32 &&
           value[GEMM_ACT] == GEMM_NONE && !gemm_a_transposed(problem);
}

static void gemm_bind(const struct problem *problem, void *const pointers[OP_OPERANDS_MAX], void *workspace,
                      void *args)
{
    struct operand operands[OP_OPERANDS_MAX] = {{0}};
    unsigned n = gemm_operands(problem, operands);
    const struct operand *d = &operands[GEMM_OPERAND_D], *c = &operands[GEMM_OPERAND_C];
    if (pointers[GEMM_OPERAND_C] == pointers[GEMM_OPERAND_D]) c = d; /* in place: C is stored as D is */
    bool bias = n > GEMM_OPERAND_BIAS;
    struct gemm_args *out = args;
    *out = (struct gemm_args){
        .a = pointers[GEMM_OPERAND_A],
        .b = pointers[GEMM_OPERAND_B],
        .c = pointers[GEMM_OPERAND_C],
        .bias = bias ? pointers[GEMM_OPERAND_BIAS] : NULL,
        .d = pointers[GEMM_OPERAND_D],
        .workspace = workspace,
        .m = problem->value[GEMM_M],
        .n = problem->value[GEMM_N],
        .k = problem->value[GEMM_K],
        .batch = problem->value[GEMM_BATCH],
        .lda = operands[GEMM_OPERAND_A].pitch,
        .ldb = operands[GEMM_OPERAND_B].pitch,
        .ldc = c->pitch,
        .ldd = d->pitch,
        .stride_a = operands[GEMM_OPERAND_A].batch_stride,
        .stride_b = operands[GEMM_OPERAND_B].batch_stride,
        .stride_c = c->batch_stride,
        .stride_d = d->batch_stride,
        .stride_bias = bias ? operands[GEMM_OPERAND_BIAS].batch_stride : 0,
        .alpha = 1,
        .beta = 0,
    };
}

const struct op gemm_op = {
    .name = "gemm",
    .fields = fields,
    .n_fields = GEMM_FIELDS,
    .args_abi = GEMM_ARGS_ABI,
    .args_bytes = sizeof(struct gemm_args),
    .check = gemm_check,
    .take_word = gemm_take_word,
    .print = gemm_print,
    .key_head = gemm_key_head,
    .key_sizes = key_sizes,
    .work = gemm_work,
    .operands = gemm_operands,
    .operand_names = operand_names,
    .is_usual = gemm_is_usual,
    .bind = gemm_bind,
};
