/* A smaller problem that takes the same path through a kernel: what a configuration is verified with in the
 * emulator, where the problem itself would take hours. */
#ifndef TUNEBOOK_PREDICT_SMALL_H
#define TUNEBOOK_PREDICT_SMALL_H

#include "search/space.h"
#include "templates/manifest.h"

struct predict_small {
    struct problem problem;
    uint32_t units; /* of the device: with fewer of them fewer tiles make several for each */
};

/* Sizes and units are cut together until the product is small, as long as the template accepts them and
 * `slots` (of the problem, the device and the configuration) and theirs agree in what the launch does: the
 * same steps run, each extent of each grid that was more than one is more than one, a workspace is used or
 * not. What is left over behind the last tile in each size stays the same, and loops over k keep enough steps
 * to fill, run and drain. False where nothing that small does. */
bool predict_small(const struct manifest *manifest, const struct problem *problem,
                   const int64_t slots[SLOT_COUNT], struct predict_small *out);

#endif
