/* The CPU behind device.h: code objects are shared objects, a launch is blocks on a pool of threads. */
#include "tuner/device/device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "templates/device/cpu.h"
#include "tuner/base/cpu_facts.h"
#include "tuner/device/cpu_load.h"
#include "tuner/device/cpu_pool.h"

enum {
    LDS_BYTES = 64 << 20, /* the limit on a thread's scratch */
    PAGE = 4096,
    /* Threads' scratch lies this much off a multiple of the page, so that the same place in two of them never
     * has the same low twelve bits: loads would wait for stores that only look the same ("4K aliasing",
     * Intel's Optimization Reference Manual, section 15.8), and one cache set would serve them all. */
    SCRATCH_SKEW = 320
};

typedef void cpu_entry(const void *args, const struct cpu_block *block);

struct device {
    struct device_info info;
    uint32_t threads;
    device_parallel_for *parallel_for;
    void *pool;           /* what parallel_for gets */
    struct cpu_pool *own; /* NULL where the caller brought a pool */
};

struct device_module {
    void *handle;
};

static enum status cpu_count(uint32_t *n)
{
    *n = 1;
    return STATUS_OK;
}

static void fill_facts(struct device_info *info, const struct cpu_facts *facts)
{
    int64_t *value = info->facts.value;
    value[DEVICE_FACT_units] = facts->threads;
    value[DEVICE_FACT_lds_bytes] = LDS_BYTES;
    value[DEVICE_FACT_wave_size] = 1;
    value[DEVICE_FACT_max_block_threads] = 1;
    value[DEVICE_FACT_vector_bytes] = facts->vector_bytes;
    value[DEVICE_FACT_vector_registers] = facts->vector_registers;
    value[DEVICE_FACT_l1_bytes] = (int64_t)facts->l1_bytes;
    value[DEVICE_FACT_l2_bytes] = (int64_t)facts->l2_bytes;
    value[DEVICE_FACT_llc_bytes] = (int64_t)facts->llc_bytes;
    value[DEVICE_FACT_bandwidth_gbps] = facts->bandwidth_gbps;
}

static enum status fill_info(const struct device_options *options, struct device_info *info)
{
    struct cpu_facts facts;
    struct device_class class;
    if (options->measure_class)
        TRY(cpu_facts_read(options->threads, &class, &facts));
    else
        TRY(cpu_facts_read_kept(options->threads, &class, &facts));
    snprintf(info->name, sizeof info->name, "%s", facts.model);
    class.lds_bytes = LDS_BYTES;
    class.product = info->name;
    info->device_class = class;
    class_format(&class, info->class_text);
    fill_facts(info, &facts);
    info->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    info->llc_bytes = facts.llc_bytes;
    return STATUS_OK;
}

static void cpu_close(struct device *device)
{
    if (!device) return;
    cpu_pool_destroy(device->own);
    free(device);
}

static enum status cpu_open(uint32_t index, const struct device_options *options, struct device **out)
{
    static const struct device_options none;
    if (!options) options = &none;
    if (index != 0)
        return status_fail(STATUS_UNAVAILABLE, "there is no cpu %u; the cpu device is number 0", index);
    struct device *device = calloc(1, sizeof *device);
    if (!device) return status_fail(STATUS_NO_MEMORY, "no memory for the cpu device");
    enum status status = fill_info(options, &device->info);
    if (status == STATUS_OK) {
        device->threads = (uint32_t)device->info.facts.value[DEVICE_FACT_units];
        device->parallel_for = options->parallel_for;
        device->pool = options->pool;
    }
    if (status == STATUS_OK && !options->parallel_for) {
        status = cpu_pool_create(device->threads, &device->own);
        device->parallel_for = cpu_pool_run;
        device->pool = device->own;
    }
    if (status != STATUS_OK) {
        cpu_close(device);
        return status;
    }
    *out = device;
    return STATUS_OK;
}

static const struct device_info *cpu_info(const struct device *device)
{
    return &device->info;
}

static enum status cpu_allocate(struct device *device, size_t bytes, size_t alignment, void **out)
{
    (void)device;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (posix_memalign(out, alignment, bytes ? bytes : 1) != 0)
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu bytes aligned to %zu", bytes, alignment);
    return STATUS_OK;
}

static void cpu_release(struct device *device, void *memory)
{
    (void)device;
    free(memory);
}

static enum status cpu_copy(struct device *device, void *to, const void *from, size_t bytes)
{
    (void)device;
    if (bytes) memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status cpu_fill(struct device *device, void *to, uint8_t value, size_t bytes)
{
    (void)device;
    if (bytes) memset(to, value, bytes);
    return STATUS_OK;
}

static enum status cpu_module_load(struct device *device, const void *code, size_t bytes,
                                   struct device_module **out)
{
    (void)device;
    struct device_module *module = calloc(1, sizeof *module);
    if (!module) return status_fail(STATUS_NO_MEMORY, "no memory for a module");
    enum status status = cpu_load(code, bytes, &module->handle);
    if (status != STATUS_OK) {
        free(module);
        return status;
    }
    *out = module;
    return STATUS_OK;
}

static void cpu_module_unload(struct device *device, struct device_module *module)
{
    (void)device;
    if (!module) return;
    cpu_unload(module->handle);
    free(module);
}

static enum status cpu_function(struct device_module *module, const char *entry, void **out)
{
    void *function = dlsym(module->handle, entry);
    if (!function) return status_fail(STATUS_BAD_DATA, "the code object has no entry '%s'", entry);
    *out = function;
    return STATUS_OK;
}

static uint64_t scratch_stride(uint32_t shared_bytes)
{
    return shared_bytes ? ((uint64_t)shared_bytes + PAGE - 1) / PAGE * PAGE + SCRATCH_SKEW : 0;
}

static uint64_t cpu_scratch_bytes(const struct device *device, uint32_t shared_bytes)
{
    return scratch_stride(shared_bytes) * device->threads;
}

struct blocks {
    cpu_entry *entry;
    const void *args;
    char *scratch;
    uint64_t stride;
    struct cpu_block block; /* the part that all blocks share */
};

static void run_block(void *context, uint32_t i, uint32_t slot)
{
    const struct blocks *blocks = context;
    struct cpu_block block = blocks->block;
    uint32_t nx = block.grid[0], ny = block.grid[1];
    block.index[0] = i % nx;
    block.index[1] = i / nx % ny;
    block.index[2] = i / nx / ny;
    block.shared = blocks->stride ? blocks->scratch + slot * blocks->stride : NULL;
    blocks->entry(blocks->args, &block);
}

static enum status run_step(struct device *device, const struct device_launch *launch,
                            const struct device_step *step)
{
    if (!step->function) {
        memset((char *)launch->workspace + step->zero_offset, 0, step->zero_bytes);
        return STATUS_OK;
    }
    if (step->cooperative)
        return status_fail(STATUS_BAD_DATA, "a cooperative launch: blocks on a CPU do not all run at once");
    uint64_t plane = (uint64_t)step->grid[0] * step->grid[1], count;
    if (__builtin_mul_overflow(plane, step->grid[2], &count) || count > INT32_MAX)
        return status_fail(STATUS_BAD_DATA, "a grid of %u x %u x %u blocks is too large; at most 2^31-1",
                           step->grid[0], step->grid[1], step->grid[2]);
    struct blocks blocks = {
        .args = launch->args,
        .scratch = launch->scratch,
        .stride = scratch_stride(step->shared_bytes),
        .block = {.grid = {step->grid[0], step->grid[1], step->grid[2]}, .shared_bytes = step->shared_bytes},
    };
    memcpy(&blocks.entry, &step->function, sizeof blocks.entry);
    if (count == 1 || device->threads == 1)
        for (uint32_t i = 0; i < count; i++) run_block(&blocks, i, 0);
    else
        device->parallel_for(device->pool, (uint32_t)count, device->threads, run_block, &blocks);
    return STATUS_OK;
}

static enum status cpu_launch(struct device *device, void *stream, const struct device_launch *launch)
{
    (void)stream;
    for (uint32_t i = 0; i < launch->n_steps; i++) TRY(run_step(device, launch, &launch->steps[i]));
    return STATUS_OK;
}

static enum status cpu_synchronize(struct device *device, void *stream)
{
    (void)device;
    (void)stream;
    return STATUS_OK;
}

static enum status cpu_mark_create(struct device *device, void **mark)
{
    return cpu_allocate(device, sizeof(struct timespec), sizeof(void *), mark);
}

static enum status cpu_mark_record(struct device *device, void *mark, void *stream)
{
    (void)device;
    (void)stream;
    clock_gettime(CLOCK_MONOTONIC, mark);
    return STATUS_OK;
}

static enum status cpu_mark_elapsed_ns(struct device *device, void *begin, void *end, double *ns)
{
    (void)device;
    const struct timespec *a = begin, *b = end;
    *ns = 1e9 * (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec);
    return STATUS_OK;
}

const struct device_api device_cpu = {
    .abi = DEVICE_API_ABI,
    .name = "cpu",
    .compiler = "cc",
    .count = cpu_count,
    .open = cpu_open,
    .close = cpu_close,
    .info = cpu_info,
    .allocate = cpu_allocate,
    .release = cpu_release,
    .upload = cpu_copy,
    .download = cpu_copy,
    .fill = cpu_fill,
    .load = cpu_module_load,
    .unload = cpu_module_unload,
    .function = cpu_function,
    .scratch_bytes = cpu_scratch_bytes,
    .launch = cpu_launch,
    .synchronize = cpu_synchronize,
    .mark_create = cpu_mark_create,
    .mark_destroy = cpu_release,
    .mark_record = cpu_mark_record,
    .mark_elapsed_ns = cpu_mark_elapsed_ns,
};
