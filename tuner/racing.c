#include "tuner/racing.h"

#include "tuner/stats.h"

/* The chance that one look is wrong, for a candidate whose median is the bar itself. Looks are many, at
 * growing counts (Armitage, McPherson and Rowe, Repeated Significance Tests on Accumulating Data, Journal of
 * the Royal Statistical Society A 132, 1969): over 2000 blocks these come to 4 % there, and to 0.1 % where
 * four blocks of ten lie above the bar. */
static const double look_chance = 0.004;

/* Racing as such: Maron and Moore, Hoeffding Races, NIPS 1993. Here the interval is the median's, from order
 * statistics (David and Nagaraja, Order Statistics, section 7.1), because times have no bound and a long
 * tail: with r as in stats_rank, the median lies below the r-th smallest of n with a chance of `look_chance`
 * at most. */
bool race_is_lost(const double *sorted, size_t n, double rival_ns)
{
    if (rival_ns <= 0 || n < RACE_FAR_BLOCKS) return false;
    if (sorted[0] > RACE_FAR * rival_ns) return true;
    if (n < RACE_BLOCKS || sorted[n / 2] <= RACE_MARGIN * rival_ns) return false;
    size_t rank = stats_rank(n, look_chance);
    return rank && sorted[rank - 1] > RACE_MARGIN * rival_ns;
}

void race_count(struct race_account *account, enum verdict verdict, const struct timing *timing)
{
    double ns = (double)timing->median_ns * timing->launches_per_sample * timing->samples;
    if (verdict == VERDICT_OK) {
        account->finished++;
        account->finished_samples += timing->samples;
        account->finished_ns += ns;
    } else if (verdict == VERDICT_SLOW) {
        account->stopped++;
        account->stopped_samples += timing->samples;
        account->stopped_ns += ns;
    }
}

void race_saved(const struct race_account *account, struct race_saving *out)
{
    *out = (struct race_saving){.stopped = account->stopped};
    if (!account->finished) return;
    double share = (double)account->stopped / (double)account->finished;
    double samples = share * (double)account->finished_samples - (double)account->stopped_samples;
    double ns = share * account->finished_ns - account->stopped_ns;
    if (samples > 0) out->samples = (uint64_t)samples;
    if (ns > 0) out->ns = (uint64_t)ns;
}

void race_saving_add(struct race_saving *sum, const struct race_saving *more)
{
    sum->stopped += more->stopped;
    sum->samples += more->samples;
    sum->ns += more->ns;
}
