/* Kernels that are wrong, one way each. The comments with @ name lines for test_faults.c. */
#include "../../templates/device/gpu.h"
#include "args.h"

#define KERNEL(name)             KERNEL_OF(64, name)
#define KERNEL_OF(threads, name) GPU_KERNEL(threads) name(GPU_ARGS(test_args, args))

/* --- bounds --- */

KERNEL(read_behind)
{
    args.out[gpu_thread_x()] = args.in[args.n + 3]; /* @read_behind */
}

KERNEL(read_across)
{
    gpu_u32x4 v = gpu_load16(args.in + args.n); /* @read_across */
    args.out[gpu_thread_x()] = v[3];
}

KERNEL(write_in_front)
{
    if (gpu_thread_x() == 5) args.out[-1] = 0; /* @write_in_front */
}

KERNEL(write_input)
{
    if (gpu_thread_x() == 1) ((unsigned *)args.in)[2] = 0; /* @write_input */
}

KERNEL(write_nowhere)
{
    *(volatile unsigned *)16 = 0; /* @write_nowhere */
}

KERNEL(shared_behind)
{
    GPU_SHARED(shared);
    ((unsigned *)shared)[gpu_thread_x() + 1] = 0; /* @shared_behind */
}

KERNEL(shared_in_front)
{
    GPU_SHARED(shared);
    ((volatile unsigned *)shared)[-2] = 0; /* @shared_in_front */
}

KERNEL(others_local)
{
    GPU_SHARED(shared);
    unsigned local[4];
    for (unsigned i = 0; i < 4; i++) local[i] = i;
    if (gpu_thread_x() == 3) *(unsigned **)shared = local;
    gpu_barrier();
    unsigned *theirs = *(unsigned **)shared;
    gpu_barrier();
    if (gpu_thread_x() == 7) args.out[0] = theirs[2]; /* @others_local */
    gpu_barrier();
}

KERNEL(others_shared)
{
    GPU_SHARED(shared);
    unsigned long long *addresses = (unsigned long long *)args.shared_words;
    if (gpu_thread_x() == 0)
        __atomic_store_n(&addresses[gpu_block_x()], (unsigned long long)shared, __ATOMIC_RELEASE);
    if (gpu_block_x() == 1) {
        unsigned long long other = 0;
        while (!other) other = __atomic_load_n(&addresses[0], __ATOMIC_ACQUIRE);
        *(volatile unsigned *)(other + 8) = 1; /* @others_shared */
    }
    gpu_barrier();
}

KERNEL(atomic_behind)
{
    gpu_atomic_add(args.out + 64, 1u); /* @atomic_behind */
}

KERNEL(local_behind)
{
    unsigned local[4] = {1, 2, 3, 4}, t = gpu_thread_x();
    local[(t + args.n) % 8] = t; /* @local_behind */
    args.out[t] = local[t % 4];
}

/* --- alignment --- */

KERNEL(misaligned_shared)
{
    GPU_SHARED(shared);
    gpu_u32x4 v = {0, 0, 0, 0};
    if (gpu_thread_x() == 2) gpu_store16(shared + 8, v); /* @misaligned_shared */
}

KERNEL(misaligned_global)
{
    args.out[gpu_thread_x()] = gpu_load8(args.in + 3)[0]; /* @misaligned_global */
}

KERNEL(misaligned_atomic)
{
    gpu_atomic_add((unsigned *)((char *)args.out + 2), 1u); /* @misaligned_atomic */
}

/* --- unwritten --- */

KERNEL(unwritten)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    if (t != 9) words[t] = t;
    gpu_barrier();
    args.out[t] = words[t ^ 1]; /* @unwritten */
}

KERNEL(unwritten_part)
{
    GPU_SHARED(shared);
    unsigned short *words = (unsigned short *)shared;
    unsigned t = gpu_thread_x();
    if (t != 5) words[t] = 0;
    gpu_barrier();
    args.out[t] = ((unsigned *)shared)[t / 2]; /* @unwritten_part */
}

KERNEL(unwritten_sum)
{
    GPU_SHARED(shared);
    ((unsigned *)shared)[gpu_thread_x()] += 1; /* @unwritten_sum */
}

KERNEL(unwritten_atomic)
{
    GPU_SHARED(shared);
    gpu_atomic_add((unsigned *)shared, 1u); /* @unwritten_atomic */
}

/* --- races in shared memory --- */

KERNEL(race_after_write)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    words[t] = t;                /* @race_after_write_1 */
    args.out[t] = words[t ^ 33]; /* @race_after_write_2 */
}

KERNEL(race_after_read)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    words[t] = t;
    gpu_barrier();
    args.out[t] = words[63 - t]; /* @race_after_read_1 */
    words[t] = 0;                /* @race_after_read_2 */
}

KERNEL(race_after_reads)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    words[t] = t;
    gpu_barrier();
    args.out[t] = words[40];    /* @race_after_reads_1 */
    if (t == 63) words[40] = 0; /* @race_after_reads_2 */
}

KERNEL(race_of_writes)
{
    GPU_SHARED(shared);
    *(unsigned *)shared = 7; /* @race_of_writes */
}

KERNEL(race_within_wave)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, lane = gpu_lane();
    words[lane] = lane; /* @race_within_wave_1 */
    unsigned x = gpu_shuffle(lane, 0);
    args.out[lane] = words[lane ^ 1] + x; /* @race_within_wave_2 */
}

KERNEL_OF(128, race_of_waves)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    words[t] = t; /* @race_of_waves_1 */
    gpu_wave_barrier();
    args.shared_words[t] = words[t ^ 3] + words[(t + 64) % 128]; /* @race_of_waves_2 */
}

/* The reads of one wave are ordered before the write, those of the other are not. */
KERNEL_OF(128, race_with_one_reader)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    if (t == 0) words[0] = 1;
    gpu_barrier();
    args.shared_words[t] = words[0]; /* @race_with_one_reader_1 */
    gpu_wave_barrier();
    if (t == args.n) words[0] = 2; /* @race_with_one_reader_2 */
}

KERNEL(race_with_atomic)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    if (t == 0) words[0] = 0;
    gpu_barrier();
    gpu_atomic_add(words, 1u);           /* @race_with_atomic_1 */
    if (t == 63) args.out[0] = words[0]; /* @race_with_atomic_2 */
}

KERNEL(missing_second_barrier)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x(), sum = 0;
    for (unsigned k = 0; k < args.n; k++) {
        words[t] = t + k; /* @missing_second_barrier_1 */
        gpu_barrier();
        sum += words[t ^ 1]; /* @missing_second_barrier_2 */
    }
    args.out[t] = sum;
}

/* --- races in global memory --- */

KERNEL(race_global)
{
    unsigned t = gpu_thread_x();
    args.out[t] = t;                        /* @race_global_1 */
    args.shared_words[t] = args.out[t ^ 1]; /* @race_global_2 */
}

KERNEL_OF(32, race_of_blocks)
{
    args.out[gpu_thread_x() + gpu_block_x()] = 1; /* @race_of_blocks */
}

KERNEL_OF(1, race_relaxed)
{
    unsigned t = gpu_thread_x(), b = gpu_block_x();
    args.shared_words[1 + b] = b; /* @race_relaxed_1 */
    if (gpu_atomic_add(args.shared_words, 1u) == gpu_grid_x() - 1)
        for (unsigned i = 0; i < gpu_grid_x(); i++)
            args.out[t] += args.shared_words[1 + i]; /* @race_relaxed_2 */
}

/* --- meeting --- */

KERNEL(ends_early)
{
    unsigned t = gpu_thread_x();
    if (t == 11) return;
    gpu_barrier(); /* @ends_early */
    args.out[t] = t;
}

KERNEL(two_barriers)
{
    unsigned t = gpu_thread_x();
    if (t < 32) {
        gpu_barrier(); /* @two_barriers_1 */
        args.out[t] = 1;
    } else {
        gpu_barrier(); /* @two_barriers_2 */
        args.out[t] = 2;
    }
}

/* One line, but two calls. */
GPU_DEVICE unsigned neighbour(unsigned x)
{
    return gpu_shuffle_xor(x, 1); /* @neighbour */
}

KERNEL(parts_of_a_wave)
{
    unsigned t = gpu_thread_x(), x = args.in[t % args.n];
    if (t & 1)
        x = neighbour(x) + args.out[t];
    else
        x = neighbour(3 * x);
    args.shared_words[t] = x;
}

GPU_DEVICE void meet()
{
    gpu_barrier(); /* @meet */
}

KERNEL(parts_of_a_block)
{
    unsigned t = gpu_thread_x();
    if (t & 1) {
        args.out[t] = 1;
        meet();
    } else {
        meet();
        args.out[t] = 2;
    }
}

KERNEL(half_a_shuffle)
{
    unsigned t = gpu_thread_x(), x = t;
    if (t % GPU_WAVE < 8) x = gpu_shuffle_xor(x, 1); /* @half_a_shuffle_1 */
    gpu_barrier();                                   /* @half_a_shuffle_2 */
    args.out[t] = x;
}

KERNEL(two_collectives)
{
    unsigned t = gpu_thread_x(), x;
    if (t & 1)
        x = gpu_shuffle_xor(t, 1); /* @two_collectives_1 */
    else
        x = (unsigned)gpu_ballot(1); /* @two_collectives_2 */
    args.out[t] = x;
}

KERNEL(lane_ends)
{
    unsigned t = gpu_thread_x();
    if (t == 2) return;
    args.out[t] = gpu_shuffle(t, 0); /* @lane_ends */
}

KERNEL_OF(32, cluster_ends)
{
    if (gpu_block_x() == 1 && gpu_thread_x() == 3) return;
    emu_cluster_barrier(); /* @cluster_ends */
}

KERNEL_OF(32, cluster_parts)
{
    if (gpu_block_x() == 1)
        emu_cluster_barrier(); /* @cluster_parts_1 */
    else
        emu_cluster_barrier(); /* @cluster_parts_2 */
    args.out[gpu_thread_x()] = 1;
}

/* What a fence of the block lets go, other blocks do not know. */
KERNEL_OF(32, fence_of_block)
{
    unsigned t = gpu_thread_x(), b = gpu_block_x();
    if (b == 0) {
        args.out[t] = t; /* @fence_of_block_1 */
        gpu_fence_block();
        gpu_atomic_exchange(args.shared_words + t, 1u);
    } else {
        while (gpu_load_acquire(args.shared_words + t) == 0) gpu_pause();
        args.shared_words[64 + t] = args.out[t]; /* @fence_of_block_2 */
    }
}

KERNEL(spins)
{
    while (gpu_load_acquire(args.shared_words) == 0) gpu_pause(); /* @spins */
    args.out[gpu_thread_x()] = 1;
}

KERNEL(spins_without_pause)
{
    unsigned seen = 0;
    while (!seen) seen = gpu_load_acquire(args.shared_words); /* @spins_without_pause */
    args.out[gpu_thread_x()] = 1;
}

KERNEL(fine)
{
    args.out[gpu_thread_x()] = 5;
}

KERNEL(matrix_of_another)
{
    unsigned d[16], a[2] = {0, 0};
    for (unsigned i = 0; i < 16; i++) d[i] = 0;
    const unsigned another = GPU_NVIDIA ? GPU_MATRIX_mfma_f32_32x32x8_f16 : GPU_MATRIX_mma_m16n8k16_f32_f16;
    emu_matrix(another, d, a, a, d); /* @matrix_of_another */
    args.out[gpu_thread_x()] = d[0];
}

#if GPU_NVIDIA
KERNEL(named_too_few)
{
    if (gpu_thread_x() < 32) gpu_named_barrier(2, 64); /* @named_too_few_1 */
    gpu_barrier();                                     /* @named_too_few_2 */
}

KERNEL(named_part_of_wave)
{
    if (gpu_thread_x() < 48) gpu_named_barrier(1, 48); /* @named_part_of_wave */
    args.out[gpu_thread_x()] = 1;
}

KERNEL_OF(1024, named_one_lane)
{
    if (gpu_lane() == 0) gpu_named_barrier(1, 32); /* @named_one_lane */
}

KERNEL(named_two_counts)
{
    gpu_named_barrier(2, gpu_wave() ? 32 : 64 * args.n); /* @named_two_counts */
}

KERNEL(named_no_acquire)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    if (t < 32) {
        gpu_named_barrier(1, 64);
        words[t] = t; /* @named_no_acquire_1 */
    } else {
        gpu_named_arrive(1, 64);
        shared[4 * (t - 32)] = 1; /* @named_no_acquire_2 */
    }
}

KERNEL_OF(63, copy_not_waited)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_copy_async4(shared + 4 * t, args.in + t, 4); /* @copy_not_waited_1 */
    gpu_copy_commit();
    GPU_COPY_WAIT(1);
    args.out[t] = ((unsigned *)shared)[t]; /* @copy_not_waited_2 */
}

KERNEL_OF(62, copy_not_shared)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_copy_async4(shared + 4 * t, args.in + t, 4); /* @copy_not_shared_1 */
    gpu_copy_commit();
    GPU_COPY_WAIT(0);
    args.out[t] = ((unsigned *)shared)[t ^ 1]; /* @copy_not_shared_2 */
}

KERNEL_OF(63, copy_too_early)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    ((unsigned *)shared)[t] = t;
    gpu_barrier();
    args.out[t] = ((unsigned *)shared)[t ^ 1];       /* @copy_too_early_1 */
    gpu_copy_async4(shared + 4 * t, args.in + t, 4); /* @copy_too_early_2 */
    gpu_copy_commit();
    GPU_COPY_WAIT(0);
}

KERNEL_OF(15, copy_overwritten)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_copy_async16(shared + 16 * t, args.in + 4 * t, 16); /* @copy_overwritten_1 */
    gpu_copy_commit();
    ((unsigned *)shared)[4 * t + 2] = 0; /* @copy_overwritten_2 */
    GPU_COPY_WAIT(0);
}

/* Ordered behind the beginning of the copy, but not behind its end. */
KERNEL(copy_source_changes)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    args.out[t] = t;
    gpu_barrier();
    gpu_copy_async4(shared + 4 * t, args.out + t, 4); /* @copy_source_changes_1 */
    gpu_copy_commit();
    gpu_barrier();
    args.out[63 - t] = 1000; /* @copy_source_changes_2 */
    GPU_COPY_WAIT(0);
    args.shared_words[t] = ((unsigned *)shared)[t];
}

KERNEL(copy_behind)
{
    GPU_SHARED(shared);
    if (gpu_thread_x() == 0) gpu_copy_async16(shared, args.in + args.n, 8); /* @copy_behind */
}
#endif
