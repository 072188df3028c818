#include "frontends/cli/timing_json.h"

void timing_json_add(cJSON *object, const struct timing *timing)
{
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"median_ns", timing->median_ns}, {"q1_ns", timing->q1_ns},
                   {"q3_ns", timing->q3_ns},         {"low_ns", timing->low_ns},
                   {"high_ns", timing->high_ns},     {"min_ns", timing->min_ns}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_AddNumberToObject(object, members[i].name, (double)members[i].value);
    cJSON_AddNumberToObject(object, "samples", timing->samples);
    cJSON_AddNumberToObject(object, "launches_per_sample", timing->launches_per_sample);
    cJSON_AddBoolToObject(object, "contended", (timing->flags & TIMING_CONTENDED) != 0);
    cJSON_AddBoolToObject(object, "unstable", (timing->flags & TIMING_UNSTABLE) != 0);
}
