/* The model against times that others measured: every row, and the medians. */
#include <math.h>
#include "tests/search/measured.h"

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void compare(const char *path, const char *nickname, enum dtype in, int64_t scale_k)
{
    static struct measured_table table;
    const struct device_class *part = class_find(nickname);
    struct model_device device;
    double errors[MEASURED_ROWS_MAX], plain[MEASURED_ROWS_MAX], mean = 0;
    size_t n = 0;
    if (!measured_read(path, in, DTYPE_BF16, &table) || !model_device_of(part, NULL, &device)) {
        printf("SKIPPED: no %s\n", path);
        return;
    }
    for (size_t i = 0; i < table.n; i++) {
        struct measured_row *row = &table.rows[i];
        struct model_estimate estimate;
        struct model_kernel best = row->shape;
        if (row->units != part->units || measured_is_impossible(row, part)) {
            printf("line %u excluded: %u units, %g us\n", row->line, row->units, row->ns / 1e3);
            continue;
        }
        if (row->has_shape)
            model_estimate(&device, &row->work, &row->shape, &estimate);
        else
            measured_best(&device, &row->work, scale_k, &best, &estimate);
        const struct model_work *work = &row->work;
        double flops = 2.0 * (double)work->m * (double)work->n * (double)work->k,
               ratio = estimate.ns / row->ns;
        double bytes = (double)(work->m * work->k + work->n * work->k) * dtype_bytes(in) +
                       2.0 * (double)(work->m * work->n);
        double roofline =
            fmax(flops / (part->peak_tflops[in] * 600), bytes / (part->bandwidth_gbps * 0.75)) + 4000;
        plain[n] = fabs(roofline / row->ns - 1);
        mean += log(ratio);
        errors[n++] = fabs(ratio - 1);
        printf("%5.2f %5lld %5lld %5lld  %8.1f us, %8.1f  %6s %lldx%lldx%lld/%lld s%lld occ%lld", ratio,
               (long long)work->m, (long long)work->n, (long long)work->k, row->ns / 1e3, estimate.ns / 1e3,
               row->library, (long long)best.tile_m, (long long)best.tile_n, (long long)best.tile_k,
               (long long)best.split_k, (long long)best.stages, (long long)estimate.occupancy);
        for (int p = 0; p < MODEL_PARTS; p++)
            printf(" %s%.1f", model_part_name((enum model_part)p), estimate.part_ns[p] / 1e3);
        printf("\n");
    }
    qsort(errors, n, sizeof *errors, ascending);
    qsort(plain, n, sizeof *plain, ascending);
    printf("%s: %zu rows, median error %.1f %% (quartiles %.1f, %.1f), geomean ratio %.3f; plain roofline "
           "%.1f %%\n",
           nickname, n, 100 * errors[n / 2], 100 * errors[n / 4], 100 * errors[3 * n / 4],
           exp(mean / (double)n), 100 * plain[n / 2]);
}

int main(void)
{
    compare("../shared/reference/measured/aiter_gfx950_bf16_llama70B.csv", "mi355x", DTYPE_BF16, 0);
    compare("../shared/reference/measured/aiter_gfx942_304_fp8_blockscale_ds_v3.csv", "mi300x",
            DTYPE_F8E4M3FNUZ, 128);
    return 0;
}
