/* All templates: those embedded at build time, or those of a folder. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "templates/manifest.h"
#include "templates/source.h"
#include "tuner/base/file.h"
#include "tuner/base/json.h"

enum { MANIFEST_BYTES_MAX = 1 << 20, TEMPLATES_MAX = 1024 };

struct library {
    struct manifest **list;
    size_t n;
};

static enum status add(struct library *library, struct manifest *manifest)
{
    for (size_t i = 0; i < library->n; i++) {
        if (strcmp(library->list[i]->name, manifest->name) != 0) continue;
        enum status status = status_fail(STATUS_BAD_DATA, "%s: a template named %s is there already, in %s",
                                         manifest->origin, manifest->name, library->list[i]->origin);
        manifest_free(manifest);
        return status;
    }
    struct manifest **list = NULL;
    if (library->n < TEMPLATES_MAX) list = realloc(library->list, (library->n + 1) * sizeof *list);
    if (!list) {
        manifest_free(manifest);
        return status_fail(STATUS_NO_MEMORY, "no room for more than %zu templates", library->n);
    }
    library->list = list;
    library->list[library->n++] = manifest;
    return STATUS_OK;
}

static enum status load_embedded(struct library *library)
{
    for (size_t i = 0; i < n_embedded_templates; i++) {
        const struct embedded_template *from = &embedded_templates[i];
        struct manifest *manifest;
        TRY(manifest_parse("built-in", from->manifest.text, from->manifest.size, from->source, &manifest));
        TRY(add(library, manifest));
    }
    return STATUS_OK;
}

/* The source stands beside the manifest; its includes come from the folder or are built in. */
static enum status read_source(const char *root, const char *path, const struct text *json,
                               struct text *source)
{
    struct json_source from = {path};
    cJSON *document;
    const char *name;
    TRY(json_parse(&from, text_string(json), json->size, &document));
    struct text source_path = {0};
    enum status status = json_string(&from, document, "source", &name);
    if (status == STATUS_OK) {
        text_append_bytes(&source_path, path, (size_t)(strrchr(path, '/') + 1 - path));
        text_append(&source_path, name);
        status = source_flatten_with(root, text_string(&source_path), embedded_headers, n_embedded_headers,
                                     source);
        if (status != STATUS_OK) status = status_prefix(status, "%s", path);
    }
    text_free(&source_path);
    cJSON_Delete(document);
    return status;
}

static enum status load_file(struct library *library, const char *root, const char *path)
{
    struct text json = {0}, source = {0};
    struct manifest *manifest;
    enum status status = file_read(path, MANIFEST_BYTES_MAX, &json);
    if (status == STATUS_OK) status = read_source(root, path, &json, &source);
    if (status == STATUS_OK)
        status = manifest_parse(path, text_string(&json), json.size, text_string(&source), &manifest);
    if (status == STATUS_OK) status = add(library, manifest);
    text_free(&json);
    text_free(&source);
    return status;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "models") != 0;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The manifests of a folder and of the folders in it, in the order of their names. */
static enum status load_folder(struct library *library, const char *root, const char *folder, unsigned depth)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, visible, alphasort);
    if (n < 0) return status_fail_errno(STATUS_IO, "templates: cannot list %s", folder);
    enum status status = STATUS_OK;
    for (int i = 0; i < n; i++) {
        struct text path = {0};
        const char *name = entries[i]->d_name;
        size_t size = strlen(name);
        text_format(&path, "%s/%s", folder, name);
        if (status == STATUS_OK) status = text_status(&path);
        if (status == STATUS_OK && depth == 0 && is_folder(text_string(&path)))
            status = load_folder(library, root, text_string(&path), depth + 1);
        else if (status == STATUS_OK && size > 5 && strcmp(name + size - 5, ".json") == 0)
            status = load_file(library, root, text_string(&path));
        text_free(&path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum status template_load(const char *folder, struct manifest ***out, size_t *n)
{
    struct library library = {0};
    enum status status = folder ? load_folder(&library, folder, folder, 0) : load_embedded(&library);
    if (status == STATUS_OK && folder && library.n == 0)
        status = status_fail(
            STATUS_USAGE, "templates: %s holds no manifest (NAME.json, in it or one folder below)", folder);
    if (status == STATUS_OK) {
        *out = library.list;
        *n = library.n;
        return STATUS_OK;
    }
    for (size_t i = 0; i < library.n; i++) manifest_free(library.list[i]);
    free(library.list);
    return status;
}
