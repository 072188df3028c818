/* Where k is split: sums of a slice of k go to the workspace, and a second kernel adds the slices up in order
 * and writes D. The same for every GEMM on a GPU; the workspace has 4 * batch * slices * m * pitch bytes.
 * With SPLIT_MODE_ATOMICS there is one slice, which was zeroed, and blocks add to it in any order. Needs
 * gemm_gpu_tiles.h, gemm_gpu_epilogue.h and SPLIT_MODE before it. */
#ifndef TUNEBOOK_GEMM_GPU_SPLIT_H
#define TUNEBOOK_GEMM_GPU_SPLIT_H

#define REDUCE_THREADS 256

/* Sums of a slice of k: rows of gates, then of values with a glu, each of a multiple of four floats. */
struct partial {
    float *first;    /* of the batch item, slice 0 */
    long long half;  /* floats of D's columns, rounded up */
    long long pitch; /* of a row: half, or twice that */
    long long slice; /* floats of a slice */
};

GPU_DEVICE struct partial partial_of(const struct gemm_args &args, long long item, long long slices)
{
    struct partial out;
    out.half = ((GLU ? args.n / 2 : args.n) + 3) / 4 * 4;
    out.pitch = GLU ? 2 * out.half : out.half;
    out.slice = args.m * out.pitch;
    out.first = (float *)args.workspace + item * slices * out.slice;
    return out;
}

/* N is 1, 2 or 4 and `to` aligned to as many. */
template <int N> GPU_DEVICE void partial_run(float *to, const float *x)
{
#if SPLIT_MODE == SPLIT_MODE_ATOMICS
    GPU_UNROLL
    for (int i = 0; i < N; i++) gpu_atomic_add(to + i, x[i]);
#else
    store_floats<N>(to, x);
#endif
}

GPU_DEVICE void partial_add(const float *from, float *sums)
{
    unsigned word[4];
    load_words<4>(from, word);
    GPU_UNROLL
    for (int i = 0; i < 4; i++) sums[i] += gpu_float(word[i]);
}

/* D from the sums of `slices`, four columns a thread, by a grid of REDUCE_THREADS a block in x and y. */
GPU_DEVICE void reduce_partial(const struct gemm_args &args, long long slices)
{
    long long runs = ((GLU ? args.n / 2 : args.n) + 3) / 4;
    long long blocks = (long long)gpu_grid_x() * gpu_grid_y();
    long long block = gpu_block_x() + (long long)gpu_block_y() * gpu_grid_x();
    long long end = args.batch * args.m * runs;
    for (long long at = block * REDUCE_THREADS + gpu_thread_x(); at < end; at += blocks * REDUCE_THREADS) {
        long long line = divide(at, runs), item = divide(line, args.m), row = line - item * args.m;
        long long column = (at - line * runs) * 4;
        struct partial in = partial_of(args, item, slices);
        struct output out = output_of(args, item);
        const float *from = in.first + row * in.pitch + column;
        float sums[4] = {0, 0, 0, 0}, values[4] = {0, 0, 0, 0};
        for (long long slice = 0; slice < slices; slice++) {
            partial_add(from + slice * in.slice, sums);
            if (GLU) partial_add(from + slice * in.slice + in.half, values);
        }
        output_run<4>(&out, row, column, sums, values);
    }
}

#endif
