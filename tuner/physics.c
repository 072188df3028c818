/* What physics forbids never wins: no kernel is faster than its arithmetic at the class's peak. */
#include <stdio.h>
#include "tuner/sweep_internal.h"

/* Peaks are nominal or measured in a short loop: a clock that boosts past it by less than this is believed.
 */
static const double peak_slack = 1.25;

const char *physics_objection(const struct problem *problem, const struct device_info *info,
                              uint64_t median_ns)
{
    static _Thread_local char line[160];
    struct op_work work;
    problem->op->work(problem, &work);
    enum dtype type = problem_input_type(problem);
    double peak_tflops = info->device_class.peak_tflops[type];
    if (median_ns == 0) return "a time of 0 ns is no measurement";
    double tflops = work.flops / (double)median_ns / 1e3;
    if (peak_tflops <= 0 || tflops <= peak_tflops * peak_slack) return NULL;
    snprintf(line, sizeof line, "%.2f TFLOP/s is above the device's peak of %.2f TFLOP/s for %s", tflops,
             peak_tflops, dtype_name(type));
    return line;
}
