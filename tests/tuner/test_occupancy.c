/* Occupancy and the metadata of code objects, held to what clang itself says of a range of kernels
 * (-Rpass-analysis=kernel-resource-usage), on every AMD target; NVIDIA's rows to its occupancy calculator. */
#include "tests/tuner/gpu_compilers.h"

#include "tuner/base/file.h"
#include "tuner/code/occupancy.h"
#include "tuner/compile/amdgpu_notes.h"
#include "tuner/compile/clang_search.h"
#include "tuner/compile/subprocess.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

/* A kernel of each: how many threads, the highest register it touches, bytes of LDS. */
static const struct wish {
    unsigned threads, vectors, accumulators, scalars, shared_bytes;
} wishes[] = {
    {256, 4, 0, 0, 0},      {256, 24, 0, 0, 0},       {256, 63, 0, 0, 0},      {256, 71, 0, 0, 0},
    {256, 72, 0, 0, 0},     {256, 95, 0, 0, 0},       {256, 96, 0, 0, 0},      {256, 119, 0, 0, 0},
    {256, 120, 0, 0, 0},    {256, 127, 0, 0, 0},      {256, 128, 0, 0, 0},     {256, 143, 0, 0, 0},
    {256, 167, 0, 0, 0},    {256, 168, 0, 0, 0},      {256, 191, 0, 0, 0},     {256, 192, 0, 0, 0},
    {256, 215, 0, 0, 0},    {256, 239, 0, 0, 0},      {256, 240, 0, 0, 0},     {256, 255, 0, 0, 0},
    {64, 255, 127, 0, 0},   {64, 255, 255, 0, 0},     {256, 60, 3, 0, 0},      {256, 61, 63, 0, 0},
    {128, 127, 127, 0, 0},  {256, 4, 0, 79, 0},       {256, 4, 0, 90, 0},      {256, 4, 0, 95, 0},
    {256, 4, 0, 101, 0},    {32, 4, 0, 0, 0},         {64, 4, 0, 0, 2048},     {64, 4, 0, 0, 20480},
    {128, 4, 0, 0, 4096},   {192, 4, 0, 0, 10240},    {256, 4, 0, 0, 10240},   {256, 4, 0, 0, 20480},
    {256, 4, 0, 0, 30720},  {256, 4, 0, 0, 40960},    {256, 4, 0, 0, 61440},   {256, 127, 0, 0, 20480},
    {320, 63, 0, 0, 10240}, {512, 100, 0, 0, 61440},  {512, 127, 0, 0, 30720}, {1024, 63, 0, 0, 0},
    {1024, 4, 0, 0, 61440}, {1024, 127, 0, 0, 40960}, {64, 255, 0, 0, 61440},  {32, 4, 0, 0, 61440},
};

/* What a remark says of one kernel. */
struct said {
    bool any;
    unsigned scalars, vectors, accumulators, scratch, occupancy, scalar_spills, vector_spills, shared_bytes;
};

static void write_source(struct text *out)
{
    text_append(out, "#define KERNEL(threads) extern \"C\" __attribute__((global, "
                     "amdgpu_flat_work_group_size(threads, threads))) void\n");
    for (size_t i = 0; i < N_OF(wishes); i++) {
        const struct wish *wish = &wishes[i];
        text_format(out, "KERNEL(%u) kernel%zu(char *x, unsigned long y) {\n", wish->threads, i);
        if (wish->shared_bytes)
            text_format(out,
                        "    static __attribute__((shared)) volatile char shared[%u];\n"
                        "    shared[y %% %u] = 1; *x = shared[(y + 1) %% %u];\n",
                        wish->shared_bytes, wish->shared_bytes, wish->shared_bytes);
        text_format(out, "    asm volatile(\"\" ::: \"v%u\");\n", wish->vectors);
        if (wish->scalars) text_format(out, "    asm volatile(\"\" ::: \"s%u\");\n", wish->scalars);
        if (wish->accumulators)
            text_format(out,
                        "#if defined(__gfx90a__) || defined(__gfx942__) || defined(__gfx950__)\n"
                        "    asm volatile(\"\" ::: \"a%u\");\n#endif\n",
                        wish->accumulators);
        text_append(out, "}\n");
    }
    /* one that spills: more values at once than a block of 1024 can have registers for */
    text_append(out, "KERNEL(1024) spills(float *x) {\n"
                     "    float y[220];\n"
                     "    x += __builtin_amdgcn_workitem_id_x();\n"
                     "    _Pragma(\"unroll\") for (int i = 0; i < 220; i++) {\n"
                     "        y[i] = x[i];\n"
                     "        asm volatile(\"\" : \"+v\"(y[i]));\n"
                     "    }\n"
                     "    _Pragma(\"unroll\") for (int i = 0; i < 220; i++) x[i] = y[i];\n"
                     "}\n");
}

/* The kernel a remark is about, NULL if it is no wish's. */
static struct said *said_of(struct said *said, const char *name)
{
    unsigned i;
    return sscanf(name, "kernel%u", &i) == 1 && i < N_OF(wishes) ? &said[i]
           : strncmp(name, "spills", 6) == 0                     ? &said[N_OF(wishes)]
                                                                 : NULL;
}

static void read_remarks(const char *text, struct said *said)
{
    struct said *now = NULL;
    for (const char *at = text; (at = strstr(at, "remark: ")) != NULL;) {
        at += strlen("remark: ");
        while (*at == ' ') at++;
        const char *colon = strchr(at, ':');
        if (!colon) break;
        if (text_starts_with(at, "Function Name")) {
            now = said_of(said, colon + 2);
            if (now) now->any = true;
        }
        if (!now) continue;
        const struct {
            const char *name;
            unsigned *to;
        } lines[] = {{"TotalSGPRs", &now->scalars},        {"VGPRs:", &now->vectors},
                     {"AGPRs:", &now->accumulators},       {"ScratchSize", &now->scratch},
                     {"Occupancy", &now->occupancy},       {"SGPRs Spill", &now->scalar_spills},
                     {"VGPRs Spill", &now->vector_spills}, {"LDS Size", &now->shared_bytes}};
        for (size_t i = 0; i < N_OF(lines); i++)
            if (text_starts_with(at, lines[i].name)) *lines[i].to = (unsigned)strtoul(colon + 1, NULL, 10);
    }
}

static bool ask_clang(const char *target, struct said *said, struct text *code)
{
    static const char *const fixed[] = {"-x",
                                        "hip",
                                        "-std=c++17",
                                        "-O3",
                                        "--cuda-device-only",
                                        "-nogpuinc",
                                        "-nogpulib",
                                        "-nostdinc",
                                        "--no-gpu-bundle-output",
                                        "-mcode-object-version=5",
                                        "-Rpass-analysis=kernel-resource-usage",
                                        "-o"};
    struct clang_search search = {0};
    struct text path = {0}, source = {0}, output = {0};
    char arch[64], object[128];
    const char *argv[32];
    size_t n = 0;
    int ended = 1;
    if (!is_here("clang", target)) return false;
    snprintf(arch, sizeof arch, "--offload-arch=%s", target);
    snprintf(object, sizeof object, "%s/%s.o", folder, target);
    write_source(&source);
    while (ended && clang_next(&search, &path) == STATUS_OK) { /* the first that makes the target */
        n = 0;
        argv[n++] = text_string(&path);
        argv[n++] = arch;
        for (size_t i = 0; i < N_OF(fixed); i++) argv[n++] = fixed[i];
        argv[n++] = object;
        argv[n++] = "-";
        argv[n] = NULL;
        struct subprocess process = {argv, text_string(&source), source.size, 4 << 20, 120000};
        text_clear(&output);
        assert_ok(subprocess_run(&process, &output, &ended));
    }
    if (ended) fail_msg("%s: %s", target, text_string(&output));
    read_remarks(text_string(&output), said);
    assert_ok(file_read(object, 64 << 20, code));
    text_free(&path);
    text_free(&source);
    text_free(&output);
    return true;
}

static const char *const amd_targets[] = {"gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "gfx1250"};

/* clang's number: waves of the registers, or of the blocks that fit besides, spread over the SIMDs. */
static unsigned clang_counts(const struct occupancy *occupancy)
{
    uint64_t blocks = occupancy->blocks_by[OCCUPANCY_SHARED];
    if (occupancy->blocks_by[OCCUPANCY_WAVES] < blocks) blocks = occupancy->blocks_by[OCCUPANCY_WAVES];
    if (occupancy->blocks_by[OCCUPANCY_BLOCKS] < blocks) blocks = occupancy->blocks_by[OCCUPANCY_BLOCKS];
    uint64_t waves = (blocks * occupancy->waves_per_block + occupancy->simds - 1) / occupancy->simds;
    return (unsigned)(waves < occupancy->waves_by_registers ? waves : occupancy->waves_by_registers);
}

static void check_kernel(const char *target, const struct wish *wish, const struct said *said,
                         const struct code_resources *resources)
{
    struct occupancy occupancy;
    struct occupancy_request request = {target, resources->registers, resources->scalar_registers,
                                        resources->shared_bytes, wish->threads};
    assert_ok(occupancy_of(&request, &occupancy));
    if (clang_counts(&occupancy) != said->occupancy)
        fail_msg("%s, %u threads, %u registers, %u scalar ones, %u bytes: %u waves, clang says %u", target,
                 wish->threads, resources->registers, resources->scalar_registers, resources->shared_bytes,
                 clang_counts(&occupancy), said->occupancy);
    assert_true(occupancy.blocks <= occupancy.blocks_by[occupancy.limit]);
}

static void check_numbers(const char *target, const char *name, const struct said *said,
                          const struct code_resources *resources)
{
    unsigned base = (said->vectors + 3) / 4 * 4; /* where accumulators begin */
    unsigned total = said->accumulators ? base + said->accumulators : said->vectors;
    if (!said->any) fail_msg("%s: clang says nothing of %s", target, name);
    if (resources->registers != total || resources->accumulators != said->accumulators ||
        resources->scalar_registers != said->scalars || resources->shared_bytes != said->shared_bytes ||
        resources->private_bytes != said->scratch || resources->scalar_spills != said->scalar_spills ||
        resources->spill_bytes != 4 * said->vector_spills)
        fail_msg(
            "%s %s: registers %u (%u), accumulators %u (%u), scalar %u (%u), LDS %u (%u), scratch %u (%u), "
            "spills %u (%u), %u (%u)",
            target, name, resources->registers, total, resources->accumulators, said->accumulators,
            resources->scalar_registers, said->scalars, resources->shared_bytes, said->shared_bytes,
            resources->private_bytes, said->scratch, resources->spill_bytes / 4, said->vector_spills,
            resources->scalar_spills, said->scalar_spills);
}

static void as_clang_says(void **state)
{
    (void)state;
    for (size_t t = 0; t < N_OF(amd_targets); t++) {
        const char *target = amd_targets[t], *found = NULL;
        struct said said[N_OF(wishes) + 1] = {{0}};
        struct code_resources resources, most;
        struct text code = {0};
        if (!ask_clang(target, said, &code)) continue;
        for (size_t i = 0; i < N_OF(wishes); i++) {
            char name[32];
            snprintf(name, sizeof name, "kernel%zu", i);
            assert_ok(amdgpu_kernel_resources(code.data, code.size, name, &resources));
            check_numbers(target, name, &said[i], &resources);
            check_kernel(target, &wishes[i], &said[i], &resources);
            assert_int_equal(resources.max_block_threads, wishes[i].threads);
            assert_int_equal(resources.wave_size, gpu_target_find(target)->wave_size);
        }
        assert_ok(amdgpu_kernel_resources(code.data, code.size, "spills", &resources));
        check_numbers(target, "spills", &said[N_OF(wishes)], &resources);
        assert_true(resources.spill_bytes > 0 && resources.private_bytes >= resources.spill_bytes);
        assert_ok(amdgpu_inspect(code.data, code.size, &most));
        assert_int_equal(most.max_block_threads, 1024);
        assert_int_equal(most.shared_bytes, 61440);
        assert_int_equal(most.spill_bytes, resources.spill_bytes);
        assert_true(most.registers >= 256);
        assert_int_equal(amdgpu_kernel_resources(code.data, code.size, "kernel", &most), STATUS_NOT_FOUND);
        assert_ok(amdgpu_code_target(code.data, code.size, &found));
        assert_string_equal(found, target);
        text_free(&code);
    }
}

/* LDS is handed out in granules, which clang's remark leaves out: of 32768 bytes five blocks would fit into
 * gfx950's 163840, but each takes 33280. */
static void shared_memory_comes_in_granules(void **state)
{
    (void)state;
    const struct {
        const char *target;
        uint32_t shared_bytes, blocks;
    } cases[] = {{"gfx950", 32768, 4}, {"gfx950", 32000, 5}, {"gfx942", 21504, 3},  {"gfx942", 21505, 2},
                 {"gfx942", 65536, 1}, {"gfx942", 65537, 0}, {"gfx1100", 65536, 2}, {"gfx1250", 327680, 1}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct occupancy occupancy;
        struct occupancy_request request = {cases[i].target, 32, 0, cases[i].shared_bytes, 256};
        assert_ok(occupancy_of(&request, &occupancy));
        assert_int_equal(occupancy.blocks, cases[i].blocks);
        assert_int_equal(occupancy.limit, OCCUPANCY_SHARED);
    }
}

/* NVIDIA's own calculator (CUDA occupancy API and spreadsheet): registers, shared bytes, threads, blocks. */
static void nvidia(void **state)
{
    (void)state;
    const struct {
        const char *target;
        uint32_t registers, shared_bytes, threads, blocks;
        enum occupancy_limit limit;
    } cases[] = {{"sm_80", 32, 0, 256, 8, OCCUPANCY_WAVES},
                 {"sm_80", 255, 0, 256, 1, OCCUPANCY_REGISTERS},
                 {"sm_80", 128, 0, 256, 2, OCCUPANCY_REGISTERS},
                 {"sm_80", 65, 0, 128, 7, OCCUPANCY_REGISTERS},
                 {"sm_80", 32, 81920, 128, 2, OCCUPANCY_SHARED},
                 {"sm_80", 32, 82944, 128, 2, OCCUPANCY_SHARED},
                 {"sm_80", 32, 83072, 128, 1, OCCUPANCY_SHARED},
                 {"sm_80", 32, 0, 32, 32, OCCUPANCY_BLOCKS},
                 {"sm_86", 32, 0, 32, 16, OCCUPANCY_BLOCKS},
                 {"sm_89", 32, 0, 32, 24, OCCUPANCY_BLOCKS},
                 {"sm_86", 32, 0, 256, 6, OCCUPANCY_WAVES},
                 {"sm_86", 32, 50176, 128, 2, OCCUPANCY_SHARED},
                 {"sm_90a", 168, 231424, 384, 1, OCCUPANCY_REGISTERS},
                 {"sm_90a", 64, 115712, 256, 2, OCCUPANCY_SHARED},
                 {"sm_100a", 255, 0, 1024, 0, OCCUPANCY_REGISTERS},
                 {"sm_120a", 40, 0, 128, 12, OCCUPANCY_WAVES}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct occupancy occupancy;
        struct occupancy_request request = {cases[i].target, cases[i].registers, 0, cases[i].shared_bytes,
                                            cases[i].threads};
        assert_ok(occupancy_of(&request, &occupancy));
        if (occupancy.blocks != cases[i].blocks || occupancy.limit != cases[i].limit)
            fail_msg("case %zu: %u blocks, limit %d", i, occupancy.blocks, (int)occupancy.limit);
    }
}

static void words(void **state)
{
    (void)state;
    struct occupancy occupancy;
    struct occupancy_request request = {"gfx942", 200, 0, 32768, 256};
    char line[160];
    assert_ok(occupancy_of(&request, &occupancy));
    occupancy_print(&request, &occupancy, line, sizeof line);
    assert_string_equal(line, "2 waves per SIMD (2 blocks of 4 waves per CU), limited by registers");
    request = (struct occupancy_request){"gfx942", 300, 0, 0, 512};
    assert_ok(occupancy_of(&request, &occupancy));
    occupancy_print(&request, &occupancy, line, sizeof line);
    assert_string_equal(line, "no block fits: its 8 waves need more registers than a CU has");
    request = (struct occupancy_request){"gfx1100", 96, 0, 65536, 128};
    assert_ok(occupancy_of(&request, &occupancy));
    occupancy_print(&request, &occupancy, line, sizeof line);
    assert_string_equal(line, "2 waves per SIMD (2 blocks of 4 waves per WGP), limited by LDS");
    assert_true(occupancy_blocks_per_unit("gfx1100", 96, 65536, 128) == 1.0);
    assert_true(occupancy_blocks_per_unit("gfx942", 300, 0, 512) == 0.0);
    assert_true(occupancy_blocks_per_unit("gfx908", 32, 0, 64) < 0);
    request.target = "gfx908";
    assert_int_equal(occupancy_of(&request, &occupancy), STATUS_NOT_COVERED);
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t i = 0; i < n; i++) { /* every target has a row, and its largest block's LDS fits */
        request = (struct occupancy_request){targets[i].name, 32, 0, targets[i].lds_bytes, 64};
        assert_ok(occupancy_of(&request, &occupancy));
        assert_true(occupancy.blocks >= 1);
    }
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_clang_says),
        cmocka_unit_test(shared_memory_comes_in_granules),
        cmocka_unit_test(nvidia),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("occupancy", tests, make_folder, remove_folder);
}
