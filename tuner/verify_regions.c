#include "tuner/verify_regions.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/rng.h"

enum {
    CHUNK_ROWS = 64,
    CHUNK_COLUMNS = 512,
    RECTANGLE_ROWS = 32,
    RECTANGLE_COLUMNS = 64,
    RANDOM_RECTANGLES = 8,
    STRIPS = 4
};

/* Products that the double-precision reference may take on each thread for one case: about 0.3 s. Integers
 * are sparse: the reference skips zeros of A, of which a row has some 32 that are none. */
static const double AFFORDABLE = 1.5e8;
static const double SPARSE_K = 40;

struct list {
    struct verify_region *regions;
    size_t n, capacity;
    bool failed;
};

static void add_region(struct list *list, int64_t batch, int64_t row, int64_t rows, int64_t column,
                       int64_t columns)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct verify_region *regions = realloc(list->regions, capacity * sizeof *regions);
        if (!regions) {
            list->failed = true;
            return;
        }
        list->regions = regions;
        list->capacity = capacity;
    }
    list->regions[list->n++] = (struct verify_region){.at = {batch, row, rows, column, columns}};
}

/* A rectangle in pieces that one task computes. */
static void add_rectangle(struct list *list, int64_t batch, int64_t row, int64_t rows, int64_t column,
                          int64_t columns)
{
    for (int64_t r = 0; r < rows; r += CHUNK_ROWS)
        for (int64_t c = 0; c < columns; c += CHUNK_COLUMNS)
            add_region(list, batch, row + r, rows - r < CHUNK_ROWS ? rows - r : CHUNK_ROWS, column + c,
                       columns - c < CHUNK_COLUMNS ? columns - c : CHUNK_COLUMNS);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first, the last and some rows and columns between them, each over the whole width; corners; random
 * places. */
static void add_samples(struct list *list, int64_t batch, int64_t rows, int64_t columns, struct rng *rng)
{
    int64_t height = smaller(rows, RECTANGLE_ROWS), width = smaller(columns, RECTANGLE_COLUMNS);
    for (int i = 0; i < STRIPS; i++) {
        int64_t row = i == 0 ? 0 : i == 1 ? rows - 1 : (int64_t)rng_below(rng, (uint64_t)rows);
        int64_t column = i == 0 ? 0 : i == 1 ? columns - 1 : (int64_t)rng_below(rng, (uint64_t)columns);
        add_rectangle(list, batch, row, 1, 0, columns);
        add_rectangle(list, batch, 0, rows, column, 1);
    }
    for (int corner = 0; corner < 4; corner++)
        add_region(list, batch, corner & 1 ? rows - height : 0, height, corner & 2 ? columns - width : 0,
                   width);
    for (int i = 0; i < RANDOM_RECTANGLES; i++)
        add_region(list, batch, (int64_t)rng_below(rng, (uint64_t)(rows - height + 1)), height,
                   (int64_t)rng_below(rng, (uint64_t)(columns - width + 1)), width);
}

static int64_t batch_of(const struct problem *problem)
{
    int field = op_field_index(problem->op, "batch");
    return field < 0 ? 1 : problem->value[field];
}

enum status verify_regions_choose(const struct verify_plan *plan, const struct verify_case *vcase,
                                  struct verify_run *run, uint64_t seed, uint32_t threads)
{
    struct list list = {0};
    struct op_work work;
    int64_t rows, columns, batch = batch_of(&vcase->problem);
    plan->proof->output_shape(&vcase->problem, &rows, &columns);
    vcase->problem.op->work(&vcase->problem, &work);
    double products = work.flops / 2, outputs = (double)rows * (double)columns * (double)batch;
    if (vcase->kind == PROOF_INTEGERS && products > outputs * SPARSE_K)
        products = outputs * SPARSE_K + products / CHUNK_ROWS;
    if (products <= AFFORDABLE * threads) {
        for (int64_t b = 0; b < batch; b++) add_rectangle(&list, b, 0, rows, 0, columns);
    } else {
        struct rng rng;
        rng_seed(&rng, seed);
        add_samples(&list, 0, rows, columns, &rng);
        if (batch > 1) add_samples(&list, batch - 1, rows, columns, &rng);
        if (batch > 2)
            add_samples(&list, 1 + (int64_t)rng_below(&rng, (uint64_t)batch - 2), rows, columns, &rng);
    }
    run->regions = list.regions;
    run->n_regions = list.n;
    return list.failed ? status_fail(STATUS_NO_MEMORY, "no memory for references") : STATUS_OK;
}

/* ---- references ---- */

struct task {
    const struct verify_plan *plan;
    const struct verify_case *vcase;
    unsigned variant;
    struct verify_region *region;
    atomic_bool *failed;
};

/* Keeps the bytes that a right kernel stores. */
static void keep_exact(struct verify_region *region, enum dtype type)
{
    size_t n = (size_t)(region->at.rows * region->at.columns), bytes = dtype_bytes(type);
    for (size_t i = 0; i < n; i++)
        if (region->allowed[i] != 0) return;
    char *exact = malloc(n * bytes);
    if (!exact) return;
    for (size_t i = 0; i < n; i++) dtype_store(type, exact + i * bytes, region->value[i]);
    free(region->value);
    free(region->allowed);
    region->value = region->allowed = NULL;
    region->exact = exact;
}

static void compute_one(void *context, uint32_t i, uint32_t slot)
{
    (void)slot;
    const struct task *task = (const struct task *)context + i;
    struct verify_region *region = task->region;
    size_t n = (size_t)(region->at.rows * region->at.columns);
    region->value = malloc(n * sizeof(double));
    region->allowed = malloc(n * sizeof(double));
    if (!region->value || !region->allowed) {
        atomic_store(task->failed, true);
        return;
    }
    _Alignas(16) char args[OP_ARGS_BYTES_MAX];
    verify_bind(task->plan, task->vcase, task->variant, true, NULL, args);
    task->plan->proof->reference(&task->vcase->problem, args, task->vcase->kind, &region->at, region->value,
                                 region->allowed);
    keep_exact(region, task->vcase->operands[task->vcase->output].type);
}

enum status verify_regions_compute(struct verify_plan *plan, struct cpu_pool *pool, uint32_t threads)
{
    size_t total = 0, n = 0;
    for (unsigned c = 0; c < plan->n_cases; c++)
        for (unsigned r = 0; r < plan->cases[c].n_runs; r++) total += plan->cases[c].runs[r].n_regions;
    struct task *tasks = calloc(total ? total : 1, sizeof *tasks);
    if (!tasks) return status_fail(STATUS_NO_MEMORY, "no memory for references");
    atomic_bool failed = false;
    for (unsigned c = plan->n_cases; c-- > 0;) /* the large ones first */
        for (unsigned r = 0; r < plan->cases[c].n_runs; r++) {
            struct verify_run *run = &plan->cases[c].runs[r];
            for (size_t i = 0; i < run->n_regions; i++)
                tasks[n++] = (struct task){plan, &plan->cases[c], run->variant, &run->regions[i], &failed};
        }
    cpu_pool_run(pool, (uint32_t)n, threads, compute_one, tasks);
    free(tasks);
    return atomic_load(&failed) ? status_fail(STATUS_NO_MEMORY, "no memory for references") : STATUS_OK;
}

void verify_regions_free(struct verify_run *run)
{
    for (size_t i = 0; i < run->n_regions; i++) {
        free(run->regions[i].exact);
        free(run->regions[i].value);
        free(run->regions[i].allowed);
    }
    free(run->regions);
    run->regions = NULL;
    run->n_regions = 0;
}
