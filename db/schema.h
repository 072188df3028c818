/* What a book holds, as C structs, and their encoding: fixed little-endian, length-checked, independent of
 * this machine.
 *
 * Encoders append to a text; decoders accept any bytes and answer STATUS_BAD_DATA with what is wrong, never
 * reading outside. Decoded structs own nothing in the map: strings and byte ranges point into the caller's
 * private copy of the value
 * (`bytes`), which must outlive them. After an error *out holds nothing usable. Every decoder is fuzzed. */
#ifndef TUNEBOOK_DB_SCHEMA_H
#define TUNEBOOK_DB_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/code_resources.h"
#include "tuner/base/sha256.h"
#include "tuner/base/status.h"
#include "tuner/base/text.h"

enum {
    SCHEMA_VERSION = 1,
    RECORD_ENTRIES_MAX = 64,
    DESCRIPTOR_STEPS_MAX = 8,
    DESCRIPTOR_CLAUSES_MAX = 128,
    DESCRIPTOR_NAMES_MAX = 96,
    DESCRIPTOR_MAPS_MAX = 8
};

/* Best first. */
enum evidence { EVIDENCE_MEASURED, EVIDENCE_PREDICTED, EVIDENCE_DEFAULT, EVIDENCE_COUNT };
const char *evidence_name(enum evidence evidence);

/* How a trial ended. `started` marks one in flight; `pruned` was compiled and not tried. What is new comes
 * last: the numbers stand in books. */
#define VERDICT_TABLE(VERDICT)                    \
    VERDICT(OK, "ok")                             \
    VERDICT(SLOW, "slow")                         \
    VERDICT(INAPPLICABLE, "inapplicable")         \
    VERDICT(COMPILE_ERROR, "compile_error")       \
    VERDICT(COMPILE_TIMEOUT, "compile_timeout")   \
    VERDICT(RESOURCE_LIMIT, "resource_limit")     \
    VERDICT(LAUNCH_ERROR, "launch_error")         \
    VERDICT(CRASH, "crash")                       \
    VERDICT(HANG, "hang")                         \
    VERDICT(WRONG, "wrong")                       \
    VERDICT(OUT_OF_BOUNDS, "out_of_bounds")       \
    VERDICT(NONDETERMINISTIC, "nondeterministic") \
    VERDICT(STARTED, "started")                   \
    VERDICT(PRUNED, "pruned")

enum verdict {
#define VERDICT(enumerator, name) VERDICT_##enumerator,
    VERDICT_TABLE(VERDICT)
#undef VERDICT
        VERDICT_COUNT
};
const char *verdict_name(enum verdict verdict);

/* A measured time: the distribution of one launch's duration over the samples. low..high is the 95 % interval
 * of the median. All 0 where nothing was measured. */
struct timing {
    uint64_t median_ns, q1_ns, q3_ns, low_ns, high_ns, min_ns;
    uint32_t samples; /* blocks of launches */
    uint32_t launches_per_sample;
    uint32_t flags; /* TIMING_* */
};
enum { TIMING_CONTENDED = 1, TIMING_INTERLEAVED = 2, TIMING_UNSTABLE = 4 };

struct record_entry {
    struct hash kernel;      /* key of its descriptor */
    struct hash environment; /* all zero: none (default, predicted) */
    uint8_t evidence;
    uint8_t verified;       /* 1: its verification passed in that environment */
    struct timing timing;   /* of the final, interleaved measurement */
    uint64_t measured_at_s; /* UTC */
};

/* The best few entries for one problem on one device class. */
struct record {
    uint64_t baseline_ns;   /* the vendor library's median; 0: unknown */
    uint64_t default_ns;    /* the default configuration's median; 0: unknown */
    char baseline_name[32]; /* "openblas 0.3.21"; "" if none */
    uint32_t n_entries;
    struct record_entry entries[RECORD_ENTRIES_MAX];
};

/* A step of a launch; expressions are bytecode over the descriptor's names. */
struct blob {
    const uint8_t *bytes;
    uint32_t size;
};
struct descriptor_step {
    const char *entry;                                       /* NULL: zero a range of the workspace */
    struct blob when;                                        /* size 0: always */
    struct blob grid[3], cluster[3], block[3], shared_bytes; /* kernel */
    struct blob cooperative, programmatic;                   /* kernel; size 0: no */
    struct blob zero_offset, zero_bytes;                     /* zero */
};

/* A tensor map that kernels find behind the argument block: of an operand, by the op's name for it. */
struct descriptor_map {
    const char *operand;
    struct blob when; /* size 0: always */
    struct blob box[2], swizzle;
};

/* Everything the runtime must know to launch a kernel without its template. Expressions read slot i = the
 * value of names[i]: a problem field ("m"), a device fact ("device.units"), or a parameter, whose value is in
 * `parameter_values`. */
struct descriptor {
    struct hash code;   /* SHA-256 of the code object */
    struct hash source; /* of manifest and source, key in `source` */
    const char *op;
    const char *template_name;
    const char *configuration; /* "TILE_M=64,..." */
    const char
        *definitions; /* one NAME=VALUE per line: what was compiled in, types, layout and epilogue included */
    const char *target;
    const char *compiler; /* identity: name, version, flags */
    uint32_t args_abi;
    uint32_t n_names;
    const char *names[DESCRIPTOR_NAMES_MAX];
    uint8_t is_parameter[DESCRIPTOR_NAMES_MAX];
    int64_t parameter_values[DESCRIPTOR_NAMES_MAX];
    uint32_t n_clauses; /* accepts, where, and equality of what is compiled in: all must hold */
    struct blob clauses[DESCRIPTOR_CLAUSES_MAX];
    const char *clause_texts[DESCRIPTOR_CLAUSES_MAX];
    struct blob workspace_bytes;
    uint8_t deterministic;
    uint32_t n_steps;
    struct descriptor_step steps[DESCRIPTOR_STEPS_MAX];
    uint32_t n_maps;
    struct descriptor_map maps[DESCRIPTOR_MAPS_MAX];
    uint32_t code_bytes;
    struct code_resources resources;
};

/* One configuration tried on one problem. */
struct trial {
    uint8_t verdict;
    uint8_t attempts; /* started marks so far, this one included */
    struct hash kernel;
    struct hash environment;
    struct timing timing;
    uint64_t compile_ns;
    uint64_t finished_at_s;
    uint64_t owner; /* of a started mark: who set it (see book_owner) */
    const char *configuration;
    const char *detail; /* one line: "element (3,17): 4 instead of 5" */
};

void record_encode(const struct record *record, struct text *out);
enum status record_decode(const void *bytes, size_t size, struct record *out);
/* In the oldest format that says all: what has no tensor maps, no attributes of a launch and no resources
 * beyond registers, shared memory and spills is read by programs from before there were any. */
void descriptor_encode(const struct descriptor *descriptor, struct text *out);
enum status descriptor_decode(const void *bytes, size_t size, struct descriptor *out);
/* Only what is in use, which is a small part of the struct; what the pointers point at stays where it is. */
void descriptor_copy(const struct descriptor *from, struct descriptor *out);
void trial_encode(const struct trial *trial, struct text *out);
enum status trial_decode(const void *bytes, size_t size, struct trial *out);

/* The strict total order of entries: evidence, high_ns, median_ns, kernel hash, environment hash. < 0: `a` is
 * better. */
int record_entry_compare(const struct record_entry *a, const struct record_entry *b);
/* Adds or replaces (same kernel and environment: the better stays, among equals the one with more samples)
 * and keeps the entries sorted; when full the worst falls out. Any order of insertion, also with records
 * merged in between, gives the same record: the best 64 of what was ever inserted. */
void record_insert(struct record *record, const struct record_entry *entry);
/* Takes over all that `from` knows: its entries, and the shorter time of the vendor library (with its name)
 * and of the default, where known. Commutative, associative and idempotent, with the empty record as
 * identity: docs/merging.md. */
void record_merge(struct record *into, const struct record *from);

#endif
