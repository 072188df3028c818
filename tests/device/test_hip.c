/* device_hip on fake libamdhip64.so's that the emulator stands behind: one of ROCm 5 and one of ROCm 6. */
#include <elf.h>
#include "tests/device/gpu_cases.h"
#include "tests/device/gpu_failures.h"
#include "tests/device/gpu_gemm.h"

const struct gpu_names gpu = {
    .backend = "hip",
    .library = "libamdhip64.so.5",
    .newer_library = "libamdhip64.so.6",
    .out_of_memory = "hipErrorOutOfMemory",
    .illegal_address = "hipErrorIllegalAddress",
    .launch_failed = "hipErrorLaunchFailure",
    .allocate = "hipMalloc",
    .synchronize = "hipStreamSynchronize",
    .allocate_symbol = "hipMalloc",
    .synchronize_symbol = "hipStreamSynchronize",
    .pin_symbol = "hipHostMalloc",
    .send_symbol = "hipMemcpyAsync",
};

/* With the name and numbers that the runtime tells of an MI300X. */
static void test_info(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    char lines[512];
    (void)state;
    assert_string_equal(api->compiler, "hiprtc");
    assert_ok(api->open(0, NULL, &device));
    const struct device_info *info = api->info(device);
    assert_string_equal(info->name, "AMD Instinct MI300X OAM");
    assert_string_equal(info->device_class.target, "gfx942");
    assert_string_equal(info->class_text, "gfx942:304:5300");
    assert_string_equal(info->device_class.nickname, "mi300x");
    assert_int_equal(info->llc_bytes, 256 << 20);
    const int64_t *fact = info->facts.value;
    assert_int_equal(fact[DEVICE_FACT_units], 304);
    assert_int_equal(fact[DEVICE_FACT_lds_bytes], 64 << 10);
    assert_int_equal(fact[DEVICE_FACT_wave_size], 64);
    assert_int_equal(fact[DEVICE_FACT_max_block_threads], 1024);
    assert_int_equal(fact[DEVICE_FACT_l2_bytes], 4 << 20);
    assert_ok(api->environment(device, lines, sizeof lines));
    assert_non_null(strstr(lines, "hip_runtime="));
    assert_non_null(strstr(lines, "hip_target=gfx942:sramecc+:xnack-\n"));
    api->close(device);
    api->close(NULL);
}

/* A Radeon: another wave, no features behind the name of the architecture, and compute units that HIP counts
 * in pairs unless it is told not to make any. */
static void test_radeon(void **state)
{
    const struct device_api *api = device_find("hip");
    (void)state;
    for (int pairs = 1; pairs >= 0; pairs--) {
        struct device *device;
        setenv("GPU_ENABLE_WGP_MODE", pairs ? "1" : "0", 1);
        assert_ok(api->open(0, NULL, &device));
        const struct device_info *info = api->info(device);
        assert_string_equal(info->class_text, "gfx1100:96:960");
        assert_int_equal(info->facts.value[DEVICE_FACT_units], 96);
        assert_int_equal(info->facts.value[DEVICE_FACT_wave_size], 32);
        api->close(device);
    }
}

static void test_cooperative(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "meet");
    step.cooperative = true;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(*(unsigned *)bench.workspace, BLOCKS);
    bench_close(&bench);
}

/* ROCm 5.2 cannot do it for code that is loaded from memory; clusters no AMD GPU here has. */
static void test_not_supported(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.cooperative = true;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_UNAVAILABLE, "hipErrorNotSupported");
    step.cooperative = false;
    step.cluster[1] = 2;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_UNAVAILABLE, "cluster 1x2x1");
    bench_close(&bench);
}

/* The thread's own device stays what it was. */
static void test_current_device(void **state)
{
    struct bench bench;
    unsigned (*set)(int), (*get)(int *);
    int current;
    (void)state;
    *(void **)&set = fake_symbol("hipSetDevice");
    *(void **)&get = fake_symbol("hipGetDevice");
    assert_int_equal(set(1), 0);
    bench_open(&bench, 0);
    assert_ok(bench_run(&bench, "turn"));
    assert_int_equal(get(&current), 0);
    assert_int_equal(current, 1);
    bench_close(&bench);
    assert_int_equal(get(&current), 0);
    assert_int_equal(current, 1);
    assert_int_equal(fake_living(), 0);
}

/* HIP has no number for it. */
static void test_crooked(void **state)
{
    (void)state;
    check_fault("crooked", false, DEVICE_FAULT_OTHER);
}

/* With Debian's library or none: no GPU in either case, and a line that says so. */
static void test_no_driver(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    uint32_t n;
    (void)state;
    if (access("/dev/kfd", F_OK) == 0) return; /* this machine may have one */
    assert_int_equal(api->count(&n), STATUS_UNAVAILABLE);
    assert_true(strstr(status_message(), "no ROCm runtime: install") ||
                strstr(status_message(), "no GPU here"));
    assert_int_equal(api->open(0, NULL, &device), STATUS_UNAVAILABLE);
}

/* ROCm 5.2 has the functions and no device that can. */
static void test_no_ordered_memory(void **state)
{
    struct bench bench;
    void *memory;
    (void)state;
    bench_open(&bench, 0);
    assert_fails(gpu_allocate_ordered(bench.device, NULL, 64, &memory), STATUS_UNAVAILABLE,
                 "no memory pools");
    bench_close(&bench);
}

/* An object's header as clang writes it for AMD's GPUs. */
static Elf64_Ehdr header_of(unsigned machine, unsigned abi, unsigned flags)
{
    Elf64_Ehdr header = {.e_machine = (Elf64_Half)machine, .e_flags = flags};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_OSABI] = 64;
    header.e_ident[EI_ABIVERSION] = (unsigned char)abi;
    return header;
}

struct refused {
    unsigned machine, abi, flags;
    enum status status;
    const char *words;
};

static void check_refused(const struct refused *cases, size_t n)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    struct device_module *module;
    assert_ok(api->open(0, NULL, &device));
    for (size_t i = 0; i < n; i++) {
        Elf64_Ehdr header = header_of(cases[i].machine, cases[i].abi, cases[i].flags);
        fake_control("features=sramecc+:xnack-");
        assert_fails(api->load(device, &header, sizeof header, &module), cases[i].status, cases[i].words);
        bool seen = fake_calls("hipModuleLoadData") > 0;
        assert_int_equal(seen, strstr(cases[i].words, "hipModuleLoadData") != NULL);
    }
    api->close(device);
    assert_int_equal(fake_living(), 0);
}

/* What is not this device's the driver does not get to see; what nobody here can judge it does. */
static void test_other_code(void **state)
{
    static const struct refused cases[] = {
        {224, 3, 0x53f, STATUS_BAD_DATA, "the code object is for gfx90a; AMD Instinct MI300X is gfx942"},
        {224, 3, 0x54f, STATUS_BAD_DATA, "for gfx950;"},
        {224, 3, 0x41, STATUS_BAD_DATA, "for gfx1100;"},
        {224, 3, 0x74c, STATUS_BAD_DATA, "for xnack+, and AMD Instinct MI300X (gfx942) is set to xnack-"},
        {224, 3, 0x94c, STATUS_BAD_DATA, "for sramecc-, and AMD Instinct MI300X (gfx942) is set to sramecc+"},
        {190, 8, 0x5a, STATUS_BAD_DATA, "for an NVIDIA GPU; AMD Instinct MI300X is gfx942"},
        {224, 3, 0x54c, STATUS_BAD_DATA, "hipModuleLoadData of a code object of 64 bytes"}, /* any setting */
        {224, 3, 0xe4c, STATUS_BAD_DATA, "hipModuleLoadData of a code object of 64 bytes"}, /* this one */
        {224, 4, 0x5fe, STATUS_BAD_DATA, "hipModuleLoadData of a code object of 64 bytes"}, /* unknown */
        {62, 0, 0, STATUS_BAD_DATA, "hipModuleLoadData of a code object of 64 bytes"},
    };
    (void)state;
    check_refused(cases, sizeof cases / sizeof *cases);
}

static void test_other_code_rocm5(void **state)
{
    static const struct refused cases[] = {
        {224, 3, 0x54c, STATUS_UNAVAILABLE, "version 5 needs ROCm 5.3; this runtime is HIP 5.2"},
        {224, 4, 0x54c, STATUS_UNAVAILABLE, "version 6 needs ROCm 6.3; this runtime is HIP 5.2"},
        {224, 2, 0x54c, STATUS_BAD_DATA, "hipModuleLoadData of a code object"},
    };
    (void)state;
    check_refused(cases, sizeof cases / sizeof *cases);
}

/* By either library, with the structs of each version. */
static void test_telemetry(void **state)
{
    static const char *const said[] = {
        "clock=1987;temperature=55;power=650",
        "clock=1987;temperature=55;power=650;average",
        "clock=1987;temperature=55;power=650;rocm=7",
        "clock=1987;temperature=55;power=650;no_amd_smi",
        "clock=1987;temperature=55;power=650;no_amd_smi;rocm=6",
        "clock=1987;temperature=55;power=650;no_amd_smi;rocm=6;sleep;average",
    };
    const struct device_api *api = device_find("hip");
    struct device *device;
    struct device_telemetry now;
    (void)state;
    assert_ok(api->open(0, NULL, &device));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        setenv("TUNEBOOK_FAKE_SMI", said[i], 1);
        assert_ok(api->telemetry(device, &now));
        if (now.clock_mhz != 1987 || now.temperature_c != 55 || now.power_w != 650)
            fail_msg("%s: %u MHz, %u C, %u W", said[i], now.clock_mhz, now.temperature_c, now.power_w);
        assert_int_equal(now.foreign_load_permille, 0);
    }
    setenv("TUNEBOOK_FAKE_SMI", "temperature=40", 1); /* the rest it does not tell */
    assert_ok(api->telemetry(device, &now));
    assert_int_equal(now.clock_mhz + now.power_w, 0);
    setenv("TUNEBOOK_FAKE_SMI", "no_amd_smi;no_rocm_smi", 1);
    assert_fails(api->telemetry(device, &now), STATUS_UNAVAILABLE, "rsmi_init: error 8");
    api->close(device);
}

/* An eighth of an MI300X, as the runtime tells it: the bus is still the whole one's. */
static void test_partition(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    (void)state;
    assert_ok(api->open(0, NULL, &device));
    const struct device_info *info = api->info(device);
    assert_string_equal(info->class_text, "gfx942:38:662");
    assert_int_equal(info->facts.value[DEVICE_FACT_units], 38);
    assert_int_equal(info->facts.value[DEVICE_FACT_bandwidth_gbps], 662);
    api->close(device);
}

static void test_each_failure(void **state)
{
    static const char *const symbols[] = {"hipGetDeviceCount",
                                          "hipDeviceGetAttribute",
                                          "hipDeviceGetName",
                                          "hipDeviceTotalMem",
                                          "hipGetDeviceProperties",
                                          "hipRuntimeGetVersion",
                                          "hipModuleLoadData",
                                          "hipModuleGetFunction",
                                          "hipMalloc",
                                          "hipMemsetAsync",
                                          "hipMemcpy",
                                          "hipEventCreateWithFlags",
                                          "hipEventRecord",
                                          "hipEventSynchronize",
                                          "hipEventElapsedTime",
                                          "hipModuleLaunchKernel",
                                          "hipStreamSynchronize",
                                          "hipStreamCreateWithFlags",
                                          "hipStreamBeginCapture",
                                          "hipStreamEndCapture",
                                          "hipGraphInstantiateWithFlags",
                                          "hipGraphLaunch"};
    (void)state;
    check_each_failure(symbols, sizeof symbols / sizeof *symbols, "hipErrorUnknown");
}

#define MI300X "name=AMD Instinct MI300X OAM;memory_clock_khz=1300000;bus_bits=8192"
static const struct gpu_case cases[] = {
    {"info", test_info, "hip", MI300X, GPU_PASSES},
    {"info_rocm6", test_info, "hip6", MI300X, GPU_PASSES},
    {"radeon", test_radeon, "hip6", "target=rx7900xtx;memory_clock_khz=1249000;bus_bits=384", GPU_PASSES},
    {"launch", test_launch, "hip", "", GPU_PASSES},
    {"nothing_before_waiting", test_nothing_before_waiting, "hip", "", GPU_PASSES},
    {"graph", test_graph, "hip", "", GPU_PASSES},
    {"graph_spoilt", test_graph_spoilt, "hip", "", GPU_PASSES},
    {"alignment", test_alignment, "hip", "", GPU_PASSES},
    {"out_of_memory", test_out_of_memory, "hip", "memory=1048576", GPU_PASSES},
    {"long_upload", test_long_upload, "hip", "", GPU_PASSES},
    {"long_upload_fails", test_long_upload_fails, "hip", "", GPU_PASSES},
    {"ordered_memory", test_ordered_memory, "hip6", "", GPU_PASSES},
    {"no_ordered_memory", test_no_ordered_memory, "hip", "", GPU_PASSES},
    {"other_code", test_other_code, "hip6", "features=sramecc+:xnack-", GPU_PASSES},
    {"other_code_rocm5", test_other_code_rocm5, "hip", "", GPU_PASSES},
    {"telemetry", test_telemetry, "hip", "", GPU_PASSES},
    {"partition", test_partition, "hip6", MI300X ";units=38", GPU_PASSES},
    {"two_devices", test_two_devices, "hip", "devices=2", GPU_PASSES},
    {"current_device", test_current_device, "hip", "devices=2", GPU_PASSES},
    {"cooperative", test_cooperative, "hip6", "", GPU_PASSES},
    {"not_supported", test_not_supported, "hip", "", GPU_PASSES},
    {"bad_code", test_bad_code, "hip", "", GPU_PASSES},
    {"bad_launch", test_bad_launch, "hip", "", GPU_PASSES},
    {"fault_later", test_fault_later, "hip", "async=hipErrorIllegalAddress after 2 launches", GPU_PASSES},
    {"lost", test_lost, "hip", "lose=after 2 launches", GPU_PASSES},
    {"stray", test_stray, "hip", "", GPU_PASSES},
    {"crooked", test_crooked, "hip", "", GPU_PASSES},
    {"host_pointer", test_host_pointer, "hip", "", GPU_PASSES},
    {"fork", test_fork, "hip", "", GPU_PASSES},
    {"hang", test_hang, "hip", "", GPU_HANGS},
    {"each_failure", test_each_failure, "hip", "", GPU_PASSES},
    {"gemm_simt", test_gemm_simt, "hip", "", GPU_PASSES},
    {"no_device", test_no_device, "hip", "devices=0", GPU_PASSES},
    {"no_driver", test_no_driver, NULL, "", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main(argc, argv, cases, sizeof cases / sizeof *cases, "gfx942");
}
