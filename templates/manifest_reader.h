/* What the files that read a manifest share: the manifest in the making and the names its expressions may
 * use. */
#ifndef TUNEBOOK_TEMPLATES_MANIFEST_READER_H
#define TUNEBOOK_TEMPLATES_MANIFEST_READER_H

#include "templates/manifest.h"
#include "tuner/base/json.h"

enum { MANIFEST_LETS_MAX = 64, MANIFEST_NAME_BYTES = 64, MANIFEST_VALUES_MAX = 4096 };

struct manifest_let {
    const char *name;
    struct expr expr;
};

struct manifest_reader {
    struct json_source source; /* its name is what errors call the template */
    struct manifest *manifest;
    struct manifest_let lets[MANIFEST_LETS_MAX];
    unsigned n_lets;
    bool problem_only;    /* the clause at hand sees the problem and the device, no parameter */
    bool parameter_asked; /* such a clause asked for one */
};

/* Copies into the manifest's arena. */
enum status reader_keep(struct manifest_reader *reader, const char *string, const char **out);

/* Compiles the expression in `value`: a text, or a whole number. `clause` names it in errors:
 * "launch[0].grid[1]". */
enum status reader_expression(struct manifest_reader *reader, const cJSON *value, const char *clause,
                              struct expr *out);
/* The same for an optional member; `otherwise` is compiled where it is missing. */
enum status reader_optional(struct manifest_reader *reader, const cJSON *object, const char *member,
                            const char *clause, const char *otherwise, struct expr *out);

/* A whole number below 2^53. */
bool reader_number(const cJSON *value, int64_t *number);
/* Lower-case (or upper-case) identifier of fewer than MANIFEST_NAME_BYTES characters. */
bool reader_is_name(const char *name, bool upper);
/* True if `name` means something in this manifest's expressions already. */
bool reader_knows(struct manifest_reader *reader, const char *name);

enum status manifest_read_parameters(struct manifest_reader *reader, const cJSON *root);
enum status manifest_read_default(struct manifest_reader *reader, const cJSON *root);
enum status manifest_read_starts(struct manifest_reader *reader, const cJSON *root); /* after the default */
enum status manifest_read_launch(struct manifest_reader *reader, const cJSON *root);
enum status manifest_read_maps(struct manifest_reader *reader, const cJSON *root); /* after the targets */
enum status manifest_read_model(struct manifest_reader *reader, const cJSON *root);

#endif
