/* What every compiler of GPU kernels must do: the same bytes for the same request, errors with file and line,
 * warnings told, a clear word where it is missing. */
#include "tests/tuner/gpu_compilers.h"

#include <dlfcn.h>
#include <elf.h>
#include "tuner/base/file.h"
#include "tuner/base/rng.h"
#include "tuner/compile/rtc.h"
#include "tuner/device/hip_driver.h"

/* A kernel that every compiler takes, with 1024 bytes of shared memory. */
static const char plain[] = "#if defined(GPU_EMULATED)\n"
                            "#define KERNEL extern \"C\" void\n"
                            "#define SHARED static\n"
                            "#elif defined(__CUDACC__)\n"
                            "#define KERNEL extern \"C\" __global__ void\n"
                            "#define SHARED __shared__\n"
                            "#else\n"
                            "#define KERNEL extern \"C\" __attribute__((global)) void\n"
                            "#define SHARED static __attribute__((shared))\n"
                            "#endif\n"
                            "struct args { float *to; unsigned n; float x[40]; };\n"
                            "KERNEL first(args a)\n"
                            "{\n"
                            "    SHARED float shared[256];\n"
                            "    shared[a.n & 255] = a.to[1];\n"
                            "    a.to[0] = shared[(a.n + 3) & 255] * FACTOR;\n"
                            "    *(args *)(a.to + 64) = a;\n"
                            "}\n"
                            "KERNEL second(args a) { a.to[0] = 1; }\n";

static struct compile_request plain_request(const char *target)
{
    return (struct compile_request){plain, "plain.hip", "FACTOR=2\n", target};
}

static void test_the_same_request_gives_the_same_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SERVED; i++) {
        struct compile_request request = plain_request(served[i].targets[0]);
        if (!is_here(served[i].compiler, request.target)) continue;
        struct outcome one = compile_apart(served[i].compiler, &request);
        char here[4096];
        assert_non_null(getcwd(here, sizeof here));
        setenv("TMPDIR", "/tmp", 1);
        assert_int_equal(chdir("/"), 0);
        struct outcome two = compile_apart(served[i].compiler, &request);
        assert_int_equal(chdir(here), 0);
        setenv("TMPDIR", folder, 1);
        if (one.status || *one.log) fail_msg("%s: %s", served[i].compiler, one.log);
        assert_memory_equal(&one.hash, &two.hash, sizeof one.hash);
        request.definitions = "FACTOR=3\n";
        two = compile_apart(served[i].compiler, &request);
        assert_true(memcmp(&one.hash, &two.hash, sizeof one.hash) != 0);
    }
}

static void test_errors_name_file_and_line(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SERVED; i++) {
        struct compile_request request = {"\n#line 7 \"gemm/broken.hip\"\nint f() { return 1 }\n",
                                          "broken.hip", "", served[i].targets[0]};
        if (!is_here(served[i].compiler, request.target)) continue;
        struct outcome outcome = compile_apart(served[i].compiler, &request);
        assert_int_equal(outcome.status, STATUS_BAD_DATA);
        if (!strstr(outcome.log, "gemm/broken.hip:7:") || !strstr(outcome.log, "error"))
            fail_msg("%s: %s", served[i].compiler, outcome.log);
    }
}

static void test_warnings_are_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SERVED; i++) {
        struct compile_request request = plain_request(served[i].targets[0]);
        char source[sizeof plain + 128];
        snprintf(source, sizeof source,
                 "%s#line 5 \"odd.hip\"\nKERNEL third(args a) { int odd; a.to[0] = 1; }\n", plain);
        request.source = source;
        if (!is_here(served[i].compiler, request.target)) continue;
        struct outcome outcome = compile_apart(served[i].compiler, &request);
        assert_int_equal(outcome.status, STATUS_OK);
        if (!strstr(outcome.log, "odd.hip:5:") || !strstr(outcome.log, "warning"))
            fail_msg("%s: %s", served[i].compiler, outcome.log);
    }
}

static void test_identities_have_no_path(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SERVED; i++)
        for (const char *const *target = served[i].targets; *target; target++) {
            struct text identity = {0};
            if (!is_here(served[i].compiler, *target)) continue;
            assert_ok(compiler_find(served[i].compiler)->identify(*target, &identity));
            assert_null(strchr(text_string(&identity), '\n'));
            assert_null(strstr(text_string(&identity), "/usr"));
            const struct gpu_target *gpu = gpu_target_find(*target);
            char number[16];
            snprintf(number, sizeof number, gpu->vendor == GPU_VENDOR_AMD ? "%x" : "%u", gpu->architecture);
            assert_true(strstr(text_string(&identity), *target) || strstr(text_string(&identity), number));
            text_free(&identity);
        }
}

static void test_unknown_targets(void **state)
{
    (void)state;
    static const char *const unknown[] = {"sm_91", "gfx943", "x86-64-v3", ""};
    for (unsigned i = 0; i < N_SERVED; i++)
        for (unsigned j = 0; j < sizeof unknown / sizeof *unknown; j++) {
            struct text identity = {0};
            assert_int_equal(compiler_find(served[i].compiler)->identify(unknown[j], &identity),
                             STATUS_NOT_COVERED);
            assert_non_null(strstr(status_message(), unknown[j]));
            text_free(&identity);
        }
    struct text identity = {0};
    assert_int_equal(compiler_find("clang")->identify("sm_90a", &identity), STATUS_NOT_COVERED);
    assert_int_equal(compiler_find("hiprtc")->identify("sm_90a", &identity), STATUS_NOT_COVERED);
    assert_int_equal(compiler_find("nvrtc")->identify("gfx942", &identity), STATUS_NOT_COVERED);
    text_free(&identity);
}

static void assert_unavailable(const char *compiler, const char *target, const char *message)
{
    struct text identity = {0};
    enum status status = compiler_find(compiler)->identify(target, &identity);
    text_free(&identity);
    assert_int_equal(status, STATUS_UNAVAILABLE);
    if (!strstr(status_message(), message)) fail_msg("%s: %s", compiler, status_message());
}

static void test_missing_compilers(void **state)
{
    (void)state;
    const char *path = getenv("PATH");
    char saved[4096];
    snprintf(saved, sizeof saved, "%s", path ? path : "");
    setenv("TUNEBOOK_CLANG", "/nonexistent/clang", 1);
    setenv("TUNEBOOK_NVRTC", "/nonexistent/libnvrtc.so", 1);
    setenv("TUNEBOOK_HIPRTC", "/nonexistent/libhiprtc.so", 1);
    assert_unavailable("clang", "gfx942", "/nonexistent/clang");
    assert_unavailable("emu", "gfx942", "/nonexistent/clang");
    assert_unavailable("nvrtc", "sm_90a", "/nonexistent/libnvrtc.so");
    assert_unavailable("hiprtc", "gfx90a", "/nonexistent/libhiprtc.so");
    setenv("TUNEBOOK_CLANG", "true", 1); /* no clang */
    setenv("TUNEBOOK_NVRTC", "libm.so.6", 1);
    setenv("TUNEBOOK_HIPRTC", "libm.so.6", 1);
    assert_unavailable("emu", "gfx942", "is not clang's");
    assert_unavailable("nvrtc", "sm_90a", "nvrtcVersion");
    assert_unavailable("hiprtc", "gfx90a", "hiprtcVersion");
    setenv("PATH", folder, 1);
    unsetenv("TUNEBOOK_CLANG");
    setenv("ROCM_PATH", folder, 1);
    assert_unavailable("emu", "gfx942", "install clang");
    assert_unavailable("clang", "gfx942", "install clang");
    setenv("PATH", saved, 1);
    unsetenv("ROCM_PATH");
    unsetenv("TUNEBOOK_NVRTC");
    unsetenv("TUNEBOOK_HIPRTC");
}

/* However well it could make it: what the emulator runs is no code for the GPU. */
static void test_the_emulator_is_never_taken_for_a_gpu(void **state)
{
    (void)state;
    const struct compiler_api *compiler;
    struct text identity = {0};
    char saved[4096];
    snprintf(saved, sizeof saved, "%s", getenv("PATH"));
    if (!is_here("emu", "gfx942")) return;
    for (const char *const *target = served[2].targets; *target; target++)
        if (compiler_for_target(*target, &compiler, &identity) == STATUS_OK) assert_false(compiler->emulates);
    setenv("TUNEBOOK_HIPRTC", "/nonexistent", 1);
    setenv("TUNEBOOK_CLANG", "/nonexistent", 1);
    setenv("TUNEBOOK_NVRTC", "/nonexistent", 1);
    assert_int_equal(compiler_for_target("gfx942", &compiler, &identity), STATUS_UNAVAILABLE);
    assert_int_equal(compiler_for_target("sm_90a", &compiler, &identity), STATUS_UNAVAILABLE);
    assert_non_null(strstr(status_message(), "nvrtc"));
    assert_null(strstr(status_message(), "emu:"));
    unsetenv("TUNEBOOK_HIPRTC");
    unsetenv("TUNEBOOK_CLANG");
    unsetenv("TUNEBOOK_NVRTC");
    text_free(&identity);
}

/* The files of the cache by their numbers, which change when one is written again. */
static void list_cache(char out[4096])
{
    char command[128];
    snprintf(command, sizeof command, "find %s/tunebook -type f -printf '%%i ' | sort", folder);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    out[fread(out, 1, 4095, list)] = '\0';
    pclose(list);
}

/* 5.2.3 ends the process that asks it for gfx942. That is found out in a child; a yes is kept, a no is asked
 * again by the next program, for what was missing may have been installed. */
static void test_hiprtc_is_probed_in_a_child(void **state)
{
    (void)state;
    struct text identity = {0};
    const struct compiler_api *hiprtc = compiler_find("hiprtc");
    char lists[3][4096];
    if (!is_here("hiprtc", "gfx90a")) return;
    assert_ok(hiprtc->identify("gfx90a", &identity));
    bool old = strstr(text_string(&identity), "HIP 5.2") != NULL;
    list_cache(lists[0]);
    for (int i = 1; i < 3; i++) {
        int ended;
        pid_t child = fork(); /* remembers nothing that it finds out for the next */
        assert_true(child >= 0);
        if (child == 0) _exit(hiprtc->identify("gfx942", &identity));
        assert_int_equal(waitpid(child, &ended, 0), child);
        assert_true(WIFEXITED(ended));
        int status = WEXITSTATUS(ended);
        if (old) assert_int_equal(status, STATUS_NOT_COVERED);
        assert_true(status == STATUS_OK || status == STATUS_NOT_COVERED);
        list_cache(lists[i]);
    }
    assert_true(strlen(lists[0]) > 1); /* the yes for gfx90a */
    if (old) assert_string_equal(lists[0], lists[1]);
    if (!old) assert_string_not_equal(lists[0], lists[1]);
    assert_string_equal(lists[1], lists[2]);
    text_free(&identity);
}

static void test_static_resources(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < N_SERVED; i++)
        for (const char *const *target = served[i].targets; *target; target++) {
            const struct compiler_api *compiler = compiler_find(served[i].compiler);
            struct compile_request request = plain_request(*target);
            struct text code = {0}, log = {0};
            struct code_resources found = {0};
            if (!is_here(served[i].compiler, *target)) continue;
            assert_ok(compiler->compile(&request, &code, &log));
            assert_ok(compiler->inspect(code.data, code.size, &found));
            if (!found.registers || found.registers > 255 || found.shared_bytes != 1024 || found.spill_bytes)
                fail_msg("%s for %s: %u registers, %u bytes shared, %u spilled", served[i].compiler, *target,
                         found.registers, found.shared_bytes, found.spill_bytes);
            text_free(&code);
            text_free(&log);
        }
}

/* Objects cut short or damaged are refused or misread, but read within their bytes. */
static void test_damaged_objects(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    for (unsigned i = 0; i + 1 < N_SERVED; i++) {
        const struct compiler_api *compiler = compiler_find(served[i].compiler);
        struct compile_request request = plain_request(served[i].targets[0]);
        struct text code = {0}, log = {0};
        struct code_resources found;
        if (!is_here(served[i].compiler, request.target)) continue;
        assert_ok(compiler->compile(&request, &code, &log));
        for (int j = 0; j < scaled(3000); j++) {
            size_t size = j % 2 ? code.size : rng_below(&rng, (uint32_t)code.size);
            char *copy = malloc(size ? size : 1); /* exactly so many: what reads beyond is found out */
            memcpy(copy, code.data, size);
            for (int k = 0; size && k < 4; k++)
                copy[rng_below(&rng, (uint32_t)(j % 4 < 2 && size > 900 ? 900 : size))] =
                    (char)rng_below(&rng, 256);
            enum status status = compiler->inspect(copy, size, &found);
            assert_true(status == STATUS_OK || status == STATUS_BAD_DATA);
            free(copy);
        }
        assert_int_equal(compiler->inspect("", 0, &found), STATUS_BAD_DATA);
        text_free(&code);
        text_free(&log);
    }
}

/* Each clang of this machine makes an emulated kernel that calls nothing but the emulator. */
static void test_emulated_kernels_call_only_the_emulator(void **state)
{
    (void)state;
    unsigned found = 0;
    for (int version = 14; version <= 30; version++) {
        char program[32], object[64], command[256];
        struct text identity = {0}, code = {0}, log = {0};
        struct compile_request request = plain_request("gfx942");
        snprintf(program, sizeof program, "clang-%d", version);
        setenv("TUNEBOOK_CLANG", program, 1);
        if (compiler_find("emu")->identify("gfx942", &identity) == STATUS_OK) {
            snprintf(object, sizeof object, "%s/emulated.so", folder);
            snprintf(
                command, sizeof command,
                "nm -D -u %s | grep -v ' U __tsan_' | grep -q . || ! nm -D -u %s | grep -q __tsan_memcpy",
                object, object);
            assert_ok(compiler_find("emu")->compile(&request, &code, &log));
            assert_ok(file_publish(object, code.data, code.size, 0600));
            if (system(command) == 0)
                fail_msg("%s leaves other symbols undefined than the emulator's", program);
            unlink(object);
            found++;
        }
        text_free(&identity);
        text_free(&code);
        text_free(&log);
    }
    unsetenv("TUNEBOOK_CLANG");
    if (!found && is_here("emu", "gfx942")) print_message("only a clang without a number\n");
}

/* Every object that clang makes for an AMD GPU is of the pinned version, and hip_code.c takes it for what it
 * is: good on its own target, refused on every other. */
static void test_objects_say_whom_they_are_for(void **state)
{
    (void)state;
    enum { ABI_VERSION_5 = 3 };
    const char *const *targets = served[2].targets;
    struct text identity = {0};
    for (size_t i = 0; targets[i]; i++) {
        struct compile_request request = plain_request(targets[i]);
        struct text code = {0}, log = {0};
        if (!is_here("clang", targets[i])) continue;
        assert_ok(compiler_find("clang")->identify(targets[i], &identity));
        assert_non_null(strstr(text_string(&identity), " -mcode-object-version=5 "));
        text_free(&identity);
        assert_ok(compiler_find("clang")->compile(&request, &code, &log));
        assert_int_equal(code.data[EI_ABIVERSION], ABI_VERSION_5);
        for (size_t j = 0; targets[j]; j++) {
            struct device device = {.runtime_version = 60000000, .features = "sramecc+:xnack-"};
            snprintf(device.info.device_class.target, 32, "%s", targets[j]);
            assert_int_equal(hip_check_code(&device, code.data, code.size),
                             i == j ? STATUS_OK : STATUS_BAD_DATA);
            if (i != j) assert_non_null(strstr(status_message(), targets[i]));
        }
        text_free(&code);
        text_free(&log);
    }
}

/* Two builds of a library are told apart, whether the linker gave them an id or not. */
static void test_builds_are_told_apart(void **state)
{
    (void)state;
    char ids[4][41];
    for (int i = 0; i < 4; i++) {
        char path[64], command[256];
        snprintf(path, sizeof path, "%s/build-%d.so", folder, i);
        snprintf(command, sizeof command,
                 "echo 'int which(void); int which(void) { return %d; }' | cc -shared -fPIC -x c - "
                 "-Wl,--build-id=%s -o %s",
                 i, i < 2 ? "none" : "sha1", path);
        assert_int_equal(system(command), 0);
        struct rtc rtc = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
        assert_non_null(rtc.library);
        rtc_build_id(&rtc, ids[i]);
        assert_int_equal(strlen(ids[i]), 40);
        for (int j = 0; j < i; j++) assert_string_not_equal(ids[i], ids[j]);
        char again[41];
        rtc_build_id(&rtc, again);
        assert_string_equal(ids[i], again);
    }
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hiprtc_is_probed_in_a_child), /* before this process asked for gfx942 */
        cmocka_unit_test(test_the_same_request_gives_the_same_bytes),
        cmocka_unit_test(test_errors_name_file_and_line),
        cmocka_unit_test(test_warnings_are_told),
        cmocka_unit_test(test_identities_have_no_path),
        cmocka_unit_test(test_unknown_targets),
        cmocka_unit_test(test_missing_compilers),
        cmocka_unit_test(test_the_emulator_is_never_taken_for_a_gpu),
        cmocka_unit_test(test_static_resources),
        cmocka_unit_test(test_objects_say_whom_they_are_for),
        cmocka_unit_test(test_builds_are_told_apart),
        cmocka_unit_test(test_damaged_objects),
        cmocka_unit_test(test_emulated_kernels_call_only_the_emulator),
    };
    return cmocka_run_group_tests_name("gpu_compilers", tests, make_folder, remove_folder);
}
