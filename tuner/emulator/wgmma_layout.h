/* Where wgmma finds its operands, and who holds its sums. Pure. PTX ISA 9.0, "Asynchronous Warpgroup Level
 * Matrix Instructions": "Register Fragments and Shared Memory Matrix Layouts", "Canonical Layouts", "Matrix
 * Descriptor Format". */
#ifndef TUNEBOOK_EMULATOR_WGMMA_LAYOUT_H
#define TUNEBOOK_EMULATOR_WGMMA_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

enum { WGMMA_M = 64, WGMMA_THREADS = 128, WGMMA_N_MAX = 256, WGMMA_K_BYTES = 32, WGMMA_A_REGISTERS = 4 };

struct wgmma_view {
    uint32_t start, leading, stride, swizzle_bytes; /* bytes */
    bool mn_major;
};

/* NULL, or what is wrong with the descriptor. */
const char *wgmma_view_of(uint64_t descriptor, bool mn_major, struct wgmma_view *out);

/* The address of 16 bytes: chunk `chunk` of line `line`. K-major: a line is a row of A or a column of B,
 * chunks follow each other along k. MN-major: a line is a step of k, chunks follow each other along m or n.
 */
uint32_t wgmma_address(const struct wgmma_view *view, uint32_t line, uint32_t chunk);

/* The sum that a thread of the 128 holds in d[element]. */
void wgmma_place(uint32_t thread, uint32_t element, uint32_t *row, uint32_t *column);
/* The four bytes that a thread's register holds of A: the row, and where in its 32 bytes along k. */
void wgmma_a_place(uint32_t thread, uint32_t index, uint32_t *row, uint32_t *byte);

#endif
