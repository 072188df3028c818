#include "tuner/predict_small.h"

#include <string.h>

/* Multiplications of a launch: k is as long as WISH allows, and MOST is a few seconds of emulation, where
 * nothing smaller takes the path. Matrix instructions are emulated whole, which takes a fraction of the time.
 */
enum { PRODUCTS_WISH = 4 << 20, PRODUCTS_MOST = 48 << 20, MATRIX_WISH = 4, MATRIX_MOST = 12 };
enum {
    STEPS_LEAST = 5, /* of a loop over k: to fill it, run and drain */
    STEPS_MOST = 64,
    TILE_USUAL = 256,
    TILE_LONGEST = 4096
};

static const uint32_t units_tried[] = {2, 3, 4, 6, 8, 12, 16, 32};
static const int tiles_tried[] = {1, 2, 3, 4, 6, 9, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
enum {
    N_UNITS = sizeof units_tried / sizeof *units_tried,
    N_TILES = sizeof tiles_tried / sizeof *tiles_tried
};

struct cut {
    const struct manifest *manifest;
    const struct problem *problem;
    const int64_t *slots; /* of the problem itself */
    int tile[3];          /* of m, n, k: what a size is cut in */
    unsigned field[3];
    int64_t wish, most; /* multiplications */
    int64_t path[2 + 4 * MANIFEST_STEPS_MAX];
};

/* ---- what a launch does ---- */

static int64_t value_of(const struct expr *expr, const int64_t *slots)
{
    int64_t value;
    return expr_eval(expr, slots, &value) == EXPR_FINE ? value : -1;
}

/* Which steps run, in which extents they have several blocks, whether there is a workspace. */
static void path_of(const struct manifest *manifest, const int64_t *slots, int64_t *out)
{
    size_t n = 0;
    out[n++] = value_of(&manifest->workspace_bytes, slots) > 0;
    out[n++] = value_of(&manifest->deterministic, slots);
    for (uint32_t s = 0; s < manifest->n_steps; s++) {
        const struct manifest_step *step = &manifest->steps[s];
        bool runs = !step->has_when || value_of(&step->when, slots) > 0;
        out[n++] = runs;
        for (int d = 0; d < 3; d++) {
            int64_t blocks = runs && step->entry ? value_of(&step->grid[d], slots) : 0;
            out[n++] = blocks > 1 ? 2 : blocks;
        }
    }
}

static bool same_path(const struct cut *cut, const int64_t *slots)
{
    int64_t path[2 + 4 * MANIFEST_STEPS_MAX] = {0};
    path_of(cut->manifest, slots, path);
    return memcmp(path, cut->path, sizeof path) == 0;
}

static bool admits(const struct manifest *manifest, const int64_t *slots)
{
    for (uint32_t i = 0; i < manifest->n_where; i++)
        if (value_of(&manifest->where[i].expr, slots) <= 0) return false;
    return true;
}

/* ---- sizes ---- */

/* A tile's side as the manifest's model has it; a number that most tiles divide where that says nothing. */
static int tile_of(const struct manifest *manifest, const int64_t *slots, enum manifest_model_member member)
{
    int64_t value = manifest->has_model ? value_of(&manifest->model[member], slots) : 0;
    return value >= 1 && value <= TILE_LONGEST ? (int)value : TILE_USUAL;
}

/* The size with so many tiles in front of what is left over; the size itself where that is less. */
static int64_t size_of(int64_t whole, int tile, int tiles)
{
    int64_t size = whole % tile + (int64_t)tile * tiles;
    return size < whole ? size : whole;
}

static bool fits(const struct cut *cut, const int64_t sizes[3], uint32_t units, struct predict_small *out)
{
    int64_t slots[SLOT_COUNT];
    out->problem = *cut->problem;
    out->units = units;
    for (int i = 0; i < 3; i++) out->problem.value[cut->field[i]] = sizes[i];
    if (problem_check(&out->problem) != STATUS_OK) return false;
    struct device_facts facts;
    memcpy(facts.value, cut->slots + SLOT_DEVICE, sizeof facts.value);
    facts.value[DEVICE_FACT_units] = units;
    memcpy(slots, cut->slots, sizeof slots);
    problem_slots(&out->problem, &facts, slots);
    return manifest_accepts(cut->manifest, slots, NULL) && admits(cut->manifest, slots) &&
           same_path(cut, slots);
}

static int64_t products(const struct cut *cut, const int64_t sizes[3])
{
    int batch = op_field_index(cut->problem->op, "batch");
    int64_t count = batch >= 0 ? cut->problem->value[batch] : 1;
    return sizes[0] * sizes[1] * sizes[2] * count;
}

/* So many steps over k. */
static bool fits_steps(const struct cut *cut, int64_t sizes[3], uint32_t units, int steps, int64_t most,
                       struct predict_small *out)
{
    sizes[2] = size_of(cut->problem->value[cut->field[2]], cut->tile[2], steps);
    return products(cut, sizes) <= most && fits(cut, sizes, units, out);
}

/* The deepest k that the wish allows, else the shallowest that is possible at all. */
static bool deepen(const struct cut *cut, int64_t sizes[3], uint32_t units, struct predict_small *out)
{
    for (int steps = STEPS_MOST; steps >= STEPS_LEAST; steps--)
        if (fits_steps(cut, sizes, units, steps, cut->wish, out)) return true;
    for (int steps = STEPS_LEAST; steps <= STEPS_MOST; steps++)
        if (fits_steps(cut, sizes, units, steps, cut->most, out)) return true;
    return false;
}

static int64_t tiles_in(const struct cut *cut, int i)
{
    int64_t whole = cut->problem->value[cut->field[i]];
    return (whole + cut->tile[i] - 1) / cut->tile[i];
}

/* As square as the problem lets it be. */
static void lay_out(const struct cut *cut, int tiles, int64_t sizes[3])
{
    int64_t rows = 1, most = tiles_in(cut, 0), columns;
    while ((rows + 1) * (rows + 1) <= tiles) rows++;
    if (rows > most) rows = most;
    columns = (tiles + rows - 1) / rows;
    if (columns > tiles_in(cut, 1)) {
        columns = tiles_in(cut, 1);
        rows = (tiles + columns - 1) / columns;
    }
    sizes[0] = size_of(cut->problem->value[cut->field[0]], cut->tile[0], (int)rows);
    sizes[1] = size_of(cut->problem->value[cut->field[1]], cut->tile[1], (int)columns);
}

/* The fewest tiles on the fewest units. */
static bool cut_down(const struct cut *cut, struct predict_small *out)
{
    int64_t own = cut->slots[SLOT_DEVICE + DEVICE_FACT_units];
    for (int t = 0; t < N_TILES; t++)
        for (int u = 0; u <= N_UNITS; u++) {
            int64_t sizes[3];
            lay_out(cut, tiles_tried[t], sizes);
            if (deepen(cut, sizes, u < N_UNITS ? units_tried[u] : (uint32_t)own, out)) return true;
        }
    return false;
}

bool predict_small(const struct manifest *manifest, const struct problem *problem,
                   const int64_t slots[SLOT_COUNT], struct predict_small *out)
{
    static const char *const fields[] = {"m", "n", "k"};
    static const enum manifest_model_member tiles[] = {MANIFEST_MODEL_tile_m, MANIFEST_MODEL_tile_n,
                                                       MANIFEST_MODEL_tile_k};
    struct cut cut = {.manifest = manifest, .problem = problem, .slots = slots};
    for (int i = 0; i < 3; i++) {
        int field = op_field_index(problem->op, fields[i]);
        if (field < 0) return false; /* no product of matrices: nobody has said how to cut it */
        cut.field[i] = (unsigned)field;
        cut.tile[i] = tile_of(manifest, slots, tiles[i]);
    }
    bool matrix = manifest->has_model && value_of(&manifest->model[MANIFEST_MODEL_matrix], slots) > 0;
    cut.wish = PRODUCTS_WISH * (matrix ? MATRIX_WISH : 1);
    cut.most = (int64_t)PRODUCTS_MOST * (matrix ? MATRIX_MOST : 1);
    path_of(manifest, slots, cut.path);
    return cut_down(&cut, out);
}
