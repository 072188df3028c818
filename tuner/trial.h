/* Trying candidates: each in a child process of its own that verifies, then measures. Every way to die is a
 * verdict.
 *
 * The parent side of worker.c, verify.c and measure.c. Calls block; they come back early with
 * STATUS_INTERRUPTED when *stop becomes true. A status other than OK means that this machine failed (no
 * memory, no process), never the candidate. */
#ifndef TUNEBOOK_TRIAL_H
#define TUNEBOOK_TRIAL_H

#include "db/schema.h"
#include "templates/op.h"
#include "tuner/device/device.h"
#include "tuner/base/status.h"

struct trial_setting {
    const char *backend; /* "cpu" */
    const char *target;  /* emulated device: the GPU it stands for; NULL elsewhere */
    uint32_t device;
    const struct device_info *info; /* of the device; needed where it has memory of its own, for a session may
                                       not ask its driver */
    uint32_t threads;               /* CPU; 0: all */
    struct problem problem;
    uint64_t seed;
    uint32_t verify_deadline_ms; /* 0: derived from the problem's size */
    uint32_t measure_ms;         /* time for samples of one candidate; 0: 200 */
    double interval;             /* stop when the 95 % interval of the median is this narrow; 0: 0.01 */
    bool warm_weights;           /* default: weights cold, activations warm */
    bool verify_only;            /* nothing is measured */
    bool reverse;                /* emulated device: blocks and threads run last first */
    uint64_t memory_limit_bytes; /* of the child above what its buffers need; 0: 1 GiB */
    const volatile int *stop;
    uint64_t *busy_ns; /* what launches keep a device busy with marks of its own is added here; may be NULL */
};

/* Threads of the host that work for a device: those wanted, else all. A CPU's units are its threads in use; a
 * GPU's say nothing of the host. */
uint32_t trial_host_threads(const struct device_info *info, uint32_t wanted);

struct trial_candidate {
    const struct descriptor *descriptor;
    const void *code;
    size_t code_bytes;
};

struct trial_outcome {
    enum verdict verdict;
    struct timing timing;   /* where verdict is ok or slow */
    char detail[512];       /* one line; "" when ok */
    uint32_t printed_bytes; /* captured from the candidate's stdout and stderr */
};

/* The trial session of one problem: a child makes inputs and reference results once; each candidate runs in a
 * fork of it, so that it shares them copy-on-write and can damage nobody else's. On a device with memory of
 * its own candidates share one fork until one of them breaks something. */
struct trial_session;
enum status trial_open(const struct trial_setting *setting, struct trial_session **out);
void trial_close(struct trial_session *session);
/* Memory that the session's process holds now; 0 where it has none or it cannot be read. */
uint64_t trial_session_bytes(const struct trial_session *session);

/* Verify, then measure, alone. `rival_ns`: the upper end of the interval of the best so far; a candidate
 * that is clearly slower ends as `slow` (racing.h); 0: never. */
enum status trial_run(struct trial_session *session, const struct trial_candidate *candidate,
                      uint64_t rival_ns, struct trial_outcome *out);

/* Finalists measured again in one child, interleaved block by block, with the vendor library where it does
 * this problem. The candidates were verified by trial_run. out[i].timing has TIMING_INTERLEAVED.
 * `baseline_name` is "" and its outcome unset where there is no vendor library; for `ratios`: out of
 * candidate i against the baseline (median and quartiles of per-round ratios baseline/candidate), 0 where
 * none. */
struct trial_ratio {
    double median, q1, q3;
};
struct trial_final {
    struct trial_outcome baseline;
    char baseline_name[32];
    struct trial_ratio *against_baseline; /* [n], the caller's array, may be NULL */
    struct trial_ratio
        *against_first; /* [n]: candidate 0's time / candidate i's, the caller's array, may be NULL */
};
enum status trial_finals(struct trial_session *session, const struct trial_candidate *candidates, size_t n,
                         uint32_t total_ms, struct trial_outcome *out, struct trial_final *final);

/* The environment of measurements made now: canonical JSON text (device, driver, compiler, kernel, governor,
 * vendor library). */
enum status trial_environment(const struct trial_setting *setting, const char *compiler_identity,
                              struct text *json);

/* The hidden entry of worker children: main() calls it first; returns -1 when argv is not a worker's. */
int worker_main(int argc, char **argv);

#endif
