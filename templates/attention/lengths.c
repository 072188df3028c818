/* Lengths of sequences in problems that are verified or measured: the op knows bounds only, an engine brings
 * its own. */
#include "templates/attention/attention.h"

/* The low-discrepancy sequence of the golden ratio: 32 bits of b / phi. Even over any stretch of b. */
static int64_t spread(int64_t b, int64_t bound)
{
    uint64_t fraction = (uint64_t)(uint32_t)((uint64_t)b * 0x9e3779b9u);
    return (int64_t)((fraction * (uint64_t)bound) >> 32);
}

enum { FIRST_SPREAD = 4, SPARE_PAGES = 3 };

struct attention_length attention_length(const struct problem *problem, int64_t b)
{
    int64_t q = problem->value[ATTENTION_Q_LEN], kv = problem->value[ATTENTION_KV_LEN];
    int64_t before = kv > q ? kv - q : 0; /* keys of earlier steps */
    struct attention_length length = {q, kv};
    if (!problem->value[ATTENTION_VARLEN] || b == 0) return length;
    if (b == 1) return (struct attention_length){1, kv > 1 ? kv - 1 : 1};
    if (b == 2) return (struct attention_length){0, kv / 2};
    length.q = 1 + spread(b, q);
    if (b < FIRST_SPREAD) return (struct attention_length){q, q / 2 < kv ? q / 2 : kv};
    length.kv = length.q + spread(b + 1, before + 1);
    if (length.kv > kv) length.kv = kv;
    return length;
}

int64_t attention_q_tokens(const struct problem *problem)
{
    int64_t batch = problem->value[ATTENTION_BATCH], sum = 0;
    if (!problem->value[ATTENTION_VARLEN]) return batch * problem->value[ATTENTION_Q_LEN];
    for (int64_t b = 0; b < batch; b++) sum += attention_length(problem, b).q;
    return sum;
}

int64_t attention_kv_tokens(const struct problem *problem)
{
    int64_t batch = problem->value[ATTENTION_BATCH], sum = 0;
    if (!problem->value[ATTENTION_VARLEN]) return batch * problem->value[ATTENTION_KV_LEN];
    for (int64_t b = 0; b < batch; b++) sum += attention_length(problem, b).kv;
    return sum;
}

int64_t attention_pages(const struct problem *problem)
{
    int64_t batch = problem->value[ATTENTION_BATCH], page = problem->value[ATTENTION_PAGE], sum = SPARE_PAGES;
    if (!problem->value[ATTENTION_VARLEN])
        return sum + batch * ((problem->value[ATTENTION_KV_LEN] + page - 1) / page);
    for (int64_t b = 0; b < batch; b++) sum += (attention_length(problem, b).kv + page - 1) / page;
    return sum;
}

/* Sum over t < n of min(most, max(0, first + t)), in doubles: exact up to 2^53. */
static double ramp(double first, double n, double most)
{
    if (first < 0) {
        n += first;
        first = 0;
    }
    if (n <= 0) return 0;
    double rising = most - first; /* steps below `most` */
    if (rising < 0) rising = 0;
    if (rising > n) rising = n;
    return rising * first + rising * (rising - 1) / 2 + (n - rising) * most;
}

/* Of a band: keys behind the query's own. Queries in front of the first key see the first few only. */
static double pairs_behind(double q, double kv, double window)
{
    double in_front = q > kv ? q - kv : 0;
    return ramp(0, q - in_front, window - 1) + ramp(window - in_front, in_front, kv);
}

static double pairs_of(const struct problem *problem, struct attention_length length)
{
    double q = (double)length.q, kv = (double)length.kv, window = (double)problem->value[ATTENTION_WINDOW];
    double own = kv - q + 1; /* keys up to its own that the first query sees */
    switch (problem->value[ATTENTION_MASK]) {
    case ATTENTION_FULL: return q * kv;
    /* The convention of the literature: a causal square is half of it, the diagonal not counted twice. */
    case ATTENTION_CAUSAL: return ramp(own, q, kv) - (kv < q ? kv : q) / 2;
    case ATTENTION_SLIDING: return ramp(own, q, window < kv ? window : kv);
    default: return ramp(own, q, window < kv ? window : kv) + pairs_behind(q, kv, window);
    }
}

double attention_pairs(const struct problem *problem)
{
    int64_t batch = problem->value[ATTENTION_BATCH];
    if (!problem->value[ATTENTION_VARLEN])
        return (double)batch * pairs_of(problem, attention_length(problem, 0));
    double sum = 0;
    for (int64_t b = 0; b < batch; b++) sum += pairs_of(problem, attention_length(problem, b));
    return sum;
}
