/* What kernels call, visible to the objects that the program loads; all else of the program is hidden. */
#ifndef TUNEBOOK_EMULATOR_EXPORTS_H
#define TUNEBOOK_EMULATOR_EXPORTS_H

#pragma GCC visibility push(default)
#include "templates/device/emu_abi.h"
#pragma GCC visibility pop

#endif
