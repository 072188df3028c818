/* The table of rules, and what physics says of a time. */
#include "tuner/lint.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *why;
    enum lint_level level;
} rules[] = {
#define LINT_RULE(enumerator, name, level, why) {name, why, LINT_##level},
#include "tuner/lint.def"
#undef LINT_RULE
};

const char *lint_rule_name(enum lint_rule rule)
{
    return rules[rule].name;
}

const char *lint_rule_why(enum lint_rule rule)
{
    return rules[rule].why;
}

enum lint_level lint_rule_level(enum lint_rule rule)
{
    return rules[rule].level;
}

bool lint_tell(lint_visit *visit, void *context, const struct lint_finding *about, enum lint_rule rule,
               const char *format, ...)
{
    char line[LINT_LINE_BYTES];
    struct lint_finding finding = *about;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    finding.rule = rule;
    finding.level = rules[rule].level;
    finding.line = line;
    return visit(context, &finding);
}

/* Peaks are nominal or measured in a short loop: a clock that boosts past it by less than this is believed.
 */
static const double peak_slack = 1.25;
/* Memory's clock does not boost; nominal figures are rounded. */
static const double memory_slack = 1.1;
/* A CPU's bandwidth is measured once and rounded to a power of two, and its caches may be shared by a whole
 * machine of which a part is seen: it makes notes, no errors, and those from here on. */
static const double measured_memory_slack = 2;
/* Parts of the usual time of a launch that nothing goes below, and that little does. */
static const double launch_floor = 0.25, launch_near = 0.5;

static bool arithmetic(const struct lint_time *time, const struct lint_finding *about, lint_visit *visit,
                       void *context)
{
    struct op_work work;
    time->problem->op->work(time->problem, &work);
    enum dtype type = problem_input_type(time->problem);
    double peak = time->physics->peak_tflops[type], tflops = work.flops / time->ns / 1e3;
    if (peak <= 0 || tflops <= peak) return true;
    if (tflops > peak * peak_slack)
        return lint_tell(visit, context, about, LINT_ARITHMETIC,
                         "%.2f TFLOP/s is above the device's peak of %.2f TFLOP/s for %s", tflops, peak,
                         dtype_name(type));
    return !time->physics->is_nominal ||
           lint_tell(visit, context, about, LINT_NEAR_ARITHMETIC,
                     "%.2f TFLOP/s is above the nominal peak of %.2f TFLOP/s for %s", tflops, peak,
                     dtype_name(type));
}

static bool memory(const struct lint_time *time, const struct lint_finding *about, lint_visit *visit,
                   void *context)
{
    const struct physics *physics = time->physics;
    struct op_work work;
    if (physics->memory_gbps <= 0) return true;
    time->problem->op->work(time->problem, &work);
    double bytes = physics_memory_bytes(physics, time->problem, time->cold_weights);
    double slack = physics->is_nominal ? memory_slack : measured_memory_slack;
    if (bytes / time->ns > physics->memory_gbps * slack) {
        enum lint_rule rule = physics->is_nominal ? LINT_MEMORY : LINT_NEAR_MEMORY;
        return lint_tell(visit, context, about, rule,
                         "%.0f ns for %.4g MB that must come from memory: %.0f GB/s, and the device has %.0f",
                         time->ns, bytes / 1e6, bytes / time->ns, physics->memory_gbps);
    }
    if (work.bytes / time->ns <= physics->memory_gbps * slack || !physics->is_nominal) return true;
    return lint_tell(visit, context, about, LINT_NEAR_MEMORY,
                     "%.0f ns for %.4g MB: %.0f GB/s, and the device's memory has %.0f", time->ns,
                     work.bytes / 1e6, work.bytes / time->ns, physics->memory_gbps);
}

static bool launch(const struct lint_time *time, const struct lint_finding *about, lint_visit *visit,
                   void *context)
{
    double usual = time->physics->launch_ns;
    if (time->ns >= usual * launch_near) return true;
    return lint_tell(visit, context, about, time->ns < usual * launch_floor ? LINT_LAUNCH : LINT_NEAR_LAUNCH,
                     "%.0f ns, and a launch of nothing takes some %.0f ns on this device", time->ns, usual);
}

bool lint_time(const struct lint_time *time, const struct lint_finding *about, lint_visit *visit,
               void *context)
{
    if (!(time->ns > 0))
        return lint_tell(visit, context, about, LINT_NO_TIME, "a time of 0 ns is no measurement");
    return arithmetic(time, about, visit, context) && memory(time, about, visit, context) &&
           launch(time, about, visit, context);
}
