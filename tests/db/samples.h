/* Random values of the book's kinds, and a scratch folder, for the tests of db. */
#ifndef TUNEBOOK_TESTS_DB_SAMPLES_H
#define TUNEBOOK_TESTS_DB_SAMPLES_H

#include "tests/base/check.h"
#include <ftw.h>
#include <unistd.h>
#include "db/book.h"
#include "tests/scale.h"
#include "tuner/base/arena.h"
#include "tuner/base/rng.h"

static inline struct hash sample_hash(struct rng *rng)
{
    struct hash hash;
    for (int i = 0; i < SHA256_BYTES; i++) hash.bytes[i] = (uint8_t)rng_next(rng);
    return hash;
}

/* The same hash for the same number. */
static inline struct hash numbered_hash(uint64_t number)
{
    return sha256_of(&number, sizeof number);
}

static inline struct timing sample_timing(struct rng *rng)
{
    uint64_t median = 1 + rng_below(rng, 1000);
    return (struct timing){.median_ns = median,
                           .q1_ns = median - rng_below(rng, median),
                           .q3_ns = median + rng_below(rng, 50),
                           .low_ns = median - rng_below(rng, median),
                           .high_ns = median + rng_below(rng, 20),
                           .min_ns = rng_below(rng, median),
                           .samples = (uint32_t)rng_below(rng, 100),
                           .launches_per_sample = 20,
                           .flags = (uint32_t)rng_below(rng, 8)};
}

static inline struct record_entry sample_entry(struct rng *rng)
{
    struct record_entry entry = {.kernel = sample_hash(rng),
                                 .environment = sample_hash(rng),
                                 .evidence = (uint8_t)rng_below(rng, EVIDENCE_COUNT),
                                 .verified = (uint8_t)rng_below(rng, 2),
                                 .measured_at_s = rng_next(rng)};
    entry.timing = sample_timing(rng);
    return entry;
}

static inline void sample_record(struct rng *rng, struct record *record)
{
    memset(record, 0, sizeof *record);
    record->baseline_ns = rng_below(rng, 1 << 20);
    record->default_ns = rng_below(rng, 1 << 20);
    snprintf(record->baseline_name, sizeof record->baseline_name, "openblas 0.3.%u",
             (unsigned)rng_below(rng, 30));
    for (uint64_t i = 0, n = rng_below(rng, RECORD_ENTRIES_MAX + 1); i < n; i++) {
        struct record_entry entry = sample_entry(rng);
        record_insert(record, &entry);
    }
}

static inline const char *sample_text(struct rng *rng, struct arena *arena, size_t longest)
{
    size_t length = (size_t)rng_below(rng, longest + 1);
    char *text = arena_alloc(arena, length + 1);
    for (size_t i = 0; i < length; i++) text[i] = (char)(1 + rng_below(rng, 255));
    return text;
}

static inline struct blob sample_blob(struct rng *rng, struct arena *arena)
{
    uint32_t size = (uint32_t)rng_below(rng, 3) ? (uint32_t)rng_below(rng, 40) : 0;
    uint8_t *bytes = arena_alloc(arena, size + 1);
    for (uint32_t i = 0; i < size; i++) bytes[i] = (uint8_t)rng_next(rng);
    return (struct blob){.bytes = bytes, .size = size};
}

static inline void sample_step(struct rng *rng, struct arena *arena, bool newer, struct descriptor_step *step)
{
    step->when = sample_blob(rng, arena);
    if (rng_below(rng, 4) == 0) {
        step->zero_offset = sample_blob(rng, arena);
        step->zero_bytes = sample_blob(rng, arena);
        return;
    }
    step->entry = sample_text(rng, arena, 30);
    for (int i = 0; i < 3; i++) {
        step->grid[i] = sample_blob(rng, arena);
        step->cluster[i] = sample_blob(rng, arena);
        step->block[i] = sample_blob(rng, arena);
    }
    step->shared_bytes = sample_blob(rng, arena);
    if (!newer) return;
    step->cooperative = sample_blob(rng, arena);
    step->programmatic = sample_blob(rng, arena);
}

static inline void sample_map(struct rng *rng, struct arena *arena, struct descriptor_map *map)
{
    map->operand = sample_text(rng, arena, 10);
    map->when = sample_blob(rng, arena);
    for (int i = 0; i < 2; i++) map->box[i] = sample_blob(rng, arena);
    map->swizzle = sample_blob(rng, arena);
}

static inline void sample_descriptor(struct rng *rng, struct arena *arena, struct descriptor *out)
{
    memset(out, 0, sizeof *out);
    out->code = sample_hash(rng);
    out->source = sample_hash(rng);
    out->op = sample_text(rng, arena, 20);
    out->template_name = sample_text(rng, arena, 20);
    out->configuration = sample_text(rng, arena, 200);
    out->definitions = sample_text(rng, arena, 300);
    out->target = sample_text(rng, arena, 20);
    out->compiler = sample_text(rng, arena, 100);
    out->args_abi = (uint32_t)rng_next(rng);
    out->n_names = (uint32_t)rng_below(rng, DESCRIPTOR_NAMES_MAX + 1);
    for (uint32_t i = 0; i < out->n_names; i++) {
        out->names[i] = sample_text(rng, arena, 20);
        out->is_parameter[i] = (uint8_t)rng_below(rng, 2);
        out->parameter_values[i] = out->is_parameter[i] ? (int64_t)rng_next(rng) : 0;
    }
    out->n_clauses = (uint32_t)rng_below(rng, rng_below(rng, 4) ? 10 : DESCRIPTOR_CLAUSES_MAX + 1);
    for (uint32_t i = 0; i < out->n_clauses; i++) {
        out->clauses[i] = sample_blob(rng, arena);
        out->clause_texts[i] = sample_text(rng, arena, 60);
    }
    out->workspace_bytes = sample_blob(rng, arena);
    out->deterministic = (uint8_t)rng_below(rng, 2);
    out->n_steps = (uint32_t)rng_below(rng, DESCRIPTOR_STEPS_MAX + 1);
    bool newer = rng_below(rng, 2) == 0; /* what descriptors did not always have */
    for (uint32_t i = 0; i < out->n_steps; i++) sample_step(rng, arena, newer, &out->steps[i]);
    out->n_maps = newer ? (uint32_t)rng_below(rng, DESCRIPTOR_MAPS_MAX + 1) : 0;
    for (uint32_t i = 0; i < out->n_maps; i++) sample_map(rng, arena, &out->maps[i]);
    out->code_bytes = (uint32_t)rng_next(rng);
    out->resources = (struct code_resources){.registers = (uint32_t)rng_below(rng, 512),
                                             .shared_bytes = (uint32_t)rng_next(rng),
                                             .spill_bytes = (uint32_t)rng_next(rng)};
    if (rng_below(rng, 2)) return;
    out->resources.accumulators = (uint32_t)rng_next(rng);
    out->resources.scalar_registers = (uint32_t)rng_next(rng);
    out->resources.scalar_spills = (uint32_t)rng_next(rng);
    out->resources.private_bytes = (uint32_t)rng_next(rng);
    out->resources.wave_size = (uint32_t)rng_next(rng);
    out->resources.max_block_threads = (uint32_t)rng_next(rng);
}

static inline void sample_trial(struct rng *rng, struct arena *arena, struct trial *out)
{
    *out = (struct trial){.verdict = (uint8_t)rng_below(rng, VERDICT_COUNT),
                          .attempts = (uint8_t)rng_next(rng),
                          .kernel = sample_hash(rng),
                          .environment = sample_hash(rng),
                          .compile_ns = rng_next(rng),
                          .finished_at_s = rng_next(rng),
                          .owner = rng_next(rng),
                          .configuration = sample_text(rng, arena, 200),
                          .detail = sample_text(rng, arena, 200)};
    out->timing = sample_timing(rng);
}

/* A kernel by number: its descriptor says `target`, its code is the number. */
static inline struct hash put_numbered_kernel(struct book *book, uint64_t number, const char *target)
{
    char code[32], configuration[32];
    snprintf(code, sizeof code, "code %llu", (unsigned long long)number);
    snprintf(configuration, sizeof configuration, "N=%llu", (unsigned long long)number);
    struct descriptor descriptor = {.code = sha256_of(code, strlen(code)),
                                    .source = numbered_hash(1 << 20),
                                    .op = "gemm",
                                    .template_name = "numbered",
                                    .configuration = configuration,
                                    .target = target,
                                    .args_abi = 1};
    struct hash kernel = numbered_hash(number);
    assert_ok(book_put_kernel(book, &kernel, &descriptor, code, strlen(code)));
    return kernel;
}

static inline int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

/* A new folder of its own; the returned text lives until folder_end. */
static inline char *folder_begin(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = malloc(4096);
    snprintf(path, 4096, "%s/tunebook-test-XXXXXX", parent && *parent ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void folder_end(char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* FOLDER/LEAF, in one of a few static buffers. */
static inline const char *in_folder(const char *folder, const char *leaf)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, leaf);
    return path;
}

#endif
