/* An emulated GPU behind device.h: kernels run on the host's CPUs, every access is checked, nothing is timed.
 *
 * It stands for the GPU that options.target names. Memory is the host's; what kernels may use of it is what
 * allocate() gave and what was exposed, to the byte. Marks are the host's clock and say nothing about a GPU.
 */
#include "tuner/device/device.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/base/gpu_target.h"
#include "tuner/device/cpu_pool.h"
#include "tuner/emulator/emulator.h"

enum {
    POISON = 0xFF, /* NaN in every floating-point type */
    /* Around what allocate() gives: what overruns one buffer does not reach the next. */
    GUARD_BYTES = 4096,
    THREADS_MAX = 256
};

struct allocation {
    struct allocation *next;
    void *memory, *whole;
};

struct device {
    struct device_info info;
    const struct gpu_target *target;
    struct emulator *emulator;
    struct cpu_pool *own;
    pthread_mutex_t mutex; /* over the allocations */
    struct allocation *allocations;
    _Atomic int fault; /* enum device_fault, of the last launch that ended */
};

static enum status emu_count(uint32_t *n)
{
    *n = 1;
    return STATUS_OK;
}

static const struct device_class *class_of_target(const char *target)
{
    size_t n;
    const struct device_class *table = class_table(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].target, target) == 0) return &table[i];
    return NULL;
}

/* A nickname, a class text or a target. A target alone is the architecture and no product: its class is
 * "TARGET:0:0", which shares results with nobody. */
static enum status find_target(const char *name, struct device *device)
{
    struct device_class *class = &device->info.device_class;
    const struct device_class *known = name ? class_find(name) : NULL;
    char of_class[32];
    uint32_t units = 0, bandwidth = 0;
    bool is_class =
        name && !known && strchr(name, ':') && class_parse(name, of_class, &units, &bandwidth) == STATUS_OK;
    const char *target_name = known ? known->target : is_class ? of_class : name;
    const struct gpu_target *target = name ? gpu_target_find(target_name) : NULL;
    if (!target)
        return status_fail(
            STATUS_USAGE,
            "the emulator has to be told which GPU it stands for, such as gfx942 or h100_sxm%s%s",
            name ? "; it does not know " : "", name ? name : "");
    const struct device_class *like = known ? known : class_of_target(target->name);
    if (like) *class = *like;
    if (!known) {
        class->nickname = "";
        class->product = target->name;
        class->units = units;
        class->bandwidth_gbps = bandwidth;
        class->clock_mhz = 0;
        memset(class->peak_tflops, 0, sizeof class->peak_tflops);
        snprintf(class->target, sizeof class->target, "%s", target->name);
    }
    class->wave_size = target->wave_size;
    class->lds_bytes = target->lds_bytes;
    device->target = target;
    return STATUS_OK;
}

static void fill_info(struct device *device, const char *name)
{
    struct device_info *info = &device->info;
    const struct device_class *class = &info->device_class;
    if (class->nickname[0])
        snprintf(info->name, sizeof info->name, "emulated %s (%s)", class->target, class->product);
    else
        snprintf(info->name, sizeof info->name, "emulated %s", name);
    class_format(class, info->class_text);
    gpu_target_facts(device->target, class->units ? class : NULL, &info->facts);
    info->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    info->llc_bytes = class->llc_bytes ? class->llc_bytes : class->l2_bytes;
}

static uint32_t cpus(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (uint32_t)n;
}

static void emu_close(struct device *device)
{
    if (!device) return;
    emulator_destroy(device->emulator);
    cpu_pool_destroy(device->own);
    for (struct allocation *next, *a = device->allocations; a; a = next) {
        next = a->next;
        free(a->whole);
        free(a);
    }
    pthread_mutex_destroy(&device->mutex);
    free(device);
}

static enum status begin(const struct device_options *options, struct device *device)
{
    TRY(find_target(options->target, device));
    fill_info(device, options->target);
    struct emulator_options made = {.target = device->target->name,
                                    .wave_size = device->target->wave_size,
                                    .lds_bytes = device->target->lds_bytes,
                                    .max_block_threads = GPU_BLOCK_THREADS_MAX,
                                    .threads = options->threads ? options->threads : cpus(),
                                    .parallel_for = options->parallel_for,
                                    .pool = options->pool,
                                    .reverse = options->reverse,
                                    .watch = options->watch};
    if (!made.parallel_for) {
        TRY(cpu_pool_create(made.threads, &device->own));
        made.parallel_for = cpu_pool_run;
        made.pool = device->own;
    }
    return emulator_create(&made, &device->emulator);
}

static enum status emu_open(uint32_t index, const struct device_options *options, struct device **out)
{
    static const struct device_options none;
    if (index != 0)
        return status_fail(STATUS_UNAVAILABLE, "there is no emu %u; the emulator is number 0", index);
    struct device *device = calloc(1, sizeof *device);
    if (!device) return status_fail(STATUS_NO_MEMORY, "no memory for the emulator");
    pthread_mutex_init(&device->mutex, NULL);
    enum status status = begin(options ? options : &none, device);
    if (status != STATUS_OK) {
        emu_close(device);
        return status;
    }
    *out = device;
    return STATUS_OK;
}

static const struct device_info *emu_info(const struct device *device)
{
    return &device->info;
}

static enum status emu_allocate(struct device *device, size_t bytes, size_t alignment, void **out)
{
    struct allocation *allocation = calloc(1, sizeof *allocation);
    size_t before = alignment > GUARD_BYTES ? alignment : GUARD_BYTES;
    void *whole = NULL;
    char name[48];
    if (!allocation || posix_memalign(&whole, before, before + bytes + GUARD_BYTES) != 0) {
        free(allocation);
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu bytes aligned to %zu", bytes, alignment);
    }
    allocation->whole = whole;
    allocation->memory = (char *)whole + before;
    memset(allocation->memory, POISON, bytes);
    snprintf(name, sizeof name, "an allocation of %zu bytes", bytes);
    enum status status = emulator_expose(device->emulator, name, allocation->memory, bytes, true);
    if (status != STATUS_OK) {
        free(whole);
        free(allocation);
        return status;
    }
    pthread_mutex_lock(&device->mutex);
    allocation->next = device->allocations;
    device->allocations = allocation;
    pthread_mutex_unlock(&device->mutex);
    *out = allocation->memory;
    return STATUS_OK;
}

static struct allocation *take_allocation(struct device *device, const void *memory)
{
    pthread_mutex_lock(&device->mutex);
    struct allocation **place = &device->allocations;
    while (*place && (*place)->memory != memory) place = &(*place)->next;
    struct allocation *allocation = *place;
    if (allocation) *place = allocation->next;
    pthread_mutex_unlock(&device->mutex);
    return allocation;
}

static void emu_release(struct device *device, void *memory)
{
    struct allocation *allocation = memory ? take_allocation(device, memory) : NULL;
    if (!allocation) return;
    emulator_conceal(device->emulator, memory);
    free(allocation->whole);
    free(allocation);
}

static enum status emu_copy(struct device *device, void *to, const void *from, size_t bytes)
{
    (void)device;
    if (bytes) memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status emu_fill(struct device *device, void *to, uint8_t value, size_t bytes)
{
    (void)device;
    if (bytes) memset(to, value, bytes);
    return STATUS_OK;
}

struct device_module {
    struct emulator_module *module;
};

static enum status emu_load(struct device *device, const void *code, size_t bytes, struct device_module **out)
{
    struct device_module *module = calloc(1, sizeof *module);
    if (!module) return status_fail(STATUS_NO_MEMORY, "no memory for a module");
    enum status status = emulator_load(device->emulator, code, bytes, &module->module);
    if (status != STATUS_OK) {
        free(module);
        return status;
    }
    *out = module;
    return STATUS_OK;
}

static void emu_unload(struct device *device, struct device_module *module)
{
    if (!module) return;
    emulator_unload(device->emulator, module->module);
    free(module);
}

static enum status emu_function(struct device_module *module, const char *entry, void **out)
{
    return emulator_function(module->module, entry, out);
}

static uint64_t emu_scratch_bytes(const struct device *device, uint32_t shared_bytes)
{
    (void)device;
    (void)shared_bytes;
    return 0;
}

static enum status emu_launch(struct device *device, void *stream, const struct device_launch *launch)
{
    (void)stream;
    enum device_fault fault;
    enum status status = emulator_launch(device->emulator, launch, &fault);
    atomic_store(&device->fault, (int)fault);
    return status;
}

static enum status emu_synchronize(struct device *device, void *stream)
{
    (void)device;
    (void)stream;
    return STATUS_OK;
}

static enum status emu_mark_create(struct device *device, void **mark)
{
    (void)device;
    *mark = calloc(1, sizeof(uint64_t));
    return *mark ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a mark");
}

static void emu_mark_destroy(struct device *device, void *mark)
{
    (void)device;
    free(mark);
}

static enum status emu_mark_record(struct device *device, void *mark, void *stream)
{
    (void)device;
    (void)stream;
    *(uint64_t *)mark = clock_ns();
    return STATUS_OK;
}

static enum status emu_mark_elapsed_ns(struct device *device, void *begin_mark, void *end_mark, double *ns)
{
    (void)device;
    *ns = (double)(*(uint64_t *)end_mark - *(uint64_t *)begin_mark);
    return STATUS_OK;
}

static enum status emu_expose(struct device *device, const char *name, void *memory, size_t bytes,
                              bool writable)
{
    return emulator_expose(device->emulator, name, memory, bytes, writable);
}

static void emu_conceal(struct device *device, const void *memory)
{
    emulator_conceal(device->emulator, memory);
}

static enum device_fault emu_fault(const struct device *device)
{
    return (enum device_fault)atomic_load(&device->fault);
}

static enum status emu_tensor_map(struct device *device, const struct device_tensor_map *map, void *out)
{
    if (device->target->vendor != GPU_VENDOR_NVIDIA || device->target->architecture < 900)
        return status_fail(STATUS_UNAVAILABLE, "%s has no tensor maps; NVIDIA's since sm_90a have",
                           device->target->name);
    return emulator_tensor_map(map, out);
}

/* Not part of the runtime library; programs that have it link it by name. */
__attribute__((visibility("default"))) const struct device_api device_emu = {
    .abi = DEVICE_API_ABI,
    .name = "emu",
    .emulates = true,
    .compiler = "emu",
    .count = emu_count,
    .open = emu_open,
    .close = emu_close,
    .info = emu_info,
    .allocate = emu_allocate,
    .release = emu_release,
    .upload = emu_copy,
    .download = emu_copy,
    .fill = emu_fill,
    .load = emu_load,
    .unload = emu_unload,
    .function = emu_function,
    .scratch_bytes = emu_scratch_bytes,
    .launch = emu_launch,
    .synchronize = emu_synchronize,
    .mark_create = emu_mark_create,
    .mark_destroy = emu_mark_destroy,
    .mark_record = emu_mark_record,
    .mark_elapsed_ns = emu_mark_elapsed_ns,
    .expose = emu_expose,
    .conceal = emu_conceal,
    .fault = emu_fault,
    .tensor_map = emu_tensor_map,
};

/* Programs that link the emulator find it by name; the table of devices does not know it. */
__attribute__((constructor)) static void offer(void)
{
    device_offer_emulator(&device_emu);
}
