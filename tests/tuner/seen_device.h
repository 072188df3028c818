/* A device that writes down what it is asked to encode and to launch, and kernels for it from a manifest. */
#ifndef TUNEBOOK_TESTS_TUNER_SEEN_DEVICE_H
#define TUNEBOOK_TESTS_TUNER_SEEN_DEVICE_H

#include "tests/base/check.h"

#include "templates/device/emu_abi.h"
#include "templates/gemm/gemm.h"
#include "templates/gemm/gemm_args.h"
#include "tuner/descriptor.h"
#include "tuner/emulator/emulator.h"
#include "tuner/launch/kernel.h"

enum { ARGS_BYTES = sizeof(struct gemm_args), MAPS_AT = (ARGS_BYTES + 63) / 64 * 64 };
#define MAP_BYTES DEVICE_TENSOR_MAP_BYTES

/* --- the device --- */

static struct {
    unsigned encoded, launched;
    struct device_tensor_map view; /* the last one */
    struct device_step step;
    uint32_t args_bytes;
    _Alignas(KERNEL_ARGS_ALIGNMENT) unsigned char args[KERNEL_ARGS_BYTES_MAX];
} seen;

static inline const struct device_info *seen_info(const struct device *device)
{
    static const struct device_info info = {.name = "writes down"};
    (void)device;
    return &info;
}

static inline enum status seen_load(struct device *device, const void *code, size_t bytes,
                                    struct device_module **out)
{
    (void)device, (void)code, (void)bytes;
    *out = (struct device_module *)&seen;
    return STATUS_OK;
}

static inline void seen_unload(struct device *device, struct device_module *module)
{
    (void)device, (void)module;
}

static inline enum status seen_function(struct device_module *module, const char *entry, void **out)
{
    (void)entry;
    *out = module;
    return STATUS_OK;
}

static inline uint64_t seen_scratch(const struct device *device, uint32_t shared_bytes)
{
    (void)device, (void)shared_bytes;
    return 0;
}

static inline enum status seen_map(struct device *device, const struct device_tensor_map *map, void *out)
{
    (void)device;
    seen.encoded++;
    seen.view = *map;
    assert_int_equal((uintptr_t)out % DEVICE_TENSOR_MAP_ALIGNMENT, 0);
    return emulator_tensor_map(map, out);
}

static inline enum status seen_launch(struct device *device, void *stream, const struct device_launch *launch)
{
    (void)device, (void)stream;
    seen.launched++;
    seen.step = launch->steps[0];
    seen.args_bytes = launch->args_bytes;
    memcpy(seen.args, launch->args, launch->args_bytes);
    return STATUS_OK;
}

static const struct device_api device_api = {.abi = DEVICE_API_ABI,
                                             .name = "seen",
                                             .info = seen_info,
                                             .load = seen_load,
                                             .unload = seen_unload,
                                             .function = seen_function,
                                             .scratch_bytes = seen_scratch,
                                             .launch = seen_launch,
                                             .tensor_map = seen_map};

/* --- a kernel from a manifest --- */

static const char *const usual_maps =
    "[{\"operand\": \"a\", \"box\": [\"TILE\", 32], \"swizzle\": \"2 * TILE\"},"
    " {\"operand\": \"b\", \"box\": [\"TILE\", \"m > 50 ? 16 : 8\"]},"
    " {\"operand\": \"c\", \"box\": [64, 8], \"when\": \"TILE == 64\"},"
    " {\"operand\": \"bias\", \"box\": [16, 1]},"
    " {\"operand\": \"d\", \"box\": [64, 8], \"when\": \"n > 8\"}]";
enum { A, B, C, BIAS, D, N_MAPS };

/* What went through a book, as the launch side reads it. */
struct described {
    struct arena arena;
    struct descriptor descriptor;
    struct text bytes;
    struct problem problem;
};

static inline void describe(const char *maps, const char *problem, const char *attributes,
                            struct described *out)
{
    static struct descriptor built;
    struct text json = {0};
    struct manifest *manifest;
    int64_t slots[SLOT_COUNT] = {0};
    *out = (struct described){0};
    text_format(&json,
                "{\"name\": \"maps\", \"op\": \"gemm\", \"source\": \"maps.hip\", \"targets\": [\"sm_90a\"],"
                " \"parameters\": {\"TILE\": [16, 64]}, \"default\": {\"TILE\": 64},"
                " \"launch\": [{\"entry\": \"maps\", \"grid\": [1, 1, 1]%s}], \"tensor_maps\": %s}",
                attributes, maps);
    assert_ok(manifest_parse("maps", text_string(&json), json.size, "", &manifest));
    assert_ok(problem_parse(problem, &out->problem));
    problem_slots(&out->problem, &seen_info(NULL)->facts, slots);
    assert_ok(manifest_parse_configuration(manifest, "TILE=64", slots));
    struct descriptor_request request = {manifest, &out->problem, slots, "sm_90a", "nvrtc"};
    assert_ok(descriptor_build(&out->arena, &request, &built));
    descriptor_encode(&built, &out->bytes);
    assert_ok(descriptor_decode(out->bytes.data, out->bytes.size, &out->descriptor));
    manifest_free(manifest);
    text_free(&json);
}

static inline void forget(struct described *described)
{
    text_free(&described->bytes);
    arena_free(&described->arena);
}

struct ready {
    struct described described;
    struct kernel *kernel;
    struct kernel_launch launch;
    _Alignas(KERNEL_ARGS_ALIGNMENT) unsigned char block[KERNEL_ARGS_BYTES_MAX];
    struct gemm_args *args; /* the beginning of it */
};

/* Everything but kernel_prepare. Operands lie at made-up addresses: nobody reads them. */
static inline enum status get_ready(const char *maps, const char *problem, struct ready *out)
{
    void *pointers[OP_OPERANDS_MAX];
    memset(&seen, 0, sizeof seen);
    memset(out, 0, sizeof *out);
    memset(out->block, 0xee, sizeof out->block);
    describe(maps, problem, "", &out->described);
    assert_ok(kernel_load(&device_api, NULL, &out->described.descriptor, "", 0, &out->kernel));
    for (uintptr_t i = 0; i < OP_OPERANDS_MAX; i++) pointers[i] = (void *)((i + 1) << 20);
    out->args = (struct gemm_args *)(void *)out->block;
    gemm_op.bind(&out->described.problem, pointers, NULL, out->args);
    return kernel_bind(out->kernel, &out->described.problem, &out->launch);
}

static inline enum status prepare(struct ready *ready)
{
    return kernel_prepare(ready->kernel, &ready->launch, &ready->described.problem, ready->block);
}

static inline void put_away(struct ready *ready)
{
    kernel_unload(ready->kernel);
    forget(&ready->described);
}

static inline struct emu_tensor_map map_of(const unsigned char *block, unsigned i)
{
    struct emu_tensor_map map;
    memcpy(&map, block + MAPS_AT + i * MAP_BYTES, sizeof map);
    return map;
}

static inline void check_map(const struct ready *ready, unsigned i, unsigned box0, unsigned box1,
                             unsigned swizzle, const unsigned long long extent[3],
                             const unsigned long long pitch_bytes[3], const void *address)
{
    struct emu_tensor_map map = map_of(ready->block, i);
    assert_int_equal(map.magic, EMU_TENSOR_MAP);
    assert_int_equal(map.element_bytes, pitch_bytes[0]);
    assert_int_equal(map.box[0], box0);
    assert_int_equal(map.box[1], box1);
    assert_int_equal(map.box[2], 1);
    assert_int_equal(map.swizzle_bytes, swizzle);
    assert_ptr_equal((void *)(uintptr_t)map.address, address);
    assert_memory_equal(map.extent, extent, sizeof map.extent);
    assert_memory_equal(map.pitch_bytes, pitch_bytes, sizeof map.pitch_bytes);
}

static inline bool is_nothing(const struct ready *ready, unsigned i)
{
    static const unsigned char nothing[MAP_BYTES];
    return memcmp(ready->block + MAPS_AT + i * MAP_BYTES, nothing, MAP_BYTES) == 0;
}

#define THREE(a, b, c)            \
    (const unsigned long long[3]) \
    {                             \
        (a), (b), (c)             \
    }

#endif
