#include <stdlib.h>
#include <string.h>
#include "db/compact_internal.h"

enum { CACHE_SLOTS = 4096 };
static const uint64_t BROKEN = UINT64_MAX;

struct cached_kernel {
    uint32_t kernel;
    struct text bytes;
    struct descriptor descriptor;
};

static enum status no_memory(struct compact *run)
{
    return status_fail(STATUS_NO_MEMORY, "%s: no memory for %llu kernels", run->options->path,
                       (unsigned long long)run->rows[TABLE_KERNEL]);
}

static enum status decode(struct cached_kernel *cached, const MDB_val *value)
{
    text_clear(&cached->bytes); /* strings of a descriptor point into the bytes: private ones */
    text_append_bytes(&cached->bytes, value->mv_data, value->mv_size);
    TRY(text_status(&cached->bytes));
    return descriptor_decode(cached->bytes.data, cached->bytes.size, &cached->descriptor);
}

/* What is broken is no kernel: whoever refers to it finds out. */
static enum status read_kernel(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    struct compact_kernels *kernels = &run->kernels;
    struct cached_kernel *cached = kernels->cache[0];
    struct hash hash;
    if (key->mv_size != sizeof hash)
        return status_fail(STATUS_BAD_DATA, "%s: a damaged row in its table kernel", run->book->path);
    memcpy(&hash, key->mv_data, sizeof hash);
    TRY(hash_set_add(&kernels->hashes, &hash));
    uint64_t *bytes = &kernels->code_bytes[kernels->hashes.n - 1];
    enum status status = decode(cached, value);
    if (status == STATUS_NO_MEMORY) return status;
    *bytes = BROKEN;
    if (status != STATUS_OK) return STATUS_OK;
    MDB_val code = value_of(cached->descriptor.code.bytes, SHA256_BYTES), found;
    if (!mdb_get(run->txn, run->book->environment->tables[TABLE_CODE], &code, &found)) *bytes = found.mv_size;
    return STATUS_OK;
}

enum status compact_kernels_read(struct compact *run)
{
    struct compact_kernels *kernels = &run->kernels;
    size_t n = (size_t)run->rows[TABLE_KERNEL];
    if (n >= UINT32_MAX / 2) return no_memory(run);
    kernels->code_bytes = calloc(n + 1, sizeof *kernels->code_bytes);
    kernels->chosen = calloc(n + 1, 1);
    kernels->cache = calloc(CACHE_SLOTS, sizeof(struct cached_kernel *));
    if (!kernels->code_bytes || !kernels->chosen || !kernels->cache) return no_memory(run);
    if (!(kernels->cache[0] = calloc(1, sizeof *kernels->cache[0]))) return no_memory(run);
    enum status status = compact_each(run, TABLE_KERNEL, read_kernel);
    kernels->cache[0]->kernel = UINT32_MAX;
    run->cover = (struct cover){.n_items = (uint32_t)n, .costs = kernels->code_bytes};
    return status;
}

void compact_kernels_free(struct compact_kernels *kernels)
{
    for (size_t i = 0; kernels->cache && i < CACHE_SLOTS; i++) {
        if (kernels->cache[i]) text_free(&kernels->cache[i]->bytes);
        free(kernels->cache[i]);
    }
    hash_set_free(&kernels->hashes);
    free(kernels->code_bytes);
    free(kernels->chosen);
    free(kernels->cache);
    *kernels = (struct compact_kernels){0};
}

bool compact_kernel_find(const struct compact *run, const struct hash *kernel, uint32_t *out)
{
    const struct compact_kernels *kernels = &run->kernels;
    size_t number = hash_set_find(&kernels->hashes, kernel);
    *out = (uint32_t)number;
    return number < kernels->hashes.n && kernels->code_bytes[number] != BROKEN;
}

static enum status read_cached(struct compact *run, uint32_t kernel, struct cached_kernel **out)
{
    struct cached_kernel **slot = &run->kernels.cache[kernel % CACHE_SLOTS];
    MDB_val key = value_of(run->kernels.hashes.items[kernel].bytes, SHA256_BYTES), value;
    if (!*slot) {
        if (!(*slot = calloc(1, sizeof **slot))) return no_memory(run);
        (*slot)->kernel = UINT32_MAX;
    }
    *out = *slot;
    if ((*slot)->kernel == kernel) return STATUS_OK;
    (*slot)->kernel = UINT32_MAX;
    int code = mdb_get(run->txn, run->book->environment->tables[TABLE_KERNEL], &key, &value);
    if (code) return lmdb_fail(run->book->path, code, "read");
    map_touch(&run->touch, &value);
    TRY(decode(*slot, &value));
    (*slot)->kernel = kernel;
    return STATUS_OK;
}

enum status compact_kernel_shapes(struct compact *run, uint32_t kernel, uint32_t *out)
{
    struct cached_kernel *cached = NULL;
    *out = 1;
    if (!run->options->covers) return STATUS_OK;
    TRY(read_cached(run, kernel, &cached));
    *out = run->options->covers(run->options->context, run->key, &cached->descriptor);
    return STATUS_OK;
}
