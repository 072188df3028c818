/* What the emulator and HIP spell alike, both being clang: vectors and accesses to memory.
 *
 * An access through the dialect may alias anything. In the emulator it is volatile besides, so that the
 * compiler neither narrows nor drops one: each reaches the sanitizer whole. */
#ifndef TUNEBOOK_DEVICE_GPU_CLANG_H
#define TUNEBOOK_DEVICE_GPU_CLANG_H
#if GPU_EMULATED || GPU_AMD

typedef unsigned gpu_u32x2 __attribute__((ext_vector_type(2)));
typedef unsigned gpu_u32x4 __attribute__((ext_vector_type(4)));
typedef unsigned gpu_u32x8 __attribute__((ext_vector_type(8)));
typedef int gpu_i32x4 __attribute__((ext_vector_type(4)));
typedef int gpu_i32x16 __attribute__((ext_vector_type(16)));
typedef float gpu_f32x2 __attribute__((ext_vector_type(2)));
typedef float gpu_f32x4 __attribute__((ext_vector_type(4)));
typedef float gpu_f32x16 __attribute__((ext_vector_type(16)));

#if GPU_EMULATED
#define GPU_ACCESS volatile
#else
#define GPU_ACCESS
#endif

#define GPU_LOAD_STORE(bytes, type)                            \
    typedef type gpu_access##bytes __attribute__((may_alias)); \
    GPU_WRAP type gpu_load##bytes(const void *from)            \
    {                                                          \
        return *(const GPU_ACCESS gpu_access##bytes *)from;    \
    }                                                          \
    GPU_WRAP void gpu_store##bytes(void *to, type x)           \
    {                                                          \
        *(GPU_ACCESS gpu_access##bytes *)to = x;               \
    }
GPU_LOAD_STORE(4, unsigned)
GPU_LOAD_STORE(8, gpu_u32x2)
GPU_LOAD_STORE(16, gpu_u32x4)
#undef GPU_LOAD_STORE

GPU_WRAP gpu_u32x4 gpu_load16_stream(const void *from)
{
#if GPU_EMULATED
    return gpu_load16(from);
#else
    return __builtin_nontemporal_load((const gpu_access16 *)from);
#endif
}

#endif
#endif
