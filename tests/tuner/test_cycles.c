/* The sum of a main loop: listings of our own kernels as llvm-objdump 22 prints them, the table of matrix
 * instructions against AMD's and LLVM's, banks against what is known of them, and a count of real conflicts.
 */
#include "tests/tuner/gpu_compilers.h"

#include <dirent.h>
#include "tuner/base/file.h"
#include "tuner/code/cycles.h"
#include "tuner/code/objdump.h"
#include "tuner/compile/subprocess.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

/* Two nested loops; the inner one of tests/tuner/gpu/loop.hip for gfx942, a little shortened. */
static const char golden[] =
    "\n-:\tfile format elf64-amdgpu\n\nDisassembly of section .text:\n\n"
    "0000000000001600 <product>:\n"
    "\ts_load_dword s2, s[0:1], 0x10                              // 000000001600: C0020080 00000010\n"
    "\tv_mov_b32_e32 v35, 0                                       // 000000001608: 7E460280\n"
    "\tglobal_load_dwordx4 v[38:41], v[38:39], off                // 0000000016C0: DC5C8000 267F0026\n"
    "\tbuffer_load_dword v3, s[4:7], 0 offen lds                  // 0000000016C8: E0511000 80010003\n"
    "\ts_barrier                                                  // 0000000016D0: BF8A0000\n"
    "\ts_add_i32 s2, s2, -1                                       // 0000000016D4: 8102C102\n"
    "\tv_add_u32_e32 v34, 0x100, v34                              // 0000000016D8: 684444FF 00000100\n"
    "\tv_exp_f32_e32 v33, v34                                     // 0000000016E0: 7E424122\n"
    "\ts_waitcnt vmcnt(0)                                         // 0000000016E4: BF8C0F70\n"
    "\tds_write_b128 v1, v[38:41]                                 // 0000000016E8: D9BE0000 00002601\n"
    "\tds_read_b128 v[38:41], v36                                 // 0000000016F0: D9FE0000 26000024\n"
    "\tds_read2_b32 v[42:43], v36 offset1:1                       // 0000000016F8: D86E0100 2A000024\n"
    "\ts_cbranch_scc1 1                                           // 000000001700: BF850001 <product+0x108>\n"
    "\tds_bpermute_b32 v2, v3, v4                                 // 000000001704: D87E0000 02000403\n"
    "\tv_mfma_f32_32x32x8_f16 v[2:17], v[38:39], v[42:43], v[2:17]// 000000001710: D3CC0002 040A5526\n"
    "\tv_mfma_f32_16x16x16_f16 a[0:3], v[40:41], v[44:45], a[0:3] // 000000001718: D3CD0012 044A5928\n"
    "\ts_cbranch_scc0 65520                                       // 000000001720: BF84FFF0 <product+0xc0>\n"
    "\ts_nop 8                                                    // 000000001724: BF800008\n"
    "\ts_cbranch_scc0 65500                                       // 000000001728: BF84FFDC <product>\n"
    "\ts_endpgm                                                   // 00000000172C: BF810000\n"
    "0000000000001800 <other>:\n"
    "\tv_mfma_f32_32x32x8_f16 v[2:17], v[38:39], v[42:43], v[2:17]// 000000001800: D3CC0002 040A5526\n"
    "\ts_branch 65533                                             // 000000001808: BF82FFFD <other>\n";

static void listings_are_read(void **state)
{
    (void)state;
    struct listing listing;
    assert_ok(listing_read(golden, sizeof golden - 1, "product", &listing));
    assert_int_equal(listing.n, 20);
    assert_string_equal(listing.items[2].name, "global_load_dwordx4");
    assert_int_equal(listing.items[2].address, 0x16c0);
    assert_int_equal(listing.items[2].operand_bytes, strlen("v[38:41], v[38:39], off"));
    assert_memory_equal(listing.items[2].operands, "v[38:41], v[38:39], off", listing.items[2].operand_bytes);
    assert_false(listing.items[2].jumps);
    assert_true(listing.items[16].jumps && listing.items[18].jumps);
    assert_int_equal(listing.items[16].target, 0x16c0);
    assert_int_equal(listing.items[18].target, 0x1600);
    listing_free(&listing);
    assert_ok(listing_read(golden, sizeof golden - 1, NULL, &listing));
    assert_int_equal(listing.n, 22);
    assert_int_equal(listing.items[21].target, 0x1800);
    listing_free(&listing);
    assert_int_equal(listing_read(golden, sizeof golden - 1, "prod", &listing), STATUS_NOT_FOUND);
    listing_free(&listing);
}

static struct main_loop loop_of(const char *text, const char *entry, const char *target)
{
    struct listing listing;
    struct main_loop loop;
    assert_ok(listing_read(text, strlen(text), entry, &listing));
    assert_ok(main_loop_find(target, &listing, &loop));
    listing_free(&listing);
    return loop;
}

static void the_inner_loop_is_summed(void **state)
{
    (void)state;
    struct main_loop loop = loop_of(golden, "product", "gfx942");
    assert_int_equal(loop.begin, 0x16c0);
    assert_int_equal(loop.end, 0x1720);
    assert_int_equal(loop.instructions, 15);
    assert_int_equal(loop.branches, 1);
    assert_int_equal(loop.counts[INSTRUCTION_MATRIX], 2);
    assert_int_equal(loop.counts[INSTRUCTION_INTERNAL], 2);
    assert_int_equal(loop.matrix_cycles, 32 + 16);
    assert_int_equal(loop.vector_cycles, 4 + 16);
    assert_int_equal(loop.memory_cycles, 64 * 16 / 64 + 64 * 4 / 64);
    assert_int_equal(loop.lds_cycles[0][LDS_16], 64 * 16 / 128);
    assert_int_equal(loop.lds_cycles[0][LDS_4], 2 * 64 * 4 / 128);
    assert_int_equal(loop.lds_cycles[1][LDS_16], 64 * 16 / 128);
    assert_int_equal(loop.lds_other_cycles, 2 + 2); /* the exchange, and what goes straight to LDS */
    assert_int_equal(loop_of(golden, "other", "gfx942").matrix_cycles, 32);
    loop = loop_of(golden, "product", "gfx950");
    assert_int_equal(loop.lds_cycles[0][LDS_16], 64 * 16 / 256);
    assert_int_equal(loop.lds_cycles[1][LDS_16], 64 * 16 / 128);
    struct listing listing;
    struct main_loop none;
    assert_ok(listing_read(golden, sizeof golden - 1, "product", &listing));
    assert_int_equal(main_loop_find("gfx90a", &listing, &none), STATUS_NOT_COVERED); /* not its spelling */
    assert_int_equal(main_loop_find("gfx1100", &listing, &none), STATUS_NOT_COVERED);
    listing.n = 8;
    assert_int_equal(main_loop_find("gfx942", &listing, &none), STATUS_NOT_FOUND);
    listing_free(&listing);
}

static void units_are_shared_as_they_are(void **state)
{
    (void)state;
    struct main_loop loop = loop_of(golden, "product", "gfx942");
    struct occupancy_request request = {"gfx942", 200, 0, 16384, 256};
    struct occupancy occupancy;
    struct cycle_sum sum, with;
    assert_ok(occupancy_of(&request, &occupancy)); /* two blocks of four waves: two waves to a SIMD */
    assert_ok(cycles_sum(&loop, &occupancy, NULL, &sum));
    assert_true(sum.cycles[CYCLES_MATRIX] == 2 * 48);
    assert_true(sum.cycles[CYCLES_LDS] == 8 * (8 + 4 + 8 + 4));
    assert_true(sum.cycles[CYCLES_MEMORY] == 8 * 20);
    /* 28 cycles of vector and matrix instructions for each of two waves; a wave's own 13 turns are less */
    assert_true(sum.cycles[CYCLES_ISSUE] == 56);
    assert_int_equal(sum.binds, CYCLES_LDS);
    assert_true(sum.share == 96.0 / 192.0);
    struct conflicts conflicts = {{{{0}}}};
    conflicts.parts[0][LDS_16] = (struct conflict_part){10, 160, 80};
    assert_ok(cycles_sum(&loop, &occupancy, &conflicts, &with));
    assert_true(with.lds_conflicts == 8 * (8 + 4)); /* the narrow reads are taken to be like the wide ones */
    assert_true(with.cycles[CYCLES_LDS] == sum.cycles[CYCLES_LDS] + with.lds_conflicts);
    request.block_threads = 64; /* a wave on each SIMD: its own turns are what it takes */
    request.registers = 512;
    assert_ok(occupancy_of(&request, &occupancy));
    assert_ok(cycles_sum(&loop, &occupancy, NULL, &sum));
    assert_true(sum.cycles[CYCLES_ISSUE] == 4 * 13);
    request.shared_bytes = 70000;
    assert_ok(occupancy_of(&request, &occupancy));
    assert_int_equal(cycles_sum(&loop, &occupancy, NULL, &sum), STATUS_NOT_COVERED);
}

/* ---- matrix instructions ---- */

static struct instruction read_one(const char *target, const char *name, const char *operands)
{
    struct listed listed = {.operands = operands, .operand_bytes = (uint32_t)strlen(operands)};
    struct instruction instruction;
    snprintf(listed.name, sizeof listed.name, "%s", name);
    assert_ok(instruction_read(target, &listed, &instruction));
    return instruction;
}

static void wide_operands_take_twice_as_long(void **state)
{
    (void)state;
    const char *name = "v_mfma_f32_32x32x64_f8f6f4";
    assert_int_equal(read_one("gfx950", name, "a[0:15], v[0:7], v[8:15], a[0:15]").cycles, 64);
    assert_int_equal(read_one("gfx950", name, "a[0:15], v[0:3], v[8:15], a[0:15]").cycles, 64);
    assert_int_equal(read_one("gfx950", name, "a[0:7], v[0:3], v[8:13], a[0:7] cbsz:4").cycles, 32);
}

/* "        Execution cycles: 32" of AMD's calculator. */
static void as_the_calculator_says(void **state)
{
    (void)state;
    static const char folder_name[] = "../shared/reference/mfma";
    char path[1024];
    unsigned checked = 0;
    snprintf(path, sizeof path, "%s/%s", test_root(), folder_name);
    DIR *listing = opendir(path);
    if (!listing) {
        printf("SKIPPED: there are no tables of AMD's in %s\n", path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        struct text text = {0};
        char file[1400], name[LISTING_NAME_BYTES];
        if (!strstr(entry->d_name, "mfma")) continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        bool cdna2 = text_starts_with(entry->d_name, "cdna2_");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(entry->d_name, "."),
                 entry->d_name + (cdna2 ? 6 : 0));
        name[strcspn(name, ".")] = '\0';
        assert_ok(file_read(file, 1 << 22, &text));
        const char *cycles = strstr(text_string(&text), "Execution cycles:");
        assert_non_null(cycles);
        assert_int_equal(read_one(cdna2 ? "gfx90a" : "gfx942", name, "").cycles,
                         strtoul(cycles + strlen("Execution cycles:"), NULL, 10));
        text_free(&text);
        checked++;
    }
    closedir(listing);
    assert_true(checked >= 16);
}

/* What LLVM's scheduler believes of these, in quarters of our cycles. */
static const struct assembled {
    const char *target, *lines;
} assembled[] = {
    {"gfx90a", "v_mfma_f32_32x32x8f16 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x16f16 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x8bf16_1k a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x16bf16_1k a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x4bf16 a[0:15], v0, v2, a[0:15]\n"
               "v_mfma_f32_4x4x4f16 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x2f32 a[0:15], v0, v2, a[0:15]\n"
               "v_mfma_f32_16x16x4f32 a[0:3], v0, v2, a[0:3]\n"
               "v_mfma_i32_32x32x8i8 a[0:15], v0, v2, a[0:15]\n"
               "v_mfma_i32_16x16x16i8 a[0:3], v0, v2, a[0:3]\n"
               "v_mfma_f64_16x16x4f64 a[0:7], v[0:1], v[2:3], a[0:7]\n"
               "v_mfma_f64_4x4x4f64 a[0:1], v[0:1], v[2:3], a[0:1]\n"},
    {"gfx942", "v_mfma_f32_32x32x8_f16 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x16_f16 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x4_2b_f16 a[0:31], v[0:1], v[2:3], a[0:31]\n"
               "v_mfma_f32_32x32x8_bf16 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x16_bf16 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x4_xf32 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x8_xf32 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_16x16x4_f32 a[0:3], v0, v2, a[0:3]\n"
               "v_mfma_i32_32x32x16_i8 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_i32_16x16x32_i8 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x16_fp8_fp8 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x32_bf8_fp8 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f64_16x16x4_f64 a[0:7], v[0:1], v[2:3], a[0:7]\n"},
    {"gfx950", "v_mfma_f32_32x32x16_f16 a[0:15], v[0:3], v[4:7], a[0:15]\n"
               "v_mfma_f32_16x16x32_f16 a[0:3], v[0:3], v[4:7], a[0:3]\n"
               "v_mfma_f32_32x32x16_bf16 a[0:15], v[0:3], v[4:7], a[0:15]\n"
               "v_mfma_f32_16x16x32_bf16 a[0:3], v[0:3], v[4:7], a[0:3]\n"
               "v_mfma_f32_32x32x8_f16 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_i32_32x32x32_i8 a[0:15], v[0:3], v[4:7], a[0:15]\n"
               "v_mfma_i32_16x16x64_i8 a[0:3], v[0:3], v[4:7], a[0:3]\n"
               "v_mfma_f32_32x32x16_fp8_fp8 a[0:15], v[0:1], v[2:3], a[0:15]\n"
               "v_mfma_f32_16x16x32_fp8_fp8 a[0:3], v[0:1], v[2:3], a[0:3]\n"
               "v_mfma_f32_32x32x64_f8f6f4 a[0:15], v[0:3], v[8:11], a[0:15] cbsz:4 blgp:4\n"
               "v_mfma_f32_16x16x128_f8f6f4 a[0:3], v[0:3], v[8:11], a[0:3] cbsz:4 blgp:4\n"
               "v_mfma_f64_16x16x4_f64 a[0:7], v[0:1], v[2:3], a[0:7]\n"},
};

static bool run_mca(const struct assembled *asked, struct text *output)
{
    struct text path = {0};
    char cpu[32];
    int ended = 1;
    snprintf(cpu, sizeof cpu, "-mcpu=%s", asked->target);
    for (int version = 30; version >= 20 && ended; version--) {
        char name[32];
        snprintf(name, sizeof name, "llvm-mca-%d", version);
        text_clear(&path);
        if (!subprocess_find(name, &path)) continue;
        const char *const argv[] = {
            text_string(&path), "-mtriple=amdgcn", cpu, "-resource-pressure=0", "-", NULL};
        struct subprocess process = {argv, asked->lines, strlen(asked->lines), 1 << 20, 60000};
        text_clear(output);
        assert_ok(subprocess_run(&process, output, &ended));
    }
    text_free(&path);
    return !ended;
}

/* A row is " 1      12    8.00                  U     v_mfma_f32_32x32x8_f16 a[0:15], ...". */
static unsigned check_mca(const char *target, const char *output)
{
    unsigned checked = 0;
    for (const char *line = strstr(output, "Instructions:\n"); line && *line; line = strchr(line, '\n')) {
        char name[LISTING_NAME_BYTES], operands[128];
        double cycles;
        while (*line == '\n') line++;
        const char *at = strstr(line, "v_mfma_"), *end = strchr(line, '\n');
        if (!at || !end || at > end) continue;
        assert_int_equal(sscanf(line, "%*u %*u %lf", &cycles), 1);
        assert_int_equal(sscanf(at, "%47s %127[^\n]", name, operands), 2);
        if (read_one(target, name, operands).cycles != 4 * cycles)
            fail_msg("%s %s: %u cycles, LLVM says %g", target, name, read_one(target, name, operands).cycles,
                     4 * cycles);
        checked++;
    }
    return checked;
}

static void as_llvm_schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(assembled); i++) {
        struct text output = {0};
        if (run_mca(&assembled[i], &output)) {
            unsigned lines = 0;
            for (const char *at = assembled[i].lines; *at; at++) lines += *at == '\n';
            assert_int_equal(check_mca(assembled[i].target, text_string(&output)), lines);
        } else {
            printf("SKIPPED: no llvm-mca that knows %s\n", assembled[i].target);
        }
        text_free(&output);
    }
}

/* ---- banks ---- */

/* Lane `i` at step * (i % rows) + 16 * (i / rows): how a wave reads fragments of a tile with this pitch. */
static uint32_t fragment_cycles(const char *target, uint32_t lane_bytes, uint32_t rows, uint32_t pitch,
                                bool writes)
{
    int64_t offsets[CONFLICT_LANES];
    uint32_t cycles, least;
    for (unsigned i = 0; i < CONFLICT_LANES; i++)
        offsets[i] = (int64_t)(i % rows) * pitch + (int64_t)(i / rows) * lane_bytes;
    assert_ok(conflict_cycles(target, writes, lane_bytes, offsets, &cycles, &least));
    char name[32];
    snprintf(name, sizeof name, "ds_%s_b%u", writes ? "write" : "read", 8 * lane_bytes);
    assert_int_equal(least, read_one(target, name, "").cycles);
    return cycles;
}

static void banks_conflict(void **state)
{
    (void)state;
    /* lanes in a row */
    for (uint32_t bytes = 4; bytes <= 16; bytes *= 2) {
        assert_int_equal(fragment_cycles("gfx942", bytes, 64, bytes, false), 64 * bytes / 128);
        assert_int_equal(fragment_cycles("gfx942", bytes, 64, bytes, true), 64 * bytes / 128);
        assert_int_equal(fragment_cycles("gfx950", bytes, 64, bytes, false), 64 * bytes / 256);
        assert_int_equal(fragment_cycles("gfx950", bytes, 64, bytes, true), 64 * bytes / 128);
    }
    /* all lanes of a phase in one bank: every 128 (gfx950: 256) bytes */
    assert_int_equal(fragment_cycles("gfx942", 4, 64, 128, false), 64);
    assert_int_equal(fragment_cycles("gfx950", 4, 64, 256, false), 64);
    assert_int_equal(fragment_cycles("gfx950", 4, 64, 128, false), 32);
    assert_int_equal(fragment_cycles("gfx942", 16, 64, 128, true), 64);
    /* the rows of a tile 128 bytes wide: four lanes' rows in a phase, each with another four of the next 16
     * bytes */
    assert_int_equal(fragment_cycles("gfx942", 16, 16, 128, false), 32);
    /* AMD's example: padding by one access is enough for writes in a row, and not for reads of 16 rows */
    assert_int_equal(fragment_cycles("gfx942", 16, 64, 144, true), 8);
    assert_int_equal(fragment_cycles("gfx942", 16, 16, 144, false), 16);
    assert_int_equal(fragment_cycles("gfx942", 8, 16, 136, false), 4);
    /* one word for all is given to all at once */
    assert_int_equal(fragment_cycles("gfx942", 4, 64, 0, false), 2);
    int64_t nobody[CONFLICT_LANES];
    uint32_t cycles, least;
    for (unsigned i = 0; i < CONFLICT_LANES; i++) nobody[i] = CONFLICT_NO_ACCESS;
    assert_ok(conflict_cycles("gfx942", false, 16, nobody, &cycles, &least));
    assert_int_equal(cycles, 8);
    assert_int_equal(conflict_cycles("gfx1100", false, 16, nobody, &cycles, &least), STATUS_NOT_COVERED);
    assert_int_equal(conflict_cycles("gfx942", false, 32, nobody, &cycles, &least), STATUS_NOT_COVERED);
}

/* ---- a kernel of our own, compiled and taken apart ---- */

static void compiled_loops_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        uint64_t matrix_cycles, read_cycles, write_cycles;
    } cases[] = {{"gfx90a", 4 * 64, 4 * 8, 8}, {"gfx942", 4 * 32, 4 * 8, 8}, {"gfx950", 4 * 32, 4 * 4, 8}};
    struct text source = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/tuner/gpu/loop.hip", test_root());
    assert_ok(file_read(path, 1 << 20, &source));
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct compile_request request = {text_string(&source), "loop.hip", "", cases[i].target};
        struct text code = {0}, log = {0}, text = {0};
        if (!is_here("clang", cases[i].target)) continue;
        assert_ok(compiler_find("clang")->compile(&request, &code, &log));
        if (objdump_run(code.data, code.size, &text) != STATUS_OK) {
            if (getenv("CI")) fail_msg("%s", status_message());
            printf("SKIPPED: %s\n", status_message());
        } else {
            struct main_loop loop = loop_of(text_string(&text), "product", cases[i].target);
            assert_int_equal(loop.matrix_cycles, cases[i].matrix_cycles);
            assert_int_equal(loop.lds_cycles[0][LDS_16], cases[i].read_cycles);
            assert_int_equal(loop.lds_cycles[1][LDS_16], cases[i].write_cycles);
            assert_int_equal(loop.memory_cycles, 16);
        }
        text_free(&code);
        text_free(&log);
        text_free(&text);
    }
    text_free(&source);
}

static void without_objdump_it_says_so(void **state)
{
    (void)state;
    struct text text = {0};
    setenv("TUNEBOOK_OBJDUMP", "/nonexistent/llvm-objdump", 1);
    assert_int_equal(objdump_run("", 0, &text), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "/nonexistent/llvm-objdump"));
    setenv("TUNEBOOK_OBJDUMP", "true", 1); /* a program, and not that one */
    assert_int_equal(objdump_run("", 0, &text), STATUS_UNAVAILABLE);
    unsetenv("TUNEBOOK_OBJDUMP");
    char saved[4096];
    snprintf(saved, sizeof saved, "%s", getenv("PATH"));
    setenv("PATH", folder, 1);
    setenv("ROCM_PATH", folder, 1);
    assert_int_equal(objdump_run("", 0, &text), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "install llvm-22"));
    setenv("PATH", saved, 1);
    unsetenv("ROCM_PATH");
    text_free(&text);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listings_are_read),
        cmocka_unit_test(the_inner_loop_is_summed),
        cmocka_unit_test(units_are_shared_as_they_are),
        cmocka_unit_test(wide_operands_take_twice_as_long),
        cmocka_unit_test(as_the_calculator_says),
        cmocka_unit_test(as_llvm_schedules),
        cmocka_unit_test(banks_conflict),
        cmocka_unit_test(compiled_loops_are_found),
        cmocka_unit_test(without_objdump_it_says_so),
    };
    return cmocka_run_group_tests_name("cycles", tests, make_folder, remove_folder);
}
