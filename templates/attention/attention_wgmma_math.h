/* A consumer's products, and its way through the tiles of an item. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_MATH_H
#define TUNEBOOK_ATTENTION_WGMMA_MATH_H

struct consumer {
    const struct memory *memory;
    unsigned char *rows; /* of Q, then of O */
    unsigned group;
    struct ring k, v;
};

GPU_DEVICE struct consumer consumer_of(const struct memory &memory, unsigned group)
{
    struct consumer consumer = {&memory, memory.rows + group * ROWS_BYTES, group, {0, 0}, {0, 0}};
    return consumer;
}

/* --- taking turns --- */

#define TURN_BARRIER (1 + CONSUMERS) /* the first of as many; those in front are the consumers' own */

/* Consumer 0's first turn is passed by the last one, whose last pass it takes at the end. */
GPU_DEVICE void turns_begin(unsigned group)
{
    if (TURNS && group == CONSUMERS - 1) gpu_named_arrive(TURN_BARRIER, 256);
}

GPU_DEVICE void turn_wait(unsigned group)
{
    if (TURNS) gpu_named_barrier(TURN_BARRIER + group, 256);
}

GPU_DEVICE void turn_pass(unsigned group)
{
    if (TURNS) gpu_named_arrive(TURN_BARRIER + (group + 1) % CONSUMERS, 256);
}

GPU_DEVICE void turns_end(unsigned group)
{
    if (TURNS && group == 0) gpu_named_barrier(TURN_BARRIER, 256);
}

/* --- products --- */

#if Q_TYPE == DTYPE_F16
#define MULTIPLY_KEYS   gpu_wgmma_f16<TILE_N>
#define MULTIPLY_VALUES gpu_wgmma_f16_registers<SIZE_DV, GPU_MN_MAJOR>
#else
#define MULTIPLY_KEYS   gpu_wgmma_bf16<TILE_N>
#define MULTIPLY_VALUES gpu_wgmma_bf16_registers<SIZE_DV, GPU_MN_MAJOR>
#endif

/* Where elements from 16 * k on of a tile's rows begin. */
template <int ROWS> GPU_DEVICE int step_offset(int k)
{
    return k * 32 / K_LINE * ROWS * K_LINE + k * 32 % K_LINE;
}

/* S = Q.K^T, begun when the keys are there. */
GPU_DEVICE void begin_scores(const struct consumer &consumer, float (&scores)[SCORES])
{
    const unsigned char *keys = consumer.memory->k + consumer.k.stage * K_BYTES;
    GPU_UNROLL
    for (int k = 0; k < SIZE_D / STEP; k++)
        MULTIPLY_KEYS(scores,
                      gpu_wgmma_descriptor(consumer.rows + step_offset<64>(k), 16, 8 * K_LINE, K_LINE),
                      gpu_wgmma_descriptor(keys + step_offset<TILE_N>(k), 16, 8 * K_LINE, K_LINE), k > 0);
    gpu_wgmma_commit();
}

/* O += P.V. V's rows are wgmma's k, its columns lie along the lines. The sums begin as zeros, not with a
 * first product that overwrites: a value of another origin, for an item without keys, would meet these in
 * other registers, and with 256 columns there is no room for both. */
GPU_DEVICE void begin_sums(const struct consumer &consumer, const unsigned (&weights)[TILE_N / STEP][4],
                           float (&sums)[SUMS])
{
    const unsigned char *values = consumer.memory->v + consumer.v.stage * V_BYTES;
    GPU_UNROLL
    for (int k = 0; k < TILE_N / STEP; k++)
        MULTIPLY_VALUES(sums, weights[k],
                        gpu_wgmma_descriptor(values + k * STEP * V_LINE, TILE_N * V_LINE, 8 * V_LINE, V_LINE),
                        1);
    gpu_wgmma_commit();
}

GPU_DEVICE void wait_keys(const struct consumer &consumer)
{
    gpu_mbarrier_wait(consumer.memory->full + consumer.k.stage, consumer.k.phase);
}

GPU_DEVICE void wait_values(const struct consumer &consumer)
{
    gpu_mbarrier_wait(consumer.memory->full + STAGES + consumer.v.stage, consumer.v.phase);
}

/* This warp is done with the tile. */
GPU_DEVICE void release_keys(struct consumer *consumer)
{
    warp_arrive(consumer->memory->empty + consumer->k.stage);
    ring_step(&consumer->k);
}

GPU_DEVICE void release_values(struct consumer *consumer)
{
    warp_arrive(consumer->memory->empty + STAGES + consumer->v.stage);
    ring_step(&consumer->v);
}

/* --- an item's tiles, from the last to the first --- */

#if OVERLAP
/* Products of the next scores and of the present weights are under way together; while the latter go on the
 * scores become weights. */
GPU_DEVICE void attend(const struct work &work, const struct scope &scope, struct consumer *consumer,
                       struct state *state, float (&sums)[SUMS])
{
    float scores[SCORES], rescale[2];
    unsigned weights[TILE_N / STEP][4];
    int tile = work.tiles.last - 1;
    wait_keys(*consumer);
    turn_wait(consumer->group);
    gpu_wgmma_fence();
    begin_scores(*consumer, scores);
    turn_pass(consumer->group);
    GPU_WGMMA_WAIT(0);
    gpu_wgmma_hold(scores);
    release_keys(consumer);
    soften(scope, tile * TILE_N, state, scores, rescale);
    pack_weights(scores, weights);
    while (--tile >= work.tiles.first) {
        wait_keys(*consumer);
        turn_wait(consumer->group);
        gpu_wgmma_hold(scores);
        gpu_wgmma_hold(sums);
        gpu_wgmma_hold(weights);
        gpu_wgmma_fence();
        begin_scores(*consumer, scores);
        wait_values(*consumer);
        gpu_wgmma_fence(); /* ptxas would put one here, for registers may have moved while waiting */
        begin_sums(*consumer, weights, sums);
        turn_pass(consumer->group);
        GPU_WGMMA_WAIT(1);
        gpu_wgmma_hold(scores);
        release_keys(consumer);
        soften(scope, tile * TILE_N, state, scores, rescale);
        GPU_WGMMA_WAIT(0);
        gpu_wgmma_hold(sums);
        gpu_wgmma_hold(weights);
        release_values(consumer);
        rescale_sums(sums, rescale);
        pack_weights(scores, weights);
    }
    wait_values(*consumer);
    gpu_wgmma_hold(sums);
    gpu_wgmma_hold(weights);
    gpu_wgmma_fence();
    begin_sums(*consumer, weights, sums);
    GPU_WGMMA_WAIT(0);
    gpu_wgmma_hold(sums);
    gpu_wgmma_hold(weights);
    release_values(consumer);
}
#else
GPU_DEVICE void attend(const struct work &work, const struct scope &scope, struct consumer *consumer,
                       struct state *state, float (&sums)[SUMS])
{
    float scores[SCORES], rescale[2];
    unsigned weights[TILE_N / STEP][4];
    for (int tile = work.tiles.last - 1; tile >= work.tiles.first; tile--) {
        wait_keys(*consumer);
        turn_wait(consumer->group);
        gpu_wgmma_hold(scores);
        gpu_wgmma_fence();
        begin_scores(*consumer, scores);
        turn_pass(consumer->group);
        GPU_WGMMA_WAIT(0);
        gpu_wgmma_hold(scores);
        release_keys(consumer);
        soften(scope, tile * TILE_N, state, scores, rescale);
        pack_weights(scores, weights);
        rescale_sums(sums, rescale);
        wait_values(*consumer);
        gpu_wgmma_hold(sums);
        gpu_wgmma_hold(weights);
        gpu_wgmma_fence();
        begin_sums(*consumer, weights, sums);
        GPU_WGMMA_WAIT(0);
        gpu_wgmma_hold(sums);
        gpu_wgmma_hold(weights);
        release_values(consumer);
    }
}
#endif

#endif
