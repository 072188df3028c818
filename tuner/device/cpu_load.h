/* Code objects of the CPU: shared objects loaded from memory. */
#ifndef TUNEBOOK_DEVICE_CPU_LOAD_H
#define TUNEBOOK_DEVICE_CPU_LOAD_H

#include <stddef.h>
#include "tuner/base/status.h"

/* Puts the bytes into a sealed memory file (where /proc or memory files are missing: a private temporary
 * file) and loads that, every symbol resolved at once and none of them visible to others. STATUS_BAD_DATA
 * with the loader's reason. */
enum status cpu_load(const void *code, size_t bytes, void **handle);
void cpu_unload(void *handle);

#endif
