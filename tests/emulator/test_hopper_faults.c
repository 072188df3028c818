/* What can be done wrong with Hopper's words: each is caught, with the whole line, in both orders. */
#include "tests/emulator/kernels.h"

#include "templates/device/emu_abi.h"

enum { WORDS = 4096, SHARED_BYTES = 4096 + 128 + 64 };

struct map_args {
    struct emu_tensor_map map;
    struct test_args more;
    char rest[32];
};

static struct kernels forward, reverse;
static uint32_t *out, *in, *words;

static void open_one(struct kernels *kernels, bool backwards)
{
    kernels_open(kernels, "hopper_faults.hip", "h100_sxm", 1, backwards);
    assert_ok(kernels->api->expose(kernels->device, "out", out, 4 * WORDS, true));
    assert_ok(kernels->api->expose(kernels->device, "in", in, 4 * WORDS, false));
    assert_ok(kernels->api->expose(kernels->device, "tensor", words, 4 * WORDS, true));
}

static int open_all(void **state)
{
    (void)state;
    out = aligned_alloc(128, 4 * WORDS);
    in = aligned_alloc(128, 4 * WORDS);
    words = aligned_alloc(128, 4 * WORDS);
    open_one(&forward, false);
    open_one(&reverse, true);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    kernels_close(&forward);
    kernels_close(&reverse);
    free(out);
    free(in);
    free(words);
    return 0;
}

#define OUTSIDE    DEVICE_FAULT_OUT_OF_BOUNDS
#define MISALIGNED DEVICE_FAULT_MISALIGNED
#define UNWRITTEN  DEVICE_FAULT_UNWRITTEN
#define RACE       DEVICE_FAULT_RACE
#define DIVERGENCE DEVICE_FAULT_DIVERGENCE
#define DEADLOCK   DEVICE_FAULT_DEADLOCK
#define OTHER      DEVICE_FAULT_OTHER

static const struct expected {
    const char *entry;
    uint32_t blocks, threads;
    enum device_fault fault;
    const char *line;
} faults[] = {
#include "tests/emulator/hopper_faults.def"
};

static enum status run(struct kernels *kernels, const char *entry, uint32_t blocks, uint32_t threads)
{
    struct device_step step = kernels_step(kernels, entry, blocks, threads, SHARED_BYTES);
    struct map_args args = {{.magic = EMU_TENSOR_MAP,
                             .element_bytes = 2,
                             .box = {64, 8, 1},
                             .address = (uintptr_t)words,
                             .extent = {64, 128, 1},
                             .pitch_bytes = {2, 128, 16384}},
                            {out, in, words, 0},
                            {0}};
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    step.cluster[0] = blocks;
    memset(words, 0, 4 * WORDS);
    return kernels->api->launch(kernels->device, NULL, &launch);
}

static void check_fine(struct kernels *kernels)
{
    memset(out, 0xff, 4 * WORDS);
    assert_ok(run(kernels, "fine", 1, 64));
    assert_int_equal(kernels->api->fault(kernels->device), DEVICE_FAULT_NONE);
    for (int i = 0; i < 64; i++) assert_int_equal(out[i], 0);
}

static void test_faults(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const struct expected *expected = &faults[i];
        struct text line = {0};
        kernels_expand(&forward, expected->line, &line);
        enum status status = run(&forward, expected->entry, expected->blocks, expected->threads);
        if (status != STATUS_BAD_DATA || strcmp(status_message(), text_string(&line)) != 0 ||
            forward.api->fault(forward.device) != expected->fault) {
            print_error("%s:\n  %s\nis to be\n  %s\n", expected->entry,
                        status ? status_message() : "no fault", text_string(&line));
            failures++;
        }
        assert_true(line.size < 400);
        text_free(&line);
        check_fine(&forward);
    }
    assert_int_equal(failures, 0);
}

static void test_faults_in_reverse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const struct expected *expected = &faults[i];
        if (run(&reverse, expected->entry, expected->blocks, expected->threads) != STATUS_BAD_DATA ||
            reverse.api->fault(reverse.device) == DEVICE_FAULT_NONE)
            fail_msg("%s in reverse: not caught", expected->entry);
        check_fine(&reverse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults),
                                       cmocka_unit_test(test_faults_in_reverse)};
    return cmocka_run_group_tests_name("hopper faults", tests, open_all, close_all);
}
