/* A loop with everything in it that the sum of a main loop counts: tests/tuner/test_cycles.c. */
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));
typedef unsigned u32x4 __attribute__((ext_vector_type(4)));
extern "C" __attribute__((global, amdgpu_flat_work_group_size(256, 256))) void product(const u32x4 *a,
                                                                                       float *d, int n)
{
    static __attribute__((shared)) u32x4 shared[2048];
    unsigned t = __builtin_amdgcn_workitem_id_x();
    f32x16 sum[2] = {};
    for (int i = 0; i < n; i++) {
        u32x4 next = a[i * 256 + t];
        __builtin_amdgcn_s_barrier();
        shared[t] = next;
        __builtin_amdgcn_s_barrier();
        for (int k = 0; k < 2; k++) {
            u32x4 x = shared[(t & 31) * 8 + k], y = shared[1024 + (t & 31) * 9 + k];
            f16x4 *px = (f16x4 *)&x, *py = (f16x4 *)&y;
            sum[0] = __builtin_amdgcn_mfma_f32_32x32x8f16(px[0], py[0], sum[0], 0, 0, 0);
            sum[1] = __builtin_amdgcn_mfma_f32_32x32x8f16(px[1], py[1], sum[1], 0, 0, 0);
        }
    }
    for (int r = 0; r < 16; r++) d[r * 256 + t] = sum[0][r] + sum[1][r];
}
