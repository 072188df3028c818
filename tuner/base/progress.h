/* One live line on a terminal, plain lines elsewhere; always stderr. Honours NO_COLOR and TERM=dumb. */
#ifndef TUNEBOOK_BASE_PROGRESS_H
#define TUNEBOOK_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool live;              /* stderr is a terminal */
    uint64_t last_print_ns; /* live: at most 10 a second; plain: one every 10 s and every change of phase */
    uint64_t started_ns;
    int shown;         /* characters of the live line now on the screen */
    const char *phase; /* the last format, as an address: another format is another phase */
};

void progress_begin(struct progress *progress);
/* Shows LINE with the elapsed time and, where 0 < fraction <= 1, the time left. */
void progress_show(struct progress *progress, double fraction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line that stays: the live line is cleared first. */
void progress_say(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(struct progress *progress);

#endif
