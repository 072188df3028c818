/* What can be done wrong with a barrier that orders shared memory only, and with loads to shared memory
 * (gfx950), a kernel each; test_amd_faults.c has what must be said. The comments with @ name lines for it.
 * `in` is 1020 bytes. */
#include "../../templates/device/gpu.h"
#include "args.h"

#define KERNEL(name)             KERNEL_OF(64, name)
#define KERNEL_OF(threads, name) GPU_KERNEL(threads) name(GPU_ARGS(test_args, args))

KERNEL(fine)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared4(shared, args.in, 4 * t);
    gpu_load_to_shared4(shared + 256, args.in, 252 - 4 * t);
    GPU_LOAD_TO_SHARED_WAIT(1);
    gpu_barrier_shared();
    args.out[t] = ((unsigned *)shared)[t ^ 1];
    GPU_LOAD_TO_SHARED_WAIT(0);
    gpu_barrier_shared();
    args.shared_words[t] = ((unsigned *)shared)[64 + (t ^ 1)];
}

/* --- the barrier --- */

/* The barrier orders shared memory, and global memory not at all. */
KERNEL(barrier_shared_global)
{
    GPU_SHARED(shared);
    unsigned *words = (unsigned *)shared, t = gpu_thread_x();
    words[t] = t;
    args.out[t] = t; /* @barrier_shared_global_1 */
    gpu_barrier_shared();
    args.shared_words[t] = words[t ^ 1] + args.out[t ^ 1]; /* @barrier_shared_global_2 */
}

/* A load that is still on its way may come behind another thread's store. */
KERNEL(barrier_shared_load)
{
    unsigned t = gpu_thread_x();
    args.shared_words[t] = args.out[t]; /* @barrier_shared_load_1 */
    gpu_barrier_shared();
    args.out[t ^ 1] = t; /* @barrier_shared_load_2 */
}

/* What thread 0 lets go is what it did, and not what others did in front of such a barrier. */
KERNEL(barrier_shared_release)
{
    unsigned t = gpu_thread_x(), b = gpu_block_x();
    if (b == 0) {
        args.out[t] = t; /* @barrier_shared_release_1 */
        gpu_barrier_shared();
        if (t == 0) gpu_store_release(args.shared_words, 1);
    } else {
        while (gpu_load_acquire(args.shared_words) == 0) gpu_pause();
        args.shared_words[64 + t] = args.out[t]; /* @barrier_shared_release_2 */
    }
}

KERNEL(barrier_shared_parts)
{
    unsigned t = gpu_thread_x();
    if (t & 1) {
        gpu_barrier_shared(); /* @barrier_shared_parts_1 */
        args.out[t] = 1;
    } else {
        gpu_barrier_shared(); /* @barrier_shared_parts_2 */
        args.out[t] = 2;
    }
}

KERNEL_OF(128, barrier_shared_mixed)
{
    unsigned t = gpu_thread_x();
    if (t < 64) {
        gpu_barrier(); /* @barrier_shared_mixed_1 */
        args.shared_words[t] = 1;
    } else {
        gpu_barrier_shared(); /* @barrier_shared_mixed_2 */
        args.shared_words[t] = 2;
    }
}

KERNEL_OF(128, barrier_shared_count)
{
    unsigned t = gpu_thread_x();
    if (t >= 64) gpu_barrier_shared();
    gpu_barrier_shared(); /* @barrier_shared_count */
    args.shared_words[t] = 2;
}

/* --- loads to shared memory --- */

KERNEL(load_not_waited)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared4(shared, args.in, 4 * t); /* @load_not_waited_1 */
    GPU_LOAD_TO_SHARED_WAIT(1);
    gpu_barrier();
    args.out[t] = ((unsigned *)shared)[t]; /* @load_not_waited_2 */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

/* The second of two, where only the first is waited for. */
KERNEL(load_waited_too_few)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared16(shared, args.in, 0);
    gpu_load_to_shared4(shared + 1024, args.in, 4 * t); /* @load_waited_too_few_1 */
    GPU_LOAD_TO_SHARED_WAIT(1);
    gpu_barrier_shared();
    args.out[t] = ((unsigned *)shared)[256 + t]; /* @load_waited_too_few_2 */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

/* Each lane waited for its own; nothing says that the other one did. */
KERNEL(load_no_barrier)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared4(shared, args.in, 4 * t); /* @load_no_barrier_1 */
    GPU_LOAD_TO_SHARED_WAIT(0);
    args.out[t] = ((unsigned *)shared)[t ^ 1]; /* @load_no_barrier_2 */
}

/* The tile is still being read. */
KERNEL_OF(128, load_too_early)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    ((unsigned *)shared)[t] = t;
    gpu_barrier_shared();
    args.shared_words[t] = ((unsigned *)shared)[t ^ 64];            /* @load_too_early_1 */
    gpu_load_to_shared4(shared + 256 * gpu_wave(), args.in, 4 * t); /* @load_too_early_2 */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_overwritten)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared12(shared, args.in, 12 * t); /* @load_overwritten_1 */
    ((unsigned *)shared)[3 * t + 2] = 0;           /* @load_overwritten_2 */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

/* Ordered behind the beginning of the load, but not behind its end. */
KERNEL(load_source_changes)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    args.out[t] = t;
    gpu_barrier();
    gpu_load_to_shared4(shared, args.out, 4 * t); /* @load_source_changes_1 */
    gpu_barrier();
    args.out[63 - t] = 1000; /* @load_source_changes_2 */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

/* As if each lane named its own place. */
KERNEL(load_place_of_lane)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared4(shared + 4 * t, args.in, 4 * t); /* @load_place_of_lane */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_base_of_lane)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    gpu_load_to_shared4(shared, args.in + t, 0); /* @load_base_of_lane */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_behind)
{
    GPU_SHARED(shared);
    gpu_load_to_shared16(shared, args.in, 16 * gpu_thread_x()); /* @load_behind */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_shared_behind)
{
    GPU_SHARED(shared);
    gpu_load_to_shared16(shared + 1040, args.in, 0); /* @load_shared_behind */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_misaligned)
{
    GPU_SHARED(shared);
    gpu_load_to_shared16(shared, args.in, 8); /* @load_misaligned */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_misaligned_shared)
{
    GPU_SHARED(shared);
    gpu_load_to_shared16(shared + 8, args.in, 0); /* @load_misaligned_shared */
    GPU_LOAD_TO_SHARED_WAIT(0);
}

KERNEL(load_in_a_branch)
{
    GPU_SHARED(shared);
    unsigned t = gpu_thread_x();
    if (t < 40) gpu_load_to_shared4(shared, args.in, 4 * t); /* @load_in_a_branch_1 */
    GPU_LOAD_TO_SHARED_WAIT(0);
    gpu_barrier(); /* @load_in_a_branch_2 */
    args.out[t] = ((unsigned *)shared)[t];
}

KERNEL(load_never_waited)
{
    GPU_SHARED(shared);
    gpu_load_to_shared4(shared + 64, args.in, 4 * gpu_thread_x()); /* @load_never_waited */
}
