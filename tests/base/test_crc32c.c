#include "tests/base/check.h"

/* The source itself, so that the plain path is tested where the CPU has the instruction. */
#include "tuner/base/crc32c.c"

/* RFC 3720, B.4 */
static void test_vectors(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc32c(bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(bytes, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc32c(bytes, 32), 0x113fdb5c);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(crc32c("", 0), 0);
}

/* Bit by bit, as the definition says. */
static uint32_t crc_naive(const uint8_t *bytes, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

static void test_every_length_and_alignment(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * i + 7);
    for (size_t from = 0; from < 16; from++) {
        for (size_t size = 0; from + size <= sizeof bytes; size++) {
            uint32_t expected = crc_naive(bytes + from, size);
            assert_int_equal(crc32c(bytes + from, size), expected);
            assert_int_equal(~crc_plain(~0u, bytes + from, size), expected);
        }
    }
}

static void test_long_texts(void **state)
{
    (void)state;
    static uint8_t bytes[2600];
    uint32_t state_bits = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state_bits = state_bits * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(state_bits >> 24);
    }
    for (size_t size = 100; size + 8 <= sizeof bytes; size++)
        assert_int_equal(crc32c(bytes + size % 8, size), crc_naive(bytes + size % 8, size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_length_and_alignment),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
