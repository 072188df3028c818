/* Reading T1 files: private to search/t1*.c. */
#ifndef TUNEBOOK_SEARCH_T1_PARTS_H
#define TUNEBOOK_SEARCH_T1_PARTS_H

#include <stdatomic.h>
#include "search/t1.h"
#include "tuner/base/json.h"

enum { T1_CONJUNCTS_MAX = 1024 };

/* A conjunct of a condition as the space calls it. */
struct t1_conjunct {
    struct python python;
    const struct python_value *const *tables; /* as python_slots has them */
    const char *text;                         /* of the whole condition */
    size_t number;                            /* of the condition, from 0 */
    atomic_int *fault; /* the first, other than a division by zero, that evaluating it met */
};

/* Parameters: fills spec.parameters, texts, types; tables[p] of those whose values are no plain integers. */
enum status t1_read_parameters(struct t1 *t1, const cJSON *list, const struct python_value **tables);
/* Conditions: fills spec.clauses and conditions. `list` may be NULL. */
enum status t1_read_conditions(struct t1 *t1, const cJSON *list, const struct python_value *const *tables);

#endif
