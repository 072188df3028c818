/* THE vtable: everything Tunebook asks of a device. cpu.c stands behind it; cuda.c, hip.c and emu.c plug in
 * here.
 *
 * A backend is one file that fills a device_api and one line in devices.def. Slots marked optional may be
 * NULL. Driver libraries are opened at run time inside the backend; one that is missing makes `count` answer
 * STATUS_UNAVAILABLE with a line that says what to install. Functions may be called from several threads
 * unless said otherwise; a device_launch never allocates, loads or synchronizes. */
#ifndef TUNEBOOK_DEVICE_DEVICE_H
#define TUNEBOOK_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/classes.h"
#include "tuner/base/dtype.h"
#include "tuner/base/facts.h"
#include "tuner/base/status.h"

enum { DEVICE_API_ABI = 2, DEVICE_STEPS_MAX = 8 };

struct device;
struct device_module;

/* Runs body(body_context, i) for every i in [0, count) and returns when all are done. Which thread runs which
 * i is free; at most `threads` at once, and `slot` < threads is distinct among calls that run at the same
 * time. */
typedef void device_parallel_body(void *body_context, uint32_t i, uint32_t slot);
typedef void device_parallel_for(void *pool, uint32_t count, uint32_t threads, device_parallel_body *body,
                                 void *body_context);

/* emu: who is told of every access to shared memory by a thread of the first block of each grid, which is
 * then the only one that runs: what one block does is asked for, and no result. */
struct device_watch {
    void (*shared_access)(void *context, uint32_t thread, const void *pc, uint32_t offset, uint32_t bytes,
                          bool writes);
    void *context;
};

struct device_options {
    uint32_t threads;                  /* CPU: threads in use; 0: every CPU this process may run on */
    device_parallel_for *parallel_for; /* CPU: the caller's thread pool; NULL: our own, made at open */
    void *pool;
    bool measure_class; /* CPU: measure memory bandwidth where it was never measured (once, about 0.1 s);
                         * false: such a machine has the class "TARGET:THREADS:0" */
    const char *target; /* emu: the GPU it stands for, a target or a product's nickname ("gfx942",
                         * "h100_sxm"); the others ignore it */
    bool reverse;       /* emu: blocks and threads run last first */
    const struct device_watch *watch; /* emu: NULL: everything runs, and nobody is told */
};

/* Why a launch failed, where the device can tell; what the kernel did, not what the machine lacked. */
enum device_fault {
    DEVICE_FAULT_NONE,
    DEVICE_FAULT_OUT_OF_BOUNDS, /* an access outside every buffer, or outside shared memory */
    DEVICE_FAULT_MISALIGNED,    /* an address that is no multiple of what the access needs */
    DEVICE_FAULT_UNWRITTEN,     /* read shared memory that nobody wrote */
    DEVICE_FAULT_RACE,          /* two threads, one writing, with nothing that orders them */
    DEVICE_FAULT_DIVERGENCE,    /* threads that must meet at one barrier or collective did not */
    DEVICE_FAULT_DEADLOCK,      /* all wait and nobody comes */
    DEVICE_FAULT_OTHER          /* the driver's word for it is in the message */
};

struct device_info {
    char name[128]; /* "AMD Instinct MI300X", "Intel(R) Xeon(R) Processor" */
    char class_text[CLASS_TEXT_BYTES];
    struct device_class device_class;
    struct device_facts facts;
    uint64_t memory_bytes;
    uint64_t llc_bytes; /* what measurement must rotate past */
};

/* One step of a launch, all numbers final. */
struct device_step {
    void *function; /* from function(); NULL: zero a range of the workspace */
    uint32_t grid[3], cluster[3], block[3];
    uint32_t shared_bytes;
    bool cooperative;  /* all blocks run at the same time and may wait for each other */
    bool programmatic; /* may begin while what the stream has in front still runs, and waits for it itself */
    uint64_t zero_offset, zero_bytes;
};

/* A launch: its steps run in order, each seeing all that the one before wrote. */
struct device_launch {
    const struct device_step *steps;
    uint32_t n_steps;
    const void *args; /* the argument block, with tensor maps behind; read before launch() returns */
    uint32_t args_bytes;
    void *workspace; /* device memory: the template's bytes, */
    void *scratch;   /* then scratch_bytes() more; NULL where 0 */
};

/* A view of device memory that its copy engine moves boxes of (CUDA: a tensor map for TMA). Dimension 0 is
 * contiguous; the others have pitches. */
struct device_tensor_map {
    void *memory;            /* 16-byte aligned */
    enum dtype type;         /* of 1, 2 or 4 bytes */
    uint64_t extent[3];      /* elements, each >= 1; boxes beyond read 0 and write nothing */
    uint64_t pitch_bytes[3]; /* [1], [2]: multiples of 16; [0] is the element's size */
    uint32_t box[3];         /* elements, 1..256; box[0] is no wider than the swizzle, if there is one */
    uint32_t swizzle_bytes;  /* 0, 32, 64, 128 */
};

enum { DEVICE_TENSOR_MAP_BYTES = 128, DEVICE_TENSOR_MAP_ALIGNMENT = 64 };

/* What the device was doing at one moment. Fields it cannot tell are 0. */
struct device_telemetry {
    uint32_t clock_mhz;
    uint32_t temperature_c;
    uint32_t power_w;
    uint32_t foreign_load_permille; /* share of the device that others were using */
};

struct device_api {
    uint32_t abi;         /* == DEVICE_API_ABI */
    const char *name;     /* "cpu", "cuda", "hip", "emu" */
    const char *compiler; /* the compiler tried first for its targets: "cc", "nvrtc", "hiprtc" */
    bool emulates;        /* stands for a GPU that is not here: used where asked for, never chosen or timed */
    bool own_memory; /* kernels reach only what allocate() gave, and the host does not reach that; the driver
                        does not survive a fork either. Else memory is the host's */

    enum status (*count)(uint32_t *n);
    enum status (*open)(uint32_t index, const struct device_options *options, struct device **out);
    void (*close)(struct device *device);
    const struct device_info *(*info)(const struct device *device);

    /* Device memory; `alignment` is a power of two. On a CPU, host memory. */
    enum status (*allocate)(struct device *device, size_t bytes, size_t alignment, void **out);
    void (*release)(struct device *device, void *memory);
    enum status (*upload)(struct device *device, void *to, const void *from, size_t bytes);
    enum status (*download)(struct device *device, void *to, const void *from, size_t bytes);
    enum status (*fill)(struct device *device, void *to, uint8_t value, size_t bytes);

    /* Code objects are loaded from memory (a private copy, whose hash the caller checked) and stay until
     * unloaded. */
    enum status (*load)(struct device *device, const void *code, size_t bytes, struct device_module **out);
    void (*unload)(struct device *device, struct device_module *module);
    enum status (*function)(struct device_module *module, const char *entry, void **out);

    /* Bytes of scratch a launch needs behind its workspace when a step wants `shared_bytes` (CPU: per
     * thread); 0 on GPUs. */
    uint64_t (*scratch_bytes)(const struct device *device, uint32_t shared_bytes);
    /* Enqueues the steps on a stream (CPU: NULL; runs them before it returns). */
    enum status (*launch)(struct device *device, void *stream, const struct device_launch *launch);
    enum status (*synchronize)(struct device *device, void *stream);

    /* Time between two points of a stream. CPU: the monotonic clock. Marks are small and reusable. */
    enum status (*mark_create)(struct device *device, void **mark);
    void (*mark_destroy)(struct device *device, void *mark);
    enum status (*mark_record)(struct device *device, void *mark, void *stream);
    enum status (*mark_elapsed_ns)(struct device *device, void *begin, void *end, double *ns);

    /* Optional: a launch sequence recorded once and replayed as a graph. */
    enum status (*graph_begin)(struct device *device, void *stream);
    enum status (*graph_end)(struct device *device, void *stream, void **graph);
    enum status (*graph_launch)(struct device *device, void *graph, void *stream);
    void (*graph_destroy)(struct device *device, void *graph);

    /* Optional: what the device was doing. Fields it cannot tell are 0. */
    enum status (*telemetry)(struct device *device, struct device_telemetry *out);
    /* Optional: versions of driver, runtime, firmware, microcode as "name=value" lines, for the environment.
     */
    enum status (*environment)(struct device *device, char *out, size_t capacity);

    /* Optional: host memory that kernels may use besides what allocate() gave, by a name for reports. A
     * device that checks accesses holds kernels to exactly these bytes. No memory is exposed twice. */
    enum status (*expose)(struct device *device, const char *name, void *memory, size_t bytes, bool writable);
    void (*conceal)(struct device *device, const void *memory);
    /* Optional: what made the last launch or synchronize fail; the message is the status's. */
    enum device_fault (*fault)(const struct device *device);

    /* Optional: writes DEVICE_TENSOR_MAP_BYTES, to be passed to kernels by value. Launches nothing. */
    enum status (*tensor_map)(struct device *device, const struct device_tensor_map *map, void *out);
};

const struct device_api *device_find(const char *name); /* NULL if unknown, or not linked into this program */
/* Those that a machine can have; the emulator, which stands for one, is only found by name. */
const struct device_api *const *device_table(size_t *n);
/* The emulator, before main(), where it is linked in. */
void device_offer_emulator(const struct device_api *api);

#endif
