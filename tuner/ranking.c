#include "tuner/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "search/expr_fold.h"
#include "search/expr_share.h"

/* Each member of the shape where the problem and the device are known: most are constants then. */
struct ranking_member {
    struct expr expr;
};

struct ranking {
    struct arena arena;
    const struct manifest *manifest;
    const struct space *space;
    struct model_device device;
    struct model_work work;
    struct model_kernel constant; /* members that no parameter changes */
    bool impossible;              /* one of those is no number, or too small */
    struct ranking_member members[MANIFEST_MODEL_MEMBERS];
    uint8_t varying[MANIFEST_MODEL_MEMBERS]; /* the others */
    unsigned n_varying;
    int64_t slots[SLOT_COUNT];
};

static const int64_t least_value[MANIFEST_MODEL_MEMBERS] = {
#define MODEL_SHAPE(name, value, least, meaning) least,
#include "search/model_kernel.def"
#undef MODEL_SHAPE
};

_Static_assert(sizeof(struct model_kernel) == MANIFEST_MODEL_MEMBERS * sizeof(int64_t),
               "a shape is its members, in their order");

/* Bytes of what is read beside A and B, once. */
static void fill_work(const struct problem *problem, struct model_work *work)
{
    struct operand operands[OP_OPERANDS_MAX];
    struct op_work least;
    unsigned n = problem->op->operands(problem, operands);
    problem->op->work(problem, &least);
    *work = (struct model_work){.m = problem_size(problem, "m"),
                                .n = problem_size(problem, "n"),
                                .k = problem_size(problem, "k"),
                                .batch = problem_size(problem, "batch"),
                                .weights_cold = true};
    double bytes = least.bytes;
    for (unsigned i = 0; i < n; i++) {
        const struct operand *operand = &operands[i];
        double size = (double)operand->rows * (double)operand->columns * (double)operand->batch *
                      dtype_bytes(operand->type);
        if (strcmp(operand->name, "a") == 0) work->a_type = operand->type, bytes -= size;
        if (strcmp(operand->name, "b") == 0) work->b_type = operand->type, bytes -= size;
        if (strcmp(operand->name, "d") == 0) work->d_type = operand->type, bytes -= size;
    }
    work->extra_bytes = fmax(bytes, 0);
}

/* Partial evaluation: problem and device are constants, what remains depends on parameters alone. */
static enum status fold_members(struct ranking *ranking)
{
    bool known[SLOT_COUNT];
    int64_t *constant = (int64_t *)&ranking->constant;
    const struct space_spec *spec = space_spec_of(ranking->space);
    memset(known, true, sizeof known);
    for (uint32_t p = 0; p < spec->n_parameters; p++) known[spec->parameters[p].slot] = false;
    for (unsigned i = 0; i < MANIFEST_MODEL_MEMBERS; i++) {
        struct expr folded;
        struct ranking_member *member = &ranking->members[i];
        TRY(expr_fold(&ranking->arena, &ranking->manifest->model[i], known, ranking->slots, &folded));
        TRY(expr_share(&ranking->arena, &folded, &member->expr));
        if (!expr_is_constant(&member->expr, &constant[i])) {
            ranking->varying[ranking->n_varying++] = (uint8_t)i;
        } else if (constant[i] < least_value[i]) {
            ranking->impossible = true;
        }
    }
    return STATUS_OK;
}

static enum status fill(struct ranking *ranking, const struct manifest *manifest,
                        const struct problem *problem, const struct device_class *device_class,
                        const struct space *space)
{
    const struct space_spec *spec = space_spec_of(space);
    struct device_facts facts;
    ranking->manifest = manifest;
    ranking->space = space;
    memcpy(ranking->slots, spec->slots, sizeof ranking->slots);
    memcpy(facts.value, ranking->slots + SLOT_DEVICE, sizeof facts.value);
    if (!manifest->has_model)
        return status_fail(STATUS_NOT_COVERED, "%s: its manifest has no \"model\"", manifest->name);
    if (!model_device_of(device_class, &facts, &ranking->device))
        return status_fail(STATUS_NOT_COVERED, "the model knows no constants of %s", device_class->target);
    fill_work(problem, &ranking->work);
    return fold_members(ranking);
}

enum status ranking_create(const struct manifest *manifest, const struct problem *problem,
                           const struct device_class *device_class, const struct space *space,
                           struct ranking **out)
{
    struct ranking *ranking = calloc(1, sizeof *ranking);
    if (!ranking) return status_fail(STATUS_NO_MEMORY, "%s: no memory for a ranking", manifest->name);
    enum status status = fill(ranking, manifest, problem, device_class, space);
    if (status == STATUS_OK)
        *out = ranking;
    else
        ranking_free(ranking);
    return status;
}

void ranking_free(struct ranking *ranking)
{
    if (!ranking) return;
    arena_free(&ranking->arena);
    free(ranking);
}

const struct model_device *ranking_device(const struct ranking *ranking)
{
    return &ranking->device;
}

const struct model_work *ranking_work(const struct ranking *ranking)
{
    return &ranking->work;
}

const struct space *ranking_space(const struct ranking *ranking)
{
    return ranking->space;
}

bool ranking_estimate(struct ranking *ranking, const struct configuration *configuration,
                      struct model_kernel *shape, struct model_estimate *estimate)
{
    struct model_kernel kernel = ranking->constant;
    int64_t *members = (int64_t *)&kernel;
    if (ranking->impossible) return false;
    space_values(ranking->space, configuration, ranking->slots);
    for (unsigned i = 0; i < ranking->n_varying; i++) {
        unsigned member = ranking->varying[i];
        if (expr_eval(&ranking->members[member].expr, ranking->slots, &members[member]) != EXPR_FINE)
            return false;
        if (members[member] < least_value[member]) return false;
    }
    if (shape) *shape = kernel;
    if (estimate) model_estimate(&ranking->device, &ranking->work, &kernel, estimate);
    return true;
}

double ranking_prior(const void *context, const struct configuration *configuration)
{
    /* The ranking is scratch for the value vector; who holds the context may write it. */
    struct model_estimate estimate;
    union {
        const void *lent;
        struct ranking *own;
    } ranking = {context};
    return ranking_estimate(ranking.own, configuration, NULL, &estimate) ? estimate.ns : NAN;
}

uint32_t ranking_from_default(const struct ranking *ranking, const struct configuration *configuration)
{
    const struct space_spec *spec = space_spec_of(ranking->space);
    uint32_t differ = 0;
    for (uint32_t p = 0; p < spec->n_parameters; p++)
        differ += spec->parameters[p].values[configuration->index[p]] != ranking->manifest->defaults[p];
    return differ;
}
