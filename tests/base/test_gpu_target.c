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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_a_gpu_agrees_with_its_target),
        cmocka_unit_test(facts_are_the_products),
        cmocka_unit_test(a_target_without_a_product_has_what_its_architecture_fixes),
        cmocka_unit_test(others_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
