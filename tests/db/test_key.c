#include "tests/db/samples.h"

static const char example[] = "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444@gfx942:304:5300/"
                              "n=0000004096,k=0000004096,b=0000000001/m=0000000016";

static struct key_parts example_parts(void)
{
    return (struct key_parts){.head = "gemm/a=bf16,b=bf16,d=bf16,acc=f32/nt/none/al=4444",
                              .device_class = "gfx942:304:5300",
                              .n_sizes = 4,
                              .names = {"n", "k", "b", "m"},
                              .sizes = {4096, 4096, 1, 16}};
}

static void the_designs_example(void **state)
{
    (void)state;
    struct key_parts parts = example_parts(), back;
    char key[KEY_BYTES_MAX + 1];
    assert_ok(key_format(&parts, key));
    assert_string_equal(key, example);
    assert_ok(key_parse(example, strlen(example), &back));
    assert_string_equal(back.head, parts.head);
    assert_string_equal(back.device_class, parts.device_class);
    assert_int_equal(back.n_sizes, 4);
    assert_int_equal(back.sizes[0], 4096);
    assert_string_equal(back.names[3], "m");
    assert_int_equal(back.sizes[3], 16);
}

static int64_t random_size(struct rng *rng)
{
    int64_t size = (int64_t)rng_below(rng, 10);
    for (uint64_t digits = rng_below(rng, 10); digits > 0; digits--)
        size = size * 10 + (int64_t)rng_below(rng, 10);
    return size;
}

static void byte_order_is_numeric_order(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t n = 0; n < test_scaled(20000); n++) {
        struct key_parts a = example_parts(), b = example_parts(), back;
        a.n_sizes = b.n_sizes = 1 + (uint32_t)rng_below(&rng, 4);
        int expected = 0;
        for (uint32_t i = 0; i < a.n_sizes; i++) {
            a.sizes[i] = random_size(&rng);
            b.sizes[i] = rng_below(&rng, 2) ? a.sizes[i] : random_size(&rng);
            if (!expected) expected = (a.sizes[i] > b.sizes[i]) - (a.sizes[i] < b.sizes[i]);
        }
        char x[KEY_BYTES_MAX + 1], y[KEY_BYTES_MAX + 1];
        assert_ok(key_format(&a, x));
        assert_ok(key_format(&b, y));
        int order = strcmp(x, y);
        assert_int_equal((order > 0) - (order < 0), expected);
        assert_ok(key_parse(x, strlen(x), &back));
        assert_memory_equal(back.sizes, a.sizes, a.n_sizes * sizeof *a.sizes);
    }
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    char key[KEY_BYTES_MAX + 1] = "untouched";
    struct key_parts parts = example_parts();
    parts.sizes[3] = 10000000000;
    assert_fails(key_format(&parts, key), STATUS_USAGE, "record key: m=10000000000 is outside 0..9999999999");
    parts.sizes[3] = -1;
    assert_fails(key_format(&parts, key), STATUS_USAGE, "record key: m=-1 is outside 0..9999999999");
    parts = example_parts();
    strcpy(parts.head, "a@b");
    assert_fails(key_format(&parts, key), STATUS_USAGE,
                 "record key: the head 'a@b' is empty or holds '@' or a space");
    parts = example_parts();
    strcpy(parts.device_class, "a/b");
    assert_fails(key_format(&parts, key), STATUS_USAGE,
                 "record key: the device class 'a/b' is empty or holds '@', '/' or a space");
    parts = example_parts();
    strcpy(parts.names[1], "k,");
    assert_fails(key_format(&parts, key), STATUS_USAGE,
                 "record key: the size name 'k,' is empty or holds one of '@/=,'");
    parts.n_sizes = 9;
    assert_fails(key_format(&parts, key), STATUS_USAGE, "record key: 9 sizes, 1 to 8 can be written");
    parts.n_sizes = 0;
    assert_fails(key_format(&parts, key), STATUS_USAGE, "record key: 0 sizes, 1 to 8 can be written");
    parts = example_parts();
    memset(parts.head, 'h', 255);
    memset(parts.device_class, 'c', 63);
    parts.n_sizes = 8;
    for (int i = 0; i < 8; i++) strcpy(parts.names[i], "longer");
    assert_int_equal(key_format(&parts, key), STATUS_USAGE);
    assert_non_null(strstr(status_message(), "463 bytes, at most 400 are possible"));
    assert_string_equal(key, "untouched");
}

static void what_is_no_key(void **state)
{
    (void)state;
    const struct {
        const char *key, *why;
    } cases[] = {
        {"", "no '@' between head and device class"},
        {"gemm", "no '@' between head and device class"},
        {"gemm@x", "no '/' behind the device class"},
        {"gemm@x/", "a size is not NAME=0123456789, ten digits"},
        {"gemm@x/m=1", "a size is not NAME=0123456789, ten digits"},
        {"gemm@x/m=00000000001", "a size is not NAME=0123456789, ten digits"},
        {"gemm@x/m=000000000a", "a size is not NAME=0123456789, ten digits"},
        {"gemm@x/n=0000000001,m=0000000001", "not HEAD@CLASS/NAME=...,NAME=.../NAME=..."},
        {"@x/m=0000000001", "not HEAD@CLASS/NAME=...,NAME=.../NAME=..."},
        {"gemm@/m=0000000001", "not HEAD@CLASS/NAME=...,NAME=.../NAME=..."},
        {"gemm@x/m=0000000001/", "a size is not NAME=0123456789, ten digits"},
    };
    struct key_parts parts;
    for (size_t i = 0; i < N_OF(cases); i++) {
        char line[256];
        snprintf(line, sizeof line, "record key '%s': %s", cases[i].key, cases[i].why);
        assert_fails(key_parse(cases[i].key, strlen(cases[i].key), &parts), STATUS_BAD_DATA, line);
    }
    assert_ok(key_parse("gemm@x/m=0000000001", 19, &parts));
    assert_int_equal(parts.n_sizes, 1);
}

/* Whatever parses is written back as it was. */
static void mutations_parse_to_themselves(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (size_t n = 0; n < test_scaled(20000); n++) {
        char key[sizeof example], again[KEY_BYTES_MAX + 1];
        struct key_parts parts;
        memcpy(key, example, sizeof key);
        size_t size = rng_below(&rng, 3) ? sizeof key - 1 : (size_t)rng_below(&rng, sizeof key);
        for (uint64_t k = rng_below(&rng, 4); size && k > 0; k--)
            key[rng_below(&rng, size)] =
                rng_below(&rng, 2) ? "@/=,0n"[rng_below(&rng, 6)] : (char)rng_next(&rng);
        char *exact = malloc(size ? size : 1);
        memcpy(exact, key, size);
        if (key_parse(exact, size, &parts) == STATUS_OK) {
            assert_ok(key_format(&parts, again));
            assert_int_equal(strlen(again), size);
            assert_memory_equal(again, exact, size);
        }
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_designs_example),           cmocka_unit_test(byte_order_is_numeric_order),
        cmocka_unit_test(what_cannot_be_written),        cmocka_unit_test(what_is_no_key),
        cmocka_unit_test(mutations_parse_to_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
