/* How much slower than a kernel tuned for its shape a near-shape answer is likely to be, as far as the book
 * itself tells: each neighbour is asked what it would have been answered without its own record, and what
 * that kernel took there, where it was measured. */
#ifndef TUNEBOOK_CLI_REGRET_H
#define TUNEBOOK_CLI_REGRET_H

#include "frontends/cli/neighbours.h"

struct regret_sample {
    const struct neighbour *at;   /* its record was left out */
    const struct neighbour *from; /* whose kernel it would have been given */
    double regret;                /* 0.05: 5 % slower than the best measured there */
    double octaves;               /* between the two */
    bool from_trials;             /* measured alone in a sweep's trials, not in turns in finals */
};

struct regret {
    struct regret_sample samples[NEIGHBOURS_MAX]; /* by regret */
    size_t n, answered; /* answered: would have been given one, measured there or not */
    double median, low, high;
};

void regret_estimate(const struct finder *finder, const struct neighbours *neighbours, struct regret *out);

/* What the model says of the answer's configuration on the problem itself, against the best that it ranks. */
struct regret_model {
    double answer_ns, best_ns, regret;
    char template_name[64], configuration[512]; /* the best ranked */
};
/* STATUS_NOT_COVERED with the reason where it knows nothing of the kernel, the problem or the class. */
enum status regret_by_model(const struct settings *settings, const struct finder *finder,
                            const struct problem *problem, const tb_explanation *answer,
                            struct regret_model *out);

#endif
