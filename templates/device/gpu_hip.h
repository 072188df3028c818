/* The dialect in HIP, as clang compiles it for AMD targets: attributes and builtins, no header of ROCm, no
 * device library. Builtins that are younger than hiprtc's clang 15 stand behind __has_builtin. */
#ifndef TUNEBOOK_DEVICE_GPU_HIP_H
#define TUNEBOOK_DEVICE_GPU_HIP_H
#if GPU_AMD && !GPU_EMULATED

#define GPU_KERNEL(threads) \
    extern "C" __attribute__((global, amdgpu_flat_work_group_size(threads, threads))) void
/* A unit has four SIMDs, among which the waves of its blocks are shared out. */
#define GPU_KERNEL_BLOCKS(threads, blocks)                     \
    extern "C" __attribute__((                                 \
        global, amdgpu_flat_work_group_size(threads, threads), \
        amdgpu_waves_per_eu(((threads) * (blocks) + 4 * GPU_WAVE - 1) / (4 * GPU_WAVE)))) void
/* Both ends: with the lower one alone the compiler may still give up speed for more waves. */
#define GPU_KERNEL_WAVES(threads, waves)                                             \
    extern "C" __attribute__((global, amdgpu_flat_work_group_size(threads, threads), \
                              amdgpu_waves_per_eu(waves, waves))) void
#define GPU_ARGS(type, name) const type name
#define GPU_SHARED(name)     unsigned char *name = gpu_shared_memory
extern __attribute__((shared, aligned(128))) unsigned char gpu_shared_memory[];

#define GPU_PRAGMA(text) _Pragma(#text)
#define GPU_UNROLL       _Pragma("unroll")
#define GPU_UNROLL_BY(n) GPU_PRAGMA(unroll n)
#define GPU_NO_UNROLL    _Pragma("nounroll")

/* --- places --- */

#define GPU_PLACE(axis)                                                                        \
    GPU_WRAP unsigned gpu_thread_##axis(void)                                                  \
    {                                                                                          \
        return __builtin_amdgcn_workitem_id_##axis();                                          \
    }                                                                                          \
    GPU_WRAP unsigned gpu_block_##axis(void)                                                   \
    {                                                                                          \
        return __builtin_amdgcn_workgroup_id_##axis();                                         \
    }                                                                                          \
    GPU_WRAP unsigned gpu_block_size_##axis(void)                                              \
    {                                                                                          \
        return __builtin_amdgcn_workgroup_size_##axis();                                       \
    }                                                                                          \
    GPU_WRAP unsigned gpu_grid_##axis(void) /* grid_size counts threads */                     \
    {                                                                                          \
        return __builtin_amdgcn_grid_size_##axis() / __builtin_amdgcn_workgroup_size_##axis(); \
    }
GPU_PLACE(x)
GPU_PLACE(y)
GPU_PLACE(z)
#undef GPU_PLACE

GPU_WRAP unsigned gpu_lane(void)
{
#if GPU_WAVE == 64
    return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u));
#else
    return __builtin_amdgcn_mbcnt_lo(~0u, 0u);
#endif
}

/* In a scalar register, since it is the same in all lanes. */
GPU_WRAP unsigned gpu_wave(void)
{
    unsigned flat =
        gpu_thread_x() + gpu_block_size_x() * (gpu_thread_y() + gpu_block_size_y() * gpu_thread_z());
    return (unsigned)__builtin_amdgcn_readfirstlane((int)(flat / GPU_WAVE));
}

/* --- waiting --- */

GPU_WRAP void gpu_barrier(void)
{
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

/* Fences of one kind of memory came with clang 19. Without, on gfx9 no wait for global memory stands at a
 * block's fences either, since the waves of a block share a cache. */
GPU_WRAP void gpu_barrier_shared(void)
{
#if __clang_major__ >= 20
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup", "local");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup", "local");
#else
    gpu_barrier();
#endif
}

GPU_WRAP void gpu_wave_barrier(void)
{
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
    __builtin_amdgcn_wave_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
}

#define GPU_HAS_NAMED_BARRIERS 0

GPU_WRAP void gpu_fence_block(void)
{
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
}

GPU_WRAP void gpu_fence_device(void)
{
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
}

GPU_WRAP void gpu_pause(void)
{
    __builtin_amdgcn_s_sleep(1);
}

/* --- lanes: ds_bpermute reads the lane whose number times 4 it is given --- */

GPU_WRAP unsigned gpu_shuffle_word(unsigned x, unsigned lane)
{
    return (unsigned)__builtin_amdgcn_ds_bpermute((int)(lane * 4), (int)x);
}

GPU_WRAP unsigned gpu_shuffle_xor_word(unsigned x, unsigned mask)
{
    return gpu_shuffle_word(x, gpu_lane() ^ mask);
}

GPU_WRAP unsigned gpu_shuffle_up_word(unsigned x, unsigned n)
{
    return gpu_shuffle_word(x, gpu_lane() < n ? gpu_lane() : gpu_lane() - n);
}

GPU_WRAP unsigned gpu_shuffle_down_word(unsigned x, unsigned n)
{
    return gpu_shuffle_word(x, gpu_lane() + n < GPU_WAVE ? gpu_lane() + n : gpu_lane());
}

GPU_WRAP unsigned long long gpu_ballot(bool p)
{
#if GPU_WAVE == 32
    return __builtin_amdgcn_ballot_w32(p);
#elif __has_builtin(__builtin_amdgcn_ballot_w64)
    return __builtin_amdgcn_ballot_w64(p);
#else
    return __builtin_amdgcn_uicmp((unsigned)p, 0u,
                                  33); /* p != 0 in each lane: LLVM's number of the predicate */
#endif
}

/* --- atomics --- */

#define GPU_ATOMIC(name, type, operation, order)                                           \
    GPU_WRAP type gpu_atomic_##name(type *p, type x)                                       \
    {                                                                                      \
        return __hip_atomic_##operation(p, x, __ATOMIC_##order, __HIP_MEMORY_SCOPE_AGENT); \
    }
GPU_ATOMIC(add, unsigned, fetch_add, RELAXED)
GPU_ATOMIC(add, int, fetch_add, RELAXED)
GPU_ATOMIC(add_acq_rel, unsigned, fetch_add, ACQ_REL)
GPU_ATOMIC(min, unsigned, fetch_min, RELAXED)
GPU_ATOMIC(min, int, fetch_min, RELAXED)
GPU_ATOMIC(max, unsigned, fetch_max, RELAXED)
GPU_ATOMIC(max, int, fetch_max, RELAXED)
GPU_ATOMIC(exchange, unsigned, exchange, RELAXED)
#undef GPU_ATOMIC

/* The instruction may flush denormals and does not work on the host's memory; without these promises clang
 * makes a loop of compare-and-swap. */
GPU_WRAP float gpu_atomic_add(float *p, float x)
{
#if defined(__has_cpp_attribute) && __has_cpp_attribute(clang::atomic)
    [[clang::atomic(no_remote_memory, no_fine_grained_memory, ignore_denormal_mode)]]
    {
        return __hip_atomic_fetch_add(p, x, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
    }
#else
    return __hip_atomic_fetch_add(p, x, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
#endif
}

GPU_WRAP unsigned gpu_atomic_cas(unsigned *p, unsigned expected, unsigned x)
{
    __hip_atomic_compare_exchange_strong(p, &expected, x, __ATOMIC_RELAXED, __ATOMIC_RELAXED,
                                         __HIP_MEMORY_SCOPE_AGENT);
    return expected;
}

GPU_WRAP unsigned gpu_load_acquire(const unsigned *p)
{
    return __hip_atomic_load(p, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT);
}

GPU_WRAP void gpu_store_release(unsigned *p, unsigned x)
{
    __hip_atomic_store(p, x, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT);
}

/* --- copies: through registers, done when they return --- */

#define GPU_HAS_COPY_ASYNC     0
#define gpu_copy_commit()      ((void)0)
#define GPU_COPY_WAIT(pending) ((void)(pending))

/* The first `valid` bytes of a word, the others 0. */
GPU_WRAP unsigned gpu_load_part(const unsigned char *from, unsigned valid)
{
    typedef unsigned short half_word __attribute__((may_alias));
    if (valid >= 4) return gpu_load4(from);
    unsigned x = 0;
    if (valid & 2) x = *(const half_word *)from;
    if (valid & 1) x |= (unsigned)from[valid & 2] << (valid & 2) * 8;
    return x;
}

GPU_WRAP void gpu_copy_async4(void *shared, const void *global, unsigned valid)
{
    gpu_store4(shared, gpu_load_part((const unsigned char *)global, valid));
}

GPU_WRAP void gpu_copy_async8(void *shared, const void *global, unsigned valid)
{
    const unsigned char *from = (const unsigned char *)global;
    gpu_u32x2 x = {0, 0};
    if (valid >= 8)
        x = gpu_load8(from);
    else if (valid > 0) {
        x[0] = gpu_load_part(from, valid);
        if (valid > 4) x[1] = gpu_load_part(from + 4, valid - 4);
    }
    gpu_store8(shared, x);
}

GPU_WRAP void gpu_copy_async16(void *shared, const void *global, unsigned valid)
{
    const unsigned char *from = (const unsigned char *)global;
    gpu_u32x4 x = {0, 0, 0, 0};
    if (valid >= 16)
        x = gpu_load16(from);
    else if (valid > 0) {
        x[0] = gpu_load_part(from, valid);
        if (valid > 4) x[1] = gpu_load_part(from + 4, valid - 4);
        if (valid > 8) x[2] = gpu_load_part(from + 8, valid - 8);
        if (valid > 12) x[3] = gpu_load_part(from + 12, valid - 12);
    }
    gpu_store16(shared, x);
}

/* --- numbers --- */

GPU_WRAP float gpu_from_f16(gpu_f16 code)
{
    return (float)__builtin_bit_cast(_Float16, code);
}

GPU_WRAP gpu_f16 gpu_to_f16(float x)
{
    return __builtin_bit_cast(gpu_f16, (_Float16)x);
}

#if GPU_ARCH == 0x950 || GPU_ARCH == 0x1250 /* v_cvt_pk_bf16_f32 */
GPU_WRAP float gpu_from_bf16(gpu_bf16 code)
{
    return gpu_soft_from_bf16(code);
}

GPU_WRAP gpu_bf16 gpu_to_bf16(float x)
{
    return __builtin_bit_cast(gpu_bf16, (__bf16)x);
}
#else
GPU_SOFT(bf16, gpu_bf16)
#endif

/* The conversions to fp8 do not saturate by themselves: beyond the largest number they give infinity or NaN.
 * The same instructions read and write FNUZ on gfx942, and OCP's formats on later targets. */
#define GPU_FP8(name, instruction, largest)                                          \
    GPU_WRAP float gpu_from_##name(gpu_fp8 code)                                     \
    {                                                                                \
        return __builtin_amdgcn_cvt_f32_##instruction(code, 0);                      \
    }                                                                                \
    GPU_WRAP gpu_fp8 gpu_to_##name(float x)                                          \
    {                                                                                \
        x = x > largest ? largest : x < -largest ? -largest : x;                     \
        return (gpu_fp8)__builtin_amdgcn_cvt_pk_##instruction##_f32(x, x, 0, false); \
    }
#if GPU_ARCH == 0x942 && __has_builtin(__builtin_amdgcn_cvt_pk_fp8_f32)
GPU_FP8(f8e4m3fnuz, fp8, 240.0f)
GPU_FP8(f8e5m2fnuz, bf8, 57344.0f)
#else
GPU_SOFT(f8e4m3fnuz, gpu_fp8)
GPU_SOFT(f8e5m2fnuz, gpu_fp8)
#endif
#if (GPU_ARCH == 0x950 || GPU_ARCH >= 0x1200) && __has_builtin(__builtin_amdgcn_cvt_pk_fp8_f32)
GPU_FP8(f8e4m3, fp8, 448.0f)
GPU_FP8(f8e5m2, bf8, 57344.0f)
#else
GPU_SOFT(f8e4m3, gpu_fp8)
GPU_SOFT(f8e5m2, gpu_fp8)
#endif
#undef GPU_FP8

/* v_perm_b32: selectors 0 to 3 are the second operand's bytes, 4 to 7 the first one's. */
#define GPU_HAS_HALVES 1

GPU_WRAP unsigned gpu_low_halves(unsigned a, unsigned b)
{
    return __builtin_amdgcn_perm(b, a, 0x05040100u);
}

GPU_WRAP unsigned gpu_high_halves(unsigned a, unsigned b)
{
    return __builtin_amdgcn_perm(b, a, 0x07060302u);
}

/* --- arithmetic --- */

GPU_WRAP float gpu_fma(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}

GPU_WRAP float gpu_min(float a, float b)
{
    return __builtin_fminf(a, b);
}

GPU_WRAP float gpu_max(float a, float b)
{
    return __builtin_fmaxf(a, b);
}

GPU_WRAP float gpu_exp2(float x)
{
#if __has_builtin(__builtin_amdgcn_exp2f)
    return __builtin_amdgcn_exp2f(x);
#else
    return __builtin_exp2f(x); /* clang 15 makes v_exp_f32 of it */
#endif
}

GPU_WRAP float gpu_log2(float x)
{
#if __has_builtin(__builtin_amdgcn_logf)
    return __builtin_amdgcn_logf(x);
#else
    return __builtin_log2f(x); /* clang 15 makes v_log_f32 of it */
#endif
}

GPU_WRAP float gpu_rcp(float x)
{
    return __builtin_amdgcn_rcpf(x);
}

GPU_WRAP float gpu_rsqrt(float x)
{
    return __builtin_amdgcn_rsqf(x);
}

#endif
#endif
