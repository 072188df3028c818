#include "tuner/code/conflicts.h"

#include <string.h>

enum { BANK_BYTES = 4, BANKS_MAX = 64, WORDS_MAX = 64, PHASES_MAX = 8 };

/* Lanes of a phase, a bit each; the phases of one half of the wave are those of the other. `banks` 4-byte
 * words a cycle.
 *
 * gfx90a, gfx942: 32 banks; AMD, CK Tile's documentation, "Understanding AMD GPU LDS and bank conflicts" and
 * ROCm blog "Avoiding LDS bank conflicts on AMD GPUs using CK-Tile framework": 16 bytes are written by 8
 * lanes in a row and read by lanes 0-3 with 20-23, 4-7 with 16-19, 8-11 with 28-31, 12-15 with 24-27.
 * Narrower ones go in a row. gfx950: reads have 64 banks; HipKittens, analysis/paper_experiments/phases,
 * measured: 16 bytes are read by lanes 0-3 with 12-15 and 20-27, and 4-11 with 16-19 and 28-31; 8 bytes by
 * half a wave; writes are as before. */
struct phases {
    uint32_t banks, lane_bytes, n; /* phases of half a wave; 0: the whole wave is one */
    uint32_t lanes[PHASES_MAX];
};

static const struct phases narrow_reads[] = {{32, 4, 1, {0xffffffff}},
                                             {32, 8, 2, {0x0000ffff, 0xffff0000}},
                                             {32, 12, 4, {0x000000ff, 0x0000ff00, 0x00ff0000, 0xff000000}},
                                             {32, 16, 4, {0x00f0000f, 0x000f00f0, 0xf0000f00, 0x0f00f000}}};
static const struct phases wide_reads[] = {{64, 4, 0, {0}},
                                           {64, 8, 1, {0xffffffff}},
                                           {64, 12, 2, {0x0ff0f00f, 0xf00f0ff0}},
                                           {64, 16, 2, {0x0ff0f00f, 0xf00f0ff0}}};
static const struct phases writes_in_a_row[] = {
    {32, 4, 1, {0xffffffff}},
    {32, 8, 2, {0x0000ffff, 0xffff0000}},
    {32, 12, 4, {0x000000ff, 0x0000ff00, 0x00ff0000, 0xff000000}},
    {32, 16, 4, {0x000000ff, 0x0000ff00, 0x00ff0000, 0xff000000}}};

static const struct phases *find(const char *target, bool writes, uint32_t lane_bytes)
{
    const struct phases *table = writes                          ? writes_in_a_row
                                 : strcmp(target, "gfx950") == 0 ? wide_reads
                                                                 : narrow_reads;
    for (unsigned i = 0; i < LDS_WIDTHS; i++)
        if (lane_bytes <= table[i].lane_bytes) return &table[i];
    return NULL;
}

/* Different words of the busiest bank. */
static uint32_t phase_cycles(const struct phases *phases, uint32_t lane_bytes, uint64_t lanes,
                             const int64_t offsets[CONFLICT_LANES])
{
    int64_t words[BANKS_MAX][WORDS_MAX];
    uint32_t n[BANKS_MAX] = {0}, most = 0;
    for (unsigned lane = 0; lane < CONFLICT_LANES; lane++) {
        if (!(lanes >> lane & 1) || offsets[lane] < 0) continue;
        for (int64_t word = offsets[lane] / BANK_BYTES; word * BANK_BYTES < offsets[lane] + lane_bytes;
             word++) {
            uint32_t bank = (uint32_t)(word % phases->banks), i = 0;
            while (i < n[bank] && words[bank][i] != word) i++;
            if (i < n[bank] || i == WORDS_MAX) continue;
            words[bank][n[bank]++] = word;
            if (n[bank] > most) most = n[bank];
        }
    }
    return most;
}

enum status conflict_cycles(const char *target, bool writes, uint32_t lane_bytes,
                            const int64_t offsets[CONFLICT_LANES], uint32_t *cycles, uint32_t *least_cycles)
{
    const struct phases *phases = instruction_has_target(target) ? find(target, writes, lane_bytes) : NULL;
    *cycles = *least_cycles = 0;
    if (!phases)
        return status_fail(STATUS_NOT_COVERED, "the banks of %s are not known for %u bytes a lane", target,
                           lane_bytes);
    unsigned n = phases->n ? 2 * phases->n : 1;
    for (unsigned i = 0; i < n; i++) {
        uint64_t half = phases->n ? phases->lanes[i % phases->n] : 0;
        uint64_t lanes = !phases->n ? UINT64_MAX : i < phases->n ? half : half << 32;
        uint32_t took = phase_cycles(phases, lane_bytes, lanes, offsets);
        *cycles += took ? took : 1; /* a phase without lanes passes, too */
        *least_cycles += 1;
    }
    return STATUS_OK;
}

static double ratio(uint64_t cycles, uint64_t least)
{
    return least ? (double)cycles / (double)least : 1;
}

double conflict_factor(const struct conflicts *conflicts, bool writes, enum lds_width width)
{
    const struct conflict_part *parts = conflicts->parts[writes];
    uint64_t cycles = 0, least = 0;
    if (parts[width].accesses) return ratio(parts[width].cycles, parts[width].least_cycles);
    for (int i = 0; i < LDS_WIDTHS; i++) {
        cycles += parts[i].cycles;
        least += parts[i].least_cycles;
    }
    return ratio(cycles, least);
}
