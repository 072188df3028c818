/* Kernels that are right: results, both orders, waves of 32 and 64, several workers. */
#include <pthread.h>
#include "tests/emulator/kernels.h"

enum { WORDS = 16384 };

struct memory {
    uint32_t *out, *in, *words;
};

static void memory_open(struct kernels *kernels, struct memory *memory)
{
    memory->out = calloc(WORDS, 4);
    memory->in = malloc(WORDS * 4);
    memory->words = calloc(WORDS, 4);
    for (uint32_t i = 0; i < WORDS; i++) memory->in[i] = i * 2654435761u >> 12;
    assert_ok(kernels->api->expose(kernels->device, "out", memory->out, WORDS * 4, true));
    assert_ok(kernels->api->expose(kernels->device, "in", memory->in, WORDS * 4, false));
    assert_ok(kernels->api->expose(kernels->device, "words", memory->words, WORDS * 4, true));
}

static void memory_close(struct kernels *kernels, struct memory *memory)
{
    kernels->api->conceal(kernels->device, memory->out);
    kernels->api->conceal(kernels->device, memory->in);
    kernels->api->conceal(kernels->device, memory->words);
    free(memory->out);
    free(memory->in);
    free(memory->words);
}

static struct kernels amd[2], nvidia[2]; /* forward on one worker, reverse on two */

static int open_all(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        kernels_open(&amd[i], "works.hip", "mi300x", 1 + (uint32_t)i, i == 1);
        kernels_open(&nvidia[i], "works.hip", "sm_80", 1 + (uint32_t)i, i == 1);
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        kernels_close(&amd[i]);
        kernels_close(&nvidia[i]);
    }
    return 0;
}

typedef void check_results(const struct memory *memory, uint32_t wave, uint32_t n);

static void run_on(struct kernels *kernels, struct device_step step, uint32_t wave, uint32_t n,
                   check_results *check)
{
    struct memory memory;
    memory_open(kernels, &memory);
    struct test_args args = {memory.out, memory.in, memory.words, n};
    assert_ok(kernels_launch(kernels, &step, 1, &args));
    assert_int_equal(kernels->api->fault(kernels->device), DEVICE_FAULT_NONE);
    check(&memory, wave, n);
    memory_close(kernels, &memory);
}

struct shape {
    const char *entry;
    uint32_t grid, block, shared_bytes, n, cluster;
    bool cooperative, nvidia_only;
    check_results *check;
};

static void run_shape(struct kernels *kernels, const struct shape *shape, uint32_t wave)
{
    struct device_step step =
        kernels_step(kernels, shape->entry, shape->grid, shape->block, shape->shared_bytes);
    if (shape->cluster) step.cluster[0] = shape->cluster;
    step.cooperative = shape->cooperative;
    run_on(kernels, step, wave, shape->n, shape->check);
}

static void run_everywhere(const struct shape *shape)
{
    for (int i = 0; i < 2; i++) {
        if (!shape->nvidia_only) run_shape(&amd[i], shape, 64);
        run_shape(&nvidia[i], shape, 32);
    }
}

static void check_places(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)n;
    for (uint32_t b = 0; b < 24; b++)
        for (uint32_t t = 0; t < 60; t++)
            assert_int_equal(memory->out[b * 60 + t], b << 16 | t / wave << 8 | t % wave);
}

static void test_places(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct kernels *kernels = i < 2 ? &amd[i] : &nvidia[i - 2];
        struct device_step step = kernels_step(kernels, "places", 1, 1, 0);
        for (int d = 0; d < 3; d++) {
            step.grid[d] = 2 + (uint32_t)d;
            step.block[d] = 5 - (uint32_t)d;
        }
        run_on(kernels, step, i < 2 ? 64 : 32, 0, check_places);
    }
}

static void check_reverse(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t i = 0; i < 40 * n; i++)
        assert_int_equal(memory->out[i], memory->in[i / n * n + n - 1 - i % n] + 2);
}

static void check_halves(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t i = 0; i < n / 2; i++)
        assert_int_equal(memory->out[i], (memory->in[2 * i] & 0xFFFF) | (memory->in[2 * i + 1] & 0xFFFF)
                                                                            << 16);
}

static uint32_t lane_or(uint32_t from, uint32_t wave, uint32_t own)
{
    return from < wave ? from : own;
}

static void check_shuffles(const struct memory *memory, uint32_t wave, uint32_t n)
{
    for (uint32_t t = 0; t < n; t++) {
        uint32_t lane = t % wave;
        const uint32_t *in = memory->in + t - lane;
        uint64_t votes = 0;
        for (uint32_t i = 0; i < wave; i++) votes |= (uint64_t)(in[i] & 1) << i;
        assert_int_equal(memory->out[t], in[t * 7 % wave]);
        assert_int_equal(memory->out[n + t], in[lane ^ 5]);
        assert_int_equal(memory->out[2 * n + t], in[lane_or(lane - 3, wave, lane)]);
        assert_int_equal(memory->out[3 * n + t], in[lane_or(lane + 3, wave, lane)]);
        assert_int_equal(memory->out[4 * n + t], (uint32_t)votes);
        assert_int_equal(memory->out[5 * n + t], (uint32_t)(votes >> 32));
    }
}

static void check_exchange(const struct memory *memory, uint32_t wave, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = n - 1 - i, first = t / wave * wave;
        uint32_t sum = memory->in[first + (t % wave + 1) % wave] + memory->in[first];
        assert_int_equal(memory->out[i], 10 * sum);
    }
}

static void check_last_block(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t t = 0; t < 64; t++) {
        uint32_t sum = 0;
        for (uint32_t b = 0; b < n; b++) sum += memory->in[b * 64 + t];
        assert_int_equal(memory->out[t], sum);
    }
}

static void check_grid_barrier(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t b = 0; b < n; b++)
            for (uint32_t t = 0; t < 32; t++)
                assert_int_equal(memory->out[(round * n + b) * 32 + t],
                                 memory->in[31 - t] + (b + 1) % n + round);
}

static void check_count(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    uint32_t bins[8] = {0};
    for (uint32_t t = 0; t < 64; t++) bins[memory->in[t] % 8] += n;
    assert_memory_equal(memory->words, bins, sizeof bins);
}

static void check_pipeline(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t t = 0; t < 64; t++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t i = 0; i < (k + 1 == n ? 2 : 4); i++)
                sum += memory->in[(k * 64 + 63 - t) * 4 + i] * (k + 1);
        assert_int_equal(memory->out[t], sum);
    }
}

static void check_producer(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t lane = 0; lane < 32; lane++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < n; k++) sum += memory->in[k * 32 + 31 - lane] + memory->in[k * 32];
        assert_int_equal(memory->out[lane], sum);
    }
}

static void check_cluster(const struct memory *memory, uint32_t wave, uint32_t n)
{
    (void)wave;
    for (uint32_t b = 0; b < 12; b++)
        for (uint32_t t = 0; t < 32; t++)
            assert_int_equal(memory->out[b * 32 + t],
                             memory->in[(b / n * n + (b % n + 1) % n) * 32 + 31 - t]);
}

static const struct shape shapes[] = {
    {"reverse_words", 40, 256, 1024, 256, 0, false, false, check_reverse},
    {"reverse_words_96", 40, 96, 384, 96, 0, false, false, check_reverse},
    {"halves", 1, 256, 512, 256, 0, false, false, check_halves},
    {"shuffles", 1, 256, 0, 256, 0, false, false, check_shuffles},
    {"wave_exchange", 1, 256, 1024, 256, 0, false, false, check_exchange},
    {"last_block", 33, 64, 4, 33, 0, false, false, check_last_block},
    {"last_block_fences", 33, 64, 4, 33, 0, false, false, check_last_block},
    {"grid_barrier", 9, 32, 0, 9, 0, true, false, check_grid_barrier},
    {"count_all", 100, 64, 32, 100, 0, false, false, check_count},
    {"pipeline", 1, 64, 3072, 9, 0, false, true, check_pipeline},
    {"producer_consumer", 1, 64, 256, 7, 0, false, true, check_producer},
    {"cluster_exchange", 12, 32, 128, 4, 4, false, true, check_cluster},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) run_everywhere(&shapes[i]);
}

/* A view of a tensor begins anywhere; what is known of its bytes goes by address. */
static void test_memory_that_begins_anywhere(void **state)
{
    (void)state;
    _Alignas(16) unsigned char memory[16] = {0};
    for (int i = 0; i < 4; i++) {
        struct kernels *kernels = i < 2 ? &amd[i] : &nvidia[i - 2];
        struct device_step step = kernels_step(kernels, "beside_an_atomic", 1, 2, 0);
        struct test_args args = {.out = (uint32_t *)(void *)(memory + 2), .n = 3};
        assert_ok(kernels->api->expose(kernels->device, "view", memory + 2, 14, true));
        assert_ok(kernels_launch(kernels, &step, 1, &args));
        kernels->api->conceal(kernels->device, memory + 2);
        assert_int_equal(memory[2], 7);
        assert_int_equal(memory[4], 3 * (i + 1));
    }
}

static void test_steps_are_ordered(void **state)
{
    (void)state;
    struct memory memory;
    struct kernels *kernels = &amd[1];
    memory_open(kernels, &memory);
    struct device_step steps[3] = {kernels_step(kernels, "reverse_words", 8, 256, 1024),
                                   {.zero_offset = 4, .zero_bytes = 8},
                                   kernels_step(kernels, "reverse_words", 8, 256, 1024)};
    struct test_args args = {memory.out, memory.in, memory.words, 256};
    struct device_launch launch = {
        .steps = steps, .n_steps = 3, .args = &args, .args_bytes = sizeof args, .workspace = memory.words};
    memory.words[0] = memory.words[1] = memory.words[2] = memory.words[3] = 7;
    assert_ok(kernels->api->launch(kernels->device, NULL, &launch));
    const uint32_t expected[] = {7, 0, 0, 7};
    assert_memory_equal(memory.words, expected, sizeof expected);
    memory_close(kernels, &memory);
}

static void test_info(void **state)
{
    (void)state;
    const struct device_info *info = amd[0].api->info(amd[0].device);
    assert_string_equal(info->name, "emulated gfx942 (AMD Instinct MI300X)");
    assert_string_equal(info->class_text, "gfx942:304:5300");
    assert_int_equal(info->facts.value[DEVICE_FACT_wave_size], 64);
    assert_int_equal(info->facts.value[DEVICE_FACT_lds_bytes], 65536);
    assert_int_equal(info->facts.value[DEVICE_FACT_max_block_threads], 1024);
    info = nvidia[0].api->info(nvidia[0].device);
    assert_string_equal(info->class_text, "sm_80:0:0");
    assert_int_equal(info->facts.value[DEVICE_FACT_wave_size], 32);
    assert_int_equal(info->facts.value[DEVICE_FACT_units], 108); /* as an A100 */
    struct device *none = NULL;
    struct device_options options = {.target = "gfx000"};
    assert_int_equal(amd[0].api->open(0, &options, &none), STATUS_USAGE);
    assert_int_equal(amd[0].api->open(0, NULL, &none), STATUS_USAGE);
    assert_int_equal(amd[0].api->open(1, &options, &none), STATUS_UNAVAILABLE);
    assert_null(none);
}

static void refused(struct kernels *kernels, const struct device_step *step, const char *words)
{
    struct test_args args = {0};
    assert_int_equal(kernels_launch(kernels, step, 1, &args), STATUS_BAD_DATA);
    if (!strstr(status_message(), words)) fail_msg("'%s' does not say '%s'", status_message(), words);
}

static void test_bad_steps(void **state)
{
    (void)state;
    struct device_step step = kernels_step(&amd[0], "places", 1, 1025, 0);
    refused(&amd[0], &step, "a block of 1025 x 1 x 1 threads; gfx942 takes 1 to 1024");
    step = kernels_step(&amd[0], "places", 1, 60, 65537);
    refused(&amd[0], &step, "a block asks for 65537 bytes of shared memory; gfx942 has 65536");
    step = kernels_step(&amd[0], "places", 0, 60, 0);
    refused(&amd[0], &step, "a grid of 0 x 1 x 1 blocks");
    step = kernels_step(&amd[0], "places", 3, 60, 0);
    step.cluster[0] = 2;
    refused(&amd[0], &step, "a grid of 3 blocks is no multiple of a cluster of 2");
    void *function;
    assert_int_equal(amd[0].api->function(amd[0].module, "nothing", &function), STATUS_BAD_DATA);
    struct device_module *module;
    assert_int_equal(amd[0].api->load(amd[0].device, "no object", 9, &module), STATUS_BAD_DATA);
}

/* More threads are refused by a GPU, fewer are not what the source was written for. */
static void test_declared_threads(void **state)
{
    (void)state;
    struct device_step step = kernels_step(&amd[0], "places", 1, 61, 0);
    refused(&amd[0], &step, "a block of 61 x 1 x 1 threads; places is made for 60");
    step = kernels_step(&nvidia[1], "reverse_words_96", 1, 64, 384);
    refused(&nvidia[1], &step, "a block of 64 x 1 x 1 threads; reverse_words_96 is made for 96");
    step = kernels_step(&nvidia[1], "reverse_words", 1, 96, 384);
    refused(&nvidia[1], &step, "reverse_words is made for 256");
}

static void test_nvidia_limits(void **state)
{
    (void)state;
    struct device_step step = kernels_step(&nvidia[0], "count_all", 1, 1, 0);
    step.block[2] = 64;
    step.grid[1] = 65536;
    refused(&nvidia[0], &step,
            "a grid of 1 x 65536 x 1 blocks; all but the first are at most 65535 on sm_80");
    step.grid[1] = 1;
    step.grid[2] = 65536;
    refused(&nvidia[0], &step, "a grid of 1 x 1 x 65536 blocks");
    step = kernels_step(&nvidia[0], "reverse_words_96", 1, 1, 384);
    step.block[2] = 96;
    refused(&nvidia[0], &step, "a block of 1 x 1 x 96 threads; the last is at most 64 on sm_80");
}

enum { USERS = 4, ROUNDS = 10000, LAUNCH_EVERY = 64, BUFFERS = 8, BUFFER_BYTES = 60 * 4 };

/* One of several threads that use a device. What it released last is what nobody may use. */
struct user {
    struct kernels *kernels;
    pthread_barrier_t *begin;
    uint32_t *released[BUFFERS];
    uint32_t wrong;
};

static enum status write_places(struct kernels *kernels, uint32_t *out)
{
    struct test_args args = {.out = out};
    struct device_step step = {.grid = {1, 1, 1}, .cluster = {1, 1, 1}, .block = {60, 1, 1}};
    TRY(kernels->api->function(kernels->module, "places", &step.function));
    return kernels_launch(kernels, &step, 1, &args);
}

static void *use_device(void *context)
{
    struct user *user = context;
    const struct device_api *api = user->kernels->api;
    struct device *device = user->kernels->device;
    pthread_barrier_wait(user->begin);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        void *memory[BUFFERS] = {NULL};
        for (uint32_t i = 0; i < BUFFERS; i++)
            user->wrong += api->allocate(device, BUFFER_BYTES, 256, &memory[i]) != STATUS_OK;
        uint32_t *out = memory[round % BUFFERS];
        if (round % LAUNCH_EVERY == 0) {
            user->wrong += write_places(user->kernels, out) != STATUS_OK;
            user->wrong += api->fault(device) != DEVICE_FAULT_NONE;
            for (uint32_t i = 0; out && i < BUFFER_BYTES / 4; i++) user->wrong += out[i] != i;
        }
        for (uint32_t i = 0; i < BUFFERS; i++) {
            user->released[i] = memory[i];
            api->release(device, memory[i]);
        }
    }
    return NULL;
}

static void test_several_threads(void **state)
{
    (void)state;
    struct user users[USERS];
    pthread_t threads[USERS];
    pthread_barrier_t begin;
    pthread_barrier_init(&begin, NULL, USERS);
    for (int i = 0; i < USERS; i++) {
        users[i] = (struct user){.kernels = &amd[1], .begin = &begin};
        assert_int_equal(pthread_create(&threads[i], NULL, use_device, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&begin);
    for (int i = 0; i < USERS; i++) {
        assert_int_equal(users[i].wrong, 0);
        for (int b = 0; b < BUFFERS; b++) {
            assert_int_equal(write_places(&amd[1], users[i].released[b]), STATUS_BAD_DATA);
            assert_int_equal(amd[1].api->fault(amd[1].device), DEVICE_FAULT_OUT_OF_BOUNDS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_memory_that_begins_anywhere),
        cmocka_unit_test(test_memory_that_begins_anywhere),
        cmocka_unit_test(test_steps_are_ordered),
        cmocka_unit_test(test_bad_steps),
        cmocka_unit_test(test_declared_threads),
        cmocka_unit_test(test_nvidia_limits),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_several_threads),
    };
    return cmocka_run_group_tests_name("emulator", tests, open_all, close_all);
}
