/* The model against times that others measured: a line for each row of ../shared/reference/measured, with
 * what the time is made of, and the median errors. */
#include <math.h>
#include "tests/search/measured.h"

static void show(const struct measured_row *row, const struct model_kernel *shape,
                 const struct model_estimate *estimate)
{
    const struct model_work *work = &row->work;
    printf("%5.2f  m=%lld n=%lld k=%lld  %.1f us, measured %.1f  %s%s %lldx%lldx%lld stages %lld split %lld "
           "occupancy %lld:",
           estimate->ns / row->ns, (long long)work->m, (long long)work->n, (long long)work->k,
           estimate->ns / 1e3, row->ns / 1e3, row->library, row->has_shape ? "" : " best of",
           (long long)shape->tile_m, (long long)shape->tile_n, (long long)shape->tile_k,
           (long long)shape->stages, (long long)shape->split_k, (long long)estimate->occupancy);
    for (int part = 0; part < MODEL_PARTS; part++)
        if (estimate->part_ns[part] > 0)
            printf(" %s %.1f", model_part_name((enum model_part)part), estimate->part_ns[part] / 1e3);
    printf("\n");
}

static void compare(const struct measured_source *source)
{
    static struct measured_table table;
    const struct device_class *part = class_find(source->nickname);
    struct model_device device;
    double errors[3][MEASURED_ROWS_MAX], plain[MEASURED_ROWS_MAX], logs = 0;
    size_t n[3] = {0};
    if (!measured_read(source->path, source->in, DTYPE_BF16, &table) ||
        !model_device_of(part, NULL, &device)) {
        printf("SKIPPED: no %s\n", source->path);
        return;
    }
    for (size_t i = 0; i < table.n; i++) {
        const struct measured_row *row = &table.rows[i];
        struct model_kernel shape;
        struct model_estimate estimate;
        enum measured_verdict verdict = measured_judge(row, part);
        if (verdict != MEASURED_COUNTS) {
            printf("line %u left out: %s\n", row->line,
                   verdict == MEASURED_OTHER_PART ? "another part" : "faster than the part can be");
            continue;
        }
        double error = fabs(measured_predict(&device, row, source->scale_k, &shape, &estimate) / row->ns - 1);
        show(row, &shape, &estimate);
        plain[n[2]] = fabs(measured_roofline_ns(row, part) / row->ns - 1);
        logs += log(estimate.ns / row->ns);
        int half = measured_half(row);
        errors[half][n[half]++] = error;
        errors[2][n[2]++] = error;
    }
    double median = measured_median(errors[2], n[2]);
    printf("%s: %zu rows, median error %.1f %% (quartiles %.1f, %.1f), geometric mean of predicted / "
           "measured %.3f; fitted "
           "half %.1f %%, held-out half %.1f %%; plain roofline %.1f %%\n",
           source->nickname, n[2], 100 * median, 100 * errors[2][n[2] / 4], 100 * errors[2][3 * n[2] / 4],
           exp(logs / (double)n[2]), 100 * measured_median(errors[0], n[0]),
           100 * measured_median(errors[1], n[1]), 100 * measured_median(plain, n[2]));
}

int main(void)
{
    for (size_t i = 0; i < sizeof measured_sources / sizeof *measured_sources; i++)
        compare(&measured_sources[i]);
    return 0;
}
