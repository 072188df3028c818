/* Weights times values, for attention_mfma.
 *
 * Values are the instruction's rows: a lane needs eight keys of one column side by side, but memory has
 * columns side by side. So a lane reads of each of its eight keys RUN columns side by side and turns that
 * block around in registers: it then has rows of RUN tiles. Row m of the t-th of these is column RUN * m + t,
 * and four rows that a lane has in its sums are 4 * RUN columns side by side of O. RUN is 4; what tiles are
 * left are a run of 2, and one of 1.
 *
 * Columns behind SIZE_DV are computed from others, and are not written. */
#ifndef TUNEBOOK_ATTENTION_MFMA_VALUES_H
#define TUNEBOOK_ATTENTION_MFMA_VALUES_H

#define V_TILES ((SIZE_DV + FORM - 1) / FORM)

typedef struct lines<SIZE_DV, SIZE_DV, false> v_lines;
typedef sums_t outputs_t[M_TILES][V_TILES];
typedef gpu_u32x4 weights_t[M_TILES][EIGHTS];

/* How many tiles the run of columns has that begins with tile `tile`. */
constexpr int run_of(int tile)
{
    return tile < V_TILES / 4 * 4 ? 4 : tile < V_TILES / 2 * 2 ? 2 : 1;
}

/* Of the lane's row in tiles `first` on of a run: where its columns begin. */
template <int FIRST> GPU_DEVICE int run_column(void)
{
    int column = FIRST * FORM + run_of(FIRST) * form_lane();
    return SIZE_DV % FORM == 0 || column < SIZE_DV ? column : 0;
}

/* --- a run of columns of eight keys --- */

/* Of each key a word or two, elements in Q's type. */
struct block {
    unsigned word[8][2];
};

/* RUN elements of K's type in memory or in shared memory, as they are in Q's. */
template <int RUN, bool NARROW> GPU_DEVICE void load_run(const unsigned char *from, unsigned *word)
{
    if constexpr (NARROW) {
        float x[4] = {0, 0, 0, 0};
        unsigned codes = RUN == 4   ? gpu_load4(from)
                         : RUN == 2 ? *(const unsigned short *)from
                                    : *(const unsigned char *)from;
        numbers_from<KV_TYPE, RUN>(&codes, x);
        numbers_to<Q_TYPE, 4>(x, word);
    } else if constexpr (RUN == 4) {
        words_load<8>(from, word);
    } else if constexpr (RUN == 2) {
        word[0] = gpu_load4(from);
    } else {
        word[0] = *(const unsigned short *)from;
    }
}

/* Column `t` of a block, eight keys. */
GPU_DEVICE gpu_u32x4 turned(const struct block &block, int t)
{
    gpu_u32x4 out;
    GPU_UNROLL
    for (int p = 0; p < 4; p++) {
        unsigned low = block.word[2 * p][t / 2], high = block.word[2 * p + 1][t / 2];
        out[p] = t % 2 ? gpu_high_halves(low, high) : gpu_low_halves(low, high);
    }
    return out;
}

template <int FIRST>
GPU_DEVICE void multiply_block(const struct block &block, const weights_t weights, int eight,
                               outputs_t outputs)
{
    GPU_UNROLL
    for (int t = 0; t < run_of(FIRST); t++) {
        gpu_u32x4 value = turned(block, t);
        GPU_UNROLL
        for (int i = 0; i < M_TILES; i++)
            outputs[i][FIRST + t] = multiply(value, weights[i][eight], outputs[i][FIRST + t]);
    }
}

/* --- from shared memory --- */

template <int FIRST = 0>
GPU_DEVICE void multiply_values_of(const unsigned char *tile, const weights_t weights, int eight,
                                   outputs_t outputs)
{
    if constexpr (FIRST < V_TILES) {
        struct block block;
        const unsigned char *from =
            tile + (wave_n() * WAVE_KEYS + key_of_eight(eight)) * v_lines::PITCH + 2 * run_column<FIRST>();
        GPU_UNROLL
        for (int e = 0; e < 8; e++) load_run<run_of(FIRST), false>(from + e * v_lines::PITCH, block.word[e]);
        multiply_block<FIRST>(block, weights, eight, outputs);
        multiply_values_of<FIRST + run_of(FIRST)>(tile, weights, eight, outputs);
    }
}

GPU_DEVICE void multiply_values(const unsigned char *tile, const weights_t weights, outputs_t outputs)
{
    GPU_UNROLL
    for (int eight = 0; eight < EIGHTS; eight++) multiply_values_of(tile, weights, eight, outputs);
}

/* --- from memory --- */

#define RUNS (V_TILES / 4 + V_TILES % 4 / 2 + V_TILES % 2)

/* What a lane needs of a tile of values. */
struct own_values {
    struct block block[EIGHTS][RUNS];
};

constexpr int run_number(int first)
{
    return first / 4 + (first % 4 != 0);
}

template <int FIRST = 0> GPU_DEVICE void fetch_run(const kv_t *place, int e, struct block *out)
{
    if constexpr (FIRST < V_TILES) {
        load_run<run_of(FIRST), KV_NARROW>((const unsigned char *)(place + run_column<FIRST>()),
                                           out[run_number(FIRST)].word[e]);
        fetch_run<FIRST + run_of(FIRST)>(place, e, out);
    }
}

/* Eight keys from a multiple of eight on are in one page. */
GPU_DEVICE void fetch_own_values(const struct attention_sequence &s, const struct source &from, int key,
                                 struct own_values *out)
{
    bool whole = key + TILE_N <= s.keys;
    GPU_UNROLL
    for (int eight = 0; eight < EIGHTS; eight++) {
        int line = key + wave_n() * WAVE_KEYS + key_of_eight(eight), last = s.keys - 1 - line;
        const kv_t *place = key_place(s, from, line);
        GPU_UNROLL
        for (int e = 0; e < 8; e++)
            fetch_run(place + (whole || e <= last ? e
                               : last < 0         ? 0
                                                  : last) *
                                  from.token,
                      e, out->block[eight]);
    }
}

template <int FIRST = 0>
GPU_DEVICE void multiply_own_values_of(const struct own_values &values, const weights_t weights, int eight,
                                       outputs_t outputs)
{
    if constexpr (FIRST < V_TILES) {
        multiply_block<FIRST>(values.block[eight][run_number(FIRST)], weights, eight, outputs);
        multiply_own_values_of<FIRST + run_of(FIRST)>(values, weights, eight, outputs);
    }
}

GPU_DEVICE void multiply_own_values(const struct own_values &values, const weights_t weights,
                                    outputs_t outputs)
{
    GPU_UNROLL
    for (int eight = 0; eight < EIGHTS; eight++) multiply_own_values_of(values, weights, eight, outputs);
}

/* --- sums --- */

GPU_DEVICE void scale_outputs(sums_t *outputs, float factor)
{
    GPU_UNROLL
    for (int t = 0; t < V_TILES; t++) {
        GPU_UNROLL
        for (int r = 0; r < HELD; r++) outputs[t][r] *= factor;
    }
}

#endif
