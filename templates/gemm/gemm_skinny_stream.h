/* What a wave of gemm_skinny reads, step by step along k: whole steps by plain vectors, those at an edge
 * element by element; and A into shared memory. Needs gemm_skinny_load.h. */
#ifndef TUNEBOOK_GEMM_SKINNY_STREAM_H
#define TUNEBOOK_GEMM_SKINNY_STREAM_H

/* Where a lane's vectors of the wave's present step are. */
struct stream {
    const unsigned char *b[TILES];
    const unsigned char *x[X_ROWS]; /* in memory, or in shared memory */
    long long pitch, stride; /* bytes from one vector of a tile to the next, and of B to the next step */
};

/* The row of A that a lane's x[i] is of. Those beyond the last are the last: nobody looks at their sums. */
GPU_DEVICE int row_of(const struct work &work, int i)
{
    int row = MATH == MATH_FMA ? i : work.place.n + i * LANES_N;
    return row < work.rows ? row : work.rows - 1;
}

GPU_DEVICE int shared_pitch(const struct slice &slice)
{
    return ((slice.end - slice.first) * (LANES_K * 16) + 127) / 128 * 128 + X_PAD;
}

GPU_DEVICE struct stream stream_of(const struct work &work, const struct slice &slice,
                                   const unsigned char *activations)
{
    struct stream stream;
    const struct gemm_args &args = *work.args;
    long long k = (long long)slice.mine * STEP_K + work.place.k * PER;
    stream.pitch = args.ldb * ELEMENT_BYTES;
    stream.stride = ALONG_K ? WAVES_K * LANES_K * 16 : WAVES_K * STEP_K * stream.pitch;
    GPU_UNROLL
    for (int t = 0; t < TILES; t++) {
        bool values;
        int column = column_of(work, t, &values);
        if (ALONG_K && column >= work.columns) column = work.columns - 1; /* likewise */
        if (values) column += work.columns;
        long long element = ALONG_K ? column * args.ldb + k : k * args.ldb + column;
        stream.b[t] = work.b + element * ELEMENT_BYTES;
    }
    GPU_UNROLL
    for (int i = 0; i < X_ROWS; i++) {
        long long row = row_of(work, i);
        stream.x[i] = DIRECT ? work.a + (row * args.lda + k) * ELEMENT_BYTES
                             : activations + row * shared_pitch(slice) + work.place.wave_k * (LANES_K * 16) +
                                   work.place.k * 16;
    }
    return stream;
}

GPU_DEVICE void load_x(const struct stream *stream, int ahead, struct step *to)
{
    GPU_UNROLL
    for (int i = 0; i < X_ROWS; i++) {
        const unsigned char *from = stream->x[i] + ahead * (WAVES_K * LANES_K * 16);
        load_vector<(DIRECT ? BYTES_A : 16), false>(from, to->x[i]);
    }
}

/* The wave's step that is `ahead` of the stream's. */
GPU_DEVICE void load_step(const struct stream *stream, int ahead, struct step *to)
{
    GPU_UNROLL
    for (int t = 0; t < TILES; t++) {
        const unsigned char *from =
            stream->b[t] + (ALONG_K ? (long long)ahead * (WAVES_K * LANES_K * 16) : ahead * stream->stride);
        GPU_UNROLL
        for (int l = 0; l < LOADS; l++)
            load_vector<BYTES_B, HINT == HINT_STREAM>(from + l * stream->pitch, to->b[t][l]);
    }
    if (DIRECT) load_x(stream, ahead, to);
}

GPU_DEVICE void advance(struct stream *stream)
{
    GPU_UNROLL
    for (int t = 0; t < TILES; t++) stream->b[t] += STEPS * stream->stride;
    GPU_UNROLL
    for (int i = 0; i < X_ROWS; i++) stream->x[i] += STEPS * WAVES_K * LANES_K * 16;
}

/* --- at the edges --- */

GPU_DEVICE void load_rest_of_tile(const struct work &work, long long k, int tile, struct step *to)
{
    const struct gemm_args &args = *work.args;
    bool values;
    int column = column_of(work, tile, &values), left = work.columns - column;
    if (ALONG_K && left < 1) column = work.columns - 1;
    if (values) column += work.columns;
    GPU_UNROLL
    for (int l = 0; l < LOADS; l++) {
        long long element = ALONG_K ? column * args.ldb + k : (k + l) * args.ldb + column;
        long long count = ALONG_K ? args.k - k : k + l < args.k ? left : 0;
        load_elements(work.b + element * ELEMENT_BYTES, count, to->b[tile][l]);
    }
}

/* Any step; what is beyond k or the columns is 0. */
GPU_DEVICE void load_rest(const struct work &work, const struct slice &slice, int step,
                          const unsigned char *activations, struct step *to)
{
    const struct gemm_args &args = *work.args;
    long long k = (long long)step * STEP_K + work.place.k * PER;
    GPU_UNROLL
    for (int t = 0; t < TILES; t++) load_rest_of_tile(work, k, t, to);
    GPU_UNROLL
    for (int i = 0; i < X_ROWS; i++) {
        long long row = row_of(work, i);
        if (DIRECT)
            load_elements(work.a + (row * args.lda + k) * ELEMENT_BYTES, args.k - k, to->x[i]);
        else
            load_vector<16, false>(activations + row * shared_pitch(slice) +
                                       (step - slice.first) * (LANES_K * 16) + work.place.k * 16,
                                   to->x[i]);
    }
}

/* The block's slice of A into shared memory, with zeros behind k. */
GPU_DEVICE void stage_activations(const struct work &work, const struct slice &slice,
                                  unsigned char *activations)
{
    if (DIRECT) return;
    const struct gemm_args &args = *work.args;
    int vectors = (slice.end - slice.first) * LANES_K;
    for (int row = 0; row < work.rows; row++) {
        for (int v = (int)gpu_thread_x(); v < vectors; v += THREADS) {
            long long k = (long long)slice.first * STEP_K + (long long)v * PER, left = args.k - k;
            const unsigned char *from = work.a + (row * args.lda + k) * ELEMENT_BYTES;
            unsigned char *to = activations + row * shared_pitch(slice) + v * 16;
            unsigned word[4];
            if (BYTES_A == 16) {
                unsigned valid = left >= PER ? 16u : left > 0 ? (unsigned)left * ELEMENT_BYTES : 0u;
                gpu_copy_async16(to, valid ? from : work.a, valid);
                continue;
            }
            load_elements(from, left, word);
            store_words<4>(to, word);
        }
    }
    gpu_copy_commit();
    GPU_COPY_WAIT(0);
    gpu_barrier();
}

#endif
