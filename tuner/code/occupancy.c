#include "tuner/code/occupancy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"

/* One row of occupancy.def. */
struct capacity {
    const char *target;
    uint32_t units, simds, waves, registers, granule, scalars, shared_kib, shared_granule, reserved, blocks;
};

static const struct capacity capacities[] = {
#define OCCUPANCY(target, units, simds, waves, registers, granule, scalars, kib, shared_granule, reserved, \
                  blocks)                                                                                  \
    {target, units, simds, waves, registers, granule, scalars, kib, shared_granule, reserved, blocks},
#include "tuner/code/occupancy.def"
#undef OCCUPANCY
};

static const struct capacity *find(const char *target)
{
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
        if (strcmp(capacities[i].target, target) == 0) return &capacities[i];
    return NULL;
}

static uint64_t round_up(uint64_t value, uint32_t granule)
{
    return (value + granule - 1) / granule * granule;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Waves of one SIMD that its registers are enough for. */
static uint32_t waves_by_registers(const struct capacity *capacity, const struct occupancy_request *request)
{
    uint64_t taken = round_up(request->registers ? request->registers : 1, capacity->granule);
    uint32_t waves = least(capacity->waves, (uint32_t)(capacity->registers / taken));
    bool many = capacity->scalars && request->scalar_registers > capacity->scalars;
    return many ? least(waves, capacity->waves - 1) : waves;
}

static uint32_t blocks_by_shared(const struct capacity *capacity, uint32_t shared_bytes)
{
    uint64_t taken = round_up(shared_bytes, capacity->shared_granule) + capacity->reserved;
    return taken ? (uint32_t)(capacity->shared_kib * 1024u / taken) : UINT32_MAX;
}

enum status occupancy_of(const struct occupancy_request *request, struct occupancy *out)
{
    const struct capacity *capacity = find(request->target);
    const struct gpu_target *target = gpu_target_find(request->target);
    if (!capacity || !target)
        return status_fail(STATUS_NOT_COVERED, "nothing is known of the occupancy of %s", request->target);
    uint32_t threads = request->block_threads ? request->block_threads : 1;
    uint32_t waves = (uint32_t)(round_up(threads, target->wave_size) / target->wave_size);
    *out = (struct occupancy){.units = capacity->units, .simds = capacity->simds, .waves_per_block = waves};
    out->waves_by_registers = waves_by_registers(capacity, request);
    out->blocks_by[OCCUPANCY_WAVES] = capacity->simds * capacity->waves / waves;
    out->blocks_by[OCCUPANCY_REGISTERS] = capacity->simds * out->waves_by_registers / waves;
    out->blocks_by[OCCUPANCY_SHARED] = blocks_by_shared(capacity, request->shared_bytes);
    bool free_of_barriers = target->vendor == GPU_VENDOR_AMD && waves == 1;
    out->blocks_by[OCCUPANCY_BLOCKS] = free_of_barriers ? UINT32_MAX : capacity->blocks;
    out->blocks = UINT32_MAX;
    for (unsigned limit = 0; limit <= OCCUPANCY_BLOCKS; limit++) {
        if (out->blocks_by[limit] >= out->blocks) continue;
        out->blocks = out->blocks_by[limit];
        out->limit = (enum occupancy_limit)limit;
    }
    out->waves_per_simd = (uint32_t)(round_up((uint64_t)out->blocks * waves, out->simds) / out->simds);
    return STATUS_OK;
}

double occupancy_blocks_per_unit(const char *target, uint32_t registers, uint32_t shared_bytes,
                                 uint32_t block_threads)
{
    struct occupancy_request request = {target, registers, 0, shared_bytes, block_threads};
    struct occupancy occupancy;
    if (occupancy_of(&request, &occupancy) != STATUS_OK) return -1;
    return (double)occupancy.blocks / occupancy.units;
}

const char *occupancy_limit_name(const char *target, enum occupancy_limit limit)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    switch (limit) {
    case OCCUPANCY_REGISTERS: return "registers";
    case OCCUPANCY_SHARED: return gpu && gpu->vendor == GPU_VENDOR_NVIDIA ? "shared memory" : "LDS";
    case OCCUPANCY_BLOCKS: return "blocks";
    case OCCUPANCY_WAVES: break;
    }
    return gpu && gpu->vendor == GPU_VENDOR_NVIDIA ? "warps" : "waves";
}

void occupancy_print(const struct occupancy_request *request, const struct occupancy *occupancy, char *out,
                     size_t capacity)
{
    const struct gpu_target *gpu = gpu_target_find(request->target);
    bool nvidia = gpu && gpu->vendor == GPU_VENDOR_NVIDIA;
    const char *limit = occupancy_limit_name(request->target, occupancy->limit);
    const char *wave = nvidia ? "warp" : "wave", *unit = nvidia ? "SM" : occupancy->units == 2 ? "WGP" : "CU";
    uint32_t blocks = occupancy->blocks, waves = occupancy->waves_per_block, simd = occupancy->waves_per_simd;
    if (!blocks)
        snprintf(out, capacity, "no block fits: its %u %s%s need more %s than a %s has", waves, wave,
                 waves == 1 ? "" : "s", limit, unit);
    else
        snprintf(out, capacity, "%u %s%s per SIMD (%u block%s of %u %s%s per %s), limited by %s", simd, wave,
                 simd == 1 ? "" : "s", blocks, blocks == 1 ? "" : "s", waves, wave, waves == 1 ? "" : "s",
                 unit, limit);
}
