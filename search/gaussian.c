#include "search/gaussian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The pool lies in tiles of as many candidates as a cache line has floats; loops over it go tile by tile. */
enum { LANES = 4, TILE = 16, VECTORS = TILE / LANES, COORDINATES_MAX = 256 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(16)));
typedef int32_t lanes_int __attribute__((vector_size(LANES * sizeof(int32_t)), aligned(16)));
/* Where a parameter's values stand: one coordinate for values in order, one for each word. */
struct axis {
    uint32_t first; /* coordinate */
    bool words;
    float step; /* between neighbouring values; between any two words */
};

struct gaussian {
    struct gaussian_setting setting;
    struct axis axes[SPACE_PARAMETERS_MAX];
    uint32_t n_axes, n_coordinates;
    size_t n, stride; /* stride: floats of a row over the pool */
    float *observed;  /* [observation][coordinate] */
    float *factor;    /* Cholesky, lower triangle: [row][column], observations_max wide */
    float *pool;      /* [tile][coordinate][TILE] */
    float *projected; /* [tile][observation][TILE]: the factor's inverse times the candidate's likenesses */
    float *variance, *mean, *deviation; /* [slot] */
    float *weights, *scratch;           /* [observation] */
    struct configuration *candidates;   /* [slot] */
};

static bool has_words(const struct space_parameter *parameter)
{
    /* Words are hashes of 63 bits (expr_word): no tuning value is that large. */
    for (uint32_t i = 0; i < parameter->n_values; i++)
        if (parameter->values[i] > INT64_C(1) << 52) return true;
    return false;
}

static void lay_axes(struct gaussian *g)
{
    const struct space_spec *spec = space_spec_of(g->setting.space);
    float length = (float)(1 / g->setting.reach);
    g->n_axes = spec->n_parameters;
    for (uint32_t p = 0; p < spec->n_parameters; p++) {
        const struct space_parameter *parameter = &spec->parameters[p];
        uint32_t n = parameter->n_values;
        bool words = has_words(parameter) && g->n_coordinates + n < COORDINATES_MAX - SPACE_PARAMETERS_MAX;
        g->axes[p] =
            (struct axis){g->n_coordinates, words, words || n < 2 ? length : length / (float)(n - 1)};
        g->n_coordinates += words ? n : 1;
    }
    if (g->setting.extra) g->n_coordinates++;
}

/* The coordinates of a configuration, `stride` floats apart. */
static void locate(const struct gaussian *g, const struct configuration *configuration, float *out,
                   size_t stride)
{
    for (uint32_t p = 0; p < g->n_axes; p++) {
        const struct axis *axis = &g->axes[p];
        uint32_t n = axis->words ? space_spec_of(g->setting.space)->parameters[p].n_values : 1;
        for (uint32_t i = 0; i < n; i++) {
            bool here = !axis->words || configuration->index[p] == i;
            float place = axis->words ? axis->step / 2 : axis->step * (float)configuration->index[p];
            out[(axis->first + i) * stride] = here ? place : 0;
        }
    }
    if (g->setting.extra)
        out[(g->n_coordinates - 1) * stride] =
            (float)(g->setting.extra(g->setting.extra_context, configuration) / g->setting.reach);
}

/* exp(-x) for x >= 0, to 1e-4 of it: 2^y with a polynomial for the fraction. */
static lanes exp_minus(lanes x)
{
    const float log2_e = 1.44269504f;
    lanes y = x * -log2_e;
    y = (lanes)(((lanes_int)y & (y > -126.0f)) | ((lanes_int)((lanes){0} - 126.0f) & ~(y > -126.0f)));
    lanes_int whole = __builtin_convertvector(y, lanes_int) - 1; /* y <= 0 rounds toward 0 */
    lanes f = y - __builtin_convertvector(whole, lanes);         /* 0..1 */
    lanes power = 1.0f + f * (0.69583282f + f * (0.22606716f + f * 0.07810018f));
    return (lanes)((lanes_int)power + (whole << 23));
}

static float likeness(const struct gaussian *g, const float *a, const float *b, size_t stride_b)
{
    float distance = 0;
    for (uint32_t i = 0; i < g->n_coordinates; i++) distance += fabsf(a[i] - b[i * stride_b]);
    return exp_minus((lanes){0} + distance)[0];
}

/* Both aligned as a row of the factor is. */
static float dot(const float *a, const float *b, size_t n)
{
    lanes even = {0}, odd = {0};
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        even += *(const lanes *)&a[i] * *(const lanes *)&b[i];
        odd += *(const lanes *)&a[i + LANES] * *(const lanes *)&b[i + LANES];
    }
    even += odd;
    float sum = even[0] + even[1] + even[2] + even[3];
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

enum status gaussian_create(const struct gaussian_setting *setting, struct gaussian **out)
{
    struct gaussian *g = calloc(1, sizeof *g);
    if (!g) return status_fail(STATUS_NO_MEMORY, "no memory for a surrogate model");
    g->setting = *setting;
    g->stride = setting->pool_max;
    lay_axes(g);
    g->setting.observations_max = (setting->observations_max + LANES - 1) / LANES * LANES; /* aligned rows */
    size_t n = g->setting.observations_max, stride = g->stride;
    g->observed = calloc(n * g->n_coordinates + 1, sizeof *g->observed);
    g->factor = calloc(n * n, sizeof *g->factor);
    g->pool = calloc(g->n_coordinates * stride + 1, sizeof *g->pool);
    g->projected = calloc(n * stride, sizeof *g->projected);
    g->variance = calloc(3 * stride, sizeof *g->variance);
    g->weights = calloc(n, sizeof *g->weights);
    g->scratch = calloc(n, sizeof *g->scratch);
    g->candidates = calloc(stride, sizeof *g->candidates);
    if (!g->observed || !g->factor || !g->pool || !g->projected || !g->variance || !g->weights ||
        !g->scratch || !g->candidates) {
        gaussian_free(g);
        return status_fail(STATUS_NO_MEMORY, "no memory for a surrogate model");
    }
    g->mean = g->variance + stride;
    g->deviation = g->mean + stride;
    *out = g;
    return STATUS_OK;
}

void gaussian_free(struct gaussian *g)
{
    if (!g) return;
    free(g->observed);
    free(g->factor);
    free(g->pool);
    free(g->projected);
    free(g->variance);
    free(g->weights);
    free(g->scratch);
    free(g->candidates);
    free(g);
}

void gaussian_clear(struct gaussian *g)
{
    g->n = 0;
    for (size_t i = 0; i < g->stride; i++) g->variance[i] = 1;
}

size_t gaussian_n(const struct gaussian *g)
{
    return g->n;
}

bool gaussian_is_full(const struct gaussian *g)
{
    return g->n == g->setting.observations_max;
}

/* The factor's next row: forward substitution through those there. Returns the diagonal element. */
static float extend_factor(struct gaussian *g, const float *at)
{
    size_t width = g->setting.observations_max;
    float *row = g->factor + g->n * width, rest = 1 + (float)g->setting.noise;
    for (size_t i = 0; i < g->n; i++) {
        const float *other = g->factor + i * width;
        float like = likeness(g, at, g->observed + i * g->n_coordinates, 1);
        row[i] = (like - dot(row, other, i)) / other[i];
        rest -= row[i] * row[i];
    }
    row[g->n] = sqrtf(fmaxf(rest, (float)g->setting.noise / 2)); /* exactly, at least the noise */
    return row[g->n];
}

/* sums -= the rows of a tile, each times its factor. */
static void subtract_rows(const lanes *rows, const float *factors, size_t n, lanes sums[VECTORS])
{
    lanes a = sums[0], b = sums[1], c = sums[2], d = sums[3]; /* stay in registers */
    for (size_t j = 0; j < n; j++, rows += VECTORS) {
        a -= rows[0] * factors[j];
        b -= rows[1] * factors[j];
        c -= rows[2] * factors[j];
        d -= rows[3] * factors[j];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/* One more row of what is projected. */
static void project_tile(struct gaussian *g, size_t tile, const float *at, const float *row, float diagonal)
{
    lanes *projected = (lanes *)(g->projected + tile * g->setting.observations_max * TILE);
    const lanes *pool = (const lanes *)(g->pool + tile * g->n_coordinates * TILE);
    lanes *variance = (lanes *)(g->variance + tile * TILE), sums[VECTORS] = {{0}};
    for (uint32_t i = 0; i < g->n_coordinates; i++)
        for (unsigned v = 0; v < VECTORS; v++)
            sums[v] += (lanes)((lanes_int)(pool[i * VECTORS + v] - at[i]) & INT32_MAX);
    for (unsigned v = 0; v < VECTORS; v++) sums[v] = exp_minus(sums[v]);
    subtract_rows(projected, row, g->n, sums);
    for (unsigned v = 0; v < VECTORS; v++) {
        sums[v] /= diagonal;
        projected[g->n * VECTORS + v] = sums[v];
        variance[v] -= sums[v] * sums[v];
    }
}

void gaussian_observe(struct gaussian *g, const struct configuration *configuration)
{
    float *at = g->observed + g->n * g->n_coordinates;
    locate(g, configuration, at, 1);
    float diagonal = extend_factor(g, at);
    const float *row = g->factor + g->n * g->setting.observations_max;
    for (size_t tile = 0; tile < g->stride / TILE; tile++) project_tile(g, tile, at, row, diagonal);
    g->n++;
}

void gaussian_place(struct gaussian *g, size_t slot, const struct configuration *candidate)
{
    size_t width = g->setting.observations_max, tile = slot / TILE, lane = slot % TILE;
    float *at = g->pool + tile * g->n_coordinates * TILE + lane, *column = g->scratch;
    g->candidates[slot] = *candidate;
    locate(g, candidate, at, TILE);
    g->variance[slot] = 1;
    for (size_t i = 0; i < g->n; i++) {
        const float *row = g->factor + i * width;
        float like = likeness(g, g->observed + i * g->n_coordinates, at, TILE);
        column[i] = (like - dot(row, column, i)) / row[i];
        g->projected[(tile * width + i) * TILE + lane] = column[i];
        g->variance[slot] -= column[i] * column[i];
    }
}

const struct configuration *gaussian_candidate(const struct gaussian *g, size_t slot)
{
    return &g->candidates[slot];
}

/* Forward substitution: the factor's inverse times the targets. */
static void solve(struct gaussian *g, const float *targets)
{
    for (size_t i = 0; i < g->n; i++) {
        const float *row = g->factor + i * g->setting.observations_max;
        g->weights[i] = (targets[i] - dot(row, g->weights, i)) / row[i];
    }
}

void gaussian_guess(struct gaussian *g, const float *targets, size_t n_slots, const float **mean,
                    const float **deviation)
{
    solve(g, targets);
    for (size_t tile = 0; tile * TILE < n_slots; tile++) {
        const lanes *projected = (const lanes *)(g->projected + tile * g->setting.observations_max * TILE);
        lanes *mean_of_tile = (lanes *)(g->mean + tile * TILE), sums[VECTORS] = {{0}};
        subtract_rows(projected, g->weights, g->n, sums);
        for (unsigned v = 0; v < VECTORS; v++) mean_of_tile[v] = -sums[v];
    }
    for (size_t slot = 0; slot < n_slots; slot++) g->deviation[slot] = sqrtf(fmaxf(g->variance[slot], 1e-6f));
    *mean = g->mean;
    *deviation = g->deviation;
}
