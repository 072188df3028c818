/* The front of a space: all of it looked at, or a walk through it where it is huge. */
#include <stdlib.h>
#include <string.h>
#include "tuner/ranking.h"

/* The n best so far, sorted. */
struct front {
    struct ranked *list;
    size_t n, most;
    uint64_t looked_at;
};

static bool has(const struct front *front, const struct configuration *configuration)
{
    for (size_t i = 0; i < front->n; i++)
        if (memcmp(&front->list[i].configuration, configuration, sizeof *configuration) == 0) return true;
    return false;
}

/* False: not among the best, or there already. */
static bool look(struct ranking *ranking, struct front *front, const struct configuration *configuration)
{
    struct model_estimate estimate;
    front->looked_at++;
    if (!ranking_estimate(ranking, configuration, &estimate)) return false;
    if (front->n == front->most && !(estimate.ns < front->list[front->n - 1].estimate.ns)) return false;
    if (has(front, configuration)) return false;
    size_t at = front->n < front->most ? front->n++ : front->n - 1;
    while (at > 0 && estimate.ns < front->list[at - 1].estimate.ns) {
        front->list[at] = front->list[at - 1];
        at--;
    }
    front->list[at] = (struct ranked){*configuration, estimate};
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
