#include "tests/base/check.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/base/cpu_facts.h"
#include "tuner/base/cpu_measure.h"
#include "tuner/base/file.h"

static char folder[] = "/tmp/tunebook-test-XXXXXX";

static void read_kept(struct text *text)
{
    struct text path = {0};
    assert_ok(file_cache_path("cpu.class", &path));
    assert_ok(file_read(text_string(&path), 1 << 20, text));
    text_free(&path);
}

static void keep(const char *content)
{
    struct text path = {0};
    assert_ok(file_cache_path("cpu.class", &path));
    assert_ok(file_publish(text_string(&path), content, strlen(content), 0644));
    text_free(&path);
}

static void test_round_figure(void **state)
{
    (void)state;
    static const struct {
        double value;
        uint32_t rounded;
    } cases[] = {{0, 1},        {0.4, 1},       {1.4, 1},         {9.6, 10},  {12.5, 13},
                 {99.4, 99},    {99.5, 100},    {104, 100},       {105, 110}, {994.9, 990},
                 {995.1, 1000}, {12345, 12000}, {4.26e6, 4300000}};
    for (size_t i = 0; i < N_OF(cases); i++)
        assert_int_equal(cpu_round_figure(cases[i].value), cases[i].rounded);
}

static void test_class_figures(void **state)
{
    (void)state;
    static const uint32_t cases[][2] = {
        {0, 1},   {1, 1},   {2, 2},   {3, 4},   {5, 4},   {6, 8},    {11, 8},      {12, 16},
        {22, 16}, {23, 32}, {45, 32}, {46, 64}, {90, 64}, {91, 128}, {4000, 4096}, {UINT32_MAX, 1u << 30}};
    for (size_t i = 0; i < N_OF(cases); i++) assert_int_equal(cpu_class_figure(cases[i][0]), cases[i][1]);
}

static void test_facts(void **state)
{
    (void)state;
    struct device_class class;
    struct cpu_facts facts;
    assert_ok(cpu_facts_read(0, &class, &facts));
    assert_true(facts.cpus >= 1 && facts.threads == facts.cpus && class.units == facts.cpus);
    assert_true(strlen(facts.model) > 0);
    assert_ptr_equal(class.product, facts.model);
    assert_string_equal(class.nickname, "");
    assert_string_equal(class.target, cpu_target());
    assert_true(facts.l1_bytes >= 4096 && facts.l2_bytes >= facts.l1_bytes &&
                facts.llc_bytes >= facts.l2_bytes);
    assert_true(class.bandwidth_gbps == cpu_class_figure(facts.bandwidth_gbps) &&
                facts.bandwidth_gbps < 100000);
    assert_int_equal(cpu_round_figure(facts.bandwidth_gbps), facts.bandwidth_gbps);
    assert_true(class.peak_tflops[DTYPE_F32] * 1000 > facts.peak_gflops - 1e-6);
    assert_true(class.peak_tflops[DTYPE_F64] > 0 && class.wave_size == 1);
    assert_true(facts.vector_bytes >= 16 && facts.vector_registers >= 16);

    /* The class is one that class_parse takes. */
    char text[CLASS_TEXT_BYTES], target[32];
    uint32_t units, gbps;
    class_format(&class, text);
    assert_ok(class_parse(text, target, &units, &gbps));

    assert_ok(cpu_facts_read(1, &class, &facts));
    assert_int_equal(class.units, 1);
}

#if defined(__x86_64__)
/* /proc/cpuinfo has the same from the kernel. */
static void test_target_against_the_kernel(void **state)
{
    (void)state;
    static const struct {
        const char *target, *flags[8];
    } levels[] = {
        {"x86-64-v2", {" sse4_2 ", " popcnt ", " cx16 ", " ssse3 "}},
        {"x86-64-v3", {" avx2 ", " fma ", " bmi1 ", " bmi2 ", " f16c ", " movbe ", " abm "}},
        {"x86-64-v4", {" avx512f ", " avx512bw ", " avx512cd ", " avx512dq ", " avx512vl "}},
    };
    static char line[65536];
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) skip();
    while (fgets(line, sizeof line, file) && strncmp(line, "flags", 5) != 0) continue;
    fclose(file);
    line[strcspn(line, "\n")] = ' ';
    const char *expected = "x86-64";
    for (size_t i = 0; i < N_OF(levels); i++) {
        for (int j = 0; levels[i].flags[j] && j < 8; j++)
            if (!strstr(line, levels[i].flags[j])) goto done;
        expected = levels[i].target;
    }
done:
    assert_string_equal(cpu_target(), expected);
}
#endif

/* Measured once: what is kept is what is answered, whatever it says. */
static void test_kept(void **state)
{
    (void)state;
    struct device_class class;
    struct cpu_facts facts;
    assert_ok(cpu_facts_read(1, &class, &facts));
    struct text text = {0};
    read_kept(&text);
    const char *line = strstr(text_string(&text), " 1 threads, ");
    assert_non_null(line);
    struct text changed = {0};
    text_append(&changed, "7 8 another machine\n12345 67890");
    text_append_bytes(&changed, line, strcspn(line, "\n") + 1);
    keep(text_string(&changed));
    uint64_t start = clock_ns();
    assert_ok(cpu_facts_read(1, &class, &facts));
    assert_true(clock_ns() - start < 1000000000);
    assert_int_equal(facts.bandwidth_gbps, 12345);
    assert_int_equal(facts.peak_gflops, 67890);
    text_free(&text);
    text_free(&changed);
}

/* What cannot be read is measured again; lines of other machines stay. */
static void test_broken_file(void **state)
{
    (void)state;
    struct device_class class;
    struct cpu_facts facts;
    keep("7 8 another machine\n0 garbage\nno end");
    assert_ok(cpu_facts_read(1, &class, &facts));
    assert_true(facts.bandwidth_gbps > 0 && facts.bandwidth_gbps != 12345);
    struct text text = {0};
    read_kept(&text);
    assert_non_null(strstr(text_string(&text), "7 8 another machine\n"));
    assert_non_null(strstr(text_string(&text), " 1 threads, "));
    text_free(&text);
}

static void test_unwritable_folder(void **state)
{
    (void)state;
    struct device_class class;
    struct cpu_facts facts;
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    assert_ok(cpu_facts_read(1, &class, &facts));
    assert_true(facts.bandwidth_gbps > 0);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_ok(cpu_facts_read(1, &class, &facts));
    setenv("XDG_CACHE_HOME", folder, 1);
}

static void test_too_many_threads(void **state)
{
    (void)state;
    struct device_class class = {.units = 99};
    struct cpu_facts facts;
    char message[100];
    snprintf(message, sizeof message, "1000000 threads wanted, but this machine has %ld CPUs",
             sysconf(_SC_NPROCESSORS_ONLN));
    assert_fails(cpu_facts_read(1000000, &class, &facts), STATUS_USAGE, message);
    assert_int_equal(class.units, 99);
}

static void test_affinity(void **state)
{
    (void)state;
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) != 0 || CPU_COUNT(&before) < 2) skip();
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    struct device_class class;
    struct cpu_facts facts;
    enum status status = cpu_facts_read(0, &class, &facts);
    sched_setaffinity(0, sizeof before, &before);
    assert_int_equal(status, STATUS_OK);
    assert_true(facts.cpus == 1 && class.units == 1);
}

static int group_set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) && setenv("XDG_CACHE_HOME", folder, 1) == 0 ? 0 : 1;
}

static int group_tear_down(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_figure),
        cmocka_unit_test(test_class_figures),
        cmocka_unit_test(test_facts),
#if defined(__x86_64__)
        cmocka_unit_test(test_target_against_the_kernel),
#endif
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_broken_file),
        cmocka_unit_test(test_unwritable_folder),
        cmocka_unit_test(test_too_many_threads),
        cmocka_unit_test(test_affinity),
    };
    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
