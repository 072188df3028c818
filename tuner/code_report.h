/* What the code of a kernel says of itself on one problem, before it has run: resources, occupancy, and for
 * CDNA what its main loop asks of a compute unit. */
#ifndef TUNEBOOK_CODE_REPORT_H
#define TUNEBOOK_CODE_REPORT_H

#include "tuner/code/cycles.h"
#include "tuner/paper.h"

enum { CODE_REPORT_LINE_BYTES = 256 };

struct code_report {
    struct paper_step step;          /* the launch's first kernel: the product; what follows adds up */
    struct code_resources resources; /* its own, where the code object tells them by kernel */
    uint32_t shared_bytes;           /* static and dynamic */
    bool has_occupancy, has_sum, has_conflicts;
    struct occupancy occupancy;
    char occupancy_text[CODE_REPORT_LINE_BYTES]; /* or why it is not known */
    struct main_loop loop;
    struct cycle_sum sum;
    char no_sum[CODE_REPORT_LINE_BYTES];       /* why there is none */
    char no_conflicts[CODE_REPORT_LINE_BYTES]; /* why they are not counted; the caller says it */
};

/* `code` is that of the descriptor. `conflicts` may be NULL: none are counted. Fails only where the launch
 * cannot be bound; what else is missing stands in the report. */
enum status code_report_make(const struct descriptor *descriptor, const void *code, size_t bytes,
                             const struct problem *problem, const struct device_facts *facts,
                             const struct conflicts *conflicts, struct code_report *out);

/* Can every block of the launch be resident? False with a line about the one that cannot: it would be refused
 * by the device. True where that is not known. */
bool code_report_fits(const struct descriptor *descriptor, const void *code, size_t bytes,
                      const struct problem *problem, const struct device_facts *facts, char *why,
                      size_t capacity);

#endif
