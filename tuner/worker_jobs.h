/* What worker children do: the entries of the table in worker.c. Each reads its request from the channel and
 * answers on it. */
#ifndef TUNEBOOK_WORKER_JOBS_H
#define TUNEBOOK_WORKER_JOBS_H

#include "tuner/worker_protocol.h"

int compile_worker_run(struct channel *channel);
int duel_worker_run(struct channel *channel);
int session_worker_run(struct channel *channel);

#endif
