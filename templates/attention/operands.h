/* The attention op's operands and argument block, for its table. */
#ifndef TUNEBOOK_TEMPLATES_ATTENTION_OPERANDS_H
#define TUNEBOOK_TEMPLATES_ATTENTION_OPERANDS_H

#include "templates/op.h"

unsigned attention_operands(const struct problem *problem, struct operand out[OP_OPERANDS_MAX]);
void attention_bind(const struct problem *problem, void *const pointers[OP_OPERANDS_MAX], void *workspace,
                    void *args);
bool attention_is_usual(const struct problem *problem);
bool attention_usual_sizes(unsigned i, struct problem *problem);

#endif
