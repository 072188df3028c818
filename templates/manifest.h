/* A template: its manifest, read and checked, with the flattened kernel source.
 *
 * Manifests are JSON; docs/add-a-template.md lists every member. They are embedded at build time
 * (template_builtin) and may be read from a folder instead. Every mistake is one line naming template, clause
 * and column. A manifest is immutable and lives until manifest_free. */
#ifndef TUNEBOOK_TEMPLATES_MANIFEST_H
#define TUNEBOOK_TEMPLATES_MANIFEST_H

#include "search/expr.h"
#include "templates/op.h"
#include "tuner/base/sha256.h"

enum {
    MANIFEST_STEPS_MAX = 8,
    MANIFEST_CLAUSES_MAX = 64,
    MANIFEST_PARAMETERS_MAX = 32,
    MANIFEST_STARTS_MAX = 32,
    MANIFEST_MAPS_MAX = 8
};

/* A parameter's values. Words ("xor") stand as expr_word values in `values` and by name in `words`. */
struct manifest_parameter {
    const char *name;
    uint32_t n_values;
    const int64_t *values;
    const char *const *words; /* NULL for a numeric parameter */
    unsigned slot;            /* SLOT_PARAMETERS + index */
};

struct manifest_clause {
    struct expr expr;
    const char *text;
};

/* One step of a launch: a kernel, or zeroing a range of the workspace. */
struct manifest_step {
    const char *entry; /* NULL: zero */
    bool has_when;
    struct expr when;
    struct expr grid[3], cluster[3], block[3],
        shared_bytes;                      /* kernel; cluster 1,1,1 where the manifest has none */
    struct expr cooperative, programmatic; /* kernel; 0 where the manifest has none */
    struct expr zero_offset, zero_bytes;   /* zero */
};

/* A view of an operand for the device's copy engine, which kernels find behind the argument block. */
struct manifest_map {
    const char *operand; /* one of the op's operand_names */
    bool has_when;
    struct expr when;
    struct expr box[2]; /* elements along the contiguous dimension, and along the other */
    struct expr swizzle;
};

/* Members of the "model" block: the shape of a kernel as search/model.h has it. */
enum manifest_model_member {
#define MODEL_SHAPE(name, value, least, meaning) MANIFEST_MODEL_##name,
#include "search/model_kernel.def"
#undef MODEL_SHAPE
    MANIFEST_MODEL_MEMBERS
};

struct manifest {
    struct arena arena;
    const char *name;
    const char *origin; /* "built-in" or the file it was read from */
    const struct op *op;
    const char *json; /* the manifest's own text */
    const char *source_name;
    const char *source;         /* flattened: local includes in place, with #line marks */
    struct hash hash;           /* of json and source: where a book keeps both */
    struct hash identity;       /* of source and clauses: the template's part of a kernel's identity */
    const char *const *targets; /* NULL-terminated */
    struct manifest_clause accepts[MANIFEST_CLAUSES_MAX]; /* on problem fields and device.* only */
    uint32_t n_accepts;
    struct manifest_parameter parameters[MANIFEST_PARAMETERS_MAX];
    uint32_t n_parameters;
    struct manifest_clause where[MANIFEST_CLAUSES_MAX];
    uint32_t n_where;
    struct expr workspace_bytes;
    struct expr deterministic;
    struct manifest_step steps[MANIFEST_STEPS_MAX];
    uint32_t n_steps;
    struct manifest_map maps[MANIFEST_MAPS_MAX];
    uint32_t n_maps;
    bool has_model;
    struct expr model[MANIFEST_MODEL_MEMBERS];
    int64_t defaults[MANIFEST_PARAMETERS_MAX];                    /* values of the default configuration */
    int64_t starts[MANIFEST_STARTS_MAX][MANIFEST_PARAMETERS_MAX]; /* front-runners known to the author */
    uint32_t n_starts;
    uint32_t specialize; /* bit per problem field whose value is compiled in */
};

/* Parses a manifest whose source text is already flattened. `origin` names it in errors. */
enum status manifest_parse(const char *origin, const char *json, size_t json_size, const char *source,
                           struct manifest **out);
void manifest_free(struct manifest *manifest);

/* Replaces each `#include "relative"` of the file at `path` by that file's text, once per file, with #line
 * marks. A file outside `root` or a missing one is STATUS_BAD_DATA by name. */
enum status source_flatten(const char *root, const char *path, struct text *out);

/* All templates: the embedded ones, or every *.json under `folder` (with folder = NULL: embedded). The list
 * is the caller's (manifest_free each, then free). */
enum status template_load(const char *folder, struct manifest ***out, size_t *n);

bool manifest_has_target(const struct manifest *manifest, const char *target);

/* False with the clause's text if the template refuses this problem on this device. */
bool manifest_accepts(const struct manifest *manifest, const int64_t slots[SLOT_COUNT], const char **clause);

/* False with the where clause that the default configuration breaks on this problem and device. */
bool manifest_check_default(const struct manifest *manifest, const int64_t slots[SLOT_COUNT],
                            const char **clause);

/* "TILE_M=64,SWIZZLE=xor" in manifest order, from the parameters' values in a value vector; and back. Errors
 * name parameter and values allowed. */
void manifest_print_configuration(const struct manifest *manifest, const int64_t *slots, struct text *out);
enum status manifest_parse_configuration(const struct manifest *manifest, const char *text, int64_t *slots);

/* The -D definitions of one kernel: fields that are no sizes (A_TYPE=DTYPE_BF16, LAYOUT=LAYOUT_NT,
 * ACT=ACT_NONE, BIAS=0), specialized sizes (SIZE_N=4096), parameters (TILE_M=64, SWIZZLE=SWIZZLE_XOR). One
 * "NAME=VALUE" per line: the canonical text that kernel identity hashes. */
void manifest_definitions(const struct manifest *manifest, const struct problem *problem,
                          const int64_t *slots, struct text *out);

#endif
