#include "tuner/verify_memory.h"

#include <string.h>

enum {
    ALIGN_WORKSPACE = 6,
    SUMMED_FROM = 1 << 20 /* below, a copy takes no longer than a launch that sums */
};

/* What a launch finds in its workspace: NaN, large numbers, small numbers; never what the last one left,
 * never zero. */
static const uint8_t workspace_poison[] = {0xff, 0x7e, 0x3c};

/* ---- what a device may see ---- */

static enum status expose(const struct verify *verify, const char *name, void *memory, size_t bytes,
                          bool writable)
{
    const struct stage *stage = verify->stage;
    if (!stage->api->expose || !memory || !bytes) return STATUS_OK;
    return stage->api->expose(stage->device, name, memory, bytes, writable);
}

static void conceal(const struct verify *verify, const void *memory)
{
    const struct stage *stage = verify->stage;
    if (stage->api->conceal && memory) stage->api->conceal(stage->device, memory);
}

void memory_conceal_case(const struct verify *verify, const struct verify_case *vcase)
{
    for (unsigned o = 0; o < vcase->n_operands; o++) conceal(verify, vcase->data[o]);
}

/* Twins of NaN stay hidden: nobody may read them. */
enum status memory_expose_case(const struct verify *verify, const struct verify_case *vcase)
{
    enum status status = STATUS_OK;
    for (unsigned o = 0; o < vcase->n_operands && status == STATUS_OK; o++)
        status = expose(verify, vcase->operands[o].name, vcase->data[o], operand_bytes(&vcase->operands[o]),
                        verify_is_output(vcase, o));
    if (status != STATUS_OK) memory_conceal_case(verify, vcase);
    return status;
}

/* ---- the workspace ---- */

void memory_drop_workspace(struct verify *verify)
{
    conceal(verify, verify->workspace.data);
    mirror_destroy(verify->stage, &verify->workspace_there);
    guarded_destroy(&verify->workspace);
    verify->workspace_bytes = 0;
}

enum status memory_check_workspace(const struct verify *verify, bool *intact)
{
    *intact = true;
    if (!verify->workspace_there.whole) return STATUS_OK;
    return mirror_check(verify->stage, &verify->workspace_there, WORKSPACE_RED_ZONE, intact);
}

void *memory_workspace(const struct verify *verify)
{
    const struct guarded *workspace = &verify->workspace;
    if (!verify->workspace_bytes) return NULL;
    if (!verify->stage->own_memory) return workspace->data;
    return verify->workspace_there.memory + (workspace->data - workspace->pages);
}

/* On a device of its own memory the host's twin is for the red zones alone: of the rest no page is ever
 * touched. */
static enum status make_workspace(struct verify *verify, uint64_t bytes)
{
    struct guarded *workspace = &verify->workspace;
    memory_drop_workspace(verify);
    if (!bytes) return STATUS_OK;
    TRY(guarded_create("workspace", bytes, ALIGN_WORKSPACE, GUARDED_AT_END, workspace));
    if (verify->stage->own_memory) {
        TRY(mirror_create(verify->stage, "workspace", workspace->pages, workspace->page_bytes,
                          WORKSPACE_RED_ZONE, &verify->workspace_there));
        verify->workspace_bytes = bytes;
        return STATUS_OK;
    }
    guarded_poison(workspace, WORKSPACE_RED_ZONE);
    verify->workspace_bytes = bytes;
    return expose(verify, "workspace", workspace->data, bytes, true);
}

enum status memory_ready_workspace(struct verify *verify, uint64_t bytes)
{
    if (bytes != verify->workspace_bytes) TRY(make_workspace(verify, bytes));
    uint8_t poison = workspace_poison[verify->launches % sizeof workspace_poison];
    if (!bytes) return STATUS_OK;
    if (verify->stage->own_memory)
        return verify->stage->api->fill(verify->stage->device, memory_workspace(verify), poison, bytes);
    memset(verify->workspace.data, poison, bytes);
    return STATUS_OK;
}

enum status memory_fetch_workspace(struct verify *verify)
{
    struct guarded *workspace = &verify->workspace;
    if (!verify->stage->own_memory || !verify->workspace_bytes) return STATUS_OK;
    size_t before = (size_t)(workspace->data - workspace->pages), behind = before + workspace->bytes;
    TRY(mirror_download(verify->stage, &verify->workspace_there, workspace->pages, before));
    return mirror_download(verify->stage, &verify->workspace_there, workspace->pages + behind,
                           workspace->page_bytes - behind);
}

/* ---- outputs ---- */

static char *output_pages(const struct verify_case *vcase, unsigned output, size_t *bytes)
{
    unsigned operand = vcase->outputs[output];
    const struct guarded *buffer = &vcase->buffers[operand];
    *bytes = buffer->area ? buffer->page_bytes : operand_bytes(&vcase->operands[operand]);
    return buffer->area ? buffer->pages : vcase->data[operand];
}

/* `shared`: the operand whose values the output begins with; -1: none. */
static enum status ready_output(struct verify *verify, const struct verify_case *vcase, unsigned output,
                                int shared)
{
    size_t bytes;
    char *pages = output_pages(vcase, output, &bytes);
    unsigned operand = vcase->outputs[output];
    struct stage *stage = verify->stage;
    if (!stage->own_memory || shared >= 0) memset(pages, POISON, bytes);
    if (shared >= 0)
        operand_copy(&vcase->operands[shared], vcase->data[shared], &vcase->operands[operand],
                     vcase->data[operand]);
    if (!stage->own_memory) return STATUS_OK;
    struct mirror *mirror = stage_mirror(stage, pages);
    if (shared >= 0) return mirror_upload(stage, mirror, pages, bytes);
    return stage->api->fill(stage->device, mirror->memory, POISON, bytes);
}

enum status memory_ready_outputs(struct verify *verify, const struct verify_case *vcase,
                                 const struct verify_run *run)
{
    int shared = verify->plan->proof->in_place(&vcase->problem, run->variant);
    for (unsigned o = 0; o < vcase->n_outputs; o++) TRY(ready_output(verify, vcase, o, o ? -1 : shared));
    return STATUS_OK;
}

bool memory_is_summed(const struct verify *verify, const struct verify_case *vcase, unsigned output)
{
    size_t bytes;
    output_pages(vcase, output, &bytes);
    return verify->stage->own_memory && bytes >= SUMMED_FROM;
}

enum status memory_sum_output(struct verify *verify, const struct verify_case *vcase, unsigned output,
                              uint64_t *sum)
{
    size_t bytes;
    char *pages = output_pages(vcase, output, &bytes);
    return stage_sum(verify->stage, stage_mirror(verify->stage, pages), sum);
}

enum status memory_fetch_output(struct verify *verify, const struct verify_case *vcase, unsigned output)
{
    size_t bytes;
    char *pages = output_pages(vcase, output, &bytes);
    if (!verify->stage->own_memory) return STATUS_OK;
    return mirror_download(verify->stage, stage_mirror(verify->stage, pages), pages, bytes);
}
