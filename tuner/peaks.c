#include "tuner/peaks.h"

#include <string.h>
#include "templates/device/stream_probe_args.h"
#include "templates/embedded.h"
#include "tuner/compile/compile_pool.h"

enum {
    THREADS = 512, /* of a block, as stream_probe.hip has it */
    COMPILE_DEADLINE_MS = 120000,
    REPEATS = 8,
    LAUNCHES = 4,         /* of a block of reading or copying */
    EMPTY_LAUNCHES = 512, /* of a block of nothing */
    ELEMENT_BYTES = 16,
    PATTERN = 0x5a
};
static const char probe_path[] = "device/stream_probe.hip";

enum status peaks_compile(const struct compiler_api *compiler, const char *identity, const char *target,
                          const volatile int *stop, struct text *code)
{
    static const volatile int never = 0;
    const char *source = NULL;
    for (size_t i = 0; i < n_embedded_headers; i++)
        if (strcmp(embedded_headers[i].path, probe_path) == 0) source = embedded_headers[i].text;
    if (!source) return status_fail(STATUS_UNAVAILABLE, "%s was not built in", probe_path);
    struct compile_job job = {
        .compiler = compiler, .identity = identity, .request = {source, probe_path, "", target}};
    enum status status = compile_run(&job, 1, 1, COMPILE_DEADLINE_MS, stop ? stop : &never);
    if (status == STATUS_OK && job.verdict != VERDICT_OK)
        status = status_fail(STATUS_BAD_DATA, "%s: %s does not compile it: %s", probe_path, compiler->name,
                             job.detail);
    if (status == STATUS_OK)
        *code = job.code;
    else
        text_free(&job.code);
    return status;
}

/* The probe on its memory. */
struct probe {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    struct stream_probe_args args;
    void *marks[2];
};

/* The least time of a launch among REPEATS blocks of `launches`. */
static enum status time_step(struct probe *probe, const struct device_step *step, uint32_t launches,
                             double *least_ns)
{
    const struct device_api *api = probe->api;
    struct device_launch launch = {
        .steps = step, .n_steps = 1, .args = &probe->args, .args_bytes = sizeof probe->args};
    void *graph = NULL;
    if (api->graph_begin) TRY(api->graph_begin(probe->device, NULL));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; api->graph_begin && status == STATUS_OK && i < launches; i++)
        status = api->launch(probe->device, NULL, &launch);
    if (api->graph_begin) {
        enum status ended = api->graph_end(probe->device, NULL, &graph);
        if (status == STATUS_OK) status = ended;
    }
    for (int repeat = 0; status == STATUS_OK && repeat <= REPEATS; repeat++) {
        double ns = 0;
        status = api->mark_record(probe->device, probe->marks[0], NULL);
        for (uint32_t i = 0; !graph && status == STATUS_OK && i < launches; i++)
            status = api->launch(probe->device, NULL, &launch);
        if (graph && status == STATUS_OK) status = api->graph_launch(probe->device, graph, NULL);
        if (status == STATUS_OK) status = api->mark_record(probe->device, probe->marks[1], NULL);
        if (status == STATUS_OK)
            status = api->mark_elapsed_ns(probe->device, probe->marks[0], probe->marks[1], &ns);
        if (repeat && (repeat == 1 || ns / launches < *least_ns)) *least_ns = ns / launches;
    }
    if (graph) api->graph_destroy(probe->device, graph);
    return status;
}

/* The best over some sizes of the grid: how many blocks keep the memory busy differs between GPUs. */
static enum status best_grid(struct probe *probe, const char *entry, double bytes, double *gbps)
{
    static const uint32_t blocks_per_unit[] = {2, 4, 8, 16, 32};
    uint32_t units = (uint32_t)probe->api->info(probe->device)->facts.value[DEVICE_FACT_units];
    struct device_step step = {.cluster = {1, 1, 1}, .block = {THREADS, 1, 1}};
    TRY(probe->api->function(probe->module, entry, &step.function));
    *gbps = 0;
    for (size_t i = 0; i < sizeof blocks_per_unit / sizeof *blocks_per_unit; i++) {
        double ns = 0;
        step.grid[0] = units * blocks_per_unit[i], step.grid[1] = 1, step.grid[2] = 1;
        TRY(time_step(probe, &step, LAUNCHES, &ns));
        if (ns > 0 && bytes / ns > *gbps) *gbps = bytes / ns;
    }
    return STATUS_OK;
}

static enum status measure(struct probe *probe, struct peaks *out)
{
    struct device_step nothing = {.grid = {1, 1, 1}, .cluster = {1, 1, 1}, .block = {THREADS, 1, 1}};
    double bytes = (double)probe->args.n * ELEMENT_BYTES;
    TRY(best_grid(probe, "stream_read", bytes, &out->read_gbps));
    TRY(best_grid(probe, "stream_copy", 2 * bytes, &out->copy_gbps));
    TRY(probe->api->function(probe->module, "stream_nothing", &nothing.function));
    return time_step(probe, &nothing, EMPTY_LAUNCHES, &out->empty_ns);
}

static enum status allocate(struct probe *probe, uint64_t bytes)
{
    void *from = NULL, *to = NULL;
    TRY(probe->api->allocate(probe->device, bytes, 256, &from));
    probe->args.from = from;
    TRY(probe->api->allocate(probe->device, bytes, 256, &to));
    probe->args.to = to;
    probe->args.n = bytes / ELEMENT_BYTES;
    TRY(probe->api->fill(probe->device, from, PATTERN, bytes));
    for (int i = 0; i < 2; i++) TRY(probe->api->mark_create(probe->device, &probe->marks[i]));
    return STATUS_OK;
}

static void release(struct probe *probe)
{
    for (int i = 0; i < 2; i++)
        if (probe->marks[i]) probe->api->mark_destroy(probe->device, probe->marks[i]);
    if (probe->args.to) probe->api->release(probe->device, probe->args.to);
    if (probe->args.from) probe->api->release(probe->device, (void *)(uintptr_t)probe->args.from);
    probe->api->unload(probe->device, probe->module);
}

enum status peaks_run(const struct device_api *api, struct device *device,
                      const struct peaks_setting *setting, struct peaks *out)
{
    struct probe probe = {.api = api, .device = device};
    struct peaks peaks = {0};
    uint64_t quarter = api->info(device)->memory_bytes / 4, bytes = setting->bytes;
    if (!bytes) bytes = quarter < (2ull << 30) ? quarter : 2ull << 30;
    TRY(api->load(device, setting->code, setting->code_bytes, &probe.module));
    enum status status = allocate(&probe, bytes / 4096 * 4096);
    if (status == STATUS_OK) status = measure(&probe, &peaks);
    release(&probe);
    if (status == STATUS_OK) *out = peaks;
    return status;
}
