/* How the time for first slices and finals is shared among a sweep's problems: the same for each, and for
 * those whose launches are long as much more as some tens of them take. Else a product of seconds gets no
 * farther than its default. */
#include <math.h>
#include <stdlib.h>
#include "tuner/sweep_internal.h"

/* What a problem needs: about eight trials of seven launches (verifying, warming up, measuring) and its
 * finals. */
enum { LAUNCHES_WANTED = 8 * 7 + 3 * SWEEP_FINALS_LAUNCHES };

double sweep_least_launch_ns(const struct problem *problem, const struct device_info *info)
{
    struct op_work work;
    problem->op->work(problem, &work);
    enum dtype type = problem_input_type(problem);
    double peak_tflops = info->device_class.peak_tflops[type];
    double bandwidth_gbps = (double)info->facts.value[DEVICE_FACT_bandwidth_gbps];
    double arithmetic_ns = peak_tflops > 0 ? work.flops / peak_tflops / 1e3 : 0;
    double memory_ns = bandwidth_gbps > 0 ? work.bytes / bandwidth_gbps : 0;
    return fmax(arithmetic_ns, memory_ns);
}

enum status sweep_shares_begin(struct sweep *sweep, const struct sweep_problem *problems, size_t n)
{
    sweep->shares = calloc(n + 1, sizeof *sweep->shares);
    if (!sweep->shares) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", n);
    double equal_ns = (double)sweep->options->budget.time_ns / (double)(n ? n : 1), sum = 0;
    for (size_t i = 0; i < n; i++) {
        sweep->shares[i] =
            1 + equal_ns + LAUNCHES_WANTED * sweep_least_launch_ns(&problems[i].problem, sweep->info);
        sum += sweep->shares[i];
    }
    for (size_t i = 0; i < n; i++) sweep->shares[i] /= sum;
    return STATUS_OK;
}
