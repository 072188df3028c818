/* What NVIDIA's GPUs have from sm_90 on: clusters, mbarriers, the tensor memory access engine (TMA) and
 * launches that overlap. GPU_HAS_CLUSTERS, GPU_HAS_TMA; PTX ISA 9.0, "Data Movement and Conversion
 * Instructions", "Parallel Synchronization and Communication Instructions". The words: gpu.h.
 *
 * A tensor map comes by value in the kernel's arguments, wherever it stands in their structure. Boxes have
 * three dimensions, x contiguous; coordinates are elements and may lie outside. */
#ifndef TUNEBOOK_DEVICE_GPU_ASYNC_H
#define TUNEBOOK_DEVICE_GPU_ASYNC_H

#define GPU_HAS_TMA      (GPU_NVIDIA && GPU_ARCH >= 900)
#define GPU_HAS_CLUSTERS GPU_HAS_TMA
/* sm_120 takes it, with a warning that it is slow. */
#define GPU_HAS_TENSOR_MULTICAST (GPU_HAS_TMA && GPU_ARCH < 1200)
#if GPU_HAS_TMA

struct alignas(64) gpu_tensor_map {
    unsigned char bytes[128];
};

/* What the L2 cache shall do with what a box touches (CUTLASS, TMA::CacheHintSm90: encoded cache policies).
 */
#define GPU_L2_NORMAL      0x1000000000000000ull
#define GPU_L2_EVICT_FIRST 0x12f0000000000000ull
#define GPU_L2_EVICT_LAST  0x14f0000000000000ull

#if GPU_EMULATED

GPU_WRAP unsigned gpu_cluster_rank(void)
{
    return emu_self()->cluster_rank;
}

GPU_WRAP unsigned gpu_cluster_size(void)
{
    const emu_thread *self = emu_self();
    return self->cluster[0] * self->cluster[1] * self->cluster[2];
}

#define gpu_cluster_arrive()                    emu_cluster_arrive()
#define gpu_cluster_wait()                      emu_cluster_wait()
#define gpu_cluster_barrier()                   emu_cluster_barrier()
#define gpu_cluster_shared(pointer, rank)       emu_cluster_shared(pointer, rank)
#define gpu_mbarrier_init(bar, count)           emu_mbarrier_init(bar, count)
#define gpu_mbarrier_init_fence()               emu_mbarrier_init_fence()
#define gpu_mbarrier_arrive(bar)                emu_mbarrier_arrive(bar, 0)
#define gpu_mbarrier_expect(bar, bytes)         emu_mbarrier_arrive(bar, bytes)
#define gpu_mbarrier_wait(bar, parity)          emu_mbarrier_wait(bar, parity)
#define gpu_mbarrier_wait_cluster               gpu_mbarrier_wait
#define gpu_mbarrier_arrive_cluster(bar, rank)  emu_mbarrier_arrive_cluster(bar, rank)
#define gpu_mbarrier_release_cluster(bar, rank) emu_mbarrier_arrive_cluster(bar, rank)
#define gpu_tensor_prefetch(map)                ((void)(map))
#define gpu_tensor_store_commit()               emu_tensor_store_commit()
#define GPU_TENSOR_STORE_WAIT_READ(n)           emu_tensor_store_wait(n, 1)
#define GPU_TENSOR_STORE_WAIT(n)                emu_tensor_store_wait(n, 0)
#define gpu_fence_async_shared()                emu_fence_async_shared()
#define gpu_launch_wait()                       ((void)0)
#define gpu_launch_dependents()                 ((void)0)
#define gpu_tensor_load_multicast(shared, map, bar, x, y, z, mask, ...) \
    emu_tensor_load(shared, map, bar, x, y, z, (mask) | EMU_MULTICAST)
#define gpu_tensor_load(shared, map, bar, x, y, z, ...) emu_tensor_load(shared, map, bar, x, y, z, 0)
#define gpu_tensor_store(map, shared, x, y, z, ...)     emu_tensor_store(map, shared, x, y, z, 0)
#define gpu_tensor_add(map, shared, x, y, z, ...)       emu_tensor_store(map, shared, x, y, z, 1)

#else

/* --- clusters --- */

GPU_WRAP unsigned gpu_cluster_rank(void)
{
    unsigned rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

GPU_WRAP unsigned gpu_cluster_size(void)
{
    unsigned size;
    asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
    return size;
}

#define gpu_cluster_arrive()  asm volatile("barrier.cluster.arrive.release;" : : : "memory")
#define gpu_cluster_wait()    asm volatile("barrier.cluster.wait.acquire;" : : : "memory")
#define gpu_cluster_barrier() (gpu_cluster_arrive_now(), gpu_cluster_wait_now())

GPU_WRAP void gpu_cluster_arrive_now(void)
{
    gpu_cluster_arrive();
}

GPU_WRAP void gpu_cluster_wait_now(void)
{
    gpu_cluster_wait();
}

GPU_WRAP void *gpu_cluster_shared(const void *pointer, unsigned rank)
{
    void *there;
    asm volatile("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(pointer), "r"(rank));
    return there;
}

/* --- mbarriers --- */

GPU_WRAP void gpu_mbarrier_init(void *bar, unsigned count)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"
                 :
                 : "r"(gpu_shared_address(bar)), "r"(count)
                 : "memory");
}

/* Known to the cluster, and to the engine as well. */
GPU_WRAP void gpu_mbarrier_init_fence(void)
{
    asm volatile("fence.mbarrier_init.release.cluster;\n\tfence.proxy.async.shared::cta;" : : : "memory");
}

GPU_WRAP void gpu_mbarrier_arrive(void *bar)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" : : "r"(gpu_shared_address(bar)) : "memory");
}

#define GPU_MBARRIER_ARRIVE(name, form)                                                     \
    GPU_WRAP void name(void *bar, unsigned rank)                                            \
    {                                                                                       \
        asm volatile("{\n\t.reg .b32 there;\n\tmapa.shared::cluster.u32 there, %0, %1;\n\t" \
                     "mbarrier.arrive" form ".shared::cluster.b64 _, [there];\n\t}"         \
                     :                                                                      \
                     : "r"(gpu_shared_address(bar)), "r"(rank)                              \
                     : "memory");                                                           \
    }
GPU_MBARRIER_ARRIVE(gpu_mbarrier_arrive_cluster, "")
GPU_MBARRIER_ARRIVE(gpu_mbarrier_release_cluster, ".release.cluster")
#undef GPU_MBARRIER_ARRIVE

GPU_WRAP void gpu_mbarrier_expect(void *bar, unsigned bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                 :
                 : "r"(gpu_shared_address(bar)), "r"(bytes)
                 : "memory");
}

#define GPU_MBARRIER_WAIT(name, form)                                                   \
    GPU_WRAP void name(void *bar, unsigned parity)                                      \
    {                                                                                   \
        asm volatile("{\n\t.reg .pred done;\n\tagain:\n\tmbarrier.try_wait.parity" form \
                     ".shared::cta.b64 done, [%0], %1;\n\t@!done bra again;\n\t}"       \
                     :                                                                  \
                     : "r"(gpu_shared_address(bar)), "r"(parity)                        \
                     : "memory");                                                       \
    }
GPU_MBARRIER_WAIT(gpu_mbarrier_wait, "")
GPU_MBARRIER_WAIT(gpu_mbarrier_wait_cluster, ".acquire.cluster")
#undef GPU_MBARRIER_WAIT

/* --- boxes --- */

GPU_WRAP void gpu_tensor_prefetch(const gpu_tensor_map *map)
{
    asm volatile("prefetch.tensormap [%0];" : : "l"(map) : "memory");
}

GPU_WRAP void gpu_tensor_load(void *shared, const gpu_tensor_map *map, void *bar, int x, int y, int z,
                              unsigned long long l2 = GPU_L2_NORMAL)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 ".L2::cache_hint [%0], [%1, {%3, %4, %5}], [%2], %6;"
                 :
                 : "r"(gpu_shared_address(shared)), "l"(map), "r"(gpu_shared_address(bar)), "r"(x), "r"(y),
                   "r"(z), "l"(l2)
                 : "memory");
}

GPU_WRAP void gpu_tensor_load_multicast(void *shared, const gpu_tensor_map *map, void *bar, int x, int y,
                                        int z, unsigned mask, unsigned long long l2 = GPU_L2_NORMAL)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 ".multicast::cluster.L2::cache_hint [%0], [%1, {%3, %4, %5}], [%2], %6, %7;"
                 :
                 : "r"(gpu_shared_address(shared)), "l"(map), "r"(gpu_shared_address(bar)), "r"(x), "r"(y),
                   "r"(z), "h"((unsigned short)mask), "l"(l2)
                 : "memory");
}

GPU_WRAP void gpu_tensor_store(const gpu_tensor_map *map, const void *shared, int x, int y, int z,
                               unsigned long long l2 = GPU_L2_NORMAL)
{
    asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group.L2::cache_hint"
                 " [%0, {%2, %3, %4}], [%1], %5;"
                 :
                 : "l"(map), "r"(gpu_shared_address(shared)), "r"(x), "r"(y), "r"(z), "l"(l2)
                 : "memory");
}

GPU_WRAP void gpu_tensor_add(const gpu_tensor_map *map, const void *shared, int x, int y, int z,
                             unsigned long long l2 = GPU_L2_NORMAL)
{
    asm volatile("cp.reduce.async.bulk.tensor.3d.global.shared::cta.add.tile.bulk_group.L2::cache_hint"
                 " [%0, {%2, %3, %4}], [%1], %5;"
                 :
                 : "l"(map), "r"(gpu_shared_address(shared)), "r"(x), "r"(y), "r"(z), "l"(l2)
                 : "memory");
}

#define gpu_tensor_store_commit()     asm volatile("cp.async.bulk.commit_group;" : : : "memory")
#define GPU_TENSOR_STORE_WAIT_READ(n) asm volatile("cp.async.bulk.wait_group.read %0;" : : "n"(n) : "memory")
#define GPU_TENSOR_STORE_WAIT(n)      asm volatile("cp.async.bulk.wait_group %0;" : : "n"(n) : "memory")
#define gpu_fence_async_shared()      asm volatile("fence.proxy.async.shared::cta;" : : : "memory")

/* --- launches that overlap --- */

#define gpu_launch_wait()       asm volatile("griddepcontrol.wait;" : : : "memory")
#define gpu_launch_dependents() asm volatile("griddepcontrol.launch_dependents;" : : : "memory")

#endif
#endif
#endif
