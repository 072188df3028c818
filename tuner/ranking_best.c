/* The front of a space: all of it looked at, or a walk through it where it is huge. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/ranking.h"

/* The n best so far, sorted. */
struct front {
    struct ranked *list;
    size_t n, most;
    uint64_t looked_at;
};

/* Times this near each other are one to the model. */
static const double tie = 1e-3;

/* The same tiles in the same time: what else differs the model does not see. */
static bool same_kernel(const struct ranked *a, const struct ranked *b)
{
    const struct model_kernel *x = &a->shape, *y = &b->shape;
    return x->tile_m == y->tile_m && x->tile_n == y->tile_n && x->tile_k == y->tile_k &&
           x->wave_m == y->wave_m && x->wave_n == y->wave_n && x->split_k == y->split_k &&
           x->stream == y->stream && fabs(a->estimate.ns - b->estimate.ns) <= tie * b->estimate.ns;
}

/* Better first; what the model holds for equal in an order that does not depend on who came first. */
static bool before(const struct ranked *a, const struct ranked *b)
{
    if (a->estimate.ns != b->estimate.ns) return a->estimate.ns < b->estimate.ns;
    return a->from_default < b->from_default;
}

/* Where one that is the same to the model stands; n: nowhere. */
static size_t find_same(const struct front *front, const struct ranked *candidate)
{
    for (size_t i = 0; i < front->n; i++)
        if (same_kernel(&front->list[i], candidate)) return i;
    return front->n;
}

static void move(struct front *front, size_t at)
{
    struct ranked moved = front->list[at];
    for (; at > 0 && before(&moved, &front->list[at - 1]); at--) front->list[at] = front->list[at - 1];
    for (; at + 1 < front->n && before(&front->list[at + 1], &moved); at++)
        front->list[at] = front->list[at + 1];
    front->list[at] = moved;
}

/* False: not among the best, or no better than who stands there for its shape. */
static bool look(struct ranking *ranking, struct front *front, const struct configuration *configuration)
{
    struct ranked candidate = {.configuration = *configuration};
    front->looked_at++;
    if (!ranking_estimate(ranking, configuration, &candidate.shape, &candidate.estimate)) return false;
    if (front->n == front->most && candidate.estimate.ns > front->list[front->n - 1].estimate.ns * (1 + tie))
        return false;
    candidate.from_default = ranking_from_default(ranking, configuration);
    size_t at = find_same(front, &candidate);
    if (at == front->n) {
        if (front->n == front->most && !before(&candidate, &front->list[front->n - 1])) return false;
        at = front->n < front->most ? front->n++ : front->n - 1;
    } else if (candidate.from_default >= front->list[at].from_default) {
        return false;
    }
    front->list[at] = candidate;
    move(front, at);
    return true;
}

static void look_at_all(struct ranking *ranking, const struct space *space, uint64_t count,
                        struct front *front)
{
    struct configuration configuration;
    for (uint64_t i = 0; i < count; i++)
        if (space_at(space, i, &configuration)) look(ranking, front, &configuration);
}

/* Neighbours of each of the front until none of them gets into it. */
static void climb(struct ranking *ranking, const struct space *space, uint64_t most, struct front *front)
{
    enum { NEIGHBOURS = 512 };
    struct configuration *near = malloc(NEIGHBOURS * sizeof *near);
    bool moved = near != NULL;
    while (moved && front->looked_at < most) {
        moved = false;
        for (size_t i = 0; i < front->n && front->looked_at < most; i++) {
            struct configuration from = front->list[i].configuration;
            size_t n = space_neighbours(space, &from, SPACE_ANY, near, NEIGHBOURS);
            for (size_t j = 0; j < n; j++) moved |= look(ranking, front, &near[j]);
        }
    }
    free(near);
}

size_t ranking_best(struct ranking *ranking, size_t n, uint64_t most, uint64_t seed, struct ranked *out,
                    uint64_t *looked_at)
{
    bool exact;
    const struct space *space = ranking_space(ranking);
    uint64_t count = space_count(space, &exact);
    struct front front = {.list = out, .most = n};
    if (!most) most = RANKING_MOST;
    if (n && exact && count <= most) {
        look_at_all(ranking, space, count, &front);
    } else if (n) {
        struct rng rng;
        struct configuration configuration;
        rng_seed(&rng, seed);
        while (front.looked_at < most / 2 && space_random(space, &rng, &configuration))
            look(ranking, &front, &configuration);
        climb(ranking, space, most, &front);
    }
    if (looked_at) *looked_at = front.looked_at;
    return front.n;
}
