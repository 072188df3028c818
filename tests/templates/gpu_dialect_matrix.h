/* The part of gpu_dialect_kernel.hip that checks the matrix instructions, on small whole numbers, so that
 * sums are exact. */
#ifndef TUNEBOOK_TESTS_GPU_DIALECT_MATRIX_H
#define TUNEBOOK_TESTS_GPU_DIALECT_MATRIX_H

GPU_DEVICE int left(unsigned i, unsigned k)
{
    return (int)((i * 3 + k * 5 + i * k) % 7) - 3;
}

GPU_DEVICE int right(unsigned k, unsigned j)
{
    return (int)((k * 2 + j * 3 + (k + j) / 5) % 5) - 2;
}

GPU_DEVICE int sum_of_products(unsigned i, unsigned j, unsigned depth)
{
    int sum = 0;
    GPU_NO_UNROLL
    for (unsigned k = 0; k < depth; k++) sum += left(i, k) * right(k, j);
    return sum;
}

#define CODE_f16(x)  ((unsigned)gpu_to_f16((float)(x)))
#define CODE_bf16(x) ((unsigned)gpu_to_bf16((float)(x)))
#define CODE_i8(x)   ((unsigned)(x)&255)
#define CODE_fp8(x)  ((unsigned)gpu_to_f8e4m3fnuz((float)(x)))
#define CODE_ocp8(x) ((unsigned)gpu_to_f8e4m3((float)(x)))

#if GPU_HAS_MFMA
GPU_DEVICE void pack(const unsigned *a, unsigned *out)
{
    *out = a[0];
}

GPU_DEVICE void pack(const unsigned *a, gpu_u32x2 *out)
{
    *out = gpu_u32x2{a[0], a[1]};
}

GPU_DEVICE void pack(const unsigned *a, gpu_u32x4 *out)
{
    *out = gpu_u32x4{a[0], a[1], a[2], a[3]};
}

GPU_DEVICE void pack(const unsigned *a, gpu_u32x8 *out)
{
    *out = gpu_u32x8{a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]};
}

/* The layouts are those of the vendor's tables: a lane holds consecutive k of one row of A and one column of
 * B, up to 16 and then the next 16 behind those of the other lanes. */
GPU_DEVICE unsigned depth_of(unsigned group, unsigned groups, unsigned each, unsigned e)
{
    unsigned run = each < 16 ? each : 16;
    return run * (e / run * groups + group) + e % run;
}

#define CHECK_MFMA(shape, type, size, depth, bits, operand, sum, element)                           \
    GPU_DEVICE void check_##shape##_##type(const struct here *here)                                 \
    {                                                                                               \
        const unsigned each = (depth) * (size) / 64, place = here->lane % (size),                   \
                       group = here->lane / (size);                                                 \
        unsigned a[8] = {}, b[8] = {};                                                              \
        GPU_UNROLL for (unsigned e = 0; e < each; e++)                                              \
        {                                                                                           \
            a[e * (bits) / 32] |= CODE_##type(left(place, depth_of(group, 64 / (size), each, e)))   \
                                  << e * (bits) % 32;                                               \
            b[e * (bits) / 32] |= CODE_##type(right(depth_of(group, 64 / (size), each, e), place))  \
                                  << e * (bits) % 32;                                               \
        }                                                                                           \
        sum c;                                                                                      \
        GPU_UNROLL for (unsigned r = 0; r < (size) * (size) / 64; r++) c[r] = (element)(r + place); \
        operand left_operand, right_operand;                                                        \
        pack(a, &left_operand);                                                                     \
        pack(b, &right_operand);                                                                    \
        sum d = gpu_##shape##_##type(left_operand, right_operand, c);                               \
        bool ok = true;                                                                             \
        GPU_UNROLL for (unsigned r = 0; r < (size) * (size) / 64; r++)                              \
        {                                                                                           \
            unsigned row = (size) == 16 ? 4 * group + r : 8 * (r / 4) + 4 * group + r % 4;          \
            ok = d[r] == (element)((int)(r + place) + sum_of_products(row, place, depth)) && ok;    \
        }                                                                                           \
        report(here, CHECK_##shape##_##type, ok);                                                   \
    }
CHECK_MFMA(mfma_f32_32x32x8, f16, 32, 8, 16, gpu_u32x2, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x16, f16, 16, 16, 16, gpu_u32x2, gpu_f32x4, float)
CHECK_MFMA(mfma_f32_32x32x8, bf16, 32, 8, 16, gpu_u32x2, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x16, bf16, 16, 16, 16, gpu_u32x2, gpu_f32x4, float)
#if GPU_ARCH == 0x90a
CHECK_MFMA(mfma_i32_32x32x8, i8, 32, 8, 8, unsigned, gpu_i32x16, int)
CHECK_MFMA(mfma_i32_16x16x16, i8, 16, 16, 8, unsigned, gpu_i32x4, int)
#else
CHECK_MFMA(mfma_i32_32x32x16, i8, 32, 16, 8, gpu_u32x2, gpu_i32x16, int)
CHECK_MFMA(mfma_i32_16x16x32, i8, 16, 32, 8, gpu_u32x2, gpu_i32x4, int)
#endif
#if GPU_ARCH == 0x942
CHECK_MFMA(mfma_f32_32x32x16, fp8, 32, 16, 8, gpu_u32x2, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x32, fp8, 16, 32, 8, gpu_u32x2, gpu_f32x4, float)
#elif GPU_ARCH == 0x950
CHECK_MFMA(mfma_f32_32x32x16, ocp8, 32, 16, 8, gpu_u32x2, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x32, ocp8, 16, 32, 8, gpu_u32x2, gpu_f32x4, float)
CHECK_MFMA(mfma_f32_32x32x16, f16, 32, 16, 16, gpu_u32x4, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x32, f16, 16, 32, 16, gpu_u32x4, gpu_f32x4, float)
CHECK_MFMA(mfma_f32_32x32x16, bf16, 32, 16, 16, gpu_u32x4, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x32, bf16, 16, 32, 16, gpu_u32x4, gpu_f32x4, float)
CHECK_MFMA(mfma_i32_32x32x32, i8, 32, 32, 8, gpu_u32x4, gpu_i32x16, int)
CHECK_MFMA(mfma_i32_16x16x64, i8, 16, 64, 8, gpu_u32x4, gpu_i32x4, int)
CHECK_MFMA(mfma_f32_32x32x64, ocp8, 32, 64, 8, gpu_u32x8, gpu_f32x16, float)
CHECK_MFMA(mfma_f32_16x16x128, ocp8, 16, 128, 8, gpu_u32x8, gpu_f32x4, float)
#endif
#endif

#if GPU_HAS_WMMA
/* Who holds what is as device/gpu_wmma.h says: k in runs, to both halves of the wave alike (gfx11) or in
 * turns. */
#if GPU_ARCH == 0x1100
#define WMMA_HALVES           1
#define WMMA_RUN(bits)        16
#define WMMA_ROW(half, place) (2 * (place) + (half))
#else
#define WMMA_HALVES           2
#define WMMA_RUN(bits)        (GPU_ARCH == 0x1201 ? 4 : 128 / (bits))
#define WMMA_ROW(half, place) (8 * (half) + (place))
#endif
#define CHECK_WMMA(shape, type, depth, bits, operand, sum, element)                                       \
    GPU_DEVICE void check_##shape##_##type(const struct here *here)                                       \
    {                                                                                                     \
        const unsigned place = here->lane % 16, half = here->lane / 16, run = WMMA_RUN(bits);             \
        operand a = {}, b = {};                                                                           \
        GPU_UNROLL for (unsigned e = 0; e < (depth) / WMMA_HALVES; e++)                                   \
        {                                                                                                 \
            unsigned k = run * (WMMA_HALVES * (e / run) + half % WMMA_HALVES) + e % run;                  \
            a[e * (bits) / 32] |= CODE_##type(left(place, k)) << e * (bits) % 32;                         \
            b[e * (bits) / 32] |= CODE_##type(right(k, place)) << e * (bits) % 32;                        \
        }                                                                                                 \
        sum c, d;                                                                                         \
        GPU_UNROLL for (unsigned r = 0; r < 8; r++) c[r] = (element)(r + place);                          \
        d = gpu_##shape##_##type(a, b, c);                                                                \
        bool ok = true;                                                                                   \
        GPU_UNROLL for (unsigned r = 0; r < 8; r++) ok =                                                  \
            d[r] == (element)((int)(r + place) + sum_of_products(WMMA_ROW(half, r), place, depth)) && ok; \
        report(here, CHECK_##shape##_##type, ok);                                                         \
    }
#if GPU_ARCH == 0x1100
CHECK_WMMA(wmma11_f32_16x16x16, f16, 16, 16, gpu_u32x8, gpu_f32x8, float)
CHECK_WMMA(wmma11_f32_16x16x16, bf16, 16, 16, gpu_u32x8, gpu_f32x8, float)
CHECK_WMMA(wmma11_i32_16x16x16, i8, 16, 8, gpu_u32x4, gpu_i32x8, int)
#elif GPU_ARCH == 0x1201
CHECK_WMMA(wmma12_f32_16x16x16, f16, 16, 16, gpu_u32x4, gpu_f32x8, float)
CHECK_WMMA(wmma12_f32_16x16x16, bf16, 16, 16, gpu_u32x4, gpu_f32x8, float)
CHECK_WMMA(wmma12_f32_16x16x16, ocp8, 16, 8, gpu_u32x2, gpu_f32x8, float)
CHECK_WMMA(wmma12_i32_16x16x16, i8, 16, 8, gpu_u32x2, gpu_i32x8, int)
#else
CHECK_WMMA(wmma_f32_16x16x32, f16, 32, 16, gpu_u32x8, gpu_f32x8, float)
CHECK_WMMA(wmma_f32_16x16x32, bf16, 32, 16, gpu_u32x8, gpu_f32x8, float)
CHECK_WMMA(wmma_f32_16x16x64, ocp8, 64, 8, gpu_u32x8, gpu_f32x8, float)
CHECK_WMMA(wmma_f32_16x16x128, ocp8, 128, 8, gpu_u32x16, gpu_f32x8, float)
CHECK_WMMA(wmma_i32_16x16x64, i8, 64, 8, gpu_u32x8, gpu_i32x8, int)
#endif
#endif

#if GPU_HAS_MMA
/* PTX ISA: lane 4*g + t holds rows g and g + 8 of A and D, column g of B, and pairs from 2*t. */
#define CHECK_MMA(type)                                                                                   \
    GPU_DEVICE void check_mma_##type(const struct here *here)                                             \
    {                                                                                                     \
        unsigned g = here->lane / 4, t = here->lane % 4, a[4], b[2];                                      \
        for (unsigned i = 0; i < 4; i++) {                                                                \
            unsigned row = g + i % 2 * 8, k = 2 * t + i / 2 * 8;                                          \
            a[i] = CODE_##type(left(row, k)) | CODE_##type(left(row, k + 1)) << 16;                       \
        }                                                                                                 \
        for (unsigned i = 0; i < 2; i++)                                                                  \
            b[i] = CODE_##type(right(2 * t + i * 8, g)) | CODE_##type(right(2 * t + i * 8 + 1, g)) << 16; \
        float c[4] = {(float)t, 1, 2, 3}, d[4];                                                           \
        gpu_mma_m16n8k16_f32_##type(d, a, b, c);                                                          \
        bool ok = true;                                                                                   \
        for (unsigned i = 0; i < 4; i++)                                                                  \
            ok = d[i] == c[i] + (float)sum_of_products(g + i / 2 * 8, 2 * t + i % 2, 16) && ok;           \
        report(here, CHECK_mma_m16n8k16_f32_##type, ok);                                                  \
    }
CHECK_MMA(f16)
CHECK_MMA(bf16)

/* Element (r, c) of matrix i is 64 * i + 8 * r + c. */
GPU_DEVICE bool fragments_right(const struct here *here, const unsigned *registers, unsigned count,
                                bool transposed)
{
    unsigned row = here->lane / 4, column = here->lane % 4 * 2;
    bool ok = true;
    GPU_UNROLL
    for (unsigned i = 0; i < count; i++) {
        unsigned first = 64 * i + (transposed ? 8 * column + row : 8 * row + column);
        ok = registers[i] == (first | (first + (transposed ? 8 : 1)) << 16) && ok;
    }
    return ok;
}

GPU_DEVICE void check_ldmatrix(const struct here *here)
{
    unsigned char *rows = here->shared + here->flat / 32 * 512, *row = rows + here->lane * 16;
    for (unsigned i = 0; i < 8; i++) ((unsigned short *)row)[i] = (unsigned short)(here->lane * 8 + i);
    gpu_wave_barrier();
    unsigned one[1], two[2], four[4];
    bool ok = true;
    gpu_ldmatrix_x1(one, row);
    ok = fragments_right(here, one, 1, false) && ok;
    gpu_ldmatrix_x2(two, row);
    ok = fragments_right(here, two, 2, false) && ok;
    gpu_ldmatrix_x4(four, row);
    ok = fragments_right(here, four, 4, false) && ok;
    gpu_ldmatrix_trans_x1(one, row);
    ok = fragments_right(here, one, 1, true) && ok;
    gpu_ldmatrix_trans_x2(two, row);
    ok = fragments_right(here, two, 2, true) && ok;
    gpu_ldmatrix_trans_x4(four, row);
    ok = fragments_right(here, four, 4, true) && ok;
    report(here, CHECK_ldmatrix, ok);
}
#endif

GPU_DEVICE void check_matrices(const struct here *here)
{
#if GPU_HAS_MFMA
    check_mfma_f32_32x32x8_f16(here);
    check_mfma_f32_16x16x16_f16(here);
    check_mfma_f32_32x32x8_bf16(here);
    check_mfma_f32_16x16x16_bf16(here);
#if GPU_ARCH == 0x90a
    check_mfma_i32_32x32x8_i8(here);
    check_mfma_i32_16x16x16_i8(here);
#else
    check_mfma_i32_32x32x16_i8(here);
    check_mfma_i32_16x16x32_i8(here);
#endif
#if GPU_ARCH == 0x942
    check_mfma_f32_32x32x16_fp8(here);
    check_mfma_f32_16x16x32_fp8(here);
#elif GPU_ARCH == 0x950
    check_mfma_f32_32x32x16_ocp8(here);
    check_mfma_f32_16x16x32_ocp8(here);
    check_mfma_f32_32x32x16_f16(here);
    check_mfma_f32_16x16x32_f16(here);
    check_mfma_f32_32x32x16_bf16(here);
    check_mfma_f32_16x16x32_bf16(here);
    check_mfma_i32_32x32x32_i8(here);
    check_mfma_i32_16x16x64_i8(here);
    check_mfma_f32_32x32x64_ocp8(here);
    check_mfma_f32_16x16x128_ocp8(here);
#endif
#elif GPU_HAS_WMMA
#if GPU_ARCH == 0x1100
    check_wmma11_f32_16x16x16_f16(here);
    check_wmma11_f32_16x16x16_bf16(here);
    check_wmma11_i32_16x16x16_i8(here);
#elif GPU_ARCH == 0x1201
    check_wmma12_f32_16x16x16_f16(here);
    check_wmma12_f32_16x16x16_bf16(here);
    check_wmma12_f32_16x16x16_ocp8(here);
    check_wmma12_i32_16x16x16_i8(here);
#else
    check_wmma_f32_16x16x32_f16(here);
    check_wmma_f32_16x16x32_bf16(here);
    check_wmma_f32_16x16x64_ocp8(here);
    check_wmma_f32_16x16x128_ocp8(here);
    check_wmma_i32_16x16x64_i8(here);
#endif
#elif GPU_HAS_MMA
    check_mma_f16(here);
    check_mma_bf16(here);
    check_ldmatrix(here);
#else
    (void)here;
#endif
}

#endif
