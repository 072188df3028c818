/* Replaces local includes by their text. A file is known by its path below the root ("gemm/gemm_args.h"),
 * lexically normalized: that name stands in #line marks too, so a template's hash does not depend on where it
 * was built. */
#include "templates/source.h"

#include <stdlib.h>
#include <string.h>
#include "templates/manifest.h"
#include "tuner/base/file.h"

enum {
    DEPTH_MAX = 32,
    FILES_MAX = 256,
    FILE_BYTES_MAX = 1 << 20,
    FLAT_BYTES_MAX = 4 << 20,
    PATH_BYTES = 512
};

struct flattener {
    const char *root;
    const struct embedded_file *headers;
    size_t n_headers;
    struct text *out;
    char (*seen)[PATH_BYTES];
    unsigned n_seen, depth;
};

/* Resolves "." and ".." of folder + name; false if it leaves the root or is too long. */
static bool join_path(const char *folder, size_t folder_size, const char *name, char out[PATH_BYTES])
{
    if (name[0] == '/' || folder_size + strlen(name) + 2 > PATH_BYTES) return false;
    char whole[PATH_BYTES] = "";
    memcpy(whole, folder, folder_size);
    whole[folder_size] = '/';
    strcpy(whole + folder_size + 1, name);
    size_t size = 0;
    out[0] = '\0';
    for (char *save = NULL, *part = strtok_r(whole, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0) continue;
        if (strcmp(part, "..") == 0) {
            if (size == 0) return false;
            char *slash = strrchr(out, '/');
            size = slash ? (size_t)(slash - out) : 0;
        } else {
            if (size) out[size++] = '/';
            strcpy(out + size, part);
            size += strlen(part);
        }
        out[size] = '\0';
    }
    return size > 0;
}

static bool read_below_root(const struct flattener *f, const char *path, struct text *text)
{
    struct text whole = {0};
    text_format(&whole, "%s/%s", f->root, path);
    bool found =
        text_status(&whole) == STATUS_OK && file_read(text_string(&whole), FILE_BYTES_MAX, text) == STATUS_OK;
    text_free(&whole);
    return found;
}

/* A built-in header by its path or, for a kernel that was copied out of its folder, by the end of it. */
static const struct embedded_file *find_header(const struct flattener *f, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < f->n_headers; i++) {
        const char *path = f->headers[i].path;
        size_t length = strlen(path);
        if (length < size || strcmp(path + length - size, name) != 0) continue;
        if (length == size || path[length - size - 1] == '/') return &f->headers[i];
    }
    return NULL;
}

/* Finds what an include means: beside its file, below the root, built in. `path` is the name it goes by. */
static bool find_include(const struct flattener *f, const char *from, const char *name, char path[PATH_BYTES],
                         struct text *text)
{
    const char *slash = strrchr(from, '/');
    if (join_path(from, slash ? (size_t)(slash - from) : 0, name, path) && read_below_root(f, path, text))
        return true;
    const char *plain = name;
    while (text_starts_with(plain, "../") || text_starts_with(plain, "./")) plain = strchr(plain, '/') + 1;
    if (text_starts_with(plain, "templates/")) plain += strlen("templates/");
    if (join_path("", 0, plain, path) && read_below_root(f, path, text)) return true;
    const struct embedded_file *header = find_header(f, plain);
    if (!header) return false;
    text_clear(text);
    text_append_bytes(text, header->text, header->size);
    strcpy(path, header->path);
    return true;
}

static bool mark_seen(struct flattener *f, const char *path, bool *full)
{
    for (unsigned i = 0; i < f->n_seen; i++)
        if (strcmp(f->seen[i], path) == 0) return false;
    *full = f->n_seen == FILES_MAX;
    if (!*full) strcpy(f->seen[f->n_seen++], path);
    return true;
}

/* The name between the quotes of a line that is `#include "name"`; false for any other line. */
static bool include_name(const char *line, size_t size, char name[PATH_BYTES])
{
    const char *end = line + size, *p = line;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    if (p == end || *p++ != '#') return false;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    const char *word = "include";
    for (; *word; word++, p++)
        if (p == end || *p != *word) return false;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    if (p == end || *p++ != '"') return false;
    const char *quote = memchr(p, '"', (size_t)(end - p));
    if (!quote || quote - p >= PATH_BYTES) return false;
    memcpy(name, p, (size_t)(quote - p));
    name[quote - p] = '\0';
    return true;
}

static enum status flatten_text(struct flattener *f, const char *path, const struct text *text);

static enum status flatten_include(struct flattener *f, const char *from, unsigned line, const char *name)
{
    char path[PATH_BYTES];
    struct text text = {0};
    bool full = false;
    enum status status = STATUS_OK;
    if (!find_include(f, from, name, path, &text))
        status = status_fail(STATUS_BAD_DATA, "%s:%u: #include \"%s\" is neither in %s nor built in", from,
                             line, name, f->root);
    else if (f->depth >= DEPTH_MAX)
        status = status_fail(STATUS_BAD_DATA, "%s:%u: #include \"%s\" is nested deeper than %d files", from,
                             line, name, DEPTH_MAX);
    else if (!mark_seen(f, path, &full))
        text_append(f->out, "\n");
    else if (full)
        status =
            status_fail(STATUS_BAD_DATA, "%s:%u: more than %d files are included", from, line, FILES_MAX);
    else {
        f->depth++;
        status = flatten_text(f, path, &text);
        f->depth--;
        text_format(f->out, "#line %u \"%s\"\n", line + 1, from);
    }
    text_free(&text);
    return status;
}

static enum status flatten_text(struct flattener *f, const char *path, const struct text *text)
{
    text_format(f->out, "#line 1 \"%s\"\n", path);
    const char *p = text_string(text), *end = p + text->size;
    if (memchr(p, '\0', text->size))
        return status_fail(STATUS_BAD_DATA, "%s: is no text: it holds a NUL byte", path);
    for (unsigned line = 1; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)((newline ? newline : end) - p);
        char name[PATH_BYTES];
        if (include_name(p, size, name)) {
            TRY(flatten_include(f, path, line, name));
        } else {
            text_append_bytes(f->out, p, size);
            text_append(f->out, "\n");
        }
        if (f->out->size > FLAT_BYTES_MAX)
            return status_fail(STATUS_BAD_DATA, "%s: the source with its includes exceeds %d bytes", path,
                               FLAT_BYTES_MAX);
        p += newline ? size + 1 : size;
    }
    return STATUS_OK;
}

enum status source_flatten_with(const char *root, const char *path, const struct embedded_file *headers,
                                size_t n_headers, struct text *out)
{
    struct flattener f = {.root = root, .headers = headers, .n_headers = n_headers, .out = out};
    size_t root_size = strlen(root);
    while (root_size > 1 && root[root_size - 1] == '/') root_size--;
    char below[PATH_BYTES];
    if (strncmp(path, root, root_size) != 0 || path[root_size] != '/' ||
        !join_path("", 0, path + root_size + 1 + strspn(path + root_size + 1, "/"), below))
        return status_fail(STATUS_BAD_DATA, "%s: lies outside %s", path, root);
    struct text text = {0}, flat = {0};
    f.out = &flat;
    f.seen = calloc(FILES_MAX, sizeof *f.seen);
    enum status status = f.seen ? file_read(path, FILE_BYTES_MAX, &text)
                                : status_fail(STATUS_NO_MEMORY, "%s: no memory to read its includes", path);
    if (status == STATUS_NOT_FOUND || status == STATUS_IO) /* whatever the reason, the template is unusable */
        status = status_prefix(STATUS_BAD_DATA, "source");
    bool full;
    if (status == STATUS_OK && mark_seen(&f, below, &full)) status = flatten_text(&f, below, &text);
    if (status == STATUS_OK) status = text_status(&flat);
    if (status == STATUS_OK) text_append_bytes(out, flat.data, flat.size);
    text_free(&flat);
    text_free(&text);
    free(f.seen);
    return status == STATUS_OK ? text_status(out) : status;
}

enum status source_flatten(const char *root, const char *path, struct text *out)
{
    return source_flatten_with(root, path, NULL, 0, out);
}
