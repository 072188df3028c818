#include "tuner/code_report.h"

#include <stdio.h>
#include "tuner/base/gpu_target.h"
#include "tuner/code/objdump.h"
#include "tuner/compile/amdgpu_notes.h"

/* A kernel's own where the code object tells them apart; *own says so. Else the largest of all its kernels'.
 */
static struct code_resources resources_of(const struct descriptor *descriptor, const void *code, size_t bytes,
                                          const char *entry, bool *own)
{
    const struct gpu_target *gpu = gpu_target_find(descriptor->target);
    struct code_resources resources = descriptor->resources;
    *own = gpu && gpu->vendor == GPU_VENDOR_AMD &&
           amdgpu_kernel_resources(code, bytes, entry, &resources) == STATUS_OK;
    return resources;
}

static enum status occupancy_of_step(const char *target, const struct paper_step *step,
                                     const struct code_resources *resources, struct occupancy *out,
                                     char *text, size_t capacity)
{
    struct occupancy_request request = {.target = target,
                                        .registers = resources->registers,
                                        .scalar_registers = resources->scalar_registers,
                                        .shared_bytes = resources->shared_bytes + step->shared_bytes,
                                        .block_threads = step->block_threads};
    enum status status = occupancy_of(&request, out);
    if (status == STATUS_OK)
        occupancy_print(&request, out, text, capacity);
    else
        snprintf(text, capacity, "%s", status_message());
    return status;
}

static enum status sum_up(const struct descriptor *descriptor, const void *code, size_t bytes,
                          const struct conflicts *conflicts, struct code_report *report)
{
    struct text text = {0};
    struct listing listing = {0};
    if (!instruction_has_target(descriptor->target))
        return status_fail(STATUS_NOT_COVERED, "cycles are known for gfx90a, gfx942 and gfx950 only");
    enum status status = objdump_run(code, bytes, &text);
    if (status == STATUS_OK)
        status = listing_read(text_string(&text), text.size, report->step.entry, &listing);
    if (status == STATUS_OK) status = main_loop_find(descriptor->target, &listing, &report->loop);
    if (status == STATUS_OK) status = cycles_sum(&report->loop, &report->occupancy, conflicts, &report->sum);
    listing_free(&listing);
    text_free(&text);
    return status;
}

enum status code_report_make(const struct descriptor *descriptor, const void *code, size_t bytes,
                             const struct problem *problem, const struct device_facts *facts,
                             const struct conflicts *conflicts, struct code_report *out)
{
    struct paper_launch launch;
    bool own;
    *out = (struct code_report){.has_sum = false};
    TRY(paper_bind(descriptor, problem, facts, &launch));
    if (!launch.n_steps) return status_fail(STATUS_NOT_COVERED, "the launch has no kernel");
    out->step = launch.steps[0];
    out->resources = resources_of(descriptor, code, bytes, out->step.entry, &own);
    out->shared_bytes = out->resources.shared_bytes + out->step.shared_bytes;
    if (!out->resources.registers) {
        snprintf(out->occupancy_text, sizeof out->occupancy_text,
                 "the code object does not tell its registers");
        snprintf(out->no_sum, sizeof out->no_sum, "%s", out->occupancy_text);
        return STATUS_OK;
    }
    out->has_occupancy = occupancy_of_step(descriptor->target, &out->step, &out->resources, &out->occupancy,
                                           out->occupancy_text, sizeof out->occupancy_text) == STATUS_OK;
    if (out->has_occupancy) out->has_sum = sum_up(descriptor, code, bytes, conflicts, out) == STATUS_OK;
    out->has_conflicts = conflicts != NULL;
    if (!out->has_sum) snprintf(out->no_sum, sizeof out->no_sum, "%s", status_message());
    return STATUS_OK;
}

bool code_report_fits(const struct descriptor *descriptor, const void *code, size_t bytes,
                      const struct problem *problem, const struct device_facts *facts, char *why,
                      size_t capacity)
{
    struct paper_launch launch;
    if (!descriptor->resources.registers || !gpu_target_find(descriptor->target) ||
        paper_bind(descriptor, problem, facts, &launch) != STATUS_OK)
        return true;
    for (uint32_t i = 0; i < launch.n_steps; i++) {
        struct occupancy occupancy;
        char text[CODE_REPORT_LINE_BYTES];
        bool own;
        struct code_resources resources = resources_of(descriptor, code, bytes, launch.steps[i].entry, &own);
        if (!own && launch.n_steps > 1) return true; /* whose numbers these are is not known */
        if (occupancy_of_step(descriptor->target, &launch.steps[i], &resources, &occupancy, text,
                              sizeof text) != STATUS_OK ||
            occupancy.blocks)
            continue;
        snprintf(why, capacity, "not tried: of %s %s", launch.steps[i].entry, text);
        return false;
    }
    return true;
}
