/* The process that runs candidates, as the session sees it: started as a fork, watched on its channel and by
 * the clock. On the host there is one for each candidate; on a device with memory of its own one for all of
 * them, until something went wrong in it. */
#ifndef TUNEBOOK_SESSION_CHILD_H
#define TUNEBOOK_SESSION_CHILD_H

#include <sys/types.h>
#include "tuner/session.h"

struct session_child {
    pid_t pid; /* 0: none */
    struct channel channel;
    int output;
    uint32_t printed; /* by earlier candidates */
    struct candidate_phase phase;
    uint64_t deadline_ns;
    uint64_t growth_limit; /* sanitized builds: watched from here instead of by the system */
};

/* `run` is what the fork does, with the job as it is now; it does not come back. */
typedef void session_child_body(struct session *session, struct session_job *job, struct channel *channel);
enum status session_child_start(struct session *session, struct session_job *job, struct channel *above,
                                session_child_body *run, struct session_child *out);
void session_child_end(struct session_child *child, uint32_t patience_ms);

/* What it is about to do, until it says so itself. */
void session_child_expect(struct session_child *child, const char *what, uint32_t deadline_ms);

enum watch { WATCH_RESULT, WATCH_FAILED, WATCH_CANCELLED, WATCH_ABANDONED };

/* Looks after the child until it has answered, failed or must go. `result`: its answer, of so many bytes;
 * `failure`: why there is none. */
enum watch session_child_watch(struct session_child *child, struct channel *above, void *result,
                               size_t result_bytes, struct trial_outcome *failure);

/* Bytes printed since the last call. */
uint32_t session_child_printed(struct session_child *child);

#endif
