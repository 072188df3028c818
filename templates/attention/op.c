/* The attention op: problem fields, text, key, checks, work. What it computes stands in attention_args.h, its
 * operands and argument block in operands.c. */
#include <string.h>
#include "templates/attention/attention.h"
#include "templates/attention/attention_args.h"
#include "templates/attention/operands.h"

static const char *const masks[] = {"full", "causal", "sliding", "band", NULL};

enum {
    SIZE_MAX_32 = INT32_MAX,
    LENGTH_MAX = INT32_MAX - 1023, /* kernels count up to a tile beyond the last row or key */
    HEAD_MAX = 512,
    HEAD_STEP = 8,
    NARROW_HEAD_STEP = 16,
    PAGE_LEAST = 16,
    PAGE_MOST = 256
};

#define TYPE_FIELD(name, brief)                               \
    {                                                         \
        name, FIELD_TYPE, NULL, 0, DTYPE_COUNT - 1, -1, brief \
    }
#define FLAG_FIELD(name)                      \
    {                                         \
        name, FIELD_FLAG, NULL, 0, 1, 0, NULL \
    }
#define SIZE_FIELD(name, minimum, maximum, initial)             \
    {                                                           \
        name, FIELD_SIZE, NULL, minimum, maximum, initial, NULL \
    }

/* An initial 0 below the minimum is completed from other fields. */
static const struct op_field fields[ATTENTION_FIELDS] = {
    [ATTENTION_Q_TYPE] = TYPE_FIELD("q_type", "q"),
    [ATTENTION_KV_TYPE] = TYPE_FIELD("kv_type", "kv"),
    [ATTENTION_O_TYPE] = TYPE_FIELD("o_type", "o"),
    [ATTENTION_MASK] = {"mask", FIELD_CHOICE, masks, 0, 3, ATTENTION_FULL, NULL},
    [ATTENTION_VARLEN] = FLAG_FIELD("varlen"),
    [ATTENTION_SOFTCAP] = FLAG_FIELD("softcap"),
    [ATTENTION_SINKS] = FLAG_FIELD("sinks"),
    [ATTENTION_LSE] = FLAG_FIELD("lse"),
    [ATTENTION_D] = SIZE_FIELD("d", 1, HEAD_MAX, -1),
    [ATTENTION_DV] = SIZE_FIELD("dv", 1, HEAD_MAX, 0),
    [ATTENTION_Q_HEADS] = SIZE_FIELD("q_heads", 1, 1 << 20, -1),
    [ATTENTION_KV_HEADS] = SIZE_FIELD("kv_heads", 1, 1 << 20, 0),
    [ATTENTION_PAGE] = SIZE_FIELD("page", 0, PAGE_MOST, 0),
    [ATTENTION_WINDOW] = SIZE_FIELD("window", 0, SIZE_MAX_32, 0),
    [ATTENTION_BATCH] = SIZE_FIELD("batch", 1, SIZE_MAX_32, 1),
    [ATTENTION_Q_LEN] = SIZE_FIELD("q_len", 1, LENGTH_MAX, -1),
    [ATTENTION_KV_LEN] = SIZE_FIELD("kv_len", 1, LENGTH_MAX, 0),
};

static const enum attention_field flags[] = {ATTENTION_VARLEN, ATTENTION_SOFTCAP, ATTENTION_SINKS,
                                             ATTENTION_LSE};
enum { FLAGS = sizeof flags / sizeof flags[0] };

static const char *const key_sizes[] = {"q_heads", "kv_heads", "page",   "window",
                                        "batch",   "q_len",    "kv_len", NULL};

/* ---- text ---- */

static const char plain_word[] = "plain"; /* no flag: what keys say, and texts may */

static void attention_complete(struct problem *problem)
{
    int64_t *value = problem->value;
    if (value[ATTENTION_DV] == 0) value[ATTENTION_DV] = value[ATTENTION_D];
    if (value[ATTENTION_KV_HEADS] == 0) value[ATTENTION_KV_HEADS] = value[ATTENTION_Q_HEADS];
    if (value[ATTENTION_KV_LEN] == 0) value[ATTENTION_KV_LEN] = value[ATTENTION_Q_LEN];
}

static bool take_type(struct problem *problem, const char *word)
{
    enum dtype type;
    if (!dtype_parse(word, &type)) return false;
    problem->value[ATTENTION_Q_TYPE] = problem->value[ATTENTION_KV_TYPE] = problem->value[ATTENTION_O_TYPE] =
        type;
    return true;
}

static bool attention_take_word(struct problem *problem, const char *word)
{
    for (int i = 0; masks[i]; i++)
        if (strcmp(word, masks[i]) == 0) {
            problem->value[ATTENTION_MASK] = i;
            return true;
        }
    for (int i = 0; i < FLAGS; i++)
        if (strcmp(word, fields[flags[i]].name) == 0) {
            problem->value[flags[i]] = 1;
            return true;
        }
    return take_type(problem, word) || strcmp(word, plain_word) == 0;
}

static const char *type_name(const struct problem *problem, enum attention_field field)
{
    return dtype_name((enum dtype)problem->value[field]);
}

static void print_size(const struct problem *problem, enum attention_field field, int64_t left_out,
                       struct text *out)
{
    if (problem->value[field] != left_out)
        text_format(out, " %s=%lld", fields[field].name, (long long)problem->value[field]);
}

static void attention_print(const struct problem *problem, struct text *out)
{
    const int64_t *value = problem->value;
    text_append(out, type_name(problem, ATTENTION_Q_TYPE));
    if (value[ATTENTION_KV_TYPE] != value[ATTENTION_Q_TYPE])
        text_format(out, " kv=%s", type_name(problem, ATTENTION_KV_TYPE));
    if (value[ATTENTION_O_TYPE] != value[ATTENTION_Q_TYPE])
        text_format(out, " o=%s", type_name(problem, ATTENTION_O_TYPE));
    if (value[ATTENTION_MASK] != ATTENTION_FULL) text_format(out, " %s", masks[value[ATTENTION_MASK]]);
    for (int i = 0; i < FLAGS; i++)
        if (value[flags[i]]) text_format(out, " %s", fields[flags[i]].name);
    print_size(problem, ATTENTION_D, -1, out);
    print_size(problem, ATTENTION_DV, value[ATTENTION_D], out);
    print_size(problem, ATTENTION_Q_HEADS, -1, out);
    print_size(problem, ATTENTION_KV_HEADS, value[ATTENTION_Q_HEADS], out);
    print_size(problem, ATTENTION_PAGE, 0, out);
    print_size(problem, ATTENTION_WINDOW, 0, out);
    print_size(problem, ATTENTION_BATCH, 1, out);
    print_size(problem, ATTENTION_Q_LEN, -1, out);
    print_size(problem, ATTENTION_KV_LEN, value[ATTENTION_Q_LEN], out);
}

/* "attention/q=bf16,kv=bf16,o=bf16/causal/d=128,dv=128/varlen,lse"; "plain" without flags. */
static void attention_key_head(const struct problem *problem, struct text *out)
{
    const int64_t *value = problem->value;
    text_format(out, "attention/q=%s,kv=%s,o=%s/%s/d=%lld,dv=%lld/", type_name(problem, ATTENTION_Q_TYPE),
                type_name(problem, ATTENTION_KV_TYPE), type_name(problem, ATTENTION_O_TYPE),
                masks[value[ATTENTION_MASK]], (long long)value[ATTENTION_D], (long long)value[ATTENTION_DV]);
    bool plain = true;
    for (int i = 0; i < FLAGS; i++) {
        if (!value[flags[i]]) continue;
        text_format(out, "%s%s", plain ? "" : ",", fields[flags[i]].name);
        plain = false;
    }
    if (plain) text_append(out, plain_word);
}

/* ---- checks ---- */

static bool is_float(enum dtype type)
{
    return type == DTYPE_F32 || type == DTYPE_F16 || type == DTYPE_BF16;
}

static enum status check_types(const struct problem *problem)
{
    enum dtype q = (enum dtype)problem->value[ATTENTION_Q_TYPE],
               kv = (enum dtype)problem->value[ATTENTION_KV_TYPE];
    if (!is_float(q))
        return status_fail(STATUS_USAGE, "attention: q_type=%s; queries are f32, f16 or bf16", dtype_name(q));
    if (kv != q && !attention_is_narrow(kv))
        return status_fail(STATUS_USAGE,
                           "attention: kv_type=%s with q_type=%s; keys and values have the queries' type, "
                           "f8e4m3, f8e4m3fnuz or f8e5m2",
                           dtype_name(kv), dtype_name(q));
    if (!is_float((enum dtype)problem->value[ATTENTION_O_TYPE]))
        return status_fail(STATUS_USAGE, "attention: o_type=%s; outputs are f32, f16 or bf16",
                           type_name(problem, ATTENTION_O_TYPE));
    return STATUS_OK;
}

static enum status check_heads(const struct problem *problem)
{
    const int64_t *value = problem->value;
    bool narrow = attention_is_narrow((enum dtype)value[ATTENTION_KV_TYPE]);
    int step = narrow ? NARROW_HEAD_STEP : HEAD_STEP; /* heads begin at multiples of 16 bytes */
    for (int f = ATTENTION_D; f <= ATTENTION_DV; f++)
        if (value[f] % step != 0)
            return status_fail(
                STATUS_USAGE, "attention: %s=%lld is no multiple of %d; heads of %s are, up to %d",
                fields[f].name, (long long)value[f], step, type_name(problem, ATTENTION_KV_TYPE), HEAD_MAX);
    if (value[ATTENTION_Q_HEADS] % value[ATTENTION_KV_HEADS] != 0)
        return status_fail(STATUS_USAGE, "attention: q_heads=%lld is no multiple of kv_heads=%lld",
                           (long long)value[ATTENTION_Q_HEADS], (long long)value[ATTENTION_KV_HEADS]);
    return STATUS_OK;
}

static enum status check_places(const struct problem *problem)
{
    const int64_t *value = problem->value;
    int64_t page = value[ATTENTION_PAGE];
    if (page && (page < PAGE_LEAST || (page & (page - 1))))
        return status_fail(STATUS_USAGE,
                           "attention: page=%lld; pages have 16, 32, 64, 128 or 256 tokens, 0 is none",
                           (long long)page);
    bool windowed = value[ATTENTION_MASK] == ATTENTION_SLIDING || value[ATTENTION_MASK] == ATTENTION_BAND;
    if (windowed && value[ATTENTION_WINDOW] < 1)
        return status_fail(STATUS_USAGE, "attention: mask %s needs window=KEYS, 1 or more",
                           masks[value[ATTENTION_MASK]]);
    if (!windowed && value[ATTENTION_WINDOW] > 0)
        return status_fail(STATUS_USAGE, "attention: window=%lld, but the mask is %s; write sliding or band",
                           (long long)value[ATTENTION_WINDOW], masks[value[ATTENTION_MASK]]);
    return STATUS_OK;
}

/* Rows of Q are counted by 32-bit numbers in launch grids, pages in tables; what lies behind them is
 * addressed with 64. Every operand has fewer than 2^62 bytes. */
static enum status check_sizes(const struct problem *problem)
{
    const int64_t *value = problem->value;
    int64_t rows, tokens, bytes;
    if (__builtin_mul_overflow(value[ATTENTION_BATCH], value[ATTENTION_Q_LEN], &tokens) ||
        __builtin_mul_overflow(tokens, value[ATTENTION_Q_HEADS], &rows) || rows > LENGTH_MAX)
        return status_fail(STATUS_USAGE, "attention: batch * q_len * q_heads exceeds 2^31 - 1024 rows");
    if (__builtin_mul_overflow(value[ATTENTION_BATCH], value[ATTENTION_KV_LEN], &tokens) ||
        (value[ATTENTION_PAGE] && tokens / value[ATTENTION_PAGE] + value[ATTENTION_BATCH] > SIZE_MAX_32 / 2))
        return status_fail(STATUS_USAGE, "attention: batch * kv_len exceeds 2^30 pages");
    if (__builtin_mul_overflow(tokens, value[ATTENTION_KV_HEADS] * (HEAD_MAX * 4), &bytes) || bytes >> 62)
        return status_fail(STATUS_USAGE, "attention: batch * kv_len * kv_heads exceeds 2^62 bytes");
    return STATUS_OK;
}

static enum status attention_check(const struct problem *problem)
{
    TRY(check_types(problem));
    TRY(check_heads(problem));
    TRY(check_places(problem));
    return check_sizes(problem);
}

/* ---- work ---- */

/* Keys of a sequence that some query sees. */
static double keys_read(const struct problem *problem)
{
    double window = (double)problem->value[ATTENTION_WINDOW], sum = 0;
    int64_t batch = problem->value[ATTENTION_BATCH], different = problem->value[ATTENTION_VARLEN] ? batch : 1;
    for (int64_t b = 0; b < different; b++) {
        struct attention_length length = attention_length(problem, b);
        double reach = window > 0 ? window + (double)length.q - 1 : (double)length.kv;
        sum += length.q == 0 ? 0 : reach < (double)length.kv ? reach : (double)length.kv;
    }
    return different == batch ? sum : sum * (double)batch;
}

static void attention_work(const struct problem *problem, struct op_work *out)
{
    const int64_t *value = problem->value;
    double d = (double)value[ATTENTION_D], dv = (double)value[ATTENTION_DV],
           heads = (double)value[ATTENTION_Q_HEADS];
    double q_bytes = dtype_bytes((enum dtype)value[ATTENTION_Q_TYPE]);
    double kv_bytes = dtype_bytes((enum dtype)value[ATTENTION_KV_TYPE]);
    double o_bytes = dtype_bytes((enum dtype)value[ATTENTION_O_TYPE]);
    double tokens = (double)attention_q_tokens(problem);
    out->flops = 2 * (d + dv) * attention_pairs(problem) * heads;
    out->bytes = tokens * heads * (d * q_bytes + dv * o_bytes + (value[ATTENTION_LSE] ? 4 : 0)) +
                 keys_read(problem) * (double)value[ATTENTION_KV_HEADS] * (d + dv) * kv_bytes;
}

static const char *const operand_names[] = {"q",         "k",          "v",          "o",           "lse",
                                            "q_offsets", "kv_offsets", "kv_lengths", "block_table", "sinks",
                                            "k_scale",   "v_scale",    NULL};

const struct op attention_op = {
    .name = "attention",
    .fields = fields,
    .n_fields = ATTENTION_FIELDS,
    .args_abi = ATTENTION_ARGS_ABI,
    .args_bytes = sizeof(struct attention_args),
    .complete = attention_complete,
    .check = attention_check,
    .take_word = attention_take_word,
    .print = attention_print,
    .key_head = attention_key_head,
    .key_sizes = key_sizes,
    .work = attention_work,
    .operands = attention_operands,
    .operand_names = operand_names,
    .is_usual = attention_is_usual,
    .usual_sizes = attention_usual_sizes,
    .bind = attention_bind,
};
