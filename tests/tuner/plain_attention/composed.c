/* What a composed attention does around its two products, for bench_attention_cpu: the softmax of a block of
 * rows, in place, and the division of the product with the values. The functions are those of attention_cpu.
 */
#include "../../../templates/attention/attention_cpu_math.h"
#include "../../../templates/device/cpu.h"

struct composed_rows {
    float *scores, *sums; /* scores in units of log 2; weights afterwards, and their sums */
    float *outputs;
    long long n, columns, pitch;   /* of the scores; a multiple of 16 columns */
    long long first_end, end_step; /* row i sees the columns before first_end + i * end_step */
    long long dv, output_pitch;
};

static void softmax_row(float *scores, long long columns, long long end, float *sum)
{
    vec max = vec_splat(-INFINITE), total = {0};
    vec_int column;
    for (int l = 0; l < LANES; l++) column[l] = l;
    long long whole = end / LANES * LANES;
    for (long long j = 0; j < whole; j += LANES) max = vec_max(vec_load(scores + j), max);
    if (whole < end) {
        vec last = vec_select(column < (int)(end - whole), vec_load(scores + whole), vec_splat(-INFINITE));
        vec_store(scores + whole, last);
        max = vec_max(last, max);
    }
    float lanes[LANES], largest = -INFINITE;
    vec_store(lanes, max);
    for (int l = 0; l < LANES; l++) largest = lanes[l] > largest ? lanes[l] : largest;
    for (long long j = 0; j < end; j += LANES) {
        vec weight = vec_exp2(vec_load(scores + j) - largest);
        vec_store(scores + j, weight);
        total += weight;
    }
    for (long long j = (end + LANES - 1) / LANES * LANES; j < columns; j += LANES)
        vec_store(scores + j, (vec){0});
    vec_store(lanes, total);
    *sum = 0;
    for (int l = 0; l < LANES; l++) *sum += lanes[l];
}

CPU_KERNEL composed_softmax(const struct composed_rows *rows, const struct cpu_block *block)
{
    (void)block;
    for (long long i = 0; i < rows->n; i++) {
        long long end = rows->first_end + i * rows->end_step;
        softmax_row(rows->scores + i * rows->pitch, rows->columns, end < rows->columns ? end : rows->columns,
                    &rows->sums[i]);
    }
}

CPU_KERNEL composed_divide(const struct composed_rows *rows, const struct cpu_block *block)
{
    (void)block;
    for (long long i = 0; i < rows->n; i++) {
        float *output = rows->outputs + i * rows->output_pitch, factor = 1 / rows->sums[i];
        for (long long c = 0; c < rows->dv; c += LANES) vec_store(output + c, vec_load(output + c) * factor);
    }
}
