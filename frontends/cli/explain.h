/* Why a program gets the kernel it gets, in three parts that stand in files of their own. */
#ifndef TUNEBOOK_CLI_EXPLAIN_H
#define TUNEBOOK_CLI_EXPLAIN_H

#include <cjson/cJSON.h>
#include "frontends/cli/find.h"
#include "templates/manifest.h"
#include "tuner/code_report.h"

/* What the parts of an explanation share. */
struct explanation {
    const struct settings *settings;
    struct finder *finder;
    const struct problem *problem;
    bool knows_present;
    struct hash present; /* the environment that a measurement would have now */
};

/* explain_layers.c: each layer, and each entry of its exact record with the clause that refuses it. */
cJSON *explain_layers(const struct explanation *explanation);
/* One entry: what it is, whether it is usable for the problem, and if not, why not. */
cJSON *explain_entry(const struct explanation *explanation, struct book *book,
                     const struct record_entry *entry);

/* explain_neighbours.c: members `neighbours` and `regret`; null where the answer is exact and nobody asked
 * (--all). `answer` NULL: there is none. */
void explain_neighbours(const struct explanation *explanation, const tb_explanation *answer, cJSON *root);

/* explain_improve.c: what would make it better, by the rules of one table; reads the finished document. */
cJSON *explain_improve(const cJSON *root);

/* explain_environment.c: the environment of the measurement, and in what it differs from the present one.
 * Null where the entry has none (a default, a prediction). */
/* The environment that a measurement would have now, by its hash; false: unknown. */
bool explain_present(const struct finder *finder, const struct problem *problem, struct hash *out);
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
