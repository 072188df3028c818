/* Filling a book for a GPU that is not here: what a sweep would find there, as far as that can be known
 * without it.
 *
 *     space -> analytic model -> compile for the target -> resources of the code -> emulator -> entries
 *
 * Nothing is timed: entries are `predicted`, their time is the model's. A kernel enters the book when it
 * compiles for the target and passes verification in the emulator, on a smaller problem that takes the same
 * path through it (predict_small.h). What is compiled and verified is kept, so that the same command goes on
 * where another one ended. */
#ifndef TUNEBOOK_PREDICT_H
#define TUNEBOOK_PREDICT_H

#include "db/book.h"
#include "templates/manifest.h"
#include "tuner/base/classes.h"
#include "tuner/sweep.h"

/* Of each problem so many configurations are compiled, and so many of them enter its record. */
enum { PREDICT_FRONTS = 6, PREDICT_KEPT = 3 };

struct predict_result;

struct predict_options {
    const char *class_text; /* "gfx942:304:5300" */
    struct manifest *const *templates;
    size_t n_templates;
    unsigned jobs;     /* compiles, emulations and rankings side by side; 0: all CPUs */
    uint64_t seed;     /* of the walks through spaces too large to look at whole */
    struct book *book; /* BOOK_WRITE */
    const volatile int *stop;
    /* Live news, may be NULL: how far in 0..1, and one line. */
    void (*progress)(void *context, double fraction, const char *line);
    /* A problem is finished, its record written; may be NULL. */
    void (*finished)(void *context, const struct predict_result *result);
    void *context;
};

struct predict_choice {
    char template_name[64];
    char configuration[512];
    double predicted_ns;
    uint32_t registers, shared_bytes, spill_bytes; /* as the compiler made it; 0: unknown */
    const char *bound;                             /* what the model says most of the time goes to; static */
};

struct predict_result {
    struct problem problem;
    size_t index;
    double calls;
    struct predict_choice choices[PREDICT_KEPT]; /* best first */
    size_t n;
    uint64_t looked_at;          /* configurations that the model was asked about */
    size_t n_fronts, n_rejected; /* compiled; of those that did not compile or pass */
    char note[512];              /* why there is none, or what was wrong with a rejected one */
};

struct predict_summary {
    uint64_t problems, predicted; /* finished, and those with a kernel */
    uint64_t kernels, compiled, compile_hits;
    uint64_t verified, recalled, failed; /* emulated now; by an earlier run; of either that did not pass */
    uint64_t entries, looked_at;
    uint64_t rank_ns, compile_ns, verify_ns, total_ns; /* wall time */
};

/* STATUS_UNAVAILABLE where no compiler makes code for the target, or there is no emulator here;
 * STATUS_INTERRUPTED with everything finished in the book. */
enum status predict_run(const struct predict_options *options, const struct sweep_problem *problems, size_t n,
                        struct predict_summary *summary);

#endif
