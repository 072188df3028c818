/* What all readers of other tools' files promise: refused by one line that begins with the file's name, or
 * rows with a sound problem, or with a reason; and the lint of a row ends. */
#ifndef TUNEBOOK_TESTS_FUZZ_FOREIGN_H
#define TUNEBOOK_TESTS_FUZZ_FOREIGN_H

#include <stdlib.h>
#include <string.h>
#include "tuner/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool fuzz_finding(void *context, const struct lint_finding *finding)
{
    (void)context;
    if (!*finding->line || strlen(finding->line) >= LINT_LINE_BYTES) abort();
    return true;
}

static inline bool fuzz_row(void *context, const struct foreign_row *row)
{
    struct physics physics;
    size_t *n = context;
    if (strlen(row->target) >= sizeof row->target || strlen(row->by) >= sizeof row->by) abort();
    if (!row->problem.op && !*row->why) abort();
    if (row->problem.op) {
        struct problem again;
        char text[PROBLEM_TEXT_BYTES];
        problem_print(&row->problem, text);
        if (problem_parse(text, &again) != STATUS_OK) abort();
        if (memcmp(again.value, row->problem.value, sizeof again.value) != 0) abort();
    }
    if (!(row->ns >= 0)) abort();
    bool known = physics_of_target(row->target, row->units, &physics);
    if (!foreign_lint(row, known ? &physics : NULL, fuzz_finding, NULL)) abort();
    return ++*n < 1000;
}

/* In a block of exactly this size, so that a byte too far is seen. The first byte says what the user adds. */
static inline int fuzz_foreign(const char *format, const uint8_t *data, size_t size)
{
    struct problem problem;
    size_t n = 0;
    if (!size) return 0;
    if (problem_parse("gemm bf16 nt m=16 n=4096 k=4096", &problem) != STATUS_OK) abort();
    char *exact = malloc(size > 1 ? size - 1 : 1);
    if (!exact) abort();
    if (size > 1) memcpy(exact, data + 1, size - 1);
    struct foreign_source source = {.name = "fuzz", .bytes = exact, .size = size - 1};
    if (data[0] & 1) source.type = "fp8";
    if (data[0] & 2) source.problem = &problem;
    if (foreign_find(format)->read(&source, fuzz_row, &n) != STATUS_OK &&
        (strncmp(status_message(), "fuzz", 4) != 0 || strchr(status_message(), '\n')))
        abort();
    free(exact);
    return 0;
}

#endif
