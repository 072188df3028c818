/* The attention op in double precision, and how far a right kernel may be off.
 *
 * With w_j = exp(s_j - max s), W their sum (the sink's weight included) and o = sum_j w_j v_j / W:
 *
 *     score         |error of s_j| = d_j <= min(d + 1, 36) u |q| |k_j| scale, u the unit roundoff of f32
 *                   and 36 from templates/gemm/reference.c; 4u |s_j - max s| for the argument of the
 *                   exponential; 2^-20 for the exponential itself; with softcap 2^-11 |s_j| where inputs
 *                   have 16 bits (tanh.approx.f32's error bound in the PTX ISA), else 2^-20 |s_j|
 *     largest       the error of the largest score multiplies its own weight or divides all others', which is
 *                   the same: the smaller effect counts. So scores of any size have a bound
 *     weight        relative error e_j = d_j, and the unit roundoff u_p of the queries' type, to which
 *                   kernels round weights before they multiply, where w_j is neither 1 nor 0
 *     sum           min(sum_j w_j |v_j| e_j, 6 sqrt(sum_j (w_j v_j e_j)^2)) / W: linear in the worst case,
 *                   six standard deviations where errors are independent (Higham and Mary, as for gemm)
 *     weights cut   u_p |sum_j w_j v_j| / W over weights that are neither 1 nor 0: a kernel that truncates
 *                   makes them smaller alike; and u_p |o| where the sum is one of truncated weights, or
 *                   where the maximum lags behind, so that no weight is 1
 *     f32 sums      min(n + 1, 64) u sum_j w_j |v_j| / W for n keys, and the same of W
 *     rounding      half an ulp of O's type
 *
 * A row without a visible key is exactly 0. lse = max s + log W is off by the weighted mean of d_j, and 2^-20
 * of 1 + |lse|. */
#include <math.h>
#include <string.h>
#include "templates/attention/attention_args.h"
#include "templates/attention/proof_parts.h"

enum { ROWS = 16, KEYS = 32, HEAD_MAX = 512 };

/* Queries [first, first + n) of a sequence, and everything about it that a head needs. */
struct span {
    const struct problem *problem;
    const struct attention_args *args;
    int64_t sequence, first, n, token; /* token: of the first query in Q, O and LSE */
    int64_t queries, keys;             /* of the sequence */
};

struct row {
    double score_max, weight, spread; /* spread: sum of w_j d_j, but for the largest score's */
    int64_t top;                      /* the key of the largest score */
    double top_error, top_weight;     /* its d_j and w_j */
    double top_size[HEAD_MAX];        /* w_j |v_j| */
    double sum[HEAD_MAX], linear[HEAD_MAX], square[HEAD_MAX], absolute[HEAD_MAX];
    double rounded[HEAD_MAX]; /* sum of what rounded weights add */
};

struct head {
    int64_t q_head, kv_head;
    double k_scale, v_scale;
    double q[ROWS][HEAD_MAX], q_norm[ROWS];
    double k[KEYS][HEAD_MAX], k_norm[KEYS], v[KEYS][HEAD_MAX];
    struct row rows[ROWS];
};

static void load(enum dtype type, const void *base, int64_t index, int64_t n, double *out)
{
    const char *from = (const char *)base + index * (int64_t)dtype_bytes(type);
    if (type == DTYPE_F32) {
        for (int64_t i = 0; i < n; i++) out[i] = (double)((const float *)(const void *)from)[i];
    } else if (type == DTYPE_BF16) {
        for (int64_t i = 0; i < n; i++) {
            uint32_t bits = (uint32_t)((const uint16_t *)(const void *)from)[i] << 16;
            float value;
            memcpy(&value, &bits, sizeof value);
            out[i] = (double)value;
        }
    } else {
        for (int64_t i = 0; i < n; i++) out[i] = dtype_load(type, from + i * (int64_t)dtype_bytes(type));
    }
}

static double norm(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static double dot(const double *x, const double *y, int64_t n)
{
    double sum[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int l = 0; l < 4; l++) sum[l] += x[i + l] * y[i + l];
    for (; i < n; i++) sum[0] += x[i] * y[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

/* ---- where things are ---- */

static int64_t key_place(const struct span *span, int64_t key, long long token_stride, long long batch_stride)
{
    const struct attention_args *args = span->args;
    if (args->page > 0) {
        int64_t page = args->block_table[span->sequence * args->table_stride + key / args->page];
        return page * batch_stride + key % args->page * token_stride;
    }
    if (span->problem->value[ATTENTION_VARLEN])
        return (args->kv_offsets[span->sequence] + key) * token_stride;
    return span->sequence * batch_stride + key * token_stride;
}

/* The sequence of a row of the region, and how many of `rows` rows from there on belong to it. */
static struct span span_at(const struct problem *problem, const struct attention_args *args, int64_t batch,
                           int64_t row, int64_t rows)
{
    struct span span = {.problem = problem, .args = args, .sequence = batch, .first = row, .token = row};
    span.queries = args->q_len;
    if (problem->value[ATTENTION_VARLEN]) {
        span.sequence = 0;
        while (args->q_offsets[span.sequence + 1] <= row) span.sequence++;
        span.first = row - args->q_offsets[span.sequence];
        span.queries = args->q_offsets[span.sequence + 1] - args->q_offsets[span.sequence];
    }
    bool listed = problem->value[ATTENTION_VARLEN] && args->page == 0;
    span.keys = listed             ? args->kv_offsets[span.sequence + 1] - args->kv_offsets[span.sequence]
                : args->kv_lengths ? args->kv_lengths[span.sequence]
                                   : args->kv_len;
    span.n = rows < span.queries - span.first ? rows : span.queries - span.first;
    if (span.n > ROWS) span.n = ROWS;
    return span;
}

static bool is_visible(const struct span *span, int64_t query, int64_t key)
{
    int64_t at = query + span->keys - span->queries, window = span->args->window;
    switch (span->problem->value[ATTENTION_MASK]) {
    case ATTENTION_FULL: return true;
    case ATTENTION_CAUSAL: return key <= at;
    case ATTENTION_SLIDING: return key <= at && key > at - window;
    default: return key < at + window && key > at - window;
    }
}

/* ---- one head ---- */

static double scale_of(const struct span *span, const float *scales, int64_t kv_head)
{
    bool narrow = attention_is_narrow((enum dtype)span->problem->value[ATTENTION_KV_TYPE]);
    const struct attention_args *args = span->args;
    if (!narrow || !scales) return 1;
    return (double)scales[span->sequence * args->scale_stride_batch + kv_head * args->scale_stride_head];
}

static void head_begin(struct head *head, const struct span *span, int64_t q_head)
{
    const struct attention_args *args = span->args;
    const int64_t *value = span->problem->value;
    head->q_head = q_head;
    head->kv_head = q_head / (args->q_heads / args->kv_heads);
    head->k_scale = scale_of(span, args->k_scale, head->kv_head);
    head->v_scale = scale_of(span, args->v_scale, head->kv_head);
    int64_t batch = value[ATTENTION_VARLEN] ? 0 : span->sequence * args->q_stride_batch;
    for (int64_t r = 0; r < span->n; r++) {
        load((enum dtype)value[ATTENTION_Q_TYPE], args->q,
             batch + (span->token + r) * args->q_stride_token + q_head * args->q_stride_head,
             value[ATTENTION_D], head->q[r]);
        head->q_norm[r] = norm(head->q[r], value[ATTENTION_D]);
        memset(&head->rows[r], 0, sizeof head->rows[r]);
        head->rows[r].score_max = -INFINITY;
        head->rows[r].top = -1;
    }
}

static void load_keys(struct head *head, const struct span *span, int64_t key, int64_t n, bool values)
{
    const struct attention_args *args = span->args;
    const int64_t *value = span->problem->value;
    enum dtype type = (enum dtype)value[ATTENTION_KV_TYPE];
    for (int64_t j = 0; j < n; j++) {
        load(type, args->k,
             key_place(span, key + j, args->k_stride_token, args->k_stride_batch) +
                 head->kv_head * args->k_stride_head,
             value[ATTENTION_D], head->k[j]);
        head->k_norm[j] = norm(head->k[j], value[ATTENTION_D]) * head->k_scale;
        if (values)
            load(type, args->v,
                 key_place(span, key + j, args->v_stride_token, args->v_stride_batch) +
                     head->kv_head * args->v_stride_head,
                 value[ATTENTION_DV], head->v[j]);
    }
}

static double score_of(const struct head *head, const struct span *span, int64_t r, int64_t j)
{
    const struct attention_args *args = span->args;
    double s =
        dot(head->q[r], head->k[j], span->problem->value[ATTENTION_D]) * head->k_scale * (double)args->scale;
    double cap = (double)args->softcap;
    return span->problem->value[ATTENTION_SOFTCAP] ? cap * tanh(s / cap) : s;
}

/* d_j */
static double score_error(const struct head *head, const struct span *span, int64_t r, int64_t j,
                          double score)
{
    const double u = ldexp(1, -24);
    int64_t d = span->problem->value[ATTENTION_D];
    double error = (double)(d < 35 ? d + 1 : 36) * u * head->q_norm[r] * head->k_norm[j] *
                   fabs((double)span->args->scale);
    error += 4 * u * fabs(score - head->rows[r].score_max) + ldexp(1, -20);
    bool wide = span->problem->value[ATTENTION_Q_TYPE] == DTYPE_F32;
    if (span->problem->value[ATTENTION_SOFTCAP]) error += ldexp(fabs(score), wide ? -20 : -11);
    return error;
}

/* Keys that some query of the span may see. */
static int64_t first_seen(const struct span *span)
{
    int64_t mask = span->problem->value[ATTENTION_MASK];
    bool windowed = mask == ATTENTION_SLIDING || mask == ATTENTION_BAND;
    int64_t first = span->first + span->keys - span->queries - span->args->window + 1;
    return windowed && first > 0 ? first / KEYS * KEYS : 0;
}

static int64_t last_seen(const struct span *span)
{
    int64_t mask = span->problem->value[ATTENTION_MASK];
    int64_t last = span->first + span->n + span->keys - span->queries;
    if (mask == ATTENTION_BAND) last += span->args->window - 1;
    if (mask == ATTENTION_FULL || last > span->keys) return span->keys;
    return last > 0 ? last : 0;
}

static void note_score(struct head *head, const struct span *span, int64_t r, int64_t key, int64_t j)
{
    struct row *row = &head->rows[r];
    double score = score_of(head, span, r, j);
    if (row->top >= 0 && score <= row->score_max) return;
    row->top = key + j;
    row->score_max = score;
    row->top_error = score_error(head, span, r, j, score);
}

static void find_max(struct head *head, const struct span *span)
{
    for (int64_t key = first_seen(span), last = last_seen(span); key < last; key += KEYS) {
        int64_t n = last - key < KEYS ? last - key : KEYS;
        load_keys(head, span, key, n, false);
        for (int64_t r = 0; r < span->n; r++)
            for (int64_t j = 0; j < n; j++)
                if (is_visible(span, span->first + r, key + j)) note_score(head, span, r, key, j);
    }
}

static double roundoff(const struct problem *problem, enum attention_field type)
{
    return dtype_epsilon((enum dtype)problem->value[type]) / 2;
}

/* How far a weight may be off, to which an error is a factor, as long as it is small: no weight exceeds that
 * of the largest score. */
static double weight_error(double weight, double below, double error)
{
    if (error < 1.0 / 64) return weight * error;
    return fmax(weight * fmin(error, 1), exp(fmin(error - below, 0)) - weight);
}

/* Columns [begin, end) of the head, of key `key` + j. */
static void add_key(struct head *head, const struct span *span, int64_t r, int64_t key, int64_t j,
                    int64_t begin, int64_t end)
{
    struct row *row = &head->rows[r];
    double score = score_of(head, span, r, j), weight = exp(score - row->score_max);
    bool top = key + j == row->top;
    double error =
        top ? 0 : weight_error(weight, row->score_max - score, score_error(head, span, r, j, score));
    if (top) row->top_weight = weight;
    row->weight += weight;
    row->spread += error;
    bool rounded = weight != 1 && weight > ldexp(1, -60);
    if (rounded) error += weight * roundoff(span->problem, ATTENTION_Q_TYPE);
    for (int64_t c = begin; c < end; c++) {
        double v = head->v[j][c] * head->v_scale, term = weight * v, size = fabs(term), off = fabs(v) * error;
        if (top) row->top_size[c] = size;
        row->sum[c] += term;
        row->rounded[c] += rounded ? term : 0;
        row->absolute[c] += size;
        row->linear[c] += off;
        row->square[c] += off * off;
    }
}

static void add_keys(struct head *head, const struct span *span, int64_t begin, int64_t end)
{
    for (int64_t key = first_seen(span), last = last_seen(span); key < last; key += KEYS) {
        int64_t n = last - key < KEYS ? last - key : KEYS;
        load_keys(head, span, key, n, begin < end);
        for (int64_t r = 0; r < span->n; r++)
            for (int64_t j = 0; j < n; j++)
                if (is_visible(span, span->first + r, key + j)) add_key(head, span, r, key, j, begin, end);
    }
}

/* The sink joins when the keys are done: it may be the largest score. */
static void add_sink(struct head *head, const struct span *span)
{
    if (!span->problem->value[ATTENTION_SINKS]) return;
    double sink = (double)span->args->sinks[head->q_head];
    for (int64_t r = 0; r < span->n; r++) {
        struct row *row = &head->rows[r];
        if (row->score_max < sink) row->score_max = sink;
    }
}

static void head_compute(struct head *head, const struct span *span, int64_t q_head, int64_t begin,
                         int64_t end)
{
    head_begin(head, span, q_head);
    find_max(head, span);
    add_sink(head, span);
    add_keys(head, span, begin, end);
    for (int64_t r = 0; r < span->n && span->problem->value[ATTENTION_SINKS]; r++)
        head->rows[r].weight += exp((double)span->args->sinks[q_head] - head->rows[r].score_max);
}

/* ---- results ---- */

static void output_value(const struct span *span, const struct row *row, int64_t c, double *value,
                         double *allowed)
{
    *value = *allowed = 0;
    if (row->weight == 0 || row->absolute[c] == 0) return;
    enum dtype type = (enum dtype)span->problem->value[ATTENTION_O_TYPE];
    double o = row->sum[c] / row->weight, n = (double)span->keys;
    double sums = ldexp(fmin(n + 1, 64), -24) * (row->absolute[c] / row->weight + fabs(o));
    double weights = fmin(row->linear[c], 6 * sqrt(row->square[c])) / row->weight;
    double cut = roundoff(span->problem, ATTENTION_Q_TYPE) * (fabs(o) + fabs(row->rounded[c]) / row->weight);
    double own = row->top_size[c] + row->top_weight * fabs(o);
    double others = row->absolute[c] - row->top_size[c] + (row->weight - row->top_weight) * fabs(o);
    double top = row->top_error * fmin(own, others) / row->weight;
    char least[8] = {1};
    *value = o;
    *allowed = weights + top + sums + cut + dtype_epsilon(type) / 2 * fabs(o) + dtype_load(type, least) / 2 +
               row->spread / row->weight * fabs(o);
}

static void lse_value(const struct row *row, double *value, double *allowed)
{
    *value = row->weight != 0 ? row->score_max + log(row->weight) : -INFINITY;
    *allowed =
        row->weight != 0 ? row->spread / row->weight + row->top_error + ldexp(1 + fabs(*value), -20) : 0;
}

/* The head whose results stand in place `h` of a row. */
static int64_t head_in_place(const struct span *span, int64_t h, long long stride)
{
    return stride < 0 ? span->args->q_heads - 1 - h : h;
}

static void compute_outputs(struct head *head, const struct span *span, const struct proof_region *region,
                            int64_t row, double *value, double *allowed)
{
    int64_t dv = span->problem->value[ATTENTION_DV], last = region->column + region->columns;
    for (int64_t h = region->column / dv; h * dv < last; h++) {
        int64_t begin = h * dv < region->column ? region->column - h * dv : 0,
                end = last - h * dv < dv ? last - h * dv : dv;
        head_compute(head, span, head_in_place(span, h, span->args->o_stride_head), begin, end);
        for (int64_t r = 0; r < span->n; r++)
            for (int64_t c = begin; c < end; c++) {
                int64_t at = (row - region->row + r) * region->columns + h * dv + c - region->column;
                output_value(span, &head->rows[r], c, &value[at], &allowed[at]);
            }
    }
}

static void compute_lse(struct head *head, const struct span *span, const struct proof_region *region,
                        int64_t row, double *value, double *allowed)
{
    for (int64_t h = region->column; h < region->column + region->columns; h++) {
        head_compute(head, span, head_in_place(span, h, span->args->lse_stride_head), 0, 0);
        for (int64_t r = 0; r < span->n; r++) {
            int64_t at = (row - region->row + r) * region->columns + h - region->column;
            lse_value(&head->rows[r], &value[at], &allowed[at]);
        }
    }
}

/* What nobody is to write stays the NaN that it is before a launch. */
static int64_t leave_before(const struct problem *problem, const struct attention_args *args,
                            const struct proof_region *region, double *value, double *allowed)
{
    int64_t row = region->row, end = row + region->rows;
    if (!problem->value[ATTENTION_VARLEN]) return row;
    for (; row < end && row < args->q_offsets[0]; row++)
        for (int64_t c = 0; c < region->columns; c++, value++, allowed++) {
            *value = NAN;
            *allowed = 0;
        }
    return row;
}

void attention_reference(const struct problem *problem, const void *args, enum proof_inputs kind,
                         const struct proof_region *region, double *value, double *allowed)
{
    (void)kind;
    struct head head;
    int64_t first = leave_before(problem, args, region, value, allowed);
    for (int64_t row = first, end = region->row + region->rows; row < end;) {
        struct span span = span_at(problem, args, region->batch, row, end - row);
        if (region->output == 0)
            compute_outputs(&head, &span, region, row, value, allowed);
        else
            compute_lse(&head, &span, region, row, value, allowed);
        row += span.n;
    }
}
