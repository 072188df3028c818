/* The emulator as its parts see it. */
#ifndef TUNEBOOK_EMULATOR_EMULATOR_STATE_H
#define TUNEBOOK_EMULATOR_EMULATOR_STATE_H

#include "tuner/emulator/ranges.h"

struct emulator;

const char *emulator_target(const struct emulator *emulator);
const struct ranges *emulator_ranges(const struct emulator *emulator);

#endif
