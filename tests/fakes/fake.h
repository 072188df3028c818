/* What the fake drivers have in common: GPUs that the emulator stands behind, memory, modules, streams,
 * events, graphs, and what goes wrong on order. libcuda/ and libamdhip64/ give it the faces of the two
 * drivers.
 *
 * What to be comes from $TUNEBOOK_FAKE at the first call, or from fake_control():
 *
 *     target=sm_90a               the GPU: a target, a nickname or a class text (tuner/base/classes.h)
 *     devices=2  memory=1048576   how many; bytes of each
 *     features=sramecc+:xnack-    HIP: what the device is set to
 *     name=TEXT  units=N  memory_clock_khz=N  bus_bits=N  l2_bytes=N     other than the table has it
 *     static_shared=N             bytes of shared memory that each function says it has besides
 *     fail=cuMemAlloc_v2@3:CUDA_ERROR_OUT_OF_MEMORY          its third call from now does nothing but fail
 *     hang=cuStreamSynchronize    the next call never returns
 *     lose=after 5 launches       then every call fails
 *     async=CUDA_ERROR_ILLEGAL_ADDRESS after 2 launches      the second one goes wrong, and who waits hears
 * of it
 *     abort=after 2 launches      the second one ends the process, as ROCm does where a kernel strays
 *     once=PATH                   each of these troubles comes to one process only: the one that makes PATH.N
 *     driver=12.4                 the driver's version
 *     gone=PATH                   a process that begins when there is such a file finds no device
 *
 * separated by ';'. fail, hang, lose, async and abort may stand several times; fake_control() forgets the
 * earlier ones.
 *
 * Work on a stream is done when somebody waits for it, not before: what forgot to wait finds old bytes. */
#ifndef TUNEBOOK_TESTS_FAKES_FAKE_H
#define TUNEBOOK_TESTS_FAKES_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "tuner/base/classes.h"
#include "tuner/device/device.h"

#define FAKE_EXPORT __attribute__((visibility("default")))

/* Numbers that both drivers share; the faces check them. */
enum {
    FAKE_OK = 0,
    FAKE_INVALID_VALUE = 1,
    FAKE_OUT_OF_MEMORY = 2,
    FAKE_NOT_INITIALIZED = 3,
    FAKE_NO_DEVICE = 100,
    FAKE_INVALID_DEVICE = 101,
    FAKE_INVALID_IMAGE = 200,
    FAKE_INVALID_CONTEXT = 201,
    FAKE_INVALID_HANDLE = 400,
    FAKE_NOT_FOUND = 500,
    FAKE_NOT_READY = 600,
    FAKE_ILLEGAL_ADDRESS = 700,
    FAKE_LAUNCH_TIMEOUT = 702,
    FAKE_LAUNCH_FAILED = 719,
    FAKE_TOO_LARGE = 720,
    FAKE_CAPTURE_UNSUPPORTED = 900,
    FAKE_CAPTURE_INVALIDATED = 901,
    FAKE_CAPTURE_UNMATCHED = 903
};

enum { FAKE_DEVICES_MAX = 4, FAKE_TROUBLES_MAX = 16 };

struct fake_code {
    int code;
    const char *name, *text;
};

/* What a face says of itself; one is defined in each library. */
struct fake_face {
    const char *target;
    int misaligned;                /* what it calls a misaligned access */
    uint32_t shared_by_default;    /* of a block, without a word beforehand */
    const struct fake_code *codes; /* ended by a NULL name */
};
extern const struct fake_face fake_face;
const struct fake_code *fake_code_find(int code); /* NULL if unknown */

/* --- settings (fake_settings.c) --- */

struct fake_trouble {
    enum { TROUBLE_NONE, TROUBLE_FAIL, TROUBLE_HANG, TROUBLE_LOSE, TROUBLE_ASYNC, TROUBLE_ABORT } kind;
    char function[48];
    unsigned after; /* calls, or launches */
    int code;
};
struct fake_settings {
    struct device_class device_class;
    char name[128], features[32];
    uint32_t devices, units, memory_clock_khz, bus_bits, l2_bytes, static_shared_bytes;
    uint64_t memory_bytes;
    struct fake_trouble troubles[FAKE_TROUBLES_MAX];
    char once[200];
    int driver; /* 12040 */
};
extern struct fake_settings fake_settings;
/* Whether a trouble whose time has come is this process's. */
bool fake_trouble_is_ours(const struct fake_trouble *trouble);
/* Sets everything anew; a text that is wrong ends the process, since it is a test that is wrong. */
void fake_settings_parse(const char *text);

/* --- objects (fake_object.c) --- */

enum fake_kind {
    FAKE_CONTEXT,
    FAKE_MEMORY,
    FAKE_PINNED,
    FAKE_MODULE,
    FAKE_FUNCTION,
    FAKE_STREAM,
    FAKE_EVENT,
    FAKE_GRAPH
};

struct fake_object {
    struct fake_object *next;
    enum fake_kind kind;
    struct fake_device *device;
};
/* Of `bytes`, zero beyond the head, and in the list of living ones; a test machine has memory. */
void *fake_make(enum fake_kind kind, struct fake_device *device, size_t bytes);
/* The object if the handle is one of that kind and lives, else NULL. */
void *fake_get(enum fake_kind kind, const void *handle);
void fake_drop(void *object);
/* The living ones of a kind, one after the other; begin with NULL. */
struct fake_object *fake_next(enum fake_kind kind, struct fake_object *after);

/* --- the machine (fake_machine.c) --- */

struct fake_stream;

struct fake_device {
    bool open;
    struct device *emulated;
    int lost; /* the error that all calls get from now on; 0 */
    uint64_t used_bytes;
    unsigned launches;
    struct fake_stream *default_stream;
};
extern struct fake_device fake_devices[FAKE_DEVICES_MAX];
extern const struct device_api *fake_emulator;

/* Every call of a driver is between the two; what is between has the machine for itself. begin() says what
 * the call fails with before it does anything. */
int fake_begin(const char *function);
int fake_end(int code);
/* The device as something to work on; what it was lost to. */
int fake_use(uint32_t ordinal, struct fake_device **out);
/* The device is lost, to this. */
void fake_lose(struct fake_device *device, int code);
/* The status of an emulator's call as the driver's number. */
int fake_fault(struct fake_device *device);
/* Does the troubles that a launch brings; asynchronous: when it runs, else when it is enqueued. */
void fake_trouble_launch(struct fake_device *device, bool asynchronous);

int fake_allocate(struct fake_device *device, size_t bytes, void **out);
int fake_release(struct fake_device *device, void *memory);
/* Whether the device has all these bytes in one allocation. */
bool fake_has(struct fake_device *device, const void *memory, size_t bytes);
int fake_upload(struct fake_device *device, void *to, const void *from, size_t bytes);
int fake_download(struct fake_device *device, void *to, const void *from, size_t bytes);

/* Pinned memory of the host, and copies from it, which are done when the stream comes to them. */
int fake_pin(size_t bytes, void **out);
int fake_unpin(struct fake_device *device, void *memory);
int fake_send(struct fake_device *device, void *to, const void *from, size_t bytes, void *stream);
/* Memory that is there at once and gone when the stream comes to it. */
int fake_allocate_ordered(struct fake_device *device, size_t bytes, void *stream, void **out);
int fake_release_ordered(struct fake_device *device, void *memory, void *stream);

int fake_module_load(struct fake_device *device, const void *image, void **out);
int fake_module_unload(void *handle);
int fake_module_function(void *handle, const char *entry, void **out);
int fake_function_allow(void *handle, int shared_bytes);
int fake_function_allow_large_clusters(void *handle);
/* The code comes to the device; where a launch finds that it did not, fake_calls(FAKE_LATE_LOAD) counts it.
 */
#define FAKE_LATE_LOAD "a launch that had to load"
int fake_function_load(void *handle);
/* What a function may be launched with. */
struct fake_limits {
    uint32_t shared_bytes, cluster_blocks;
};
/* The emulator's function; NULL if there is no such one. */
void *fake_function_emulated(struct fake_device *device, void *handle, struct fake_limits *limits);

/* --- streams (fake_stream.c) --- */

int fake_stream_create(struct fake_device *device, bool blocking, void **out);
int fake_stream_destroy(void *handle);
int fake_stream_synchronize(struct fake_device *device, void *handle);
int fake_fill(struct fake_device *device, void *to, uint8_t value, size_t bytes, void *stream);
/* The step's function is the driver's handle. args_bytes 0: not told; what can be read of the usual 4096. */
int fake_launch(struct fake_device *device, const struct device_step *step, const void *args,
                size_t args_bytes, void *stream);
/* Work of another library on the stream: the function gets a copy of the bytes when its turn comes. It must
 * call no driver. */
int fake_call(struct fake_device *device, void (*call)(void *args), const void *args, size_t args_bytes,
              void *stream);
/* Everything that was enqueued on the device. */
void fake_drain(struct fake_device *device);

int fake_event_create(struct fake_device *device, void **out);
int fake_event_destroy(void *handle);
int fake_event_record(void *handle, void *stream);
int fake_event_wait(void *handle);
int fake_event_elapsed(void *begin, void *end, float *ms);

int fake_capture_begin(struct fake_device *device, void *stream);
int fake_capture_end(void *stream, void **graph);
int fake_graph_instantiate(void *graph, void **out);
int fake_graph_launch(void *handle, void *stream);
int fake_graph_destroy(void *handle);
/* A call that may not be made while this thread captures: spoils the capture. */
int fake_not_while_capturing(void);

/* --- for tests, found with dlsym --- */

FAKE_EXPORT void fake_control(const char *text);
FAKE_EXPORT unsigned fake_living(void); /* objects that nobody has dropped, contexts too */
FAKE_EXPORT unsigned
fake_calls(const char *function); /* since the library was loaded or last told what to do */

#endif
