/* llvm-objdump, which shows the instructions of a code object. */
#ifndef TUNEBOOK_CODE_OBJDUMP_H
#define TUNEBOOK_CODE_OBJDUMP_H

#include <stddef.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

/* Disassembles a code object with the first llvm-objdump that knows its target: $TUNEBOOK_OBJDUMP alone where
 * it is set, else those beside the clangs of this machine (clang_search.h), llvm-objdump-30 down to -14 and
 * llvm-objdump on PATH, and ROCm's. STATUS_UNAVAILABLE where there is none, with what to install. */
enum status objdump_run(const void *code, size_t bytes, struct text *listing);

#endif
