/* AMD's words become the instructions that they are for: the assembly of kernels of a few lines, by clang for
 * each target. What only makes a kernel fast is not seen by any other test. */
#include "tests/tuner/gpu_compilers.h"

#include "templates/embedded.h"
#include "templates/source.h"
#include "tuner/base/file.h"
#include "tuner/compile/clang_search.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))
#define GFX9        "gfx90a gfx942 gfx950"
#define ALL         "gfx90a gfx942 gfx950 gfx1100 gfx1201 gfx1250"

#define READS_AND_PRODUCTS                                      \
    "gpu_f32x4 c = {0, 0, 0, 0};"                               \
    "for (int i = 0; i < args.n; i++) {"                        \
    "  gpu_barrier_shared();"                                   \
    "  GPU_UNROLL for (int j = 0; j < 3; j++) {"                \
    "    gpu_u32x4 x = gpu_load16(shared + 16 * t + 4096 * j);" \
    "    c = gpu_mfma_f32_16x16x16_f16(gpu_u32x2{x[0], x[1]}, gpu_u32x2{x[2], x[3]}, c); }"

static const char head[] = "#include \"device/gpu.h\"\n"
                           "struct args { const unsigned *in; unsigned *out; int n; };\n";

/* A kernel's body, and what its instructions hold in this order (bars between), with nothing of `never`
 * between the first of them and the last. */
static const struct word {
    const char *targets, *body, *holds, *never;
} words[] = {
    /* Loads on their way stay so at the barrier of shared memory; an ordinary one on gfx11 and later waits.
     */
    {GFX9,
     "unsigned x = args.in[t]; ((unsigned *)shared)[t] = t; gpu_barrier_shared();"
     "args.out[t] = x + ((unsigned *)shared)[t ^ 1];",
     "global_load_dword|s_barrier|ds_read_b32", "vmcnt"},
    {"gfx1100",
     "unsigned x = args.in[t]; ((unsigned *)shared)[t] = t; gpu_barrier_shared();"
     "args.out[t] = x + ((unsigned *)shared)[t ^ 1];",
     "global_load_b32|s_barrier|ds_load_b32", "vmcnt"},
    {"gfx1201 gfx1250",
     "unsigned x = args.in[t]; ((unsigned *)shared)[t] = t; gpu_barrier_shared();"
     "args.out[t] = x + ((unsigned *)shared)[t ^ 1];",
     "global_load_b32|s_barrier_signal|s_barrier_wait|ds_load_b32", "loadcnt"},
    /* Two loads to shared memory, of which the first is read while the second is under way. */
    {"gfx90a",
     "gpu_load_to_shared4(shared, args.in, 4 * t); gpu_load_to_shared4(shared + 256, args.in, 8 * t);"
     "GPU_LOAD_TO_SHARED_WAIT(1); gpu_barrier_shared(); args.out[t] = ((unsigned *)shared)[t ^ 1];"
     "GPU_LOAD_TO_SHARED_WAIT(0);",
     "s_mov_b32 m0|s_nop|global_load_dword v| lds|m0|s_nop|global_load_dword v| "
     "lds|vmcnt(1)|s_barrier|ds_read_b32",
     "vmcnt(0)"},
    {"gfx942 gfx950",
     "gpu_load_to_shared4(shared, args.in, 4 * t); gpu_load_to_shared4(shared + 256, args.in, 8 * t);"
     "GPU_LOAD_TO_SHARED_WAIT(1); gpu_barrier_shared(); args.out[t] = ((unsigned *)shared)[t ^ 1];"
     "GPU_LOAD_TO_SHARED_WAIT(0);",
     "s_mov_b32 m0|s_nop|global_load_lds_dword v|m0|s_nop|global_load_lds_dword "
     "v|vmcnt(1)|s_barrier|ds_read_b32",
     "vmcnt(0)"},
    {"gfx950",
     "gpu_load_to_shared12(shared, args.in, 12 * t); gpu_load_to_shared16(shared + 768, args.in, 16 * t);"
     "GPU_LOAD_TO_SHARED_WAIT(0); gpu_barrier_shared(); args.out[t] = ((unsigned *)shared)[t ^ 1];",
     "global_load_lds_dwordx3|global_load_lds_dwordx4|vmcnt(0)|s_barrier|ds_read_b32", NULL},
    {ALL, "gpu_wave_priority(3); args.out[t] = 1; gpu_wave_priority(0);", "s_setprio 3|s_setprio 0", NULL},
    /* The same loop in two orders, neither of which need be the compiler's. */
    {"gfx942 gfx950",
     READS_AND_PRODUCTS "  GPU_UNROLL for (int j = 0; j < 3; j++) {"
                        "    gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, 1, 0); "
                        "gpu_schedule_group(GPU_SCHEDULE_MATRIX, 1, 0); }"
                        "} args.out[t] = gpu_bits(c[0]);",
     "s_barrier|ds_read|v_mfma|ds_read|v_mfma|ds_read|v_mfma", NULL},
    {"gfx942 gfx950",
     READS_AND_PRODUCTS
     "  gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, 3, 0); gpu_schedule_group(GPU_SCHEDULE_MATRIX, 3, 0);"
     "} args.out[t] = gpu_bits(c[0]);",
     "s_barrier|ds_read|ds_read|ds_read|v_mfma|v_mfma|v_mfma", NULL},
    {"gfx950",
     "gpu_u32x4 a = gpu_load16(args.in + 4 * t); gpu_f32x4 c = {0, 0, 0, 0};"
     "c = gpu_mfma_f32_16x16x32_f16(a, a, c); c = gpu_mfma_f32_16x16x32_bf16(a, a, c);"
     "args.out[t] = gpu_bits(c[0]);",
     "v_mfma_f32_16x16x32_f16|v_mfma_f32_16x16x32_bf16", NULL},
    {"gfx950",
     "gpu_u32x4 a = gpu_load16(args.in + 4 * t); gpu_f32x16 c = {};"
     "c = gpu_mfma_f32_32x32x16_f16(a, a, c); c = gpu_mfma_f32_32x32x16_bf16(a, a, c);"
     "args.out[t] = gpu_bits(c[0]);",
     "v_mfma_f32_32x32x16_f16|v_mfma_f32_32x32x16_bf16", NULL},
    {"gfx950",
     "gpu_u32x4 a = gpu_load16(args.in + 4 * t); gpu_i32x4 c = {0, 0, 0, 0}; gpu_i32x16 d = {};"
     "c = gpu_mfma_i32_16x16x64_i8(a, a, c); d[0] = c[0]; d = gpu_mfma_i32_32x32x32_i8(a, a, d);"
     "args.out[t] = (unsigned)d[1];",
     "v_mfma_i32_16x16x64_i8|v_mfma_i32_32x32x32_i8", NULL},
    /* Without scales, which would take more instructions: no v_mfma_ld_scale. */
    {"gfx950",
     "gpu_u32x8 a; for (int i = 0; i < 8; i++) a[i] = args.in[8 * t + i];"
     "gpu_f32x4 c = {0, 0, 0, 0}; gpu_f32x16 d = {};"
     "c = gpu_mfma_f32_16x16x128_ocp8(a, a, c); d[0] = c[0]; d = gpu_mfma_f32_32x32x64_ocp8(a, a, d);"
     "args.out[t] = gpu_bits(d[1]);",
     "v_mfma_f32_16x16x128_f8f6f4|v_mfma_f32_32x32x64_f8f6f4", "scale"},
};

static bool has_target(const char *targets, const char *target)
{
    const char *at = strstr(targets, target);
    return at && (at[strlen(target)] == ' ' || !at[strlen(target)]);
}

static void flatten(const char *source, struct text *flat)
{
    char path[256];
    snprintf(path, sizeof path, "%s/word.hip", folder);
    assert_ok(file_publish(path, source, strlen(source), 0644));
    text_clear(flat);
    assert_ok(source_flatten_with(folder, path, embedded_headers, n_embedded_headers, flat));
}

/* By the clang that compiles kernels, with the flags that matter here. */
static void assemble(const char *target, const char *source, struct text *out)
{
    char path[256], command[1024], line[512];
    struct text flat = {0}, clang = {0};
    struct clang_search search = {0};
    assert_ok(clang_next(&search, &clang));
    flatten(source, &flat);
    snprintf(path, sizeof path, "%s/flat.hip", folder);
    assert_ok(file_publish(path, text_string(&flat), flat.size, 0644));
    snprintf(
        command, sizeof command,
        "%s -x hip --cuda-device-only --offload-arch=%s -nogpuinc -nogpulib -nostdinc -std=c++17 -O3 -Wall "
        "-Wextra -Wno-unused-function -Werror -S -o - %s",
        text_string(&clang), target, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    text_clear(out);
    while (fgets(line, sizeof line, pipe)) text_append(out, line);
    if (pclose(pipe) != 0) fail_msg("%s: %s", target, command);
    text_free(&flat);
    text_free(&clang);
}

static void check_word(const struct word *word, const char *target)
{
    struct text source = {0}, assembly = {0};
    text_format(&source,
                "%sGPU_KERNEL(256) word(GPU_ARGS(struct args, args))\n{\n    GPU_SHARED(shared);\n"
                "    unsigned t = gpu_thread_x();\n    (void)shared;\n%s\n}\n",
                head, word->body);
    assemble(target, text_string(&source), &assembly);
    const char *at = text_string(&assembly), *first = NULL;
    for (const char *part = word->holds; *part; part += *part == '|') {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(part, "|"), part);
        at = strstr(at, wanted);
        if (!at) fail_msg("%s: no '%s' where it is to be:\n%s", target, wanted, text_string(&assembly));
        if (!first) first = at;
        at += strlen(wanted);
        part += strlen(wanted);
    }
    const char *never = word->never ? strstr(first, word->never) : NULL;
    if (never && never < at) fail_msg("%s: '%s':\n%s", target, word->never, text_string(&assembly));
    text_free(&source);
    text_free(&assembly);
}

static void test_instructions(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "gfx1250"};
    unsigned checked = 0;
    for (size_t t = 0; t < N_OF(targets); t++)
        for (size_t i = 0; i < N_OF(words) && is_here("clang", targets[t]); i++)
            if (has_target(words[i].targets, targets[t])) check_word(&words[i], targets[t]), checked++;
    print_message("%u words and targets\n", checked);
}

/* Waves of a SIMD are a limit of registers, of which it has 512 for each lane. */
static uint32_t registers_with(const char *kernel)
{
    const struct compiler_api *clang = compiler_find("clang");
    struct text source = {0}, code = {0}, log = {0}, flat = {0};
    struct code_resources resources;
    text_format(
        &source,
        "%s%s word(GPU_ARGS(struct args, args))\n{\n"
        "    unsigned t = gpu_thread_x(); gpu_f32x4 c[36] = {};\n"
        "    for (int k = 0; k < args.n; k++) {\n"
        "        gpu_u32x2 b = gpu_load8(args.in + 4 * (t + k));\n"
        "        GPU_UNROLL for (int i = 0; i < 36; i++)\n"
        "            c[i] = gpu_mfma_f32_16x16x16_f16(gpu_load8(args.in + 2 * (t + 64 * k + i)), b, c[i]);\n"
        "    }\n"
        "    GPU_UNROLL for (int i = 0; i < 36; i++) args.out[36 * t + i] = gpu_bits(c[i][0] + c[i][3]);\n"
        "}\n",
        head, kernel);
    flatten(text_string(&source), &flat);
    struct compile_request request = {text_string(&flat), "word.hip", "", "gfx942"};
    if (clang->compile(&request, &code, &log) != STATUS_OK || log.size)
        fail_msg("%s: %s\n%s", kernel, status_message(), text_string(&log));
    assert_ok(clang->inspect(code.data, code.size, &resources));
    text_free(&source);
    text_free(&code);
    text_free(&log);
    text_free(&flat);
    return resources.registers;
}

static void test_waves(void **state)
{
    (void)state;
    if (!is_here("clang", "gfx942")) return;
    uint32_t any = registers_with("GPU_KERNEL_WAVES(256, 0)"),
             two = registers_with("GPU_KERNEL_WAVES(256, 2)");
    uint32_t four = registers_with("GPU_KERNEL_WAVES(256, 4)"), plain = registers_with("GPU_KERNEL(256)");
    if (any != plain || two <= 144 || two > 256 || four > 128)
        fail_msg("%u registers, %u for two waves, %u for four, %u where nothing is said", plain, two, four,
                 any);
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_waves),
    };
    return cmocka_run_group_tests_name("amd_words", tests, make_folder, remove_folder);
}
