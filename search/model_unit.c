/* One unit: its matrix pipes, its shared memory, the path by which its loads come, and waiting. */
#include <math.h>
#include "search/model_parts.h"

/* Matrix arithmetic of a unit while `busy` of all units compute: its own share of the peak, and what power
 * leaves of the clock. The times of both come together as times do: a cube root of cubes. */
static double matrix_share(const struct model_device *device, enum dtype type, double busy)
{
    double alone = 1 / model_shares.pipe, all = 1 / device->power[type], load = busy / device->units;
    double power = model_most(0, all * all * all - alone * alone * alone);
    return 1 / cbrt(alone * alone * alone + power * load * load * load);
}

struct step {
    double matrix_ns, lds_ns, fetch_ns,
        other_ns; /* of one block; the first three are shared by those of a unit */
};

/* Matrix instructions of a block's step: whole ones, on those pipes that have a wave. */
static double matrix_cycles_of(const struct model_plan *plan, double busy, double blocks)
{
    const struct model_device *device = plan->device;
    const struct model_kernel *kernel = plan->kernel;
    double peak = device->flops[plan->work->a_type], m = (double)kernel->math_m, n = (double)kernel->math_n;
    double k = (double)kernel->math_k, pipes = device->pipes;
    if (kernel->math_cycles) peak = model_least(peak, 2 * m * n * k * pipes / (double)kernel->math_cycles);
    double wave_products = model_ceil_div(plan->wave_m, m) * m * model_ceil_div(plan->wave_n, n) * n;
    double waves = plan->tile_m / plan->wave_m * (plan->tile_n / plan->wave_n);
    double at_work = model_ceil_div((double)kernel->threads, device->wave_size) * blocks;
    double idle = at_work < pipes ? pipes / at_work : 1;
    double products = waves * wave_products * model_ceil_div(plan->tile_k, k) * k;
    return 2 * products * idle / (peak * matrix_share(device, plan->work->a_type, busy));
}

/* What loads narrower than 16 bytes a lane cost beyond those: their instructions, eight cycles of a wave
 * each. */
static double narrow_cycles(const struct model_plan *plan, double a, double b)
{
    const struct model_kernel *kernel = plan->kernel;
    double more =
        a * (1 / (double)kernel->vector_a - 1.0 / 16) + b * (1 / (double)kernel->vector_b - 1.0 / 16);
    return 8 * model_most(0, more) / plan->device->wave_size / plan->device->pipes;
}

/* Where `busy` units compute at the same time, with `blocks` blocks each. */
static struct step step_of(const struct model_plan *plan, double busy, double blocks)
{
    const struct model_device *device = plan->device;
    const struct model_kernel *kernel = plan->kernel;
    double products = plan->tile_m * plan->tile_n * plan->tile_k, cycle_ns = plan->cycle_ns;
    bool matrix = kernel->matrix && device->flops[plan->work->a_type] > 0;
    double matrix_cycles = matrix ? matrix_cycles_of(plan, busy, blocks)
                                  : 2 * products / (device->vector_flops * model_shares.vector);
    if (kernel->scale_k) /* two instructions for each sum, which fill half of the packed rate */
        matrix_cycles += 8 * products / (double)kernel->scale_k / device->vector_flops;
    double tile_waves = plan->tile_m / plan->wave_m * (plan->tile_n / plan->wave_n);
    double a = plan->tile_m * plan->tile_k * plan->a_bytes, b = plan->tile_n * plan->tile_k * plan->b_bytes;
    double reads = tile_waves * plan->tile_k *
                   ((kernel->shared_a ? plan->wave_m * plan->a_bytes : 0) +
                    (kernel->shared_b ? plan->wave_n * plan->b_bytes : 0));
    double writes = (kernel->shared_a ? a : 0) + (kernel->shared_b ? b : 0);
    double fetch = (kernel->shared_a ? a : a * plan->tile_n / plan->wave_n) +
                   (kernel->shared_b ? b : b * plan->tile_m / plan->wave_m);
    double l2_fetch = a / (double)kernel->cluster_n + b / (double)kernel->cluster_m,
           dies = model_least(device->dies, plan->items);
    return (struct step){.matrix_ns = matrix_cycles * cycle_ns,
                         .lds_ns = (reads + writes) * (double)kernel->conflicts /
                                   (device->lds_bytes_per_cycle * model_shares.lds) * cycle_ns,
                         .fetch_ns = (model_together(fetch / device->unit_bytes_per_cycle,
                                                     l2_fetch * busy / (dies * device->l2_bytes_per_cycle)) +
                                      narrow_cycles(plan, a, b)) *
                                     cycle_ns,
                         .other_ns = ((double)kernel->step_cycles + model_shares.barrier_cycles) * cycle_ns};
}

/* A step of `blocks` blocks that a unit has at the same time. */
static double step_ns(const struct model_plan *plan, const struct step *step, double blocks)
{
    double compute = model_together(step->matrix_ns, step->lds_ns) + step->other_ns;
    double load = plan->latency_ns + step->fetch_ns, stages = (double)plan->kernel->stages;
    double alone = stages > 1 ? model_together(compute, load / (stages - 1)) : compute + load;
    double shared = blocks * model_most(step->fetch_ns, model_together(step->matrix_ns, step->lds_ns));
    return model_most(alone, shared);
}

/* So many rounds, in each of which `busy` units have `blocks` blocks at the same time. */
static double rounds_ns(const struct model_plan *plan, double rounds, double blocks, double busy,
                        struct model_estimate *out)
{
    struct step step = step_of(plan, busy, blocks);
    double store_bytes =
        blocks * plan->tile_m * plan->tile_n * (plan->kernel->split_k > 1 ? 4 : plan->d_bytes);
    double store_ns = model_most(store_bytes / (2 * plan->device->unit_bytes_per_cycle) * plan->cycle_ns,
                                 store_bytes * busy / (plan->device->memory_gbps * model_shares.memory));
    double loop_ns = plan->steps * step_ns(plan, &step, blocks), fill_ns = plan->latency_ns + step.fetch_ns;
    out->part_ns[MODEL_MATRIX] += rounds * blocks * plan->steps * step.matrix_ns;
    out->part_ns[MODEL_LDS] += rounds * blocks * plan->steps * step.lds_ns;
    out->part_ns[MODEL_L2] += rounds * blocks * plan->steps * step.fetch_ns;
    out->part_ns[MODEL_EPILOGUE] += rounds * store_ns;
    double busy_ns =
        blocks * plan->steps * model_most(step.matrix_ns, model_most(step.lds_ns, step.fetch_ns));
    out->part_ns[MODEL_LATENCY] += rounds * model_most(0, loop_ns + fill_ns - busy_ns);
    double fills =
        plan->kernel->blocks && plan->kernel->stages > 1 ? 1 : rounds; /* persistent blocks load ahead */
    return rounds * (loop_ns + store_ns) + fills * fill_ns;
}

double model_unit_ns(const struct model_plan *plan, struct model_estimate *out)
{
    double units = plan->units, at_once = units * plan->occupancy;
    if (plan->kernel->stream) return rounds_ns(plan, plan->items / units, 1, units, out);
    double full = floor(plan->items / at_once), rest = plan->items - full * at_once;
    double ns = full > 0 ? rounds_ns(plan, full, plan->occupancy, units, out) : 0;
    if (rest > 0) ns += rounds_ns(plan, 1, model_ceil_div(rest, units), model_least(rest, units), out);
    return ns;
}
