/* To which of several problems the next slice of a sweep's time goes. Plain numbers in, an index out: no
 * clock, no device.
 *
 * Everybody gets a first slice, the cheapest problem first: its trials cost least, and what they find starts
 * its neighbours. Then a slice goes where the most is expected of it,
 *
 *     calls x what the median is expected to lose in the slice / what the slice costs,
 *
 * as long as time is left. What is expected follows from the problem's own progress: the logarithm of the
 * improvement per trial, recent trials counting more, beginning with an optimistic guess that fades. */
#ifndef TUNEBOOK_SWEEP_ALLOCATE_H
#define TUNEBOOK_SWEEP_ALLOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of one problem. Times in ns. */
struct prospect {
    double calls;
    double guess_ns;          /* what a launch takes at least: stands in for what is not known yet */
    double share;             /* of the time for first slices, 0..1; they add up to 1 */
    double best_ns;           /* median of the best so far; 0: none */
    double gain, weight;      /* log improvements, and the trials they took: both fade */
    double trials, search_ns; /* so far: what a trial costs */
    double reopen_ns;         /* before its next trial; 0: its session is open */
    double hint;              /* log improvement that a neighbour's find promises, until it was tried */
    double hint_ns;           /* what trying it takes: its kernel is compiled */
    bool begun, over;         /* over: nothing is left to try */
};

void prospect_begin(struct prospect *prospect, double calls, double guess_ns, double share);

/* Trials of earlier sweeps: they leave less to expect, and say nothing about what a trial costs. */
void prospect_recall(struct prospect *prospect, double best_ns, double trials);

/* After a batch: `trials` in `search_ns`, and the best is now best_ns (0: still none). */
void prospect_note(struct prospect *prospect, double best_ns, double trials, double search_ns);

struct allocation {
    size_t index; /* n: nobody */
    double slice_ns;
};

/* The problem's next slice, no longer than left_ns: as long as its neighbours' finds take to try, or some
 * trials at least, and worth opening a session for. Returns calls x expected loss of the median, over the
 * slice's length; 0 where nothing is expected. */
double prospect_rate(const struct prospect *prospect, double left_ns, double *slice_ns);

/* `first_ns`: what is left of the time for first slices, `left_ns`: of all time before the finals. Without
 * may_begin nobody gets a first slice any more; with it everybody does, be it of length 0. */
struct allocation allocate_next(const struct prospect *prospects, size_t n, double first_ns, double left_ns,
                                bool may_begin);

#endif
