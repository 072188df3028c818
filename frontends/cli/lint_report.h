/* Findings of the lint as commands print them: each at once, then how many of each rule and why it matters.
 */
#ifndef TUNEBOOK_CLI_LINT_REPORT_H
#define TUNEBOOK_CLI_LINT_REPORT_H

#include "frontends/cli/talk.h"
#include "tuner/lint.h"

/* So many of a rule are listed; all are counted. */
enum { LINT_LISTED_TEXT = 20, LINT_LISTED_JSON = 1000 };

struct lint_report {
    cJSON *findings; /* NULL: text */
    uint64_t found[LINT_RULES];
};

void lint_report_begin(struct lint_report *report, bool json);
/* Whether the next finding of the rule is listed, and not only counted: to spare the text of where it is. */
bool lint_report_lists(const struct lint_report *report, enum lint_rule rule);
void lint_report_add(struct lint_report *report, const char *where, const struct lint_finding *finding);
uint64_t lint_report_count(const struct lint_report *report, enum lint_level level);
/* Into a document of the caller's: "findings" and "rules". */
void lint_report_json(struct lint_report *report, cJSON *root);
/* The table of rules that were met, as text. */
void lint_report_table(const struct lint_report *report);
/* A whole document or the table and a line, of `n` things called `what`; STATUS_NOT_FOUND where there is an
 * error among the findings. */
enum status lint_report_end(struct lint_report *report, const char *name, const char *what, uint64_t n);
void lint_report_free(struct lint_report *report);

#endif
