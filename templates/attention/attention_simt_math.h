/* attention_simt's products and what stands between them. Needs attention_simt_stage.h. */
#ifndef TUNEBOOK_ATTENTION_SIMT_MATH_H
#define TUNEBOOK_ATTENTION_SIMT_MATH_H

/* N floats, a multiple of four, of shared memory. */
template <int N> GPU_DEVICE void floats_from(const float *from, float *x)
{
    unsigned word[N];
    words_load<4 * N>(from, word);
    GPU_UNROLL
    for (int i = 0; i < N; i++) x[i] = gpu_float(word[i]);
}

/* --- scores --- */

/* N columns of a thread's rows of Q and of its keys. */
template <int N>
GPU_DEVICE void multiply_step(const float *queries, const float (*keys)[N], float (*scores)[KEYS])
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        float q[N];
        floats_from<N>(queries + i * PITCH_Q, q);
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) {
            GPU_UNROLL
            for (int c = 0; c < N; c++) scores[i][j] = gpu_fma(q[c], keys[j][c], scores[i][j]);
        }
    }
}

GPU_DEVICE void multiply_keys_shared(const struct place &place, const float *queries, const float *buffer,
                                     int columns, float (*scores)[KEYS])
{
    const float *first = buffer + place.lane * PITCH_KV;
    GPU_UNROLL_BY(UNROLL)
    for (int c = 0; c < columns; c += 4) {
        float keys[KEYS][4];
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) floats_from<4>(first + j * LANES * PITCH_KV + c, keys[j]);
        multiply_step<4>(queries + c, keys, scores);
    }
}

/* Each lane reads its own keys' rows. */
GPU_DEVICE void multiply_keys_direct(const struct attention_args &args, const struct work &work,
                                     const struct place &place, const struct tile &tile, const float *queries,
                                     float (*scores)[KEYS])
{
    typedef side<false> S;
    constexpr int EACH = MOST(S::EACH, 4), BYTES = EACH * KV_BYTES;
    const kv_t *row[KEYS];
    bool inside[KEYS];
    GPU_UNROLL
    for (int j = 0; j < KEYS; j++) {
        int key = key_of(tile.number, place.lane + j * LANES);
        inside[j] = tile.live && attention_is_key(work.s, key);
        row[j] =
            attention_k(args, work.s, attention_place_of(work.s, inside[j] ? key : 0), work.rows.kv_head);
    }
    GPU_UNROLL_BY(UNROLL)
    for (int c = 0; c < SIZE_D; c += EACH) {
        float keys[KEYS][EACH];
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) {
            unsigned word[BYTES / 4];
            attention_load<BYTES>(row[j] + c, inside[j], word);
            numbers_from<KV_TYPE, EACH>(word, keys[j]);
        }
        multiply_step<EACH>(queries + c, keys, scores);
    }
}

/* Products of the thread's rows of Q and its keys of a tile. */
GPU_DEVICE void multiply_keys(const struct attention_args &args, const struct work &work,
                              const struct place &place, const struct tile &tile, const float *shared,
                              struct supply *supply, float (*scores)[KEYS])
{
    const float *queries = shared + place.row * PITCH_Q;
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) scores[i][j] = 0;
    }
    if (KV == KV_DIRECT) {
        multiply_keys_direct(args, work, place, tile, queries, scores);
        return;
    }
    GPU_UNROLL
    for (int chunk = 0; chunk < CHUNKS_K; chunk++) {
        if (!AHEAD) fetch<false>(args, work, place, tile, chunk, supply);
        const float *buffer = put<false>(place, supply);
        if (AHEAD && chunk + 1 < CHUNKS_K) fetch<false>(args, work, place, tile, chunk + 1, supply);
        if (AHEAD && chunk + 1 == CHUNKS_K) fetch<true>(args, work, place, tile, 0, supply);
        multiply_keys_shared(place, queries + chunk * WIDTH_K, buffer,
                             LEAST(WIDTH_K, SIZE_D - chunk * WIDTH_K), scores);
    }
}

/* --- weights --- */

/* Weights of the thread's scores go to shared memory; sums and outputs so far are put to the new maximum. */
GPU_DEVICE void weigh(const struct work &work, const struct place &place, const struct tile &tile,
                      const float (*scores)[KEYS], struct state *state, float *weights)
{
    gpu_wave_barrier(); /* the row's lanes have read the weights before */
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        float x[KEYS], max = state->max[i], sum = 0;
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) {
            int key = key_of(tile.number, place.lane + j * LANES);
            bool seen = tile.live && attention_sees(state->sees[i], key);
            x[j] = seen ? attention_score(work.scoring, scores[i][j]) : ATTENTION_HIDDEN;
            max = gpu_max(max, x[j]);
        }
        GPU_UNROLL
        for (unsigned n = LANES / 2; n; n /= 2) max = gpu_max(max, gpu_shuffle_xor(max, n));
        float base = attention_base(max), factor = gpu_exp2(state->max[i] - base);
        GPU_UNROLL
        for (int j = 0; j < KEYS; j++) {
            float weight = gpu_exp2(x[j] - base);
            weights[(place.row + i) * PITCH_P + place.lane + j * LANES] = weight;
            sum += weight;
        }
        state->max[i] = max;
        state->sum[i] = gpu_fma(state->sum[i], factor, sum);
        GPU_UNROLL
        for (int j = 0; j < CHUNKS_V * RUNS; j++) {
            GPU_UNROLL
            for (int c = 0; c < 4; c++) state->o[i][j][c] *= factor;
        }
    }
    gpu_wave_barrier();
}

/* --- values --- */

/* Where a thread's run of four columns begins within WIDTH_V; those without one do another's work. */
GPU_DEVICE bool has_run(const struct place &place, int run)
{
    return (place.lane + run * LANES) * 4 < WIDTH_V;
}

GPU_DEVICE int run_column(const struct place &place, int run)
{
    return has_run(place, run) ? (place.lane + run * LANES) * 4 : 0;
}

/* Four keys' weights times their values, into the outputs of one chunk. */
GPU_DEVICE void add_values(const float *weights, const float (*values)[RUNS][4], int chunk,
                           struct state *state)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        float p[4];
        floats_from<4>(weights + i * PITCH_P, p);
        GPU_UNROLL
        for (int run = 0; run < RUNS; run++) {
            GPU_UNROLL
            for (int key = 0; key < 4; key++) {
                GPU_UNROLL
                for (int c = 0; c < 4; c++) {
                    float *o = &state->o[i][chunk * RUNS + run][c];
                    *o = gpu_fma(p[key], values[key][run][c], *o);
                }
            }
        }
    }
}

GPU_DEVICE void multiply_values_shared(const struct place &place, const float *weights, const float *buffer,
                                       int chunk, struct state *state)
{
    GPU_UNROLL_BY(UNROLL)
    for (int key = 0; key < TILE_N; key += 4) {
        float values[4][RUNS][4];
        GPU_UNROLL
        for (int j = 0; j < 4; j++) {
            GPU_UNROLL
            for (int run = 0; run < RUNS; run++)
                floats_from<4>(buffer + (key + j) * PITCH_KV + run_column(place, run), values[j][run]);
        }
        add_values(weights + key, values, chunk, state);
    }
}

/* Four keys in a row lie in one page: the smallest has 16. */
GPU_DEVICE void multiply_values_direct(const struct attention_args &args, const struct work &work,
                                       const struct place &place, const struct tile &tile,
                                       const float *weights, struct state *state)
{
    constexpr int BYTES = 4 * KV_BYTES;
    GPU_UNROLL_BY(UNROLL)
    for (int key = 0; key < TILE_N; key += 4) {
        float values[4][RUNS][4];
        int first = key_of(tile.number, key);
        bool begins = tile.live && attention_is_key(work.s, first);
        const kv_t *row =
            attention_v(args, work.s, attention_place_of(work.s, begins ? first : 0), work.rows.kv_head);
        GPU_UNROLL
        for (int j = 0; j < 4; j++) {
            bool inside = begins && attention_is_key(work.s, first + j);
            GPU_UNROLL
            for (int run = 0; run < RUNS; run++) {
                unsigned word[KV_BYTES];
                attention_load<BYTES>(row + j * args.v_stride_token + run_column(place, run), inside, word);
                numbers_from<KV_TYPE, 4>(word, values[j][run]);
            }
        }
        add_values(weights + key, values, 0, state);
    }
}

GPU_DEVICE void multiply_values(const struct attention_args &args, const struct work &work,
                                const struct place &place, const struct tile &tile, const struct tile &next,
                                const float *weights, struct supply *supply, struct state *state)
{
    weights += place.row * PITCH_P;
    if (KV == KV_DIRECT) {
        multiply_values_direct(args, work, place, tile, weights, state);
        return;
    }
    GPU_UNROLL
    for (int chunk = 0; chunk < CHUNKS_V; chunk++) {
        if (!AHEAD) fetch<true>(args, work, place, tile, chunk, supply);
        const float *buffer = put<true>(place, supply);
        if (AHEAD && chunk + 1 < CHUNKS_V) fetch<true>(args, work, place, tile, chunk + 1, supply);
        if (AHEAD && chunk + 1 == CHUNKS_V) fetch<false>(args, work, place, next, 0, supply);
        multiply_values_shared(place, weights, buffer, chunk, state);
    }
}

#endif
