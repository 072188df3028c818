/* SIGINT and SIGTERM ask a long command to finish what is in flight; a second SIGINT ends it at once. */
#ifndef TUNEBOOK_CLI_STOP_H
#define TUNEBOOK_CLI_STOP_H

void stop_watch(void);               /* installs the handlers */
const volatile int *stop_flag(void); /* non-zero once asked to stop; valid for ever */
int stop_signal(void);               /* the signal that asked; 0 if none did */

#endif
