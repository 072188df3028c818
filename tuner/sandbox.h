/* What a candidate's process may do: compute, print, take memory up to a limit, end itself. */
#ifndef TUNEBOOK_SANDBOX_H
#define TUNEBOOK_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include "tuner/base/status.h"

/* From now on every system call of every thread that is not on a short list ends in SIGSYS: no new processes
 * or threads, no sockets, no signals to others, no file opened for writing. Call it when all threads exist
 * and before foreign code is loaded. Where the kernel has no seccomp it changes nothing and *active is false.
 */
enum status sandbox_enter(bool *active);

/* Limits that the system keeps: address space (0: none), size of files, no core files. */
void sandbox_limit(uint64_t address_space_bytes, uint64_t file_bytes);

/* "fork", or "number 123". Static or per thread. */
const char *sandbox_call_name(int number);

#endif
