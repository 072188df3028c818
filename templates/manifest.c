/* Reads a manifest: its members in the order in which they depend on each other. */
#include "templates/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/manifest_reader.h"

enum { TARGETS_MAX = 64 };

static const char *const members[] = {"name",          "about",      "op",      "source", "targets",
                                      "accepts",       "parameters", "let",     "where",  "workspace_bytes",
                                      "deterministic", "launch",     "default", "starts", "specialize",
                                      "tensor_maps",   "model"};

static enum status read_op(struct manifest_reader *reader, const cJSON *root)
{
    const char *name;
    TRY(json_string(&reader->source, root, "op", &name));
    reader->manifest->op = op_find(name);
    if (reader->manifest->op) return STATUS_OK;
    const char *names[16];
    size_t n = op_names(names, 16);
    const char *closest = text_closest(name, names, n);
    return status_fail(STATUS_BAD_DATA, "%s: unknown op \"%s\"; did you mean \"%s\"?", reader->source.name,
                       name, closest ? closest : names[0]);
}

static enum status read_names(struct manifest_reader *reader, const cJSON *root, const char *origin)
{
    const char *name, *source;
    TRY(json_string(&reader->source, root, "name", &name));
    if (!reader_is_name(name, false))
        return status_fail(STATUS_BAD_DATA, "%s: name \"%s\" must be small letters, digits and _, at most %d",
                           reader->source.name, name, MANIFEST_NAME_BYTES - 1);
    TRY(reader_keep(reader, name, &reader->manifest->name));
    TRY(reader_keep(reader, origin, &reader->manifest->origin));
    if (strcmp(origin, "built-in") == 0) reader->source.name = reader->manifest->name;
    TRY(json_string(&reader->source, root, "source", &source));
    if (source[0] == '\0' || strchr(source, '/'))
        return status_fail(STATUS_BAD_DATA,
                           "%s: source \"%s\" must be the name of a file beside the manifest",
                           reader->source.name, source);
    TRY(reader_keep(reader, source, &reader->manifest->source_name));
    if (cJSON_GetObjectItemCaseSensitive(root, "about"))
        TRY(json_string(&reader->source, root, "about", &source));
    return read_op(reader, root);
}

static bool is_target(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == size;
}

static enum status read_targets(struct manifest_reader *reader, const cJSON *root)
{
    const char *source = reader->source.name;
    const cJSON *list, *item;
    TRY(json_array(&reader->source, root, "targets", &list));
    int n = cJSON_GetArraySize(list);
    if (n == 0 || n > TARGETS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: targets must list 1 to %d targets, not %d", source,
                           TARGETS_MAX, n);
    const char **targets = arena_alloc(&reader->manifest->arena, ((size_t)n + 1) * sizeof *targets);
    if (!targets) return status_fail(STATUS_NO_MEMORY, "%s: no memory for its targets", source);
    int i = 0;
    cJSON_ArrayForEach (item, list) {
        if (!cJSON_IsString(item) || !is_target(item->valuestring))
            return status_fail(STATUS_BAD_DATA, "%s: targets[%d] is no target's name, such as \"gfx942\"",
                               source, i);
        for (int j = 0; j < i; j++)
            if (strcmp(targets[j], item->valuestring) == 0)
                return status_fail(STATUS_BAD_DATA, "%s: targets lists \"%s\" twice", source,
                                   item->valuestring);
        TRY(reader_keep(reader, item->valuestring, &targets[i]));
        i++;
    }
    reader->manifest->targets = targets;
    return STATUS_OK;
}

static enum status read_clauses(struct manifest_reader *reader, const cJSON *root, const char *member,
                                struct manifest_clause *clauses, uint32_t *n_clauses)
{
    if (!cJSON_GetObjectItemCaseSensitive(root, member)) return STATUS_OK;
    const cJSON *list, *item;
    TRY(json_array(&reader->source, root, member, &list));
    int n = cJSON_GetArraySize(list);
    if (n > MANIFEST_CLAUSES_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: %s has %d clauses; %d are the most", reader->source.name,
                           member, n, MANIFEST_CLAUSES_MAX);
    cJSON_ArrayForEach (item, list) {
        char clause[32];
        struct manifest_clause *out = &clauses[*n_clauses];
        snprintf(clause, sizeof clause, "%s[%u]", member, (unsigned)*n_clauses);
        if (!cJSON_IsString(item))
            return status_fail(STATUS_BAD_DATA, "%s: %s: must be an expression in quotes",
                               reader->source.name, clause);
        TRY(reader_expression(reader, item, clause, &out->expr));
        TRY(reader_keep(reader, item->valuestring, &out->text));
        ++*n_clauses;
    }
    return STATUS_OK;
}

static enum status read_accepts(struct manifest_reader *reader, const cJSON *root)
{
    reader->problem_only = true;
    enum status status =
        read_clauses(reader, root, "accepts", reader->manifest->accepts, &reader->manifest->n_accepts);
    reader->problem_only = false;
    return status;
}

static enum status read_lets(struct manifest_reader *reader, const cJSON *root)
{
    if (!cJSON_GetObjectItemCaseSensitive(root, "let")) return STATUS_OK;
    const char *source = reader->source.name;
    const cJSON *object, *item;
    TRY(json_object(&reader->source, root, "let", &object));
    cJSON_ArrayForEach (item, object) {
        if (!reader_is_name(item->string, false))
            return status_fail(STATUS_BAD_DATA,
                               "%s: let \"%s\" must be small letters, digits and _, at most %d", source,
                               item->string, MANIFEST_NAME_BYTES - 1);
        if (reader_knows(reader, item->string))
            return status_fail(STATUS_BAD_DATA,
                               "%s: let %s has the name of a field, word or function; rename it", source,
                               item->string);
        if (reader->n_lets == MANIFEST_LETS_MAX)
            return status_fail(STATUS_BAD_DATA, "%s: more than %d lets", source, MANIFEST_LETS_MAX);
        struct manifest_let *let = &reader->lets[reader->n_lets];
        char clause[MANIFEST_NAME_BYTES + 8];
        snprintf(clause, sizeof clause, "let.%s", item->string);
        TRY(reader_expression(reader, item, clause, &let->expr));
        TRY(reader_keep(reader, item->string, &let->name));
        reader->n_lets++; /* from here on later clauses know it */
    }
    return STATUS_OK;
}

static enum status read_specialize(struct manifest_reader *reader, const cJSON *root)
{
    if (!cJSON_GetObjectItemCaseSensitive(root, "specialize")) return STATUS_OK;
    const struct op *op = reader->manifest->op;
    const cJSON *list, *item;
    TRY(json_array(&reader->source, root, "specialize", &list));
    cJSON_ArrayForEach (item, list) {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        int index = op_field_index(op, name);
        if (index < 0 || op->fields[index].kind != FIELD_SIZE)
            return status_fail(STATUS_BAD_DATA,
                               "%s: specialize: \"%s\" is no size of %s; sizes are m, n, k ...",
                               reader->source.name, name, op->name);
        reader->manifest->specialize |= 1u << index;
    }
    return STATUS_OK;
}

static enum status read_members(struct manifest_reader *reader, const cJSON *root, const char *origin)
{
    struct manifest *manifest = reader->manifest;
    if (!cJSON_IsObject(root))
        return status_fail(STATUS_BAD_DATA, "%s: a manifest is a JSON object", reader->source.name);
    TRY(json_only(&reader->source, root, members, sizeof members / sizeof members[0]));
    TRY(read_names(reader, root, origin));
    TRY(read_targets(reader, root));
    TRY(manifest_read_parameters(reader, root));
    TRY(read_accepts(reader, root));
    TRY(read_lets(reader, root));
    TRY(read_clauses(reader, root, "where", manifest->where, &manifest->n_where));
    TRY(reader_optional(reader, root, "workspace_bytes", "workspace_bytes", "0", &manifest->workspace_bytes));
    TRY(reader_optional(reader, root, "deterministic", "deterministic", "1", &manifest->deterministic));
    TRY(manifest_read_launch(reader, root));
    TRY(manifest_read_maps(reader, root));
    TRY(manifest_read_model(reader, root));
    TRY(manifest_read_default(reader, root));
    TRY(manifest_read_starts(reader, root));
    return read_specialize(reader, root);
}

/* What a kernel's identity knows of its template: the source and every clause, but not which values there are
 * to try, so that widening a range, naming a new start or modelling better invalidates nothing. Takes those
 * members out of `root`. */
static enum status identify(struct manifest *manifest, cJSON *root, const char *source)
{
    static const char *const no_identity[] = {"about", "targets", "parameters", "default", "starts", "model"};
    for (size_t i = 0; i < sizeof no_identity / sizeof *no_identity; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(root, no_identity[i]);
    struct text clauses = {0};
    json_print(root, false, &clauses);
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, text_string(&clauses));
    sha256_add_field(&sha, source);
    manifest->identity = sha256_end(&sha);
    enum status status = text_status(&clauses);
    text_free(&clauses);
    return status;
}

/* The manifest's text and the source as it will be compiled. */
static struct hash hash_of(const struct manifest *manifest)
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, manifest->json);
    sha256_add_field(&sha, manifest->source);
    return sha256_end(&sha);
}

static enum status read_manifest(struct manifest *manifest, const char *origin, const char *json,
                                 size_t json_size, const char *source)
{
    struct manifest_reader reader = {.source = {origin}, .manifest = manifest};
    cJSON *root;
    TRY(json_parse(&reader.source, json, json_size, &root));
    enum status status = read_members(&reader, root, origin);
    if (status == STATUS_OK) status = identify(manifest, root, source);
    cJSON_Delete(root);
    TRY(status);
    char *text = arena_alloc(&manifest->arena, json_size + 1);
    if (!text) return status_fail(STATUS_NO_MEMORY, "%s: no memory for its text", reader.source.name);
    memcpy(text, json, json_size);
    manifest->json = text;
    TRY(reader_keep(&reader, source, &manifest->source));
    manifest->hash = hash_of(manifest);
    return STATUS_OK;
}

enum status manifest_parse(const char *origin, const char *json, size_t json_size, const char *source,
                           struct manifest **out)
{
    struct manifest *manifest = calloc(1, sizeof *manifest);
    if (!manifest) return status_fail(STATUS_NO_MEMORY, "%s: no memory for a manifest", origin);
    enum status status = read_manifest(manifest, origin, json, json_size, source);
    if (status == STATUS_OK)
        *out = manifest;
    else
        manifest_free(manifest);
    return status;
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest) return;
    arena_free(&manifest->arena);
    free(manifest);
}
