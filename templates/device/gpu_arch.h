/* Where a kernel runs, from what the compilers define, and the two qualifiers of functions that follow from
 * it.
 *
 * An emulated kernel is compiled with -DGPU_EMULATED=1 and -DGPU_AMD_ARCH=0x942 or -DGPU_NVIDIA_ARCH=900: it
 * sees the target that it stands for. */
#ifndef TUNEBOOK_DEVICE_GPU_ARCH_H
#define TUNEBOOK_DEVICE_GPU_ARCH_H

#ifndef GPU_EMULATED
#define GPU_EMULATED 0
#endif

#if GPU_EMULATED
#if defined(GPU_NVIDIA_ARCH)
#define GPU_NVIDIA 1
#define GPU_ARCH   GPU_NVIDIA_ARCH
#elif defined(GPU_AMD_ARCH)
#define GPU_NVIDIA 0
#define GPU_ARCH   GPU_AMD_ARCH
#else
#error "an emulated kernel needs GPU_NVIDIA_ARCH or GPU_AMD_ARCH"
#endif
#elif defined(__CUDA_ARCH__)
#define GPU_NVIDIA 1
#define GPU_ARCH   __CUDA_ARCH__
#elif defined(__AMDGCN__)
#define GPU_NVIDIA 0
#if defined(__gfx90a__)
#define GPU_ARCH 0x90a
#elif defined(__gfx942__)
#define GPU_ARCH 0x942
#elif defined(__gfx950__)
#define GPU_ARCH 0x950
#elif defined(__gfx1100__)
#define GPU_ARCH 0x1100
#elif defined(__gfx1201__)
#define GPU_ARCH 0x1201
#elif defined(__gfx1250__)
#define GPU_ARCH 0x1250
#else
#error "an AMD target that the dialect does not know: add it to gpu_arch.h"
#endif
#else
#error "this is GPU code: compile it for one GPU target, device side only"
#endif

#define GPU_AMD (!GPU_NVIDIA)

/* Of AMD's, the compute line gfx9 has 64 lanes; gfx10 and later are compiled for 32. */
#if GPU_AMD && GPU_ARCH < 0x1000
#define GPU_WAVE 64
#else
#define GPU_WAVE 32
#endif

/* GPU_WRAP is for the dialect's own functions: without debug information what they do counts as done by the
 * line that calls them, which is what the emulator's reports shall name. */
#if GPU_EMULATED
#define GPU_DEVICE static inline __attribute__((always_inline, unused))
#define GPU_WRAP   static inline __attribute__((always_inline, unused, nodebug))
#elif GPU_NVIDIA
#define GPU_DEVICE static __device__ __forceinline__
#define GPU_WRAP   GPU_DEVICE
#else
#define GPU_DEVICE static inline __attribute__((device, always_inline, unused))
#define GPU_WRAP   GPU_DEVICE
#endif

#endif
