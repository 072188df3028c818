/* Where waves have shared out the keys (WARPS_KV > 1): what they have of the same rows is put together, by
 * halves and through shared memory, until the first ones have it all. A lane's rows lie there word by word,
 * lanes side by side. Needs attention_mma_softmax.h before it. */
#ifndef TUNEBOOK_ATTENTION_MMA_MERGE_H
#define TUNEBOOK_ATTENTION_MMA_MERGE_H

#define MERGE_WORDS (ROW_TILES * (VALUE_TILES * 4 + 4))
#define MERGE_BYTES (WARPS_KV / 2 * WARPS_M * MERGE_WORDS * 128)

GPU_DEVICE void leave_rows(const struct rows &rows, float *to)
{
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) {
        to[(2 * i) * 32] = rows.max[i / 2][i % 2];
        to[(2 * i + 1) * 32] = rows.sum[i / 2][i % 2];
    }
    GPU_UNROLL
    for (int i = 0; i < ROW_TILES * VALUE_TILES * 4; i++)
        to[(4 * ROW_TILES + i) * 32] = rows.o[i / 4 / VALUE_TILES][i / 4 % VALUE_TILES][i % 4];
}

GPU_DEVICE void join_rows(const float *from, struct rows *rows)
{
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) {
        float *max = &rows->max[i / 2][i % 2], *sum = &rows->sum[i / 2][i % 2];
        float other = from[(2 * i) * 32], next = gpu_max(*max, other), base = attention_base(next);
        float own_shift = gpu_exp2(*max - base), shift = gpu_exp2(other - base);
        *max = next;
        *sum = gpu_fma(*sum, own_shift, from[(2 * i + 1) * 32] * shift);
        GPU_UNROLL
        for (int j = 0; j < VALUE_TILES * 2; j++) {
            int word = j / 2 * 4 + i % 2 * 2 + j % 2;
            float *o = &rows->o[i / 2][j / 2][i % 2 * 2 + j % 2];
            *o = gpu_fma(*o, own_shift, from[(4 * ROW_TILES + i / 2 * VALUE_TILES * 4 + word) * 32] * shift);
        }
    }
}

/* Nobody uses shared memory any more. Afterwards waves with share 0 have everything. */
GPU_DEVICE void merge_rows(unsigned char *shared, struct rows *rows)
{
    int share = (int)gpu_wave() / WARPS_M, place = (int)gpu_wave() % WARPS_M;
    GPU_UNROLL
    for (int half = WARPS_KV / 2; half >= 1; half /= 2) {
        float *slot = (float *)shared + (share % half * WARPS_M + place) * MERGE_WORDS * 32 + (int)gpu_lane();
        if (share >= half && share < 2 * half) leave_rows(*rows, slot);
        gpu_barrier();
        if (share < half) join_rows(slot, rows);
        if (half > 1) gpu_barrier();
    }
}

#endif
