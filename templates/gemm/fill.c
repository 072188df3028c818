/* Inputs of the gemm proof.
 *
 * PROOF_INTEGERS is made so that a mistake changes some element of D, and so that every such change survives
 * the rounding to D's type: sums are small integers, exact, and another sum is another integer.
 *
 * B is nowhere zero. b[p,j] = sign[p] * (g[p+1,j] - g[p,j]), where the staircase g[p,j] = 2h + (p odd) has a
 * random h in [0, H): steps are odd, hence never 0, and |b| < 2H. A sum of sign[p] * b[p,j] over any range of
 * p telescopes to g[end] - g[begin]: less than 2H, however long the range.
 *
 * A is sparse: row i is zero but for N ranges of k, in which a[i,p] = c * sign[p], c a random nonzero integer
 * per row and range, |c| <= C. So D's sums, and the partial sum over any range of k, are below N * 2H * C by
 * construction; N, H and C are chosen to keep that, with bias and C added, within the integers that D's type
 * holds (256 for bf16). Sums in any other order (lanes, interleaved unrolls) are integers below k * 2H * C,
 * exact in an f32 accumulator for k up to 2^24 / (2HC): at least 500 thousand.
 *
 * Every k counts. k is cut into N-1 strata, each stratum into as many ranges as there are rows (of one k,
 * where k is shorter than that); row i takes one range of each stratum, and all rows together take all
 * ranges. For m = 1 a row's ranges are the strata themselves: every a is nonzero. 16 consecutive rows
 * take one range in each sixteenth of a stratum, so that a tile of 16 rows alone sees every stretch of k
 * longer than about k / (16 (N-1)). The Nth range is a single k among the last 8, so that a ragged tail is
 * seen by every 8 rows.
 *
 *   one k dropped, one doubled        a row with a[i,k] != 0 is off by c*b != 0 in every column
 *   a stretch of k dropped, doubled   off by a sum of c * (g[end] - g[begin]), zero by chance 1/H per element
 *   rows or columns swapped, shifted  ranges, c, h are random by row and column
 *   A against B shifted in k          sign[p] no longer cancels: sums of a long range are random walks
 *   batch item mixed up               all of it is random by batch item, too
 *   bias, C, beta, alpha forgotten    bias and C are nowhere zero
 *   halves of a glu swapped           columns are random
 *
 * What an activation flattens to zero in one variant it shows in another, where alpha is negative. A dot
 * product of one element (m = n = 1) leaves chance 1/H for a stretch: that is why PROOF_NORMAL, where nothing
 * is zero, comes next.
 *
 * The construction is the project's own; that sums of integers below 2^digits are exact is IEEE 754's. */
#include "templates/gemm/fill.h"

#include <math.h>
#include <string.h>
#include "templates/normal.h"

enum { TAIL = 8, TILE = 16, VALUE_MAX = 64 };

/* What random numbers are for; keeps them independent. */
enum purpose { FOR_SIGN, FOR_STAIR, FOR_FACTOR, FOR_OFFSET, FOR_ADDEND, FOR_NORMALS };

static uint64_t key_of(uint64_t seed, enum purpose purpose, int64_t batch)
{
    return mix_bits(mix_bits(seed + 0x9e3779b97f4a7c15u * ((uint64_t)purpose + 1)) + (uint64_t)batch);
}

static uint64_t at(uint64_t key, int64_t x, int64_t y)
{
    return mix_bits(key + 0x9e3779b97f4a7c15u * (uint64_t)x + 0xd1b54a32d192ed03u * (uint64_t)y);
}

/* ---- the numbers behind the pattern ---- */

struct pattern {
    int64_t m, k, ranges; /* ranges: k is cut into as many pieces */
    int strata;           /* N - 1, at most k */
    int height;           /* H, a power of two */
    int factor_max;       /* C */
    int addend_max;       /* of bias and C */
};

static int64_t exact_limit(enum dtype type)
{
    if (type == DTYPE_I8) return 127;
    double digits = 1 - log2(dtype_epsilon(type) > 0 ? dtype_epsilon(type) : ldexp(1, -30));
    return digits >= 10 ? 1024 : (int64_t)1 << (int)digits;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct pattern pattern_of(const struct problem *problem)
{
    enum dtype a = (enum dtype)problem->value[GEMM_A_TYPE], b = (enum dtype)problem->value[GEMM_B_TYPE];
    int64_t limit = smaller(exact_limit((enum dtype)problem->value[GEMM_D_TYPE]),
                            exact_limit((enum dtype)problem->value[GEMM_ACC_TYPE]));
    struct pattern p = {.m = problem->value[GEMM_M], .k = problem->value[GEMM_K]};
    /* by the integers that D holds: 1024 and more, 127 (i8) or 256 (bf16), 16 (f8e4m3), 8 (f8e5m2) */
    int n = limit >= 1024 ? 32 : limit >= 127 ? 16 : limit >= 16 ? 4 : 2;
    p.height = limit >= 1024 ? 8 : limit >= 127 ? 4 : 2;
    if (exact_limit(b) < 2 * p.height) p.height = (int)exact_limit(b) / 2;
    p.addend_max = limit >= 127 ? 4 : limit >= 16 ? 2 : 1;
    p.strata = (int)smaller(n - 1, p.k);
    int64_t runs = p.strata == p.k ? p.k : p.strata + 1;
    int64_t factor = (limit - 2 * p.addend_max) / (runs * (2 * p.height - 1));
    p.factor_max = (int)smaller(smaller(factor < 1 ? 1 : factor, 8), exact_limit(a));
    int64_t most = p.m > p.k / p.strata ? p.k : p.m * p.strata;
    p.ranges = smaller(most, p.k);
    return p;
}

/* Where in a stratum of `width` ranges a row takes its own. 16 rows take one of each sixteenth; the first
 * `width` rows take every range once: sixteenths hold width/16 ranges or one more, and in the turn in which
 * only the larger ones have one left these come first. (i-th larger sixteenth: ceil(16 (i+1) / larger) - 1,
 * the others are its Beatty complement.) */
static int64_t scatter(int64_t row, int64_t width)
{
    if (width <= TILE) return row % width;
    int64_t place = row % TILE, turn = row / TILE, larger = width % TILE, sixteenth = place;
    if (turn == width / TILE)
        sixteenth = place < larger ? (TILE * (place + 1) + larger - 1) / larger - 1
                                   : TILE * (place - larger) / (TILE - larger);
    int64_t first = sixteenth * width / TILE, size = (sixteenth + 1) * width / TILE - first;
    return first + turn % size;
}

/* The [begin, end) of k that row i takes in a stratum. floor(x * k / ranges) without overflow: both are below
 * 2^31. */
static void range_of(const struct pattern *p, uint64_t offset_key, int64_t row, int stratum, int64_t *begin,
                     int64_t *end)
{
    int64_t first = stratum * p->ranges / p->strata, width = (stratum + 1) * p->ranges / p->strata - first;
    int64_t offset = (int64_t)(at(offset_key, stratum, 0) % (uint64_t)width);
    int64_t range = first + (scatter(row, width) + offset) % width;
    *begin = range * p->k / p->ranges;
    *end = (range + 1) * p->k / p->ranges;
}

static int sign_of(uint64_t key, int64_t k)
{
    return at(key, k, 0) & 1 ? 1 : -1;
}

/* 1 to max, or -1 to -max */
static int nonzero(uint64_t random, int max)
{
    int size = 1 + (int)((random >> 1) % (uint64_t)max);
    return random & 1 ? size : -size;
}

/* ---- writing ---- */

/* The small integers encoded once in the operand's type. */
struct writer {
    const struct operand *operand;
    char *storage;
    size_t bytes;
    char encoded[2 * VALUE_MAX + 1][8];
};

static void writer_begin(struct writer *w, const struct operand *operand, void *storage)
{
    *w = (struct writer){.operand = operand, .storage = storage, .bytes = dtype_bytes(operand->type)};
    for (int v = -VALUE_MAX; v <= VALUE_MAX; v++) dtype_store(operand->type, w->encoded[v + VALUE_MAX], v);
}

static void *place(const struct writer *w, int64_t batch, int64_t row, int64_t column)
{
    return w->storage +
           (size_t)(batch * w->operand->batch_stride + row * w->operand->pitch + column) * w->bytes;
}

/* memcpy of an element; sizes known to the compiler make it a move. */
static void copy_element(void *to, const void *from, size_t bytes)
{
    switch (bytes) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    default: memcpy(to, from, 8); break;
    }
}

static void write_value(const struct writer *w, void *to, int value)
{
    copy_element(to, w->encoded[value + VALUE_MAX], w->bytes);
}

/* Row `row` of the logical A, whose storage is zero so far. */
static void fill_a_row(const struct writer *w, const struct pattern *p, bool transposed, uint64_t seed,
                       int64_t batch, int64_t row)
{
    uint64_t signs = key_of(seed, FOR_SIGN, batch), factors = key_of(seed, FOR_FACTOR, batch);
    uint64_t offsets = key_of(seed, FOR_OFFSET, batch);
    int64_t tail = p->k - 1 - row % smaller(p->k, TAIL);
    bool tail_taken = p->strata == p->k;
    for (int s = 0; s <= p->strata; s++) {
        int64_t begin = tail, end = tail + 1;
        if (s < p->strata)
            range_of(p, offsets, row, s, &begin, &end);
        else if (tail_taken)
            return;
        tail_taken |= begin <= tail && tail < end;
        int factor = nonzero(at(factors, row, s), p->factor_max);
        for (int64_t k = begin; k < end; k++)
            write_value(w, transposed ? place(w, batch, k, row) : place(w, batch, row, k),
                        factor * sign_of(signs, k));
    }
}

static void fill_a(const struct writer *w, const struct pattern *p, bool transposed, uint64_t seed,
                   int64_t batch)
{
    for (int64_t r = 0; r < w->operand->rows; r++)
        for (int64_t c = 0; c < w->operand->columns; c++) write_value(w, place(w, batch, r, c), 0);
    for (int64_t row = 0; row < p->m; row++) fill_a_row(w, p, transposed, seed, batch, row);
}

static int stair(const struct pattern *p, uint64_t key, int64_t k, int64_t column)
{
    return 2 * (int)((at(key, k, column) >> 32) & (uint64_t)(p->height - 1)) + (int)(k & 1);
}

/* The stored rows are columns of B. */
static void fill_b_transposed(const struct writer *w, const struct pattern *p, uint64_t signs,
                              uint64_t stairs, int64_t batch)
{
    for (int64_t column = 0; column < w->operand->rows; column++) {
        char *out = place(w, batch, column, 0);
        int here = stair(p, stairs, 0, column);
        for (int64_t k = 0; k < p->k; k++) {
            int next = stair(p, stairs, k + 1, column);
            write_value(w, out + (size_t)k * w->bytes, sign_of(signs, k) * (next - here));
            here = next;
        }
    }
}

static void fill_b(const struct writer *w, const struct pattern *p, bool transposed, uint64_t seed,
                   int64_t batch)
{
    uint64_t signs = key_of(seed, FOR_SIGN, batch), stairs = key_of(seed, FOR_STAIR, batch);
    if (transposed) {
        fill_b_transposed(w, p, signs, stairs, batch);
        return;
    }
    for (int64_t k = 0; k < p->k; k++) {
        char *out = place(w, batch, k, 0);
        int sign = sign_of(signs, k);
        for (int64_t column = 0; column < w->operand->columns; column++) {
            int step = stair(p, stairs, k + 1, column) - stair(p, stairs, k, column);
            write_value(w, out + (size_t)column * w->bytes, sign * step);
        }
    }
}

/* C and bias: nowhere zero. */
static void fill_addend(const struct writer *w, const struct pattern *p, uint64_t key)
{
    for (int64_t r = 0; r < w->operand->rows; r++)
        for (int64_t c = 0; c < w->operand->columns; c++)
            write_value(w, place(w, 0, r, c), nonzero(at(key, r, c), p->addend_max));
}

static void fill_integers(const struct problem *problem, const struct operand *operand, unsigned index,
                          uint64_t seed, void *storage)
{
    struct pattern p = pattern_of(problem);
    struct writer w;
    for (int64_t batch = 0; batch < operand->batch; batch++) {
        writer_begin(&w, operand, storage);
        if (index == GEMM_OPERAND_A) fill_a(&w, &p, gemm_a_transposed(problem), seed, batch);
        if (index == GEMM_OPERAND_B) fill_b(&w, &p, gemm_b_transposed(problem), seed, batch);
        if (index != GEMM_OPERAND_C && index != GEMM_OPERAND_BIAS) continue;
        w.storage += (size_t)(batch * operand->batch_stride) * w.bytes;
        fill_addend(&w, &p, key_of(seed + index, FOR_ADDEND, batch));
    }
}

void gemm_fill(const struct problem *problem, const struct operand *operand, unsigned index,
               enum proof_inputs kind, uint64_t seed, void *storage)
{
    if (kind == PROOF_INTEGERS)
        fill_integers(problem, operand, index, seed, storage);
    else
        normal_fill(operand, key_of(seed + index, FOR_NORMALS, 0), storage);
}
