/* What a sweep found, as a table or as JSON. */
#ifndef TUNEBOOK_CLI_SWEEP_REPORT_H
#define TUNEBOOK_CLI_SWEEP_REPORT_H

#include "frontends/cli/options.h"
#include "tuner/sweep.h"

struct sweep_finding {
    struct sweep_result result;
    char class_text[CLASS_TEXT_BYTES];
};

struct sweep_report {
    struct sweep_finding *items;
    size_t n, capacity, first; /* first: of the last device */
    bool failed;               /* a result found no memory */
    char class_text[CLASS_TEXT_BYTES];
    const char *backend;          /* of the last device; static */
    struct sweep_summary summary; /* of all devices together */
};

/* Results that follow are this device's; `backend` lives for ever. */
void sweep_report_device(struct sweep_report *report, const char *backend, const struct device_info *info);
/* Results come as they are finished, and stand in the order of the problems. */
void sweep_report_add(struct sweep_report *report, const struct sweep_result *result);
void sweep_report_summary(struct sweep_report *report, const struct sweep_summary *summary);
void sweep_report_line(const struct sweep_result *result, struct text *out); /* one line for the terminal */
void sweep_report_free(struct sweep_report *report);

/* Prints the table (or JSON with --json). STATUS_NOT_FOUND, with a line, if a problem has no winner. */
enum status sweep_report_print(const struct sweep_report *report, const struct settings *settings);

/* sweep_json.c */
enum status sweep_report_json(const struct sweep_report *report);

/* Geometric mean of the speed-ups over the default and over the vendor library; 0 where nothing was compared.
 */
struct sweep_means {
    double over_default, over_baseline, worst_over_baseline;
    size_t n_default, n_baseline;
    const char *baseline_name;
};
void sweep_report_means(const struct sweep_report *report, struct sweep_means *out);

/* Rates of the summary, 0 where unknown. */
struct sweep_rates {
    double compiles_per_s, measuring_share, busy_share, trials_per_minute;
};
void sweep_report_rates(const struct sweep_summary *summary, struct sweep_rates *out);

/* Of the least traffic, for what memory bounds. */
double sweep_gbps(const struct problem *problem, uint64_t ns);
double sweep_gflops(const struct problem *problem, uint64_t ns);

#endif
