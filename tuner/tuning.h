/* One template tuned for one problem on one device: its space, its search, and the candidates that come out
 * of it. */
#ifndef TUNEBOOK_TUNING_H
#define TUNEBOOK_TUNING_H

#include "db/book.h"
#include "search/search.h"
#include "templates/manifest.h"
#include "tuner/compile/compile_pool.h"
#include "tuner/descriptor.h"
#include "tuner/ranking.h"
#include "tuner/siblings.h"
#include "tuner/trial.h"

/* What all templates of a sweep share for one problem. Everything is borrowed. */
struct tuning_scene {
    const struct problem *problem;
    const struct device_facts *facts;
    const char *target;
    const struct compiler_api *compiler;
    const char *compiler_identity;
};

struct tuning {
    const struct tuning_scene *scene;
    const struct manifest *manifest;
    int64_t slots[SLOT_COUNT];
    struct space_parameter parameters[MANIFEST_PARAMETERS_MAX];
    struct space_clause clauses[MANIFEST_CLAUSES_MAX];
    struct space_spec spec;
    struct space *space;
    struct ranking *ranking; /* NULL: the model knows nothing of it, or nobody asked */
    struct search *search;
    bool has_default; /* the default configuration is valid for this problem here */
    struct configuration fallback;
    double best_ns; /* 0: none yet */
    struct siblings siblings;
    uint64_t told;
    bool finished;
};

/* A configuration on its way through compile and trial. */
struct candidate {
    struct tuning *tuning; /* NULL: from the book */
    struct configuration configuration;
    struct hash kernel;
    struct arena arena;
    struct descriptor descriptor;
    struct compile_job job;
};

/* Builds the space. STATUS_NOT_COVERED with a line when the template refuses the problem, lacks the target or
 * has no valid configuration here. */
enum status tuning_open(const struct tuning_scene *scene, const struct manifest *manifest,
                        struct tuning *out);
void tuning_close(struct tuning *tuning);

/* Has the model rank it for this class; without, where it cannot: tuning->ranking stays NULL. */
void tuning_rank(struct tuning *tuning, const struct device_class *device_class);

/* The configuration of a text such as a neighbour's winner has; false if it is not valid here. */
bool tuning_configuration(const struct tuning *tuning, const char *text, struct configuration *out);

/* The same for values, one per parameter in the manifest's order. */
bool tuning_values_configuration(const struct tuning *tuning, const int64_t *values,
                                 struct configuration *out);

/* Fills a candidate: kernel hash, descriptor, compile job. candidate_free in any case. */
enum status candidate_prepare(struct tuning *tuning, const struct configuration *configuration,
                              struct candidate *out);
/* A kernel of the book, compiled as it stands there; it has no tuning and no configuration. */
enum status candidate_from_book(struct book *book, const struct hash *kernel,
                                const struct compiler_api *compiler, struct candidate *out);
void candidate_free(struct candidate *candidate);

/* After the compile: code hash, size and static resources into the descriptor. */
void candidate_compiled(struct candidate *candidate);

/* "TEMPLATE CONFIGURATION": how trials and marks name it. */
const char *candidate_name(struct candidate *candidate);

#endif
