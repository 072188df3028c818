/* A consumer's 64 rows: Q into shared memory, O and LSE out of registers. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_ROWS_H
#define TUNEBOOK_ATTENTION_WGMMA_ROWS_H

GPU_DEVICE void consumer_barrier(unsigned group)
{
    gpu_named_barrier(1 + group, 128);
}

/* Both halves of a word change sign. */
GPU_DEVICE void negate16(unsigned char *at)
{
    gpu_u32x4 word = gpu_load16(at);
    gpu_u32x4 turned = {word[0] ^ 0x80008000u, word[1] ^ 0x80008000u, word[2] ^ 0x80008000u,
                        word[3] ^ 0x80008000u};
    gpu_store16(at, turned);
}

/* Rows beyond the sequence are zeros. Where the scale is negative Q is, too, so that the softmax has to do
 * with positive ones only: returns what that makes of the scale. */
GPU_DEVICE float load_rows(const struct attention_args &args, const struct work &work,
                           const struct consumer &consumer, bool negative)
{
    constexpr int CHUNKS = SIZE_D / 8;
    int first = work.first_row + (int)consumer.group * 64, thread = (int)(gpu_thread_x() % 128);
    consumer_barrier(consumer.group); /* the last item's rows are out */
    for (int i = thread; i < 64 * CHUNKS; i += 128) {
        int row = first + i / CHUNKS, chunk = i % CHUNKS;
        bool real = row < work.rows.n;
        const q_t *from = work.s.q;
        if (real)
            from = attention_q(args, work.s, attention_row_token(work.rows, row),
                               attention_row_head(work.rows, row)) +
                   chunk * 8;
        int offset = chunk_offset<K_LINE, 64>(i / CHUNKS, chunk);
        gpu_copy_async16(consumer.rows + offset, from, real ? 16 : 0);
    }
    gpu_copy_commit();
    GPU_COPY_WAIT(0);
    if (negative)
        for (int i = thread; i < 64 * CHUNKS; i += 128)
            negate16(consumer.rows + chunk_offset<K_LINE, 64>(i / CHUNKS, i % CHUNKS));
    gpu_fence_async_shared();
    consumer_barrier(consumer.group);
    return negative ? -1.0f : 1.0f;
}

/* --- out --- */

GPU_DEVICE struct attention_ending ending_of(const struct attention_args &args, const struct work &work,
                                             int row, float factor, float max, float sum)
{
    sum += gpu_shuffle_xor(sum, 1);
    sum += gpu_shuffle_xor(sum, 2);
    int last = work.rows.n - 1;
    int head = attention_row_head(work.rows, row < last ? row : last);
    return attention_ending_of(args, work.s.number, head, work.rows.kv_head, max * factor, sum);
}

GPU_DEVICE o_t *row_of_output(const struct attention_args &args, const struct work &work, int row)
{
    return attention_o(args, work.s, attention_row_token(work.rows, row), attention_row_head(work.rows, row));
}

#if STORE == STORE_DIRECT
/* Two columns at a time: four lanes write 16 bytes of a row together, or 32 of floats. */
GPU_DEVICE void store_sums(const struct attention_args &args, const struct work &work,
                           const struct consumer &consumer, const struct attention_ending (&endings)[2],
                           const float (&sums)[SUMS])
{
    GPU_UNROLL
    for (int half = 0; half < 2; half++) {
        int row = work.first_row + (int)consumer.group * 64 + own_row(half);
        if (row >= work.rows.n) continue;
        o_t *to = row_of_output(args, work, row) + gpu_lane() % 4 * 2;
        GPU_UNROLL
        for (int j = 0; j < SIZE_DV / 8; j++)
            attention_store<2>(endings[half], &sums[4 * j + 2 * half], to + 8 * j);
    }
}
#else
/* The warp's 16 rows, 16 columns at a time: lane l names a row of 16 bytes, rows 0 to 15 of the first eight
 * columns, then of the next. */
GPU_DEVICE void write_rows(unsigned char *rows, const struct attention_ending (&endings)[2],
                           const float (&sums)[SUMS])
{
    unsigned lane = gpu_lane();
    GPU_UNROLL
    for (int j = 0; j < SIZE_DV / 8; j += 2) {
        unsigned word[4];
        GPU_UNROLL
        for (int i = 0; i < 4; i++) {
            const float *two = &sums[4 * (j + i / 2) + 2 * (i % 2)];
            float x[2] = {attention_output(endings[i % 2], two[0]), attention_output(endings[i % 2], two[1])};
            numbers_to<O_TYPE, 2>(x, &word[i]);
        }
        gpu_stmatrix_x4(rows + lane % 16 * OUT_PITCH + (j + lane / 16) * 16, word);
    }
}

/* Through the place of Q, which no warp reads any more: a warp's rows are its own, and go out whole. */
GPU_DEVICE void store_sums(const struct attention_args &args, const struct work &work,
                           const struct consumer &consumer, const struct attention_ending (&endings)[2],
                           const float (&sums)[SUMS])
{
    constexpr int CHUNKS = SIZE_DV / 8;
    int warp_row = (int)(gpu_thread_x() / 32 % 4 * 16);
    unsigned char *rows = consumer.rows + warp_row * OUT_PITCH;
    consumer_barrier(consumer.group);
    write_rows(rows, endings, sums);
    gpu_wave_barrier();
    for (int i = (int)gpu_lane(); i < 16 * CHUNKS; i += 32) {
        int row = work.first_row + (int)consumer.group * 64 + warp_row + i / CHUNKS;
        if (row >= work.rows.n) continue;
        gpu_u32x4 word = gpu_load16(rows + i / CHUNKS * OUT_PITCH + i % CHUNKS * 16);
        gpu_store16(row_of_output(args, work, row) + i % CHUNKS * 8, word);
    }
}
#endif

/* Sums over what they weigh, and LSE. */
GPU_DEVICE void store_rows(const struct attention_args &args, const struct work &work,
                           const struct consumer &consumer, float factor, const struct state &state,
                           const float (&sums)[SUMS])
{
    struct attention_ending endings[2];
    GPU_UNROLL
    for (int half = 0; half < 2; half++) {
        int row = work.first_row + (int)consumer.group * 64 + own_row(half);
        endings[half] = ending_of(args, work, row, factor, state.max[half], state.sum[half]);
        if (LSE && gpu_lane() % 4 == 0 && row < work.rows.n)
            *attention_lse(args, work.s, attention_row_token(work.rows, row),
                           attention_row_head(work.rows, row)) = endings[half].lse;
    }
    store_sums(args, work, consumer, endings, sums);
}

#endif
