/* Buffers between guard areas, for kernels that are not trusted yet.
 *
 * The bytes of a buffer lie at one end of their pages, as close to the guard area as its least allowed
 * alignment lets them, and the rest of the pages is poison: a step beyond that end is a fault with an
 * address, one beyond the other changes poison that is looked at afterwards, or reads NaN. Guard areas are 16
 * MiB on either side, so that wild strides fault too. */
#ifndef TUNEBOOK_VERIFY_BUFFERS_H
#define TUNEBOOK_VERIFY_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "templates/op.h"
#include "tuner/base/status.h"

enum { GUARD_BYTES = 16 << 20 };

enum guarded_end { GUARDED_AT_BEGIN, GUARDED_AT_END };

struct guarded {
    char *area; /* the whole mapping: guard, pages, guard; NULL: none */
    size_t area_bytes;
    char *pages;
    size_t page_bytes;
    char *data; /* the buffer itself */
    size_t bytes;
    bool read_only;
    char name[24]; /* "a", "d", "workspace" */
};

/* A buffer of `bytes` whose address is a multiple of 2^align, but not of 2^(align + 1). STATUS_NO_MEMORY. */
enum status guarded_create(const char *name, size_t bytes, unsigned align, enum guarded_end end,
                           struct guarded *out);
void guarded_destroy(struct guarded *buffer);

/* Every byte of its pages, the buffer included. */
void guarded_poison(struct guarded *buffer, uint8_t value);

/* From now on a write is a fault. STATUS_NO_MEMORY. */
enum status guarded_protect(struct guarded *buffer);

/* Distance from the buffer of the first byte of the red zones that is not `value` any more; false if all are.
 * Negative: in front of it. */
bool guarded_red_zone(const struct guarded *buffer, uint8_t value, int64_t *offset);

/* The same for what lies between the rows and batch items of an operand stored in `buffer`: offset from its
 * first byte. */
bool guarded_gaps(const struct guarded *buffer, const struct operand *operand, uint8_t value,
                  int64_t *offset);

/* A checksum of all its pages that any change of a byte changes. */
uint64_t guarded_checksum(const struct guarded *buffer);

/* Is the address in the buffer's mapping? Then *offset is its distance from the buffer, in bytes. */
bool guarded_holds(const struct guarded *buffer, const void *address, int64_t *offset);

/* Bytes an operand takes as stored, from its first element to the end of its last. */
size_t operand_bytes(const struct operand *operand);

#endif
