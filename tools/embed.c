/* Build-time: writes templates, kernel headers and models as C arrays (templates/embedded.h).
 *
 *     embed TEMPLATES_FOLDER OUTPUT.c
 *
 * Arrays of numbers, because ISO C promises string literals of 4095 characters only. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"
#include "tuner/base/file.h"
#include "tuner/base/json.h"

enum { LIMIT_BYTES = 4 << 20 };

struct embedding {
    const char *root;
    struct text arrays, templates, headers, models;
    unsigned n_arrays;
};

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), length = strlen(ending);
    return size > length && strcmp(name + size - length, ending) == 0;
}

/* Appends the array and returns its number. */
static unsigned embed_bytes(struct embedding *e, const struct text *content)
{
    text_format(&e->arrays, "static const char array_%u[] = {", e->n_arrays);
    for (size_t i = 0; i < content->size; i++)
        text_format(&e->arrays, "%s%d,", i % 24 ? "" : "\n", content->data[i]);
    text_append(&e->arrays, "0};\n");
    return e->n_arrays++;
}

/* `name` is what the program will know the file by. */
static void embed_file(struct embedding *e, const char *name, size_t name_size, const struct text *content,
                       struct text *list)
{
    unsigned array = embed_bytes(e, content);
    text_format(list, "{\"%.*s\", array_%u, %zu}", (int)name_size, name, array, content->size);
}

/* By its path below the root. */
static void embed_path(struct embedding *e, const char *path, const struct text *content, struct text *list)
{
    const char *below = path + strlen(e->root) + 1;
    embed_file(e, below, strlen(below), content, list);
}

static enum status embed_template(struct embedding *e, const char *folder, const char *path,
                                  const struct text *json)
{
    struct json_source from = {path};
    cJSON *root;
    const char *source;
    TRY(json_parse(&from, json->data, json->size, &root));
    struct text source_path = {0}, flat = {0};
    enum status status = json_string(&from, root, "source", &source);
    if (status == STATUS_OK) {
        text_format(&source_path, "%s/%s", folder, source);
        status = source_flatten(e->root, text_string(&source_path), &flat);
        if (status != STATUS_OK) status = status_prefix(status, "%s", path);
    }
    if (status == STATUS_OK) {
        text_append(&e->templates, "    {");
        embed_path(e, path, json, &e->templates);
        text_format(&e->templates, ", array_%u},\n", embed_bytes(e, &flat));
    }
    text_free(&source_path);
    text_free(&flat);
    cJSON_Delete(root);
    return status;
}

static enum status embed_entry(struct embedding *e, const char *folder, const char *name)
{
    bool json = ends_with(name, ".json"), header = ends_with(name, ".h") || ends_with(name, ".def");
    bool kernel = ends_with(folder, "/device") && ends_with(name, ".hip"); /* one that no template has */
    if (!json && !header && !kernel) return STATUS_OK;
    struct text path = {0}, content = {0};
    text_format(&path, "%s/%s", folder, name);
    enum status status = kernel ? source_flatten(e->root, text_string(&path), &content)
                                : file_read(text_string(&path), LIMIT_BYTES, &content);
    if (status == STATUS_OK && json && !ends_with(folder, "/models")) {
        status = embed_template(e, folder, text_string(&path), &content);
    } else if (status == STATUS_OK && json) {
        text_append(&e->models, "    ");
        embed_file(e, name, strlen(name) - strlen(".json"), &content, &e->models);
        text_append(&e->models, ",\n");
    } else if (status == STATUS_OK) {
        text_append(&e->headers, "    ");
        embed_path(e, text_string(&path), &content, &e->headers);
        text_append(&e->headers, ",\n");
    }
    text_free(&path);
    text_free(&content);
    return status;
}

/* Calls `each` for the visible entries of a folder in the order of their names. */
static enum status for_entries(struct embedding *e, const char *folder,
                               enum status (*each)(struct embedding *, const char *folder, const char *name))
{
    struct dirent **entries;
    int n = scandir(folder, &entries, visible, alphasort);
    if (n < 0) return status_fail_errno(STATUS_IO, "cannot list %s", folder);
    enum status status = STATUS_OK;
    for (int i = 0; i < n; i++) {
        if (status == STATUS_OK) status = each(e, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static enum status embed_folder(struct embedding *e, const char *root, const char *name)
{
    if (strchr(name, '.')) return STATUS_OK; /* a file beside the folders */
    struct text folder = {0};
    text_format(&folder, "%s/%s", root, name);
    enum status status = for_entries(e, text_string(&folder), embed_entry);
    text_free(&folder);
    return status;
}

static void write_list(struct text *out, const char *type, const char *name, const struct text *list,
                       const char *last)
{
    /* ISO C has no empty arrays: one entry more, which is not counted */
    text_format(out,
                "const struct %s %s[] = {\n%s    %s};\nconst size_t n_%s = sizeof %s / sizeof %s[0] - 1;\n",
                type, name, text_string(list), last, name, name, name);
}

static enum status embed(const char *root, const char *output)
{
    struct embedding e = {.root = root};
    struct text out = {0};
    enum status status = for_entries(&e, root, embed_folder);
    text_append(&out,
                "/* Written by tools/embed.c from templates/. */\n#include \"templates/embedded.h\"\n\n");
    text_append(&out, text_string(&e.arrays));
    write_list(&out, "embedded_template", "embedded_templates", &e.templates, "{{0}, 0}");
    write_list(&out, "embedded_file", "embedded_headers", &e.headers, "{0}");
    write_list(&out, "embedded_file", "embedded_models", &e.models, "{0}");
    if (status == STATUS_OK) status = text_status(&out);
    if (status == STATUS_OK) status = file_publish(output, out.data, out.size, 0644);
    text_free(&out);
    text_free(&e.arrays);
    text_free(&e.templates);
    text_free(&e.headers);
    text_free(&e.models);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: embed TEMPLATES_FOLDER OUTPUT.c\n", stderr);
        return 2;
    }
    enum status status = embed(argv[1], argv[2]);
    if (status != STATUS_OK) fprintf(stderr, "embed: %s\n", status_message());
    return status_exit_code(status);
}
