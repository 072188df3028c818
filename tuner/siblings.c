#include "tuner/siblings.h"

#include <stdio.h>

enum { MEASURED_MIN = 8, TIMES_BEST = 2, ON_TOP_BYTES = 256 };

void siblings_note(struct siblings *siblings, uint32_t spill_bytes, uint64_t median_ns)
{
    bool best = siblings->measured == 0 || median_ns < siblings->best_ns;
    siblings->measured++;
    if (!best) return;
    siblings->best_ns = median_ns;
    siblings->best_spill_bytes = spill_bytes;
}

bool siblings_prune(const struct siblings *siblings, uint32_t spill_bytes, char *why, size_t capacity)
{
    uint64_t most = (uint64_t)TIMES_BEST * siblings->best_spill_bytes + ON_TOP_BYTES;
    if (siblings->measured < MEASURED_MIN || spill_bytes <= most) return false;
    snprintf(why, capacity,
             "not tried: it spills %u bytes a thread, the fastest of its %u siblings so far %u", spill_bytes,
             siblings->measured, siblings->best_spill_bytes);
    return true;
}
