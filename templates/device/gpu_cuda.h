/* The dialect in CUDA, as NVRTC compiles it without a header: what the compiler has built in, and inline PTX
 * (PTX ISA 9.0) for the rest. */
#ifndef TUNEBOOK_DEVICE_GPU_CUDA_H
#define TUNEBOOK_DEVICE_GPU_CUDA_H
#if GPU_NVIDIA && !GPU_EMULATED

#define GPU_KERNEL(threads)  extern "C" __global__ void __launch_bounds__(threads)
#define GPU_ARGS(type, name) const __grid_constant__ type name
#define GPU_SHARED(name)     unsigned char *name = gpu_shared_memory
#if GPU_ARCH >= 900 /* for tiles of 128-byte swizzle, whose pattern repeats after that */
extern __shared__ __align__(1024) unsigned char gpu_shared_memory[];
#else
extern __shared__ __align__(128) unsigned char gpu_shared_memory[];
#endif

#define GPU_KERNEL_WAVES(threads, waves)   GPU_KERNEL(threads)
#define GPU_KERNEL_BLOCKS(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)

#define GPU_PRAGMA(text) _Pragma(#text)
#define GPU_UNROLL       _Pragma("unroll")
#define GPU_UNROLL_BY(n) GPU_PRAGMA(unroll n)
#define GPU_NO_UNROLL    _Pragma("unroll 1")

/* --- vectors and memory --- */

template <class T, int N> struct __align__(N < 4 ? 8 : 16) gpu_vector
{
    T e[N];
    __device__ __forceinline__ T &operator[](int i)
    {
        return e[i];
    }
    __device__ __forceinline__ const T &operator[](int i) const
    {
        return e[i];
    }
};
typedef gpu_vector<unsigned, 2> gpu_u32x2;
typedef gpu_vector<unsigned, 4> gpu_u32x4;
typedef gpu_vector<int, 4> gpu_i32x4;
typedef gpu_vector<int, 16> gpu_i32x16;
typedef gpu_vector<float, 2> gpu_f32x2;
typedef gpu_vector<float, 4> gpu_f32x4;
typedef gpu_vector<float, 16> gpu_f32x16;

GPU_WRAP unsigned gpu_load4(const void *from)
{
    return *(const unsigned *)from;
}

GPU_WRAP gpu_u32x2 gpu_load8(const void *from)
{
    uint2 x = *(const uint2 *)from;
    return {x.x, x.y};
}

GPU_WRAP gpu_u32x4 gpu_load16(const void *from)
{
    uint4 x = *(const uint4 *)from;
    return {x.x, x.y, x.z, x.w};
}

GPU_WRAP gpu_u32x4 gpu_load16_stream(const void *from)
{
    unsigned x, y, z, w;
    asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x), "=r"(y), "=r"(z), "=r"(w)
                 : "l"(__cvta_generic_to_global(from)));
    return {x, y, z, w};
}

GPU_WRAP void gpu_store4(void *to, unsigned x)
{
    *(unsigned *)to = x;
}

GPU_WRAP void gpu_store8(void *to, gpu_u32x2 x)
{
    *(uint2 *)to = make_uint2(x[0], x[1]);
}

GPU_WRAP void gpu_store16(void *to, gpu_u32x4 x)
{
    *(uint4 *)to = make_uint4(x[0], x[1], x[2], x[3]);
}

GPU_WRAP unsigned gpu_shared_address(const void *p)
{
    return (unsigned)__cvta_generic_to_shared(p);
}

/* --- places --- */

#define GPU_PLACE(axis)                           \
    GPU_WRAP unsigned gpu_thread_##axis(void)     \
    {                                             \
        return threadIdx.axis;                    \
    }                                             \
    GPU_WRAP unsigned gpu_block_##axis(void)      \
    {                                             \
        return blockIdx.axis;                     \
    }                                             \
    GPU_WRAP unsigned gpu_block_size_##axis(void) \
    {                                             \
        return blockDim.axis;                     \
    }                                             \
    GPU_WRAP unsigned gpu_grid_##axis(void)       \
    {                                             \
        return gridDim.axis;                      \
    }
GPU_PLACE(x)
GPU_PLACE(y)
GPU_PLACE(z)
#undef GPU_PLACE

GPU_WRAP unsigned gpu_lane(void)
{
    unsigned lane;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

GPU_WRAP unsigned gpu_wave(void)
{
    return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) / GPU_WAVE;
}

/* --- waiting --- */

#define gpu_barrier()      __syncthreads()
#define gpu_wave_barrier() __syncwarp()
#define gpu_fence_block()  __threadfence_block()
#define gpu_fence_device() __threadfence()
#define gpu_pause()        __nanosleep(20)

/* barrier 0 as well, but not __syncthreads(), which all threads have to come to at one place. */
GPU_WRAP void gpu_barrier_shared(void)
{
    asm volatile("barrier.sync 0;" : : : "memory");
}

#define GPU_HAS_NAMED_BARRIERS 1

GPU_WRAP void gpu_named_barrier(unsigned id, unsigned threads)
{
    asm volatile("barrier.sync %0, %1;" : : "r"(id), "r"(threads) : "memory");
}

GPU_WRAP void gpu_named_arrive(unsigned id, unsigned threads)
{
    asm volatile("barrier.arrive %0, %1;" : : "r"(id), "r"(threads) : "memory");
}

/* --- lanes --- */

#define gpu_shuffle_word(x, lane)     __shfl_sync(~0u, x, (int)(lane))
#define gpu_shuffle_xor_word(x, mask) __shfl_xor_sync(~0u, x, (int)(mask))
#define gpu_shuffle_up_word(x, n)     __shfl_up_sync(~0u, x, n)
#define gpu_shuffle_down_word(x, n)   __shfl_down_sync(~0u, x, n)

GPU_WRAP unsigned long long gpu_ballot(bool p)
{
    return __ballot_sync(~0u, p);
}

/* --- atomics --- */

#define GPU_ATOMIC(name, type, builtin)              \
    GPU_WRAP type gpu_atomic_##name(type *p, type x) \
    {                                                \
        return builtin(p, x);                        \
    }
GPU_ATOMIC(add, unsigned, atomicAdd)
GPU_ATOMIC(add, int, atomicAdd)
GPU_ATOMIC(add, float, atomicAdd)
GPU_ATOMIC(min, unsigned, atomicMin)
GPU_ATOMIC(min, int, atomicMin)
GPU_ATOMIC(max, unsigned, atomicMax)
GPU_ATOMIC(max, int, atomicMax)
GPU_ATOMIC(exchange, unsigned, atomicExch)
#undef GPU_ATOMIC

GPU_WRAP unsigned gpu_atomic_cas(unsigned *p, unsigned expected, unsigned x)
{
    return atomicCAS(p, expected, x);
}

GPU_WRAP unsigned gpu_atomic_add_acq_rel(unsigned *p, unsigned x)
{
    unsigned old;
    asm volatile("atom.acq_rel.gpu.add.u32 %0, [%1], %2;" : "=r"(old) : "l"(p), "r"(x) : "memory");
    return old;
}

GPU_WRAP unsigned gpu_load_acquire(const unsigned *p)
{
    unsigned x;
    asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(x) : "l"(p) : "memory");
    return x;
}

GPU_WRAP void gpu_store_release(unsigned *p, unsigned x)
{
    asm volatile("st.release.gpu.u32 [%0], %1;" : : "l"(p), "r"(x) : "memory");
}

/* --- asynchronous copies --- */

#define GPU_HAS_COPY_ASYNC 1

#define GPU_COPY_ASYNC(bytes, cache)                                                                      \
    GPU_WRAP void gpu_copy_async##bytes(void *shared, const void *global, unsigned valid)                 \
    {                                                                                                     \
        asm volatile("cp.async." cache ".shared.global [%0], [%1], " #bytes ", %2;"                       \
                     :                                                                                    \
                     : "r"(gpu_shared_address(shared)), "l"(__cvta_generic_to_global(global)), "r"(valid) \
                     : "memory");                                                                         \
    }
GPU_COPY_ASYNC(4, "ca")
GPU_COPY_ASYNC(8, "ca")
GPU_COPY_ASYNC(16, "cg")
#undef GPU_COPY_ASYNC

#define gpu_copy_commit()      asm volatile("cp.async.commit_group;" : : : "memory")
#define GPU_COPY_WAIT(pending) asm volatile("cp.async.wait_group %0;" : : "n"(pending) : "memory")

/* --- numbers --- */

GPU_WRAP float gpu_from_f16(gpu_f16 code)
{
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(code));
    return x;
}

GPU_WRAP gpu_f16 gpu_to_f16(float x)
{
    gpu_f16 code;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(code) : "f"(x));
    return code;
}

GPU_WRAP float gpu_from_bf16(gpu_bf16 code)
{
    return gpu_soft_from_bf16(code);
}

GPU_WRAP gpu_bf16 gpu_to_bf16(float x)
{
    gpu_bf16 code;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(code) : "f"(x));
    return code;
}

#if GPU_ARCH >= 890 /* the instructions convert pairs, by way of f16, which holds every fp8 */
#define GPU_FP8(name, format)                                                                  \
    GPU_WRAP float gpu_from_##name(gpu_fp8 code)                                               \
    {                                                                                          \
        unsigned pair;                                                                         \
        asm("cvt.rn.f16x2." format "x2 %0, %1;" : "=r"(pair) : "h"((unsigned short)code));     \
        return gpu_from_f16((gpu_f16)pair);                                                    \
    }                                                                                          \
    GPU_WRAP gpu_fp8 gpu_to_##name(float x)                                                    \
    {                                                                                          \
        unsigned short pair;                                                                   \
        asm("cvt.rn.satfinite." format "x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(x)); \
        return (gpu_fp8)pair;                                                                  \
    }
#define GPU_HAS_F8E4M3_PAIRS 1
GPU_WRAP unsigned gpu_f16x2_from_f8e4m3(unsigned codes)
{
    unsigned pair;
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"((unsigned short)codes));
    return pair;
}

GPU_FP8(f8e4m3, "e4m3")
GPU_FP8(f8e5m2, "e5m2")
#undef GPU_FP8
#else
GPU_SOFT(f8e4m3, gpu_fp8)
GPU_SOFT(f8e5m2, gpu_fp8)
#endif
GPU_SOFT(f8e4m3fnuz, gpu_fp8)
GPU_SOFT(f8e5m2fnuz, gpu_fp8)

/* --- arithmetic --- */

GPU_WRAP float gpu_fma(float a, float b, float c)
{
    return __fmaf_rn(a, b, c);
}

GPU_WRAP float gpu_min(float a, float b)
{
    return fminf(a, b);
}

GPU_WRAP float gpu_max(float a, float b)
{
    return fmaxf(a, b);
}

#define GPU_APPROXIMATE(name, instruction)                             \
    GPU_WRAP float gpu_##name(float x)                                 \
    {                                                                  \
        float y;                                                       \
        asm(instruction ".approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); \
        return y;                                                      \
    }
GPU_APPROXIMATE(exp2, "ex2")
GPU_APPROXIMATE(log2, "lg2")
GPU_APPROXIMATE(rcp, "rcp")
GPU_APPROXIMATE(rsqrt, "rsqrt")
#undef GPU_APPROXIMATE

#endif
#endif
