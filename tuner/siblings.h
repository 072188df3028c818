/* What the static resources of a candidate say before it has run: those of its siblings that ran are the
 * measure.
 *
 * A spill is a hint and no proof: there are fast kernels with a few spilled registers, and a stack frame may
 * be an array. So a candidate is left untried only when its frame is more than twice that of the fastest
 * sibling so far and 256 bytes a thread, 64 registers, on top; and not before eight siblings were measured,
 * the default among them, so that all those who have someone to speak for them have had their turn. It may
 * come again: the next sweep asks anew, and its fastest may spill more. */
#ifndef TUNEBOOK_SIBLINGS_H
#define TUNEBOOK_SIBLINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct siblings {
    uint32_t measured; /* in this sweep, of one template on one problem, with known resources */
    uint64_t best_ns;
    uint32_t best_spill_bytes; /* of the fastest */
};

/* One was measured and is right. */
void siblings_note(struct siblings *siblings, uint32_t spill_bytes, uint64_t median_ns);

/* True where a candidate with this frame is not worth trying, with a line about it. */
bool siblings_prune(const struct siblings *siblings, uint32_t spill_bytes, char *why, size_t capacity);

#endif
