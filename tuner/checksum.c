#include "tuner/checksum.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/device/checksum_args.h"
#include "templates/embedded.h"
#include "tuner/compile/compile_pool.h"

enum { CHUNK_BYTES = 64 << 10, VECTOR_BYTES = 16, THREADS = 256, DEADLINE_MS = 120000, TARGETS_MAX = 16 };
static const char path[] = "device/checksum.hip", entry[] = "checksum";

/* ---- the code ---- */

static enum status source(const char **out)
{
    for (size_t i = 0; i < n_embedded_headers; i++) {
        if (strcmp(embedded_headers[i].path, path) != 0) continue;
        *out = embedded_headers[i].text;
        return STATUS_OK;
    }
    return status_fail(STATUS_UNAVAILABLE, "%s was not built in", path);
}

static enum status compile(const char *target, struct text *code)
{
    struct text identity = {0};
    struct compile_job job = {.request = {.source_name = path, .definitions = "", .target = target}};
    TRY(source(&job.request.source));
    enum status status = compiler_for_target(target, &job.compiler, &identity);
    job.identity = text_string(&identity);
    if (status == STATUS_OK) status = compile_run(&job, 1, 1, DEADLINE_MS, NULL);
    if (status == STATUS_OK && job.verdict != VERDICT_OK)
        status = status_fail(STATUS_UNAVAILABLE, "%s does not compile %s: %s", job.compiler->name, path,
                             job.detail);
    text_free(&identity);
    if (status == STATUS_OK)
        *code = job.code;
    else
        text_free(&job.code);
    return status;
}

enum status checksum_code(const char *target, const struct text **out)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        char target[CLASS_TEXT_BYTES];
        struct text code;
    } known[TARGETS_MAX];
    enum status status = STATUS_OK;
    size_t i = 0;
    pthread_mutex_lock(&mutex);
    while (i < TARGETS_MAX && known[i].code.size && strcmp(known[i].target, target) != 0) i++;
    if (i == TARGETS_MAX)
        status = status_fail(STATUS_UNAVAILABLE, "more than %d targets in one process", TARGETS_MAX);
    else if (!known[i].code.size)
        status = compile(target, &known[i].code);
    if (status == STATUS_OK) {
        snprintf(known[i].target, sizeof known[i].target, "%s", target);
        *out = &known[i].code;
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

enum status checksum_load(const struct device_api *api, struct device *device, const void *code, size_t bytes,
                          struct checksum *out)
{
    *out = (struct checksum){.api = api, .device = device};
    TRY(api->load(device, code, bytes, &out->module));
    return api->function(out->module, entry, &out->function);
}

/* ---- tables ---- */

static enum status put_chunks(const struct checksum_range *ranges, size_t n, struct checksum_table *table)
{
    struct checksum_chunk *chunks = calloc(table->n_chunks, sizeof *chunks);
    if (!chunks) return status_fail(STATUS_NO_MEMORY, "no memory for checksums");
    size_t next = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t offset = 0; offset < ranges[i].bytes; offset += CHUNK_BYTES, next++) {
            size_t left = ranges[i].bytes - offset;
            chunks[next].memory = (const char *)ranges[i].memory + offset;
            chunks[next].n = (left < CHUNK_BYTES ? left : CHUNK_BYTES) / VECTOR_BYTES;
            table->chunk_range[next] = (uint32_t)i;
            table->chunk_offset[next] = offset;
        }
    const struct checksum *checksum = table->checksum;
    size_t bytes = table->n_chunks * sizeof *chunks;
    enum status status = checksum->api->allocate(checksum->device, bytes, 256, &table->chunks);
    if (status == STATUS_OK) status = checksum->api->upload(checksum->device, table->chunks, chunks, bytes);
    free(chunks);
    return status;
}

enum status checksum_table_create(const struct checksum *checksum, const struct checksum_range *ranges,
                                  size_t n, struct checksum_table *out)
{
    *out = (struct checksum_table){.checksum = checksum};
    for (size_t i = 0; i < n; i++) out->n_chunks += (ranges[i].bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
    if (!out->n_chunks) return STATUS_OK;
    out->chunk_range = calloc(out->n_chunks, sizeof *out->chunk_range);
    out->chunk_offset = calloc(out->n_chunks, sizeof *out->chunk_offset);
    out->now = calloc(out->n_chunks, sizeof *out->now);
    out->kept = calloc(out->n_chunks, sizeof *out->kept);
    enum status status = out->chunk_range && out->chunk_offset && out->now && out->kept
                             ? put_chunks(ranges, n, out)
                             : status_fail(STATUS_NO_MEMORY, "no memory for checksums");
    if (status == STATUS_OK)
        status = checksum->api->allocate(checksum->device, out->n_chunks * sizeof *out->now, 256, &out->sums);
    if (status != STATUS_OK) checksum_table_destroy(out);
    return status;
}

void checksum_table_destroy(struct checksum_table *table)
{
    if (table->chunks) table->checksum->api->release(table->checksum->device, table->chunks);
    if (table->sums) table->checksum->api->release(table->checksum->device, table->sums);
    free(table->chunk_range);
    free(table->chunk_offset);
    free(table->now);
    free(table->kept);
    *table = (struct checksum_table){0};
}

enum status checksum_run(struct checksum_table *table)
{
    if (!table->n_chunks) return STATUS_OK;
    const struct device_api *api = table->checksum->api;
    struct device *device = table->checksum->device;
    struct checksum_args args = {table->chunks, table->sums};
    struct device_step step = {.function = table->checksum->function,
                               .grid = {(uint32_t)table->n_chunks, 1, 1},
                               .cluster = {1, 1, 1},
                               .block = {THREADS, 1, 1}};
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    size_t bytes = table->n_chunks * sizeof *table->now;
    TRY(api->fill(device, table->sums, 0, bytes));
    TRY(api->launch(device, NULL, &launch));
    TRY(api->synchronize(device, NULL));
    return api->download(device, table->now, table->sums, bytes);
}

enum status checksum_keep(struct checksum_table *table)
{
    TRY(checksum_run(table));
    if (table->n_chunks) memcpy(table->kept, table->now, table->n_chunks * sizeof *table->now);
    return STATUS_OK;
}

size_t checksum_changed(const struct checksum_table *table)
{
    size_t i = 0;
    while (i < table->n_chunks && table->now[i] == table->kept[i]) i++;
    return i;
}

uint64_t checksum_all(const struct checksum_table *table)
{
    uint64_t sum = 1;
    for (size_t i = 0; i < table->n_chunks; i++) {
        sum = (sum ^ table->now[i]) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    return sum | 1;
}
