#include "frontends/cli/stop.h"

#include <signal.h>
#include <unistd.h>

/* A handler can reach nothing else. */
static volatile int asked, asked_twice;

static void on_signal(int signal_number)
{
    if (asked_twice && signal_number == SIGINT) _exit(128 + SIGINT);
    if (asked) asked_twice = 1;
    if (!asked) asked = signal_number;
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const volatile int *stop_flag(void)
{
    return &asked;
}

const volatile int *stop_now_flag(void)
{
    return &asked_twice;
}

int stop_signal(void)
{
    return asked;
}
