/* `autotune --predict`: a book for a GPU that is not here. */
#ifndef TUNEBOOK_CLI_PREDICT_H
#define TUNEBOOK_CLI_PREDICT_H

#include "frontends/cli/options.h"
#include "tuner/base/classes.h"
#include "tuner/predict.h"

enum status predict_command(const struct settings *settings);

/* predict_class.c: the class that --class and --arch name. STATUS_USAGE with what would be right where they
 * name none, several, or contradict each other. */
enum status predict_class(const struct settings *settings, char out[CLASS_TEXT_BYTES]);

/* predict_report.c: results in the order of the problems, as a table or as JSON. STATUS_NOT_FOUND, with a
 * line, if a problem has no kernel. */
struct predict_report {
    char class_text[CLASS_TEXT_BYTES];
    struct predict_result *items;
    size_t n, capacity;
    struct predict_summary summary;
    bool interrupted;
};
enum status predict_report_add(struct predict_report *report, const struct predict_result *result);
enum status predict_report_print(const struct predict_report *report, const struct settings *settings);
void predict_report_free(struct predict_report *report);

#endif
