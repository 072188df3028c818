/* clang-format off */
/* The GPU side of the kernel dialect: one vocabulary over CUDA, HIP and the emulator. Header-free: nothing of a
 * toolkit is included, no libm, no device library. The spelling is in gpu_cuda.h, gpu_hip.h and gpu_emu.h, and
 * nowhere else; raw inline assembly stands only there and in the wrappers of matrix instructions, since it
 * cannot be emulated.
 *
 * The language is C++17 as far as NVRTC, hiprtc (clang 15) and clang 22 agree, without its library. A kernel:
 *
 *     GPU_KERNEL(256) gemm_rows(GPU_ARGS(struct gemm_args, args)) { GPU_SHARED(shared); ... }
 *
 * Where it runs
 *     GPU_NVIDIA GPU_AMD GPU_EMULATED   0 or 1; an emulated kernel is also one of the other two
 *     GPU_ARCH                          800 890 900 ... (NVIDIA), 0x90a 0x942 ... (AMD)
 *     GPU_WAVE                          threads of a wave: 32 or 64
 * Qualifiers
 *     GPU_KERNEL(threads)               an entry launched with exactly that many threads a block
 *     GPU_KERNEL_BLOCKS(threads, blocks)    ... whose registers let a unit run that many blocks at once
 *     GPU_KERNEL_WAVES(threads, waves)  ... whose registers are for that many waves of an AMD SIMD, no fewer and no
 *                                       more; 0: as the compiler likes
 *     GPU_ARGS(type, name)              its one parameter, read-only, passed by value
 *     GPU_DEVICE                        a function of kernels, always inlined
 *     GPU_SHARED(name)                  unsigned char *name: the block's dynamic shared memory, 128-byte aligned
 *                                       (1024 where GPU_HAS_TMA)
 *     GPU_UNROLL, GPU_UNROLL_BY(n), GPU_NO_UNROLL     in front of a loop
 * Places, all unsigned
 *     gpu_thread_x/y/z() gpu_block_x/y/z() gpu_block_size_x/y/z() gpu_grid_x/y/z() gpu_lane() gpu_wave()
 * Waiting; all threads concerned must come to the same call
 *     gpu_barrier()                     all threads of the block; orders shared and global memory among them
 *     gpu_barrier_shared()              all threads of the block; orders shared memory only, so that what a thread has
 *                                       under way to and from global memory stays under way. All lanes of a wave come
 *                                       to one call, but each wave may come to another
 *     gpu_wave_barrier()                all lanes of the wave; orders memory among them
 *     gpu_named_barrier(id, threads) gpu_named_arrive(id, threads)    where GPU_HAS_NAMED_BARRIERS;
 *                                       id is 1..15, threads is a multiple of 32: whole waves come
 *     gpu_fence_block() gpu_fence_device() gpu_pause() (in loops that wait for another thread)
 * Lanes; every lane of the wave takes part
 *     gpu_shuffle(x, lane) gpu_shuffle_xor(x, mask) gpu_shuffle_up(x, n) gpu_shuffle_down(x, n)
 *                                       x is int, unsigned or float
 *     gpu_ballot(p) (unsigned long long) gpu_any(p) gpu_all(p)
 * Atomics on global or shared memory, relaxed, device scope; they return the old value
 *     gpu_atomic_add(unsigned * / int * / float *, x) gpu_atomic_min / max(unsigned * / int *, x)
 *     gpu_atomic_exchange(unsigned *, x) gpu_atomic_cas(unsigned *, expected, x)
 *     gpu_load_acquire(const unsigned *) gpu_store_release(unsigned *, x)   gpu_atomic_add_acq_rel(unsigned *, x)
 * Memory; addresses are multiples of the size
 *     gpu_u32x2 gpu_u32x4 gpu_f32x2 gpu_f32x4 gpu_f32x16 gpu_i32x4 gpu_i32x16, elements by [i]
 *     gpu_load4 / 8 / 16(const void *) -> unsigned, gpu_u32x2, gpu_u32x4; gpu_store4 / 8 / 16(void *, x)
 *     gpu_load16_stream(const void *)   likewise, of memory that is read once and written by nobody meanwhile
 *     gpu_bits(float) -> unsigned, gpu_float(unsigned) -> float
 *     gpu_low_halves(a, b) gpu_high_halves(a, b)    a word of the lower (upper) 16 bits of a, and above them those of b
 * Asynchronous copies from global to shared memory (synchronous where not GPU_HAS_COPY_ASYNC, with the same rules)
 *     gpu_copy_async4 / 8 / 16(shared, global, valid)    `valid` bytes are read, the rest become 0
 *     gpu_copy_commit()  GPU_COPY_WAIT(pending)          pending is a constant; then a barrier before others read
 * Loads to shared memory that pass no registers, of a whole wave, where GPU_HAS_LOAD_TO_SHARED (AMD): gpu_direct.h
 *     gpu_load_to_shared4(shared, base, offset)      lane i's bytes at base + offset come to shared + 4 * i;
 *     gpu_load_to_shared12 / 16                      where GPU_LOAD_TO_SHARED_BYTES is 16; all but offset the same in the wave
 *     GPU_LOAD_TO_SHARED_WAIT(pending)               a constant; then a barrier before other lanes read
 * How the compiler and the GPU schedule: gpu_schedule.h; words without any effect on what a kernel computes
 * Numbers; storage types gpu_f16 and gpu_bf16 are unsigned short, gpu_fp8 is unsigned char
 *     gpu_from_f16 gpu_from_bf16 gpu_from_f8e4m3 gpu_from_f8e5m2 gpu_from_f8e4m3fnuz gpu_from_f8e5m2fnuz -> float
 *     gpu_f16x2_from_f8e4m3 gpu_f16x2_from_f8e4m3fnuz: two codes in the low half of an unsigned, both packed in one
 *     gpu_to_f16 gpu_to_bf16: nearest, ties to even, NaN stays NaN; f16 overflows to infinity
 *     gpu_to_f8...: nearest even, saturating to the largest finite number, NaN stays NaN
 * Arithmetic
 *     gpu_fma gpu_min gpu_max gpu_abs (float) gpu_exp2 gpu_log2 gpu_rcp gpu_rsqrt (approximate, 2 ulp or so; no libm)
 *
 * Clusters, where GPU_HAS_CLUSTERS
 *     gpu_cluster_rank() gpu_cluster_size()      this block's number among its cluster's blocks; unsigned
 *     gpu_cluster_barrier()             all threads of the cluster; orders memory among them
 *     gpu_cluster_arrive() gpu_cluster_wait()    its two halves, once each in turn: wait knows what was in front of
 *                                       everybody's arrive
 *     gpu_cluster_shared(p, rank)       void *: where p, in the own shared memory, is in that of block `rank`; valid
 *                                       until that block ends, so that a cluster ends with a barrier
 * mbarriers, where GPU_HAS_TMA: 8 bytes of shared memory, 8-byte aligned, that nothing else touches. A phase is over
 * when `count` have arrived and all bytes that were announced have come; phases are numbered from 0
 *     gpu_mbarrier_init(bar, count)     by one thread; then gpu_mbarrier_init_fence() by the same, then a barrier of
 *                                       those who use it
 *     gpu_mbarrier_arrive(bar)          one arrival; makes known what the thread knows
 *     gpu_mbarrier_expect(bar, bytes)   one arrival which announces bytes of boxes (all blocks' that land here)
 *     gpu_mbarrier_arrive_cluster(bar, rank)     one arrival at block rank's barrier in the same place
 *     gpu_mbarrier_wait(bar, parity)    until the last phase with number % 2 == parity is over: on a new barrier,
 *                                       parity 1 does not wait. Knows what those who arrived knew
 *     gpu_mbarrier_wait_cluster(bar, parity)     also of what other blocks wrote by ordinary stores
 * Boxes of tensors, where GPU_HAS_TMA; each word by one thread, x, y, z are int coordinates in elements
 *     gpu_tensor_map                    128 bytes in the kernel's arguments (manifest: tensor_maps), not to be copied
 *     gpu_tensor_prefetch(&map)         of the map itself
 *     gpu_tensor_load(shared, &map, bar, x, y, z [, l2])     a box to shared memory (128-byte aligned), whose bytes
 *                                       come to bar; outside of the tensor are zeros, and they count
 *     gpu_tensor_load_multicast(shared, &map, bar, x, y, z, mask [, l2])     where GPU_HAS_TENSOR_MULTICAST: to the
 *                                       same place in each block of the cluster whose bit in mask is set, and to its bar
 *     gpu_tensor_store(&map, shared, x, y, z [, l2])    a box from shared memory; what is outside is not written
 *     gpu_tensor_add(&map, shared, x, y, z [, l2])      adds it to what is there, atomically for each element
 *     gpu_tensor_store_commit()         closes a group of this thread's stores
 *     GPU_TENSOR_STORE_WAIT_READ(n)     until at most n of its groups still read shared memory
 *     GPU_TENSOR_STORE_WAIT(n)          until at most n of its groups are not all written
 *     l2                                GPU_L2_NORMAL, GPU_L2_EVICT_FIRST, GPU_L2_EVICT_LAST
 *     gpu_fence_async_shared()          by whoever wrote shared memory with ordinary stores, before the barrier behind
 *                                       which tensor stores or wgmma read it
 * Launches that overlap, where GPU_HAS_TMA (the launch has to allow it)
 *     gpu_launch_wait()                 until the launch in front is over: before anything it wrote or reads is touched
 *     gpu_launch_dependents()           the next launch may begin
 *
 * Matrix instructions: gpu_mfma.h, gpu_wmma.h, gpu_mma.h (with stmatrix and the sharing of registers), gpu_wgmma.h; the table of
 * those of a wave is matrix.def. */
/* clang-format on */
#ifndef TUNEBOOK_DEVICE_GPU_H
#define TUNEBOOK_DEVICE_GPU_H

#include "words.h"
#include "gpu_arch.h"
#include "gpu_number.h"
#include "gpu_clang.h"
#include "gpu_emu.h"
#include "gpu_hip.h"
#include "gpu_cuda.h"
#include "gpu_common.h"
#include "gpu_schedule.h"
#include "gpu_mfma.h"
#include "gpu_wmma.h"
#include "gpu_mma.h"
#include "gpu_async.h"
#include "gpu_direct.h"
#include "gpu_wgmma.h"

#endif
