/* GPU targets and what is known of them without the device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "tuner/base/gpu_target.h"

static void every_class_of_a_gpu_agrees_with_its_target(void **state)
{
    (void)state;
    size_t n, compared = 0;
    const struct device_class *classes = class_table(&n);
    for (size_t i = 0; i < n; i++) {
        const struct gpu_target *target = gpu_target_find(classes[i].target);
        if (!target) fail_msg("%s: %s is no target", classes[i].nickname, classes[i].target);
        if (classes[i].wave_size != target->wave_size || classes[i].lds_bytes != target->lds_bytes)
            fail_msg("%s: wave %u and %u bytes of shared memory, its target %s has %u and %u",
                     classes[i].nickname, classes[i].wave_size, classes[i].lds_bytes, target->name,
                     target->wave_size, target->lds_bytes);
        compared++;
    }
    assert_true(compared > 10);
}

static void facts_are_the_products(void **state)
{
    (void)state;
    struct device_facts facts;
    gpu_target_facts(gpu_target_find("gfx942"), class_find("mi325x"), &facts);
    assert_int_equal(facts.value[DEVICE_FACT_units], 304);
    assert_int_equal(facts.value[DEVICE_FACT_bandwidth_gbps], 6000);
    gpu_target_facts(gpu_target_find("gfx942"), NULL, &facts);
    assert_int_equal(facts.value[DEVICE_FACT_bandwidth_gbps], 5300);
    assert_int_equal(facts.value[DEVICE_FACT_wave_size], 64);
    assert_int_equal(facts.value[DEVICE_FACT_lds_bytes], 64 << 10);
}

static void a_target_without_a_product_has_what_its_architecture_fixes(void **state)
{
    (void)state;
    struct device_facts facts;
    assert_null(class_find("gfx1250:1:1"));
    gpu_target_facts(gpu_target_find("gfx1250"), NULL, &facts);
    assert_int_equal(facts.value[DEVICE_FACT_wave_size], 32);
    assert_int_equal(facts.value[DEVICE_FACT_max_block_threads], 1024);
    assert_int_equal(facts.value[DEVICE_FACT_units], 0);
}

static void others_are_unknown(void **state)
{
    (void)state;
    assert_null(gpu_target_find("gfx900"));
    assert_null(gpu_target_find("x86-64-v4"));
    assert_null(gpu_target_find(""));
}

static void features_stand_behind_the_name(void **state)
{
    struct gpu_target_id id;
    (void)state;
    assert_int_equal(gpu_target_parse("gfx942:sramecc+:xnack-", &id), STATUS_OK);
    assert_ptr_equal(id.target, gpu_target_find("gfx942"));
    assert_int_equal(id.sramecc, GPU_SETTING_ON);
    assert_int_equal(id.xnack, GPU_SETTING_OFF);
    assert_int_equal(gpu_target_parse("gfx90a:xnack+", &id), STATUS_OK); /* in any order, or none */
    assert_int_equal(id.sramecc, GPU_SETTING_UNSAID);
    assert_int_equal(id.xnack, GPU_SETTING_ON);
    assert_int_equal(gpu_target_parse("sm_90a", &id), STATUS_OK);
    assert_ptr_equal(id.target, gpu_target_find("sm_90a"));
}

static void what_is_wrong_with_a_target_is_said(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"gfx943", "unknown GPU target 'gfx943'; did you mean 'gfx942'?"},
        {"gfx943:xnack-", "unknown GPU target 'gfx943'; did you mean 'gfx942'?"},
        {"MI300X", "unknown GPU target 'MI300X'; targets are named like gfx942 or sm_90a"},
        {"", "unknown GPU target ''; targets are named like gfx942 or sm_90a"},
        {"gfx942:xnac-", "gfx942 has no feature 'xnac-'; did you mean xnack+ or xnack-"},
        {"gfx942:zzzzzzzz+", "gfx942 has no feature 'zzzzzzzz+'; such are sramecc+ or sramecc-"},
        {"gfx942:xnack", "feature 'xnack' of gfx942: on or off? xnack+ or xnack-"},
        {"gfx942:xnack-:xnack+", "feature 'xnack' of gfx942 is given twice"},
        {"gfx942:", "gfx942 has no feature ''; such are sramecc+ or sramecc-"},
        {"gfx1100:xnack-", "gfx1100 has no features to choose, and no 'xnack-'; say gfx1100"},
        {"sm_90a:xnack-", "sm_90a has no features to choose, and no 'xnack-'; say sm_90a"},
    };
    struct gpu_target_id id;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(gpu_target_parse(wrong[i].text, &id), STATUS_USAGE);
        assert_string_equal(status_message(), wrong[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_a_gpu_agrees_with_its_target),
        cmocka_unit_test(facts_are_the_products),
        cmocka_unit_test(a_target_without_a_product_has_what_its_architecture_fixes),
        cmocka_unit_test(others_are_unknown),
        cmocka_unit_test(features_stand_behind_the_name),
        cmocka_unit_test(what_is_wrong_with_a_target_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
