/* What a compiler made of a tiny kernel, remembered while this process lives: finding out starts programs,
 * and is asked for every target again and again. */
#ifndef TUNEBOOK_COMPILE_KNOWN_H
#define TUNEBOOK_COMPILE_KNOWN_H

#include <stdbool.h>
#include "tuner/base/status.h"

/* The answer remembered under `key`, with its message as the last failure's; false if there is none. */
bool known_answer(const char *key, enum status *status);
/* Remembers `status`, and the last failure's message where it is one. Hands the status back. */
enum status known_remember(const char *key, enum status status);

#endif
