/* The accesses that the threads of one block made to shared memory, as a watched emulator tells them, put
 * together into those of waves again: lane by lane the n-th time that a place of the code was passed. */
#ifndef TUNEBOOK_ACCESS_LOG_H
#define TUNEBOOK_ACCESS_LOG_H

#include "tuner/code/conflicts.h"
#include "tuner/device/device.h"

enum { ACCESS_LOG_THREADS_MAX = 1024, ACCESS_LOG_MAX = 1 << 25 };

struct access_log;

/* NULL without memory. */
struct access_log *access_log_create(void);
void access_log_free(struct access_log *log);
void access_log_clear(struct access_log *log);

/* For a device's options: tells this log. */
struct device_watch access_log_watch(struct access_log *log);

/* What all accesses took in banks of the target. STATUS_BUSY if there were more than ACCESS_LOG_MAX. */
enum status access_log_conflicts(struct access_log *log, const char *target, struct conflicts *out);

#endif
