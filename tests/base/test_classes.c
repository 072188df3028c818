#include "tests/base/check.h"

#include "tuner/base/classes.h"

static void test_parse(void **state)
{
    (void)state;
    char target[32] = "before";
    uint32_t units = 1, gbps = 2;
    static const char *const bad[] = {"",
                                      "gfx942",
                                      "gfx942:304",
                                      "gfx942:304:",
                                      ":304:5300",
                                      "gfx942::5300",
                                      "gfx942:304:5300:",
                                      "gfx942:304:5300x",
                                      "gfx942:0:5300",
                                      "gfx942:304:0",
                                      "gfx942:-1:5300",
                                      "gfx942:0304:5300",
                                      "gfx942: 304:5300",
                                      "GFX942:304:5300",
                                      "gfx942:4294967297:5300",
                                      "gfx 942:304:5300",
                                      "a234567890123456789012345678901x:1:1"};
    for (size_t i = 0; i < N_OF(bad); i++) {
        char message[200];
        snprintf(message, sizeof message,
                 "device class \"%s\" is not of the form target:units:GB/s, e.g. gfx942:304:5300", bad[i]);
        assert_fails(class_parse(bad[i], target, &units, &gbps), STATUS_USAGE, message);
    }
    assert_string_equal(target, "before");
    assert_true(units == 1 && gbps == 2);
    assert_ok(class_parse("x86-64-v4:2:22", target, &units, &gbps));
    assert_string_equal(target, "x86-64-v4");
    assert_true(units == 2 && gbps == 22);
    assert_ok(class_parse("a234567890123456789012345678901:1:1", target, &units, &gbps));
}

static void test_known(void **state)
{
    (void)state;
    static const struct {
        const char *nickname, *text;
    } known[] = {
        {"mi300x", "gfx942:304:5300"},  {"mi300a", "gfx942:228:5300"},       {"mi325x", "gfx942:304:6000"},
        {"mi355x", "gfx950:256:8000"},  {"mi210", "gfx90a:104:1638"},        {"rx7900xtx", "gfx1100:96:960"},
        {"rx9070xt", "gfx1201:64:640"}, {"a100_80gb_sxm", "sm_80:108:2039"}, {"h100_sxm", "sm_90a:132:3350"},
        {"h200", "sm_90a:132:4800"},    {"rtx3090", "sm_86:82:936"},         {"rtx4090", "sm_89:128:1008"},
        {"b200", "sm_100a:148:7700"},   {"rtx5090", "sm_120a:170:1792"},
    };
    for (size_t i = 0; i < N_OF(known); i++) {
        const struct device_class *found = class_find(known[i].nickname);
        assert_non_null(found);
        char text[CLASS_TEXT_BYTES];
        class_format(found, text);
        assert_string_equal(text, known[i].text);
        assert_ptr_equal(class_find(text), found);
    }
    assert_null(class_find("mi300"));
    assert_null(class_find(""));
    assert_null(class_find("gfx942:304:5301"));
}

/* What every row must be: its text parses to itself, nicknames differ, figures are of the right order. Of
 * rows with one text the first has the highest peaks. */
static void test_every_row(void **state)
{
    (void)state;
    size_t n;
    const struct device_class *rows = class_table(&n);
    assert_true(n >= 20);
    for (size_t i = 0; i < n; i++) {
        const struct device_class *row = &rows[i];
        char text[CLASS_TEXT_BYTES], target[32];
        uint32_t units, gbps;
        class_format(row, text);
        assert_ok(class_parse(text, target, &units, &gbps));
        assert_string_equal(target, row->target);
        assert_true(units == row->units && gbps == row->bandwidth_gbps);
        assert_ptr_equal(class_find(row->nickname), row);
        assert_true(row->wave_size == (strncmp(row->target, "gfx9", 4) == 0 ? 64 : 32));
        assert_true(row->lds_bytes >= 64 << 10 && row->lds_bytes < 256 << 10);
        assert_true(row->l2_bytes >= 4 << 20 && row->l2_bytes <= UINT64_C(128) << 20);
        assert_true(row->clock_mhz == 0 || (row->clock_mhz > 1000 && row->clock_mhz < 3500));
        const double *peak = row->peak_tflops;
        assert_true(peak[DTYPE_F32] > 0 && peak[DTYPE_F16] > peak[DTYPE_F32]);
        assert_true(peak[DTYPE_BF16] <= peak[DTYPE_F16] && peak[DTYPE_I8] >= peak[DTYPE_F16]);
        const struct device_class *first = class_find(text);
        for (int type = 0; type < DTYPE_COUNT; type++) assert_true(first->peak_tflops[type] >= peak[type]);
    }
}

static void test_names(void **state)
{
    (void)state;
    const char *names[128];
    size_t n = class_targets(names, 128), rows;
    class_table(&rows);
    assert_true(n > rows && n < 128);
    bool nickname = false, target = false;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) assert_string_not_equal(names[i], names[j]);
        nickname |= strcmp(names[i], "mi300x") == 0;
        target |= strcmp(names[i], "gfx942") == 0;
    }
    assert_true(nickname && target);
    assert_int_equal(class_targets(names, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
