/* Loads from global to shared memory that pass no registers, of AMD's compute line: where
 * GPU_HAS_LOAD_TO_SHARED.
 *
 *     gpu_load_to_shared4(shared, base, offset)
 *     gpu_load_to_shared12 / 16(shared, base, offset)      where GPU_LOAD_TO_SHARED_BYTES is 16 (gfx950)
 *         The wave's lanes all take part; shared and base are the same for them, offset is a lane's own
 *         (unsigned, in bytes). What is at base + offset comes to shared + lane * bytes: lanes lie side by
 *         side there, so that a swizzle is made by what each of them reads. Addresses are multiples of the
 *         size (of 4 where it is 12). Nothing is masked: a lane without an element reads one that exists.
 *     GPU_LOAD_TO_SHARED_WAIT(pending)
 *         until at most `pending` of the wave's loads of this kind are under way, the oldest first; a
 *         constant, 0 to 63. Then a barrier before other lanes read; gpu_barrier_shared() leaves later loads
 *         under way. All have landed before the kernel ends.
 *
 * By inline assembly and not by the compiler's builtin: LLVM (22) waits for all loads that its builtin began
 * at the fences of a block and in front of every read of shared memory, since it cannot tell apart where they
 * go. The wait asks for a counter that counts all accesses of global memory in their order (not FLAT ones,
 * which a compiler makes where it does not see what memory an address is in): others make a wait longer,
 * never shorter. AMD's ISA documents want an instruction between writing M0 and such a load. That lanes are
 * 12 or 16 bytes apart where they load as many is ASSUMED: public kernels for gfx950 rely on it. */
#ifndef TUNEBOOK_DEVICE_GPU_DIRECT_H
#define TUNEBOOK_DEVICE_GPU_DIRECT_H

#define GPU_HAS_LOAD_TO_SHARED (GPU_AMD && (GPU_ARCH == 0x90a || GPU_ARCH == 0x942 || GPU_ARCH == 0x950))
#if GPU_HAS_LOAD_TO_SHARED

#define GPU_LOAD_TO_SHARED_BYTES (GPU_ARCH == 0x950 ? 16 : 4)

#if GPU_EMULATED
#define gpu_load_to_shared4(shared, base, offset) emu_load_to_shared(shared, base, offset, 4)
#define GPU_LOAD_TO_SHARED_WAIT(pending)          emu_load_to_shared_wait(pending)
#if GPU_ARCH == 0x950
#define gpu_load_to_shared12(shared, base, offset) emu_load_to_shared(shared, base, offset, 12)
#define gpu_load_to_shared16(shared, base, offset) emu_load_to_shared(shared, base, offset, 16)
#endif
#else

GPU_WRAP unsigned gpu_same_in_wave(unsigned x)
{
    return (unsigned)__builtin_amdgcn_readfirstlane((int)x);
}

GPU_WRAP unsigned gpu_shared_address(const void *p)
{
    return (unsigned)(unsigned long long)(const __attribute__((address_space(3))) void *)p;
}

#define GPU_LOAD_TO_SHARED(bytes, instruction, end)                                                    \
    GPU_WRAP void gpu_load_to_shared##bytes(void *shared, const void *base, unsigned offset)           \
    {                                                                                                  \
        unsigned long long address = (unsigned long long)base;                                         \
        unsigned low = gpu_same_in_wave((unsigned)address);                                            \
        address = (unsigned long long)gpu_same_in_wave((unsigned)(address >> 32)) << 32 | low;         \
        asm volatile("s_nop 0\n\t" instruction " %1, %2" end                                           \
                     :                                                                                 \
                     : "{m0}"(gpu_same_in_wave(gpu_shared_address(shared))), "v"(offset), "s"(address) \
                     : "memory");                                                                      \
    }
#if GPU_ARCH == 0x90a
GPU_LOAD_TO_SHARED(4, "global_load_dword", " lds")
#else
GPU_LOAD_TO_SHARED(4, "global_load_lds_dword", "")
#endif
#if GPU_ARCH == 0x950
GPU_LOAD_TO_SHARED(12, "global_load_lds_dwordx3", "")
GPU_LOAD_TO_SHARED(16, "global_load_lds_dwordx4", "")
#endif
#undef GPU_LOAD_TO_SHARED

#define GPU_LOAD_TO_SHARED_WAIT(pending) asm volatile("s_waitcnt vmcnt(%0)" : : "n"(pending) : "memory")

#endif
#endif
#endif
