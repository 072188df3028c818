#include "tuner/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/verify_memory.h"

enum { HOPELESS = 8 };

/* ---- saying what is wrong ---- */

static enum verdict fail(struct verify *verify, const struct verify_case *vcase, const struct verify_run *run,
                         enum verdict verdict, const char *what)
{
    char problem[PROBLEM_TEXT_BYTES], line[2 * VERIFY_DETAIL_BYTES];
    problem_print(&vcase->problem, problem);
    snprintf(line, sizeof line, "%.300s (%.200s, %s, variant %u)", what, problem,
             vcase->kind == PROOF_INTEGERS ? "integers" : "normal", run->variant);
    snprintf(verify->detail, sizeof verify->detail, "%.511s", line);
    return verdict;
}

static enum verdict fail_element(struct verify *verify, const struct verify_case *vcase,
                                 const struct verify_run *run, const struct verify_region *region,
                                 int64_t index)
{
    unsigned operand = vcase->outputs[region->at.output];
    const struct operand *out = &vcase->operands[operand];
    int64_t row = region->at.row + index / region->at.columns,
            column = region->at.column + index % region->at.columns;
    size_t bytes = dtype_bytes(out->type);
    const char *stored = vcase->data[operand] +
                         (size_t)(region->at.batch * out->batch_stride + row * out->pitch + column) * bytes;
    double wanted = region->exact ? dtype_load(out->type, (const char *)region->exact + (size_t)index * bytes)
                                  : region->value[index];
    char place[64], what[160];
    bool written = false;
    for (size_t i = 0; i < bytes; i++) written |= (uint8_t)stored[i] != POISON;
    if (out->batch > 1)
        snprintf(place, sizeof place, "element (%lld,%lld,%lld) of %s", (long long)region->at.batch,
                 (long long)row, (long long)column, out->name);
    else
        snprintf(place, sizeof place, "element (%lld,%lld) of %s", (long long)row, (long long)column,
                 out->name);
    if (written)
        snprintf(what, sizeof what, "call %u: %s is %.9g instead of %.9g", verify->launches, place,
                 dtype_load(out->type, stored), wanted);
    else
        snprintf(what, sizeof what, "call %u: %s was not written, or is NaN", verify->launches, place);
    return fail(verify, vcase, run, VERDICT_WRONG, what);
}

static enum verdict fail_bytes(struct verify *verify, const struct verify_case *vcase,
                               const struct verify_run *run, const struct guarded *buffer, int64_t offset,
                               const char *where)
{
    char what[160];
    snprintf(what, sizeof what, "call %u: wrote at byte %lld of %s (%zu bytes), %s", verify->launches,
             (long long)offset, buffer->name, buffer->bytes, where);
    return fail(verify, vcase, run, VERDICT_OUT_OF_BOUNDS, what);
}

/* ---- comparing ---- */

/* The first element that is not what must be, or -1. Equal bytes are the common case and cost little. */
static int64_t compare_exact(const struct verify_case *vcase, const struct verify_region *region,
                             const char *stored)
{
    const struct operand *out = &vcase->operands[vcase->outputs[region->at.output]];
    size_t bytes = dtype_bytes(out->type), row_bytes = (size_t)region->at.columns * bytes;
    for (int64_t r = 0; r < region->at.rows; r++) {
        const char *have = stored + (size_t)(r * out->pitch) * bytes,
                   *want = (const char *)region->exact + (size_t)r * row_bytes;
        if (memcmp(have, want, row_bytes) == 0) continue;
        for (int64_t c = 0; c < region->at.columns; c++) {
            double x = dtype_load(out->type, have + (size_t)c * bytes),
                   y = dtype_load(out->type, want + (size_t)c * bytes);
            bool same = x == y || (isnan(x) && isnan(y)); /* -0 is 0 */
            if (!same) return r * region->at.columns + c;
        }
    }
    return -1;
}

static enum verdict compare(struct verify *verify, const struct verify_case *vcase,
                            const struct verify_run *run, unsigned output)
{
    unsigned operand = vcase->outputs[output];
    const struct operand *out = &vcase->operands[operand];
    for (size_t i = 0; i < run->n_regions; i++) {
        const struct verify_region *region = &run->regions[i];
        const struct proof_region *at = &region->at;
        if (at->output != output) continue;
        const char *stored = vcase->data[operand] +
                             (size_t)(at->batch * out->batch_stride + at->row * out->pitch + at->column) *
                                 dtype_bytes(out->type);
        int64_t index = region->exact ? compare_exact(vcase, region, stored)
                                      : proof_compare(out->type, stored, out->pitch, at->rows, at->columns,
                                                      region->value, region->allowed, NULL);
        if (index >= 0) return fail_element(verify, vcase, run, region, index);
    }
    return VERDICT_OK;
}

static enum verdict check_workspace(struct verify *verify, const struct verify_case *vcase,
                                    const struct verify_run *run)
{
    int64_t offset;
    if (verify->workspace.area && guarded_red_zone(&verify->workspace, WORKSPACE_RED_ZONE, &offset))
        return fail_bytes(verify, vcase, run, &verify->workspace, offset,
                          offset < 0 ? "in front of it" : "behind it");
    return VERDICT_OK;
}

static enum verdict check_bounds(struct verify *verify, const struct verify_case *vcase,
                                 const struct verify_run *run, unsigned output)
{
    unsigned operand = vcase->outputs[output];
    const struct guarded *out = &vcase->buffers[operand];
    int64_t offset;
    if (out->area && guarded_red_zone(out, POISON, &offset))
        return fail_bytes(verify, vcase, run, out, offset, offset < 0 ? "in front of it" : "behind it");
    if (out->area && guarded_gaps(out, &vcase->operands[operand], POISON, &offset))
        return fail_bytes(verify, vcase, run, out, offset, "between its rows");
    return VERDICT_OK;
}

/* ---- running ---- */

/* What a launch that failed says of the kernel. */
enum verdict verify_fault_verdict(const struct stage *stage)
{
    static const enum verdict verdicts[] = {
        [DEVICE_FAULT_NONE] = VERDICT_LAUNCH_ERROR,     [DEVICE_FAULT_OUT_OF_BOUNDS] = VERDICT_OUT_OF_BOUNDS,
        [DEVICE_FAULT_MISALIGNED] = VERDICT_CRASH,      [DEVICE_FAULT_UNWRITTEN] = VERDICT_NONDETERMINISTIC,
        [DEVICE_FAULT_RACE] = VERDICT_NONDETERMINISTIC, [DEVICE_FAULT_DIVERGENCE] = VERDICT_HANG,
        [DEVICE_FAULT_DEADLOCK] = VERDICT_HANG,         [DEVICE_FAULT_OTHER] = VERDICT_LAUNCH_ERROR};
    return verdicts[stage->api->fault ? stage->api->fault(stage->device) : DEVICE_FAULT_NONE];
}

/* Launches, waits, and says how long that took: by the device's marks where it has some of its own. */
static enum status launch_timed(struct verify *verify, const struct kernel_launch *launch, const void *args,
                                double *ns)
{
    struct stage *stage = verify->stage;
    uint32_t args_bytes = launch->args_bytes;
    void *workspace = memory_workspace(verify);
    if (stage->own_memory) {
        TRY(stage_clock_start(stage));
        TRY(kernel_run(verify->kernel, launch, args, args_bytes, workspace, NULL));
        TRY(stage->api->synchronize(stage->device, NULL));
        return stage_clock_stop(stage, ns);
    }
    uint64_t begin = clock_ns();
    enum status status = kernel_run(verify->kernel, launch, args, args_bytes, workspace, NULL);
    if (status == STATUS_OK) status = stage->api->synchronize(stage->device, NULL);
    *ns = (double)(clock_ns() - begin);
    return status;
}

static enum verdict run_once(struct verify *verify, const struct verify_case *vcase,
                             const struct verify_run *run, const struct kernel_launch *launch)
{
    _Alignas(KERNEL_ARGS_ALIGNMENT) char args[KERNEL_ARGS_BYTES_MAX];
    if (memory_ready_workspace(verify, launch->workspace_bytes + launch->scratch_bytes) != STATUS_OK ||
        memory_ready_outputs(verify, vcase, run) != STATUS_OK)
        return fail(verify, vcase, run, VERDICT_RESOURCE_LIMIT, status_message());
    verify_bind(verify->plan, vcase, run->variant, false, memory_workspace(verify), args);
    stage_translate(verify->stage, vcase->operands, vcase->n_operands, args);
    if (kernel_prepare(verify->kernel, launch, &vcase->problem, args) != STATUS_OK)
        return fail(verify, vcase, run, VERDICT_LAUNCH_ERROR, status_message());
    verify->launches++;
    double ns = 0;
    enum status status = launch_timed(verify, launch, args, &ns);
    if (vcase->own && (!verify->own_ns || ns < (double)verify->own_ns)) verify->own_ns = (uint64_t)ns;
    if (status != STATUS_OK)
        return fail(verify, vcase, run, verify_fault_verdict(verify->stage), status_message());
    return VERDICT_OK;
}

/* An output after a launch. The same bytes as one that was right are right, red zones and gaps included: then
 * nothing is copied. */
struct left {
    bool summed, right;
    uint64_t sum;
};

static uint64_t *right_sum(struct verify *verify, const struct verify_case *vcase,
                           const struct verify_run *run, unsigned output)
{
    return &verify->stage->right[vcase - verify->plan->cases][run - vcase->runs][output];
}

static enum status fetch(struct verify *verify, const struct verify_case *vcase, const struct verify_run *run,
                         struct left left[OP_OUTPUTS_MAX])
{
    for (unsigned o = 0; o < vcase->n_outputs; o++) {
        left[o] = (struct left){.summed = memory_is_summed(verify, vcase, o)};
        if (left[o].summed) TRY(memory_sum_output(verify, vcase, o, &left[o].sum));
        left[o].right = left[o].summed && left[o].sum == *right_sum(verify, vcase, run, o);
        if (!left[o].right) TRY(memory_fetch_output(verify, vcase, o));
    }
    return memory_fetch_workspace(verify);
}

/* What the last launch left, against guards: of everything, since that says more than a wrong result. */
static enum verdict look(struct verify *verify, const struct verify_case *vcase, const struct verify_run *run,
                         struct left left[OP_OUTPUTS_MAX])
{
    if (fetch(verify, vcase, run, left) != STATUS_OK)
        return fail(verify, vcase, run, verify_fault_verdict(verify->stage), status_message());
    enum verdict verdict = VERDICT_OK;
    for (unsigned o = 0; o < vcase->n_outputs && verdict == VERDICT_OK; o++)
        if (!left[o].right) verdict = check_bounds(verify, vcase, run, o);
    return verdict == VERDICT_OK ? check_workspace(verify, vcase, run) : verdict;
}

/* And against the reference. */
static enum verdict judge(struct verify *verify, const struct verify_case *vcase,
                          const struct verify_run *run, unsigned output, const struct left *left)
{
    if (left->right) return VERDICT_OK;
    enum verdict verdict = compare(verify, vcase, run, output);
    if (verdict == VERDICT_OK && left->summed) *right_sum(verify, vcase, run, output) = left->sum;
    return verdict;
}

static enum verdict keep_output(struct verify *verify, const struct verify_case *vcase,
                                const struct verify_run *run, unsigned output, const struct left *left)
{
    unsigned operand = vcase->outputs[output];
    size_t bytes = operand_bytes(&vcase->operands[operand]);
    verify->kept[output].sum = left->sum;
    if (left->summed) return VERDICT_OK;
    if (bytes > verify->kept[output].n_bytes) {
        free(verify->kept[output].bytes);
        verify->kept[output].bytes = malloc(bytes);
        verify->kept[output].n_bytes = verify->kept[output].bytes ? bytes : 0;
    }
    if (!verify->kept[output].bytes)
        return fail(verify, vcase, run, VERDICT_RESOURCE_LIMIT, "no memory to compare two calls");
    memcpy(verify->kept[output].bytes, vcase->data[operand], bytes);
    return VERDICT_OK;
}

static bool is_as_kept(const struct verify *verify, const struct verify_case *vcase, unsigned output,
                       const struct left *left)
{
    unsigned operand = vcase->outputs[output];
    if (left->summed) return left->sum == verify->kept[output].sum;
    return memcmp(verify->kept[output].bytes, vcase->data[operand],
                  operand_bytes(&vcase->operands[operand])) == 0;
}

static enum verdict fail_repeat(struct verify *verify, const struct verify_case *vcase,
                                const struct verify_run *run, unsigned output, const struct left *left)
{
    char what[96], place[32] = "";
    unsigned operand = vcase->outputs[output];
    if (!left->summed) {
        size_t at = 0;
        while (((const char *)verify->kept[output].bytes)[at] == vcase->data[operand][at]) at++;
        snprintf(place, sizeof place, " at byte %zu of", at);
    }
    snprintf(what, sizeof what, "two calls on the same inputs differ%s %s", *place ? place : " in",
             vcase->operands[operand].name);
    return fail(verify, vcase, run, VERDICT_NONDETERMINISTIC, what);
}

/* A later call: the same bytes are right, as the first were. Others must be right by themselves, and allowed
 * to differ. */
static enum verdict check_repeat(struct verify *verify, const struct verify_case *vcase,
                                 const struct verify_run *run)
{
    struct left left[OP_OUTPUTS_MAX];
    enum verdict verdict = look(verify, vcase, run, left);
    for (unsigned o = 0; o < vcase->n_outputs && verdict == VERDICT_OK; o++) {
        if (is_as_kept(verify, vcase, o, &left[o])) continue;
        verdict = judge(verify, vcase, run, o, &left[o]);
        if (verdict == VERDICT_OK && verify->deterministic)
            verdict = fail_repeat(verify, vcase, run, o, &left[o]);
    }
    return verdict;
}

static enum verdict check_first(struct verify *verify, const struct verify_case *vcase,
                                const struct verify_run *run)
{
    struct left left[OP_OUTPUTS_MAX];
    enum verdict verdict = look(verify, vcase, run, left);
    for (unsigned o = 0; o < vcase->n_outputs && verdict == VERDICT_OK; o++)
        verdict = judge(verify, vcase, run, o, &left[o]);
    for (unsigned o = 0; o < vcase->n_outputs && verdict == VERDICT_OK; o++)
        verdict = keep_output(verify, vcase, run, o, &left[o]);
    return verdict;
}

/* The measured buffers are run once here and once after the measurement. */
static enum verdict run_repeatedly(struct verify *verify, const struct verify_case *vcase,
                                   const struct verify_run *run, const struct kernel_launch *launch)
{
    bool once = !vcase->buffers[vcase->outputs[0]].area || verify->plan->effort == VERIFY_EMULATED;
    enum verdict verdict = run_once(verify, vcase, run, launch);
    if (verdict == VERDICT_OK) verdict = check_first(verify, vcase, run);
    if (verdict == VERDICT_OK && !once) verdict = run_once(verify, vcase, run, launch);
    return verdict == VERDICT_OK && !once ? check_repeat(verify, vcase, run) : verdict;
}

/* Far beside a workspace there are no pages of the host to look at. */
static enum verdict check_margins(struct verify *verify, const struct verify_case *vcase)
{
    bool intact;
    const struct verify_run *last = &vcase->runs[vcase->n_runs - 1];
    if (memory_check_workspace(verify, &intact) != STATUS_OK)
        return fail(verify, vcase, last, verify_fault_verdict(verify->stage), status_message());
    if (intact) return VERDICT_OK;
    return fail(verify, vcase, last, VERDICT_OUT_OF_BOUNDS, "wrote beside the pages of workspace");
}

static enum verdict run_case(struct verify *verify, struct verify_case *vcase)
{
    struct kernel_launch launch;
    if (!kernel_accepts(verify->kernel, &vcase->problem, NULL)) {
        if (!vcase->own) return VERDICT_OK; /* a shape that this kernel is not for */
        kernel_bind(verify->kernel, &vcase->problem, &launch);
        return fail(verify, vcase, &vcase->runs[0], VERDICT_INAPPLICABLE, status_message());
    }
    if (kernel_bind(verify->kernel, &vcase->problem, &launch) != STATUS_OK)
        return fail(verify, vcase, &vcase->runs[0], VERDICT_LAUNCH_ERROR, status_message());
    if (memory_expose_case(verify, vcase) != STATUS_OK)
        return fail(verify, vcase, &vcase->runs[0], VERDICT_RESOURCE_LIMIT, status_message());
    enum verdict verdict = VERDICT_OK;
    for (unsigned r = 0; r < vcase->n_runs && verdict == VERDICT_OK; r++)
        verdict = run_repeatedly(verify, vcase, &vcase->runs[r], &launch);
    if (verdict == VERDICT_OK) verdict = check_margins(verify, vcase);
    memory_conceal_case(verify, vcase);
    return verdict;
}

enum verdict verify_all(struct verify *verify, bool own)
{
    for (unsigned c = 0; c < verify->plan->n_cases; c++) {
        struct verify_case *vcase = &verify->plan->cases[c];
        if (vcase->own != own) continue;
        enum verdict verdict = run_case(verify, vcase);
        if (verdict != VERDICT_OK) return verdict;
        if (own && verify->rival_ns && verify->own_ns / HOPELESS > verify->rival_ns) {
            snprintf(verify->detail, sizeof verify->detail, "%u launches, the best took %.3g ms",
                     verify->launches, (double)verify->own_ns / 1e6);
            return VERDICT_SLOW;
        }
    }
    return VERDICT_OK;
}

enum verdict verify_again(struct verify *verify)
{
    struct verify_case *vcase =
        &verify->plan->cases[verify->plan->n_cases - 1]; /* normal values, the measured buffers */
    struct kernel_launch launch;
    if (kernel_bind(verify->kernel, &vcase->problem, &launch) != STATUS_OK)
        return fail(verify, vcase, &vcase->runs[0], VERDICT_LAUNCH_ERROR, status_message());
    if (memory_expose_case(verify, vcase) != STATUS_OK)
        return fail(verify, vcase, &vcase->runs[0], VERDICT_RESOURCE_LIMIT, status_message());
    enum verdict verdict = run_once(verify, vcase, &vcase->runs[0], &launch);
    memory_conceal_case(verify, vcase);
    /* What was kept last is this case's output before the measurement. */
    return verdict == VERDICT_OK ? check_repeat(verify, vcase, &vcase->runs[0]) : verdict;
}

/* ---- inputs ---- */

void verify_sum_inputs(const struct verify_plan *plan, uint64_t sums[VERIFY_CASES_MAX])
{
    for (unsigned c = 0; c < plan->n_cases; c++) {
        sums[c] = 0;
        for (unsigned o = 0; o < plan->cases[c].n_operands; o++)
            if (plan->cases[c].buffers[o].read_only)
                sums[c] = sums[c] * 31 + guarded_checksum(&plan->cases[c].buffers[o]);
    }
}

enum verdict verify_check_inputs(struct verify *verify, const uint64_t sums[VERIFY_CASES_MAX])
{
    uint64_t now[VERIFY_CASES_MAX];
    verify_sum_inputs(verify->plan, now);
    for (unsigned c = 0; c < verify->plan->n_cases; c++)
        if (now[c] != sums[c])
            return fail(verify, &verify->plan->cases[c], &verify->plan->cases[c].runs[0],
                        VERDICT_OUT_OF_BOUNDS, "an input was changed");
    return VERDICT_OK;
}

void verify_end(struct verify *verify)
{
    memory_drop_workspace(verify);
    for (unsigned o = 0; o < OP_OUTPUTS_MAX; o++) free(verify->kept[o].bytes);
    memset(verify->kept, 0, sizeof verify->kept);
}
