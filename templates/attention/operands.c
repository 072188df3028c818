/* The operands of an attention problem, their storage, and the argument block that names them. */
#include "templates/attention/operands.h"

#include <math.h>
#include <stddef.h>
#include "templates/attention/attention.h"
#include "templates/attention/attention_args.h"

enum { ALIGN = 4 }; /* log2 of the bytes that attention_args.h promises */

static const float SOFTCAP_USUAL = 30; /* gemma-2's for final logits; its attention has 50 */

static bool has(const struct problem *problem, enum attention_field field)
{
    return problem->value[field] != 0;
}

uint32_t attention_used(const struct problem *problem)
{
    bool narrow = attention_is_narrow((enum dtype)problem->value[ATTENTION_KV_TYPE]);
    bool paged = has(problem, ATTENTION_PAGE), varlen = has(problem, ATTENTION_VARLEN);
    const struct {
        enum attention_operand operand;
        bool used;
    } rules[] = {{ATTENTION_OPERAND_LSE, has(problem, ATTENTION_LSE)},
                 {ATTENTION_OPERAND_Q_OFFSETS, varlen},
                 {ATTENTION_OPERAND_KV_OFFSETS, varlen && !paged},
                 {ATTENTION_OPERAND_KV_LENGTHS, paged || !varlen},
                 {ATTENTION_OPERAND_TABLE, paged},
                 {ATTENTION_OPERAND_SINKS, has(problem, ATTENTION_SINKS)},
                 {ATTENTION_OPERAND_K_SCALE, narrow},
                 {ATTENTION_OPERAND_V_SCALE, narrow}};
    uint32_t used = 1u << ATTENTION_OPERAND_Q | 1u << ATTENTION_OPERAND_K | 1u << ATTENTION_OPERAND_V |
                    1u << ATTENTION_OPERAND_O;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        used |= (uint32_t)rules[i].used << rules[i].operand;
    return used;
}

static struct operand table(const char *name, enum operand_role role, enum dtype type, int64_t rows,
                            int64_t columns, size_t pointer_offset)
{
    return (struct operand){.name = name,
                            .role = role,
                            .type = type,
                            .rows = rows,
                            .columns = columns,
                            .pitch = columns,
                            .batch = 1,
                            .batch_stride = rows * columns,
                            .pointer_offset = pointer_offset};
}

/* Tokens of all heads, one after the other; batch items are sequences, or pages. */
static struct operand tokens(const char *name, enum operand_role role, enum dtype type, int64_t rows,
                             int64_t columns, int64_t batch)
{
    struct operand operand = table(name, role, type, rows, columns, 0);
    operand.batch = batch;
    return operand;
}

static void place_tokens(const struct problem *problem, struct operand out[OP_OPERANDS_MAX])
{
    const int64_t *value = problem->value;
    bool varlen = has(problem, ATTENTION_VARLEN), paged = has(problem, ATTENTION_PAGE);
    int64_t q_rows = varlen ? ATTENTION_TOKENS_BEFORE + attention_q_tokens(problem) : value[ATTENTION_Q_LEN];
    int64_t q_batch = varlen ? 1 : value[ATTENTION_BATCH];
    int64_t kv_rows = paged    ? value[ATTENTION_PAGE]
                      : varlen ? ATTENTION_TOKENS_BEFORE + attention_kv_tokens(problem)
                               : value[ATTENTION_KV_LEN];
    int64_t kv_batch = paged ? attention_pages(problem) : varlen ? 1 : value[ATTENTION_BATCH];
    /* Keys of earlier steps lie in a cache that no step since has touched. */
    enum operand_role kv_role =
        value[ATTENTION_KV_LEN] > value[ATTENTION_Q_LEN] ? OPERAND_WEIGHT : OPERAND_ACTIVATION;
    enum dtype q_type = (enum dtype)value[ATTENTION_Q_TYPE], kv_type = (enum dtype)value[ATTENTION_KV_TYPE];
    int64_t heads = value[ATTENTION_Q_HEADS], kv_heads = value[ATTENTION_KV_HEADS];
    out[ATTENTION_OPERAND_Q] =
        tokens("q", OPERAND_ACTIVATION, q_type, q_rows, heads * value[ATTENTION_D], q_batch);
    out[ATTENTION_OPERAND_K] =
        tokens("k", kv_role, kv_type, kv_rows, kv_heads * value[ATTENTION_D], kv_batch);
    out[ATTENTION_OPERAND_V] =
        tokens("v", kv_role, kv_type, kv_rows, kv_heads * value[ATTENTION_DV], kv_batch);
    out[ATTENTION_OPERAND_O] = tokens("o", OPERAND_OUTPUT, (enum dtype)value[ATTENTION_O_TYPE], q_rows,
                                      heads * value[ATTENTION_DV], q_batch);
    out[ATTENTION_OPERAND_LSE] = tokens("lse", OPERAND_OUTPUT, DTYPE_F32, q_rows, heads, q_batch);
#define PLACE(operand, letter)                                                          \
    out[operand].pointer_offset = offsetof(struct attention_args, letter);              \
    out[operand].pitch_offset = offsetof(struct attention_args, letter##_stride_token); \
    out[operand].batch_stride_offset = offsetof(struct attention_args, letter##_stride_batch)
    for (int i = ATTENTION_OPERAND_Q; varlen && i <= ATTENTION_OPERAND_LSE; i++)
        out[i].rows_unknown = !paged || (i != ATTENTION_OPERAND_K && i != ATTENTION_OPERAND_V);
    PLACE(ATTENTION_OPERAND_Q, q);
    PLACE(ATTENTION_OPERAND_K, k);
    PLACE(ATTENTION_OPERAND_V, v);
    PLACE(ATTENTION_OPERAND_O, o);
    PLACE(ATTENTION_OPERAND_LSE, lse);
#undef PLACE
    for (unsigned i = ATTENTION_OPERAND_Q; i <= ATTENTION_OPERAND_O; i++) out[i].align = ALIGN;
}

unsigned attention_operands(const struct problem *problem, struct operand out[OP_OPERANDS_MAX])
{
    const int64_t *value = problem->value;
    int64_t batch = value[ATTENTION_BATCH], page = value[ATTENTION_PAGE] ? value[ATTENTION_PAGE] : 1;
    int64_t pages = (value[ATTENTION_KV_LEN] + page - 1) / page, kv_heads = value[ATTENTION_KV_HEADS];
    place_tokens(problem, out);
#define TABLE(operand, member, type, rows, columns) \
    out[operand] =                                  \
        table(#member, OPERAND_ACTIVATION, type, rows, columns, offsetof(struct attention_args, member))
    TABLE(ATTENTION_OPERAND_Q_OFFSETS, q_offsets, DTYPE_I32, 1, batch + 1);
    TABLE(ATTENTION_OPERAND_KV_OFFSETS, kv_offsets, DTYPE_I32, 1, batch + 1);
    TABLE(ATTENTION_OPERAND_KV_LENGTHS, kv_lengths, DTYPE_I32, 1, batch);
    TABLE(ATTENTION_OPERAND_TABLE, block_table, DTYPE_I32, batch, pages);
    out[ATTENTION_OPERAND_TABLE].pitch_offset = offsetof(struct attention_args, table_stride);
    TABLE(ATTENTION_OPERAND_SINKS, sinks, DTYPE_F32, 1, value[ATTENTION_Q_HEADS]);
    TABLE(ATTENTION_OPERAND_K_SCALE, k_scale, DTYPE_F32, batch, kv_heads);
    TABLE(ATTENTION_OPERAND_V_SCALE, v_scale, DTYPE_F32, batch, kv_heads);
#undef TABLE
    uint32_t used = attention_used(problem);
    for (unsigned i = 0; i < ATTENTION_OPERANDS; i++) {
        if (used >> i & 1) continue;
        out[i] = table(out[i].name, OPERAND_ACTIVATION, out[i].type, 1, 1, out[i].pointer_offset);
    }
    return ATTENTION_OPERANDS;
}

bool attention_is_usual(const struct problem *problem)
{
    const int64_t *value = problem->value;
    bool narrow = attention_is_narrow((enum dtype)value[ATTENTION_KV_TYPE]);
    return value[ATTENTION_O_TYPE] == value[ATTENTION_Q_TYPE] && value[ATTENTION_MASK] <= ATTENTION_CAUSAL &&
           !narrow && !value[ATTENTION_SOFTCAP] && !value[ATTENTION_SINKS] && !value[ATTENTION_LSE];
}

/* Heads of 128 and 64, decoding and a prompt: what most models have. Each costs a kernel of every template.
 */
bool attention_usual_sizes(unsigned i, struct problem *problem)
{
    static const int heads[] = {128, 64}, q_lens[] = {1, 64};
    if (i >= 4) return false;
    int64_t *value = problem->value;
    value[ATTENTION_D] = value[ATTENTION_DV] = heads[i / 2];
    value[ATTENTION_Q_HEADS] = 8;
    value[ATTENTION_KV_HEADS] = 2;
    value[ATTENTION_PAGE] = value[ATTENTION_WINDOW] = 0;
    value[ATTENTION_BATCH] = 1;
    value[ATTENTION_Q_LEN] = q_lens[i % 2];
    value[ATTENTION_KV_LEN] = 64;
    return true;
}

void attention_bind(const struct problem *problem, void *const pointers[OP_OPERANDS_MAX], void *workspace,
                    void *args)
{
    struct operand operands[OP_OPERANDS_MAX];
    attention_operands(problem, operands);
    const int64_t *value = problem->value;
    uint32_t used = attention_used(problem);
    struct attention_args *out = args;
    *out = (struct attention_args){
        .workspace = workspace,
        .batch = value[ATTENTION_BATCH],
        .q_heads = value[ATTENTION_Q_HEADS],
        .kv_heads = value[ATTENTION_KV_HEADS],
        .q_len = value[ATTENTION_Q_LEN],
        .kv_len = value[ATTENTION_KV_LEN],
        .page = value[ATTENTION_PAGE],
        .window = value[ATTENTION_WINDOW],
        .q_stride_head = value[ATTENTION_D],
        .k_stride_head = value[ATTENTION_D],
        .v_stride_head = value[ATTENTION_DV],
        .o_stride_head = value[ATTENTION_DV],
        .lse_stride_head = 1,
        .scale_stride_head = 1,
        .scale_stride_batch = value[ATTENTION_KV_HEADS],
        .scale = (float)(1 / sqrt((double)value[ATTENTION_D])),
        .softcap = has(problem, ATTENTION_SOFTCAP) ? SOFTCAP_USUAL : 0,
    };
    for (unsigned i = 0; i < ATTENTION_OPERANDS; i++) {
        if (!(used >> i & 1)) continue;
        const struct operand *operand = &operands[i];
        *(void **)((char *)args + operand->pointer_offset) = pointers[i];
        if (operand->pitch_offset) *(long long *)((char *)args + operand->pitch_offset) = operand->pitch;
        if (operand->batch_stride_offset)
            *(long long *)((char *)args + operand->batch_stride_offset) = operand->batch_stride;
    }
}
