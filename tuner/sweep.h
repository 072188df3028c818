/* The sweep: for each problem  space -> ask -> compile -> verify -> measure -> tell -> trial -> record.
 *
 * The one place where templates, search, compilers, trials and the book meet. */
#ifndef TUNEBOOK_SWEEP_H
#define TUNEBOOK_SWEEP_H

#include "db/book.h"
#include "templates/manifest.h"
#include "tuner/device/device.h"
#include "tuner/racing.h"
#include "tuner/trial.h"

/* "60s", "5m", "1h": the whole sweep. "500": trials per problem. "10%": of each space. All 0:
 * SWEEP_DEFAULT_TRIALS per problem. */
enum { SWEEP_DEFAULT_TRIALS = 200 };

struct sweep_budget {
    uint64_t time_ns;
    uint64_t trials;
    double fraction;
};
enum status sweep_budget_parse(const char *text, struct sweep_budget *out);

struct sweep_problem {
    struct problem problem;
    double calls; /* weight in the budget and in summaries; 1 where unknown */
};

struct sweep_result;

struct sweep_options {
    struct sweep_budget budget;
    const char *strategy; /* NULL: the default */
    uint64_t seed;
    unsigned jobs;       /* compiles side by side; 0: all CPUs */
    const char *backend; /* "cpu" */
    uint32_t device;
    uint32_t threads; /* CPU; 0: all */
    struct manifest *const *templates;
    size_t n_templates;
    bool fresh; /* ignore earlier trials */
    bool retry_quarantined;
    bool dry_run;      /* only count spaces */
    bool confirm;      /* search nothing: measure what the book predicts for the problems, and what was
                          measured in another environment */
    struct book *book; /* BOOK_WRITE; NULL with dry_run */
    const volatile int
        *stop; /* true: finish the trial in flight, commit, come back with STATUS_INTERRUPTED */
    const volatile int *stop_now; /* true: give the trial in flight up too; may be NULL */
    /* Live news, may be NULL: fraction of the whole sweep in 0..1 and one line. */
    void (*progress)(void *context, double fraction, const char *line);
    /* A problem is finished; may be NULL. */
    void (*finished)(void *context, const struct sweep_result *result);
    void *context;
};

struct sweep_choice {
    char template_name[64];
    char configuration[512];
    struct timing timing;
};

/* A kernel of a record that was confirmed, or the default beside it. */
struct sweep_confirmed {
    char template_name[64];
    char configuration[512];
    enum evidence evidence; /* what the book said of it; EVIDENCE_DEFAULT: the template's default */
    uint64_t before_ns;     /* its time there; 0: none */
    size_t rank_before;     /* its place there, from 1; 0: none */
    enum verdict verdict;
    uint64_t measured_ns; /* here; 0 where it did not pass */
    size_t rank_after;    /* among those measured, from 1; 0: none */
    bool in_finals, kept; /* measured against the others; it stands in the record now */
    char detail[320];     /* why it did not pass */
};

/* What became of one problem. */
struct sweep_result {
    struct problem problem;
    size_t index; /* among the sweep's problems; results come as they are finished */
    double calls;
    bool has_best, has_default, has_baseline;
    struct sweep_choice best, fallback; /* fallback: the default configuration */
    char baseline_name[32];
    uint64_t baseline_ns;
    struct trial_ratio best_against_default;  /* default's time / best's */
    struct trial_ratio best_against_baseline; /* vendor library's time / best's */
    uint64_t n_verdicts[VERDICT_COUNT];
    uint64_t recalled;         /* trials taken from an earlier sweep */
    struct race_saving racing; /* by candidates that lost their race */
    double space_valid, space_raw;
    /* Wall time spent; the last is all of it. */
    uint64_t open_ns, compile_ns, trial_ns, finals_ns, total_ns;
    uint64_t compiled, compile_hits; /* compiles done, and found in the cache */
    char ended[192]; /* why no more was tried: "the time was used up" ...; by itself: what the search says */
    bool ended_by_itself;
    char note[PROBLEM_TEXT_BYTES +
              256]; /* why there is no best: "no template accepts it: gemm_cpu: a_type == f32 || ..." */
    const struct sweep_confirmed *confirmed; /* while it is handed out; none: nothing was to be confirmed */
    size_t n_confirmed;
};

struct sweep_summary {
    uint64_t problems, tuned, trials, compiled, compile_hits;
    uint64_t compile_ns, trial_ns, total_ns; /* trials and finals */
    uint64_t
        busy_ns; /* of the total, that launches kept the device busy; 0 where it has no marks of its own */
    struct race_saving racing;
    bool interrupted;
};

/* Tunes every problem. The book holds everything finished even when this returns STATUS_INTERRUPTED. */
enum status sweep_run(const struct sweep_options *options, const struct sweep_problem *problems, size_t n,
                      struct sweep_summary *summary);

#endif
