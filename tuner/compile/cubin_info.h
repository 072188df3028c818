/* Registers, shared memory and stack of a cubin, from its ELF sections. NVIDIA does not document them; what
 * is read here was seen in the objects of NVRTC 13.0 and compared with ptxas's own report. */
#ifndef TUNEBOOK_COMPILE_CUBIN_INFO_H
#define TUNEBOOK_COMPILE_CUBIN_INFO_H

#include <stddef.h>
#include "tuner/base/code_resources.h"
#include "tuner/base/status.h"

/* The largest of its kernels'. Spilled bytes are a thread's stack frame: arrays that are indexed at run time
 * count too. STATUS_BAD_DATA for bytes that are no such object. */
enum status cubin_inspect(const void *code, size_t bytes, struct code_resources *out);

#endif
