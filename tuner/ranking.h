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
    struct model_estimate estimate;
};

/* `space` is the template's for this problem and device (tuning_open makes it); it is borrowed, as the
 * manifest is. STATUS_NOT_COVERED with a line where the template has no model block or the class is unknown.
 */
enum status ranking_create(const struct manifest *manifest, const struct problem *problem,
                           const struct device_class *device_class, const struct space *space,
                           struct ranking **out);
void ranking_free(struct ranking *ranking);

/* One configuration; false where an expression of the model block cannot be computed or is below its least
 * value. Not for two threads at a time. */
bool ranking_estimate(struct ranking *ranking, const struct configuration *configuration,
                      struct model_estimate *out);
/* The shape as the manifest says it, for `explain`. */
bool ranking_shape(struct ranking *ranking, const struct configuration *configuration,
                   struct model_kernel *out);
const struct model_device *ranking_device(const struct ranking *ranking);
const struct model_work *ranking_work(const struct ranking *ranking);
const struct space *ranking_space(const struct ranking *ranking);

/* The n best of the space into `out`, best first; equal times in the order of the space. All of the space
 * where it has at most `most` configurations, else the best found by looking at about that many: random ones,
 * and the neighbours of the best. most = 0: RANKING_MOST. Returns how many; *looked_at (may be NULL) says at
 * how many it has looked. */
enum { RANKING_MOST = 400000 };
size_t ranking_best(struct ranking *ranking, size_t n, uint64_t most, uint64_t seed, struct ranked *out,
                    uint64_t *looked_at);

/* A search_prior: context is the ranking. Nanoseconds; what cannot be estimated is NaN. */
double ranking_prior(const void *context, const struct configuration *configuration);

#endif
