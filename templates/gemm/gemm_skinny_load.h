/* What a wave of gemm_skinny reads, and from where: steps of B and of A, whole ones by plain vectors, those
 * at an edge element by element. Needs the configuration's macros. */
#ifndef TUNEBOOK_GEMM_SKINNY_LOAD_H
#define TUNEBOOK_GEMM_SKINNY_LOAD_H

#if A_TYPE == DTYPE_F32
#define ELEMENT_BYTES 4
#elif A_TYPE == DTYPE_F16 || A_TYPE == DTYPE_BF16
#define ELEMENT_BYTES 2
#else
#define ELEMENT_BYTES 1
#endif

#define PER       (16 / ELEMENT_BYTES) /* elements of a vector */
#define LANES_N   (GPU_WAVE / LANES_K)
#define STEP_K    (LANES_K * PER)
#define LOADS     (ALONG_K ? 1 : PER) /* vectors that a lane has of a tile's step */
#define COLUMNS   (ALONG_K ? 1 : PER) /* of a tile that a lane has */
#define STEPS     (DEPTH >= 2 * LOADS ? DEPTH / LOADS : ALONG_K ? DEPTH : 1)
#define PARTS     (GLU ? 2 : 1)                       /* gates, values */
#define WAVE_PART (TILES / PARTS * LANES_N * COLUMNS) /* columns of a wave's part */
#define D_COLUMNS (WAVES_N * WAVE_PART)               /* columns of a block's part: of D */
#define X_ROWS    (MATH == MATH_FMA ? ROWS : (ROWS + LANES_N - 1) / LANES_N) /* of A, of a lane */
#define DIRECT    (ACTIVATIONS == ACTIVATIONS_DIRECT)

/* Rows in shared memory begin in other banks than the one before: eight lanes read 128 bytes at once. */
#define X_PAD (MATH == MATH_FMA ? 0 : GPU_NVIDIA ? 64 : 16)

#define BYTES_A LEAST(16, 1 << ALIGN_A)
#define BYTES_B LEAST(16, 1 << ALIGN_B)

/* A lane's place. With nt its neighbours are along k, with nn along n, as memory is; matrix instructions
 * have it their way. */
struct place {
    int k, n;           /* of the lane, in a step */
    int wave_k, wave_n; /* of the wave, in the block */
};

GPU_DEVICE struct place place_of_lane(void)
{
    struct place place;
    unsigned lane = gpu_lane(), wave = gpu_shuffle(gpu_wave(), 0); /* one number for the whole wave */
    bool k_first = MATH == MATH_FMA ? ALONG_K : GPU_NVIDIA;
    place.k = (int)(k_first ? lane % LANES_K : lane / LANES_N);
    place.n = (int)(k_first ? lane / LANES_K : lane % LANES_N);
    place.wave_k = (int)(wave % WAVES_K);
    place.wave_n = (int)(wave / WAVES_K);
    return place;
}

/* How often ROWS rows are taken; matrix instructions take all at once. */
#define PASSES(args) (MATH == MATH_MATRIX ? 1 : (unsigned)(((args).m + ROWS - 1) / ROWS))

/* What a block does: rows [row, row + rows) of an item and a tile of columns. */
struct work {
    const struct gemm_args *args;
    const unsigned char *a, *b; /* of the item; a's first row is `row` */
    long long item;
    int row, rows, tile, columns; /* columns: of D */
    struct place place;
};

GPU_DEVICE struct work work_of(const struct gemm_args &args, long long item, unsigned pass)
{
    struct work work;
    work.args = &args;
    work.item = item;
    work.row = (int)pass * ROWS;
    work.rows = (int)args.m - work.row < ROWS ? (int)args.m - work.row : ROWS;
    work.tile = 0;
    work.columns = GLU ? (int)args.n / 2 : (int)args.n;
    work.a = (const unsigned char *)args.a + work.row * args.lda * ELEMENT_BYTES;
    work.b = (const unsigned char *)args.b;
    if (args.batch > 1) {
        work.a += item * args.stride_a * ELEMENT_BYTES;
        work.b += item * args.stride_b * ELEMENT_BYTES;
    }
    work.place = place_of_lane();
    return work;
}

/* The first column of D that a lane has of a tile, and whether it is of values. */
GPU_DEVICE int column_of(const struct work &work, int tile, bool *values)
{
    int within = (tile * LANES_N + work.place.n) * COLUMNS;
    *values = GLU && within >= WAVE_PART;
    if (*values) within -= WAVE_PART;
    return work.tile * D_COLUMNS + work.place.wave_n * WAVE_PART + within;
}

/* --- which steps of k --- */

struct slice {
    int first;     /* of the block; step s has k from s * STEP_K on */
    int mine;      /* the wave's first; then every WAVES_K-th */
    int whole;     /* how many of those are whole, in k and in the tile's columns */
    int rest, end; /* the next one behind them; where all end */
};

GPU_DEVICE struct slice slice_of(const struct work &work)
{
    struct slice slice;
    const struct gemm_args &args = *work.args;
    unsigned k = (unsigned)args.k, steps = (k + STEP_K - 1) / STEP_K;
    slice.first = SPLIT_K == 1 ? 0 : (int)((unsigned long long)steps * gpu_block_y() / SPLIT_K);
    slice.end = SPLIT_K == 1 ? (int)steps : (int)((unsigned long long)steps * (gpu_block_y() + 1) / SPLIT_K);
    slice.mine = slice.first + work.place.wave_k;
    int full = (int)(k / STEP_K) < slice.end ? (int)(k / STEP_K) : slice.end;
    bool inside = (work.tile + 1) * D_COLUMNS <= work.columns;
    if (GLU) inside = inside && work.columns * ELEMENT_BYTES % BYTES_B == 0;
    slice.whole = full > slice.mine ? (int)((unsigned)(full - slice.mine + WAVES_K - 1) / WAVES_K) : 0;
    if (!ALONG_K && !inside) slice.whole = 0;
    slice.rest = slice.mine + slice.whole * WAVES_K;
    return slice;
}

/* --- vectors --- */

/* What a lane has of a step: of B, and of A where that is not in shared memory before. */
struct step {
    unsigned b[TILES][LOADS][4];
    unsigned x[X_ROWS][4];
};

/* 16 bytes in accesses of BYTES, to which `from` is aligned. */
template <int BYTES, bool STREAMED> GPU_DEVICE void load_vector(const unsigned char *from, unsigned *word)
{
    if constexpr (BYTES == 16 && STREAMED) {
        gpu_u32x4 four = gpu_load16_stream(from);
        GPU_UNROLL
        for (int i = 0; i < 4; i++) word[i] = four[i];
    } else if constexpr (BYTES >= 4) {
        GPU_UNROLL
        for (int i = 0; i < 4; i += BYTES / 4) load_words<BYTES / 4>(from + 4 * i, word + i);
    } else if constexpr (BYTES == 2) {
        const unsigned short *half = (const unsigned short *)from;
        GPU_UNROLL
        for (int i = 0; i < 4; i++) word[i] = half[2 * i] | (unsigned)half[2 * i + 1] << 16;
    } else {
        GPU_UNROLL
        for (int i = 0; i < 4; i++)
            word[i] = from[4 * i] | (unsigned)from[4 * i + 1] << 8 | (unsigned)from[4 * i + 2] << 16 |
                      (unsigned)from[4 * i + 3] << 24;
    }
}

/* The first `count` elements; the others are 0. */
GPU_DEVICE void load_elements(const unsigned char *from, long long count, unsigned *word)
{
    GPU_UNROLL
    for (int i = 0; i < 4; i++) word[i] = 0;
    GPU_UNROLL
    for (int i = 0; i < PER; i++) {
        if (i >= count) continue;
#if ELEMENT_BYTES == 4
        word[i] = gpu_load4(from + 4 * i);
#elif ELEMENT_BYTES == 2
        word[i / 2] |= (unsigned)((const unsigned short *)from)[i] << (i % 2 * 16);
#else
        word[i / 4] |= (unsigned)from[i] << (i % 4 * 8);
#endif
    }
}

/* --- a wave's way along k --- */

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
