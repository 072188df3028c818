/* The emulator as its parts see it. */
#ifndef TUNEBOOK_EMULATOR_EMULATOR_STATE_H
#define TUNEBOOK_EMULATOR_EMULATOR_STATE_H

#include "tuner/emulator/ranges.h"

struct device_watch;
struct emulator;

const char *emulator_target(const struct emulator *emulator);
const struct ranges *emulator_ranges(const struct emulator *emulator);
const struct device_watch *emulator_watch(const struct emulator *emulator); /* NULL: nobody watches */

#endif
