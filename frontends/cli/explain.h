/* Why a program gets the kernel it gets, in three parts that stand in files of their own. */
#ifndef TUNEBOOK_CLI_EXPLAIN_H
#define TUNEBOOK_CLI_EXPLAIN_H

#include <cjson/cJSON.h>
#include "frontends/cli/find.h"

/* explain_layers.c: each layer, and each entry of its exact record with the clause that refuses it. */
cJSON *explain_layers(struct finder *finder, const struct problem *problem);

/* explain_environment.c: the environment of the measurement, and in what it differs from the present one.
 * Null where the entry has none (a default, a prediction). */
cJSON *explain_environment(struct finder *finder, const struct problem *problem,
                           const struct found_entry *entry);

/* explain_roofline.c: least time by arithmetic and by memory on this class, and the share of it that was
 * reached. */
cJSON *explain_roofline(const struct device_info *info, const struct problem *problem, uint64_t expected_ns);

/* explain_text.c: the document for people. */
void explain_print(const cJSON *root);

#endif
