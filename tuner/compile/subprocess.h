/* Runs a program and collects what it prints. */
#ifndef TUNEBOOK_COMPILE_SUBPROCESS_H
#define TUNEBOOK_COMPILE_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

struct subprocess {
    const char *const *argv; /* argv[0] is the path */
    const char *input;       /* what it reads; NULL: nothing */
    size_t input_bytes;
    size_t output_limit;  /* of stdout and stderr together; the rest is dropped */
    uint32_t deadline_ms; /* 0: none; else it runs in a group of its own, killed whole when time is up */
};

/* The locale is C. *exit_code is 128 + signal for a process ended by one. STATUS_UNAVAILABLE if it cannot be
 * started, STATUS_BUSY if its time was up. */
enum status subprocess_run(const struct subprocess *process, struct text *output, int *exit_code);

/* The path of a program: `name` itself when it holds a slash, else found on PATH. False if there is none that
 * can be run. */
bool subprocess_find(const char *name, struct text *path);

#endif
