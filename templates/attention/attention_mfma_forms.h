/* The matrix instructions of attention_mfma, and who holds what of them.
 *
 * An instruction multiplies FORM rows by FORM columns. A lane gives 16 bytes of a row and of a column, which
 * are one or two instructions; lanes come in GROUPS of FORM, each of which holds other elements of k. Of the
 * sums a lane has those of column lane % FORM, rows 4 (lane / FORM) + r for 16 x 16, 8 (r / 4) + 4 (lane /
 * FORM) + r % 4 for 32 x 32 (AMD matrix instruction calculator).
 *
 * Scores are computed as K Q^T: keys are rows, so that a lane has keys of one query. Values are added up as
 * V^T P^T, of which queries are columns too, and keys are k: a lane's weights are then its operand as they
 * are, since which k a lane holds is free, and what belongs to a query, as its maximum, is one number of the
 * lane. The line of K that is a row of the instruction is chosen so that a lane has eight keys side by side:
 *
 *     FORM 32    row m: key 16 (m / 4 % 2) + 4 (m / 8) + m % 4; the lane's 16 keys begin at 16 (lane / 32)
 *     FORM 16    two tiles side by side, row m of the first: 8 (m / 4) + m % 4, of the second 4 on; the
 * lane's 8 keys begin at 8 (lane / 16) */
#ifndef TUNEBOOK_ATTENTION_MFMA_FORMS_H
#define TUNEBOOK_ATTENTION_MFMA_FORMS_H

#define FORM   MFMA
#define GROUPS (64 / FORM)
#define HELD   (FORM * FORM / 64) /* sums of an instruction that a lane has */
#define STEPS  (GPU_ARCH == 0x950 ? 1 : 2)

#if MFMA == 32
typedef gpu_f32x16 sums_t;
#else
typedef gpu_f32x4 sums_t;
#endif

#if GPU_ARCH == 0x950 && Q_TYPE == DTYPE_F16
#define PRODUCT_16 gpu_mfma_f32_16x16x32_f16
#define PRODUCT_32 gpu_mfma_f32_32x32x16_f16
#elif GPU_ARCH == 0x950
#define PRODUCT_16 gpu_mfma_f32_16x16x32_bf16
#define PRODUCT_32 gpu_mfma_f32_32x32x16_bf16
#elif Q_TYPE == DTYPE_F16
#define PRODUCT_16 gpu_mfma_f32_16x16x16_f16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_f16
#else
#define PRODUCT_16 gpu_mfma_f32_16x16x16_bf16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_bf16
#endif

#if MFMA == 32
#define PRODUCT PRODUCT_32
#else
#define PRODUCT PRODUCT_16
#endif

GPU_DEVICE int form_lane(void)
{
    return (int)gpu_lane() % FORM;
}

GPU_DEVICE int form_group(void)
{
    return (int)gpu_lane() / FORM;
}

/* sums + rows . columns, of 16 bytes a lane. */
GPU_DEVICE sums_t multiply(gpu_u32x4 rows, gpu_u32x4 columns, sums_t sums)
{
#if GPU_ARCH == 0x950
    return PRODUCT(rows, columns, sums);
#else
    GPU_UNROLL
    for (int i = 0; i < STEPS; i++) {
        gpu_u32x2 row = {rows[2 * i], rows[2 * i + 1]}, column = {columns[2 * i], columns[2 * i + 1]};
        sums = PRODUCT(row, column, sums);
    }
    return sums;
#endif
}

GPU_DEVICE sums_t no_sums(void)
{
    sums_t sums;
    GPU_UNROLL
    for (int r = 0; r < HELD; r++) sums[r] = 0;
    return sums;
}

/* The larger of the lanes that share a column, in all of them; and their sum. */
GPU_DEVICE float largest_of_column(float x)
{
    GPU_UNROLL
    for (int lanes = FORM; lanes < 64; lanes *= 2) x = gpu_max(x, gpu_shuffle_xor(x, (unsigned)lanes));
    return x;
}

GPU_DEVICE float sum_of_column(float x)
{
    GPU_UNROLL
    for (int lanes = FORM; lanes < 64; lanes *= 2) x += gpu_shuffle_xor(x, (unsigned)lanes);
    return x;
}

/* Of a wave's keys the one that is row form_lane() of its tile `tile`. */
GPU_DEVICE int key_of_row(int tile)
{
    int m = form_lane();
    if (FORM == 32) return tile * 32 + 16 * (m / 4 % 2) + 4 * (m / 8) + m % 4;
    return tile / 2 * 32 + 8 * (m / 4) + 4 * (tile % 2) + m % 4;
}

/* The lane's eights of keys: how far an eight is from its first, the first key of an eight, and which sum of
 * which tile element `e` of it is. */
GPU_DEVICE constexpr int eight_distance(int eight)
{
    return FORM == 32 ? eight / 2 * 32 + eight % 2 * 8 : eight * 32;
}

GPU_DEVICE int key_of_eight(int eight)
{
    return (FORM == 32 ? 16 : 8) * form_group() + eight_distance(eight);
}

#define EIGHT_TILE(eight, e) (FORM == 32 ? (eight) / 2 : 2 * (eight) + (e) / 4)
#define EIGHT_SUM(eight, e)  (FORM == 32 ? (eight) % 2 * 8 + (e) : (e) % 4)

#endif
