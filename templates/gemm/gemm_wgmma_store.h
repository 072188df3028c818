/* A tile's sums into D.
 *
 * A thread has of each block of 64 rows, for each 8 columns j, sums[4*j + 2*h + i] of row 16 * warp + lane /
 * 4 + 8 * h and column 8 * j + 2 * (lane % 4) + i (PTX ISA, "wgmma: Accumulator D fragments"). */
#ifndef TUNEBOOK_GEMM_WGMMA_STORE_H
#define TUNEBOOK_GEMM_WGMMA_STORE_H

/* Between one tile of a consumer and its next. */
struct store_state {
    unsigned turns, tiles;
};

GPU_DEVICE int row_in_block(int half)
{
    return (int)(gpu_thread_x() / 32 % 4 * 16 + gpu_lane() / 4) + 8 * half;
}

/* The consumer's first row in the tile. */
GPU_DEVICE int first_row(const struct place *place)
{
    return SCHEDULE == SCHEDULE_TURNS ? 0 : (int)place->group * CONSUMER_ROWS;
}

#if STORE == STORE_DIRECT
/* Two columns at a time: four lanes write 16 bytes of a row together, or 32 of floats. */
GPU_DEVICE void store_tile(const struct gemm_wgmma_args &args, const struct memory *memory,
                           const struct place *place, const struct tile *tile,
                           float (&sums)[ROW_BLOCKS][SUMS], struct store_state *state)
{
    struct output out = output_of(args.gemm, tile->item);
    (void)memory, (void)state;
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * 2; i++) {
        long long row = tile->row + first_row(place) + i / 2 * 64 + row_in_block(i % 2);
        if (row >= args.gemm.m) continue;
        GPU_UNROLL
        for (int j = 0; j < TILE_COLUMNS / 8; j++) {
            const float *two = &sums[i / 2][4 * j + 2 * (i % 2)];
            long long column = tile->column + 8 * j + 2 * (int)(gpu_lane() % 4);
            output_run<2>(&out, row, column, two, GLU ? two + SUMS / 2 : two);
        }
    }
}

GPU_DEVICE void store_end(const struct memory *memory)
{
    (void)memory;
}
#endif

#if STORE == STORE_ENGINE
#define PIECE_COLUMNS 64 /* of two bytes: a line */
#define PIECE_BYTES   (64 * LINE_BYTES)
#define PIECES        (TILE_COLUMNS / PIECE_COLUMNS) /* side by side */

GPU_DEVICE unsigned packed(float low, float high)
{
    return to_out(low) | to_out(high) << 16;
}

/* What becomes of two neighbouring sums; outside D anything, for the engine leaves it out. */
template <bool ADDS>
GPU_DEVICE unsigned finished(const struct output *out, const out_t *c, bool inside, int column,
                             const float *two, const float *values)
{
    float x[2];
    GPU_UNROLL
    for (int i = 0; i < 2; i++) {
        bool real = column + i < out->columns;
        x[i] = output_element(out, BIAS && !real ? 0 : column + i, two[i], GLU ? values[i] : 0);
        if (ADDS && inside && real) x[i] = gpu_fma(out->beta, out_element(c + column + i), x[i]);
    }
    return packed(x[0], x[1]);
}

/* 64 rows by 64 columns: the warp's 16 rows, 16 columns at a time. Lane l names a row of 16 bytes: rows 0 to
 * 15 of the first eight columns, then of the next. Lines are swizzled as the engine reads them. */
template <bool ADDS>
GPU_DEVICE void write_piece(unsigned char *piece, const struct output *out, long long row, long long rows,
                            int column, const float *sums)
{
    unsigned lane = gpu_lane(), line = gpu_thread_x() / 32 % 4 * 16 + lane % 16;
    GPU_UNROLL
    for (int j = 0; j < PIECE_COLUMNS / 8; j += 2) {
        unsigned word[4];
        GPU_UNROLL
        for (int i = 0; i < 4; i++) {
            const float *two = sums + 4 * (j + i / 2) + 2 * (i % 2);
            long long at = row + row_in_block(i % 2);
            word[i] = finished<ADDS>(out, out->c + at * out->ldc, at < rows,
                                     column + 8 * (j + i / 2) + 2 * (int)(lane % 4), two, two + SUMS / 2);
        }
        unsigned unit = (unsigned)j + lane / 16;
        gpu_stmatrix_x4(piece + line * LINE_BYTES + (unit ^ line % 8) * 16, word);
    }
}

template <bool ADDS>
GPU_DEVICE void write_pieces(unsigned char *pieces, const struct output *out, const struct tile *tile,
                             int first, long long rows, float (&sums)[ROW_BLOCKS][SUMS])
{
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * PIECES; i++) {
        int block = i / PIECES, piece = i % PIECES;
        write_piece<ADDS>(pieces + i * PIECE_BYTES, out, tile->row + first + 64 * block, rows,
                          tile->column + piece * PIECE_COLUMNS, &sums[block][piece * PIECE_COLUMNS / 2]);
    }
}

/* One thread of the warpgroup hands the pieces over; the next tile's are written when they have been read. */
GPU_DEVICE void store_tile(const struct gemm_wgmma_args &args, const struct memory *memory,
                           const struct place *place, const struct tile *tile,
                           float (&sums)[ROW_BLOCKS][SUMS], struct store_state *state)
{
    struct output out = output_of(args.gemm, tile->item);
    unsigned char *pieces = memory->store + place->group * (CONSUMER_ROWS * TILE_COLUMNS * 2);
    bool hands_over = gpu_thread_x() % 128 == 0;
    (void)state;
    if (hands_over) GPU_TENSOR_STORE_WAIT_READ(0);
    gpu_named_barrier(1 + place->group, 128);
    if (out.beta != 0)
        write_pieces<true>(pieces, &out, tile, first_row(place), args.gemm.m, sums);
    else
        write_pieces<false>(pieces, &out, tile, first_row(place), args.gemm.m, sums);
    gpu_fence_async_shared();
    gpu_named_barrier(1 + place->group, 128);
    if (!hands_over) return;
    for (int i = 0; i < ROW_BLOCKS * PIECES; i++)
        gpu_tensor_store(&args.d, pieces + i * PIECE_BYTES, tile->column + i % PIECES * PIECE_COLUMNS,
                         tile->row + first_row(place) + 64 * (i / PIECES), tile->item);
    gpu_tensor_store_commit();
}

GPU_DEVICE void store_end(const struct memory *memory)
{
    (void)memory;
    if (gpu_thread_x() % 128 == 0) GPU_TENSOR_STORE_WAIT(0);
}
#endif

#if STORE == STORE_SHARED
#define RUN           4 /* floats at a time, 16 bytes */
#define STORE_THREADS (SCHEDULE == SCHEDULE_TURNS ? 128 : CONSUMERS * 128)

/* The warpgroup's sums as floats, as rows of D. */
GPU_DEVICE void write_sums(float *to, const struct place *place, float (&sums)[ROW_BLOCKS][SUMS])
{
    GPU_UNROLL
    for (int i = 0; i < ROW_BLOCKS * 2; i++) {
        int row = first_row(place) + i / 2 * 64 + row_in_block(i % 2);
        GPU_UNROLL
        for (int j = 0; j < Y_ROWS / 8; j++) {
            const float *two = &sums[i / 2][4 * j + 2 * (i % 2)];
            int column = 8 * j + 2 * (int)(gpu_lane() % 4);
            if constexpr (SWAP) {
                to[column * SUM_PITCH + row] = two[0];
                to[(column + 1) * SUM_PITCH + row] = two[1];
            } else {
                store_floats<2>(to + row * SUM_PITCH + column, two);
            }
        }
    }
}

/* RUN sums of the tile over all slices of k, in order: each slice is in the shared memory of its block. */
GPU_DEVICE void add_slices(const float *from, const struct place *place, float *sums)
{
    unsigned word[RUN];
    GPU_UNROLL
    for (unsigned slice = 0; slice < SPLIT_K; slice++) {
        const void *there = from;
        if (SPLIT_K > 1) there = gpu_cluster_shared(from, rank_of(place->rank_m, place->rank_n, slice));
        load_words<RUN>(there, word);
        GPU_UNROLL
        for (int i = 0; i < RUN; i++) sums[i] = (slice ? sums[i] : 0) + gpu_float(word[i]);
    }
}

/* Each block of a split k stores its share of the tile's runs, row by row. */
GPU_DEVICE void store_runs(const struct gemm_wgmma_args &args, const float *from, const struct place *place,
                           const struct tile *tile)
{
    constexpr int RUNS = TILE_COLUMNS / RUN;
    struct output out = output_of(args.gemm, tile->item);
    int thread = (int)(gpu_thread_x() % STORE_THREADS + STORE_THREADS * place->rank_k);
    for (int i = thread; i < TILE_M * RUNS; i += STORE_THREADS * SPLIT_K) {
        int row = i / RUNS, column = i % RUNS * RUN;
        if (tile->row + row >= args.gemm.m || tile->column + column >= out.columns) continue;
        float sums[RUN], values[RUN];
        add_slices(from + row * SUM_PITCH + column, place, sums);
        if (GLU) add_slices(from + row * SUM_PITCH + TILE_COLUMNS + column, place, values);
        output_run<RUN>(&out, tile->row + row, tile->column + column, sums, GLU ? values : sums);
    }
}

/* Those who store a tile wait for each other: within the block, or in all blocks of a split k. */
GPU_DEVICE void meet(unsigned long long *barrier, const struct place *place, unsigned parity, bool wrote)
{
    if constexpr (SPLIT_K == 1) {
        (void)barrier, (void)parity, (void)wrote;
        gpu_named_barrier(1 + (SCHEDULE == SCHEDULE_TURNS ? place->group : 0), STORE_THREADS);
    } else {
        gpu_wave_barrier();
        if (gpu_lane() < SPLIT_K) {
            unsigned rank = rank_of(place->rank_m, place->rank_n, gpu_lane());
            if (wrote)
                gpu_mbarrier_release_cluster(barrier, rank);
            else
                gpu_mbarrier_arrive_cluster(barrier, rank);
        }
        gpu_mbarrier_wait_cluster(barrier, parity);
    }
}

GPU_DEVICE void store_tile(const struct gemm_wgmma_args &args, const struct memory *memory,
                           const struct place *place, const struct tile *tile,
                           float (&sums)[ROW_BLOCKS][SUMS], struct store_state *state)
{
    float *to = (float *)memory->store;
    if (SCHEDULE == SCHEDULE_TURNS) to += place->group * (SUM_ROWS * SUM_PITCH);
    unsigned parity = state->tiles++ & 1;
    write_sums(to, place, sums);
    meet(memory->ready, place, parity, true);
    store_runs(args, to, place, tile);
    meet(memory->taken, place, parity, false);
}

GPU_DEVICE void store_end(const struct memory *memory)
{
    (void)memory;
}
#endif

#endif
