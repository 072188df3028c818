#include "tuner/base/cpu_facts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/cpu_measure.h"
#include "tuner/base/file.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* ---- instruction set ---- */

static const struct {
    const char *target;
    uint32_t vector_bytes, vector_registers;
} levels[] = {
    {"x86-64", 16, 16},    {"x86-64-v2", 16, 16}, {"x86-64-v3", 32, 16},
    {"x86-64-v4", 64, 32}, {"armv8-a", 16, 32},   {"generic", 16, 16},
};

#if defined(__x86_64__)
/* x86-64 psABI, "Micro-Architecture Levels". The builtins also ask whether the system saves the registers. */
static int detected_level(void)
{
    unsigned a, b, c = 0, d, extended = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    __get_cpuid(0x80000001, &a, &b, &extended, &d);
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt") || !(c & bit_CMPXCHG16B))
        return 0;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !(c & bit_F16C) || !(c & bit_MOVBE) || !(extended & bit_LZCNT))
        return 1;
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
    return wide ? 3 : 2;
}
#elif defined(__aarch64__)
static int detected_level(void)
{
    return 4;
}
#else
static int detected_level(void)
{
    return 5;
}
#endif

/* $TUNEBOOK_CPU_TARGET asks for a lower level of the same architecture: to tune or test for a smaller
 * machine. One that this CPU lacks changes nothing. */
static int level_index(void)
{
    int detected = detected_level();
    const char *wanted = getenv("TUNEBOOK_CPU_TARGET");
    for (int i = 0; wanted && detected <= 3 && i < detected; i++)
        if (strcmp(levels[i].target, wanted) == 0) return i;
    return detected;
}

const char *cpu_target(void)
{
    return levels[level_index()].target;
}

/* ---- sysfs ---- */

/* The first line of a small file below /sys/devices/system/cpu. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    if (read) line[strcspn(line, "\n")] = 0;
    return read;
}

/* What the CPU calls itself, blanks condensed. */
static void read_model(char *model, size_t size)
{
    char name[64] = "";
#if defined(__x86_64__)
    unsigned words[12];
    if ((unsigned)__get_cpuid_max(0x80000000, NULL) >= 0x80000004) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                        &words[4 * i + 3]);
        memcpy(name, words, sizeof words);
    }
#else
    char midr[32];
    if (read_line("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", midr, sizeof midr))
        snprintf(name, sizeof name, "ARM MIDR %s", midr);
#endif
    size_t n = 0;
    for (const char *p = name; *p && n + 1 < size; p++) {
        bool blank = *p <= ' ' || *p > '~';
        if (!blank)
            model[n++] = *p;
        else if (n && model[n - 1] != ' ')
            model[n++] = ' ';
    }
    while (n && model[n - 1] == ' ') n--;
    model[n] = 0;
    if (!n) snprintf(model, size, "unknown");
}

/* How many CPUs "0-3,8-11" names. */
static uint32_t count_list(const char *list)
{
    uint32_t n = 0;
    while (*list) {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (end == list) break;
        if (*end == '-') last = strtoul(end + 1, &end, 10);
        if (last >= first && last - first < 1 << 20) n += (uint32_t)(last - first) + 1;
        list = *end == ',' ? end + 1 : end;
    }
    return n ? n : 1;
}

/* One cache of the CPU as sysfs tells it: level, bytes, CPUs that share it. Instruction caches are passed
 * over. */
static bool read_cache(int cpu, int index, unsigned *level, uint64_t *bytes, uint32_t *sharers)
{
    char path[128], line[1024];
    int n = snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/", cpu, index);
    char *leaf = path + n;
    *level = 0;
    strcpy(leaf, "type");
    if (!read_line(path, line, sizeof line)) return false;
    if (strcmp(line, "Instruction") == 0) return true;
    strcpy(leaf, "size");
    if (!read_line(path, line, sizeof line)) return true;
    char *unit;
    uint64_t size = strtoull(line, &unit, 10);
    *bytes = size << (*unit == 'K' ? 10 : *unit == 'M' ? 20 : 0);
    strcpy(leaf, "shared_cpu_list");
    *sharers = read_line(path, line, sizeof line) ? count_list(line) : 1;
    strcpy(leaf, "level");
    if (*bytes && read_line(path, line, sizeof line)) *level = (unsigned)strtoul(line, NULL, 10);
    return true;
}

static uint64_t first_positive(long a, uint64_t b)
{
    return a > 0 ? (uint64_t)a : b;
}

/* The last level is counted once for every group of CPUs that shares one: as often as `cpus` fill such
 * groups. */
static void read_caches(int cpu, struct cpu_facts *facts)
{
    unsigned level, last_level = 0;
    uint64_t bytes = 0;
    uint32_t sharers = 1;
    for (int index = 0; index < 16 && read_cache(cpu, index, &level, &bytes, &sharers); index++) {
        if (level == 1) facts->l1_bytes = bytes;
        if (level == 2) facts->l2_bytes = bytes;
        if (level < last_level || !level) continue;
        last_level = level;
        facts->llc_bytes = bytes * ((facts->cpus + sharers - 1) / sharers);
    }
    if (!facts->l1_bytes) facts->l1_bytes = first_positive(sysconf(_SC_LEVEL1_DCACHE_SIZE), 32 << 10);
    if (!facts->l2_bytes) facts->l2_bytes = first_positive(sysconf(_SC_LEVEL2_CACHE_SIZE), 512 << 10);
    if (!facts->llc_bytes) facts->llc_bytes = first_positive(sysconf(_SC_LEVEL3_CACHE_SIZE), 8 << 20);
}

/* CPUs that this thread may use, and the first of them. A mask of the usual size fails on very large
 * machines. */
static uint32_t count_cpus(int *first)
{
    *first = 0;
    for (int size = CPU_SETSIZE; size <= 1 << 16; size *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)size);
        if (!set) break;
        size_t bytes = CPU_ALLOC_SIZE((size_t)size);
        int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        while (count && !CPU_ISSET_S((size_t)*first, bytes, set)) ++*first;
        CPU_FREE(set);
        if (count) return (uint32_t)count;
    }
    return (uint32_t)first_positive(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

/* ---- the file that keeps what was measured: `GB/s GFLOP/s KEY` lines ---- */

enum { CACHE_LIMIT = 64 * 1024 };

static void make_key(const struct cpu_facts *facts, struct text *key)
{
    text_format(key, "%u threads, %u cpus, %llu llc, %s, %s", facts->threads, facts->cpus,
                (unsigned long long)facts->llc_bytes, cpu_target(), facts->model);
}

static bool line_has_key(const char *line, size_t size, const char *key)
{
    size_t n = strlen(key);
    return size > n && line[size - n - 1] == ' ' && memcmp(line + size - n, key, n) == 0;
}

/* The speeds in the line of that key; `others` gets every other line. */
static bool find_kept(const char *path, const char *key, struct cpu_facts *facts, struct text *others)
{
    struct text content = {0};
    bool found = false;
    if (file_read(path, CACHE_LIMIT, &content) == STATUS_OK) {
        for (const char *line = text_string(&content), *end; (end = strchr(line, '\n')); line = end + 1) {
            unsigned gbps, gflops;
            if (!line_has_key(line, (size_t)(end - line), key)) {
                text_append_bytes(others, line, (size_t)(end - line) + 1);
            } else if (sscanf(line, "%6u %9u ", &gbps, &gflops) == 2 && gbps && gflops) {
                facts->bandwidth_gbps = gbps;
                facts->peak_gflops = gflops;
                found = true;
            }
        }
    }
    text_free(&content);
    return found;
}

/* Failing to keep it is no failure: it is measured again the next time. */
static void keep(const char *path, const char *key, const struct cpu_facts *facts, struct text *others)
{
    struct text folder = {0};
    text_append_bytes(&folder, path, (size_t)(strrchr(path, '/') - path));
    text_format(others, "%u %u %s\n", facts->bandwidth_gbps, facts->peak_gflops, key);
    if (text_status(&folder) == STATUS_OK && text_status(others) == STATUS_OK &&
        others->size <= CACHE_LIMIT && file_make_folders(text_string(&folder)) == STATUS_OK)
        file_publish(path, others->data, others->size, 0644);
    text_free(&folder);
}

static enum status read_speed(bool measure, struct cpu_facts *facts)
{
    struct text path = {0}, key = {0}, others = {0};
    struct cpu_speed speed;
    make_key(facts, &key);
    /* A thread pinned to fewer CPUs than threads would measure, and then keep, something else. */
    bool kept = file_cache_path("cpu.class", &path) == STATUS_OK && facts->threads <= facts->cpus;
    enum status status = text_status(&key);
    if (status != STATUS_OK || (kept && find_kept(text_string(&path), text_string(&key), facts, &others)) ||
        !measure)
        goto done;
    status = cpu_measure(facts->threads, facts->llc_bytes, &speed);
    if (status != STATUS_OK) goto done;
    facts->bandwidth_gbps = speed.bandwidth_gbps;
    facts->peak_gflops = speed.peak_gflops;
    text_clear(&others);
    /* Another process may have been first: then its figures are the machine's. */
    if (kept && !find_kept(text_string(&path), text_string(&key), facts, &others))
        keep(text_string(&path), text_string(&key), facts, &others);
done:
    text_free(&path);
    text_free(&key);
    text_free(&others);
    return status;
}

/* ---- all together ---- */

static uint32_t read_clock_mhz(int cpu)
{
    char path[96], line[32];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", cpu);
    return read_line(path, line, sizeof line) ? (uint32_t)(strtoul(line, NULL, 10) / 1000) : 0;
}

static enum status read_facts(uint32_t threads, bool measure, struct device_class *out,
                              struct cpu_facts *facts)
{
    int level = level_index(), first;
    struct cpu_facts found = {.vector_bytes = levels[level].vector_bytes,
                              .vector_registers = levels[level].vector_registers};
    found.cpus = count_cpus(&first);
    found.threads = threads ? threads : found.cpus;
    uint64_t online = first_positive(sysconf(_SC_NPROCESSORS_ONLN), found.cpus);
    if (found.threads > online && found.threads > found.cpus)
        return status_fail(STATUS_USAGE, "%u threads wanted, but this machine has %u CPUs", threads,
                           (unsigned)online);
    read_model(found.model, sizeof found.model);
    read_caches(first, &found);
    TRY(read_speed(measure, &found));

    *facts = found;
    double peak = found.peak_gflops / 1e3;
    *out = (struct device_class){
        .nickname = "",
        .product = facts->model,
        .units = found.threads,
        .bandwidth_gbps = found.bandwidth_gbps ? cpu_class_figure(found.bandwidth_gbps) : 0,
        .clock_mhz = read_clock_mhz(first),
        .wave_size = 1,
        .l2_bytes = found.l2_bytes,
        .llc_bytes = found.llc_bytes,
        /* The half-width types are widened before they are multiplied. */
        .peak_tflops = {[DTYPE_F64] = peak / 2, [DTYPE_F32] = peak, [DTYPE_F16] = peak, [DTYPE_BF16] = peak},
    };
    strcpy(out->target, levels[level].target);
    return STATUS_OK;
}

enum status cpu_facts_read(uint32_t threads, struct device_class *out, struct cpu_facts *facts)
{
    return read_facts(threads, true, out, facts);
}

enum status cpu_facts_read_kept(uint32_t threads, struct device_class *out, struct cpu_facts *facts)
{
    return read_facts(threads, false, out, facts);
}
