#include "tuner/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pages of the host are so large: what is a multiple of less there is one here. */
enum { MARGIN = 64 << 10, ALIGNMENT = 4096, TOGETHER_BYTES = 4 << 20 };

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void stage_on_host(const struct device_api *api, struct device *device, const struct measure_set *set,
                   struct stage *out)
{
    *out = (struct stage){.api = api, .device = device, .set = *set};
}

/* ---- mirrors ---- */

enum status mirror_create(struct stage *stage, const char *name, void *host, size_t bytes, uint8_t poison,
                          struct mirror *out)
{
    struct mirror mirror = {.host = host, .bytes = bytes, .whole_bytes = round_up(bytes) + 2 * MARGIN};
    void *whole;
    TRY(stage->api->allocate(stage->device, mirror.whole_bytes, ALIGNMENT, &whole));
    mirror.whole = whole;
    mirror.memory = mirror.whole + MARGIN;
    snprintf(mirror.name, sizeof mirror.name, "%s", name);
    enum status status = stage->api->fill(stage->device, whole, poison, mirror.whole_bytes);
    if (status != STATUS_OK) {
        mirror_destroy(stage, &mirror);
        return status;
    }
    *out = mirror;
    return STATUS_OK;
}

void mirror_destroy(struct stage *stage, struct mirror *mirror)
{
    checksum_table_destroy(&mirror->table);
    if (mirror->whole) stage->api->release(stage->device, mirror->whole);
    *mirror = (struct mirror){0};
}

enum status mirror_upload(const struct stage *stage, const struct mirror *mirror, const void *from,
                          size_t bytes)
{
    return stage->api->upload(stage->device, mirror->memory + ((const char *)from - mirror->host), from,
                              bytes);
}

enum status mirror_download(const struct stage *stage, const struct mirror *mirror, void *to, size_t bytes)
{
    return stage->api->download(stage->device, to, mirror->memory + ((char *)to - mirror->host), bytes);
}

enum status mirror_check(const struct stage *stage, const struct mirror *mirror, uint8_t poison, bool *intact)
{
    const char *margins[] = {mirror->whole, mirror->whole + mirror->whole_bytes - MARGIN};
    static _Thread_local char bytes[MARGIN];
    *intact = true;
    for (int i = 0; i < 2; i++) {
        TRY(stage->api->download(stage->device, bytes, margins[i], MARGIN));
        *intact &= (uint8_t)bytes[0] == poison && memcmp(bytes, bytes + 1, MARGIN - 1) == 0;
    }
    return STATUS_OK;
}

struct mirror *stage_mirror(const struct stage *stage, const void *host)
{
    for (size_t i = 0; i < stage->n_mirrors; i++) {
        struct mirror *mirror = &stage->mirrors[i];
        if ((uintptr_t)host - (uintptr_t)mirror->host < mirror->bytes) return mirror;
    }
    return NULL;
}

void stage_translate(const struct stage *stage, const struct operand *operands, unsigned n, void *args)
{
    for (unsigned i = 0; stage->own_memory && i < n; i++) {
        char *place = (char *)args + operands[i].pointer_offset, *host;
        memcpy(&host, place, sizeof host);
        const struct mirror *mirror = host ? stage_mirror(stage, host) : NULL;
        char *there = mirror ? mirror->memory + (host - mirror->host) : NULL;
        memcpy(place, &there, sizeof there);
    }
}

/* ---- everything onto the device ---- */

static enum status add_mirror(struct stage *stage, const char *name, void *host, size_t bytes, uint8_t poison,
                              bool written)
{
    struct mirror *mirror = &stage->mirrors[stage->n_mirrors];
    TRY(mirror_create(stage, name, host, bytes, poison, mirror));
    mirror->written = written;
    stage->n_mirrors++;
    return STATUS_OK;
}

static enum status add_guarded(struct stage *stage, const struct guarded *buffer, enum dtype type,
                               bool written)
{
    if (!buffer->area) return STATUS_OK;
    TRY(add_mirror(stage, buffer->name, buffer->pages, buffer->page_bytes, verify_poison(type), written));
    if (written) return STATUS_OK;
    return mirror_upload(stage, &stage->mirrors[stage->n_mirrors - 1], buffer->pages, buffer->page_bytes);
}

static enum status add_case(struct stage *stage, const struct verify_case *vcase)
{
    for (unsigned o = 0; o < vcase->n_operands; o++) {
        TRY(add_guarded(stage, &vcase->buffers[o], vcase->operands[o].type, verify_is_output(vcase, o)));
        TRY(add_guarded(stage, &vcase->poison[o], vcase->operands[o].type, false));
    }
    return STATUS_OK;
}

/* Copies of a weight are all made of the host's first one: small ones many at a time, since a call takes
 * longer than their bytes. */
static enum status upload_copies(struct stage *stage, char *to, const char *first, size_t bytes,
                                 size_t stride, uint32_t copies)
{
    uint32_t together = stride && stride < TOGETHER_BYTES ? (uint32_t)(TOGETHER_BYTES / stride) : 1;
    char *many = together > 1 && copies > 1 ? calloc(together, stride) : NULL;
    if (!many) together = 1;
    for (uint32_t i = 0; many && i < together; i++) memcpy(many + i * stride, first, bytes);
    enum status status = STATUS_OK;
    for (uint32_t copy = 0; copy < copies && status == STATUS_OK; copy += together) {
        uint32_t n = copies - copy < together ? copies - copy : together;
        status = stage->api->upload(stage->device, to + copy * stride, many ? many : first,
                                    (n - 1) * stride + bytes);
    }
    free(many);
    return status;
}

static enum status add_measured(struct stage *stage, const struct measure_set *set, unsigned o)
{
    const struct operand *operand = &set->operands[o];
    size_t bytes = operand_bytes(operand), stride = set->stride[o];
    bool output = operand->role == OPERAND_OUTPUT;
    TRY(add_mirror(stage, operand->name, set->base[o], stride ? stride * set->copies : bytes,
                   verify_poison(operand->type), output));
    struct mirror *mirror = &stage->mirrors[stage->n_mirrors - 1];
    stage->set.base[o] = mirror->memory;
    if (output) return STATUS_OK;
    return upload_copies(stage, mirror->memory, set->base[o], bytes, stride, stride ? set->copies : 1);
}

/* Of an output the margins, of an input all. */
static enum status guard(struct stage *stage)
{
    struct checksum_range *ranges = calloc(2 * stage->n_mirrors + 1, sizeof *ranges);
    size_t n = 0;
    stage->guarded = calloc(2 * stage->n_mirrors + 1, sizeof *stage->guarded);
    if (!ranges || !stage->guarded) {
        free(ranges);
        return status_fail(STATUS_NO_MEMORY, "no memory for checksums");
    }
    for (size_t i = 0; i < stage->n_mirrors; i++) {
        const struct mirror *mirror = &stage->mirrors[i];
        size_t front = mirror->written ? MARGIN : mirror->whole_bytes;
        stage->guarded[n] = (uint32_t)i;
        ranges[n++] = (struct checksum_range){mirror->whole, front};
        if (!mirror->written) continue;
        stage->guarded[n] = (uint32_t)i;
        ranges[n++] = (struct checksum_range){mirror->whole + mirror->whole_bytes - MARGIN, MARGIN};
    }
    enum status status = checksum_table_create(&stage->checksum, ranges, n, &stage->guards);
    if (status == STATUS_OK) status = checksum_keep(&stage->guards);
    free(ranges);
    return status;
}

enum status stage_create(const struct device_api *api, struct device *device, const struct verify_plan *plan,
                         const struct measure_set *set, const void *code, size_t code_bytes,
                         struct stage *out)
{
    stage_on_host(api, device, set, out);
    out->own_memory = true;
    out->mirrors = calloc((2 * VERIFY_CASES_MAX + 1) * OP_OPERANDS_MAX, sizeof *out->mirrors);
    if (!out->mirrors) return status_fail(STATUS_NO_MEMORY, "no memory for a device's buffers");
    TRY(checksum_load(api, device, code, code_bytes, &out->checksum));
    TRY(api->mark_create(device, &out->begin));
    TRY(api->mark_create(device, &out->end));
    for (unsigned c = 0; c < plan->n_cases; c++) TRY(add_case(out, &plan->cases[c]));
    for (unsigned o = 0; o < set->n_operands; o++) TRY(add_measured(out, set, o));
    return guard(out);
}

/* ---- is all well? ---- */

enum verdict stage_check(struct stage *stage, char *detail, size_t capacity)
{
    if (checksum_run(&stage->guards) != STATUS_OK) {
        snprintf(detail, capacity, "%.500s", status_message());
        return VERDICT_LAUNCH_ERROR;
    }
    size_t chunk = checksum_changed(&stage->guards);
    if (chunk == stage->guards.n_chunks) return VERDICT_OK;
    uint32_t range = stage->guards.chunk_range[chunk];
    const struct mirror *mirror = &stage->mirrors[stage->guarded[range]];
    long long offset = (long long)stage->guards.chunk_offset[chunk];
    bool behind = mirror->written && range && stage->guarded[range - 1] == stage->guarded[range];
    if (mirror->written)
        snprintf(detail, capacity, "wrote %s the pages of %s (%zu bytes)", behind ? "behind" : "in front of",
                 mirror->name, mirror->bytes);
    else if (offset < MARGIN || offset >= (long long)(MARGIN + round_up(mirror->bytes)))
        snprintf(detail, capacity, "wrote near the pages of input %s (%zu bytes)", mirror->name,
                 mirror->bytes);
    else
        snprintf(detail, capacity, "an input was changed: %s, within 64 KiB from byte %lld of its pages on",
                 mirror->name, offset - MARGIN);
    return VERDICT_OUT_OF_BOUNDS;
}

enum status stage_sum(struct stage *stage, struct mirror *mirror, uint64_t *sum)
{
    struct checksum_range range = {mirror->memory, round_up(mirror->bytes)};
    if (!mirror->table.n_chunks) TRY(checksum_table_create(&stage->checksum, &range, 1, &mirror->table));
    TRY(checksum_run(&mirror->table));
    *sum = checksum_all(&mirror->table);
    return STATUS_OK;
}

/* ---- time ---- */

enum status stage_clock_start(struct stage *stage)
{
    return stage->api->mark_record(stage->device, stage->begin, NULL);
}

enum status stage_clock_stop(struct stage *stage, double *ns)
{
    TRY(stage->api->mark_record(stage->device, stage->end, NULL));
    TRY(stage->api->mark_elapsed_ns(stage->device, stage->begin, stage->end, ns));
    stage->busy_ns += *ns;
    return STATUS_OK;
}
