/* The parts of the gemm proof, for its table: inputs, reference, small shapes. proof.h says what they do. */
#ifndef TUNEBOOK_TEMPLATES_GEMM_FILL_H
#define TUNEBOOK_TEMPLATES_GEMM_FILL_H

#include "templates/gemm/gemm.h"
#include "templates/proof.h"

void gemm_fill(const struct problem *problem, const struct operand *operand, unsigned index,
               enum proof_inputs kind, uint64_t seed, void *storage);
void gemm_reference(const struct problem *problem, const void *args, enum proof_inputs kind,
                    const struct proof_region *region, double *value, double *allowed);
bool gemm_small_shape(const struct problem *own, unsigned i, int64_t longest, struct problem *out);

#endif
