/* autotune gpubench: what its files share. The results file is also the state that a later run goes on from.
 */
#ifndef TUNEBOOK_CLI_GPUBENCH_H
#define TUNEBOOK_CLI_GPUBENCH_H

#include <cjson/cJSON.h>
#include "frontends/cli/find.h"
#include "frontends/cli/options.h"
#include "frontends/cli/place.h"
#include "tuner/duel.h"

enum { GROUP_BYTES = 64 };

/* One row to be: a problem of a group that is tuned together. */
struct gpubench_problem {
    struct problem problem;
    char group[GROUP_BYTES]; /* "llama-3-8b@tp1", "fp8", "named" */
    char layer[24];          /* "qkv"; "" for problems named by themselves */
};
struct gpubench_list {
    struct gpubench_problem *items;
    size_t n;
};

/* Those of the command line, else of the models; each problem once. gpubench_list_free in any case. */
enum status gpubench_problems(const struct settings *settings, struct gpubench_list *out);
void gpubench_list_free(struct gpubench_list *list);

/* --- results (gpubench_results.c): the document of DIR/gpu-bench.json --- */

struct gpubench_results {
    char path[4096]; /* of the file */
    cJSON *root;
};
/* Reads DIR/gpu-bench.json, or begins it. Refused where it is another GPU's, driver's or library's. */
enum status gpubench_results_open(const char *folder, const struct place *place,
                                  struct gpubench_results *out);
void gpubench_results_close(struct gpubench_results *results);
/* With date and geomeans as of now. */
enum status gpubench_results_save(struct gpubench_results *results);

/* The row of a problem that was measured; NULL. */
const cJSON *gpubench_row(const struct gpubench_results *results, const struct problem *problem);
/* Adds or replaces it. `answer` NULL: there was no kernel. */
enum status gpubench_row_put(struct gpubench_results *results, const struct gpubench_problem *problem,
                             const tb_explanation *answer, const struct duel_result *result);
bool gpubench_tuned(const struct gpubench_results *results, const char *group);
enum status gpubench_tuned_put(struct gpubench_results *results, const char *group, double seconds,
                               uint64_t trials);
bool gpubench_peaks(const struct gpubench_results *results, struct peaks *out);
enum status gpubench_peaks_put(struct gpubench_results *results, const struct peaks *peaks);
/* The vendor library's best rate for problems of this type, in GFLOP/s; 0: not measured. */
double gpubench_rate(const struct gpubench_results *results, const char *type);
enum status gpubench_rate_put(struct gpubench_results *results, const char *type, double gflops);

/* --- the ruler --- */

/* What the hardware needs at least for a problem: arithmetic at the vendor library's best rate, or the least
 * traffic at the bandwidth of a large copy. 0 where the rate is not known. */
double gpubench_roofline_ns(const struct gpubench_results *results, const struct problem *problem);
/* For m <= 16: the least traffic at 85 % of the bandwidth of reading, and a launch of nothing; else 0. */
double gpubench_skinny_ns(const struct gpubench_results *results, const struct problem *problem);
/* "bf16": the type whose rate a problem is held to. */
const char *gpubench_type(const struct problem *problem);

/* --- report (gpubench_report.c) --- */

void gpubench_print(const struct gpubench_results *results);
/* The page for docs/benchmarks/. */
enum status gpubench_page(const struct gpubench_results *results, const char *path);

#endif
