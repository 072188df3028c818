/* Which class a GPU gets from what its driver tells. */
#include "tests/base/check.h"

#include "tuner/device/gpu.h"

struct told {
    const char *name, *target;
    uint32_t units, bandwidth_gbps;
    const char *class_text, *nickname;
};

/* Names and figures as the drivers print them (nvidia-smi, deviceQuery, rocminfo). */
static const struct told told[] = {
    {"NVIDIA H100 80GB HBM3", "sm_90a", 132, 3352, "sm_90a:132:3350", "h100_sxm"},
    {"NVIDIA H100 PCIe", "sm_90a", 114, 2039, "sm_90a:114:2000", "h100_pcie"},
    {"NVIDIA H200", "sm_90a", 132, 4917, "sm_90a:132:4800", "h200"},
    {"NVIDIA A100-SXM4-40GB", "sm_80", 108, 1555, "sm_80:108:1555", "a100_40gb"},
    {"NVIDIA A100-SXM4-80GB", "sm_80", 108, 2039, "sm_80:108:2039", "a100_80gb_sxm"},
    {"NVIDIA A100 80GB PCIe", "sm_80", 108, 1935, "sm_80:108:1935", "a100_80gb_pcie"},
    {"NVIDIA A100-PCIE-40GB", "sm_80", 108, 1555, "sm_80:108:1555", "a100_40gb"},
    {"NVIDIA GeForce RTX 4090", "sm_89", 128, 1008, "sm_89:128:1008", "rtx4090"},
    {"NVIDIA L4", "sm_89", 58, 300, "sm_89:58:300", "l4"},
    {"AMD Instinct MI300X", "gfx942", 304, 5325, "gfx942:304:5300", "mi300x"},
    {"AMD Instinct MI300X OAM", "gfx942", 304, 5325, "gfx942:304:5300", "mi300x"},
    {"AMD Instinct MI325X", "gfx942", 304, 6144, "gfx942:304:6000", "mi325x"},
    {"AMD Instinct MI350X", "gfx950", 256, 8192, "gfx950:256:8000", "mi350x"},
    {"AMD Instinct MI210", "gfx90a", 104, 1638, "gfx90a:104:1638", "mi210"},
    {"amd radeon rx 7900 xtx", "gfx1100", 96, 0, "gfx1100:96:960", "rx7900xtx"},
    /* A name that is whole needs no bandwidth to agree; words of it do. */
    {"AMD Radeon RX 7900 XTX", "gfx1100", 96, 120, "gfx1100:96:960", "rx7900xtx"},
    {"Radeon RX 7900 XTX", "gfx1100", 96, 120, "gfx1100:96:120", ""},
    /* Like one in the table, and another: the H100 NVL's memory, a GH200, half an H100 as a MIG instance. */
    {"NVIDIA H100 NVL", "sm_90a", 132, 3938, "sm_90a:132:3938", ""},
    {"NVIDIA GH200 480GB", "sm_90a", 132, 4023, "sm_90a:132:4023", ""},
    {"NVIDIA H100 80GB HBM3 MIG 3g.40gb", "sm_90a", 60, 3352, "sm_90a:60:3352", ""},
    {"AMD Instinct MI250", "gfx90a", 104, 1638, "gfx90a:104:1638", ""},
    {"Tesla T4", "sm_75", 40, 320, "sm_75:40:320", ""},
    {"H1000", "sm_90a", 132, 3350, "sm_90a:132:3350", ""},
};

static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct gpu_properties gpu = {.units = told[i].units,
                                     .wave_size = 32,
                                     .max_block_threads = 1024,
                                     .lds_bytes = 99 << 10,
                                     .clock_mhz = 1500,
                                     .l2_bytes = 6 << 20,
                                     .memory_bytes = 1 << 30,
                                     .bandwidth_gbps = told[i].bandwidth_gbps};
        struct device_info info;
        snprintf(gpu.name, sizeof gpu.name, "%s", told[i].name);
        snprintf(gpu.target, sizeof gpu.target, "%s", told[i].target);
        gpu_describe(&gpu, &info);
        assert_string_equal(info.class_text, told[i].class_text);
        assert_string_equal(info.device_class.nickname, told[i].nickname);
        assert_string_equal(info.name, told[i].name);
        assert_string_equal(info.device_class.product, told[i].name);
        /* The device's own word counts where it has one. */
        assert_int_equal(info.facts.value[DEVICE_FACT_lds_bytes], 99 << 10);
        assert_int_equal(info.device_class.lds_bytes, 99 << 10);
        assert_int_equal(info.facts.value[DEVICE_FACT_l2_bytes], 6 << 20);
        assert_true(info.llc_bytes >= 6 << 20);
        if (!*told[i].nickname) {
            assert_int_equal(info.llc_bytes, 6 << 20);
            assert_int_equal(info.device_class.clock_mhz, 1500);
        }
    }
}

/* Parts of a product: its share of bandwidth and arithmetic, and of the cache as memory is divided. */
static void test_partitions(void **state)
{
    static const struct {
        const char *name;
        uint32_t units, memory_parts;
        const char *class_text;
        double peak_f16;
        uint64_t llc_mib;
    } parts[] = {
        {"AMD Instinct MI300X", 304, 1, "gfx942:304:5300", 1307.4, 256},      /* SPX/NPS1 */
        {"AMD Instinct MI300X", 152, 1, "gfx942:152:2650", 1307.4 / 2, 256},  /* DPX/NPS1 */
        {"AMD Instinct MI300X", 76, 1, "gfx942:76:1325", 1307.4 / 4, 256},    /* QPX/NPS1 */
        {"AMD Instinct MI300X OAM", 38, 1, "gfx942:38:662", 1307.4 / 8, 256}, /* CPX/NPS1 */
        {"AMD Instinct MI300X", 38, 4, "gfx942:38:662", 1307.4 / 8, 64},      /* CPX/NPS4 */
        {"AMD Instinct MI300A", 76, 1, "gfx942:76:1766", 980.6 / 3, 256},     /* TPX/NPS1 */
        {"AMD Instinct MI325X", 38, 0, "gfx942:38:750", 1307.4 / 8, 256},     /* nothing is told */
        {"AMD Instinct MI300X", 60, 1, "gfx942:60:5325", 0, 4},               /* no part of 304 */
        {"AMD Instinct MI301X", 38, 1, "gfx942:38:5325", 0, 4},               /* a part of something else */
    };
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct gpu_properties gpu = {.units = parts[i].units,
                                     .target = "gfx942",
                                     .wave_size = 64,
                                     .max_block_threads = 1024,
                                     .lds_bytes = 64 << 10,
                                     .l2_bytes = 4 << 20,
                                     .bandwidth_gbps = 5325,
                                     .may_be_part = true,
                                     .memory_parts = parts[i].memory_parts};
        struct device_info info;
        snprintf(gpu.name, sizeof gpu.name, "%s", parts[i].name);
        gpu_describe(&gpu, &info);
        assert_string_equal(info.class_text, parts[i].class_text);
        assert_float_equal(info.device_class.peak_tflops[DTYPE_F16], parts[i].peak_f16, 1e-3);
        assert_int_equal(info.llc_bytes, parts[i].llc_mib << 20);
    }
}

/* What both drivers call out of memory, an illegal address, ... */
static void test_errors(void **state)
{
    (void)state;
    assert_int_equal(gpu_error_find(2)->status, STATUS_NO_MEMORY);
    assert_false(gpu_error_find(2)->fatal);
    assert_int_equal(gpu_error_find(100)->status, STATUS_UNAVAILABLE);
    assert_int_equal(gpu_error_find(700)->fault, DEVICE_FAULT_OUT_OF_BOUNDS);
    assert_int_equal(gpu_error_find(716)->fault, DEVICE_FAULT_MISALIGNED);
    assert_int_equal(gpu_error_find(719)->fault, DEVICE_FAULT_OTHER);
    assert_true(gpu_error_find(719)->fatal);
    assert_int_equal(gpu_error_find(1)->status, STATUS_BAD_DATA);
    assert_int_equal(gpu_error_find(123456)->fault, DEVICE_FAULT_NONE);
    assert_false(gpu_error_find(123456)->fatal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classes), cmocka_unit_test(test_partitions),
                                       cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
