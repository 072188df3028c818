#include "search/model.h"

#include <math.h>
#include <string.h>

/* Shares of the peaks that good kernels reach, the same for every device and shape. */
static const double memory_share = 0.76;
static const double l2_share = 0.6, llc_share = 0.8, lds_share = 0.85;

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

/* What is derived from work and shape before any time is. */
struct plan {
    double a_bytes, b_bytes, d_bytes; /* of an element */
    double tile_m, tile_n, tile_k, wave_m, wave_n;
    double row_tiles, column_tiles, tiles, items, steps, slice_k;
    double occupancy, at_once, per_unit, busy_units;
};

static double ceil_div(double a, double b)
{
    return ceil(a / b);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

static double occupancy_of(const struct model_device *device, const struct model_kernel *kernel)
{
    double blocks = 8;
    if (kernel->occupancy) return (double)kernel->occupancy;
    if (device->is_cpu) return 1;
    if (kernel->shared_bytes)
        blocks = least(blocks, floor((double)device->lds_bytes / (double)kernel->shared_bytes));
    if (kernel->registers && device->registers)
        blocks = least(blocks, floor(device->registers / (double)(kernel->registers * kernel->threads)));
    if (device->unit_threads) blocks = least(blocks, floor(device->unit_threads / (double)kernel->threads));
    return most(1, blocks);
}

static struct plan plan_of(const struct model_device *device, const struct model_work *work,
                           const struct model_kernel *kernel)
{
    struct plan plan = {.a_bytes = dtype_bytes(work->a_type),
                        .b_bytes = dtype_bytes(work->b_type),
                        .d_bytes = dtype_bytes(work->d_type),
                        .tile_m = (double)kernel->tile_m,
                        .tile_n = (double)kernel->tile_n,
                        .tile_k = (double)kernel->tile_k};
    plan.wave_m = kernel->wave_m ? (double)kernel->wave_m : plan.tile_m;
    plan.wave_n = kernel->wave_n ? (double)kernel->wave_n : plan.tile_n;
    plan.row_tiles = ceil_div((double)work->m, plan.tile_m);
    plan.column_tiles = ceil_div((double)work->n, plan.tile_n);
    plan.tiles = plan.row_tiles * plan.column_tiles * (double)work->batch;
    plan.slice_k = ceil_div((double)work->k, (double)kernel->split_k);
    plan.steps = ceil_div(plan.slice_k, plan.tile_k);
    plan.items = plan.tiles * (double)kernel->split_k;
    plan.occupancy = occupancy_of(device, kernel);
    double slots = device->units * plan.occupancy;
    if (kernel->blocks) slots = least(slots, (double)kernel->blocks);
    plan.at_once = least(plan.items, slots);
    double unit_slots = kernel->blocks ? least(device->units, (double)kernel->blocks) : device->units;
    plan.busy_units = least(plan.items, unit_slots);
    plan.per_unit = kernel->stream ? plan.items / unit_slots : ceil_div(plan.items, unit_slots);
    return plan;
}

void model_estimate(const struct model_device *device, const struct model_work *work,
                    const struct model_kernel *kernel, struct model_estimate *out)
{
    struct plan plan = plan_of(device, work, kernel);
    double cycle_ns = 1 / device->clock_ghz;
    memset(out, 0, sizeof *out);
    double flops = kernel->matrix && device->flops[work->a_type] > 0
                       ? device->flops[work->a_type] * device->sustained
                       : device->vector_flops;
    double matrix_ns = 2 * plan.tile_m * plan.tile_n * plan.tile_k / flops * cycle_ns;
    double fetch_bytes = (plan.tile_m * plan.a_bytes / (double)kernel->cluster_n +
                          plan.tile_n * plan.b_bytes / (double)kernel->cluster_m) *
                         plan.tile_k;
    double l2_ns = fetch_bytes / 64 * cycle_ns;
    double memory_bytes = (double)work->batch * ((double)work->m * (double)work->k * plan.a_bytes +
                                                 (double)work->n * (double)work->k * plan.b_bytes) +
                          work->extra_bytes;
    double store_bytes = (double)work->batch * (double)work->m * (double)work->n * plan.d_bytes;
    double step_ns =
        kernel->stages > 1 ? most(matrix_ns, l2_ns) : matrix_ns + l2_ns + device->memory_latency_ns;
    out->part_ns[MODEL_MATRIX] = plan.per_unit * plan.steps * matrix_ns;
    out->part_ns[MODEL_L2] = plan.per_unit * plan.steps * l2_ns;
    out->part_ns[MODEL_MEMORY] = memory_bytes / (device->memory_gbps * memory_share);
    out->part_ns[MODEL_EPILOGUE] = store_bytes / (device->memory_gbps * memory_share);
    out->part_ns[MODEL_LAUNCH] = device->launch_ns;
    out->part_ns[MODEL_LATENCY] = plan.per_unit * device->memory_latency_ns;
    if (kernel->split_k > 1 && kernel->split_cost) out->part_ns[MODEL_SPLIT] = device->launch_ns;
    (void)l2_share, (void)llc_share, (void)lds_share;
    out->ns = most(plan.per_unit * plan.steps * step_ns, out->part_ns[MODEL_MEMORY]) +
              out->part_ns[MODEL_EPILOGUE] + out->part_ns[MODEL_LAUNCH] + out->part_ns[MODEL_LATENCY] +
              out->part_ns[MODEL_SPLIT];
    for (int part = 0; part < MODEL_PARTS; part++)
        if (out->part_ns[part] > out->part_ns[out->bound]) out->bound = (enum model_part)part;
    out->tiles = (int64_t)plan.tiles;
    out->rounds = (int64_t)ceil(plan.per_unit);
    out->occupancy = (int64_t)plan.occupancy;
}
