/* `autotune --confirm`: what a book predicts, measured where the GPU is. */
#ifndef TUNEBOOK_CLI_CONFIRM_H
#define TUNEBOOK_CLI_CONFIRM_H

#include "frontends/cli/options.h"
#include "tuner/sweep.h"

enum status confirm_command(const struct settings *settings);

/* confirm_report.c: what was done of each problem, as tables or as JSON. Results that had nothing to confirm
 * are counted. */
struct confirm_item {
    struct sweep_result result; /* `confirmed` is the item's own */
    struct sweep_confirmed *confirmed;
    char class_text[CLASS_TEXT_BYTES];
};
struct confirm_report {
    struct confirm_item *items;
    size_t n, capacity;
    uint64_t up_to_date;
    struct sweep_summary summary; /* of all devices */
};
enum status confirm_report_add(struct confirm_report *report, const char *class_text,
                               const struct sweep_result *result);
enum status confirm_report_print(const struct confirm_report *report, const struct settings *settings);
void confirm_report_free(struct confirm_report *report);

#endif
