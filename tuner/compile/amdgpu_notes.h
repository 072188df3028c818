/* Registers, shared memory and spills of an AMDGPU code object, from its metadata: a map in MessagePack in
 * the ELF's note NT_AMDGPU_METADATA (LLVM's user guide for AMDGPU, "Code Object Metadata"). */
#ifndef TUNEBOOK_COMPILE_AMDGPU_NOTES_H
#define TUNEBOOK_COMPILE_AMDGPU_NOTES_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

/* The largest of its kernels'. Registers are vector registers, accumulators included; spilled bytes are a
 * thread's. STATUS_BAD_DATA for bytes that are no such object. */
enum status amdgpu_inspect(const void *code, size_t bytes, uint32_t *registers, uint32_t *shared_bytes,
                           uint32_t *spill_bytes);

#endif
