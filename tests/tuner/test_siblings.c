/* Which candidates are not tried for what they spill. */
#include "tests/base/check.h"

#include "tuner/siblings.h"

static bool pruned(const struct siblings *siblings, uint32_t spill_bytes)
{
    char why[128] = "";
    bool yes = siblings_prune(siblings, spill_bytes, why, sizeof why);
    assert_int_equal(yes, why[0] != 0);
    return yes;
}

static void test_few_siblings_prune_nobody(void **state)
{
    (void)state;
    struct siblings siblings = {0};
    for (uint32_t i = 0; i < 8; i++) {
        assert_false(pruned(&siblings, 1 << 20));
        siblings_note(&siblings, 0, 100 + i);
    }
    assert_true(pruned(&siblings, 1 << 20));
}

static void test_only_heavy_spills(void **state)
{
    (void)state;
    struct siblings siblings = {0};
    char why[128];
    for (uint32_t i = 0; i < 9; i++) siblings_note(&siblings, 40 * i, 1000 - i); /* the last is the fastest */
    assert_int_equal(siblings.best_spill_bytes, 320);
    assert_false(pruned(&siblings, 0));
    assert_false(pruned(&siblings, 2 * 320 + 256));
    assert_true(siblings_prune(&siblings, 2 * 320 + 257, why, sizeof why));
    assert_string_equal(why,
                        "not tried: it spills 897 bytes a thread, the fastest of its 9 siblings so far 320");
    siblings_note(&siblings, 0, 2000); /* a slow one without spills changes nothing */
    assert_false(pruned(&siblings, 2 * 320 + 256));
    siblings_note(&siblings, 0, 10);
    assert_true(pruned(&siblings, 257));
    assert_false(pruned(&siblings, 256));
}

static void test_large_frames_do_not_wrap(void **state)
{
    (void)state;
    struct siblings siblings = {0};
    for (uint32_t i = 0; i < 8; i++) siblings_note(&siblings, UINT32_MAX, 5);
    assert_false(pruned(&siblings, UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_siblings_prune_nobody),
        cmocka_unit_test(test_only_heavy_spills),
        cmocka_unit_test(test_large_frames_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
