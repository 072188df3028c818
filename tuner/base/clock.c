#include "tuner/base/clock.h"

#include <errno.h>
#include <time.h>

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

void clock_format_utc(uint64_t wall_s, char out[21])
{
    uint64_t last = 253402300799u; /* 9999-12-31T23:59:59Z: more would not fit */
    time_t seconds = (time_t)(wall_s < last ? wall_s : last);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_sleep_ns(uint64_t ns)
{
    uint64_t end = clock_ns() + ns;
    struct timespec until = {(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) continue;
}
