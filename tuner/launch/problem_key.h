/* The record key of a problem on a device class: where op and book meet, for the sweep and the runtime
 * library alike. */
#ifndef TUNEBOOK_LAUNCH_PROBLEM_KEY_H
#define TUNEBOOK_LAUNCH_PROBLEM_KEY_H

#include "db/key.h"
#include "templates/op.h"

/* Head, class and sizes. With `device_class` a bare target ("x86-64-v4") the sizes are 0: the key of the
 * target's defaults. */
enum status problem_key_parts(const struct problem *problem, const char *device_class, struct key_parts *out);

/* The same as text. */
enum status problem_key(const struct problem *problem, const char *device_class, char out[KEY_BYTES_MAX + 1]);

#endif
