/* What an AMDGPU code object says of its kernels, from its metadata: a map in MessagePack in the ELF's note
 * NT_AMDGPU_METADATA (LLVM's user guide for AMDGPU, "Code Object Metadata"). */
#ifndef TUNEBOOK_COMPILE_AMDGPU_NOTES_H
#define TUNEBOOK_COMPILE_AMDGPU_NOTES_H

#include <stddef.h>
#include "tuner/base/code_resources.h"
#include "tuner/base/status.h"

/* Of each number the largest of its kernels'. STATUS_BAD_DATA for bytes that are no such object. */
enum status amdgpu_inspect(const void *code, size_t bytes, struct code_resources *out);

/* Of one kernel; STATUS_NOT_FOUND if it is not in there. `entry` NULL: as above. */
enum status amdgpu_kernel_resources(const void *code, size_t bytes, const char *entry,
                                    struct code_resources *out);

/* The target it was compiled for, "gfx942", from the ELF header. STATUS_NOT_COVERED for an AMD GPU that is
 * not in gpu_targets.def. */
enum status amdgpu_code_target(const void *code, size_t bytes, const char **target);

#endif
