#include "frontends/cli/books.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/talk.h"
#include "tuner/base/file.h"
#include "tuner/launch/problem_key.h"

enum status book_user_path(const char *path, struct text *out)
{
    if (!path) return file_data_path("user.book", out);
    text_append(out, path);
    return text_status(out);
}

enum status book_open_writable(const char *path, struct book **out)
{
    struct text full = {0};
    enum status status = book_user_path(path, &full);
    if (status == STATUS_OK) status = text_status(&full);
    if (status == STATUS_OK) status = book_open(full.data, BOOK_WRITE, out);
    text_free(&full);
    return status;
}

enum status books_open(const char *path, struct layers *out)
{
    struct layers layers = {0};
    struct text warnings = {0};
    enum status status = layers_open(path, layers.items, LAYERS_MAX, &layers.n, &warnings);
    for (const char *line = text_string(&warnings); *line;) {
        size_t length = strcspn(line, "\n");
        talk_note("%.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
    text_free(&warnings);
    if (status == STATUS_NOT_FOUND) status = status_fail(STATUS_IO, "%s: no such book", path);
    TRY(status);
    if (!layers.n)
        return status_fail(STATUS_NOT_FOUND, "no book yet: neither the user's nor a site's nor a system's; "
                                             "'autotune PROBLEM' or 'autotune --model=NAME' makes one");
    *out = layers;
    return STATUS_OK;
}

/* Where no lock file says that somebody may be writing it, its structure is read before LMDB trusts it. */
static enum status verify_unlocked(const char *path)
{
    struct text lock = {0};
    text_format(&lock, "%s-lock", path);
    enum status status = text_status(&lock);
    if (status == STATUS_OK && access(lock.data, F_OK) != 0) status = book_verify(path);
    text_free(&lock);
    return status;
}

enum status book_open_one(const char *path, struct book **out)
{
    enum status status = verify_unlocked(path);
    if (status == STATUS_OK) status = book_open(path, BOOK_READ, out);
    return status == STATUS_NOT_FOUND ? status_fail(STATUS_IO, "%s: no such book", path) : status;
}

void books_close(struct layers *layers)
{
    for (size_t i = 0; i < layers->n; i++) book_close(layers->items[i]);
    layers->n = 0;
}

static const struct op *op_of_head(const char *head)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(head, "/"), head);
    return op_find(name);
}

/* "gemm/a=bf16,b=bf16/nt" with sizes -> "gemm a=bf16 b=bf16 nt n=4096 ...": the words of a problem text. */
static enum status problem_of_parts(const struct key_parts *parts, struct problem *out)
{
    char text[1024];
    const struct op *op = op_of_head(parts->head);
    if (!op) return status_fail(STATUS_BAD_DATA, "unknown op in '%s'", parts->head);
    size_t used = (size_t)snprintf(text, sizeof text, "%s", parts->head);
    for (size_t i = 0; i < used; i++)
        if (text[i] == '/' || text[i] == ',') text[i] = ' ';
    for (uint32_t i = 0; i < parts->n_sizes && op->key_sizes[i]; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s=%lld", op->key_sizes[i],
                                 (long long)parts->sizes[i]);
    return problem_parse(text, out);
}

bool book_key_problem(const char *key, struct problem *out)
{
    struct key_parts parts;
    char again[KEY_BYTES_MAX + 1];
    struct problem problem;
    if (key_parse(key, strlen(key), &parts) != STATUS_OK) return false;
    if (problem_of_parts(&parts, &problem) != STATUS_OK) return false;
    if (problem_key(&problem, parts.device_class, again) != STATUS_OK || strcmp(again, key) != 0)
        return false;
    *out = problem;
    return true;
}

/* Sizes that any problem may have: a field's own, and 8 of what has none. */
static void any_sizes(struct key_parts *parts, const struct op *op)
{
    for (uint32_t i = 0; i < parts->n_sizes && op->key_sizes[i]; i++) {
        const struct op_field *field = &op->fields[op_field_index(op, op->key_sizes[i])];
        parts->sizes[i] = field->initial >= field->minimum ? field->initial : 8;
    }
}

/* Cuts the text in front of the first size that a key names. */
static void cut_sizes(const struct op *op, char *text)
{
    for (const char *const *name = op->key_sizes; *name; name++) {
        char word[32];
        snprintf(word, sizeof word, " %s=", *name);
        char *sizes = strstr(text, word);
        if (sizes) *sizes = 0;
    }
}

/* The problem's own words without its sizes. */
static void default_text(struct key_parts *parts, char out[PROBLEM_TEXT_BYTES])
{
    struct problem problem;
    const struct op *op = op_of_head(parts->head);
    if (op) any_sizes(parts, op);
    if (!op || problem_of_parts(parts, &problem) != STATUS_OK) {
        snprintf(out, PROBLEM_TEXT_BYTES, "%.200s (any size)", parts->head);
        return;
    }
    problem_print(&problem, out);
    cut_sizes(op, out);
    size_t used = strlen(out);
    snprintf(out + used, PROBLEM_TEXT_BYTES - used, " (any size)");
}

void book_key_text(const char *key, char out[PROBLEM_TEXT_BYTES])
{
    struct problem problem;
    struct key_parts parts;
    if (book_key_problem(key, &problem))
        problem_print(&problem, out);
    else if (key_parse(key, strlen(key), &parts) == STATUS_OK && !strchr(parts.device_class, ':'))
        default_text(&parts, out);
    else
        snprintf(out, PROBLEM_TEXT_BYTES, "%.255s", key);
}

void book_kernel_text(struct book *book, const struct hash *kernel, struct text *out)
{
    struct value bytes = {0};
    struct descriptor descriptor;
    char hex[SHA256_HEX_BYTES];
    if (book_get_descriptor(book, kernel, &bytes, &descriptor) == STATUS_OK) {
        text_format(out, "%s %s", descriptor.template_name, descriptor.configuration);
    } else {
        text_hex(kernel->bytes, sizeof kernel->bytes, hex);
        text_format(out, "%.12s (%s)", hex, status_message());
    }
    value_free(&bytes);
}
