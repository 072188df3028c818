/* NVIDIA's matrix instructions of four waves (sm_90a): PTX ISA 9.0, "Asynchronous Warpgroup Level Matrix
 * Instructions". GPU_HAS_WGMMA. 128 threads, the first one's number a multiple of 128, come together.
 *
 *     gpu_wgmma_f16<N, A, B>(float (&d)[N / 2], unsigned long long a, unsigned long long b, int add)
 *     gpu_wgmma_bf16<N, A, B>(...)     64 x N sums, N 8..256 in steps of 8, k 16
 *     gpu_wgmma_f8e4m3<N>(...)         k 32
 *     gpu_wgmma_f16_registers<N, B>(d, const unsigned (&a)[4], b, add), _bf16_registers, _f8e4m3_registers<N>
 *
 * D = A.B + (add ? D : 0). a and b are descriptors of shared memory; A and B are GPU_K_MAJOR (an operand's
 * elements along k are side by side; as they are without transposition) or GPU_MN_MAJOR, 16-bit types only.
 * Lane l of wave w of the four holds in d[4*j + r] row 16*w + l/4 + 8*(r/2), column 8*j + l%4*2 + r%2; of A
 * in registers in a[r] row 16*w + l/4 + 8*(r%2), and of the 32 bytes along k four from 16*(r/2) + l%4*4 on.
 *
 * gpu_wgmma_descriptor(shared, leading, stride, swizzle), swizzle 128, 64, 32 or 0 bytes: 16-byte chunk c of
 * line r (row of A or column of B; for MN-major, step of k) lies at
 *     K-major   0:     r%8*16 + r/8*stride + c*leading        else: r%8*swizzle + r/8*stride + c*16
 *     MN-major  0:     r%8*16 + r/8*leading + c*stride        else: r%8*swizzle + r/8*stride +
 *                                                                   c%(swizzle/16)*16 +
 * c/(swizzle/16)*leading from `shared`, and then bits 4.. of the address are crossed with bits 7..: three
 * bits for 128, two for 64, one for 32. So tiles begin at multiples of 8 * swizzle, and the next k of a
 * K-major tile is 32 bytes on.
 *
 *     gpu_wgmma_fence()      before the first product, and after sums were touched, before the next
 *     gpu_wgmma_commit()     closes a group of products
 *     GPU_WGMMA_WAIT(n)      until at most n groups are under way. Till then nobody touches sums or operands
 *     gpu_wgmma_hold(d)      between products and what touches their sums, on both sides (behind the wait, in
 * front of the fence): there the compiler moves nothing across. It costs nothing. Left operands in registers,
 *                        unsigned [][4], are held likewise: set in front of the fence, kept until the wait */
#ifndef TUNEBOOK_DEVICE_GPU_WGMMA_H
#define TUNEBOOK_DEVICE_GPU_WGMMA_H

#define GPU_HAS_WGMMA (GPU_NVIDIA && GPU_ARCH == 900)
#if GPU_HAS_WGMMA

#define GPU_K_MAJOR  0
#define GPU_MN_MAJOR 1

/* PTX ISA, "Matrix Descriptor Format". The base offset stays 0. */
GPU_WRAP unsigned long long gpu_wgmma_descriptor(const void *shared, unsigned leading, unsigned stride,
                                                 unsigned swizzle)
{
    unsigned mode = swizzle == 128 ? 1 : swizzle == 64 ? 2 : swizzle == 32 ? 3 : 0;
    unsigned low = (gpu_shared_address(shared) & 0x3ffff) >> 4 | (leading & 0x3ffff) >> 4 << 16;
    unsigned high = (stride & 0x3ffff) >> 4 | mode << 30;
    return (unsigned long long)high << 32 | low;
}

#if GPU_EMULATED

#define gpu_wgmma_fence()  emu_wgmma_fence()
#define gpu_wgmma_commit() emu_wgmma_commit()
#define GPU_WGMMA_WAIT(n)  emu_wgmma_wait(n)

template <int COUNT> GPU_WRAP void gpu_wgmma_hold(float (&)[COUNT])
{
}

template <int COUNT> GPU_WRAP void gpu_wgmma_hold(unsigned (&)[COUNT][4])
{
}

template <int N, int A = GPU_K_MAJOR, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_f16(float (&d)[N / 2], unsigned long long a, unsigned long long b, int add)
{
    emu_wgmma(EMU_WGMMA_F16, N, A, B, d, 0, a, b, add);
}

template <int N, int A = GPU_K_MAJOR, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_bf16(float (&d)[N / 2], unsigned long long a, unsigned long long b, int add)
{
    emu_wgmma(EMU_WGMMA_BF16, N, A, B, d, 0, a, b, add);
}

template <int N>
GPU_WRAP void gpu_wgmma_f8e4m3(float (&d)[N / 2], unsigned long long a, unsigned long long b, int add)
{
    emu_wgmma(EMU_WGMMA_F8E4M3, N, 0, 0, d, 0, a, b, add);
}

template <int N, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_f16_registers(float (&d)[N / 2], const unsigned (&a)[4], unsigned long long b,
                                      int add)
{
    emu_wgmma(EMU_WGMMA_F16, N, 0, B, d, a, 0, b, add);
}

template <int N, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_bf16_registers(float (&d)[N / 2], const unsigned (&a)[4], unsigned long long b,
                                       int add)
{
    emu_wgmma(EMU_WGMMA_BF16, N, 0, B, d, a, 0, b, add);
}

template <int N>
GPU_WRAP void gpu_wgmma_f8e4m3_registers(float (&d)[N / 2], const unsigned (&a)[4], unsigned long long b,
                                         int add)
{
    emu_wgmma(EMU_WGMMA_F8E4M3, N, 0, 0, d, a, 0, b, add);
}

#else

#define gpu_wgmma_fence()  asm volatile("wgmma.fence.sync.aligned;" : : : "memory")
#define gpu_wgmma_commit() asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory")
#define GPU_WGMMA_WAIT(n)  asm volatile("wgmma.wait_group.sync.aligned %0;" : : "n"(n) : "memory")

template <int COUNT> GPU_WRAP void gpu_wgmma_hold(float (&d)[COUNT])
{
#pragma unroll
    for (int i = 0; i < COUNT; i++) asm volatile("" : "+f"(d[i]) : : "memory");
}

template <int COUNT> GPU_WRAP void gpu_wgmma_hold(unsigned (&a)[COUNT][4])
{
#pragma unroll
    for (int i = 0; i < 4 * COUNT; i++) asm volatile("" : "+r"(a[i / 4][i % 4]) : : "memory");
}

/* The sums as operands and as text, four at a time and then N / 8 times as many. */
#define GPU_F(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define GPU_D8   GPU_F(0)
#define GPU_D16  GPU_D8, GPU_F(4)
#define GPU_D24  GPU_D16, GPU_F(8)
#define GPU_D32  GPU_D24, GPU_F(12)
#define GPU_D40  GPU_D32, GPU_F(16)
#define GPU_D48  GPU_D40, GPU_F(20)
#define GPU_D56  GPU_D48, GPU_F(24)
#define GPU_D64  GPU_D56, GPU_F(28)
#define GPU_D72  GPU_D64, GPU_F(32)
#define GPU_D80  GPU_D72, GPU_F(36)
#define GPU_D88  GPU_D80, GPU_F(40)
#define GPU_D96  GPU_D88, GPU_F(44)
#define GPU_D104 GPU_D96, GPU_F(48)
#define GPU_D112 GPU_D104, GPU_F(52)
#define GPU_D120 GPU_D112, GPU_F(56)
#define GPU_D128 GPU_D120, GPU_F(60)
#define GPU_D136 GPU_D128, GPU_F(64)
#define GPU_D144 GPU_D136, GPU_F(68)
#define GPU_D152 GPU_D144, GPU_F(72)
#define GPU_D160 GPU_D152, GPU_F(76)
#define GPU_D168 GPU_D160, GPU_F(80)
#define GPU_D176 GPU_D168, GPU_F(84)
#define GPU_D184 GPU_D176, GPU_F(88)
#define GPU_D192 GPU_D184, GPU_F(92)
#define GPU_D200 GPU_D192, GPU_F(96)
#define GPU_D208 GPU_D200, GPU_F(100)
#define GPU_D216 GPU_D208, GPU_F(104)
#define GPU_D224 GPU_D216, GPU_F(108)
#define GPU_D232 GPU_D224, GPU_F(112)
#define GPU_D240 GPU_D232, GPU_F(116)
#define GPU_D248 GPU_D240, GPU_F(120)
#define GPU_D256 GPU_D248, GPU_F(124)
#define GPU_R8   "%0, %1, %2, %3"
#define GPU_R16  GPU_R8 ", %4, %5, %6, %7"
#define GPU_R24  GPU_R16 ", %8, %9, %10, %11"
#define GPU_R32  GPU_R24 ", %12, %13, %14, %15"
#define GPU_R40  GPU_R32 ", %16, %17, %18, %19"
#define GPU_R48  GPU_R40 ", %20, %21, %22, %23"
#define GPU_R56  GPU_R48 ", %24, %25, %26, %27"
#define GPU_R64  GPU_R56 ", %28, %29, %30, %31"
#define GPU_R72  GPU_R64 ", %32, %33, %34, %35"
#define GPU_R80  GPU_R72 ", %36, %37, %38, %39"
#define GPU_R88  GPU_R80 ", %40, %41, %42, %43"
#define GPU_R96  GPU_R88 ", %44, %45, %46, %47"
#define GPU_R104 GPU_R96 ", %48, %49, %50, %51"
#define GPU_R112 GPU_R104 ", %52, %53, %54, %55"
#define GPU_R120 GPU_R112 ", %56, %57, %58, %59"
#define GPU_R128 GPU_R120 ", %60, %61, %62, %63"
#define GPU_R136 GPU_R128 ", %64, %65, %66, %67"
#define GPU_R144 GPU_R136 ", %68, %69, %70, %71"
#define GPU_R152 GPU_R144 ", %72, %73, %74, %75"
#define GPU_R160 GPU_R152 ", %76, %77, %78, %79"
#define GPU_R168 GPU_R160 ", %80, %81, %82, %83"
#define GPU_R176 GPU_R168 ", %84, %85, %86, %87"
#define GPU_R184 GPU_R176 ", %88, %89, %90, %91"
#define GPU_R192 GPU_R184 ", %92, %93, %94, %95"
#define GPU_R200 GPU_R192 ", %96, %97, %98, %99"
#define GPU_R208 GPU_R200 ", %100, %101, %102, %103"
#define GPU_R216 GPU_R208 ", %104, %105, %106, %107"
#define GPU_R224 GPU_R216 ", %108, %109, %110, %111"
#define GPU_R232 GPU_R224 ", %112, %113, %114, %115"
#define GPU_R240 GPU_R232 ", %116, %117, %118, %119"
#define GPU_R248 GPU_R240 ", %120, %121, %122, %123"
#define GPU_R256 GPU_R248 ", %124, %125, %126, %127"

/* X(what, N, and the numbers of the operands behind the N / 2 sums). */
#define GPU_WGMMA_SIZES(X, what)                                         \
    X(what, 8, "%4", "%5", "%6", "%7", "%8", "%9", "%10")                \
    X(what, 16, "%8", "%9", "%10", "%11", "%12", "%13", "%14")           \
    X(what, 24, "%12", "%13", "%14", "%15", "%16", "%17", "%18")         \
    X(what, 32, "%16", "%17", "%18", "%19", "%20", "%21", "%22")         \
    X(what, 40, "%20", "%21", "%22", "%23", "%24", "%25", "%26")         \
    X(what, 48, "%24", "%25", "%26", "%27", "%28", "%29", "%30")         \
    X(what, 56, "%28", "%29", "%30", "%31", "%32", "%33", "%34")         \
    X(what, 64, "%32", "%33", "%34", "%35", "%36", "%37", "%38")         \
    X(what, 72, "%36", "%37", "%38", "%39", "%40", "%41", "%42")         \
    X(what, 80, "%40", "%41", "%42", "%43", "%44", "%45", "%46")         \
    X(what, 88, "%44", "%45", "%46", "%47", "%48", "%49", "%50")         \
    X(what, 96, "%48", "%49", "%50", "%51", "%52", "%53", "%54")         \
    X(what, 104, "%52", "%53", "%54", "%55", "%56", "%57", "%58")        \
    X(what, 112, "%56", "%57", "%58", "%59", "%60", "%61", "%62")        \
    X(what, 120, "%60", "%61", "%62", "%63", "%64", "%65", "%66")        \
    X(what, 128, "%64", "%65", "%66", "%67", "%68", "%69", "%70")        \
    X(what, 136, "%68", "%69", "%70", "%71", "%72", "%73", "%74")        \
    X(what, 144, "%72", "%73", "%74", "%75", "%76", "%77", "%78")        \
    X(what, 152, "%76", "%77", "%78", "%79", "%80", "%81", "%82")        \
    X(what, 160, "%80", "%81", "%82", "%83", "%84", "%85", "%86")        \
    X(what, 168, "%84", "%85", "%86", "%87", "%88", "%89", "%90")        \
    X(what, 176, "%88", "%89", "%90", "%91", "%92", "%93", "%94")        \
    X(what, 184, "%92", "%93", "%94", "%95", "%96", "%97", "%98")        \
    X(what, 192, "%96", "%97", "%98", "%99", "%100", "%101", "%102")     \
    X(what, 200, "%100", "%101", "%102", "%103", "%104", "%105", "%106") \
    X(what, 208, "%104", "%105", "%106", "%107", "%108", "%109", "%110") \
    X(what, 216, "%108", "%109", "%110", "%111", "%112", "%113", "%114") \
    X(what, 224, "%112", "%113", "%114", "%115", "%116", "%117", "%118") \
    X(what, 232, "%116", "%117", "%118", "%119", "%120", "%121", "%122") \
    X(what, 240, "%120", "%121", "%122", "%123", "%124", "%125", "%126") \
    X(what, 248, "%124", "%125", "%126", "%127", "%128", "%129", "%130") \
    X(what, 256, "%128", "%129", "%130", "%131", "%132", "%133", "%134")

#define GPU_WGMMA_TEXT(n, shape, types, operands, sum, more)                                               \
    "{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " sum ", 0;\n\twgmma.mma_async.sync.aligned.m64n" #n shape types \
    " {" GPU_R##n "}, " operands ", p, 1, 1" more ";\n\t}"
#define GPU_WGMMA_HALVES(type, n, o0, o1, o2, o3, o4, o5, o6)                             \
    if constexpr (N == n)                                                                 \
        asm volatile(GPU_WGMMA_TEXT(n, "k16.f32.", type, o0 ", " o1, o2, ", " o3 ", " o4) \
                     : GPU_D##n                                                           \
                     : "l"(left), "l"(right), "r"(sum), "n"(A), "n"(B));
#define GPU_WGMMA_BYTES(type, n, o0, o1, o2, o3, o4, o5, o6)                 \
    if constexpr (N == n)                                                    \
        asm volatile(GPU_WGMMA_TEXT(n, "k32.f32.", type, o0 ", " o1, o2, "") \
                     : GPU_D##n                                              \
                     : "l"(left), "l"(right), "r"(sum));
#define GPU_WGMMA_FROM(o0, o1, o2, o3, o4) "{" o0 ", " o1 ", " o2 ", " o3 "}, " o4
#define GPU_WGMMA_REGISTER_HALVES(type, n, o0, o1, o2, o3, o4, o5, o6)                                    \
    if constexpr (N == n)                                                                                 \
        asm volatile(GPU_WGMMA_TEXT(n, "k16.f32.", type, GPU_WGMMA_FROM(o0, o1, o2, o3, o4), o5, ", " o6) \
                     : GPU_D##n                                                                           \
                     : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "l"(right), "r"(sum),      \
                       "n"(B));
#define GPU_WGMMA_REGISTER_BYTES(type, n, o0, o1, o2, o3, o4, o5, o6)                                \
    if constexpr (N == n)                                                                            \
        asm volatile(GPU_WGMMA_TEXT(n, "k32.f32.", type, GPU_WGMMA_FROM(o0, o1, o2, o3, o4), o5, "") \
                     : GPU_D##n                                                                      \
                     : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "l"(right), "r"(sum));

template <int N, int A = GPU_K_MAJOR, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_f16(float (&d)[N / 2], unsigned long long left, unsigned long long right, int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_HALVES, "f16.f16")
}

template <int N, int A = GPU_K_MAJOR, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_bf16(float (&d)[N / 2], unsigned long long left, unsigned long long right, int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_HALVES, "bf16.bf16")
}

template <int N>
GPU_WRAP void gpu_wgmma_f8e4m3(float (&d)[N / 2], unsigned long long left, unsigned long long right, int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_BYTES, "e4m3.e4m3")
}

template <int N, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_f16_registers(float (&d)[N / 2], const unsigned (&left)[4], unsigned long long right,
                                      int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_REGISTER_HALVES, "f16.f16")
}

template <int N, int B = GPU_K_MAJOR>
GPU_WRAP void gpu_wgmma_bf16_registers(float (&d)[N / 2], const unsigned (&left)[4], unsigned long long right,
                                       int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_REGISTER_HALVES, "bf16.bf16")
}

template <int N>
GPU_WRAP void gpu_wgmma_f8e4m3_registers(float (&d)[N / 2], const unsigned (&left)[4],
                                         unsigned long long right, int sum)
{
    GPU_WGMMA_SIZES(GPU_WGMMA_REGISTER_BYTES, "e4m3.e4m3")
}

#endif
#endif
#endif
