/* The two halves of the attention proof, for its table: inputs and reference. proof.h says what they do. */
#ifndef TUNEBOOK_TEMPLATES_ATTENTION_PROOF_PARTS_H
#define TUNEBOOK_TEMPLATES_ATTENTION_PROOF_PARTS_H

#include "templates/attention/attention.h"
#include "templates/proof.h"

void attention_fill(const struct problem *problem, const struct operand *operand, unsigned index,
                    enum proof_inputs kind, uint64_t seed, void *storage);
void attention_reference(const struct problem *problem, const void *args, enum proof_inputs kind,
                         const struct proof_region *region, double *value, double *allowed);

#endif
