#include "tuner/sweep_allocate.h"

#include <math.h>

/* What a problem of which nothing is known promises: 2 % a trial, believed as much as eight trials' evidence.
 * Half of any evidence is forgotten after 24 trials. */
static const double guess_gain = 0.02, guess_weight = 8, half_life = 24;

/* A trial's compile and process; its launches: verifying, warming up, measuring. */
static const double trial_fixed_ns = 100e6, trial_launches = 7;

/* A slice is at least this long, this many trials, and this many times what opening the session takes. */
static const double slice_least_ns = 250e6, slice_trials = 4, slice_reopenings = 3;

void prospect_begin(struct prospect *prospect, double calls, double guess_ns, double share)
{
    *prospect = (struct prospect){.calls = calls,
                                  .guess_ns = guess_ns,
                                  .share = share,
                                  .gain = guess_gain * guess_weight,
                                  .weight = guess_weight};
}

void prospect_recall(struct prospect *prospect, double best_ns, double trials)
{
    double kept = exp2(-trials / half_life);
    bool better = best_ns > 0 && prospect->best_ns > best_ns;
    prospect->gain = prospect->gain * kept + (better ? log(prospect->best_ns / best_ns) : 0);
    prospect->weight = prospect->weight * kept + trials;
    if (best_ns > 0) prospect->best_ns = best_ns;
}

void prospect_note(struct prospect *prospect, double best_ns, double trials, double search_ns)
{
    prospect_recall(prospect, best_ns, trials);
    prospect->trials += trials;
    prospect->search_ns += search_ns;
    if (trials > 0) prospect->hint = 0;
    prospect->begun = true;
}

/* One trial is guessed: before there is any, and so that slices which ended without one (a slow compile) do
 * not seem free. */
static double trial_ns(const struct prospect *prospect)
{
    double guess_ns = trial_fixed_ns + trial_launches * prospect->guess_ns;
    return (prospect->search_ns + guess_ns) / (prospect->trials + 1);
}

double prospect_rate(const struct prospect *prospect, double slice_ns)
{
    double median_ns = prospect->best_ns > 0 ? prospect->best_ns : prospect->guess_ns;
    double trials = (slice_ns - prospect->reopen_ns) / trial_ns(prospect);
    if (prospect->over || trials < 1 || slice_ns <= 0) return 0;
    /* Evidence fades over these trials too: nobody is expected to go on like this for ever. */
    double fading = half_life / log(2) * (1 - exp2(-trials / half_life));
    double gain = prospect->gain / prospect->weight * fading + prospect->hint;
    return prospect->calls * median_ns * (1 - exp(-gain)) / slice_ns;
}

double prospect_slice_ns(const struct prospect *prospect)
{
    double ns = fmax(slice_least_ns, slice_trials * trial_ns(prospect));
    return prospect->reopen_ns + fmax(ns, slice_reopenings * prospect->reopen_ns);
}

/* The cheapest of those that have not begun; its slice is its share among them. */
static struct allocation first_slice(const struct prospect *prospects, size_t n, double first_ns)
{
    struct allocation next = {.index = n};
    double shares = 0;
    for (size_t i = 0; i < n; i++) {
        if (prospects[i].begun || prospects[i].over) continue;
        shares += prospects[i].share;
        if (next.index == n || prospects[i].guess_ns < prospects[next.index].guess_ns) next.index = i;
    }
    if (next.index < n && shares > 0)
        next.slice_ns = fmax(0, first_ns) * prospects[next.index].share / shares;
    return next;
}

struct allocation allocate_next(const struct prospect *prospects, size_t n, double first_ns, double left_ns,
                                bool may_begin)
{
    struct allocation next = {.index = n};
    if (may_begin) next = first_slice(prospects, n, fmin(first_ns, left_ns));
    if (next.index < n) return next;
    double best = 0;
    for (size_t i = 0; i < n; i++) {
        double slice_ns = fmin(prospect_slice_ns(&prospects[i]), left_ns);
        double rate = prospects[i].begun ? prospect_rate(&prospects[i], slice_ns) : 0;
        if (rate > best) {
            best = rate;
            next = (struct allocation){i, slice_ns};
        }
    }
    return next;
}
