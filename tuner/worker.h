/* Worker children: this program run again for one job, so that whatever a compiler or a candidate does, the
 * caller lives on.
 *
 * A child is /proc/self/exe with a hidden argument, in a process group of its own that is killed whole. It
 * gets the private channel as descriptor WORKER_CHANNEL, nothing else that was open here, no input, and its
 * output goes to a bounded memory file. It dies when the thread that spawned it ends (PR_SET_PDEATHSIG):
 * spawn from one that stays. */
#ifndef TUNEBOOK_WORKER_H
#define TUNEBOOK_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "tuner/base/status.h"
#include "tuner/worker_protocol.h"

enum { WORKER_CHANNEL = 3, WORKER_OUTPUT_LIMIT = 16 << 20 };

/* Address sanitizer maps terabytes and handles faults itself: limits on address space cannot be set below it.
 */
#if defined(__SANITIZE_ADDRESS__)
#define WORKER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WORKER_SANITIZED 1
#endif
#endif
#ifndef WORKER_SANITIZED
#define WORKER_SANITIZED 0
#endif

struct worker {
    pid_t pid; /* 0: none */
    struct channel channel;
    int output; /* memory file with what it printed; -1: none */
};

/* Starts a child for a job of the table in worker.c. STATUS_IO if this machine cannot. */
enum status worker_spawn(const char *job, struct worker *out);

/* Kills what is left of the group, reaps the child, closes everything; *wait_status (may be NULL) as of
 * waitpid. A child that is about to end by itself gets `patience_ms` for it. Harmless on a zeroed worker. */
void worker_end(struct worker *worker, uint32_t patience_ms, int *wait_status);

/* The same for a process that is no worker of this thread: waits up to patience_ms, then kills the group. */
void worker_reap(pid_t pid, uint32_t patience_ms, int *wait_status);

/* Bytes in a memory file of printed output, and its first line. */
uint32_t worker_printed(int output, char *line, size_t capacity);

/* How a child ended, in words: "ended by signal 11 (Segmentation fault)", "exited with code 3". */
void worker_describe_end(int wait_status, char *out, size_t capacity);

/* What every child does first: die with the parent, no core files. False if the parent is gone already. */
bool worker_bind_to_parent(pid_t parent);

/* A sealed-size memory file for output, written at most WORKER_OUTPUT_LIMIT bytes by children that limit
 * their file size. */
int worker_output_file(void);

#endif
