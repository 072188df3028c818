/* An attention problem with its operands filled, and a small blocked kernel for it on the host that can be
 * told to make a mistake. */
#ifndef TUNEBOOK_TESTS_TRIAL_ATTENTION_H
#define TUNEBOOK_TESTS_TRIAL_ATTENTION_H

#include <math.h>
#include "templates/attention/attention.h"
#include "templates/attention/attention_args.h"
#include "templates/proof.h"
#include "tests/base/check.h"

/* `at` below is the mutation's own. */
enum mutation {
    HONEST,
    DIAGONAL_BEFORE, /* a query does not see its own key */
    DIAGONAL_BEHIND, /* and one behind it, too */
    ALIGN_TOP,       /* the first query stands at the first key */
    WINDOW_WIDER,
    WINDOW_NARROWER,
    NO_MASK_IN_LAST_TILE,
    NO_RESCALE,     /* a new maximum does not shrink what was summed in front of it */
    NO_RESCALE_SUM, /* only the sum of weights is not */
    STALE_MAXIMUM,  /* weights of a tile by the maximum in front of it, the rest by the new one */
    SKIP_LAST_PAGE,
    SKIP_FIRST_TILE,
    TABLE_IGNORED, /* pages as if they lay one after the other */
    PAGE_SHIFTED,  /* the table's entry behind */
    HEAD_ZERO,     /* all query heads read key head 0 */
    HEAD_MODULO,   /* h % kv_heads in place of h / group */
    VALUE_HEAD,    /* values of the next key head */
    SPLIT_MISSING, /* of the splits the last one is not combined */
    SPLIT_EQUAL,   /* splits are averaged, whatever their weight */
    BEYOND_LENGTH, /* one key more than there are, where there is memory */
    BOUND_LENGTH,  /* kv_len keys, whatever the sequence has */
    DROP_KEY,      /* key `at` */
    DOUBLE_KEY,    /* key `at` */
    NO_SINK,
    SINK_OF_HEAD_ZERO,
    SINK_TWICE,
    LSE_WITHOUT_SINK,
    LSE_BASE_2,
    LSE_WITHOUT_MAXIMUM,
    NO_SOFTCAP,
    NO_SCALE,
    NO_K_SCALE,
    NO_V_SCALE,
    SCALE_OF_HEAD_ZERO,
    SHORT_DOT, /* the last eight elements of a head are left out */
    NAN_WHERE_NOTHING_IS_SEEN,
    NAN_HIDDEN,    /* a key whose score is NaN counts as not visible */
    HEAD_FORWARD,  /* O's heads one after the other, whatever their stride */
    SEQUENCE_ZERO, /* keys of sequence 0 for all */
    MUTATIONS
};

/* All are right: how weights become the queries' type, and whether the sum is one of rounded weights, which
 * does for O and not for the log-sum-exp. */
enum rounding { ROUND_NONE, ROUND_NEAREST, ROUND_CUT, ROUND_NEAREST_SUMMED, ROUNDINGS };

struct mutant {
    enum mutation kind;
    int64_t at;
    enum rounding rounding;
    int splits;
    unsigned variant; /* the proof's that it is tried on */
};

enum { TRIAL_TILE = 32, TRIAL_HEAD_MAX = 512, TRIAL_SPARE_BYTES = 1 << 16 };

struct trial {
    struct problem problem;
    struct operand operand[OP_OPERANDS_MAX];
    unsigned n_operands;
    void *storage[OP_OPERANDS_MAX];
    float *decoded[ATTENTION_OPERAND_V + 1];     /* Q, K and V as they are stored */
    const float *first[ATTENTION_OPERAND_V + 1]; /* in them, what the arguments point at: head 0 */
    enum proof_inputs kind;
    struct attention_args args;
};

static inline float *trial_decode(const struct operand *o, const void *storage, size_t bytes)
{
    size_t each = dtype_bytes(o->type), n = bytes / each;
    float *out = malloc(n * sizeof *out);
    for (size_t i = 0; i < n; i++) out[i] = (float)dtype_load(o->type, (const char *)storage + i * each);
    return out;
}

static inline void trial_begin(struct trial *t, const struct problem *problem, enum proof_inputs kind,
                               unsigned variant, uint64_t seed)
{
    const struct op_proof *proof = op_proof_find("attention");
    *t = (struct trial){.problem = *problem, .kind = kind};
    t->n_operands = problem->op->operands(problem, t->operand);
    for (unsigned i = 0; i < t->n_operands; i++) {
        const struct operand *o = &t->operand[i];
        size_t bytes = (size_t)(o->batch_stride * o->batch) * dtype_bytes(o->type);
        t->storage[i] = malloc(bytes + TRIAL_SPARE_BYTES);
        memset(t->storage[i], 0xff, bytes + TRIAL_SPARE_BYTES); /* NaN behind, and in the outputs */
        if (o->role != OPERAND_OUTPUT) proof->fill(problem, o, i, kind, seed, t->storage[i]);
        if (i <= ATTENTION_OPERAND_V)
            t->decoded[i] = trial_decode(o, t->storage[i], bytes + TRIAL_SPARE_BYTES);
    }
    problem->op->bind(problem, t->storage, NULL, &t->args);
    proof->set_variant(problem, variant, &t->args);
    const void *pointers[] = {t->args.q, t->args.k, t->args.v};
    for (unsigned i = 0; i <= ATTENTION_OPERAND_V; i++)
        t->first[i] = t->decoded[i] + ((const char *)pointers[i] - (const char *)t->storage[i]) /
                                          (ptrdiff_t)dtype_bytes(t->operand[i].type);
}

static inline void trial_end(struct trial *t)
{
    for (unsigned i = 0; i < t->n_operands; i++) free(t->storage[i]);
    for (unsigned i = 0; i <= ATTENTION_OPERAND_V; i++) free(t->decoded[i]);
}

/* ---- the kernel ---- */

struct row_state {
    float maximum, sum, o[TRIAL_HEAD_MAX];
};

/* One query token and head. */
struct trial_row {
    const struct trial *t;
    const struct mutant *mutant;
    int64_t b, n, l, token, query, q_head, kv_head;
    float q[TRIAL_HEAD_MAX];
};

static inline bool row_is(const struct trial_row *row, enum mutation kind)
{
    return row->mutant->kind == kind;
}

static inline int64_t row_value(const struct trial_row *row, enum attention_field field)
{
    return row->t->problem.value[field];
}

static inline int64_t row_key_at(const struct trial_row *row, int64_t j, bool values)
{
    const struct attention_args *a = &row->t->args;
    int64_t token = values ? a->v_stride_token : a->k_stride_token,
            batch = values ? a->v_stride_batch : a->k_stride_batch,
            head = values ? a->v_stride_head : a->k_stride_head;
    int64_t g = row->kv_head, b = row_is(row, SEQUENCE_ZERO) ? 0 : row->b;
    if (values && row_is(row, VALUE_HEAD)) g = (g + 1) % a->kv_heads;
    if (a->page > 0) {
        int64_t entries = (row->l + a->page - 1) / a->page, entry = j / a->page;
        if (row_is(row, PAGE_SHIFTED) && entry + 1 < entries) entry++;
        int64_t page = a->block_table[b * a->table_stride + (entry < entries ? entry : entries - 1)];
        if (row_is(row, TABLE_IGNORED)) page = b * a->table_stride + entry;
        return page * batch + j % a->page * token + g * head;
    }
    if (row_value(row, ATTENTION_VARLEN)) return (a->kv_offsets[b] + j) * token + g * head;
    return b * batch + j * token + g * head;
}

static inline bool row_sees(const struct trial_row *row, int64_t j, int64_t keys)
{
    int64_t p = row->query + row->l - row->n, window = row->t->args.window;
    if (row_is(row, ALIGN_TOP)) p = row->query;
    if (row_is(row, DIAGONAL_BEFORE)) p--;
    if (row_is(row, DIAGONAL_BEHIND)) p++;
    if (row_is(row, WINDOW_WIDER)) window++;
    if (row_is(row, WINDOW_NARROWER)) window--;
    if (row_is(row, NO_MASK_IN_LAST_TILE) && j / TRIAL_TILE == (keys - 1) / TRIAL_TILE) return true;
    switch (row_value(row, ATTENTION_MASK)) {
    case ATTENTION_FULL: return true;
    case ATTENTION_CAUSAL: return j <= p;
    case ATTENTION_SLIDING: return j <= p && p - j < window;
    default: return llabs((long long)(p - j)) < window;
    }
}

static inline float row_scale(const struct trial_row *row, const float *scales, enum mutation none)
{
    const struct attention_args *a = &row->t->args;
    if (!scales || row_is(row, none)) return 1;
    int64_t g = row_is(row, SCALE_OF_HEAD_ZERO) ? 0 : row->kv_head;
    return scales[row->b * a->scale_stride_batch + g * a->scale_stride_head];
}

static inline float row_score(const struct trial_row *row, int64_t j)
{
    const struct attention_args *a = &row->t->args;
    const float *k = row->t->first[ATTENTION_OPERAND_K] + row_key_at(row, j, false);
    int64_t d = row_value(row, ATTENTION_D);
    float sum = 0;
    if (row_is(row, SHORT_DOT)) d -= 8;
    for (int64_t c = 0; c < d; c++) sum += row->q[c] * k[c];
    float score = sum * row_scale(row, a->k_scale, NO_K_SCALE) * (row_is(row, NO_SCALE) ? 1 : a->scale);
    bool capped = row_value(row, ATTENTION_SOFTCAP) && !row_is(row, NO_SOFTCAP);
    return capped ? a->softcap * tanhf(score / a->softcap) : score;
}

static inline float row_weight(const struct trial_row *row, float weight)
{
    enum dtype type = (enum dtype)row_value(row, ATTENTION_Q_TYPE);
    char stored[8];
    if (row->mutant->rounding == ROUND_NONE || type == DTYPE_F32) return weight;
    dtype_store(type, stored, (double)weight);
    float rounded = (float)dtype_load(type, stored);
    if (row->mutant->rounding == ROUND_CUT && rounded > weight) {
        uint16_t bits;
        memcpy(&bits, stored, sizeof bits);
        bits--; /* the next smaller number of either 16-bit type */
        memcpy(stored, &bits, sizeof bits);
        rounded = (float)dtype_load(type, stored);
    }
    return rounded;
}

static inline void row_add(const struct trial_row *row, struct row_state *state, int64_t j, float weight)
{
    const float *v = row->t->first[ATTENTION_OPERAND_V] + row_key_at(row, j, true);
    float rounded = row_weight(row, weight);
    bool of_rounded = row->mutant->rounding == ROUND_NEAREST_SUMMED && !row->t->args.lse;
    state->sum += of_rounded ? rounded : weight;
    for (int64_t c = 0, dv = row_value(row, ATTENTION_DV); c < dv; c++) state->o[c] += rounded * v[c];
}

static inline void row_rescale(const struct trial_row *row, struct row_state *state, float maximum)
{
    float factor = state->maximum == -INFINITY ? 0 : expf(state->maximum - maximum);
    if (!row_is(row, NO_RESCALE_SUM)) state->sum *= factor;
    for (int64_t c = 0; c < row_value(row, ATTENTION_DV) && !row_is(row, NO_RESCALE); c++)
        state->o[c] *= factor;
}

static inline void row_tile(const struct trial_row *row, struct row_state *state, int64_t first, int64_t keys)
{
    int64_t n = keys - first < TRIAL_TILE ? keys - first : TRIAL_TILE;
    float score[TRIAL_TILE], maximum = state->maximum, before = state->maximum;
    for (int64_t j = 0; j < n; j++) {
        bool seen = row_sees(row, first + j, keys);
        if (row_is(row, DROP_KEY) && first + j == row->mutant->at) seen = false;
        score[j] = seen ? row_score(row, first + j) : -INFINITY;
        if (row_is(row, NAN_HIDDEN) && isnan(score[j])) score[j] = -INFINITY;
        if (score[j] > maximum || isnan(score[j])) maximum = score[j];
    }
    if (maximum == -INFINITY) return;
    row_rescale(row, state, maximum);
    state->maximum = maximum;
    if (row_is(row, STALE_MAXIMUM) && before != -INFINITY) maximum = before;
    for (int64_t j = 0; j < n; j++) {
        if (score[j] == -INFINITY) continue;
        int times = row_is(row, DOUBLE_KEY) && first + j == row->mutant->at ? 2 : 1;
        while (times--) row_add(row, state, first + j, expf(score[j] - maximum));
    }
}

/* Tiles [begin, end) of the keys that the kernel believes there are. */
static inline void row_split(const struct trial_row *row, int64_t begin, int64_t end, int64_t keys,
                             struct row_state *out)
{
    *out = (struct row_state){.maximum = -INFINITY};
    for (int64_t tile = begin; tile < end; tile++) {
        if (row_is(row, SKIP_FIRST_TILE) && tile == 0) continue;
        row_tile(row, out, tile * TRIAL_TILE, keys);
    }
}

static inline void row_combine(const struct trial_row *row, struct row_state *into,
                               const struct row_state *part)
{
    if (part->maximum == -INFINITY) return;
    float maximum = fmaxf(into->maximum, part->maximum);
    if (row_is(row, SPLIT_EQUAL)) maximum = part->maximum;
    float own = into->maximum == -INFINITY ? 0
                : row_is(row, SPLIT_EQUAL) ? 1
                                           : expf(into->maximum - maximum),
          its = expf(part->maximum - maximum);
    into->sum = into->sum * own + part->sum * its;
    for (int64_t c = 0; c < row_value(row, ATTENTION_DV); c++)
        into->o[c] = into->o[c] * own + part->o[c] * its;
    into->maximum = maximum;
}

static inline int64_t row_keys(const struct trial_row *row)
{
    int64_t page = row->t->args.page ? row->t->args.page : TRIAL_TILE;
    if (row_is(row, BEYOND_LENGTH)) return row->l + 1;
    if (row_is(row, BOUND_LENGTH)) return row->t->args.kv_len;
    if (row_is(row, SKIP_LAST_PAGE) && row->l > page) return (row->l - 1) / page * page;
    return row->l;
}

static inline void row_store(const struct trial_row *row, struct row_state *state)
{
    const struct trial *t = row->t;
    const struct attention_args *a = &t->args;
    enum dtype type = (enum dtype)row_value(row, ATTENTION_O_TYPE);
    float lse_sum = state->sum, lse_max = state->maximum;
    if (row_value(row, ATTENTION_SINKS) && !row_is(row, NO_SINK)) {
        float sink = a->sinks[row_is(row, SINK_OF_HEAD_ZERO) ? 0 : row->q_head];
        float maximum = fmaxf(sink, state->maximum), before = state->maximum;
        float factor = before == -INFINITY ? 0 : expf(before - maximum);
        state->sum = state->sum * factor + expf(sink - maximum) * (row_is(row, SINK_TWICE) ? 2 : 1);
        for (int64_t c = 0; c < row_value(row, ATTENTION_DV); c++) state->o[c] *= factor;
        state->maximum = maximum;
        if (!row_is(row, LSE_WITHOUT_SINK)) lse_sum = state->sum, lse_max = state->maximum;
    }
    float one = state->sum > 0 || row_is(row, NAN_WHERE_NOTHING_IS_SEEN) || isnan(state->sum)
                    ? row_scale(row, a->v_scale, NO_V_SCALE) / state->sum
                    : 0;
    int64_t item = row_value(row, ATTENTION_VARLEN) ? 0 : row->b;
    int64_t head = row->q_head * a->o_stride_head;
    if (row_is(row, HEAD_FORWARD) && head < 0) head = a->o_stride_head * (a->q_heads - 1) - head;
    int64_t at = item * a->o_stride_batch + row->token * a->o_stride_token + head;
    for (int64_t c = 0; c < row_value(row, ATTENTION_DV); c++)
        dtype_store(type, (char *)a->o + (at + c) * (int64_t)dtype_bytes(type), (double)(state->o[c] * one));
    if (!a->lse) return;
    float lse = lse_sum > 0 || isnan(lse_sum)
                    ? (row_is(row, LSE_WITHOUT_MAXIMUM) ? 0 : lse_max) + logf(lse_sum)
                    : -INFINITY;
    if (row_is(row, LSE_BASE_2)) lse *= 1.44269504f;
    a->lse[item * a->lse_stride_batch + row->token * a->lse_stride_token + row->q_head * a->lse_stride_head] =
        lse;
}

static inline void row_run(struct trial_row *row)
{
    const struct attention_args *a = &row->t->args;
    int64_t item = row_value(row, ATTENTION_VARLEN) ? 0 : row->b, keys = row_keys(row);
    int64_t at = item * a->q_stride_batch + row->token * a->q_stride_token + row->q_head * a->q_stride_head;
    for (int64_t c = 0; c < row_value(row, ATTENTION_D); c++)
        row->q[c] = row->t->first[ATTENTION_OPERAND_Q][at + c];
    int64_t tiles = (keys + TRIAL_TILE - 1) / TRIAL_TILE;
    int splits = row->mutant->splits ? row->mutant->splits : 1;
    struct row_state whole = {.maximum = -INFINITY}, part;
    for (int s = 0; s < splits; s++) {
        if (row_is(row, SPLIT_MISSING) && s + 1 == splits) continue;
        row_split(row, tiles * s / splits, tiles * (s + 1) / splits, keys, &part);
        row_combine(row, &whole, &part);
    }
    row_store(row, &whole);
}

static inline int64_t row_head(const struct trial *t, const struct mutant *mutant, int64_t h)
{
    if (mutant->kind == HEAD_ZERO) return 0;
    if (mutant->kind == HEAD_MODULO) return h % t->args.kv_heads;
    return h / (t->args.q_heads / t->args.kv_heads);
}

static inline void trial_run(struct trial *t, const struct mutant *mutant)
{
    const struct attention_args *a = &t->args;
    bool varlen = t->problem.value[ATTENTION_VARLEN];
    for (int64_t b = 0; b < a->batch; b++) {
        struct trial_row row = {.t = t, .mutant = mutant, .b = b, .n = a->q_len, .l = a->kv_len};
        if (varlen) row.n = a->q_offsets[b + 1] - a->q_offsets[b];
        if (varlen && !a->page) row.l = a->kv_offsets[b + 1] - a->kv_offsets[b];
        if (a->kv_lengths) row.l = a->kv_lengths[b];
        for (row.query = 0; row.query < row.n; row.query++)
            for (row.q_head = 0; row.q_head < a->q_heads; row.q_head++) {
                row.token = row.query + (varlen ? a->q_offsets[b] : 0);
                row.kv_head = row_head(t, mutant, row.q_head);
                row_run(&row);
            }
    }
}

/* ---- the verdict ---- */

/* Does the proof object to what stands in the outputs? The largest error goes to *worst. */
static inline bool trial_caught(const struct trial *t, double *worst)
{
    const struct op_proof *proof = op_proof_find("attention");
    unsigned outputs[OP_OUTPUTS_MAX], n = proof->outputs(&t->problem, outputs);
    bool caught = false;
    *worst = 0;
    for (unsigned o = 0; o < n; o++) {
        const struct operand *out = &t->operand[outputs[o]];
        struct proof_region region = {.output = o};
        double error;
        proof->output_shape(&t->problem, o, &region.rows, &region.columns);
        double *value = calloc((size_t)(region.rows * region.columns), sizeof *value);
        double *allowed = calloc((size_t)(region.rows * region.columns), sizeof *allowed);
        for (; region.batch < out->batch && region.rows; region.batch++) {
            proof->reference(&t->problem, &t->args, t->kind, &region, value, allowed);
            const char *stored = (const char *)t->storage[outputs[o]] +
                                 region.batch * out->batch_stride * (int64_t)dtype_bytes(out->type);
            caught |= proof_compare(out->type, stored, out->pitch, region.rows, region.columns, value,
                                    allowed, &error) >= 0;
            *worst = fmax(*worst, error);
        }
        free(value);
        free(allowed);
    }
    return caught;
}

#endif
