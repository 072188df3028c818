/* Times that others measured on AMD GPUs, the winner of an exhaustive tuning for each shape, and the shape of
 * the kernel where its name says it (../shared/reference/measured). */
#ifndef TUNEBOOK_TESTS_SEARCH_MEASURED_H
#define TUNEBOOK_TESTS_SEARCH_MEASURED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search/model.h"

enum { MEASURED_ROWS_MAX = 512 };

struct measured_row {
    unsigned line, units;
    struct model_work work;
    double ns;
    char library[16], name[256];
    bool has_shape;
    struct model_kernel shape;
};

struct measured_table {
    struct measured_row rows[MEASURED_ROWS_MAX];
    size_t n;
};

static inline void measured_waves(struct model_kernel *shape, int64_t waves)
{
    /* As square as the tile lets them be. */
    int64_t rows = shape->tile_m / shape->math_m, along_m = 1;
    while (along_m * 2 <= rows && along_m * 2 * along_m <= waves && shape->tile_m >= shape->tile_n / 2)
        along_m *= 2;
    int64_t along_n = waves / along_m;
    while (along_n > 1 && shape->tile_n / along_n < shape->math_n) along_n /= 2;
    shape->wave_m = shape->tile_m / along_m;
    shape->wave_n = shape->tile_n / along_n;
}

/* a8w8_blockscale_1x128x128_256x16x64x256_16x16_16x16_1x1_..._v1: threads, tile, vectors, matrix instruction,
 * instructions of a wave, ..., pipeline. Its split-K is a power of two. */
static inline bool measured_ck(struct measured_row *row, int split)
{
    long threads, m, n, k, vector_a, vector_b, math_m, math_n, wave_m, wave_n;
    const char *version = strrchr(row->name, 'v');
    if (sscanf(row->name, "a8w8_blockscale_1x128x128_%ldx%ldx%ldx%ld_%ldx%ld_%ldx%ld_%ldx%ld_", &threads, &m,
               &n, &k, &vector_a, &vector_b, &math_m, &math_n, &wave_m, &wave_n) != 10 ||
        !version)
        return false;
    struct model_kernel *shape = &row->shape;
    shape->tile_m = m, shape->tile_n = n, shape->tile_k = k, shape->threads = threads;
    shape->math_m = math_m, shape->math_n = math_n;
    shape->wave_m = math_m * wave_m, shape->wave_n = math_n * wave_n;
    shape->stages = version[1] == '1' ? 2 : 3;
    shape->shared_bytes = (m + n) * k;
    shape->split_k = INT64_C(1) << split;
    shape->split_cost = 2;
    shape->scale_k = 128;
    return true;
}

/* flydsl_gemm4_abf16_wbf16_bf16_t16x64x128_split_k8_block_m_warp1_block_n_warp2_block_k_warp1_...: stages,
 * tile, split-K, waves. */
static inline bool measured_flydsl(struct measured_row *row)
{
    int stages, m, n, k, split, waves_m, waves_n, waves_k;
    if (sscanf(
            row->name,
            "flydsl_gemm%d_abf16_wbf16_bf16_t%dx%dx%d_split_k%d_block_m_warp%d_block_n_warp%d_block_k_warp%d",
            &stages, &m, &n, &k, &split, &waves_m, &waves_n, &waves_k) != 8)
        return false;
    struct model_kernel *shape = &row->shape;
    shape->tile_m = m, shape->tile_n = n, shape->tile_k = k,
    shape->threads = 64 * waves_m * waves_n * waves_k;
    shape->wave_m = m / waves_m, shape->wave_n = n / waves_n;
    shape->stages = stages;
    shape->shared_bytes = (m + n) * k * 2 * stages;
    shape->split_k = split;
    shape->split_cost = 3;
    return true;
}

/* _ZN5aiter39bf16gemm_fp32bf16_tn_64x64_splitk_cleanE, bf16gemm_bf16_tn_256x256: a tile. */
static inline bool measured_asm(struct measured_row *row, int split)
{
    int m, n;
    const char *tile = strstr(row->name, "_tn_");
    if (!tile || sscanf(tile, "_tn_%dx%d", &m, &n) != 2) return false;
    struct model_kernel *shape = &row->shape;
    shape->tile_m = m, shape->tile_n = n, shape->tile_k = 64, shape->threads = 256;
    shape->stages = 3;
    shape->occupancy = 1;
    shape->split_k = split ? split : 1;
    shape->split_cost = 2;
    measured_waves(shape, 4);
    return true;
}

static inline bool measured_shape(struct measured_row *row, int split)
{
    model_kernel_init(&row->shape);
    row->shape.matrix = 1;
    row->shape.math_m = row->shape.math_n = 16;
    row->shape.group_m = 8, row->shape.by_die = 1;
    if (strcmp(row->library, "ck") == 0) return measured_ck(row, split);
    if (strcmp(row->library, "flydsl") == 0) return measured_flydsl(row);
    if (strcmp(row->library, "asm") == 0) return measured_asm(row, split);
    return false;
}

/* Column `index` of a line of comma-separated values. */
static inline const char *measured_field(const char *line, int index, char *out, size_t capacity)
{
    for (; index > 0; index--) line = strchr(line, ',') + 1;
    size_t n = strcspn(line, ",\n");
    if (n >= capacity) n = capacity - 1;
    memcpy(out, line, n);
    out[n] = 0;
    return out;
}

static inline int measured_column(const char *header, const char *name)
{
    char field[64];
    int n = 1;
    for (const char *at = header; *at; at++) n += *at == ',';
    for (int i = 0; i < n; i++)
        if (strcmp(measured_field(header, i, field, sizeof field), name) == 0) return i;
    fprintf(stderr, "no column %s\n", name);
    exit(1);
}

/* False: the file is not there. */
static inline bool measured_read(const char *path, enum dtype in, enum dtype out,
                                 struct measured_table *table)
{
    char line[1024], header[1024], field[256];
    FILE *file = fopen(path, "r");
    table->n = 0;
    if (!file) return false;
    if (!fgets(header, sizeof header, file)) return false;
    int m = measured_column(header, "M"), n = measured_column(header, "N"), k = measured_column(header, "K");
    int us = measured_column(header, "us"), split = measured_column(header, "splitK");
    int library = measured_column(header, "libtype"), name = measured_column(header, "kernelName");
    for (unsigned number = 2; fgets(line, sizeof line, file) && table->n < MEASURED_ROWS_MAX; number++) {
        struct measured_row *row = &table->rows[table->n++];
        *row = (struct measured_row){.line = number};
        row->units = (unsigned)atoi(measured_field(line, 1, field, sizeof field));
        row->work = (struct model_work){.m = atoll(measured_field(line, m, field, sizeof field)),
                                        .n = atoll(measured_field(line, n, field, sizeof field)),
                                        .k = atoll(measured_field(line, k, field, sizeof field)),
                                        .batch = 1,
                                        .a_type = in,
                                        .b_type = in,
                                        .d_type = out,
                                        .weights_cold = true};
        row->ns = 1e3 * atof(measured_field(line, us, field, sizeof field));
        measured_field(line, library, row->library, sizeof row->library);
        measured_field(line, name, row->name, sizeof row->name);
        row->has_shape = measured_shape(row, atoi(measured_field(line, split, field, sizeof field)));
    }
    fclose(file);
    return true;
}

/* Faster than the part can be: a row that is wrong. */
static inline bool measured_is_impossible(const struct measured_row *row, const struct device_class *part)
{
    const struct model_work *work = &row->work;
    double flops = 2.0 * (double)work->m * (double)work->n * (double)work->k;
    double bytes = (double)(work->m * work->k + work->n * work->k) * dtype_bytes(work->a_type) +
                   (double)(work->m * work->n) * dtype_bytes(work->d_type);
    return flops / row->ns > part->peak_tflops[work->a_type] * 1e3 || bytes / row->ns > part->bandwidth_gbps;
}

/* The best time over the shapes of kernel that libraries have: tiles, depths of k, split-K, pipelines. */
static inline double measured_best(const struct model_device *device, const struct model_work *work,
                                   int64_t scale_k, struct model_kernel *best,
                                   struct model_estimate *estimate)
{
    static const int64_t tile_m[] = {16, 32, 64, 128, 256}, tile_n[] = {32, 64, 128, 256};
    static const int64_t tile_k[] = {64, 128, 256}, splits[] = {1, 2, 4, 8, 16}, stages[] = {2, 3, 4};
    int64_t bytes = dtype_bytes(work->a_type);
    double best_ns = 0;
    for (size_t at = 0; at < 5 * 4 * 3 * 5 * 3; at++) {
        struct model_kernel shape;
        struct model_estimate found;
        model_kernel_init(&shape);
        shape.tile_m = tile_m[at % 5], shape.tile_n = tile_n[at / 5 % 4], shape.tile_k = tile_k[at / 20 % 3];
        shape.split_k = splits[at / 60 % 5], shape.split_cost = 3, shape.stages = stages[at / 300];
        shape.matrix = 1, shape.math_m = shape.math_n = 16, shape.scale_k = scale_k;
        shape.shared_bytes = (shape.tile_m + shape.tile_n) * shape.tile_k * bytes * (shape.stages - 1);
        shape.threads = shape.tile_m * shape.tile_n >= 256 * 256 ? 512 : 256;
        shape.registers = shape.tile_m * shape.tile_n / shape.threads + 96;
        shape.group_m = 8, shape.by_die = 1;
        measured_waves(&shape, shape.threads / 64);
        if ((uint64_t)shape.shared_bytes > device->lds_bytes || shape.registers > 512) continue;
        if (shape.split_k > 1 && work->k < 4 * shape.split_k * shape.tile_k) continue;
        model_estimate(device, work, &shape, &found);
        if (best_ns > 0 && found.ns >= best_ns) continue;
        best_ns = found.ns;
        *best = shape;
        *estimate = found;
    }
    return best_ns;
}

/* Rows are held out by what they multiply with, so that neighbours in m are on one side: 0 is the half that
 * constants were fitted on, 1 the other. */
static inline int measured_half(const struct measured_row *row)
{
    return (int)((row->work.n * 31 + row->work.k / 64 * 17) % 7) % 2;
}

enum measured_verdict { MEASURED_COUNTS, MEASURED_OTHER_PART, MEASURED_IMPOSSIBLE };

static inline enum measured_verdict measured_judge(const struct measured_row *row,
                                                   const struct device_class *part)
{
    if (row->units != part->units) return MEASURED_OTHER_PART;
    return measured_is_impossible(row, part) ? MEASURED_IMPOSSIBLE : MEASURED_COUNTS;
}

/* The time that the model expects, by the kernel's own shape where it is known. */
static inline double measured_predict(const struct model_device *device, const struct measured_row *row,
                                      int64_t scale_k, struct model_kernel *shape,
                                      struct model_estimate *estimate)
{
    *shape = row->shape;
    if (!row->has_shape) return measured_best(device, &row->work, scale_k, shape, estimate);
    model_estimate(device, &row->work, shape, estimate);
    return estimate->ns;
}

/* max(flops at 60 % of the peak, bytes at 75 % of the bandwidth) + 4 us: what a model must beat. */
static inline double measured_roofline_ns(const struct measured_row *row, const struct device_class *part)
{
    const struct model_work *work = &row->work;
    double flops = 2.0 * (double)work->m * (double)work->n * (double)work->k;
    double bytes = (double)(work->m * work->k + work->n * work->k) * dtype_bytes(work->a_type) +
                   (double)(work->m * work->n) * dtype_bytes(work->d_type);
    double flops_ns = flops / (part->peak_tflops[work->a_type] * 1e3 * 0.6);
    double bytes_ns = bytes / (part->bandwidth_gbps * 0.75);
    return (flops_ns > bytes_ns ? flops_ns : bytes_ns) + 4000;
}

static inline int measured_ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Of n errors, which get sorted; 0 of none. */
static inline double measured_median(double *errors, size_t n)
{
    qsort(errors, n, sizeof *errors, measured_ascending);
    return n ? errors[n / 2] : 0;
}

/* The two tables. */
static const struct measured_source {
    const char *path, *nickname;
    enum dtype in;
    int64_t scale_k;   /* block scales */
    double most_error; /* that the median may have: half of what the plain roofline reaches */
} measured_sources[] = {
    {"../shared/reference/measured/aiter_gfx950_bf16_llama70B.csv", "mi355x", DTYPE_BF16, 0, 0.06},
    {"../shared/reference/measured/aiter_gfx942_304_fp8_blockscale_ds_v3.csv", "mi300x", DTYPE_F8E4M3FNUZ,
     128, 0.255},
};

#endif
