/* What the devices behind a GPU driver share. CUDA's driver and HIP are the same machine with other names, so
 * gpu.c does the work of device.h on a table of calls that cuda.c and hip.c fill.
 *
 * A call answers with the driver's own number, 0 for success. HIP has taken over CUDA's numbers, so that one
 * table (gpu_error.c) says what they mean. */
#ifndef TUNEBOOK_DEVICE_GPU_H
#define TUNEBOOK_DEVICE_GPU_H

#include <pthread.h>
#include <stdatomic.h>
#include "tuner/device/device.h"

enum {
    GPU_OK = 0,
    GPU_INVALID_VALUE = 1,
    GPU_NO_DEVICE = 100,
    GPU_NO_BINARY = 209,
    GPU_UNSUPPORTED_PTX = 222,
    GPU_NOT_SUPPORTED = 801,
    GPU_ALIGNMENT = 256 /* of all that a driver allocates, at least (CUDA C++ Programming Guide, 5.3.2) */
};

/* CALL(name, parameters). Streams, events, modules and functions are the driver's handles. */
#define GPU_CALLS(CALL)                                                                               \
    CALL(allocate, (void **memory, size_t bytes))                                                     \
    CALL(release, (void *memory))                                                                     \
    CALL(upload, (void *to, const void *from, size_t bytes))                                          \
    CALL(download, (void *to, const void *from, size_t bytes))                                        \
    CALL(fill, (void *to, uint8_t value, size_t bytes, void *stream))                                 \
    CALL(pin, (void **memory, size_t bytes))                                                          \
    CALL(unpin, (void *memory))                                                                       \
    CALL(send, (void *to, const void *from, size_t bytes, void *stream))                              \
    CALL(allocate_ordered, (void **memory, size_t bytes, void *stream))                               \
    CALL(release_ordered, (void *memory, void *stream))                                               \
    CALL(load, (void **module, const void *code))                                                     \
    CALL(unload, (void *module))                                                                      \
    CALL(function, (void **function, void *module, const char *entry))                                \
    CALL(launch, (const struct device_step *step, const void *args, size_t args_bytes, void *stream)) \
    CALL(stream_create, (void **stream))                                                              \
    CALL(stream_destroy, (void *stream))                                                              \
    CALL(synchronize, (void *stream))                                                                 \
    CALL(event_create, (void **event))                                                                \
    CALL(event_destroy, (void *event))                                                                \
    CALL(event_record, (void *event, void *stream))                                                   \
    CALL(event_wait, (void *event))                                                                   \
    CALL(event_elapsed, (float *ms, void *begin, void *end))                                          \
    CALL(capture_begin, (void *stream))                                                               \
    CALL(capture_end, (void *stream, void **graph))                                                   \
    CALL(instantiate, (void **executable, void *graph))                                               \
    CALL(graph_destroy, (void *graph))                                                                \
    CALL(graph_launch, (void *executable, void *stream))                                              \
    CALL(executable_destroy, (void *executable))

struct gpu_driver {
    const char *words; /* "CUDA", "HIP": for messages */
    const char *(*error_name)(unsigned code);
    const char *(*error_text)(unsigned code);
    /* Makes the device the calling thread's and back; `before` is what leave() needs. */
    unsigned (*enter)(struct device *device, void **before);
    const char *enter_words;
    void (*leave)(struct device *device, void *before);
    /* NULL, or all that a function may need before it is launched, so that a launch need not ask; *call is
     * the one that fails. */
    unsigned (*get_ready)(const struct device *device, void *function, const char **call);
    /* NULL, or why there is no device, as far as the kernel tells; "" where it does not. */
    void (*why_none)(char *out, size_t capacity);
    /* NULL, or refuses code that is not this device's before the driver sees it. */
    enum status (*check_code)(const struct device *device, const void *code, size_t bytes);
#define CALL(name, parameters)      \
    struct {                        \
        const char *words;          \
        unsigned(*call) parameters; \
    } name;
    GPU_CALLS(CALL)
#undef CALL
};

struct gpu_moved;   /* an allocation whose start the caller did not get, for alignment */
struct gpu_staging; /* pinned memory on the way to the device */

struct device {
    const struct gpu_driver *driver;
    struct device_info info;
    int ordinal;
    void *context;         /* CUDA's; NULL with HIP */
    bool retained;         /* the context is the primary one, to be released */
    uint32_t shared_limit; /* of a block, past what needs no word beforehand; 0: no word is ever needed */
    bool has_clusters;
    bool orders_memory;  /* allocations can take their place in a stream */
    char features[24];   /* HIP: what the device is set to: "sramecc+:xnack-" */
    char partition[24];  /* HIP: "CPX/NPS4"; "" where the driver does not tell */
    int runtime_version; /* HIP: major * 10^7 + minor * 10^5 + patch */

    atomic_uint lost;              /* the error after which nothing works any more; 0 */
    _Atomic(const char *) lost_in; /* the call that told of it */
    atomic_int fault;              /* enum device_fault of the last launch or synchronize */

    pthread_mutex_t mutex; /* over what follows */
    struct gpu_moved *moved;
    void *capture_stream; /* stands in for stream NULL, which cannot be captured */
    bool capturing;       /* a capture of stream NULL is under way, */
    pthread_t capturer;   /* begun by this thread */

    struct gpu_staging *staging; /* made by the first upload that is long */
    pthread_mutex_t upload;      /* over it */
};

struct device_module {
    struct device *device;
    void *handle;
};

/* What a driver tells of a device, as gpu_describe() wants it. */
struct gpu_properties {
    char name[128];
    char target[32];
    uint32_t units, wave_size, max_block_threads, lds_bytes, clock_mhz;
    uint64_t l2_bytes, memory_bytes;
    uint32_t bandwidth_gbps; /* 0: unknown */
    bool may_be_part;        /* of a product in the table, with a fraction of its units (AMD's partitions) */
    uint32_t memory_parts;   /* into how many its memory is divided, NPS; 0: unknown */
};

/* Fills the information; a known product gets its class from the table (tuner/base/classes.h).
 *
 * A partition (SPX, DPX, QPX, CPX: one, half, a quarter, an eighth of an MI300X) is a device of its own, and
 * of a class of its own: its units, and the bandwidth that is its share while the others are as busy as it:
 * the product's times its units by the product's. That share is the same however memory is divided: in
 * CPX/NPS1 eight partitions share all the stacks, in CPX/NPS4 two share a quarter of them (MI300X: 5300 / 8
 * = 662 GB/s both, "gfx942:38:662"; AMD's blog "Deep dive into the MI300 compute and memory partition modes"
 * has the modes). So the class is no upper bound of what a partition reads while the others sleep. The
 * division makes a difference in the last-level cache, which is in the stacks' dies and divided with them,
 * and in the environment ("partition=CPX/NPS4"). */
void gpu_describe(const struct gpu_properties *properties, struct device_info *out);

/* --- gpu_error.c --- */

struct gpu_error {
    unsigned code;
    enum status status;
    enum device_fault fault;
    bool fatal; /* for the context and all that is in it */
};

/* What the number means; a number not in the table is STATUS_BAD_DATA and nothing else. */
const struct gpu_error *gpu_error_find(unsigned code);

/* Fails with "CALL: NAME (text)" or "CALL DETAIL: NAME (text)" and remembers an error that is fatal. */
enum status gpu_fail(struct device *device, unsigned code, const char *call);
enum status gpu_fail_of(struct device *device, unsigned code, const char *call, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
/* The same before there is a device. */
enum status gpu_fail_without(const struct gpu_driver *driver, unsigned code, const char *call);
/* STATUS_OK, or what was lost and when. */
enum status gpu_check(struct device *device);

/* --- gpu.c: the slots of device.h --- */

/* A device with its mutexes; the rest is the caller's to fill. */
enum status gpu_create(const struct gpu_driver *driver, int ordinal, struct device **out);
/* Gives back what the device made for itself, while its driver still has it; then the device. */
void gpu_finish(struct device *device);
void gpu_destroy(struct device *device);

const struct device_info *gpu_info(const struct device *device);
enum status gpu_allocate(struct device *device, size_t bytes, size_t alignment, void **out);
void gpu_release(struct device *device, void *memory);
enum status gpu_upload(struct device *device, void *to, const void *from, size_t bytes);
enum status gpu_download(struct device *device, void *to, const void *from, size_t bytes);
enum status gpu_fill(struct device *device, void *to, uint8_t value, size_t bytes);
enum status gpu_load(struct device *device, const void *code, size_t bytes, struct device_module **out);
void gpu_unload(struct device *device, struct device_module *module);
enum status gpu_function(struct device_module *module, const char *entry, void **out);
uint64_t gpu_scratch_bytes(const struct device *device, uint32_t shared_bytes);
enum status gpu_launch(struct device *device, void *stream, const struct device_launch *launch);
enum status gpu_synchronize(struct device *device, void *stream);
enum status gpu_mark_create(struct device *device, void **mark);
void gpu_mark_destroy(struct device *device, void *mark);
enum status gpu_mark_record(struct device *device, void *mark, void *stream);
enum status gpu_mark_elapsed_ns(struct device *device, void *begin, void *end, double *ns);
enum status gpu_graph_begin(struct device *device, void *stream);
enum status gpu_graph_end(struct device *device, void *stream, void **graph);
enum status gpu_graph_launch(struct device *device, void *graph, void *stream);
void gpu_graph_destroy(struct device *device, void *graph);
enum device_fault gpu_fault(const struct device *device);

/* Memory that takes its place in a stream: what is launched on it behind may use it, and it is given back
 * when that has run; neither waits for the device. For what is made and dropped beside launches, as an engine
 * does with workspaces (cuMemAllocAsync, hipMallocAsync); trials keep theirs, so that no allocator is timed.
 * STATUS_UNAVAILABLE where the device cannot. Aligned as allocate() does up to GPU_ALIGNMENT. */
enum status gpu_allocate_ordered(struct device *device, void *stream, size_t bytes, void **out);
enum status gpu_release_ordered(struct device *device, void *stream, void *memory);

/* What they use of each other. */
struct gpu_scope {
    void *before;
};
enum status gpu_enter(struct device *device, struct gpu_scope *scope);
void gpu_leave(struct device *device, struct gpu_scope *scope);
/* Uploads through pinned memory; false where there is none to be had, and nothing was done (gpu_staging.c).
 */
bool gpu_stage(struct device *device, void *to, const void *from, size_t bytes, unsigned *code,
               const char **call);
void gpu_drop_staging(struct device *device);
/* The stream meant: NULL is the capturing stream while this thread captures NULL. */
void *gpu_stream(struct device *device, void *stream);

/* The slots that gpu.c fills alike for both. */
#define GPU_SLOTS                                                                                       \
    .own_memory = true, .info = gpu_info, .allocate = gpu_allocate, .release = gpu_release,             \
    .upload = gpu_upload, .download = gpu_download, .fill = gpu_fill, .load = gpu_load,                 \
    .unload = gpu_unload, .function = gpu_function, .scratch_bytes = gpu_scratch_bytes,                 \
    .launch = gpu_launch, .synchronize = gpu_synchronize, .mark_create = gpu_mark_create,               \
    .mark_destroy = gpu_mark_destroy, .mark_record = gpu_mark_record,                                   \
    .mark_elapsed_ns = gpu_mark_elapsed_ns, .graph_begin = gpu_graph_begin, .graph_end = gpu_graph_end, \
    .graph_launch = gpu_graph_launch, .graph_destroy = gpu_graph_destroy, .fault = gpu_fault

/* --- gpu_library.c --- */

struct gpu_symbol {
    const char *name;
    bool optional;
};

/* A driver's library, opened once a process: the one that is in the process already, whoever brought it; else
 * from the folder of `home`; else as the loader finds it; else from the other folders. */
struct gpu_library {
    const char *const *names;   /* of files, tried in order; the last NULL */
    const char *home;           /* NULL, or a variable with the folder whose lib/ it is in */
    const char *const *folders; /* NULL, or patterns of glob, "$VARIABLE/..." or "/..."; the last NULL */
    const char *advice;         /* what to install where there is none */
    const char *too_old;        /* what to do where a symbol is missing */
    const struct gpu_symbol *symbols;
    void **functions; /* where their addresses go, as many */
    size_t n_symbols;
    pthread_mutex_t mutex;
    bool open;
    const char *missing; /* the symbol without which it is of no use */
    int process;         /* that initialized the driver; 0: none yet */
};

/* Opens it and finds the symbols; STATUS_UNAVAILABLE with advice. */
enum status gpu_library_open(struct gpu_library *library);
/* Fails in a fork of the process that initialized the driver; else notes that this one does. */
enum status gpu_library_claim(struct gpu_library *library, const char *words);
/* "nvidia_driver=580.82\n" where the kernel module tells its version, else "". */
void gpu_kernel_driver(const char *module, char *out, size_t capacity);

#endif
