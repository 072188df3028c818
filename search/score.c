#include "search/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "search/monotone.h"
#include "tuner/base/rng.h"

const struct score_setting score_setting_published = {0.01, 0.95, 1000, 1};

/* Replays are looked at from a tenth before the first step to a tenth behind the last. */
static const double margin = 0.1;

double score_replay_ns(const struct landscape *landscape, const struct score_setting *setting)
{
    return landscape_budget_ns(landscape, setting->p_end) * (1 + margin);
}

/* ---- curves over time ---- */

struct grid {
    unsigned steps;
    double *time_ns;
};

/* The smooth curve of random search at the steps. */
static enum status random_curve(const struct landscape *landscape, const struct grid *grid, double *out)
{
    double *x = malloc(3 * grid->steps * sizeof *x);
    if (!x) return status_fail(STATUS_NO_MEMORY, "score: out of memory");
    double *y = x + grid->steps, *slope = y + grid->steps;
    size_t n = 0;
    double last = 1;
    for (unsigned i = 0; i < grid->steps; i++) {
        last = fmax(1, nearbyint(grid->time_ns[i] / landscape->expected_cost_ns));
        if (n && x[n - 1] >= last) continue;
        x[n] = last;
        y[n++] = landscape_random_ns(landscape, (uint64_t)last);
    }
    if (n > 1) pchip_slopes(x, y, n, slope);
    for (unsigned i = 0; i < grid->steps; i++) {
        double at = x[0] + (x[n - 1] - x[0]) * i / (grid->steps > 1 ? grid->steps - 1 : 1);
        out[i] = n > 1 ? pchip_at(x, y, slope, n, at) : y[0];
    }
    free(x);
    return STATUS_OK;
}

/* All repeats' points within the margins, by time; y is the place of the best so far among all valid values,
 * 0 the best. */
struct cloud {
    size_t n;
    double *x, *y;
};

struct point {
    double x, y;
};

static int by_time(const void *a, const void *b)
{
    const struct point *left = a, *right = b;
    if (left->x != right->x) return left->x < right->x ? -1 : 1;
    return (left->y > right->y) - (left->y < right->y);
}

static enum status gather(const struct landscape *landscape, const struct grid *grid,
                          const struct replay *replays, size_t n_replays, struct cloud *out)
{
    double from_ns = grid->time_ns[0] * (1 - margin), to_ns = grid->time_ns[grid->steps - 1] * (1 + margin);
    size_t most = 1;
    for (size_t r = 0; r < n_replays; r++) most += replays[r].n;
    struct point *points = malloc(most * sizeof *points);
    *out = (struct cloud){.x = malloc(2 * most * sizeof *out->x)};
    if (!points || !out->x) {
        free(points);
        free(out->x);
        return status_fail(STATUS_NO_MEMORY, "score: out of memory");
    }
    for (size_t r = 0; r < n_replays; r++)
        for (size_t i = 0; i < replays[r].n; i++) {
            const struct replay_point *point = &replays[r].points[i];
            if (point->best_ns <= 0 || point->time_ns < from_ns || point->time_ns > to_ns) continue;
            points[out->n++] =
                (struct point){point->time_ns, (double)landscape_place(landscape, point->best_ns)};
        }
    qsort(points, out->n, sizeof *points, by_time);
    out->y = out->x + most;
    for (size_t i = 0; i < out->n; i++) out->x[i] = points[i].x, out->y[i] = points[i].y;
    free(points);
    return STATUS_OK;
}

/* One estimator of the bag: an isotonic fit through `draws` points drawn with repeats, added at the steps. */
struct bag {
    const struct cloud *cloud;
    const struct grid *grid;
    double *x, *y, *weight;
    size_t *scratch;
    uint32_t *drawn; /* how often each point was */
};

static void add_estimate(struct bag *bag, struct rng *rng, size_t draws, double *sum)
{
    const struct cloud *cloud = bag->cloud;
    size_t n = 0;
    memset(bag->drawn, 0, cloud->n * sizeof *bag->drawn);
    for (size_t i = 0; i < draws; i++) bag->drawn[rng_below(rng, cloud->n)]++;
    for (size_t i = 0; i < cloud->n; i++) {
        if (!bag->drawn[i]) continue;
        double weight = bag->drawn[i];
        if (n && bag->x[n - 1] >= cloud->x[i]) { /* one point per time */
            double together = bag->weight[n - 1] + weight;
            bag->y[n - 1] = (bag->y[n - 1] * bag->weight[n - 1] + cloud->y[i] * weight) / together;
            bag->weight[n - 1] = together;
            continue;
        }
        bag->x[n] = cloud->x[i];
        bag->y[n] = cloud->y[i];
        bag->weight[n++] = weight;
    }
    isotonic_fit(bag->y, bag->weight, n, bag->scratch);
    for (unsigned i = 0; i < bag->grid->steps; i++)
        sum[i] += interpolate_linear(bag->x, bag->y, n, bag->grid->time_ns[i]);
}

/* The mean of as many estimators as there are replays, each of the share 1 / sqrt(replays) of the points. */
static enum status bagged_places(const struct cloud *cloud, const struct grid *grid, size_t n_replays,
                                 uint64_t seed, double *places)
{
    size_t n_estimators = n_replays > 3 ? n_replays : 3;
    size_t draws = (size_t)((double)cloud->n / sqrt((double)n_estimators));
    struct bag bag = {.cloud = cloud, .grid = grid};
    bag.x = malloc(3 * cloud->n * sizeof *bag.x);
    bag.scratch = malloc(cloud->n * sizeof *bag.scratch);
    bag.drawn = malloc(cloud->n * sizeof *bag.drawn);
    enum status status = STATUS_OK;
    if (bag.x && bag.scratch && bag.drawn) {
        struct rng rng;
        rng_seed(&rng, seed);
        bag.y = bag.x + cloud->n;
        bag.weight = bag.y + cloud->n;
        memset(places, 0, grid->steps * sizeof *places);
        for (size_t e = 0; e < n_estimators; e++) add_estimate(&bag, &rng, draws ? draws : 1, places);
        for (unsigned i = 0; i < grid->steps; i++) places[i] /= (double)n_estimators;
    } else {
        status = status_fail(STATUS_NO_MEMORY, "score: out of memory");
    }
    free(bag.x);
    free(bag.scratch);
    free(bag.drawn);
    return status;
}

/* When half of the replays have ended, what is left is too little to go by: the curve stays where it is. */
static enum status median_end(const struct replay *replays, size_t n_replays, double *ns)
{
    double *ends = malloc((n_replays + 1) * sizeof *ends);
    if (!ends) return status_fail(STATUS_NO_MEMORY, "score: out of memory");
    for (size_t r = 0; r < n_replays; r++)
        ends[r] = replays[r].n ? replays[r].points[replays[r].n - 1].time_ns : 0;
    *ns = median_of(ends, n_replays);
    free(ends);
    return STATUS_OK;
}

static enum status strategy_curve(const struct landscape *landscape, const struct grid *grid,
                                  const struct replay *replays, size_t n_replays, uint64_t seed, double *out)
{
    struct cloud cloud;
    double end_ns = 0;
    TRY(median_end(replays, n_replays, &end_ns));
    TRY(gather(landscape, grid, replays, n_replays, &cloud));
    enum status status = cloud.n ? bagged_places(&cloud, grid, n_replays, seed, out)
                                 : status_fail(STATUS_BAD_DATA, "score: no replay has a valid configuration "
                                                                "within the time that is looked at");
    free(cloud.x);
    TRY(status);
    for (unsigned i = 0; i < grid->steps; i++) {
        double place = fmin(fmax(nearbyint(out[i]), 0), (double)landscape->n - 1);
        out[i] = landscape->ascending_ns[(size_t)place];
        if (i && grid->time_ns[i - 1] > end_ns) out[i] = out[i - 1];
    }
    return STATUS_OK;
}

enum status score_over_time(const struct landscape *landscape, const struct score_setting *setting,
                            const struct replay *replays, size_t n_replays, double *score, double *nearness)
{
    unsigned steps = setting->steps;
    double *memory = malloc(2 * steps * sizeof *memory);
    if (!memory) return status_fail(STATUS_NO_MEMORY, "score: out of memory");
    double *random = memory + steps;
    struct grid grid = {steps, memory};
    double first_ns = landscape_budget_ns(landscape, setting->p_start);
    double last_ns = landscape_budget_ns(landscape, setting->p_end);
    for (unsigned i = 0; i < steps; i++)
        grid.time_ns[i] = first_ns + (last_ns - first_ns) * i / (steps > 1 ? steps - 1 : 1);
    enum status status = random_curve(landscape, &grid, random);
    if (status == STATUS_OK)
        status = strategy_curve(landscape, &grid, replays, n_replays, setting->seed, score);
    for (unsigned i = 0; i < steps && status == STATUS_OK; i++) {
        nearness[i] = landscape->optimum_ns / score[i];
        double possible = random[i] - landscape->optimum_ns, reached = random[i] - score[i];
        score[i] = possible > 0 ? reached / possible : score[i] <= landscape->optimum_ns;
    }
    free(memory);
    return status;
}

/* ---- after so many evaluations ---- */

double score_fraction_of_optimum(const struct landscape *landscape, const struct replay *replays,
                                 size_t n_replays, uint64_t evaluations)
{
    double sum = 0;
    for (size_t r = 0; r < n_replays; r++) {
        size_t n = replays[r].n < evaluations ? replays[r].n : (size_t)evaluations;
        if (n && replays[r].points[n - 1].best_ns > 0)
            sum += landscape->optimum_ns / replays[r].points[n - 1].best_ns;
    }
    return n_replays ? sum / (double)n_replays : 0;
}
