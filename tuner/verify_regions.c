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
    STRIPS = 4,
    PARTS_MIN = 16,
    PARTS_MAX = 4096
};

/* Products that the double-precision reference may take on each thread for one output of a case: about 0.3 s.
 */
static const double AFFORDABLE = 1.5e8;

/* An output, and what of it is to be compared. */
struct list {
    unsigned output;
    int64_t batch, rows, columns;
    int64_t block; /* columns of a row that cost what one does; 0: rows and columns are alike */
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
    list->regions[list->n++] =
        (struct verify_region){.at = {batch, row, rows, column, columns, list->output}};
}

/* A rectangle in pieces that one task computes; none cuts through a block. */
static void add_rectangle(struct list *list, int64_t batch, int64_t row, int64_t rows, int64_t column,
                          int64_t columns)
{
    int64_t block = list->block ? list->block : 1;
    int64_t wide = block < CHUNK_COLUMNS ? CHUNK_COLUMNS / block * block : block;
    for (int64_t r = 0; r < rows; r += CHUNK_ROWS)
        for (int64_t c = 0; c < columns; c += wide)
            add_region(list, batch, row + r, rows - r < CHUNK_ROWS ? rows - r : CHUNK_ROWS, column + c,
                       columns - c < wide ? columns - c : wide);
}

static void add_whole(struct list *list)
{
    for (int64_t b = 0; b < list->batch; b++) add_rectangle(list, b, 0, list->rows, 0, list->columns);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first, the last and some rows and columns between them, each over the whole width; corners; random
 * places. */
static void add_samples(struct list *list, int64_t batch, struct rng *rng)
{
    int64_t rows = list->rows, columns = list->columns;
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

static void add_strips(struct list *list, struct rng *rng)
{
    add_samples(list, 0, rng);
    if (list->batch > 1) add_samples(list, list->batch - 1, rng);
    if (list->batch > 2) add_samples(list, 1 + (int64_t)rng_below(rng, (uint64_t)list->batch - 2), rng);
}

static void add_part(struct list *list, int64_t batch, int64_t row, int64_t part)
{
    int64_t column = part * list->block;
    add_region(list, batch, row, 1, column, smaller(list->block, list->columns - column));
}

/* Single rows of a block: corners of the first and the last batch item, then random places. */
static void add_parts(struct list *list, int64_t blocks, size_t n, struct rng *rng)
{
    int64_t batch = list->batch, rows = list->rows;
    for (int corner = 0; corner < 8; corner++) {
        int64_t b = corner & 4 ? batch - 1 : 0, row = corner & 2 ? rows - 1 : 0;
        int64_t part = corner & 1 ? blocks - 1 : 0;
        bool twice = (corner & 4 && b == 0) || (corner & 2 && row == 0) || (corner & 1 && part == 0);
        if (!twice) add_part(list, b, row, part);
    }
    while (list->n < n && !list->failed) {
        int64_t b = (int64_t)rng_below(rng, (uint64_t)batch), row = (int64_t)rng_below(rng, (uint64_t)rows);
        add_part(list, b, row, (int64_t)rng_below(rng, (uint64_t)blocks));
    }
}

static void choose(struct list *list, double products, double affordable, uint64_t seed)
{
    int64_t block = list->block, blocks = block ? (list->columns + block - 1) / block : 0;
    double parts = (double)list->batch * (double)list->rows * (double)blocks;
    struct rng rng;
    rng_seed(&rng, seed);
    if (products <= affordable || (block && parts <= PARTS_MIN)) {
        add_whole(list);
    } else if (block) {
        double n = affordable / (products / parts);
        add_parts(list, blocks, (size_t)(n < PARTS_MIN ? PARTS_MIN : n < PARTS_MAX ? n : PARTS_MAX), &rng);
    } else {
        add_strips(list, &rng);
    }
}

/* Behind those of other outputs. */
static enum status take_regions(struct verify_run *run, struct list *list)
{
    size_t n = run->n_regions + list->n;
    struct verify_region *regions =
        list->failed || !list->n ? NULL : realloc(run->regions, n * sizeof *regions);
    if (regions) {
        memcpy(regions + run->n_regions, list->regions, list->n * sizeof *regions);
        run->regions = regions;
        run->n_regions = n;
    }
    bool failed = list->failed || (list->n && !regions);
    free(list->regions);
    return failed ? status_fail(STATUS_NO_MEMORY, "no memory for references") : STATUS_OK;
}

static double products_of(const struct op_proof *proof, const struct problem *problem, enum proof_inputs kind,
                          unsigned output)
{
    struct op_work work;
    if (proof->reference_products) return proof->reference_products(problem, kind, output);
    problem->op->work(problem, &work);
    return work.flops / 2;
}

enum status verify_regions_choose(const struct verify_plan *plan, const struct verify_case *vcase,
                                  struct verify_run *run, uint64_t seed, uint32_t threads)
{
    const struct op_proof *proof = plan->proof;
    const struct problem *problem = &vcase->problem;
    for (unsigned o = 0; o < vcase->n_outputs; o++) {
        struct list list = {.output = o, .batch = vcase->operands[vcase->outputs[o]].batch};
        proof->output_shape(problem, o, &list.rows, &list.columns);
        if (proof->column_block) list.block = proof->column_block(problem, o);
        choose(&list, products_of(proof, problem, vcase->kind, o), AFFORDABLE * threads, seed + o);
        TRY(take_regions(run, &list));
    }
    return STATUS_OK;
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
    keep_exact(region, task->vcase->operands[task->vcase->outputs[region->at.output]].type);
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
