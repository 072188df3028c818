/* Templates and the model: how fast each configuration of a space ought to be, and which ought to be the
 * fastest. Nothing is compiled and no device is asked. */
#ifndef TUNEBOOK_RANKING_H
#define TUNEBOOK_RANKING_H

#include "search/model.h"
#include "search/space.h"
#include "templates/manifest.h"

struct ranking;

struct ranked {
    struct configuration configuration;
    struct model_kernel shape;
    struct model_estimate estimate;
    uint32_t from_default; /* parameters that are not the default's */
};

/* `space` is the template's for this problem and device (tuning_open makes it); it is borrowed, as the
 * manifest is. STATUS_NOT_COVERED with a line where the template has no model block or the class is unknown.
 */
enum status ranking_create(const struct manifest *manifest, const struct problem *problem,
                           const struct device_class *device_class, const struct space *space,
                           struct ranking **out);
void ranking_free(struct ranking *ranking);

/* One configuration: its shape as the manifest says it, and what the model makes of that (either may be
 * NULL). False where an expression of the model block cannot be computed or is below its least value. Not for
 * two threads at a time. */
bool ranking_estimate(struct ranking *ranking, const struct configuration *configuration,
                      struct model_kernel *shape, struct model_estimate *estimate);
const struct model_device *ranking_device(const struct ranking *ranking);
const struct model_work *ranking_work(const struct ranking *ranking);
const struct space *ranking_space(const struct ranking *ranking);
/* How many parameters are not the template's default. */
uint32_t ranking_from_default(const struct ranking *ranking, const struct configuration *configuration);

/* The n best shapes of the space into `out`, best first. Of configurations with one shape, which differ only
 * in what the model does not see, the one nearest to the template's default stands for all. All of the space
 * is looked at where it has at most `most` configurations; else about that many: random ones, and the
 * neighbours of the best. most = 0: RANKING_MOST. Returns how many; *looked_at (may be NULL) says at how many
 * it has looked. */
enum { RANKING_MOST = 400000 };
size_t ranking_best(struct ranking *ranking, size_t n, uint64_t most, uint64_t seed, struct ranked *out,
                    uint64_t *looked_at);

/* A search_prior: context is the ranking. Nanoseconds; what cannot be estimated is NaN. */
double ranking_prior(const void *context, const struct configuration *configuration);

#endif
