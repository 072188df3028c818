/* Where kernels for Hopper run: in the emulator, in both orders, and on the GPU where this machine has one.
 * The tests' memory is the host's; a GPU has copies of it. */
#ifndef TUNEBOOK_TESTS_EMULATOR_HOPPER_MACHINE_H
#define TUNEBOOK_TESTS_EMULATOR_HOPPER_MACHINE_H

#include "tests/emulator/kernels.h"

#include "templates/device/emu_abi.h"
#include "tuner/base/dtype.h"

enum { MACHINES = 3, BUFFERS_MAX = 4 };

struct buffer {
    const char *name;
    void *host;
    size_t bytes;
    bool writable;
};

struct machine {
    const char *name; /* "forward", "reverse", "cuda" */
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    const struct buffer *buffers;
    void *memory[BUFFERS_MAX]; /* the device's */
    size_t n;
};

static inline bool machine_is_real(const struct machine *machine)
{
    return !machine->api->emulates;
}

/* A device that wgmma runs on, if there is one. */
static inline struct device *machine_find_gpu(const struct device_api *api)
{
    uint32_t count = 0;
    struct device *device;
    struct device_options options = {0};
    if (!api || api->count(&count) != STATUS_OK || !count || !api->tensor_map) return NULL;
    if (api->open(0, &options, &device) != STATUS_OK) return NULL;
    if (strcmp(api->info(device)->device_class.target, "sm_90a") == 0) return device;
    api->close(device);
    return NULL;
}

static inline void machine_compile(const char *compiler, const char *source, const char *definitions,
                                   struct text *code)
{
    struct text log = {0};
    struct compile_request request = {source, "hopper.hip", definitions, "sm_90a"};
    if (compiler_find(compiler)->compile(&request, code, &log) != STATUS_OK)
        fail_msg("%s: %s\n%s", compiler, status_message(), text_string(&log));
    text_free(&log);
}

/* Is there a clang that makes kernels for the emulator? On a machine with nothing but a GPU there is none. */
static inline bool machine_emulates(void)
{
    struct text identity = {0};
    bool here = compiler_find("emu")->identify("sm_90a", &identity) == STATUS_OK;
    text_free(&identity);
    if (here) return true;
    if (getenv("CI")) fail_msg("%s", status_message());
    printf("SKIPPED: the emulator: %s\n", status_message());
    return false;
}

/* False: it is not here. */
static inline bool machine_open(struct machine *machine, int which, const struct buffer *buffers, size_t n)
{
    static const char *const names[MACHINES] = {"forward", "reverse", "cuda"};
    *machine = (struct machine){.name = names[which], .buffers = buffers, .n = n};
    machine->api = device_find(which < 2 ? "emu" : "cuda");
    if (which == 2) {
        machine->device = machine_find_gpu(machine->api);
        if (!machine->device) printf("SKIPPED: there is no Hopper GPU here\n");
        for (size_t i = 0; i < n && machine->device; i++)
            assert_ok(machine->api->allocate(machine->device, buffers[i].bytes, 256, &machine->memory[i]));
        return machine->device != NULL;
    }
    if (!machine_emulates()) return false;
    struct device_options options = {.threads = 1, .target = "h100_sxm", .reverse = which == 1};
    assert_ok(machine->api->open(0, &options, &machine->device));
    for (size_t i = 0; i < n; i++) {
        const struct buffer *buffer = &buffers[i];
        machine->memory[i] = buffer->host;
        assert_ok(machine->api->expose(machine->device, buffer->name, buffer->host, buffer->bytes,
                                       buffer->writable));
    }
    return true;
}

static inline void machine_close(struct machine *machine)
{
    if (machine->module) machine->api->unload(machine->device, machine->module);
    for (size_t i = 0; i < machine->n && machine_is_real(machine); i++)
        machine->api->release(machine->device, machine->memory[i]);
    machine->api->close(machine->device);
}

static inline void *machine_place(const struct machine *machine, const void *host)
{
    for (size_t i = 0; i < machine->n; i++)
        if (host == machine->buffers[i].host) return machine->memory[i];
    fail_msg("no buffer begins there");
    return NULL;
}

/* A map of the buffer that view->memory is. */
static inline void machine_map(const struct machine *machine, const struct device_tensor_map *view, void *out)
{
    struct device_tensor_map there = *view;
    there.memory = machine_place(machine, view->memory);
    if (machine_is_real(machine)) {
        assert_ok(machine->api->tensor_map(machine->device, &there, out));
        return;
    }
    struct emu_tensor_map map = {.magic = EMU_TENSOR_MAP,
                                 .element_bytes = (uint32_t)dtype_bytes(view->type),
                                 .swizzle_bytes = view->swizzle_bytes,
                                 .address = (uintptr_t)there.memory};
    for (int i = 0; i < 3; i++) {
        map.box[i] = view->box[i];
        map.extent[i] = view->extent[i];
        map.pitch_bytes[i] = view->pitch_bytes[i];
    }
    memcpy(out, &map, sizeof map);
}

static inline enum status machine_run(struct machine *machine, const char *entry, struct device_step *step,
                                      const void *args, size_t args_bytes)
{
    const struct device_api *api = machine->api;
    struct device_launch launch = {
        .steps = step, .n_steps = 1, .args = args, .args_bytes = (uint32_t)args_bytes};
    TRY(api->function(machine->module, entry, &step->function));
    if (!machine_is_real(machine)) return api->launch(machine->device, NULL, &launch);
    for (size_t i = 0; i < machine->n; i++)
        TRY(api->upload(machine->device, machine->memory[i], machine->buffers[i].host,
                        machine->buffers[i].bytes));
    TRY(api->launch(machine->device, NULL, &launch));
    TRY(api->synchronize(machine->device, NULL));
    for (size_t i = 0; i < machine->n; i++)
        if (machine->buffers[i].writable)
            TRY(api->download(machine->device, machine->buffers[i].host, machine->memory[i],
                              machine->buffers[i].bytes));
    return STATUS_OK;
}

#endif
