#include "tuner/physics.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/class_physics.h"
#include "tuner/device/device.h"
#include "tuner/lint.h"

void physics_of_class(const struct device_class *device_class, struct physics *out)
{
    const struct class_physics *more = class_physics_find(device_class);
    *out = (struct physics){.memory_gbps = device_class->bandwidth_gbps,
                            .cache_bytes = (double)(device_class->l2_bytes + device_class->llc_bytes),
                            .launch_ns = more ? more->launch_ns : 0,
                            .is_nominal = *device_class->nickname != '\0'};
    if (!device_class->l2_bytes) out->cache_bytes = -1;
    memcpy(out->peak_tflops, device_class->peak_tflops, sizeof out->peak_tflops);
}

/* --- a CPU by its class alone --- */

/* Two fused multiply-adds a cycle over the widest vectors, four on aarch64, at a clock no core reaches.
 * Integers of 8 bits and the narrow floats may do four times as many. */
static const double fastest_ghz = 6.5;
static const struct {
    const char *target;
    double f32_flops_per_cycle;
} cores[] = {{"x86-64-v4", 64}, {"x86-64-v3", 32}, {"x86-64", 16}, {"aarch64", 32}, {"armv", 32}};

static bool physics_of_cpu(const char *target, uint32_t units, uint32_t gbps, struct physics *out)
{
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++) {
        if (!text_starts_with(target, cores[i].target)) continue;
        double tflops = cores[i].f32_flops_per_cycle * fastest_ghz * units / 1e3;
        *out = (struct physics){.memory_gbps = gbps, .cache_bytes = -1};
        for (int type = 0; type < DTYPE_COUNT; type++)
            out->peak_tflops[type] = dtype_bytes((enum dtype)type) < 4 ? 4 * tflops : tflops;
        return true;
    }
    return false;
}

/* --- by name --- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Of parts that are alike to whoever reads `target` and `units`: nothing one of them can do is impossible. A
 * part with fewer or more units than any known one (a partition, say) has the rate of its units. */
static void admit(const struct device_class *known, uint32_t units, struct physics *out)
{
    struct physics one;
    physics_of_class(known, &one);
    double scale = units ? (double)units / known->units : 1;
    for (int type = 0; type < DTYPE_COUNT; type++)
        out->peak_tflops[type] = larger(out->peak_tflops[type], scale * one.peak_tflops[type]);
    out->memory_gbps = larger(out->memory_gbps, one.memory_gbps);
    out->cache_bytes = larger(out->cache_bytes, one.cache_bytes);
    if (out->launch_ns == 0 || one.launch_ns < out->launch_ns) out->launch_ns = one.launch_ns;
}

static bool is_of(const struct device_class *known, const char *target)
{
    return !*target || strcmp(known->target, target) == 0;
}

bool physics_of_target(const char *target, uint32_t units, struct physics *out)
{
    size_t n;
    const struct device_class *table = class_table(&n);
    bool exact = false, found = false;
    for (size_t i = 0; i < n && !exact; i++)
        exact = units && is_of(&table[i], target) && table[i].units == units;
    *out = (struct physics){.is_nominal = true};
    for (size_t i = 0; i < n && (*target || exact); i++) {
        if (!is_of(&table[i], target) || (exact && table[i].units != units)) continue;
        admit(&table[i], units, out);
        found = true;
    }
    if (!found) *out = (struct physics){.cache_bytes = -1};
    return found;
}

static bool look_up(const char *name, struct physics *out)
{
    char target[32];
    uint32_t units, gbps;
    *out = (struct physics){.cache_bytes = -1};
    if (strchr(name, ':') == NULL) {
        const struct device_class *known = class_find(name);
        if (known) physics_of_class(known, out);
        return known != NULL;
    }
    if (class_parse(name, target, &units, &gbps) != STATUS_OK) return false;
    const struct device_class *known = class_find(name);
    if (known) {
        physics_of_class(known, out); /* of several products the one with the highest peaks */
        return true;
    }
    if (!physics_of_target(target, units, out)) return physics_of_cpu(target, units, gbps, out);
    out->memory_gbps = gbps; /* what the driver said of it */
    return true;
}

/* Records of a class come one behind the other: the last answer is kept. */
bool physics_of_name(const char *name, struct physics *out)
{
    static _Thread_local struct {
        char name[CLASS_TEXT_BYTES];
        bool known;
        struct physics physics;
    } last;
    if (strcmp(name, last.name) != 0 || !*name) {
        last.known = look_up(name, &last.physics);
        snprintf(last.name, sizeof last.name, "%s", strlen(name) < sizeof last.name ? name : "");
    }
    *out = last.physics;
    return last.known;
}

/* --- bytes --- */

static double weight_bytes(const struct problem *problem)
{
    struct operand operands[OP_OPERANDS_MAX];
    unsigned n = problem->op->operands(problem, operands);
    double bytes = 0;
    for (unsigned i = 0; i < n; i++)
        if (operands[i].role == OPERAND_WEIGHT && !operands[i].rows_unknown)
            bytes += (double)operands[i].rows * (double)operands[i].columns * (double)operands[i].batch *
                     dtype_bytes(operands[i].type);
    return bytes;
}

double physics_memory_bytes(const struct physics *physics, const struct problem *problem, bool cold_weights)
{
    struct op_work work;
    problem->op->work(problem, &work);
    double weights = cold_weights ? weight_bytes(problem) : 0;
    if (weights > work.bytes) weights = work.bytes;
    double spilled = physics->cache_bytes < 0 ? 0 : work.bytes - physics->cache_bytes;
    return larger(weights / 2, spilled);
}

/* --- what a sweep asks --- */

static bool keep_error(void *context, const struct lint_finding *finding)
{
    char *line = context;
    if (finding->level != LINT_ERROR) return true;
    snprintf(line, LINT_LINE_BYTES, "%s", finding->line);
    return false;
}

const char *physics_objection(const struct problem *problem, const struct device_info *info,
                              uint64_t median_ns)
{
    static _Thread_local char line[LINT_LINE_BYTES];
    struct physics physics;
    physics_of_class(&info->device_class, &physics);
    struct lint_time time = {problem, &physics, (double)median_ns, true};
    struct lint_finding about = {.entry = LINT_RECORD};
    return lint_time(&time, &about, keep_error, line) ? NULL : line;
}
