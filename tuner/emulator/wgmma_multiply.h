/* What wgmma computes, from shared memory as descriptors view it. `type` is an enum emu_wgmma. */
#ifndef TUNEBOOK_EMULATOR_WGMMA_MULTIPLY_H
#define TUNEBOOK_EMULATOR_WGMMA_MULTIPLY_H

#include "tuner/emulator/wgmma_layout.h"

uint32_t wgmma_k(unsigned type);
/* An operand of `mn` rows or columns, as lines and chunks of wgmma_address(). */
void wgmma_lines(unsigned type, const struct wgmma_view *view, uint32_t mn, uint32_t *lines,
                 uint32_t *chunks);
/* sums, 64 rows of n, become A.B + (add ? sums : 0). A is that of `registers`, of each thread, if there are.
 */
void wgmma_multiply(unsigned type, uint32_t n, unsigned (*registers)[WGMMA_A_REGISTERS],
                    const struct wgmma_view *a, const struct wgmma_view *b, const unsigned char *shared,
                    bool add, float *sums);

#endif
