/* Inputs of the attention proof.
 *
 * PROOF_INTEGERS is made so that a mistake changes some element of O, and so that the change survives the
 * rounding to O's type. V is nowhere zero: small random integers, positive in a head's first column. K's rows
 * are random codes of +-1, and query rows are a number times the code of one key, by turns of token and head:
 *
 *   0      all visible keys weigh the same, exactly 1 before the sum divides. O is the mean of integers, the
 *          sums of which are exact in f32: a key dropped, doubled, or taken from elsewhere shifts it by its
 *          value over their number.
 *   16     that key's weight is nearly 1 and O its value. Targets walk through all of the sequence, so that
 *          rows see first and last keys, the diagonal's both sides and every page: a wrong place in K or V, a
 *          wrong head, a stale maximum, a missing rescale give another value.
 *   11 / sqrt(d)   that key is about 11 ahead: the others weigh about 2^-16 each, and all together what the
 *          first column shows. Where small weights are lost, they are missing there.
 *   2^30   scores whose rounding errors are larger than what an exponential can take (16 where the type is
 *          too small for it).
 *   NaN    its row becomes NaN, and no other.
 *
 * PROOF_NORMAL is standard normal throughout. In both, what attention_args.h says is not to be used is NaN:
 * pages that no table names and a last page's rest; and table entries beyond a sequence's pages point far
 * outside. With varlen so are keys before the first sequence's, and among the integers those of a sequence
 * without queries: they lie behind another's last key, where a tile reaches. */
#include <math.h>
#include <string.h>
#include "templates/attention/proof_parts.h"
#include "templates/normal.h"

enum { VALUE_MAX = 4, PAGE_STEP = 5, NOWHERE = 0x7f7f7f7f };
enum purpose { FOR_CODES, FOR_VALUES, FOR_TARGETS, FOR_NORMALS };

static uint64_t at(uint64_t seed, enum purpose purpose, int64_t x, int64_t y, int64_t z)
{
    uint64_t hash = mix_bits(seed + 0x9e3779b97f4a7c15u * ((uint64_t)purpose + 1));
    return mix_bits(mix_bits(hash + (uint64_t)x) + 0x9e3779b97f4a7c15u * (uint64_t)y +
                    0xd1b54a32d192ed03u * (uint64_t)z);
}

static void *element(const struct operand *operand, void *storage, int64_t batch, int64_t row, int64_t column)
{
    return (char *)storage + (size_t)(batch * operand->batch_stride + row * operand->pitch + column) *
                                 dtype_bytes(operand->type);
}

/* ---- integers ---- */

/* The small integers, and numbers to multiply codes with, encoded once in an operand's type. */
enum factor { FACTOR_0, FACTOR_SELECTING, FACTOR_LEADING, FACTOR_HUGE, FACTOR_NAN, FACTORS };

struct writer {
    const struct operand *operand;
    char *storage;
    size_t bytes;
    char encoded[2 * VALUE_MAX + 1][8];
    char factors[FACTORS][2][8]; /* minus, plus */
};

/* Sums of so many of them are exact, and so is the number in bf16. */
static double factor_value(enum factor factor, enum dtype type, int64_t d)
{
    switch (factor) {
    case FACTOR_SELECTING: return 16;
    case FACTOR_LEADING: return round(88 / sqrt((double)d)) / 8;
    case FACTOR_HUGE: return type == DTYPE_F16 ? 16 : 0x1p30;
    case FACTOR_NAN: return (double)NAN;
    default: return 0;
    }
}

static struct writer writer_of(const struct operand *operand, int64_t d, void *storage)
{
    struct writer w = {.operand = operand, .storage = storage, .bytes = dtype_bytes(operand->type)};
    for (int v = -VALUE_MAX; v <= VALUE_MAX; v++) dtype_store(operand->type, w.encoded[v + VALUE_MAX], v);
    for (enum factor f = 0; f < FACTORS; f++)
        for (int plus = 0; plus < 2; plus++)
            dtype_store(operand->type, w.factors[f][plus],
                        (plus ? 1 : -1) * factor_value(f, operand->type, d));
    return w;
}

static void write_value(const struct writer *w, char *row, int64_t column, int value)
{
    memcpy(row + (size_t)column * w->bytes, w->encoded[value + VALUE_MAX], w->bytes);
}

/* Where a token of a sequence lies in an operand of tokens. */
struct place {
    int64_t batch, row;
};

/* +-1: 64 of them are one hash. Key `key` of sequence `b`, kv head `g`. */
static int code(uint64_t seed, int64_t b, int64_t key, int64_t g, int64_t c)
{
    uint64_t bits = at(seed, FOR_CODES, key, b, g * 64 + c / 64);
    return bits >> (c % 64) & 1 ? 1 : -1;
}

static int value_of(uint64_t seed, int64_t b, int64_t key, int64_t g, int64_t c)
{
    uint64_t random = at(seed, FOR_VALUES, key, b, g * 1024 + c);
    int size = 1 + (int)((random >> 1) % VALUE_MAX);
    return random & 1 || c == 0 ? size : -size;
}

static void fill_query(const struct problem *problem, const struct writer *w, uint64_t seed, int64_t b,
                       int64_t t, struct place place)
{
    int64_t d = problem->value[ATTENTION_D], heads = problem->value[ATTENTION_Q_HEADS];
    int64_t group = heads / problem->value[ATTENTION_KV_HEADS];
    struct attention_length length = attention_length(problem, b);
    char *row = element(w->operand, w->storage, place.batch, place.row, 0);
    static const enum factor turns[] = {FACTOR_SELECTING, FACTOR_SELECTING, FACTOR_LEADING, FACTOR_HUGE};
    for (int64_t h = 0; h < heads; h++) {
        enum factor factor = (t + h) % 2 && length.kv > 0 ? turns[(t + h) / 2 % 4] : FACTOR_0;
        if ((t + h) % 16 == 6) factor = FACTOR_NAN;
        /* By turns the query's own key, the one behind it, and any. */
        int64_t own = t + length.kv - length.q + t / 2 % 2;
        uint64_t any = at(seed, FOR_TARGETS, t, b, h);
        int64_t target = length.kv ? (int64_t)(any % (uint64_t)length.kv) : 0;
        if ((t + h) / 2 % 3 == 0 && own >= 0 && own < length.kv) target = own;
        for (int64_t c = 0; c < d; c++)
            memcpy(row + (size_t)(h * d + c) * w->bytes,
                   w->factors[factor][code(seed, b, target, h / group, c) > 0], w->bytes);
    }
}

/* Queries before the first sequence's are the first sequence's once more: whoever answers them is seen. */
static void fill_queries(const struct problem *problem, const struct operand *operand, uint64_t seed,
                         void *storage)
{
    bool varlen = problem->value[ATTENTION_VARLEN];
    struct writer w = writer_of(operand, problem->value[ATTENTION_D], storage);
    int64_t token = 0;
    for (; varlen && token < ATTENTION_TOKENS_BEFORE; token++)
        fill_query(problem, &w, seed, 0, 0, (struct place){0, token});
    for (int64_t b = 0; b < problem->value[ATTENTION_BATCH]; b++)
        for (int64_t t = 0, n = attention_length(problem, b).q; t < n; t++, token++)
            fill_query(problem, &w, seed, b, t, varlen ? (struct place){0, token} : (struct place){b, t});
}

/* Where the pages that sequences need lie, counted through all of them: steps that have no factor in common
 * with the number of pages visit each once, and leave spare ones in between. */
struct page_order {
    int64_t pages, step;
};

static int64_t common_factor(int64_t a, int64_t b)
{
    return b ? common_factor(b, a % b) : a;
}

static struct page_order page_order_of(const struct problem *problem)
{
    struct page_order order = {problem->value[ATTENTION_PAGE] ? attention_pages(problem) : 1, PAGE_STEP};
    while (common_factor(order.pages, order.step) != 1) order.step++;
    return order;
}

static int64_t page_place(const struct page_order *order, int64_t index)
{
    return index * order->step % order->pages;
}

/* Of key `j` of sequence `b`, whose first is the `token`-th key and `page_index`-th page of all. */
static struct place key_place(const struct problem *problem, const struct page_order *order, int64_t b,
                              int64_t j, int64_t token, int64_t page_index)
{
    int64_t page = problem->value[ATTENTION_PAGE];
    if (page) return (struct place){page_place(order, page_index + j / page), j % page};
    return problem->value[ATTENTION_VARLEN] ? (struct place){0, token + j} : (struct place){b, j};
}

static void fill_key(const struct problem *problem, const struct writer *w, bool values, uint64_t seed,
                     int64_t b, int64_t j, struct place place)
{
    int64_t heads = problem->value[ATTENTION_KV_HEADS], columns = w->operand->columns / heads;
    char *row = element(w->operand, w->storage, place.batch, place.row, 0);
    for (int64_t g = 0; g < heads; g++)
        for (int64_t c = 0; c < columns; c++)
            write_value(w, row, g * columns + c,
                        values ? value_of(seed, b, j, g, c) : code(seed, b, j, g, c));
}

/* What a cache holds of a sequence. Problems without varlen are measured with all of kv_len, and verified
 * with less, too: one key less, none, fewer than queries. The keys behind are there, NaN where there are
 * pages, and not to be used. */
static int64_t keys_held(const struct problem *problem, int64_t b, enum proof_inputs kind)
{
    int64_t kv = attention_length(problem, b).kv, q = problem->value[ATTENTION_Q_LEN];
    if (problem->value[ATTENTION_VARLEN] || kind != PROOF_INTEGERS || b == 0) return kv;
    const int64_t held[] = {kv / 2, kv - 1, 0, q / 2 < kv ? q / 2 : kv};
    return held[b % 4];
}

static void spoil_row(const struct operand *operand, int64_t batch, int64_t row, void *storage)
{
    for (int64_t c = 0; c < operand->columns; c++)
        dtype_store(operand->type, element(operand, storage, batch, row, c), NAN);
}

static void fill_keys(const struct problem *problem, const struct operand *operand, bool values,
                      uint64_t seed, void *storage)
{
    struct writer w = writer_of(operand, problem->value[ATTENTION_D], storage);
    struct page_order order = page_order_of(problem);
    int64_t page = problem->value[ATTENTION_PAGE] ? problem->value[ATTENTION_PAGE] : 1, pages = 0,
            token = problem->value[ATTENTION_VARLEN] ? ATTENTION_TOKENS_BEFORE : 0;
    for (int64_t b = 0; b < problem->value[ATTENTION_BATCH]; b++) {
        int64_t n = attention_length(problem, b).kv;
        int64_t used = problem->value[ATTENTION_PAGE] ? keys_held(problem, b, PROOF_INTEGERS) : n;
        if (attention_length(problem, b).q == 0) used = 0;
        for (int64_t j = 0; j < n; j++) {
            struct place place = key_place(problem, &order, b, j, token, pages);
            if (j < used)
                fill_key(problem, &w, values, seed, b, j, place);
            else
                spoil_row(operand, place.batch, place.row, storage);
        }
        token += n;
        pages += (n + page - 1) / page;
    }
}

/* ---- what is not to be used ---- */

static void spoil_before(const struct operand *operand, void *storage)
{
    for (int64_t row = 0; row < ATTENTION_TOKENS_BEFORE; row++) spoil_row(operand, 0, row, storage);
}

/* Everything is spoilt but the rows of pages that tables name. */
static void spoil_pages(const struct problem *problem, const struct operand *operand, void *storage)
{
    struct page_order order = page_order_of(problem);
    int64_t page = problem->value[ATTENTION_PAGE], index = 0;
    for (int64_t b = 0; b < problem->value[ATTENTION_BATCH]; b++)
        for (int64_t left = attention_length(problem, b).kv; left > 0; left -= page, index++)
            for (int64_t row = left; row < page; row++)
                spoil_row(operand, page_place(&order, index), row, storage);
    for (; index < order.pages; index++)
        for (int64_t row = 0; row < page; row++) spoil_row(operand, page_place(&order, index), row, storage);
}

/* ---- tables ---- */

static void store_int(const struct operand *operand, void *storage, int64_t row, int64_t column,
                      int64_t value)
{
    dtype_store(operand->type, element(operand, storage, 0, row, column), (double)value);
}

static void fill_block_table(const struct problem *problem, const struct operand *operand, void *storage)
{
    struct page_order order = page_order_of(problem);
    int64_t page = problem->value[ATTENTION_PAGE], index = 0;
    for (int64_t b = 0; b < operand->rows; b++) {
        int64_t used = (attention_length(problem, b).kv + page - 1) / page;
        for (int64_t i = 0; i < operand->columns; i++)
            store_int(operand, storage, b, i, i < used ? page_place(&order, index + i) : NOWHERE);
        index += used;
    }
}

static void fill_lengths(const struct problem *problem, const struct operand *operand, unsigned index,
                         enum proof_inputs kind, void *storage)
{
    int64_t sum = ATTENTION_TOKENS_BEFORE;
    for (int64_t b = 0; b < operand->columns; b++) {
        bool beyond = b >= problem->value[ATTENTION_BATCH];
        struct attention_length length =
            beyond ? (struct attention_length){0, 0} : attention_length(problem, b);
        store_int(operand, storage, 0, b,
                  index != ATTENTION_OPERAND_KV_LENGTHS ? sum
                  : beyond                              ? 0
                                                        : keys_held(problem, b, kind));
        sum += index == ATTENTION_OPERAND_Q_OFFSETS ? length.q : length.kv;
    }
}

/* Powers of two from 1/4 to 4 where integers are to stay exact, else factors about 1; sinks are 0, or normal.
 */
static void fill_floats(const struct operand *operand, unsigned index, enum proof_inputs kind, uint64_t seed,
                        void *storage)
{
    if (index == ATTENTION_OPERAND_SINKS && kind == PROOF_NORMAL) {
        normal_fill(operand, seed + index, storage);
        return;
    }
    for (int64_t r = 0; r < operand->rows; r++)
        for (int64_t c = 0; c < operand->columns; c++) {
            uint64_t random = at(seed, FOR_NORMALS, r, c, index);
            double scale = kind == PROOF_INTEGERS ? ldexp(1, (int)(random % 5) - 2)
                                                  : 0.5 + (double)(random % 1024) / 1024;
            dtype_store(operand->type, element(operand, storage, 0, r, c),
                        index == ATTENTION_OPERAND_SINKS ? 0 : scale);
        }
}

void attention_fill(const struct problem *problem, const struct operand *operand, unsigned index,
                    enum proof_inputs kind, uint64_t seed, void *storage)
{
    if (!(attention_used(problem) >> index & 1)) {
        memset(storage, 0, dtype_bytes(operand->type));
        return;
    }
    bool keys = index == ATTENTION_OPERAND_K, values = index == ATTENTION_OPERAND_V;
    switch (index) {
    case ATTENTION_OPERAND_Q:
    case ATTENTION_OPERAND_K:
    case ATTENTION_OPERAND_V:
        if (kind == PROOF_NORMAL)
            normal_fill(operand, at(seed, FOR_NORMALS, index, 0, 0), storage);
        else if (keys || values)
            fill_keys(problem, operand, values, seed, storage);
        else
            fill_queries(problem, operand, seed, storage);
        if (!keys && !values) return;
        if (problem->value[ATTENTION_PAGE])
            spoil_pages(problem, operand, storage);
        else if (problem->value[ATTENTION_VARLEN])
            spoil_before(operand, storage);
        return;
    case ATTENTION_OPERAND_TABLE: fill_block_table(problem, operand, storage); return;
    case ATTENTION_OPERAND_SINKS:
    case ATTENTION_OPERAND_K_SCALE:
    case ATTENTION_OPERAND_V_SCALE: fill_floats(operand, index, kind, seed, storage); return;
    default: fill_lengths(problem, operand, index, kind, storage);
    }
}
