#include "tuner/verify_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/device/cpu_pool.h"
#include "tuner/verify_regions.h"

/* Emulated, a long side takes too long, and this prime is still longer than any tile. */
enum { EMULATED_LONGEST = 521 };

uint8_t verify_poison(enum dtype type)
{
    if (type == DTYPE_F8E4M3FNUZ) return POISON_FNUZ; /* its only NaN */
    return dtype_epsilon(type) == 0 ? POISON_INTEGER : POISON;
}

/* ---- cases ---- */

static bool is_known(const struct verify_plan *plan, const struct problem *problem)
{
    for (unsigned i = 0; i < plan->n_cases; i++)
        if (memcmp(plan->cases[i].problem.value, problem->value, sizeof problem->value) == 0) return true;
    return false;
}

bool verify_is_output(const struct verify_case *vcase, unsigned operand)
{
    for (unsigned i = 0; i < vcase->n_outputs; i++)
        if (vcase->outputs[i] == operand) return true;
    return false;
}

/* ---- storage ---- */

/* The least alignment that the problem allows an operand, log2: its op's or its type's, or what the field
 * align_NAME says. */
static unsigned least_alignment(const struct problem *problem, const struct operand *operand)
{
    unsigned least = (unsigned)__builtin_ctz(dtype_bytes(operand->type));
    if (operand->align > least) least = operand->align;
    for (unsigned f = 0; f < problem->op->n_fields; f++) {
        const struct op_field *field = &problem->op->fields[f];
        if (field->kind != FIELD_ALIGN) continue;
        const char *name = strrchr(field->name, '_');
        if (name && strcmp(name + 1, operand->name) == 0 && problem->value[f] > (int64_t)least)
            least = (unsigned)problem->value[f];
    }
    return least;
}

/* Rows and batch items further apart than they need be, by an odd multiple of the alignment and no more
 * aligned than that, and not all operands alike. */
static void spread_operand(struct operand *operand, unsigned index, unsigned align)
{
    int64_t step = ((int64_t)1 << align) / (int64_t)dtype_bytes(operand->type);
    if (step < 1) step = 1;
    if (operand->pitch_offset) {
        operand->pitch += step * (1 + 2 * (index % 4));
        if (operand->pitch / step % 2 == 0) operand->pitch += step;
    }
    if (operand->batch_stride_offset) {
        operand->batch_stride = operand->rows * operand->pitch + step;
        if (operand->batch_stride / step % 2 == 0) operand->batch_stride += step;
    }
}

static enum status make_buffers(struct verify_case *vcase, unsigned turn)
{
    for (unsigned i = 0; i < vcase->n_operands; i++) {
        struct operand *operand = &vcase->operands[i];
        unsigned align = least_alignment(&vcase->problem, operand);
        spread_operand(operand, i, align);
        enum guarded_end end = turn % 2 ? GUARDED_AT_BEGIN : GUARDED_AT_END;
        TRY(guarded_create(operand->name, operand_bytes(operand), align, end, &vcase->buffers[i]));
        vcase->data[i] = vcase->buffers[i].data;
        if (!verify_is_output(vcase, i)) guarded_poison(&vcase->buffers[i], verify_poison(operand->type));
    }
    return STATUS_OK;
}

static struct verify_case *add_case(struct verify_plan *plan, const struct problem *problem,
                                    enum proof_inputs kind)
{
    struct verify_case *vcase = &plan->cases[plan->n_cases++];
    *vcase = (struct verify_case){.problem = *problem, .kind = kind};
    vcase->n_operands = problem->op->operands(problem, vcase->operands);
    vcase->n_outputs = plan->proof->outputs(problem, vcase->outputs);
    return vcase;
}

/* ---- arguments ---- */

void verify_bind(const struct verify_plan *plan, const struct verify_case *vcase, unsigned variant,
                 bool for_reference, void *workspace, void *args)
{
    void *pointers[OP_OPERANDS_MAX] = {0};
    int shared = for_reference ? -1 : plan->proof->in_place(&vcase->problem, variant);
    for (unsigned i = 0; i < vcase->n_operands; i++) {
        bool unread = plan->unread[variant] >> i & 1;
        pointers[i] = unread && vcase->poison[i].data ? vcase->poison[i].data : vcase->data[i];
        if ((int)i == shared) pointers[i] = vcase->data[vcase->outputs[0]];
    }
    vcase->problem.op->bind(&vcase->problem, pointers, workspace, args);
    for (unsigned i = 0; i < vcase->n_operands; i++) {
        const struct operand *operand = &vcase->operands[(int)i == shared ? vcase->outputs[0] : i];
        long long pitch = operand->pitch, stride = operand->batch_stride;
        if (vcase->operands[i].pitch_offset)
            memcpy((char *)args + vcase->operands[i].pitch_offset, &pitch, sizeof pitch);
        if (vcase->operands[i].batch_stride_offset)
            memcpy((char *)args + vcase->operands[i].batch_stride_offset, &stride, sizeof stride);
    }
    plan->proof->set_variant(&vcase->problem, variant, args);
}

static bool is_nan_at(const struct verify_plan *plan, const struct verify_case *vcase,
                      const struct proof_region *at, const void *args)
{
    double value, allowed;
    plan->proof->reference(&vcase->problem, args, vcase->kind, at, &value, &allowed);
    return isnan(value);
}

/* The corners of an output in its first and its last batch item, and the row before the last: NaN in any of
 * them, where there was none, tells that `spoilt` was read. A single one may not depend on all inputs, as
 * where a mask hides them all, or is NaN anyway. */
static bool shows_nan(const struct verify_plan *plan, const struct verify_case *vcase, unsigned output,
                      const void *args, const void *spoilt)
{
    int64_t rows, columns, batch = vcase->operands[vcase->outputs[output]].batch;
    plan->proof->output_shape(&vcase->problem, output, &rows, &columns);
    const int64_t from_end[] = {rows, 2, 1};
    for (unsigned corner = 0; corner < 12; corner++) {
        struct proof_region at = {.rows = 1, .columns = 1, .output = output};
        at.row = rows > from_end[corner / 4] ? rows - from_end[corner / 4] : 0;
        if (corner & 1) at.column = columns - 1;
        if (corner & 2) at.batch = batch - 1;
        if (is_nan_at(plan, vcase, &at, spoilt) && !is_nan_at(plan, vcase, &at, args)) return true;
    }
    return false;
}

/* Which operands does nobody read in a variant? Those whose NaN the reference does not see. Integers have
 * none, and count as read; what the problem does not use has no pointer to begin with. */
static uint32_t find_unread(const struct verify_plan *plan, const struct verify_case *vcase, unsigned variant)
{
    uint32_t unread = 0;
    for (unsigned i = 0; i < vcase->n_operands; i++) {
        if (verify_is_output(vcase, i) || !vcase->poison[i].data) continue;
        if (dtype_epsilon(vcase->operands[i].type) == 0) continue;
        _Alignas(16) char args[OP_ARGS_BYTES_MAX], spoilt[OP_ARGS_BYTES_MAX];
        void *pointer, *poison = vcase->poison[i].data;
        verify_bind(plan, vcase, variant, true, NULL, args);
        memcpy(&pointer, args + vcase->operands[i].pointer_offset, sizeof pointer);
        if (!pointer) continue;
        memcpy(spoilt, args, sizeof spoilt);
        memcpy(spoilt + vcase->operands[i].pointer_offset, &poison, sizeof poison);
        bool seen = false;
        for (unsigned o = 0; o < vcase->n_outputs && !seen; o++)
            seen = shows_nan(plan, vcase, o, args, spoilt);
        if (!seen) unread |= 1u << i;
    }
    return unread;
}

static enum status make_poison(struct verify_case *vcase)
{
    for (unsigned i = 0; i < vcase->n_operands; i++) {
        if (verify_is_output(vcase, i) || vcase->operands[i].role == OPERAND_WEIGHT) continue;
        TRY(guarded_create(vcase->operands[i].name, operand_bytes(&vcase->operands[i]),
                           least_alignment(&vcase->problem, &vcase->operands[i]), GUARDED_AT_END,
                           &vcase->poison[i]));
        guarded_poison(&vcase->poison[i], verify_poison(vcase->operands[i].type));
    }
    return STATUS_OK;
}

/* ---- filling ---- */

struct fill_task {
    struct verify_plan *plan;
    struct verify_case *vcase;
    unsigned operand;
    uint64_t seed;
};

static void fill_one(void *context, uint32_t i, uint32_t slot)
{
    (void)slot;
    const struct fill_task *task = (const struct fill_task *)context + i;
    struct verify_case *vcase = task->vcase;
    task->plan->proof->fill(&vcase->problem, &vcase->operands[task->operand], task->operand, vcase->kind,
                            task->seed, vcase->data[task->operand]);
}

/* Fills inputs of cases [first, n_cases). What nobody reads in any run of a case stays poison, or untouched.
 */
static enum status fill_cases(struct verify_plan *plan, unsigned first, uint64_t seed, struct cpu_pool *pool,
                              uint32_t threads)
{
    struct fill_task tasks[VERIFY_CASES_MAX * OP_OPERANDS_MAX];
    uint32_t n = 0;
    for (unsigned c = first; c < plan->n_cases; c++) {
        struct verify_case *vcase = &plan->cases[c];
        for (unsigned o = 0; o < vcase->n_operands; o++) {
            bool unread = vcase->own && vcase->n_runs == 1 && plan->unread[vcase->runs[0].variant] >> o & 1;
            if (!verify_is_output(vcase, o) && !unread) tasks[n++] = (struct fill_task){plan, vcase, o, seed};
        }
    }
    cpu_pool_run(pool, n, threads, fill_one, tasks);
    return STATUS_OK;
}

static enum status protect_cases(struct verify_plan *plan)
{
    for (unsigned c = 0; c < plan->n_cases; c++)
        for (unsigned o = 0; o < plan->cases[c].n_operands; o++) {
            if (!verify_is_output(&plan->cases[c], o) && plan->cases[c].buffers[o].area)
                TRY(guarded_protect(&plan->cases[c].buffers[o]));
            if (plan->cases[c].poison[o].area) TRY(guarded_protect(&plan->cases[c].poison[o]));
        }
    return STATUS_OK;
}

/* ---- the plan ---- */

static void add_run(struct verify_case *vcase, unsigned variant)
{
    if (vcase->n_runs < VERIFY_RUNS_MAX) vcase->runs[vcase->n_runs++].variant = variant;
}

/* Every variant; with less effort the plain one, and another one of integers, which changes from shape to
 * shape. */
static void add_runs(const struct verify_plan *plan, struct verify_case *vcase, unsigned shape)
{
    unsigned n = plan->proof->n_variants;
    for (unsigned v = 0; v < n; v++) {
        bool other = vcase->kind == PROOF_INTEGERS && n > 1 && v == 1 + shape % (n - 1);
        if (plan->effort == VERIFY_WHOLE || v == 0 || other) add_run(vcase, v);
    }
}

static enum status add_small_cases(struct verify_plan *plan, const struct problem *own)
{
    enum { KINDS = 2, OWN_CASES = 2 };
    int64_t longest = plan->effort == VERIFY_EMULATED ? EMULATED_LONGEST : INT64_MAX;
    struct problem problem;
    unsigned turn = 0;
    for (unsigned s = 0; plan->proof->small_shape(own, s, longest, &problem); s++) {
        if (plan->n_cases + KINDS + OWN_CASES > VERIFY_CASES_MAX) break;
        if (is_known(plan, &problem)) continue;
        for (int kind = PROOF_INTEGERS; kind <= PROOF_NORMAL; kind++) {
            struct verify_case *vcase = add_case(plan, &problem, (enum proof_inputs)kind);
            add_runs(plan, vcase, s);
            TRY(make_buffers(vcase, turn++));
            TRY(make_poison(vcase));
        }
    }
    return STATUS_OK;
}

/* Normal values fill every operand of the second case, so that no zero hides what is read. */
static void note_unread(struct verify_plan *plan)
{
    uint32_t unread[VERIFY_RUNS_MAX] = {0};
    struct verify_case *vcase = &plan->cases[plan->n_cases > 1 ? 1 : 0];
    for (unsigned v = 0; v < plan->proof->n_variants && v < VERIFY_RUNS_MAX; v++)
        unread[v] = find_unread(plan, vcase, v);
    memcpy(plan->unread, unread, sizeof unread);
}

static enum status add_own_cases(struct verify_plan *plan, const struct problem *own, struct measure_set *set)
{
    struct op_work work;
    own->op->work(own, &work);
    plan->own_flops = work.flops;
    struct verify_case *vcase = add_case(plan, own, PROOF_INTEGERS);
    vcase->own = true;
    /* Where a launch is far below a millisecond all variants are tried on the problem itself, too. */
    for (unsigned v = 0; v < (work.flops < 1e7 ? plan->proof->n_variants : 1); v++) add_run(vcase, v);
    TRY(make_buffers(vcase, 0));
    if (vcase->n_runs > 1) TRY(make_poison(vcase));
    vcase = add_case(plan, own, PROOF_NORMAL);
    vcase->own = true;
    add_run(vcase, 0);
    for (unsigned o = 0; o < vcase->n_operands; o++) vcase->data[o] = set->base[o];
    return STATUS_OK;
}

static enum status make_plan(struct verify_plan *plan, const struct problem *problem, uint64_t seed,
                             uint32_t threads, struct measure_set *set, struct cpu_pool *pool)
{
    TRY(add_small_cases(plan, problem));
    unsigned small = plan->n_cases;
    TRY(fill_cases(plan, 0, seed, pool, threads));
    if (small) note_unread(plan);
    TRY(add_own_cases(plan, problem, set));
    TRY(fill_cases(plan, small, seed, pool, threads));
    for (unsigned c = 0; c < plan->n_cases; c++)
        for (unsigned r = 0; r < plan->cases[c].n_runs; r++)
            TRY(verify_regions_choose(plan, &plan->cases[c], &plan->cases[c].runs[r], seed + c, threads));
    TRY(verify_regions_compute(plan, pool, threads));
    return protect_cases(plan);
}

enum status verify_plan_create(const struct problem *problem, uint64_t seed, enum verify_effort effort,
                               uint32_t threads, struct measure_set *set, struct verify_plan *out)
{
    const struct op_proof *proof = op_proof_find(problem->op->name);
    if (!proof)
        return status_fail(STATUS_UNAVAILABLE, "no proof for op %s: nothing can be verified",
                           problem->op->name);
    *out = (struct verify_plan){.proof = proof, .effort = effort};
    struct cpu_pool *pool;
    TRY(cpu_pool_create(threads, &pool));
    enum status status = make_plan(out, problem, seed, threads, set, pool);
    cpu_pool_destroy(pool);
    if (status != STATUS_OK) verify_plan_destroy(out);
    return status;
}

void verify_plan_destroy(struct verify_plan *plan)
{
    for (unsigned c = 0; c < plan->n_cases; c++) {
        struct verify_case *vcase = &plan->cases[c];
        for (unsigned o = 0; o < vcase->n_operands; o++) {
            guarded_destroy(&vcase->buffers[o]);
            guarded_destroy(&vcase->poison[o]);
        }
        for (unsigned r = 0; r < vcase->n_runs; r++) verify_regions_free(&vcase->runs[r]);
    }
    plan->n_cases = 0;
}
