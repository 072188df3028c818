/* Who does what in gemm_skinny: a lane's place, a block's work, a wave's steps of k; and vectors of 16 bytes.
 * Needs the configuration's macros. */
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

#endif
