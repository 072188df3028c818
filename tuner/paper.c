#include "tuner/paper.h"

/* The device on paper: it loads nothing, and its functions are their names. */
struct device {
    struct device_info info;
};

static const struct device_info *paper_info(const struct device *device)
{
    return &device->info;
}

static enum status paper_load(struct device *device, const void *code, size_t bytes,
                              struct device_module **out)
{
    (void)code;
    (void)bytes;
    *out = (struct device_module *)(void *)device;
    return STATUS_OK;
}

static void paper_unload(struct device *device, struct device_module *module)
{
    (void)device;
    (void)module;
}

static enum status paper_function(struct device_module *module, const char *entry, void **out)
{
    (void)module;
    *out = (void *)(uintptr_t)entry;
    return STATUS_OK;
}

static uint64_t paper_scratch_bytes(const struct device *device, uint32_t shared_bytes)
{
    (void)device;
    (void)shared_bytes;
    return 0;
}

static enum status paper_tensor_map(struct device *device, const struct device_tensor_map *map, void *out)
{
    (void)device;
    (void)map;
    (void)out;
    return status_fail(STATUS_UNAVAILABLE, "there are no tensor maps on paper");
}

static const struct device_api paper = {.abi = DEVICE_API_ABI,
                                        .name = "paper",
                                        .info = paper_info,
                                        .load = paper_load,
                                        .unload = paper_unload,
                                        .function = paper_function,
                                        .scratch_bytes = paper_scratch_bytes,
                                        .tensor_map = paper_tensor_map};

enum status paper_bind(const struct descriptor *descriptor, const struct problem *problem,
                       const struct device_facts *facts, struct paper_launch *out)
{
    struct device device = {.info = {.facts = *facts}};
    struct kernel *kernel;
    struct kernel_launch launch;
    *out = (struct paper_launch){.n_steps = 0};
    TRY(kernel_load(&paper, &device, descriptor, NULL, 0, &kernel));
    enum status status = kernel_bind(kernel, problem, &launch);
    for (uint32_t i = 0; status == STATUS_OK && i < launch.n_steps; i++) {
        const struct device_step *step = &launch.steps[i];
        if (!step->function) continue;
        struct paper_step *to = &out->steps[out->n_steps++];
        *to = (struct paper_step){.entry = step->function, .shared_bytes = step->shared_bytes};
        to->block_threads = step->block[0] * step->block[1] * step->block[2];
        for (int axis = 0; axis < 3; axis++) to->grid[axis] = step->grid[axis];
    }
    kernel_unload(kernel);
    return status;
}
