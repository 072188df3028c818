/* How instructions and waves are scheduled on AMD's GPUs. Nothing here changes what a kernel computes: where
 * the compiler or the GPU does not know a word (NVIDIA, the emulator, clangs that are too old) it is nothing.
 *
 *     gpu_schedule_group(mask, count, group)
 *         the next `count` instructions of the kinds in `mask`, from what stands around it in the basic
 * block; calls with one number `group` (0 and up) make one sequence, which the compiler arranges the block's
 *         instructions by. All three are constants. Two matrix instructions, one read of shared memory, and
 *         again:
 *             gpu_schedule_group(GPU_SCHEDULE_MATRIX, 2, 0);
 *             gpu_schedule_group(GPU_SCHEDULE_SHARED_READ, 1, 0);
 *     gpu_schedule_fence(mask)
 *         the compiler moves nothing across, in either direction, except the kinds in `mask` (0: nothing at
 * all) gpu_wave_priority(n) 0 to 3, a constant: of the waves of a SIMD that could issue, those with the
 * higher number do gpu_remap_xcd(block, blocks, xcds, chunk) for GPUs of several dies (an MI300X has 8 XCDs
 * with an L2 each), which deal consecutive blocks out one by one: the place that block number `block` of
 * `blocks` is to work at, so that each die has `chunk` neighbouring places at a time. A permutation; the
 * places behind the last whole round stay as they are. With xcds <= 1 or chunk 0 all do.
 *
 * The masks are those of LLVM's AMDGPU backend ("llvm.amdgcn.sched.group.barrier"). The permutation is that
 * of HipKittens, include/common/util.cuh. */
#ifndef TUNEBOOK_DEVICE_GPU_SCHEDULE_H
#define TUNEBOOK_DEVICE_GPU_SCHEDULE_H

enum gpu_schedule {
    GPU_SCHEDULE_ARITHMETIC = 0x001, /* all that is not memory: the next three, and transcendentals */
    GPU_SCHEDULE_VECTOR = 0x002,
    GPU_SCHEDULE_SCALAR = 0x004,
    GPU_SCHEDULE_MATRIX = 0x008,
    GPU_SCHEDULE_GLOBAL = 0x010, /* the next two */
    GPU_SCHEDULE_GLOBAL_READ = 0x020,
    GPU_SCHEDULE_GLOBAL_WRITE = 0x040,
    GPU_SCHEDULE_SHARED = 0x080, /* the next two */
    GPU_SCHEDULE_SHARED_READ = 0x100,
    GPU_SCHEDULE_SHARED_WRITE = 0x200,
    GPU_SCHEDULE_TRANSCENDENTAL = 0x400
};

#if GPU_AMD && !GPU_EMULATED && defined(__has_builtin)
#if __has_builtin(__builtin_amdgcn_sched_group_barrier)
#define gpu_schedule_group(mask, count, group) __builtin_amdgcn_sched_group_barrier(mask, count, group)
#define gpu_schedule_fence(mask)               __builtin_amdgcn_sched_barrier(mask) /* clang 15 dies of it */
#endif
#if __has_builtin(__builtin_amdgcn_s_setprio)
#define gpu_wave_priority(n) __builtin_amdgcn_s_setprio(n)
#endif
#endif

/* Constants are asked for here, too, so that a kernel which compiles for one target does for all. */
template <int mask, int count, int group> GPU_WRAP void gpu_schedule_nothing(void)
{
    static_assert(mask >= 0 && count >= 0 && group >= 0, "a mask, a count and a group");
}
#ifndef gpu_schedule_group
#define gpu_schedule_group(mask, count, group) gpu_schedule_nothing<mask, count, group>()
#endif
#ifndef gpu_schedule_fence
#define gpu_schedule_fence(mask) gpu_schedule_nothing<mask, 0, 0>()
#endif
#ifndef gpu_wave_priority
#define gpu_wave_priority(n) gpu_schedule_nothing<0, n, 0>()
#endif

GPU_WRAP unsigned gpu_remap_xcd(unsigned block, unsigned blocks, unsigned xcds, unsigned chunk)
{
    unsigned round = xcds * chunk;
    if (xcds <= 1 || chunk == 0 || block >= blocks / round * round) return block;
    unsigned local = block / xcds;
    return local / chunk * round + block % xcds * chunk + local % chunk;
}

#endif
