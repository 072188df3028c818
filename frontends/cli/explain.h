/* Why a program gets the kernel it gets, in three parts that stand in files of their own. */
#ifndef TUNEBOOK_CLI_EXPLAIN_H
#define TUNEBOOK_CLI_EXPLAIN_H

#include <cjson/cJSON.h>
#include "frontends/cli/find.h"
#include "templates/manifest.h"
#include "tuner/code_report.h"

/* explain_layers.c: each layer, and each entry of its exact record with the clause that refuses it. */
cJSON *explain_layers(struct finder *finder, const struct problem *problem);

/* explain_environment.c: the environment of the measurement, and in what it differs from the present one.
 * Null where the entry has none (a default, a prediction). */
cJSON *explain_environment(struct finder *finder, const struct problem *problem,
                           const struct found_entry *entry);

/* explain_roofline.c: least time by arithmetic and by memory on this class, and the share of it that was
 * reached. */
cJSON *explain_roofline(const struct device_info *info, const struct problem *problem, uint64_t expected_ns);

/* A kernel and what is known of where it comes from. */
struct explained_kernel {
    const struct descriptor *descriptor;
    const void *code;
    size_t code_bytes;
    const struct problem *problem;
    const struct device_info *info;
    const struct manifest *manifest; /* it was made from; NULL: not here */
    const char *gpu;                 /* as the emulator is told it: a target or a nickname */
};
/* Its report, with conflicts counted where they can be; else the report says why not. */
enum status explain_report(const struct explained_kernel *kernel, struct code_report *out);

/* explain_code.c: what the code says of itself: resources, occupancy, and for CDNA the cycles of its main
 * loop. */
cJSON *explain_code(const struct code_report *report);
void explain_print_code(const cJSON *code);
/* The same of the entry's kernel, whose code its book has; null where it has not. */
cJSON *explain_entry_code(const struct finder *finder, const struct problem *problem,
                          const struct found_entry *entry);

/* explain_configuration.c: a kernel that need not be in any book, on a GPU that need not be here. */
enum status explain_configuration(const struct settings *settings, const struct problem *problem);

/* explain_text.c: the document for people. */
void explain_print(const cJSON *root);

#endif
