#include "tuner/code/cycles.h"

/* Each SIMD has its turn to issue every fourth cycle: one instruction of each kind then, each of another
 * wave, and one of a wave (AMD, GCN architecture white paper, 2012). Matrix instructions are issued as vector
 * ones are. */
enum { TURN_CYCLES = 4 };

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double issue_cycles(const struct main_loop *loop, uint32_t waves_per_simd)
{
    static const enum instruction_kind others[] = {INSTRUCTION_SCALAR, INSTRUCTION_SCALAR_MEMORY,
                                                   INSTRUCTION_LDS, INSTRUCTION_MEMORY, INSTRUCTION_BRANCH};
    const uint32_t *counts = loop->counts;
    double vector = (double)loop->vector_cycles + TURN_CYCLES * (double)counts[INSTRUCTION_MATRIX];
    double most = vector;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        most = larger(most, TURN_CYCLES * (double)counts[others[i]]);
    double turns = (double)(loop->instructions - counts[INSTRUCTION_INTERNAL]) * TURN_CYCLES;
    return larger(most * waves_per_simd, turns); /* a wave alone cannot be faster than its own turns */
}

static void add_lds(const struct main_loop *loop, const struct conflicts *conflicts, struct cycle_sum *out)
{
    double *parts[2] = {&out->lds_read, &out->lds_write};
    double least = (double)loop->lds_other_cycles;
    for (int writes = 0; writes < 2; writes++)
        for (int width = 0; width < LDS_WIDTHS; width++) {
            double cycles = (double)loop->lds_cycles[writes][width];
            least += cycles;
            *parts[writes] +=
                cycles * (conflicts ? conflict_factor(conflicts, writes, (enum lds_width)width) : 1);
        }
    out->cycles[CYCLES_LDS] = out->lds_read + out->lds_write + (double)loop->lds_other_cycles;
    out->lds_conflicts = out->cycles[CYCLES_LDS] - least;
}

enum status cycles_sum(const struct main_loop *loop, const struct occupancy *occupancy,
                       const struct conflicts *conflicts, struct cycle_sum *out)
{
    *out = (struct cycle_sum){.binds = CYCLES_MATRIX};
    if (!occupancy->blocks)
        return status_fail(STATUS_NOT_COVERED, "no block of the kernel fits on a compute unit");
    double waves = (double)occupancy->blocks * occupancy->waves_per_block;
    add_lds(loop, conflicts, out);
    out->cycles[CYCLES_LDS] *= waves;
    out->lds_read *= waves;
    out->lds_write *= waves;
    out->lds_conflicts *= waves;
    out->cycles[CYCLES_MATRIX] = (double)loop->matrix_cycles * occupancy->waves_per_simd;
    out->cycles[CYCLES_MEMORY] = (double)loop->memory_cycles * waves;
    out->cycles[CYCLES_ISSUE] = issue_cycles(loop, occupancy->waves_per_simd);
    for (int unit = 0; unit < CYCLE_UNITS; unit++)
        if (out->cycles[unit] > out->cycles[out->binds]) out->binds = (enum cycle_unit)unit;
    out->share = out->cycles[CYCLES_MATRIX] / out->cycles[out->binds];
    return STATUS_OK;
}

const char *cycle_unit_name(enum cycle_unit unit)
{
    static const char *const names[CYCLE_UNITS] = {"matrix", "LDS", "memory", "issue"};
    return unit < CYCLE_UNITS ? names[unit] : "unknown";
}
