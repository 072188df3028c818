/* Kernels that are wrong: each is caught, with the whole line; and the device goes on afterwards. */
#include "tests/emulator/kernels.h"

enum { WORDS = 256, INPUT_WORDS = 63 };

static struct kernels wave64, wave32;
static uint32_t *out, *in, *words;

static void expose_all(struct kernels *kernels)
{
    assert_ok(kernels->api->expose(kernels->device, "out", out, WORDS, true));
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
    kernels_open(&wave64, "faults.hip", "gfx942", 1, false);
    kernels_open(&wave32, "faults.hip", "h100_sxm", 2, false);
    expose_all(&wave64);
    expose_all(&wave32);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    kernels_close(&wave64);
    kernels_close(&wave32);
    free((char *)out - 4096);
    return 0;
}

struct expected {
    const char *entry;
    uint32_t grid, block, shared_bytes, n; /* several blocks run together with n 1, as a cluster with n 2 */
    enum device_fault fault;
    const char *line;
};

#define OUTSIDE    DEVICE_FAULT_OUT_OF_BOUNDS
#define MISALIGNED DEVICE_FAULT_MISALIGNED
#define UNWRITTEN  DEVICE_FAULT_UNWRITTEN
#define RACE       DEVICE_FAULT_RACE
#define DIVERGENCE DEVICE_FAULT_DIVERGENCE
#define DEADLOCK   DEVICE_FAULT_DEADLOCK

static const struct expected both[] = {
#include "tests/emulator/faults_both.def"
};

static const struct expected nvidia[] = {
#include "tests/emulator/faults_nvidia.def"
};

static void check_fine(struct kernels *kernels)
{
    struct device_step step = kernels_step(kernels, "fine", 1, 64, 0);
    struct test_args args = {out, in, words, 0};
    assert_ok(kernels_launch(kernels, &step, 1, &args));
    assert_int_equal(kernels->api->fault(kernels->device), DEVICE_FAULT_NONE);
    for (uint32_t i = 0; i < 64; i++) assert_int_equal(out[i], 5);
}

static void make_together(struct device_step *step, const struct expected *expected)
{
    if (expected->grid > 1 && expected->n == 1) step->cooperative = true;
    if (expected->grid > 1 && expected->n == 2) step->cluster[0] = expected->grid;
}

static void check_fault(struct kernels *kernels, const struct expected *expected)
{
    struct text line = {0};
    struct device_step step =
        kernels_step(kernels, expected->entry, expected->grid, expected->block, expected->shared_bytes);
    struct test_args args = {out, in, words, expected->n};
    make_together(&step, expected);
    memset(words, 0, 4 * WORDS);
    kernels_expand(kernels, expected->line, &line);
    enum status status = kernels_launch(kernels, &step, 1, &args);
    if (status != STATUS_BAD_DATA || strcmp(status_message(), text_string(&line)) != 0 ||
        kernels->api->fault(kernels->device) != expected->fault)
        fail_msg("%s:\n  %s\nis to be\n  %s", expected->entry, status ? status_message() : "no fault",
                 text_string(&line));
    assert_true(line.size < 230);
    text_free(&line);
    check_fine(kernels);
}

static void test_faults_of_any_gpu(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) check_fault(&wave64, &both[i]);
}

static void test_faults_of_nvidia(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nvidia / sizeof nvidia[0]; i++) check_fault(&wave32, &nvidia[i]);
}

/* Whatever the order, the kernel is caught; who is named may differ. */
static void test_faults_in_reverse(void **state)
{
    (void)state;
    struct kernels reverse;
    kernels_open(&reverse, "faults.hip", "gfx942", 2, true);
    expose_all(&reverse);
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        const struct expected *expected = &both[i];
        struct device_step step =
            kernels_step(&reverse, expected->entry, expected->grid, expected->block, expected->shared_bytes);
        struct test_args args = {out, in, words, expected->n};
        make_together(&step, expected);
        memset(words, 0, 4 * WORDS);
        if (kernels_launch(&reverse, &step, 1, &args) != STATUS_BAD_DATA ||
            reverse.api->fault(reverse.device) != expected->fault)
            fail_msg("%s in reverse: %s", expected->entry, status_message());
        check_fine(&reverse);
    }
    kernels_close(&reverse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_of_any_gpu),
        cmocka_unit_test(test_faults_of_nvidia),
        cmocka_unit_test(test_faults_in_reverse),
    };
    return cmocka_run_group_tests_name("faults", tests, open_all, close_all);
}
