#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"

/* Williams, Waterman, Patterson: "Roofline", CACM 52(4), 2009: no kernel is faster than its arithmetic at
 * peak or its least traffic at full bandwidth. On a CPU the operands may lie in a cache, so the memory bound
 * holds for cold data only. */
cJSON *explain_roofline(const struct device_info *info, const struct problem *problem, uint64_t expected_ns)
{
    struct op_work work;
    problem->op->work(problem, &work);
    double peak_gflops = info->device_class.peak_tflops[problem_input_type(problem)] * 1e3;
    double bandwidth_gbps = (double)info->facts.value[DEVICE_FACT_bandwidth_gbps];
    double arithmetic_ns = peak_gflops > 0 ? work.flops / peak_gflops : 0;
    double memory_ns = bandwidth_gbps > 0 ? work.bytes / bandwidth_gbps : 0;
    double least_ns = arithmetic_ns > memory_ns ? arithmetic_ns : memory_ns;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "flops", work.flops);
    cJSON_AddNumberToObject(object, "bytes", work.bytes);
    cJSON_AddNumberToObject(object, "peak_gflops", peak_gflops);
    cJSON_AddNumberToObject(object, "bandwidth_gbps", bandwidth_gbps);
    cJSON_AddNumberToObject(object, "arithmetic_ns", arithmetic_ns);
    cJSON_AddNumberToObject(object, "memory_ns", memory_ns);
    json_add_text(object, "bound_by",
                  least_ns <= 0               ? NULL
                  : arithmetic_ns > memory_ns ? "arithmetic"
                                              : "memory");
    if (expected_ns && least_ns > 0)
        cJSON_AddNumberToObject(object, "reached", least_ns / (double)expected_ns);
    else
        cJSON_AddNullToObject(object, "reached");
    return object;
}
