/* A CPU: its threads each compute a part of D, from panels in their caches. Sums are f32, and panels hold
 * f32. */
#include <math.h>
#include "search/model_parts.h"

/* Shares of what caches could bring; cycles of one element that is packed, and packed transposed; a fused
 * multiply-add gives its sum after four cycles. */
static const double l2_share = 0.5, llc_share = 0.6, pack_cycles = 0.25, turn_cycles = 0.6,
                    sum_latency_cycles = 4;
/* Two loads a cycle. */
static const double loads_per_cycle = 2;
enum { PANEL_BYTES = 4 };

struct part {
    const struct model_device *device;
    const struct model_work *work;
    const struct model_kernel *kernel;
    double rows, columns, k; /* of a thread's share */
    double wave_m, wave_n, tile_m, tile_n, tile_k;
    double k_blocks;
};

static double l2_rate(const struct part *part)
{
    return part->device->l2_bytes_per_cycle * l2_share;
}

static double llc_rate(const struct part *part)
{
    const struct model_device *device = part->device;
    return device->llc_gbps * llc_share / device->clock_ghz / device->units;
}

/* Bytes a cycle from the cache that holds so much. */
static double rate_of(const struct part *part, double bytes)
{
    if (bytes <= 0.8 * (double)part->device->l2_bytes) return l2_rate(part);
    return llc_rate(part);
}

static double tiles_of(const struct part *part)
{
    return model_ceil_div(part->rows, part->wave_m) * model_ceil_div(part->columns, part->wave_n);
}

/* Cycles of all register tiles: multiplications, or the loads that feed them, or the latency of too few sums.
 */
static double tile_cycles(const struct part *part, double *lds_cycles)
{
    const struct model_kernel *kernel = part->kernel;
    double sums = part->wave_m * part->wave_n;
    double loads = part->wave_m * PANEL_BYTES / (double)kernel->vector_a +
                   part->wave_n * PANEL_BYTES / (double)kernel->vector_b;
    double math = 2 * sums / part->device->vector_flops;
    double chain = sum_latency_cycles / (double)kernel->math_k;
    *lds_cycles = tiles_of(part) * part->k * loads / loads_per_cycle;
    return tiles_of(part) * part->k * model_most(math, chain) +
           tiles_of(part) * part->k_blocks * (double)kernel->step_cycles;
}

/* Panels that pass by one that stays in L1. */
static double pass_cycles(const struct part *part)
{
    const struct model_kernel *kernel = part->kernel;
    double stays = kernel->pass_n ? part->wave_m : part->wave_n,
           passes = kernel->pass_n ? part->wave_n : part->wave_m;
    double block = model_least(kernel->pass_n ? part->tile_n : part->tile_m,
                               kernel->pass_n ? part->columns : part->rows);
    double stay_bytes = stays * part->tile_k * PANEL_BYTES, pass_bytes = passes * part->tile_k * PANEL_BYTES;
    double block_bytes = block * part->tile_k * PANEL_BYTES, l1 = (double)part->device->lds_bytes;
    double bytes = 0;
    if (stay_bytes + pass_bytes > 0.8 * l1) bytes += stay_bytes;
    if (stay_bytes + block_bytes > 0.8 * l1) bytes += pass_bytes;
    return tiles_of(part) * part->k_blocks * bytes / rate_of(part, block_bytes);
}

/* What is packed: the outer side once, the inner side again for each block of the outer one. */
static double packing_cycles(const struct part *part)
{
    const struct model_kernel *kernel = part->kernel;
    double outer = kernel->outer_n ? model_ceil_div(part->columns, part->tile_n)
                                   : model_ceil_div(part->rows, part->tile_m);
    double a = part->rows * part->k * (kernel->outer_n ? outer : 1),
           b = part->columns * part->k * (kernel->outer_n ? 1 : outer);
    double cycles = 0;
    if (kernel->shared_a) cycles += a * (kernel->turn_a ? turn_cycles : pack_cycles);
    if (kernel->shared_b) cycles += b * (kernel->turn_b ? turn_cycles : pack_cycles);
    return cycles;
}

/* Sums that wait for the next block of k, and D. */
static double store_cycles(const struct part *part)
{
    double elements = part->rows * part->columns, waiting = 2 * (part->k_blocks - 1) * elements * PANEL_BYTES;
    return waiting / l2_rate(part) + elements * (part->kernel->turn_d ? turn_cycles : pack_cycles);
}

void model_estimate_cpu(const struct model_device *device, const struct model_work *work,
                        const struct model_kernel *kernel, struct model_estimate *out)
{
    struct part part = {.device = device,
                        .work = work,
                        .kernel = kernel,
                        .rows = model_ceil_div((double)work->m, (double)kernel->shares_m),
                        .columns = model_ceil_div((double)work->n, (double)kernel->shares_n),
                        .k = model_ceil_div((double)work->k, (double)kernel->split_k),
                        .tile_m = (double)kernel->tile_m,
                        .tile_n = (double)kernel->tile_n,
                        .tile_k = (double)kernel->tile_k};
    part.wave_m = kernel->wave_m ? (double)kernel->wave_m : part.tile_m;
    part.wave_n = kernel->wave_n ? (double)kernel->wave_n : part.tile_n;
    part.k_blocks = model_ceil_div(part.k, part.tile_k);
    double shares = (double)(kernel->shares_m * kernel->shares_n * kernel->split_k * work->batch);
    double rounds = model_ceil_div(shares, device->units), cycle_ns = rounds / device->clock_ghz, lds;
    double *part_ns = out->part_ns;
    part_ns[MODEL_MATRIX] = tile_cycles(&part, &lds) * cycle_ns;
    part_ns[MODEL_LDS] = lds * cycle_ns;
    part_ns[MODEL_L2] = pass_cycles(&part) * cycle_ns;
    part_ns[MODEL_LATENCY] = packing_cycles(&part) * cycle_ns;
    part_ns[MODEL_EPILOGUE] = store_cycles(&part) * cycle_ns;
    double m = (double)work->m, n = (double)work->n, k = (double)work->k, batch = (double)work->batch;
    double bytes = batch * (k * (m * dtype_bytes(work->a_type) + n * dtype_bytes(work->b_type)) +
                            m * n * dtype_bytes(work->d_type)) +
                   work->extra_bytes;
    part_ns[MODEL_MEMORY] = bytes / device->memory_gbps;
    part_ns[MODEL_SPLIT] =
        kernel->split_k > 1 ? 2 * 4 * m * n * (double)kernel->split_k / llc_rate(&part) * cycle_ns : 0;
    part_ns[MODEL_LAUNCH] = shares > 1 ? device->launch_ns : 200;
    /* Out of order, loads from L1 and multiplications do not wait for each other. */
    double tiles_ns =
        model_together(model_most(part_ns[MODEL_MATRIX], part_ns[MODEL_LDS]), part_ns[MODEL_L2]);
    double busy_ns = tiles_ns + part_ns[MODEL_LATENCY] + part_ns[MODEL_EPILOGUE];
    part_ns[MODEL_WAVES] = busy_ns * (1 - shares / (rounds * device->units));
    out->ns = model_together(busy_ns, part_ns[MODEL_MEMORY]) + part_ns[MODEL_SPLIT] + part_ns[MODEL_LAUNCH];
    for (int i = 0; i < MODEL_PARTS; i++)
        if (part_ns[i] > part_ns[out->bound]) out->bound = (enum model_part)i;
    out->tiles = (int64_t)(tiles_of(&part) * shares);
    out->rounds = (int64_t)rounds;
    out->occupancy = 1;
}
