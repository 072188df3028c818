/* Many compiles side by side, each in a worker child with a deadline, with a content-addressed cache in
 * front.
 *
 * The cache ("$XDG_CACHE_HOME/tunebook/code/HH/HASH") is keyed by SHA-256 of source, definitions, target and
 * compiler identity; entries are published by rename and hashed again when read. An unwritable cache is one
 * warning, not an error. */
#ifndef TUNEBOOK_COMPILE_POOL_H
#define TUNEBOOK_COMPILE_POOL_H

#include "db/schema.h"
#include "tuner/compile/compiler.h"

struct compile_job {
    const struct compiler_api *compiler;
    const char *identity;
    struct compile_request request;
    /* Results. */
    enum verdict verdict; /* ok, compile_error, compile_timeout, resource_limit, crash */
    char detail[512];     /* first line of the diagnostics */
    struct text code;     /* the caller's: text_free */
    struct hash code_hash;
    uint64_t compile_ns; /* 0 when cached */
    bool cached;
};

/* Runs all jobs, at most `parallel` at a time, each for at most `deadline_ms`. STATUS_INTERRUPTED when *stop
 * becomes true (running children are ended); otherwise STATUS_OK, with each job's own verdict. */
enum status compile_run(struct compile_job *jobs, size_t n, unsigned parallel, uint32_t deadline_ms,
                        const volatile int *stop);

#endif
