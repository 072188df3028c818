/* A tile's way through mma.sync, for mma and handoff: 32 x 32 sums from planes of 32 lines of 32 elements,
 * A's above B's. A line's four chunks of 16 bytes change places with the line's number, so that the eight
 * lines that ldmatrix reads at once lie in different banks. B's lines are columns (nt), or steps of k (nn),
 * which ldmatrix transposes.
 *
 * Who holds what: PTX ISA, "Matrix Fragments for mma.m16n8k16". Needs product.h before it. */
#ifndef TUNEBOOK_TESTS_EMULATOR_MMA_TILE_H
#define TUNEBOOK_TESTS_EMULATOR_MMA_TILE_H

#define TILE  32
#define DEPTH 32
#define PLANE (TILE * 64) /* bytes */
#define STAGE (2 * PLANE)

#if A_TYPE == DTYPE_F16
#define MMA gpu_mma_m16n8k16_f32_f16
#else
#define MMA gpu_mma_m16n8k16_f32_bf16
#endif

GPU_DEVICE int swizzled(int line, int chunk)
{
    return line * 64 + (chunk ^ (line / 2 & 3)) * 16;
}

/* What thread `thread` of `threads` copies of a plane, of which `inside` lines exist, `valid` elements each.
 */
template <int ALIGN>
GPU_DEVICE void copy_plane(unsigned char *plane, const unsigned short *from, long long ld, int inside,
                           int valid, int thread, int threads)
{
    for (int i = thread; i < TILE * 4; i += threads) {
        int line = i / 4, chunk = i % 4;
        int count = line < inside ? 2 * (valid - chunk * 8) : 0; /* bytes */
        const unsigned short *address = from + line * ld + chunk * 8;
        unsigned char *to = plane + swizzled(line, chunk);
        if (ALIGN >= 4) {
            int bytes = count < 0 ? 0 : count < 16 ? count : 16;
            gpu_copy_async16(to, bytes ? address : from, (unsigned)bytes);
            continue;
        }
        for (int part = 0; part < 16; part += 4) {
            int bytes = count < part ? 0 : count < part + 4 ? count - part : 4;
            gpu_copy_async4(to + part, bytes ? address + part / 2 : from, (unsigned)bytes);
        }
    }
}

struct operands {
    const unsigned short *a, *b;
    long long lda, ldb, k;
    int rows, columns; /* of the tile, that exist */
};

GPU_DEVICE struct operands operands_of(const struct gemm_args &args, long long item, long long row,
                                       long long column)
{
    struct operands of;
    of.a = (const unsigned short *)args.a + item * args.stride_a + row * args.lda;
    of.b =
        (const unsigned short *)args.b + item * args.stride_b + column * (LAYOUT == LAYOUT_NT ? args.ldb : 1);
    of.lda = args.lda;
    of.ldb = args.ldb;
    of.k = args.k;
    of.rows = lines_inside(args.m, row, TILE);
    of.columns = lines_inside(args.n, column, TILE);
    return of;
}

GPU_DEVICE void copy_stage(const struct operands *of, long long k, unsigned char *stage, int thread,
                           int threads)
{
    int depth = lines_inside(of->k, k, DEPTH);
    copy_plane<ALIGN_A>(stage, of->a + k, of->lda, of->rows, depth, thread, threads);
    if (LAYOUT == LAYOUT_NT)
        copy_plane<ALIGN_B>(stage + PLANE, of->b + k, of->ldb, of->columns, depth, thread, threads);
    else
        copy_plane<ALIGN_B>(stage + PLANE, of->b + k * of->ldb, of->ldb, depth, of->columns, thread, threads);
}

/* The wave's 16 rows by 32 columns, as four tiles of 8 columns. */
GPU_DEVICE void multiply(const unsigned char *stage, int wave, float (*sums)[4])
{
    int lane = (int)gpu_lane(), matrix = lane / 8, line = lane % 8;
    for (int k = 0; k < DEPTH; k += 16) {
        unsigned a[4], b[4];
        gpu_ldmatrix_x4(a, stage + swizzled(wave * 16 + lane % 16, k / 8 + lane / 16));
        for (int pair = 0; pair < 2; pair++) { /* of tiles */
            if (LAYOUT == LAYOUT_NT)
                gpu_ldmatrix_x4(b, stage + PLANE +
                                       swizzled(pair * 16 + matrix / 2 * 8 + line, k / 8 + matrix % 2));
            else
                gpu_ldmatrix_trans_x4(b, stage + PLANE +
                                             swizzled(k + matrix % 2 * 8 + line, pair * 2 + matrix / 2));
            MMA(sums[2 * pair], a, b, sums[2 * pair]);
            MMA(sums[2 * pair + 1], a, b + 2, sums[2 * pair + 1]);
        }
    }
}

GPU_DEVICE void finish_tile(const struct gemm_args &args, const struct operands *of, long long item,
                            long long row, long long column, int wave, float (*sums)[4])
{
    int lane = (int)gpu_lane();
    for (int tile = 0; tile < 4; tile++)
        for (int r = 0; r < 4; r++) {
            int y = wave * 16 + lane / 4 + r / 2 * 8, x = tile * 8 + lane % 4 * 2 + r % 2;
            if (y < of->rows && x < of->columns) finish(args, item, row + y, column + x, sums[tile][r]);
        }
}

#endif
