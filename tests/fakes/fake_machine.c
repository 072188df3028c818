/* Devices, their memory and their modules. */
#include <dlfcn.h>
#include <elf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/fakes/fake.h"

enum { FUNCTIONS_MAX = 96, CLUSTER_PORTABLE = 8, CLUSTER_LARGE = 16 };

struct fake_device fake_devices[FAKE_DEVICES_MAX];
const struct device_api *fake_emulator;

static pthread_mutex_t machine = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char name[48];
    unsigned calls;
} functions[FUNCTIONS_MAX];
static int process; /* the one that came first; a driver does not survive a fork */

struct fake_memory {
    struct fake_object object;
    void *start;
    size_t bytes;
};
struct fake_module {
    struct fake_object object;
    struct device_module *emulated;
};
struct fake_function {
    struct fake_object object;
    struct fake_module *module;
    void *emulated;
    struct fake_limits limits;
    bool loaded;
};

/* --- calls --- */

static unsigned *calls_of(const char *function)
{
    for (size_t i = 0; i < FUNCTIONS_MAX; i++) {
        if (!functions[i].name[0]) snprintf(functions[i].name, sizeof functions[i].name, "%s", function);
        if (strcmp(functions[i].name, function) == 0) return &functions[i].calls;
    }
    abort();
}

static int trouble_call(const char *function)
{
    unsigned calls = ++*calls_of(function);
    for (struct fake_trouble *trouble = fake_settings.troubles; trouble->kind != TROUBLE_NONE; trouble++) {
        if (strcmp(trouble->function, function) != 0 || trouble->after != calls) continue;
        if (!fake_trouble_is_ours(trouble)) continue;
        if (trouble->kind == TROUBLE_FAIL) return trouble->code;
        if (trouble->kind != TROUBLE_HANG) continue;
        pthread_mutex_unlock(&machine);
        for (;;) pause();
    }
    return FAKE_OK;
}

static void end_process(void)
{
    fprintf(stderr, "Memory access fault by GPU node-1 on address 0x1000. Reason: Unknown.\n");
    abort();
}

void fake_trouble_launch(struct fake_device *device, bool asynchronous)
{
    for (struct fake_trouble *trouble = fake_settings.troubles; trouble->kind != TROUBLE_NONE; trouble++) {
        bool its_turn = asynchronous ? trouble->kind == TROUBLE_ASYNC || trouble->kind == TROUBLE_ABORT
                                     : trouble->kind == TROUBLE_LOSE;
        if (!its_turn || trouble->after != device->launches || !fake_trouble_is_ours(trouble)) continue;
        if (trouble->kind == TROUBLE_ABORT) end_process();
        fake_lose(device, trouble->code);
    }
}

static void settle(void)
{
    const char *text = getenv("TUNEBOOK_FAKE");
    process = (int)getpid();
    fake_emulator = dlsym(RTLD_DEFAULT, "device_emu");
    fake_settings_parse(text ? text : "");
}

int fake_begin(const char *function)
{
    pthread_mutex_lock(&machine);
    if (!process) settle();
    if (process != (int)getpid()) return FAKE_NOT_INITIALIZED;
    return trouble_call(function);
}

int fake_end(int code)
{
    pthread_mutex_unlock(&machine);
    return code;
}

void fake_control(const char *text)
{
    pthread_mutex_lock(&machine);
    if (!process) settle();
    memset(functions, 0, sizeof functions);
    for (size_t i = 0; i < FAKE_DEVICES_MAX; i++) fake_devices[i].launches = 0;
    fake_settings_parse(text);
    pthread_mutex_unlock(&machine);
}

unsigned fake_calls(const char *function)
{
    pthread_mutex_lock(&machine);
    unsigned calls = *calls_of(function);
    pthread_mutex_unlock(&machine);
    return calls;
}

/* --- devices --- */

void fake_lose(struct fake_device *device, int code)
{
    if (!device->lost) device->lost = code;
}

/* The emulator's own line about it, if the program has it to show. */
static void tell(void)
{
    const char *(*message)(void);
    *(void **)&message = dlsym(RTLD_DEFAULT, "status_message");
    if (message) fprintf(stderr, "fake driver: %s\n", message());
}

int fake_fault(struct fake_device *device)
{
    tell();
    switch (fake_emulator->fault ? fake_emulator->fault(device->emulated) : DEVICE_FAULT_OTHER) {
    case DEVICE_FAULT_OUT_OF_BOUNDS: return FAKE_ILLEGAL_ADDRESS;
    case DEVICE_FAULT_MISALIGNED: return fake_face.misaligned;
    case DEVICE_FAULT_DEADLOCK: return FAKE_LAUNCH_TIMEOUT;
    default: return FAKE_LAUNCH_FAILED;
    }
}

int fake_use(uint32_t ordinal, struct fake_device **out)
{
    if (ordinal >= fake_settings.devices) return FAKE_INVALID_DEVICE;
    struct fake_device *device = &fake_devices[ordinal];
    if (!device->open) {
        struct device_options options = {.target = fake_settings.device_class.target};
        if (!fake_emulator || fake_emulator->open(0, &options, &device->emulated) != STATUS_OK) {
            fprintf(stderr, "fake driver: no emulator in this program\n");
            return FAKE_NO_DEVICE;
        }
        device->open = true;
        void *stream;
        fake_stream_create(device, true, &stream);
        device->default_stream = stream;
    }
    *out = device;
    return device->lost;
}

/* --- memory --- */

int fake_allocate(struct fake_device *device, size_t bytes, void **out)
{
    if (!bytes) return FAKE_INVALID_VALUE;
    int code = fake_not_while_capturing();
    if (code) return code;
    if (bytes > fake_settings.memory_bytes - device->used_bytes) return FAKE_OUT_OF_MEMORY;
    void *start;
    if (fake_emulator->allocate(device->emulated, bytes, 256, &start) != STATUS_OK) return FAKE_OUT_OF_MEMORY;
    fake_emulator->fill(device->emulated, start, 0xff, bytes);
    struct fake_memory *memory = fake_make(FAKE_MEMORY, device, sizeof *memory);
    memory->start = start;
    memory->bytes = bytes;
    device->used_bytes += bytes;
    *out = start;
    return FAKE_OK;
}

static struct fake_memory *memory_of(struct fake_device *device, const void *inside, size_t bytes)
{
    for (struct fake_object *object = NULL; (object = fake_next(FAKE_MEMORY, object));) {
        struct fake_memory *memory = (struct fake_memory *)object;
        size_t offset = (size_t)((uintptr_t)inside - (uintptr_t)memory->start);
        if (object->device == device && offset < memory->bytes && bytes <= memory->bytes - offset)
            return memory;
    }
    return NULL;
}

bool fake_has(struct fake_device *device, const void *memory, size_t bytes)
{
    return memory_of(device, memory, bytes) != NULL;
}

static void forget(struct fake_memory *memory)
{
    struct fake_device *device = memory->object.device;
    fake_emulator->release(device->emulated, memory->start);
    device->used_bytes -= memory->bytes;
    fake_drop(memory);
}

int fake_release(struct fake_device *device, void *start)
{
    struct fake_memory *memory = memory_of(device, start, 1);
    int code = fake_not_while_capturing();
    if (code) return code;
    if (!memory || memory->start != start) return FAKE_INVALID_VALUE;
    fake_drain(device);
    forget(memory);
    return device->lost;
}

int fake_allocate_ordered(struct fake_device *device, size_t bytes, void *stream, void **out)
{
    if (stream && !fake_get(FAKE_STREAM, stream)) return FAKE_INVALID_HANDLE;
    return fake_allocate(device, bytes, out);
}

static void release_now(void *args)
{
    struct fake_memory *memory = fake_get(FAKE_MEMORY, *(void **)args);
    if (memory) forget(memory);
}

int fake_release_ordered(struct fake_device *device, void *start, void *stream)
{
    struct fake_memory *memory = memory_of(device, start, 1);
    if (!memory || memory->start != start) return FAKE_INVALID_VALUE;
    return fake_call(device, release_now, &memory, sizeof memory, stream);
}

struct fake_pinned {
    struct fake_object object;
    char *start;
    size_t bytes;
};

int fake_pin(size_t bytes, void **out)
{
    int code = fake_not_while_capturing();
    if (code) return code;
    struct fake_pinned *pinned = fake_make(FAKE_PINNED, NULL, sizeof *pinned);
    pinned->start = malloc(bytes);
    pinned->bytes = bytes;
    if (!pinned->start) abort();
    *out = pinned->start;
    return FAKE_OK;
}

static struct fake_pinned *pinned_of(const void *inside, size_t bytes)
{
    for (struct fake_object *object = NULL; (object = fake_next(FAKE_PINNED, object));) {
        struct fake_pinned *pinned = (struct fake_pinned *)object;
        size_t offset = (size_t)((uintptr_t)inside - (uintptr_t)pinned->start);
        if (offset < pinned->bytes && bytes <= pinned->bytes - offset) return pinned;
    }
    return NULL;
}

int fake_unpin(struct fake_device *device, void *memory)
{
    struct fake_pinned *pinned = pinned_of(memory, 1);
    if (!pinned || pinned->start != memory) return FAKE_INVALID_VALUE;
    fake_drain(device);
    free(pinned->start);
    fake_drop(pinned);
    return device->lost;
}

struct sending {
    struct fake_device *device;
    void *to;
    const void *from;
    size_t bytes;
};

static void send_now(void *args)
{
    const struct sending *sending = args;
    struct fake_device *device = sending->device;
    if (fake_has(device, sending->to, sending->bytes) && pinned_of(sending->from, sending->bytes))
        fake_emulator->upload(device->emulated, sending->to, sending->from, sending->bytes);
    else
        fake_lose(device, FAKE_ILLEGAL_ADDRESS);
}

int fake_send(struct fake_device *device, void *to, const void *from, size_t bytes, void *stream)
{
    const struct sending sending = {device, to, from, bytes};
    if (!fake_has(device, to, bytes) || !pinned_of(from, bytes)) return FAKE_INVALID_VALUE;
    return fake_call(device, send_now, &sending, sizeof sending, stream);
}

/* Copies of pageable memory wait for the default stream's turn. */
int fake_upload(struct fake_device *device, void *to, const void *from, size_t bytes)
{
    int code = fake_not_while_capturing();
    if (!code) code = fake_stream_synchronize(device, NULL);
    if (code) return code;
    if (!fake_has(device, to, bytes)) return FAKE_INVALID_VALUE;
    return fake_emulator->upload(device->emulated, to, from, bytes) == STATUS_OK ? FAKE_OK
                                                                                 : FAKE_INVALID_VALUE;
}

int fake_download(struct fake_device *device, void *to, const void *from, size_t bytes)
{
    int code = fake_not_while_capturing();
    if (!code) code = fake_stream_synchronize(device, NULL);
    if (code) return code;
    if (!fake_has(device, from, bytes)) return FAKE_INVALID_VALUE;
    return fake_emulator->download(device->emulated, to, from, bytes) == STATUS_OK ? FAKE_OK
                                                                                   : FAKE_INVALID_VALUE;
}

/* --- modules --- */

/* How long an ELF file is, from its own headers, as a driver finds it out; 0 if it is none. */
static size_t image_bytes(const void *image)
{
    const Elf64_Ehdr *header = image;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return 0;
    size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    const Elf64_Phdr *segments = (const void *)((const char *)image + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++)
        if (segments[i].p_offset + segments[i].p_filesz > bytes)
            bytes = segments[i].p_offset + segments[i].p_filesz;
    return bytes;
}

int fake_module_load(struct fake_device *device, const void *image, void **out)
{
    size_t bytes = image_bytes(image);
    struct device_module *emulated;
    int code = fake_not_while_capturing();
    if (code) return code;
    if (!bytes) return FAKE_INVALID_IMAGE;
    if (fake_emulator->load(device->emulated, image, bytes, &emulated) != STATUS_OK) {
        tell();
        return FAKE_INVALID_IMAGE;
    }
    struct fake_module *module = fake_make(FAKE_MODULE, device, sizeof *module);
    module->emulated = emulated;
    *out = module;
    return FAKE_OK;
}

int fake_module_unload(void *handle)
{
    struct fake_module *module = fake_get(FAKE_MODULE, handle);
    if (!module) return FAKE_INVALID_HANDLE;
    struct fake_device *device = module->object.device;
    fake_drain(device);
    for (struct fake_object *object = fake_next(FAKE_FUNCTION, NULL), *next; object; object = next) {
        next = fake_next(FAKE_FUNCTION, object);
        if (((struct fake_function *)object)->module == module) fake_drop(object);
    }
    fake_emulator->unload(device->emulated, module->emulated);
    fake_drop(module);
    return device->lost;
}

int fake_module_function(void *handle, const char *entry, void **out)
{
    struct fake_module *module = fake_get(FAKE_MODULE, handle);
    void *emulated;
    if (!module) return FAKE_INVALID_HANDLE;
    if (fake_emulator->function(module->emulated, entry, &emulated) != STATUS_OK) return FAKE_NOT_FOUND;
    struct fake_function *function = fake_make(FAKE_FUNCTION, module->object.device, sizeof *function);
    function->module = module;
    function->emulated = emulated;
    function->limits = (struct fake_limits){fake_face.shared_by_default, CLUSTER_PORTABLE};
    *out = function;
    return FAKE_OK;
}

int fake_function_allow(void *handle, int shared_bytes)
{
    struct fake_function *function = fake_get(FAKE_FUNCTION, handle);
    if (!function) return FAKE_INVALID_HANDLE;
    uint64_t bytes = (uint64_t)shared_bytes + fake_settings.static_shared_bytes;
    if (shared_bytes < 0 || bytes > fake_settings.device_class.lds_bytes) return FAKE_INVALID_VALUE;
    function->limits.shared_bytes = (uint32_t)shared_bytes;
    return FAKE_OK;
}

int fake_function_allow_large_clusters(void *handle)
{
    struct fake_function *function = fake_get(FAKE_FUNCTION, handle);
    if (!function) return FAKE_INVALID_HANDLE;
    function->limits.cluster_blocks = CLUSTER_LARGE;
    return FAKE_OK;
}

int fake_function_load(void *handle)
{
    struct fake_function *function = fake_get(FAKE_FUNCTION, handle);
    if (!function) return FAKE_INVALID_HANDLE;
    function->loaded = true;
    return FAKE_OK;
}

void *fake_function_emulated(struct fake_device *device, void *handle, struct fake_limits *limits)
{
    struct fake_function *function = fake_get(FAKE_FUNCTION, handle);
    if (!function || function->object.device != device) return NULL;
    if (!function->loaded) ++*calls_of(FAKE_LATE_LOAD);
    function->loaded = true;
    *limits = function->limits;
    return function->emulated;
}
