/* CUDA's own: tensor maps, attributes of launches, and what a function needs before its first. Cases run in
 * the child (gpu_child.h). */
#ifndef TUNEBOOK_TESTS_DEVICE_CUDA_MAPS_H
#define TUNEBOOK_TESTS_DEVICE_CUDA_MAPS_H

#include "templates/device/emu_abi.h"
#include "tests/device/gpu_bench.h"
#include "tuner/emulator/emulator.h"

/* --- tensor maps --- */

static inline struct device_tensor_map good_map(void)
{
    return (struct device_tensor_map){.memory = (void *)(uintptr_t)4096,
                                      .type = DTYPE_BF16,
                                      .extent = {100, 30, 2},
                                      .pitch_bytes = {2, 208, 6240},
                                      .box = {64, 16, 1},
                                      .swizzle_bytes = 128};
}

/* What the driver was asked for is what was described. */
static inline void test_tensor_map(void **state)
{
    static const enum dtype types[] = {DTYPE_BF16, DTYPE_F16, DTYPE_F32, DTYPE_I32, DTYPE_F8E4M3, DTYPE_I8};
    unsigned char made[DEVICE_TENSOR_MAP_BYTES], expected[DEVICE_TENSOR_MAP_BYTES];
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (uint32_t swizzle = 16; swizzle <= 128; swizzle *= 2) {
            struct device_tensor_map map = good_map();
            map.type = types[i];
            map.pitch_bytes[0] = dtype_bytes(types[i]);
            map.pitch_bytes[1] = 400;
            map.pitch_bytes[2] = 12000;
            map.swizzle_bytes = swizzle > 16 ? swizzle : 0;
            map.box[0] = swizzle / dtype_bytes(types[i]);
            assert_ok(bench.api->tensor_map(bench.device, &map, made));
            assert_ok(emulator_tensor_map(&map, expected));
            assert_memory_equal(made, expected, sizeof made);
        }
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), 24);
    struct device_tensor_map map = good_map();
    map.memory = (void *)(uintptr_t)8;
    assert_fails(bench.api->tensor_map(bench.device, &map, made), STATUS_NOT_COVERED,
                 "its address 0x8 is no multiple of 16 bytes");
    map = good_map();
    map.extent[1] = (UINT64_C(1) << 32) + 1;
    assert_fails(bench.api->tensor_map(bench.device, &map, made), STATUS_NOT_COVERED,
                 "dimension 1 has 4294967297 elements; it must have 1 to 2^32");
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), 24); /* the driver's word for it would be less */
    fake_control("fail=cuTensorMapEncodeTiled:CUDA_ERROR_INVALID_VALUE");
    map = good_map();
    assert_fails(bench.api->tensor_map(bench.device, &map, made), STATUS_NOT_COVERED,
                 "cuTensorMapEncodeTiled: CUDA_ERROR_INVALID_VALUE (invalid argument)");
    fake_control("fail=cuTensorMapEncodeTiled:CUDA_ERROR_UNKNOWN");
    assert_fails(bench.api->tensor_map(bench.device, &map, made), STATUS_BAD_DATA,
                 "cuTensorMapEncodeTiled: CUDA_ERROR_UNKNOWN");
    bench_close(&bench);
}

static inline void test_tensor_map_before_12(void **state)
{
    unsigned char made[DEVICE_TENSOR_MAP_BYTES];
    struct device_tensor_map map = good_map();
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    assert_fails(
        bench.api->tensor_map(bench.device, &map, made), STATUS_UNAVAILABLE,
        "libcuda.so.1 has no cuTensorMapEncodeTiled: tensor maps need the NVIDIA driver of CUDA 12.0");
    bench_close(&bench);
}

/* The fake refuses what the real one does; cuda.h says what. */
struct raw_map {
    unsigned type, rank;
    uintptr_t address;
    uint64_t extent[3], pitch[2];
    uint32_t box[3], steps[3];
    unsigned interleave, swizzle, promotion, fill;
    size_t out_offset;
};

static inline unsigned encode(const struct raw_map *map)
{
    typedef unsigned encoder(void *out, unsigned type, uint32_t rank, void *address, const uint64_t *extent,
                             const uint64_t *pitch, const uint32_t *box, const uint32_t *steps,
                             unsigned interleave, unsigned swizzle, unsigned promotion, unsigned fill);
    static encoder *call;
    static _Alignas(128) unsigned char out[256];
    if (!call) *(void **)&call = fake_symbol("cuTensorMapEncodeTiled");
    return call(out + map->out_offset, map->type, map->rank, (void *)map->address, map->extent, map->pitch,
                map->box, map->steps, map->interleave, map->swizzle, map->promotion, map->fill);
}

static inline void test_map_refused(void **state)
{
    static const struct raw_map good = {.type = 9,
                                        .rank = 3,
                                        .address = 4096,
                                        .extent = {100, 30, 2},
                                        .pitch = {208, 6240},
                                        .box = {64, 256, 1},
                                        .steps = {1, 1, 1},
                                        .swizzle = 3,
                                        .promotion = 3};
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    void *context;
    unsigned (*retain)(void **, int), (*release)(int), (*push)(void *), (*pop)(void **);
    *(void **)&retain = fake_symbol("cuDevicePrimaryCtxRetain");
    *(void **)&release = fake_symbol("cuDevicePrimaryCtxRelease_v2");
    *(void **)&push = fake_symbol("cuCtxPushCurrent_v2");
    *(void **)&pop = fake_symbol("cuCtxPopCurrent_v2");
    assert_int_equal(encode(&good), 201); /* no context is current here; our device makes its own so */
    assert_int_equal(retain(&context, 0), 0);
    assert_int_equal(push(context), 0);
    assert_int_equal(encode(&good), 0);
#define REFUSED(member, value)                 \
    do {                                       \
        struct raw_map changed = good;         \
        changed.member = (value);              \
        assert_int_equal(encode(&changed), 1); \
    } while (0)
    REFUSED(type, 99);
    REFUSED(rank, 0);
    REFUSED(address, 4104);
    REFUSED(extent[0], 0);
    REFUSED(extent[2], (UINT64_C(1) << 32) + 1);
    REFUSED(pitch[0], 200);
    REFUSED(pitch[1], UINT64_C(1) << 40);
    REFUSED(box[0], 68); /* wider than the swizzle */
    REFUSED(box[0], 60); /* no multiple of 16 bytes */
    REFUSED(box[1], 257);
    REFUSED(box[2], 0);
    REFUSED(steps[1], 0);
    REFUSED(swizzle, 9);
    REFUSED(promotion, 9);
    REFUSED(fill, 9);
    REFUSED(out_offset, 32);
#undef REFUSED
    assert_int_equal(pop(&context), 0);
    assert_int_equal(release(0), 0);
    bench_close(&bench);
}

/* --- attributes --- */

static inline void check_programmatic(void)
{
    struct bench bench;
    bench_open(&bench, 0);
    struct device_step steps[2] = {bench_step(&bench, "count"), bench_step(&bench, "turn")};
    steps[1].programmatic = true;
    assert_ok(bench_launch(&bench, NULL, steps, 2));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    bench_check(&bench, BLOCKS);
    steps[1].block[0] = 2048;
    assert_fails(bench_launch(&bench, NULL, steps, 2), STATUS_BAD_DATA,
                 "bytes of shared memory, programmatic:");
    bench_close(&bench);
}

static inline void test_programmatic(void **state)
{
    (void)state;
    check_programmatic();
    assert_int_equal(fake_calls("cuLaunchKernelEx"), 2);
    assert_int_equal(fake_calls("cuLaunchKernel"), 2);
}

/* A driver that knows no such launches makes ordinary ones. */
static inline void test_programmatic_before_12(void **state)
{
    (void)state;
    check_programmatic();
    assert_int_equal(fake_calls("cuLaunchKernel"), 4);
}

/* More than 8 blocks need a word beforehand, which function() has given; more than 16 there are not. */
static inline void test_large_clusters(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.cluster[0] = 16;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    bench_check(&bench, 0);
    step.grid[0] = step.cluster[0] = 32;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "cluster 32x1x1");
    bench_close(&bench);
}

/* With settings static_shared=4096: what a function has besides comes off what it may ask for. */
static inline void test_static_shared(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "stretch");
    step.grid[0] = 1;
    step.shared_bytes = 223 << 10;
    bench.args.n = step.shared_bytes / 4;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    step.shared_bytes += 4;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "228356 bytes of shared memory");
    bench_close(&bench);
}

/* Nothing is left for the first launch to load. */
static inline void check_loaded(unsigned expected)
{
    struct bench bench;
    bench_open(&bench, 0);
    struct device_step steps[2] = {bench_step(&bench, "count"), bench_step(&bench, "turn")};
    assert_int_equal(fake_calls("cuFuncLoad"), expected);
    assert_ok(bench_launch(&bench, NULL, steps, 2));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(fake_calls("a launch that had to load"), 0);
    bench_close(&bench);
}

static inline void test_loaded(void **state)
{
    (void)state;
    check_loaded(2);
}

static inline void test_loaded_before_12(void **state)
{
    (void)state;
    check_loaded(0);
}

#endif
