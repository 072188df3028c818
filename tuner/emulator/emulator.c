#include "tuner/emulator/emulator.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/emulator/callbacks.h"
#include "tuner/emulator/emulator_state.h"
#include "tuner/emulator/machine.h"

/* Only kernels call these files: named here, so that a linker does not leave them out. */
static struct {
    void (*init)(void), (*fence)(int), (*copy)(void *, const void *, unsigned, unsigned);
    uint32_t (*atomic)(const volatile void *, int);
    const struct emu_thread *(*self)(void);
    unsigned (*shuffle)(enum emu_shuffle, unsigned, unsigned);
} const exported __attribute__((used)) = {
    __tsan_init, __tsan_atomic_thread_fence, emu_copy_async, __tsan_atomic32_load, emu_self, emu_shuffle};

enum { ARGS_BYTES_MAX = 4096 /* of CUDA and of HIP */ };

struct emulator {
    struct emulator_options options;
    pthread_mutex_t lock; /* ranges, and one launch at a time */
    struct ranges ranges;
    struct worker *workers; /* options.threads, by slot */
    uint32_t generation;
};

struct emulator_module {
    struct object object;
    pthread_mutex_t lock; /* functions */
    struct emulator_module_function *functions;
};

struct emulator_module_function {
    struct function function;
    struct emulator_module_function *next;
};

const char *emulator_target(const struct emulator *emulator)
{
    return emulator->options.target;
}

const struct ranges *emulator_ranges(const struct emulator *emulator)
{
    return &emulator->ranges;
}

const struct device_watch *emulator_watch(const struct emulator *emulator)
{
    return emulator->options.watch;
}

enum status emulator_create(const struct emulator_options *options, struct emulator **out)
{
    struct emulator *emulator = calloc(1, sizeof *emulator);
    struct worker *workers = calloc(options->threads, sizeof *workers);
    if (!emulator || !workers) {
        free(emulator);
        free(workers);
        return status_fail(STATUS_NO_MEMORY, "no memory for an emulated %s", options->target);
    }
    emulator->options = *options;
    emulator->workers = workers;
    pthread_mutex_init(&emulator->lock, NULL);
    for (uint32_t i = 0; i < options->threads; i++) {
        workers[i].emulator = emulator;
        workers[i].wave_size = options->wave_size;
    }
    *out = emulator;
    return STATUS_OK;
}

void emulator_destroy(struct emulator *emulator)
{
    if (!emulator) return;
    for (uint32_t i = 0; i < emulator->options.threads; i++) worker_free(&emulator->workers[i]);
    ranges_free(&emulator->ranges);
    pthread_mutex_destroy(&emulator->lock);
    free(emulator->workers);
    free(emulator);
}

enum status emulator_expose(struct emulator *emulator, const char *name, void *memory, size_t bytes,
                            bool writable)
{
    pthread_mutex_lock(&emulator->lock);
    enum status status = ranges_add(&emulator->ranges, name, memory, bytes, writable);
    pthread_mutex_unlock(&emulator->lock);
    return status;
}

void emulator_conceal(struct emulator *emulator, const void *memory)
{
    pthread_mutex_lock(&emulator->lock);
    ranges_remove(&emulator->ranges, memory);
    pthread_mutex_unlock(&emulator->lock);
}

enum status emulator_load(struct emulator *emulator, const void *code, size_t bytes,
                          struct emulator_module **out)
{
    (void)emulator;
    struct emulator_module *module = calloc(1, sizeof *module);
    if (!module) return status_fail(STATUS_NO_MEMORY, "no memory for a module");
    enum status status = object_load(code, bytes, &module->object);
    if (status != STATUS_OK) {
        free(module);
        return status;
    }
    pthread_mutex_init(&module->lock, NULL);
    *out = module;
    return STATUS_OK;
}

void emulator_unload(struct emulator *emulator, struct emulator_module *module)
{
    (void)emulator;
    if (!module) return;
    for (struct emulator_module_function *next, *f = module->functions; f; f = next) {
        next = f->next;
        free(f);
    }
    object_unload(&module->object);
    pthread_mutex_destroy(&module->lock);
    free(module);
}

enum status emulator_function(struct emulator_module *module, const char *entry, void **out)
{
    void *address = dlsym(module->object.handle, entry);
    if (!address || !object_holds(&module->object, (uintptr_t)address, 1))
        return status_fail(STATUS_BAD_DATA, "the code object has no entry '%s'", entry);
    struct emulator_module_function *f = calloc(1, sizeof *f);
    if (!f) return status_fail(STATUS_NO_MEMORY, "no memory for the entry '%s'", entry);
    f->function.object = &module->object;
    memcpy(&f->function.entry, &address, sizeof address);
    snprintf(f->function.name, sizeof f->function.name, "%s", entry);
    f->function.threads = object_entry_threads(&module->object, (uintptr_t)address);
    atomic_init(&f->function.shift, GRANULE_SHIFT);
    pthread_mutex_lock(&module->lock);
    f->next = module->functions;
    module->functions = f;
    pthread_mutex_unlock(&module->lock);
    *out = &f->function;
    return STATUS_OK;
}

static void run_item(void *context, uint32_t i, uint32_t slot)
{
    struct run *run = context;
    struct worker *worker = &run->emulator->workers[slot];
    if (i > atomic_load(&run->failed_item)) return; /* what comes before a failure still runs: it is first */
    worker->run = run;
    worker->item = i;
    if (run->together)
        worker_run(worker, 0, run->n_teams);
    else
        worker_run(worker, run->reverse ? run->n_teams - 1 - i : i, 1);
}

static bool product(const uint32_t sizes[3], uint64_t limit, uint32_t *out)
{
    uint64_t plane = (uint64_t)sizes[0] * sizes[1];
    if (!sizes[0] || !sizes[1] || !sizes[2] || plane > limit || plane * sizes[2] > limit) return false;
    *out = (uint32_t)(plane * sizes[2]);
    return true;
}

/* CUDA C++ Programming Guide, "Technical Specifications per Compute Capability": the same for all. */
enum { NVIDIA_GRID_YZ_MAX = 65535, NVIDIA_BLOCK_Z_MAX = 64 };

static enum status check_sizes(const struct emulator_options *options, const struct device_step *step,
                               struct run *run)
{
    const struct gpu_target *gpu = gpu_target_find(options->target);
    const struct function *function = step->function;
    const uint32_t *grid = step->grid, *block = step->block;
    if (!product(block, options->max_block_threads, &run->block_threads))
        return status_fail(STATUS_BAD_DATA, "a block of %u x %u x %u threads; %s takes 1 to %u", block[0],
                           block[1], block[2], options->target, options->max_block_threads);
    if (function->threads && function->threads != run->block_threads)
        return status_fail(STATUS_BAD_DATA,
                           "a block of %u x %u x %u threads; %s is made for %u (GPU_KERNEL in its source)",
                           block[0], block[1], block[2], function->name, function->threads);
    if (!gpu || gpu->vendor != GPU_VENDOR_NVIDIA) return STATUS_OK;
    if (block[2] > NVIDIA_BLOCK_Z_MAX)
        return status_fail(STATUS_BAD_DATA, "a block of %u x %u x %u threads; the last is at most %d on %s",
                           block[0], block[1], block[2], NVIDIA_BLOCK_Z_MAX, options->target);
    if (grid[1] > NVIDIA_GRID_YZ_MAX || grid[2] > NVIDIA_GRID_YZ_MAX)
        return status_fail(STATUS_BAD_DATA,
                           "a grid of %u x %u x %u blocks; all but the first are at most %d on %s", grid[0],
                           grid[1], grid[2], NVIDIA_GRID_YZ_MAX, options->target);
    return STATUS_OK;
}

static enum status check_step(const struct emulator_options *options, const struct device_step *step,
                              struct run *run)
{
    const uint32_t *grid = step->grid, *cluster = step->cluster;
    TRY(check_sizes(options, step, run));
    if (step->shared_bytes > options->lds_bytes)
        return status_fail(STATUS_BAD_DATA, "a block asks for %u bytes of shared memory; %s has %u",
                           step->shared_bytes, options->target, options->lds_bytes);
    for (int i = 0; i < 3; i++) {
        run->cluster[i] = cluster[i] ? cluster[i] : 1;
        if (grid[i] % run->cluster[i])
            return status_fail(STATUS_BAD_DATA, "a grid of %u blocks is no multiple of a cluster of %u",
                               grid[i], run->cluster[i]);
        run->grid[i] = grid[i];
        run->block[i] = step->block[i];
        run->clusters[i] = grid[i] / run->cluster[i];
    }
    if (!product(run->cluster, 16, &run->team_blocks))
        return status_fail(STATUS_BAD_DATA, "a cluster of %u x %u x %u blocks; the largest is 16", cluster[0],
                           cluster[1], cluster[2]);
    if (!product(run->clusters, INT32_MAX, &run->n_teams))
        return status_fail(STATUS_BAD_DATA, "a grid of %u x %u x %u blocks; 1 to 2^31-1 are possible",
                           grid[0], grid[1], grid[2]);
    return STATUS_OK;
}

static enum status run_step(struct emulator *emulator, const struct device_launch *launch,
                            const struct device_step *step, enum device_fault *fault)
{
    struct run run = {.emulator = emulator,
                      .workers = emulator->workers,
                      .n_workers = emulator->options.threads,
                      .function = step->function,
                      .args = launch->args,
                      .args_bytes = launch->args_bytes,
                      .shared_bytes = step->shared_bytes,
                      .together = step->cooperative,
                      .reverse = emulator->options.reverse,
                      .generation = ++emulator->generation,
                      .failed_item = UINT64_MAX};
    if (!step->function) {
        memset((char *)launch->workspace + step->zero_offset, 0, step->zero_bytes);
        return STATUS_OK;
    }
    TRY(check_step(&emulator->options, step, &run));
    pthread_mutex_init(&run.lock, NULL);
    uint32_t items = run.together || emulator->options.watch ? 1 : run.n_teams;
    uint32_t threads = emulator->options.threads;
    if (items == 1 || threads == 1)
        for (uint32_t i = 0; i < items; i++) run_item(&run, i, 0);
    else
        emulator->options.parallel_for(emulator->options.pool, items, threads, run_item, &run);
    pthread_mutex_destroy(&run.lock);
    if (run.failed_item == UINT64_MAX) return STATUS_OK;
    *fault = run.fault;
    return status_fail(run.status, "%s", run.line);
}

enum status emulator_launch(struct emulator *emulator, const struct device_launch *launch,
                            enum device_fault *fault)
{
    *fault = DEVICE_FAULT_NONE;
    pthread_mutex_lock(&emulator->lock);
    enum status status = STATUS_OK;
    if (launch->args_bytes > ARGS_BYTES_MAX)
        status = status_fail(STATUS_BAD_DATA, "%u bytes of arguments; a kernel takes %u", launch->args_bytes,
                             ARGS_BYTES_MAX);
    for (uint32_t i = 0; i < launch->n_steps && status == STATUS_OK; i++)
        status = run_step(emulator, launch, &launch->steps[i], fault);
    pthread_mutex_unlock(&emulator->lock);
    return status;
}
