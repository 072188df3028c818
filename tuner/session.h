/* The process that tries the candidates of one problem: it makes inputs and references once, then forks a
 * child for each candidate, or on a device with memory of its own one for all of them.
 *
 *     caller (trial.c)  ->  session (session.c), a worker  ->  candidate (candidate.c), a fork of the session
 *                                                          ->  device child (device_child.c), a fork that
 * stays
 *
 * A fork shares the session's pages without copying them, huge ones included, and can damage none: what it
 * writes is its own copy. The session watches the child's channel and the clock, and turns however it ends
 * into an outcome. It runs no foreign code, and never touches a GPU's driver, which would not survive the
 * fork. */
#ifndef TUNEBOOK_SESSION_H
#define TUNEBOOK_SESSION_H

#include "tuner/device/device.h"
#include "tuner/stage.h"
#include "tuner/trial.h"
#include "tuner/worker_protocol.h"

enum { FINALISTS_MAX = 64 };

/* Frames between caller and session, and between session and candidate. */
enum session_frame {
    SESSION_OPEN = 10,    /* fields: struct session_request, the checksum's code */
    SESSION_READY,        /* fields: status, message */
    SESSION_TRIAL,        /* fields: rival_ns, descriptor, code */
    SESSION_FINALS,       /* fields: total_ms, n, then descriptor and code of each */
    SESSION_CANCEL,       /* empty: end what runs */
    SESSION_OUTCOME,      /* fields: struct session_outcome, against_baseline[n], against_first[n] */
    CANDIDATE_PHASE = 30, /* struct candidate_phase */
    CANDIDATE_RESULT,     /* as SESSION_OUTCOME */
    CANDIDATE_FAULT,      /* struct fault_report */
    DEVICE_JOB /* to a device child: a SESSION_TRIAL or SESSION_FINALS as it came, behind its kind and
                  which finalists are left out */
};

/* The setting of a session as plain bytes; the same program reads it. */
struct session_request {
    char backend[16], target[CLASS_TEXT_BYTES], problem[PROBLEM_TEXT_BYTES];
    uint32_t device, threads, verify_deadline_ms, measure_ms, warm_weights, verify_only, reverse;
    double interval;
    uint64_t seed, memory_limit_bytes;
    bool has_info; /* of the device: where only the caller may ask it */
    struct device_info info;
};

struct session_outcome {
    uint32_t n, cancelled;
    uint32_t spent;   /* the device's context or memory is not what it was: its child has to go */
    uint32_t failure; /* enum status: this machine failed, with this line */
    char message[512];
    uint64_t busy_ns; /* that launches kept the device busy, as far as marks tell */
    struct trial_outcome outcomes[FINALISTS_MAX];
    struct trial_outcome baseline;
    char baseline_name[32];
    struct trial_ratio against_baseline[FINALISTS_MAX], against_first[FINALISTS_MAX];
};

/* What a candidate's child is about to do, and how long it may take. */
struct candidate_phase {
    uint32_t deadline_ms;
    char what[40];
};

struct session {
    struct session_request request;
    struct problem problem;
    const struct device_api *api;
    struct device_info info;
    uint32_t host_threads; /* that inputs and references are made with */
    struct measure_set set;
    struct verify_plan plan;
    uint64_t sums[VERIFY_CASES_MAX]; /* of inputs, before any candidate */
    struct text checksum;            /* the code that sums a device's own memory */
};

/* A candidate as it came in a frame; pointers into the frame. */
struct session_candidate {
    struct descriptor descriptor;
    const void *code;
    size_t code_bytes;
};

struct session_job {
    bool finals;
    uint64_t rival_ns;
    uint32_t total_ms, n;
    struct session_candidate candidates[FINALISTS_MAX];
    bool excluded[FINALISTS_MAX + 1]; /* finals: those that failed; the last: the vendor library */
    volatile uint32_t *current;       /* shared with the child: which of them runs; n: the vendor library */
};

/* Reads a SESSION_TRIAL or SESSION_FINALS; `current` stays. False if it is none. */
bool session_take_job(uint32_t kind, const void *bytes, size_t size, struct session_job *out);

/* The candidate's child: runs the job, sends CANDIDATE_RESULT and ends the process. */
void candidate_run(struct session *session, struct session_job *job, struct channel *channel);
/* The device child: opens the device, sends CANDIDATE_RESULT (an empty outcome, or one that failed), then one
 * for each DEVICE_JOB, until the channel ends or something went wrong on the device. */
void device_child_run(struct session *session, struct session_job *job, struct channel *channel);

/* One trial on an opened stage. */
void candidate_try(struct session *session, struct session_job *job, struct stage *stage,
                   struct channel *channel, struct session_outcome *out);

/* The part of candidate_run that measures finalists against each other; the sandbox is entered inside. */
enum status finals_run(struct session *session, struct session_job *job, struct stage *stage,
                       struct channel *channel, struct session_outcome *out);

/* How the session and its candidates open the device. */
struct device_options session_device_options(const struct session_request *request);

/* How many times longer than on a device launches may take: $TUNEBOOK_SLOW, for tools such as
 * compute-sanitizer and for drivers that emulate; 1 without it. Deadlines grow with it, and shapes are those
 * for the emulator. */
uint32_t session_slowness(void);

/* Tells the session what comes and how long it may take. */
void candidate_phase(const struct channel *channel, uint32_t deadline_ms, const char *what);
/* Address space that a candidate may map: its limit, and what verification and launches take. */
uint64_t candidate_allowance(const struct session *session);
/* Limits and seccomp, when all threads exist. A device child has neither: its driver maps terabytes, opens
 * device files, makes threads when it likes and speaks by ioctl, and of the candidate no byte runs on the
 * host. */
void candidate_confine(const struct session *session);

#endif
