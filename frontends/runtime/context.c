/* Contexts: a device to plan for, its kernels and its statistics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"

static enum status find_backend(const char *name, const struct device_api **out)
{
    *out = device_find(name);
    if (*out) return STATUS_OK;
    size_t n;
    const struct device_api *const *table = device_table(&n);
    char known[128] = "";
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", table[i]->name);
    }
    return status_fail(STATUS_UNAVAILABLE, "tb_context_create: no backend '%s'; there is: %s", name, known);
}

static enum status open_device(tb_context *context, const char *backend, uint32_t index,
                               const tb_context_options *options)
{
    TRY(find_backend(backend, &context->api));
    uint32_t n = 0;
    TRY(context->api->count(&n));
    if (index >= n)
        return status_fail(STATUS_UNAVAILABLE, "tb_context_create: no %s device %u; %u found", backend, index,
                           n);
    struct device_options device = {
        .threads = options->threads,
        .parallel_for = options->parallel_for,
        .pool = options->pool,
        .measure_class = !context->book->disabled,
    };
    TRY(context->api->open(index, &device, &context->device));
    context->info = context->api->info(context->device);
    context->runs_host_code =
        strcmp(context->api->name, "cpu") == 0 || strcmp(context->api->name, "emu") == 0;
    return STATUS_OK;
}

static void kernels_destroy(tb_context *context)
{
    for (size_t i = 0; i < KERNEL_BUCKETS; i++)
        while (context->kernels[i]) {
            struct stored_kernel *stored = context->kernels[i];
            context->kernels[i] = stored->next;
            if (stored->kernel) kernel_unload(stored->kernel);
            value_free(&stored->descriptor_bytes);
            free(stored->broken);
            free(stored);
        }
}

static void context_free(tb_context *context)
{
    cache_destroy(context);
    candidates_destroy(context);
    kernels_destroy(context);
    arena_free(&context->plans);
    if (context->device) context->api->close(context->device);
    pthread_mutex_destroy(&context->mutex);
    free(context->question);
    free(context->shards);
    free(context);
}

static enum status context_new(tb_book *book, tb_context **out)
{
    tb_context *context = calloc(1, sizeof *context);
    struct shard *shards =
        context ? aligned_alloc(_Alignof(struct shard), (SHARDS + 1) * sizeof *shards) : NULL;
    if (!shards) {
        free(context);
        return status_fail(STATUS_NO_MEMORY, "tb_context_create: no memory");
    }
    memset(shards, 0, (SHARDS + 1) * sizeof *shards);
    context->shards = shards;
    context->book = book;
    context->alive = book->alive;
    pthread_mutex_init(&context->mutex, NULL);
    *out = context;
    return STATUS_OK;
}

tb_status tb_context_create(tb_book *book, const char *backend, uint32_t device,
                            const tb_context_options *options, tb_context **out)
{
    if (!book || !backend || !out) return runtime_fail(TB_INVALID, "tb_context_create: a pointer is NULL");
    if (!book_is_alive(book)) return runtime_fail_forked();
    tb_context_options given = TB_CONTEXT_OPTIONS_INIT;
    enum status status = STATUS_OK;
    if (options)
        status = struct_read("tb_context_options", options, offsetof(tb_context_options, parallel_for),
                             &given, sizeof given);
    if (status != STATUS_OK) return runtime_status(status);
    tb_context *context = NULL;
    status = context_new(book, &context);
    if (status != STATUS_OK) return runtime_status(status);
    status = open_device(context, backend, device, &given);
    if (status != STATUS_OK) {
        context_free(context);
        return status == STATUS_NOT_FOUND ? TB_UNAVAILABLE : runtime_status(status);
    }
    *out = context;
    return TB_OK;
}

void tb_context_destroy(tb_context *context)
{
    if (!context || *context->alive != (uint32_t)ALIVE)
        return; /* a forked child has none of the threads to join */
    context_free(context);
}

const char *tb_context_class(const tb_context *context)
{
    return context ? context->info->class_text : "";
}

/* The shard where the thread should look first is another's, or nobody's yet. */
struct shard *shard_claim(const tb_context *context, uintptr_t self)
{
    size_t first = (size_t)(((uint64_t)self * 0x9e3779b97f4a7c15u) >> (64 - SHARD_BITS));
    for (size_t i = 0; i < 8; i++) {
        struct shard *shard = &context->shards[(first + i) % SHARDS];
        uintptr_t owner = 0;
        if (atomic_compare_exchange_strong(&shard->owner, &owner, self) || owner == self) return shard;
    }
    return &context->shards[SHARDS];
}

tb_status tb_stats(const tb_context *context, tb_stats_values *stats)
{
    if (!context || !stats) return runtime_fail(TB_INVALID, "tb_stats: a pointer is NULL");
    size_t writable;
    enum status status = struct_writable("tb_stats_values", stats->struct_size,
                                         offsetof(tb_stats_values, answered), sizeof *stats, &writable);
    if (status != STATUS_OK) return runtime_status(status);
    if (*context->alive != (uint32_t)ALIVE) return runtime_fail_forked();
    tb_stats_values values = {.struct_size = stats->struct_size};
    for (size_t i = 0; i <= SHARDS; i++) {
        values.hits += atomic_load_explicit(&context->shards[i].hits, memory_order_relaxed);
        values.launches += atomic_load_explicit(&context->shards[i].launches, memory_order_relaxed);
    }
    pthread_mutex_t *mutex = (pthread_mutex_t *)&context->mutex;
    pthread_mutex_lock(mutex);
    values.misses = context->misses;
    memcpy(values.answered, context->answered, sizeof values.answered);
    values.no_kernel = context->no_kernel;
    pthread_mutex_unlock(mutex);
    memcpy(stats, &values, writable);
    return TB_OK;
}
