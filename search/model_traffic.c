/* Who asks which cache for how much. */
#include <math.h>
#include "search/model_parts.h"

/* A rectangle of tiles that are computed at the same time. */
struct patch {
    double rows, columns;
};

static double common_divisor(double a, double b)
{
    int64_t x = (int64_t)a, y = (int64_t)b;
    while (y) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x > 0 ? (double)x : 1;
}

/* Tiles are walked in groups of group_m rows, down each column of the group. */
static struct patch device_patch(const struct model_plan *plan, double at_once)
{
    double group = model_least(model_most(1, (double)plan->kernel->group_m), plan->row_tiles);
    double rows = model_least(group, at_once);
    double columns = model_ceil_div(at_once, rows);
    if (columns <= plan->column_tiles) return (struct patch){rows, columns};
    rows = model_least(plan->row_tiles, rows * model_ceil_div(columns, plan->column_tiles));
    return (struct patch){rows, plan->column_tiles};
}

/* What one die sees of it: a rectangle of its own where neighbours are on one die; else every tile whose
 * number has the die's remainder, as hardware deals them out. */
static struct patch die_patch(const struct model_plan *plan, struct patch device)
{
    double dies = plan->device->dies, tiles = model_most(1, device.rows * device.columns / dies);
    if (dies == 1) return device;
    if (plan->kernel->by_die) {
        double rows = model_least(device.rows, model_most(1, floor(sqrt(tiles))));
        return (struct patch){rows, model_least(device.columns, model_ceil_div(tiles, rows))};
    }
    double rows = device.rows / common_divisor(device.rows, dies);
    return (struct patch){model_least(rows, tiles), model_least(device.columns, tiles)};
}

void model_traffic(struct model_plan *plan)
{
    const struct model_device *device = plan->device;
    const struct model_work *work = plan->work;
    double split = (double)plan->kernel->split_k, k = (double)work->k, batch = (double)work->batch;
    double row_bytes = plan->tile_m * k * plan->a_bytes, column_bytes = plan->tile_n * k * plan->b_bytes;
    plan->fetch_bytes = plan->tiles * (row_bytes / (double)plan->kernel->cluster_n +
                                       column_bytes / (double)plan->kernel->cluster_m);
    /* Compulsory: each byte once. */
    double a = (double)work->m * k * plan->a_bytes * batch, b = (double)work->n * k * plan->b_bytes * batch;
    double d = (double)work->m * (double)work->n * plan->d_bytes * batch;
    double slots = model_least(plan->items, device->units * plan->occupancy);
    double at_once = model_most(1, model_least(plan->tiles, slots / split));
    struct patch patch = device_patch(plan, at_once), die = die_patch(plan, patch);
    double rounds = plan->tiles / (patch.rows * patch.columns);
    double dies = model_least(device->dies, plan->items);
    double patch_bytes = patch.rows * row_bytes + patch.columns * column_bytes;
    double die_bytes = die.rows * row_bytes + die.columns * column_bytes;
    double from_llc = model_least(plan->fetch_bytes, rounds * model_most(dies * die_bytes, patch_bytes));
    /* Between rounds an operand stays in the last cache where what is read meanwhile fits. */
    double cache = (double)(device->llc_bytes ? device->llc_bytes : device->l2_bytes * device->dies) / 2;
    double from_memory = a + b;
    if (a + b > cache) {
        double again = rounds * patch_bytes;
        double a_kept = patch.rows * row_bytes < cache ? a : rounds * patch.rows * row_bytes;
        double groups = model_ceil_div(plan->row_tiles, patch.rows);
        double b_kept = b < cache ? b : groups * b;
        from_memory = model_most(a + b, model_least(again, a_kept + b_kept));
    }
    plan->memory_bytes = from_memory + d + work->extra_bytes;
    plan->llc_bytes = model_most(from_llc, from_memory) + d;
    double far = model_least(1, from_memory / plan->llc_bytes * 2);
    plan->latency_ns = far * device->memory_latency_ns + (1 - far) * device->near_latency_ns;
}
