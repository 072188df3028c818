#include "tests/base/check.h"

#include "tuner/base/text.h"

static void test_growing(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_string(&text), "");
    text_append(&text, "ab");
    text_append_bytes(&text, "c\0d", 3);
    assert_int_equal(text.size, 5);
    assert_memory_equal(text.data, "abc\0d", 6);
    text_clear(&text);
    assert_string_equal(text_string(&text), "");
    char expected[4001] = "";
    for (int i = 0; i < 1000; i++) {
        text_format(&text, "%04d", i);
        snprintf(expected + 4 * i, 5, "%04d", i);
    }
    assert_string_equal(text_string(&text), expected);
    assert_ok(text_status(&text));
    text_free(&text);
    assert_null(text.data);
}

static void test_long_format(void **state)
{
    (void)state;
    /* Around the size of the buffer on the stack. */
    for (int n = 250; n < 260; n++) {
        struct text text = {0};
        text_format(&text, "<%*d>", n, 7);
        assert_int_equal(text.size, n + 2);
        assert_int_equal(text.data[n], '7');
        assert_int_equal(text.data[n + 1], '>');
        assert_int_equal(text.data[n + 2], 0);
        text_free(&text);
    }
}

static void test_failure_sticks(void **state)
{
    (void)state;
    struct text text = {0};
    volatile size_t huge = SIZE_MAX - 10;
    text_append(&text, "kept");
    text_append_bytes(&text, "", huge);
    text_append(&text, " not this");
    assert_true(text.failed);
    assert_string_equal(text_string(&text), "kept");
    assert_fails(text_status(&text), STATUS_NO_MEMORY, "no memory for a text of more than 4 bytes");
    assert_null(text_take(&text));
    assert_null(text.data);
}

static void test_take(void **state)
{
    (void)state;
    struct text text = {0};
    char *string = text_take(&text);
    assert_string_equal(string, "");
    free(string);
    text_append(&text, "mine");
    string = text_take(&text);
    assert_string_equal(string, "mine");
    assert_null(text.data);
    assert_int_equal(text.size, 0);
    free(string);
}

static void test_parse_int64(void **state)
{
    (void)state;
    int64_t value = 5;
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "0x10",
                                      "1.0",
                                      "--1",
                                      "+-1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "\n1"};
    for (size_t i = 0; i < N_OF(bad); i++) {
        if (text_parse_int64(bad[i], &value)) fail_msg("\"%s\" taken", bad[i]);
        assert_int_equal(value, 5);
    }
    assert_true(text_parse_int64("9223372036854775807", &value) && value == INT64_MAX);
    assert_true(text_parse_int64("-9223372036854775808", &value) && value == INT64_MIN);
    assert_true(text_parse_int64("+007", &value) && value == 7);
}

static void test_parse_double(void **state)
{
    (void)state;
    double value = 5;
    static const char *const bad[] = {"",    "-",   ".",     "e5",     " 1", "1 ",   "1x", "0x10",
                                      "inf", "nan", "1e999", "-1e999", "1e", "1..2", "1-2"};
    for (size_t i = 0; i < N_OF(bad); i++) {
        if (text_parse_double(bad[i], &value)) fail_msg("\"%s\" taken", bad[i]);
        assert_true(value == 5);
    }
    assert_true(text_parse_double("-1.25e2", &value) && value == -125);
    assert_true(text_parse_double(".5", &value) && value == 0.5);
    assert_true(text_parse_double("1e-999", &value) && value == 0);
}

static void test_starts_with(void **state)
{
    (void)state;
    assert_true(text_starts_with("--budget=60s", "--budget="));
    assert_true(text_starts_with("x", ""));
    assert_false(text_starts_with("--bud", "--budget="));
}

static void test_closest(void **state)
{
    (void)state;
    static const char *const words[] = {"gemm",     "attention", "gfx942", "gfx950",
                                        "--budget", "--book",    "bf16",   "f16"};
    static const struct {
        const char *word, *closest;
    } cases[] = {
        {"gem", "gemm"},
        {"gfx943", "gfx942"},
        {"GFX950", "gfx950"},
        {"--bugdet", "--budget"},
        {"atention", "attention"},
        {"bf61", "bf16"},
        {"fp16", "f16"},
        {"quicksort", NULL},
        {"x", NULL},
        {"", NULL},
        {"zz", NULL},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        const char *closest = text_closest(cases[i].word, words, N_OF(words));
        if (!cases[i].closest)
            assert_null(closest);
        else
            assert_string_equal(closest ? closest : "nothing", cases[i].closest);
    }
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    const char *candidate = longer;
    assert_null(text_closest(longer, words, N_OF(words)));
    assert_null(text_closest("aaa", &candidate, 1));
    assert_null(text_closest("gemm", words, 0));
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[256], back[256];
    char hex[513];
    for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    text_hex(bytes, sizeof bytes, hex);
    assert_int_equal(strlen(hex), 512);
    assert_memory_equal(hex, "000102030405060708090a0b", 24);
    assert_true(text_unhex(hex, back, sizeof back));
    assert_memory_equal(bytes, back, sizeof bytes);
    assert_true(text_unhex("AbCdEf", back, 3));
    assert_memory_equal(back, "\xab\xcd\xef", 3);
    static const char *const bad[] = {"abcde",   "abcdef0", "abcdeg", "",
                                      "ab cdef", "abcde/",  "abcde:", "abcde`"};
    for (size_t i = 0; i < N_OF(bad); i++) assert_false(text_unhex(bad[i], back, 3));
    assert_memory_equal(back, "\xab\xcd\xef", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_long_format),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_parse_int64),
        cmocka_unit_test(test_parse_double),
        cmocka_unit_test(test_starts_with),
        cmocka_unit_test(test_closest),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
