/* What nothing else would notice: that gemm_mma's places in shared memory meet in no bank. ldmatrix reads 16
 * bytes of eight lines at once; copies write 128 bytes at once, as so many threads side by side as that
 * takes. Bytes are where their bank is: 32 banks of 4 bytes. */
#include "tests/emulator/kernels.h"

enum { LINES = 64, SPAN_MAX = 256, BANKS = 32, ROWS = 8 };

static const uint32_t spans[] = {16, 32, 64, 96, 128, 192, 256};

static struct kernels kernels;

/* Notes the banks of `bytes` from `place` on; false if one was taken. */
static bool take_banks(uint32_t *taken, uint32_t place, uint32_t bytes)
{
    uint32_t banks = (uint32_t)((1ull << bytes / 4) - 1) << place / 4 % BANKS;
    bool free = !(*taken & banks);
    *taken |= banks;
    return free;
}

static void check_reads(const uint32_t *places, uint32_t span)
{
    for (uint32_t line = 0; line < LINES; line += ROWS)
        for (uint32_t piece = 0; piece < span / 8; piece++) {
            uint32_t taken = 0;
            for (uint32_t row = 0; row < ROWS; row++) {
                uint32_t place = places[(line + row) * span / 2 + piece * 4];
                assert_int_equal(place % 16, 0);
                if (!take_banks(&taken, place, 16))
                    fail_msg("lines of %u elements: pieces %u of lines %u to %u meet in a bank", span, piece,
                             line, line + ROWS - 1);
            }
        }
}

/* 128 bytes of elements one after the other, whichever lines they are of. */
static void check_writes(const uint32_t *places, uint32_t span)
{
    for (uint32_t first = 0; first < LINES * span / 2; first += BANKS) {
        uint32_t taken = 0;
        for (uint32_t i = first; i < first + BANKS; i++)
            if (!take_banks(&taken, places[i], 4))
                fail_msg("lines of %u elements: copies from pair %u on meet in a bank", span, first);
    }
}

static void check_distinct(const uint32_t *places, uint32_t span)
{
    static bool used[LINES * SPAN_MAX / 2];
    memset(used, 0, sizeof used);
    for (uint32_t i = 0; i < LINES * span / 2; i++) {
        assert_in_range(places[i] / 4, 0, LINES * span / 2 - 1);
        assert_false(used[places[i] / 4]);
        used[places[i] / 4] = true;
    }
}

static void test_no_bank_is_met_twice(void **state)
{
    (void)state;
    static uint32_t places[LINES * SPAN_MAX / 2], unused;
    assert_ok(kernels.api->expose(kernels.device, "out", places, sizeof places, true));
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        struct device_step step = kernels_step(&kernels, "swizzle", 1, 32, 0);
        struct test_args args = {places, &unused, &unused, spans[i]};
        assert_ok(kernels_launch(&kernels, &step, 1, &args));
        check_distinct(places, spans[i]);
        check_reads(places, spans[i]);
        check_writes(places, spans[i]);
    }
    kernels.api->conceal(kernels.device, places);
}

static int set_up(void **state)
{
    (void)state;
    kernels_open(&kernels, "swizzle.hip", "sm_80", 1, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kernels_close(&kernels);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_bank_is_met_twice)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
