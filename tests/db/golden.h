/* The content of the golden books: a small one of every kind of row, always the same. tests/db/golden/ has
 * the file that the program of each schema wrote of it (see its README). */
#ifndef TUNEBOOK_TESTS_DB_GOLDEN_H
#define TUNEBOOK_TESTS_DB_GOLDEN_H

#include "tests/db/samples.h"

enum { GOLDEN_KERNELS = 3, GOLDEN_RECORDS = 12, GOLDEN_TRIALS = 6, GOLDEN_CODE_BYTES = 5000 };

static const char golden_manifest[] = "{\"name\": \"golden\"}\n";
static const char golden_source[] = "int golden(int x)\n{\n    return x + 1;\n}\n";
static const char golden_environment[] = "{\"driver\":\"golden 1.0\",\"compiler\":\"cc 12\"}";
static const char golden_class[] = "x86-64-v3:2:30";

static inline struct hash golden_source_hash(void)
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, golden_manifest);
    sha256_add_field(&sha, golden_source);
    return sha256_end(&sha);
}

static inline void golden_code(unsigned i, uint8_t code[GOLDEN_CODE_BYTES])
{
    for (unsigned k = 0; k < GOLDEN_CODE_BYTES; k++) code[k] = (uint8_t)(k * 7 + (k >> 8) + i);
}

static inline const char *golden_configuration(unsigned i)
{
    static const char *const all[GOLDEN_KERNELS] = {"TILE=4", "TILE=8", "TILE=16"};
    return all[i];
}

/* The bytecode is none: db knows no expressions. */
static inline void golden_descriptor(unsigned i, struct descriptor *out)
{
    uint8_t code[GOLDEN_CODE_BYTES];
    golden_code(i, code);
    *out = (struct descriptor){.code = sha256_of(code, sizeof code),
                               .source = golden_source_hash(),
                               .op = "gemm",
                               .template_name = "golden",
                               .configuration = golden_configuration(i),
                               .definitions = "A_TYPE=f32\nB_TYPE=f32",
                               .target = "x86-64-v3",
                               .compiler = "cc 12",
                               .args_abi = 1,
                               .n_names = 1,
                               .names = {"TILE"},
                               .is_parameter = {1},
                               .parameter_values = {4 << i},
                               .deterministic = 1,
                               .n_steps = 1,
                               .code_bytes = GOLDEN_CODE_BYTES,
                               .resources = {.registers = 32 + i}};
    out->steps[0] = (struct descriptor_step){.entry = "golden"};
}

static inline struct hash golden_kernel(unsigned i)
{
    char name[32];
    snprintf(name, sizeof name, "golden kernel %u", i);
    return sha256_of(name, strlen(name));
}

static inline const char *golden_key(unsigned i, char out[KEY_BYTES_MAX + 1])
{
    struct key_parts parts = {.head = "gemm/a=f32,b=f32,d=f32,acc=f32/nt/none/al=4444",
                              .n_sizes = 4,
                              .names = {"n", "k", "b", "m"},
                              .sizes = {64, 256, 1, 1 + i}};
    strcpy(parts.device_class, golden_class);
    assert_ok(key_format(&parts, out));
    return out;
}

static inline struct record_entry golden_entry(unsigned record, unsigned kernel)
{
    uint64_t ns = 1000 + 10 * record + kernel;
    return (struct record_entry){.kernel = golden_kernel(kernel),
                                 .environment = sha256_of(golden_environment, sizeof golden_environment - 1),
                                 .evidence = EVIDENCE_MEASURED,
                                 .verified = 1,
                                 .timing = {.median_ns = ns,
                                            .q1_ns = ns - 5,
                                            .q3_ns = ns + 5,
                                            .low_ns = ns - 2,
                                            .high_ns = ns + 2,
                                            .min_ns = ns - 9,
                                            .samples = 30,
                                            .launches_per_sample = 20,
                                            .flags = TIMING_INTERLEAVED},
                                 .measured_at_s = UINT64_C(1700000000) + record};
}

/* Record i has kernel i modulo their number, every second one also the next. */
static inline void golden_record(unsigned i, struct record *out)
{
    memset(out, 0, sizeof *out);
    out->baseline_ns = 900 + i;
    out->default_ns = 2000 + i;
    strcpy(out->baseline_name, "openblas 0.3.21");
    for (unsigned k = 0; k <= i % 2; k++) {
        struct record_entry entry = golden_entry(i, (i + k) % GOLDEN_KERNELS);
        record_insert(out, &entry);
    }
}

static inline void golden_trial(unsigned i, struct trial *out)
{
    *out = (struct trial){.verdict = (uint8_t)(i % 2 ? VERDICT_WRONG : VERDICT_OK),
                          .attempts = 1,
                          .kernel = golden_kernel(i % GOLDEN_KERNELS),
                          .environment = sha256_of(golden_environment, sizeof golden_environment - 1),
                          .compile_ns = 5000 + i,
                          .finished_at_s = UINT64_C(1700000100) + i,
                          .configuration = golden_configuration(i % GOLDEN_KERNELS),
                          .detail = i % 2 ? "element (3,17): 4 instead of 5" : ""};
}

static inline void golden_put_kernels(struct book *book)
{
    for (unsigned i = 0; i < GOLDEN_KERNELS; i++) {
        struct descriptor descriptor;
        struct hash kernel = golden_kernel(i);
        uint8_t code[GOLDEN_CODE_BYTES];
        golden_code(i, code);
        golden_descriptor(i, &descriptor);
        assert_ok(book_put_kernel(book, &kernel, &descriptor, code, sizeof code));
    }
}

/* Into a new, empty live book. */
static inline void golden_write(struct book *book)
{
    char key[KEY_BYTES_MAX + 1], source[sizeof golden_manifest + sizeof golden_source + 1];
    struct hash environment, hash = golden_source_hash(), quarantined = golden_kernel(99);
    int size = snprintf(source, sizeof source, "%s\n%s", golden_manifest, golden_source);
    assert_ok(book_put_source(book, &hash, source, (size_t)size));
    assert_ok(book_put_environment(book, golden_environment, &environment));
    golden_put_kernels(book);
    for (unsigned i = 0; i < GOLDEN_RECORDS; i++) {
        struct record record;
        golden_record(i, &record);
        struct book_finals finals = {.entries = record.entries,
                                     .n_entries = record.n_entries,
                                     .baseline_ns = record.baseline_ns,
                                     .default_ns = record.default_ns,
                                     .baseline_name = record.baseline_name};
        assert_ok(book_put_finals(book, golden_key(i, key), &finals));
    }
    for (unsigned i = 0; i < GOLDEN_TRIALS; i++) {
        struct trial trial;
        uint64_t sequence;
        golden_trial(i, &trial);
        golden_key(i, key);
        assert_ok(book_start(book, key, trial.configuration, &trial.kernel, &sequence));
        assert_ok(book_finish(book, key, sequence, &trial));
    }
    assert_ok(book_quarantine(book, golden_class, &quarantined, &environment, VERDICT_HANG));
}

#endif
