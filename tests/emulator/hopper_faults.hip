/* What can be done wrong with Hopper's words, a kernel each; test_hopper_faults.c has what must be said. The
 * comments "@..." mark lines for it. Launched with 64 threads, or 128 where wgmma is asked for; the map is of
 * 128 rows of 64 halves in `tensor`, boxes are 8 rows of 64, unswizzled. */
#include "../../templates/device/gpu.h"
#include "args.h"

struct map_args {
    gpu_tensor_map map;
    test_args more;
};

#define BOX 1024 /* bytes */
#define BAR (shared + 4096)

#define FAULT(name, threads) GPU_KERNEL(threads) name(GPU_ARGS(map_args, args))

GPU_DEVICE bool is_first(void)
{
    return gpu_thread_x() == 0;
}

/* One mbarrier for everybody. */
GPU_DEVICE void begin(unsigned char *shared, unsigned count)
{
    if (is_first()) {
        gpu_mbarrier_init(BAR, count);
        gpu_mbarrier_init_fence();
    }
    gpu_barrier();
}

FAULT(fine, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) {
        gpu_mbarrier_expect(BAR, BOX);
        gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0);
    }
    gpu_mbarrier_wait(BAR, 0);
    args.more.out[gpu_thread_x()] = gpu_load4(shared + 4 * gpu_thread_x());
}

FAULT(init_misaligned, 64)
{
    GPU_SHARED(shared);
    if (is_first()) gpu_mbarrier_init(BAR + 4, 1); /* @init_misaligned */
}

FAULT(init_for_nobody, 64)
{
    GPU_SHARED(shared);
    if (is_first()) gpu_mbarrier_init(BAR, 0); /* @init_for_nobody */
}

FAULT(init_in_use, 64)
{
    GPU_SHARED(shared);
    begin(shared, 64);
    gpu_mbarrier_arrive(BAR);
    if (is_first()) gpu_mbarrier_init(BAR, 64); /* @init_in_use */
}

FAULT(arrives_at_nothing, 64)
{
    GPU_SHARED(shared);
    gpu_mbarrier_arrive(BAR); /* @arrives_at_nothing */
}

FAULT(arrives_too_often, 64)
{
    GPU_SHARED(shared);
    begin(shared, 2);
    if (is_first()) gpu_mbarrier_expect(BAR, 16);
    if (is_first()) gpu_mbarrier_arrive(BAR);
    if (is_first()) gpu_mbarrier_arrive(BAR); /* @arrives_too_often */
}

FAULT(arrives_unordered, 64)
{
    GPU_SHARED(shared);
    if (is_first()) gpu_mbarrier_init(BAR, 64); /* @arrives_unordered_1 */
    gpu_mbarrier_arrive(BAR);                   /* @arrives_unordered_2 */
}

FAULT(parity_of_two, 64)
{
    GPU_SHARED(shared);
    begin(shared, 64);
    gpu_mbarrier_wait(BAR, 2); /* @parity_of_two */
}

FAULT(reads_an_mbarrier, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    args.more.out[gpu_thread_x()] = gpu_load4(BAR); /* @reads_an_mbarrier */
}

FAULT(bytes_missing, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) {
        gpu_mbarrier_expect(BAR, 2 * BOX);
        gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0);
    }
    gpu_mbarrier_wait(BAR, 0); /* @bytes_missing */
}

FAULT(bytes_too_many, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (!is_first()) return;
    gpu_mbarrier_expect(BAR, BOX - 16);
    gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0); /* @bytes_too_many */
}

/* Threads of the second wave may come to the first phase when the second is over. */
FAULT(misses_a_phase, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (gpu_thread_x() >= 32) gpu_mbarrier_wait(BAR, 0);
    if (!is_first()) return;
    gpu_pause();
    gpu_mbarrier_arrive(BAR);
    gpu_mbarrier_arrive(BAR); /* @misses_a_phase */
}

FAULT(reads_under_way, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) {
        gpu_mbarrier_expect(BAR, BOX);
        gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0); /* @reads_under_way_1 */
    }
    args.more.out[gpu_thread_x()] = gpu_load4(shared + 4 * gpu_thread_x()); /* @reads_under_way_2 */
    gpu_mbarrier_wait(BAR, 0);
}

FAULT(load_never_waited_for, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (!is_first()) return;
    gpu_mbarrier_expect(BAR, BOX);
    gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0); /* @load_never_waited_for */
}

FAULT(load_misaligned, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) gpu_tensor_load(shared + 64, &args.map, BAR, 0, 0, 0); /* @load_misaligned */
}

FAULT(load_too_far, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) gpu_tensor_load(shared + 4224, &args.map, BAR, 0, 0, 0); /* @load_too_far */
}

FAULT(load_over_an_mbarrier, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) gpu_tensor_load(BAR - 896, &args.map, BAR, 0, 0, 0); /* @load_over_an_mbarrier */
}

FAULT(load_over_a_read, 64)
{
    GPU_SHARED(shared);
    gpu_store4(shared + 4 * gpu_thread_x(), 1);
    begin(shared, 1);
    args.more.out[gpu_thread_x()] = gpu_load4(shared + 4 * (gpu_thread_x() ^ 3)); /* @load_over_a_read_1 */
    if (is_first()) gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0);             /* @load_over_a_read_2 */
}

/* The tensor is written while the box may be on its way. */
FAULT(source_changed, 64)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    if (is_first()) {
        gpu_mbarrier_expect(BAR, BOX);
        gpu_tensor_load(shared, &args.map, BAR, 0, 0, 0); /* @source_changed */
    }
    gpu_barrier();
    args.more.shared_words[gpu_thread_x()] = 77;
    gpu_mbarrier_wait(BAR, 0);
}

FAULT(store_unwritten, 64)
{
    GPU_SHARED(shared);
    if (!is_first()) return;
    gpu_tensor_store(&args.map, shared, 0, 0, 0); /* @store_unwritten */
    gpu_tensor_store_commit();
    GPU_TENSOR_STORE_WAIT(0);
}

/* All of the box is written, with a fence; behind it comes what it says. */
GPU_DEVICE void fill(unsigned char *shared)
{
    for (unsigned i = gpu_thread_x(); i < BOX / 4; i += gpu_block_size_x()) gpu_store4(shared + 4 * i, i);
    gpu_fence_async_shared();
    gpu_barrier();
}

FAULT(store_then_write, 64)
{
    GPU_SHARED(shared);
    fill(shared);
    if (!is_first()) return;
    gpu_tensor_store(&args.map, shared, 0, 0, 0); /* @store_then_write_1 */
    gpu_tensor_store_commit();
    gpu_store4(shared, 5); /* @store_then_write_2 */
    GPU_TENSOR_STORE_WAIT(0);
}

FAULT(store_then_read_global, 64)
{
    GPU_SHARED(shared);
    fill(shared);
    if (is_first()) {
        gpu_tensor_store(&args.map, shared, 0, 0, 0); /* @store_then_read_global_1 */
        gpu_tensor_store_commit();
        GPU_TENSOR_STORE_WAIT_READ(0);
    }
    gpu_barrier();
    args.more.out[gpu_thread_x()] = args.more.shared_words[gpu_thread_x()]; /* @store_then_read_global_2 */
}

FAULT(cluster_arrives_twice, 64)
{
    (void)args;
    gpu_cluster_arrive();
    gpu_cluster_arrive(); /* @cluster_arrives_twice */
}

FAULT(cluster_waits_only, 64)
{
    (void)args;
    gpu_cluster_wait(); /* @cluster_waits_only */
}

FAULT(cluster_rank_too_high, 64)
{
    GPU_SHARED(shared);
    args.more.out[0] = *(const unsigned *)gpu_cluster_shared(shared, 2); /* @cluster_rank_too_high */
}

/* Between arrive and wait the others do not know of it. */
FAULT(cluster_write_behind_arrive, 64)
{
    GPU_SHARED(shared);
    gpu_cluster_arrive();
    gpu_store4(shared + 4 * gpu_thread_x(), 1); /* @cluster_write_1 */
    gpu_cluster_wait();
    const void *there = gpu_cluster_shared(shared + 4 * gpu_thread_x(), gpu_cluster_rank() ^ 1);
    args.more.out[gpu_thread_x()] = gpu_load4(there); /* @cluster_write_2 */
    gpu_cluster_barrier();
}

FAULT(cluster_ends_too_early, 64)
{
    GPU_SHARED(shared);
    gpu_store4(shared + 4 * gpu_thread_x(), 1);
    gpu_cluster_barrier();
    const void *there = gpu_cluster_shared(shared + 4 * gpu_thread_x(), gpu_cluster_rank() ^ 1);
    args.more.out[gpu_block_x() * 64 + gpu_thread_x()] = gpu_load4(there); /* @cluster_ends_too_early */
}

#if GPU_HAS_WGMMA
GPU_DEVICE void fill_operands(unsigned char *shared)
{
    for (unsigned i = gpu_thread_x(); i < 1024; i += 128) gpu_store4(shared + 4 * i, 0);
    gpu_fence_async_shared();
    gpu_barrier();
}

#define OPERANDS gpu_wgmma_descriptor(shared, 128, 256, 0), gpu_wgmma_descriptor(shared + 2048, 128, 256, 0)

FAULT(wgmma_by_64, 64)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0); /* @wgmma_by_64 */
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(wgmma_never_waited_for, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    fill_operands(shared);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0); /* @wgmma_never_waited_for */
    gpu_wgmma_commit();
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(wgmma_base_offset, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    unsigned long long left = gpu_wgmma_descriptor(shared, 16, 1024, 128);
    gpu_wgmma_bf16<8>(sums, left | 1ull << 49, left, 0); /* @wgmma_base_offset */
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(wgmma_too_far, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    fill_operands(shared);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, gpu_wgmma_descriptor(shared + 3072, 128, 256, 0), /* @wgmma_too_far */
                      gpu_wgmma_descriptor(shared, 128, 256, 0), 0);
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(wgmma_operand_overwritten, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    fill_operands(shared);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0); /* @wgmma_operand_overwritten_1 */
    gpu_wgmma_commit();
    gpu_store4(shared + 16 * gpu_thread_x(), 1); /* @wgmma_operand_overwritten_2 */
    GPU_WGMMA_WAIT(0);
    args.more.out[0] = gpu_bits(sums[0]);
}

/* Who has not waited does not know that the operand was read. */
FAULT(wgmma_operand_written_by_others, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    fill_operands(shared);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0); /* @wgmma_written_by_others_1 */
    gpu_wgmma_commit();
    if (gpu_wave() == 0) GPU_WGMMA_WAIT(0);
    if (gpu_wave() == 3) gpu_store4(shared + 16 * gpu_thread_x(), 1); /* @wgmma_written_by_others_2 */
    GPU_WGMMA_WAIT(0);
    args.more.out[gpu_thread_x()] = gpu_bits(sums[0]);
}

FAULT(wgmma_sums_changed, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    fill_operands(shared);
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0);
    gpu_wgmma_commit();
    sums[1] = 3;
    GPU_WGMMA_WAIT(0); /* @wgmma_sums_changed */
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(wgmma_unfenced_operand, 128)
{
    GPU_SHARED(shared);
    float sums[4] = {};
    for (unsigned i = gpu_thread_x(); i < 1024; i += 128)
        gpu_store4(shared + 4 * i, 0); /* @wgmma_unfenced_1 */
    gpu_barrier();
    gpu_wgmma_fence();
    gpu_wgmma_bf16<8>(sums, OPERANDS, 0); /* @wgmma_unfenced_2 */
    gpu_wgmma_commit();
    GPU_WGMMA_WAIT(0);
    args.more.out[0] = gpu_bits(sums[0]);
}

FAULT(registers_of_20, 128)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    GPU_REGISTERS_LESS(20); /* @registers_of_20 */
    args.more.out[0] = 0;
}

FAULT(registers_less_is_more, 128)
{
    GPU_SHARED(shared);
    begin(shared, 1);
    GPU_REGISTERS_LESS(64);
    GPU_REGISTERS_LESS(128); /* @registers_less_is_more */
    args.more.out[0] = 0;
}
#endif
