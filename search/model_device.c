/* The model's constants of a device class. */
#include <string.h>
#include "search/model.h"
#include "tuner/base/class_physics.h"

/* Threads and 32-bit registers that a unit holds, by what its target's name begins with; all vendors'
 * programming guides table them. AMD: 512 registers of 64 lanes (CDNA) or 1536 of 32 lanes (RDNA) for each of
 * four SIMDs of a unit (RDNA: two). */
static const struct {
    const char *prefix;
    uint32_t registers, threads;
    uint32_t vector_flops; /* f32, per unit and cycle */
} units[] = {
    {"gfx9", 131072, 2048, 256}, {"gfx1", 98304, 1024, 256},  {"sm_80", 65536, 2048, 128},
    {"sm_86", 65536, 1536, 256}, {"sm_89", 65536, 1536, 256}, {"sm_90", 65536, 2048, 256},
    {"sm_10", 65536, 2048, 256}, {"sm_12", 65536, 1536, 256},
};

/* A CPU as it was measured. Two vector units that multiply and add are taken for granted, as x86-64 has had
 * since 2013: so the clock follows from the measured peak. */
static bool describe_cpu(const struct device_class *class, const struct device_facts *facts,
                         struct model_device *out)
{
    double vector_bytes = facts ? (double)facts->value[DEVICE_FACT_vector_bytes] : 32;
    double flops = vector_bytes,
           gflops = class->peak_tflops[DTYPE_F32] * 1e3 / (class->units ? class->units : 1);
    *out = (struct model_device){.is_cpu = true,
                                 .units = class->units ? class->units : 1,
                                 .dies = 1,
                                 .wave_size = 1,
                                 .pipes = 1,
                                 .clock_ghz = gflops > 0 ? gflops / flops : 3,
                                 .vector_flops = flops,
                                 .lds_bytes = facts ? (uint64_t)facts->value[DEVICE_FACT_l1_bytes] : 32768,
                                 .lds_bytes_per_cycle = 2 * vector_bytes,
                                 .l2_bytes = class->l2_bytes,
                                 .l2_bytes_per_cycle = 64,
                                 .llc_bytes = class->llc_bytes,
                                 .memory_gbps = class->bandwidth_gbps ? class->bandwidth_gbps : 10,
                                 .memory_latency_ns = 100,
                                 .near_latency_ns = 30,
                                 .launch_ns = class->units > 1 ? 2000 : 200};
    out->llc_gbps = 16 * out->clock_ghz * out->units;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        out->flops[type] = flops * (type == DTYPE_F64 ? 0.5 : 1);
        out->power[type] = 1;
    }
    return true;
}

bool model_device_of(const struct device_class *class, const struct device_facts *facts,
                     struct model_device *out)
{
    if (class->wave_size == 1) return describe_cpu(class, facts, out);
    const struct class_physics *physics = class_physics_find(class);
    if (!physics || !class->units) return false;
    *out = (struct model_device){.units = class->units,
                                 .dies = physics->dies,
                                 .wave_size = class->wave_size,
                                 .pipes = physics->pipes,
                                 .clock_ghz = (class->clock_mhz ? class->clock_mhz : 1700) / 1e3,
                                 .lds_bytes_per_cycle = physics->lds_bytes_per_cycle,
                                 .lds_bytes = class->lds_bytes,
                                 .l2_bytes_per_cycle = physics->l2_bytes_per_cycle,
                                 .unit_bytes_per_cycle = physics->unit_bytes_per_cycle,
                                 .l2_bytes = class->l2_bytes,
                                 .llc_gbps = physics->llc_gbps,
                                 .llc_bytes = class->llc_bytes,
                                 .memory_gbps = class->bandwidth_gbps,
                                 .memory_latency_ns = physics->memory_latency_ns,
                                 .near_latency_ns = physics->near_latency_ns,
                                 .launch_ns = physics->launch_ns};
    for (int type = 0; type < DTYPE_COUNT; type++) {
        bool narrow = dtype_bytes((enum dtype)type) == 1;
        out->flops[type] = class->peak_tflops[type] * 1e3 / class->units / out->clock_ghz;
        out->power[type] = (narrow ? physics->power_percent_8 : physics->power_percent_16) / 100;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strncmp(class->target, units[i].prefix, strlen(units[i].prefix)) != 0) continue;
        out->registers = units[i].registers;
        out->unit_threads = units[i].threads;
        out->vector_flops = units[i].vector_flops;
        break;
    }
    return true;
}
