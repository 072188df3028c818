/* What a candidate's child says as it dies: which fault, where, in which buffer. */
#ifndef TUNEBOOK_FAULT_H
#define TUNEBOOK_FAULT_H

#include <stddef.h>
#include <stdint.h>
#include "db/schema.h"
#include "tuner/verify.h"
#include "tuner/worker_protocol.h"

/* What the handler sends: small, plain, composed without a library call. */
struct fault_report {
    int32_t signal, code, syscall;
    uint32_t kind;  /* FAULT_* */
    int64_t offset; /* from the buffer's first byte */
    uint64_t buffer_bytes;
    char buffer[24];
};
enum { FAULT_PLAIN, FAULT_GUARD, FAULT_READ_ONLY, FAULT_STACK, FAULT_MEMORY, FAULT_SYSCALL };

/* Installs handlers for the faults, on a stack of their own, that report on `channel` and end the process.
 * Buffers are looked up in the plan and the verify state of this process; above `address_space_limit` bytes
 * (0: none) a fault counts as lack of memory. All must live as long as the process. */
enum status fault_install(const struct channel *channel, uint32_t kind, const struct verify_plan *plan,
                          const struct verify *verify, uint64_t address_space_limit);

/* The verdict and its line. */
enum verdict fault_judge(const struct fault_report *report, char *detail, size_t capacity);

/* Bytes of address space in use (/proc/self/statm); 0 where that cannot be told. Safe in a signal handler. */
uint64_t fault_address_space(void);

#endif
