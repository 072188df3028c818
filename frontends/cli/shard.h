/* --shard: one of several jobs takes its part of the problems. */
#ifndef TUNEBOOK_CLI_SHARD_H
#define TUNEBOOK_CLI_SHARD_H

#include "frontends/cli/problems.h"

struct shard {
    uint64_t index, count; /* index from 0 */
};

/* "2/8" is the second of eight. "auto" takes both from the scheduler: Slurm's SLURM_ARRAY_TASK_ID with
 * _COUNT, _MIN and _STEP, Open MPI's OMPI_COMM_WORLD_RANK with _SIZE; "auto/8" the number from here, which
 * Kubernetes' JOB_COMPLETION_INDEX needs. STATUS_USAGE names what is wrong or missing. */
enum status shard_parse(const char *text, struct shard *out);

/* Leaves the shard's problems: of all problems in the order of their text every count-th, so that shards are
 * of one size however the command lines list them, and together are all problems, each once. */
enum status shard_take(const struct shard *shard, struct problem_list *list);

/* Both, for --shard; nothing where the command line has none. Says which part it is. */
enum status shard_apply(const struct settings *settings, struct problem_list *list);

#endif
