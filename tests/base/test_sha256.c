#include "tests/base/check.h"

/* The source itself, so that the plain path is tested where the CPU has the instructions. */
#include "tuner/base/sha256.c"
#include "tuner/base/rng.h"
#include "tuner/base/text.h"

static const char *hex_of(struct hash hash)
{
    static char hex[SHA256_HEX_BYTES];
    text_hex(hash.bytes, SHA256_BYTES, hex);
    return hex;
}

/* NIST CSRC, "Cryptographic Standards and Guidelines: Examples with Intermediate Values", SHA-256; and one
 * million "a" from FIPS 180-2, B.3. */
static void test_vectors(void **state)
{
    (void)state;
    assert_string_equal(hex_of(sha256_of("", 0)),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(hex_of(sha256_of("abc", 3)),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(hex_of(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56)),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    struct sha256 sha;
    sha256_begin(&sha);
    for (int i = 0; i < 100000; i++) sha256_add(&sha, "aaaaaaaaaa", 10);
    assert_string_equal(hex_of(sha256_end(&sha)),
                        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around the block and padding boundaries, cut at every place. */
static void test_pieces(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct hash whole = sha256_of(bytes, size);
        for (size_t cut = 0; cut <= size; cut++) {
            struct sha256 sha;
            sha256_begin(&sha);
            sha256_add(&sha, bytes, cut);
            sha256_add(&sha, bytes + cut, size - cut);
            struct hash pieces = sha256_end(&sha);
            assert_memory_equal(whole.bytes, pieces.bytes, SHA256_BYTES);
        }
    }
}

static void test_paths_agree(void **state)
{
    (void)state;
    if (compress_choose() == compress_plain) skip();
    struct rng rng;
    rng_seed(&rng, 1);
    for (int round = 0; round < 1000; round++) {
        uint32_t plain[8], chosen[8];
        uint8_t blocks[3 * 64];
        for (int i = 0; i < 8; i++) plain[i] = chosen[i] = (uint32_t)rng_next(&rng);
        for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (uint8_t)rng_next(&rng);
        compress_plain(plain, blocks, 3);
        compress_choose()(chosen, blocks, 3);
        assert_memory_equal(plain, chosen, sizeof plain);
    }
}

static void test_fields(void **state)
{
    (void)state;
    static const char *const splits[][2] = {{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}};
    struct hash hashes[4];
    for (int i = 0; i < 4; i++) {
        struct sha256 sha;
        sha256_begin(&sha);
        sha256_add_field(&sha, splits[i][0]);
        sha256_add_field(&sha, splits[i][1]);
        hashes[i] = sha256_end(&sha);
        for (int j = 0; j < i; j++) assert_memory_not_equal(hashes[i].bytes, hashes[j].bytes, SHA256_BYTES);
    }
    /* The length is eight bytes, little-endian: names of files must not change with the machine. */
    struct hash plain = sha256_of("\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 19);
    assert_memory_equal(plain.bytes, hashes[0].bytes, SHA256_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_paths_agree),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
