#include "search/model.h"

#include <math.h>
#include <string.h>
#include "search/model_parts.h"

const struct model_shares model_shares = {.memory = 0.80,
                                          .llc = 0.5,

                                          .lds = 0.9,
                                          .pipe = 0.95,
                                          .vector = 0.6,
                                          .barrier_cycles = 60};

static const char *const names[MODEL_PARTS] = {
    [MODEL_MATRIX] = "matrix", [MODEL_LDS] = "lds",          [MODEL_L2] = "l2",       [MODEL_LLC] = "llc",
    [MODEL_MEMORY] = "memory", [MODEL_LATENCY] = "latency",  [MODEL_WAVES] = "waves", [MODEL_SPLIT] = "split",
    [MODEL_LAUNCH] = "launch", [MODEL_EPILOGUE] = "epilogue"};

const char *model_part_name(enum model_part part)
{
    return names[part];
}

void model_kernel_init(struct model_kernel *kernel)
{
    *kernel = (struct model_kernel){
#define MODEL_SHAPE(name, value, least, meaning) .name = value,
#include "search/model_kernel.def"
#undef MODEL_SHAPE
    };
}

double model_together(double a_ns, double b_ns)
{
    double longer = model_most(a_ns, b_ns), shorter = model_least(a_ns, b_ns);
    if (!(longer > 0)) return 0;
    double share = shorter / longer;
    return longer * cbrt(1 + share * share * share);
}

static double occupancy_of(const struct model_device *device, const struct model_kernel *kernel)
{
    double blocks = 8;
    if (kernel->occupancy) return (double)kernel->occupancy;
    if (kernel->shared_bytes)
        blocks = model_least(blocks, floor((double)device->lds_bytes / (double)kernel->shared_bytes));
    if (kernel->registers && device->registers)
        blocks =
            model_least(blocks, floor(device->registers / (double)(kernel->registers * kernel->threads)));
    if (device->unit_threads)
        blocks = model_least(blocks, floor(device->unit_threads / (double)kernel->threads));
    return model_most(1, blocks);
}

static struct model_plan plan_of(const struct model_device *device, const struct model_work *work,
                                 const struct model_kernel *kernel)
{
    struct model_plan plan = {.device = device,
                              .work = work,
                              .kernel = kernel,
                              .cycle_ns = 1 / device->clock_ghz,
                              .a_bytes = dtype_bytes(work->a_type),
                              .b_bytes = dtype_bytes(work->b_type),
                              .d_bytes = dtype_bytes(work->d_type),
                              .tile_m = (double)kernel->tile_m,
                              .tile_n = (double)kernel->tile_n,
                              .tile_k = (double)kernel->tile_k};
    plan.wave_m = kernel->wave_m ? (double)kernel->wave_m : plan.tile_m;
    plan.wave_n = kernel->wave_n ? (double)kernel->wave_n : plan.tile_n;
    plan.row_tiles = model_ceil_div((double)work->m, plan.tile_m);
    plan.column_tiles = model_ceil_div((double)work->n, plan.tile_n);
    plan.tiles = plan.row_tiles * plan.column_tiles * (double)work->batch;
    plan.steps = model_ceil_div(model_ceil_div((double)work->k, (double)kernel->split_k), plan.tile_k);
    plan.items = plan.tiles * (double)kernel->split_k;
    double units = kernel->blocks ? model_least(device->units, (double)kernel->blocks) : device->units;
    plan.occupancy = occupancy_of(device, kernel);
    plan.units = units;
    plan.per_unit = kernel->stream ? plan.items / units : model_ceil_div(plan.items, units);
    return plan;
}

/* Partial sums go out as f32 and come back: from all slices, or from the two tiles that a block of stream-K
 * shares with its neighbours. */
static double split_ns(const struct model_plan *plan)
{
    const struct model_kernel *kernel = plan->kernel;
    const struct model_device *device = plan->device;
    const struct model_work *work = plan->work;
    bool second = kernel->split_cost == 1 || kernel->split_cost == 2;
    double sums = 0;
    if (kernel->split_k > 1 && kernel->split_cost)
        sums = (double)(work->m * work->n * work->batch * kernel->split_k);
    if (kernel->stream) sums = plan->units * plan->tile_m * plan->tile_n;
    if (!(sums > 0)) return 0;
    double gbps = device->llc_gbps > 0 ? model_most(device->llc_gbps * model_shares.llc, device->memory_gbps)
                                       : device->memory_gbps;
    return (second ? device->launch_ns : 0) + 2 * device->memory_latency_ns +
           2 * 4 * sums / (gbps * model_shares.memory);
}

void model_estimate(const struct model_device *device, const struct model_work *work,
                    const struct model_kernel *kernel, struct model_estimate *out)
{
    memset(out, 0, sizeof *out);
    if (device->is_cpu) {
        model_estimate_cpu(device, work, kernel, out);
        return;
    }
    struct model_plan plan = plan_of(device, work, kernel);
    model_traffic(&plan);
    double unit_ns = model_unit_ns(&plan, out);
    double *part_ns = out->part_ns;
    part_ns[MODEL_LLC] = device->llc_gbps > 0 ? plan.llc_bytes / (device->llc_gbps * model_shares.llc) : 0;
    part_ns[MODEL_MEMORY] = plan.memory_bytes / (device->memory_gbps * model_shares.memory);
    part_ns[MODEL_LAUNCH] = device->launch_ns;
    double caches_ns = model_most(part_ns[MODEL_LLC], part_ns[MODEL_MEMORY]);
    part_ns[MODEL_SPLIT] = split_ns(&plan);
    part_ns[MODEL_WAVES] = unit_ns * (1 - plan.items / device->units / model_most(1, plan.per_unit));
    out->ns = model_together(unit_ns, caches_ns) + part_ns[MODEL_SPLIT] + part_ns[MODEL_LAUNCH];
    for (int part = 0; part < MODEL_PARTS; part++)
        if (part_ns[part] > part_ns[out->bound]) out->bound = (enum model_part)part;
    out->tiles = (int64_t)plan.tiles;
    out->rounds = (int64_t)ceil(plan.per_unit / plan.occupancy);
    out->occupancy = (int64_t)plan.occupancy;
}
