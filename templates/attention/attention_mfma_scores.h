/* Scores, for attention_mfma: a wave's rows of Q stay in registers, K comes from shared memory, or from
 * memory itself where nobody else in the block reads the same keys.
 *
 * Of a row's elements a lane has chunk GROUPS * round + lane / FORM of each round. Those behind SIZE_D are
 * zeros of Q; of K they are zeros in shared memory, and from memory the row's first once more.
 *
 * A factor of the scores that is negative turns Q's signs, and one of zero makes Q zero: then maxima of
 * products are those of scores, and a hidden key's -infinity stays that. */
#ifndef TUNEBOOK_ATTENTION_MFMA_SCORES_H
#define TUNEBOOK_ATTENTION_MFMA_SCORES_H

#define ROUNDS       ((SIZE_D + 8 * GROUPS - 1) / (8 * GROUPS))
#define PADDED_D     (ROUNDS * 8 * GROUPS)
#define KEYS_SWIZZLE (SHARED == SHARED_SWIZZLE)

typedef struct lines<SIZE_D, PADDED_D, KEYS_SWIZZLE> k_lines;

struct queries {
    gpu_u32x4 chunk[M_TILES][ROUNDS];
};

/* Rows of the wave from `first` on; those that do not exist are zeros. `factor` becomes positive. */
GPU_DEVICE void load_queries(const struct attention_args &args, const struct attention_sequence &s,
                             const struct attention_rows &rows, int first, float *factor, struct queries *out)
{
    unsigned keep = *factor == 0 ? 0u : ~0u, turn = *factor < 0 ? 0x80008000u : 0u;
    *factor = *factor < 0 ? -*factor : *factor == 0 ? 1.0f : *factor;
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        int row = first + i * FORM + form_lane(), token = 0, head = rows.first_head;
        if (row < rows.n) {
            token = attention_row_token(rows, row);
            head = attention_row_head(rows, row);
        }
        const q_t *from = attention_q(args, s, token, head);
        GPU_UNROLL
        for (int round = 0; round < ROUNDS; round++) {
            int chunk = GROUPS * round + form_group();
            unsigned word[4];
            attention_load<16>(from + 8 * chunk, row < rows.n && 8 * chunk < SIZE_D, word);
            GPU_UNROLL
            for (int w = 0; w < 4; w++) out->chunk[i][round][w] = (word[w] & keep) ^ turn;
        }
    }
}

typedef sums_t scores_t[M_TILES][KEY_TILES];

/* --- from shared memory --- */

/* Places of a lane's chunks follow from its first line's by constants. */
GPU_DEVICE gpu_u32x4 key_chunk(const unsigned char *tile, int key_tile, int round)
{
    int line = wave_n() * WAVE_KEYS + key_of_row(0), chunk = form_group();
    int more = FORM == 32 ? 32 * key_tile : key_tile / 2 * 32 + key_tile % 2 * 4, rounds = GROUPS * round;
    if (k_lines::SWIZZLE)
        chunk = (chunk ^ turn_of(line) ^ turn_of(more) ^ (rounds & 7)) + (rounds & ~7);
    else
        chunk += rounds;
    return gpu_load16(tile + line * k_lines::PITCH + 16 * chunk + more * k_lines::PITCH);
}

GPU_DEVICE void multiply_keys(const struct queries &q, const unsigned char *tile, scores_t scores)
{
    GPU_UNROLL
    for (int round = 0; round < ROUNDS; round++) {
        gpu_u32x4 key[KEY_TILES];
        GPU_UNROLL
        for (int t = 0; t < KEY_TILES; t++) key[t] = key_chunk(tile, t, round);
        GPU_UNROLL
        for (int t = 0; t < KEY_TILES; t++) {
            GPU_UNROLL
            for (int i = 0; i < M_TILES; i++)
                scores[i][t] = multiply(key[t], q.chunk[i][round], scores[i][t]);
        }
    }
}

/* --- from memory --- */

/* What a lane needs of a tile of keys, of those of its wave. */
struct own_keys {
    struct raw raw[KEY_TILES][ROUNDS];
};

GPU_DEVICE void fetch_own_keys(const struct attention_sequence &s, const struct source &from, int key,
                               struct own_keys *out)
{
    GPU_UNROLL
    for (int t = 0; t < KEY_TILES; t++) {
        const kv_t *place = key_place(s, from, key + wave_n() * WAVE_KEYS + key_of_row(t));
        GPU_UNROLL
        for (int round = 0; round < ROUNDS; round++) {
            int chunk = GROUPS * round + form_group();
            bool exists = 8 * chunk < SIZE_D;
            words_load<4 * CHUNK_WORDS>(place + (exists ? 8 * chunk : 0), out->raw[t][round].word);
            if (PADDED_D == SIZE_D) continue;
            GPU_UNROLL
            for (int w = 0; w < CHUNK_WORDS; w++) out->raw[t][round].word[w] &= exists ? ~0u : 0u;
        }
    }
}

GPU_DEVICE void multiply_own_keys(const struct queries &q, const struct own_keys &keys, scores_t scores)
{
    GPU_UNROLL
    for (int round = 0; round < ROUNDS; round++) {
        GPU_UNROLL
        for (int t = 0; t < KEY_TILES; t++) {
            gpu_u32x4 key = chunk_of(keys.raw[t][round]);
            GPU_UNROLL
            for (int i = 0; i < M_TILES; i++) scores[i][t] = multiply(key, q.chunk[i][round], scores[i][t]);
        }
    }
}

GPU_DEVICE void clear_scores(scores_t scores)
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES * KEY_TILES; i++) scores[i / KEY_TILES][i % KEY_TILES] = no_sums();
}

#endif
