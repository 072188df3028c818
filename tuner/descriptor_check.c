#include "search/expr.h"
#include "tuner/descriptor.h"

static enum status check(const struct descriptor *descriptor, const struct blob *blob, const char *what,
                         uint32_t i)
{
    struct expr expr;
    if (!blob->size) return STATUS_OK; /* what that means is the launch's matter */
    return status_prefix(expr_validate(blob->bytes, blob->size, descriptor->n_names, &expr), "%s %u", what,
                         i);
}

static enum status check_step(const struct descriptor *descriptor, const struct descriptor_step *step,
                              uint32_t i)
{
    const struct blob *const blobs[] = {&step->when,         &step->shared_bytes, &step->cooperative,
                                        &step->programmatic, &step->zero_offset,  &step->zero_bytes};
    for (size_t b = 0; b < sizeof blobs / sizeof *blobs; b++) TRY(check(descriptor, blobs[b], "step", i));
    for (int axis = 0; axis < 3; axis++) {
        TRY(check(descriptor, &step->grid[axis], "step", i));
        TRY(check(descriptor, &step->cluster[axis], "step", i));
        TRY(check(descriptor, &step->block[axis], "step", i));
    }
    return STATUS_OK;
}

enum status descriptor_check(const struct descriptor *descriptor)
{
    TRY(check(descriptor, &descriptor->workspace_bytes, "workspace", 0));
    for (uint32_t i = 0; i < descriptor->n_clauses; i++)
        TRY(check(descriptor, &descriptor->clauses[i], "clause", i));
    for (uint32_t i = 0; i < descriptor->n_steps; i++) TRY(check_step(descriptor, &descriptor->steps[i], i));
    for (uint32_t i = 0; i < descriptor->n_maps; i++) {
        const struct descriptor_map *map = &descriptor->maps[i];
        TRY(check(descriptor, &map->when, "map", i));
        TRY(check(descriptor, &map->box[0], "map", i));
        TRY(check(descriptor, &map->box[1], "map", i));
        TRY(check(descriptor, &map->swizzle, "map", i));
    }
    return STATUS_OK;
}
