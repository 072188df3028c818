/* The dialect as the emulator spells it: calls of emu_abi.h, and accesses and atomics that the thread
 * sanitizer's callbacks see. Loops are not unrolled on request: checked code is big enough as it is. */
#ifndef TUNEBOOK_DEVICE_GPU_EMU_H
#define TUNEBOOK_DEVICE_GPU_EMU_H
#if GPU_EMULATED

#include "emu_abi.h"

/* Vectors wider than the host's registers are passed to inlined functions only. */
#pragma clang diagnostic ignored "-Wpsabi"

/* An entry gets a section of its own, which the linker gives a beginning and an end; its threads stand in a
 * table with these. GPU_KERNEL does not know the entry's name. */
#define GPU_HIDDEN                  extern __attribute__((visibility("hidden"), weak))
#define GPU_VISIBLE                 extern __attribute__((visibility("default")))
#define GPU_KERNEL(threads)         GPU_KERNEL_NEXT(__COUNTER__, threads)
#define GPU_KERNEL_NEXT(n, threads) GPU_KERNEL_AT(n, threads)
#define GPU_KERNEL_AT(n, threads)                                                              \
    extern "C" {                                                                               \
    GPU_HIDDEN const char __start_emu_entry_##n[], __stop_emu_entry_##n[];                     \
    }                                                                                          \
    static const emu_entry gpu_entry_##n __attribute__((section("emu_entry_table"), used)) = { \
        __start_emu_entry_##n, __stop_emu_entry_##n, threads};                                 \
    extern "C" __attribute__((visibility("default"), section("emu_entry_" #n))) void
#define GPU_KERNEL_BLOCKS(threads, blocks) GPU_KERNEL(threads)
#define GPU_KERNEL_WAVES(threads, waves)   GPU_KERNEL(threads)

extern "C" {
GPU_HIDDEN const emu_entry __start_emu_entry_table[], __stop_emu_entry_table[];
GPU_VISIBLE const emu_entry *const emu_entries[2];
const emu_entry *const emu_entries[2] = {__start_emu_entry_table, __stop_emu_entry_table};
}
#undef GPU_VISIBLE

#define GPU_ARGS(type, name) const type &name
#define GPU_SHARED(name)     unsigned char *name = emu_self()->shared
#define GPU_UNROLL
#define GPU_UNROLL_BY(n)
#define GPU_NO_UNROLL

/* --- places --- */

/* Where a pointer into the block's shared memory is in it. */
GPU_WRAP unsigned gpu_shared_address(const void *p)
{
    return (unsigned)((const unsigned char *)p - emu_self()->shared);
}

#define GPU_PLACE(name, field)             \
    GPU_WRAP unsigned gpu_##name##_x(void) \
    {                                      \
        return emu_self()->field[0];       \
    }                                      \
    GPU_WRAP unsigned gpu_##name##_y(void) \
    {                                      \
        return emu_self()->field[1];       \
    }                                      \
    GPU_WRAP unsigned gpu_##name##_z(void) \
    {                                      \
        return emu_self()->field[2];       \
    }
GPU_PLACE(thread, thread)
GPU_PLACE(block, block)
GPU_PLACE(block_size, block_threads)
GPU_PLACE(grid, grid)
#undef GPU_PLACE

GPU_WRAP unsigned gpu_lane(void)
{
    return emu_self()->lane;
}

GPU_WRAP unsigned gpu_wave(void)
{
    return emu_self()->wave;
}

/* --- waiting --- */

#define gpu_barrier()        emu_barrier()
#define gpu_barrier_shared() emu_barrier_shared()
#define gpu_wave_barrier()   emu_wave_barrier()
#define gpu_fence_block()    emu_fence(0)
#define gpu_fence_device()   emu_fence(1)
#define gpu_pause()          emu_pause()

#define GPU_HAS_NAMED_BARRIERS GPU_NVIDIA
#if GPU_HAS_NAMED_BARRIERS
#define gpu_named_barrier(id, threads) emu_named_barrier(id, threads)
#define gpu_named_arrive(id, threads)  emu_named_arrive(id, threads)
#endif

/* --- lanes --- */

#define gpu_shuffle_word(x, lane)     emu_shuffle(EMU_SHUFFLE_FROM, x, lane)
#define gpu_shuffle_xor_word(x, mask) emu_shuffle(EMU_SHUFFLE_XOR, x, mask)
#define gpu_shuffle_up_word(x, n)     emu_shuffle(EMU_SHUFFLE_UP, x, n)
#define gpu_shuffle_down_word(x, n)   emu_shuffle(EMU_SHUFFLE_DOWN, x, n)
#define gpu_ballot(p)                 emu_ballot((p) ? 1 : 0)

/* --- atomics --- */

GPU_WRAP unsigned gpu_atomic_add(unsigned *p, unsigned x)
{
    return __atomic_fetch_add(p, x, __ATOMIC_RELAXED);
}

GPU_WRAP int gpu_atomic_add(int *p, int x)
{
    return __atomic_fetch_add(p, x, __ATOMIC_RELAXED);
}

GPU_WRAP unsigned gpu_atomic_add_acq_rel(unsigned *p, unsigned x)
{
    emu_atomic_orders();
    return __atomic_fetch_add(p, x, __ATOMIC_ACQ_REL);
}

GPU_WRAP unsigned gpu_atomic_exchange(unsigned *p, unsigned x)
{
    return __atomic_exchange_n(p, x, __ATOMIC_RELAXED);
}

GPU_WRAP unsigned gpu_atomic_cas(unsigned *p, unsigned expected, unsigned x)
{
    __atomic_compare_exchange_n(p, &expected, x, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return expected;
}

/* The sanitizer has no callbacks for these. */
#define GPU_ATOMIC_BY_CAS(name, type, to_bits, from_bits, expression)         \
    GPU_WRAP type gpu_atomic_##name(type *p, type x)                          \
    {                                                                         \
        unsigned *word = (unsigned *)p;                                       \
        for (unsigned bits = __atomic_load_n(word, __ATOMIC_RELAXED);;) {     \
            type old = from_bits(bits);                                       \
            unsigned found = gpu_atomic_cas(word, bits, to_bits(expression)); \
            if (found == bits) return old;                                    \
            bits = found;                                                     \
        }                                                                     \
    }
GPU_ATOMIC_BY_CAS(add, float, gpu_bits, gpu_float, old + x)
GPU_ATOMIC_BY_CAS(min, unsigned, unsigned, unsigned, x < old ? x : old)
GPU_ATOMIC_BY_CAS(max, unsigned, unsigned, unsigned, x > old ? x : old)
GPU_ATOMIC_BY_CAS(min, int, unsigned, int, x < old ? x : old)
GPU_ATOMIC_BY_CAS(max, int, unsigned, int, x > old ? x : old)
#undef GPU_ATOMIC_BY_CAS

GPU_WRAP unsigned gpu_load_acquire(const unsigned *p)
{
    emu_atomic_orders();
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

GPU_WRAP void gpu_store_release(unsigned *p, unsigned x)
{
    emu_atomic_orders();
    __atomic_store_n(p, x, __ATOMIC_RELEASE);
}

/* --- asynchronous copies: late on every target, so that a kernel which does not wait is caught on each ---
 */

#define GPU_HAS_COPY_ASYNC                      GPU_NVIDIA
#define gpu_copy_async4(shared, global, valid)  emu_copy_async(shared, global, 4, valid)
#define gpu_copy_async8(shared, global, valid)  emu_copy_async(shared, global, 8, valid)
#define gpu_copy_async16(shared, global, valid) emu_copy_async(shared, global, 16, valid)
#define gpu_copy_commit()                       emu_copy_commit()
#define GPU_COPY_WAIT(pending)                  emu_copy_wait(pending)

/* --- numbers --- */

GPU_SOFT(f16, gpu_f16)
GPU_SOFT(bf16, gpu_bf16)
GPU_SOFT(f8e4m3, gpu_fp8)
GPU_SOFT(f8e5m2, gpu_fp8)
GPU_SOFT(f8e4m3fnuz, gpu_fp8)
GPU_SOFT(f8e5m2fnuz, gpu_fp8)

/* Through double: the product is exact there, and no call of libm stands behind it. */
GPU_WRAP float gpu_fma(float a, float b, float c)
{
    return (float)((double)a * b + c);
}

/* Of a NaN and a number, the number. */
GPU_WRAP float gpu_min(float a, float b)
{
    return a < b || b != b ? a : b;
}

GPU_WRAP float gpu_max(float a, float b)
{
    return a > b || b != b ? a : b;
}

GPU_WRAP float gpu_exp2(float x)
{
    return emu_exp2(x);
}

GPU_WRAP float gpu_log2(float x)
{
    return emu_log2(x);
}

GPU_WRAP float gpu_rcp(float x)
{
    return 1 / x;
}

GPU_WRAP float gpu_rsqrt(float x)
{
    return emu_rsqrt(x);
}

#endif
#endif
