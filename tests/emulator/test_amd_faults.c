/* What can be done wrong with AMD's loads to shared memory and with the barrier of shared memory alone: each
 * is caught, with the whole line, in both orders; and the device goes on afterwards. */
#include "tests/emulator/kernels.h"

enum { WORDS = 256, INPUT_WORDS = 255 };

static struct kernels forward, reverse;
static uint32_t *out, *in, *words;

static void open_one(struct kernels *kernels, bool backwards)
{
    kernels_open(kernels, "amd_faults.hip", "gfx950", backwards ? 2 : 1, backwards);
    assert_ok(kernels->api->expose(kernels->device, "out", out, 4 * WORDS, true));
    assert_ok(kernels->api->expose(kernels->device, "in", in, 4 * INPUT_WORDS, false));
    assert_ok(kernels->api->expose(kernels->device, "words", words, 4 * WORDS, true));
}

static int open_all(void **state)
{
    (void)state;
    /* With room around and between them. */
    char *memory = aligned_alloc(4096, 1 << 16);
    memset(memory, 0, 1 << 16);
    out = (uint32_t *)(void *)(memory + 4096);
    in = (uint32_t *)(void *)(memory + 16384);
    words = (uint32_t *)(void *)(memory + 32768);
    for (uint32_t i = 0; i < INPUT_WORDS; i++) in[i] = i * 2654435761u;
    open_one(&forward, false);
    open_one(&reverse, true);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    kernels_close(&forward);
    kernels_close(&reverse);
    free((char *)out - 4096);
    return 0;
}

#define OUTSIDE    DEVICE_FAULT_OUT_OF_BOUNDS
#define MISALIGNED DEVICE_FAULT_MISALIGNED
#define UNWRITTEN  DEVICE_FAULT_UNWRITTEN
#define RACE       DEVICE_FAULT_RACE
#define DIVERGENCE DEVICE_FAULT_DIVERGENCE

static const struct expected {
    const char *entry;
    uint32_t grid, block, shared_bytes, n; /* several blocks run together with n 1 */
    enum device_fault fault;
    const char *line;
} faults[] = {
#include "tests/emulator/amd_faults.def"
};

static enum status run(struct kernels *kernels, const struct expected *expected)
{
    struct device_step step =
        kernels_step(kernels, expected->entry, expected->grid, expected->block, expected->shared_bytes);
    struct test_args args = {out, in, words, expected->n};
    step.cooperative = expected->n == 1;
    memset(words, 0, 4 * WORDS);
    return kernels_launch(kernels, &step, 1, &args);
}

static void check_fine(struct kernels *kernels)
{
    const struct expected fine = {"fine", 1, 64, 512, 0, DEVICE_FAULT_NONE, ""};
    assert_ok(run(kernels, &fine));
    assert_int_equal(kernels->api->fault(kernels->device), DEVICE_FAULT_NONE);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(out[i], in[i ^ 1]);
        assert_int_equal(words[i], in[63 - (i ^ 1)]);
    }
}

static void test_faults(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct text line = {0};
        kernels_expand(&forward, faults[i].line, &line);
        enum status status = run(&forward, &faults[i]);
        if (status != STATUS_BAD_DATA || strcmp(status_message(), text_string(&line)) != 0 ||
            forward.api->fault(forward.device) != faults[i].fault) {
            print_error("%s:\n  %s\nis to be\n  %s\n", faults[i].entry,
                        status ? status_message() : "no fault", text_string(&line));
            failures++;
        }
        assert_true(line.size < 256);
        text_free(&line);
        check_fine(&forward);
    }
    assert_int_equal(failures, 0);
}

/* Whatever the order, the kernel is caught; who is named may differ. */
static void test_faults_in_reverse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (run(&reverse, &faults[i]) != STATUS_BAD_DATA ||
            reverse.api->fault(reverse.device) != faults[i].fault)
            fail_msg("%s in reverse: %s", faults[i].entry, status_message());
        check_fine(&reverse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_in_reverse),
    };
    return cmocka_run_group_tests_name("amd_faults", tests, open_all, close_all);
}
