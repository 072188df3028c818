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
    if (trials > 0) prospect->hint = prospect->hint_ns = 0;
    prospect->begun = true;
}

/* One trial is guessed: before there is any, and so that slices which ended without one (a slow compile) do
 * not seem free. */
static double trial_ns(const struct prospect *prospect)
{
    double guess_ns = trial_fixed_ns + trial_launches * prospect->guess_ns;
    return (prospect->search_ns + guess_ns) / (prospect->trials + 1);
}

/* Evidence fades over the trials of the slice too: nobody is expected to go on like this for ever. */
static double searching_gain(const struct prospect *prospect, double search_ns)
{
    double trials = search_ns / trial_ns(prospect);
    if (trials < 1) return 0;
    double fading = half_life / log(2) * (1 - exp2(-trials / half_life));
    return prospect->gain / prospect->weight * fading;
}

double prospect_rate(const struct prospect *prospect, double left_ns, double *slice_ns)
{
    double median_ns = prospect->best_ns > 0 ? prospect->best_ns : prospect->guess_ns;
    double worth = prospect->over ? 0 : prospect->calls * median_ns, reopen_ns = prospect->reopen_ns;
    double search_ns = fmax(slice_least_ns, slice_trials * trial_ns(prospect));
    search_ns = fmin(fmax(search_ns, slice_reopenings * reopen_ns), left_ns - reopen_ns);
    double gain = searching_gain(prospect, search_ns), rate = 0, hint_ns = reopen_ns + prospect->hint_ns;
    *slice_ns = 0;
    if (gain > 0) {
        *slice_ns = reopen_ns + search_ns;
        rate = worth * (1 - exp(-gain)) / *slice_ns;
    }
    double hinted = worth * (1 - exp(-prospect->hint)) / fmax(hint_ns, 1);
    if (prospect->hint_ns > 0 && hint_ns <= left_ns && hinted > rate) {
        *slice_ns = hint_ns;
        rate = hinted;
    }
    return rate;
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
        double slice_ns, rate = prospect_rate(&prospects[i], left_ns, &slice_ns);
        if (!prospects[i].begun) continue;
        if (rate > best) {
            best = rate;
            next = (struct allocation){i, slice_ns};
        }
    }
    return next;
}
