/* The buffers that a problem is measured on, made once and mapped by every candidate's child.
 *
 * Normal random data, stored as tightly as the problem allows. Weights have several copies, together more
 * than twice the last-level cache, and launches walk through them: an engine finds its weights in memory, not
 * in the cache. Large ones lie in huge pages where the system gives them, as an engine would ask for.
 * Activations and outputs have one copy and stay warm. */
#ifndef TUNEBOOK_MEASURE_SET_H
#define TUNEBOOK_MEASURE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "templates/op.h"
#include "tuner/base/status.h"

struct measure_set {
    struct problem problem;
    unsigned n_operands;
    struct operand operands[OP_OPERANDS_MAX];
    char *base[OP_OPERANDS_MAX];
    size_t stride[OP_OPERANDS_MAX]; /* bytes from one copy to the next; 0: one copy */
    uint32_t copies;
    bool capped; /* a quarter of the memory did not hold twice the cache */
};

/* `copies_bytes`: what the copies of all weights must exceed together; 0: one copy is enough (warm weights).
 * Nothing is filled yet. STATUS_UNAVAILABLE, naming the sizes, if the operands alone need more than half of
 * `memory_bytes`. */
enum status measure_set_create(const struct problem *problem, uint64_t copies_bytes, uint64_t memory_bytes,
                               struct measure_set *out);
void measure_set_destroy(struct measure_set *set);

/* Copies the first copy of every weight to the others. */
void measure_set_spread(struct measure_set *set);

/* Points the weights of an argument block, bound to the first copies, to copy `i` modulo copies. */
void measure_set_rotate(const struct measure_set *set, uint64_t i, void *args);

/* Zeroed pages of their own, huge where large. NULL without memory. */
void *pages_allocate(size_t bytes);
void pages_free(void *memory, size_t bytes);

#endif
