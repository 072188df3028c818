/* SIGINT and SIGTERM ask a long command to finish what is in flight and commit. A second one gives that up
 * too; a third SIGINT ends the program on the spot. */
#ifndef TUNEBOOK_CLI_STOP_H
#define TUNEBOOK_CLI_STOP_H

void stop_watch(void);                   /* installs the handlers */
const volatile int *stop_flag(void);     /* non-zero once asked to stop; valid for ever */
const volatile int *stop_now_flag(void); /* non-zero once asked twice */
int stop_signal(void);                   /* the signal that asked; 0 if none did */

#endif
