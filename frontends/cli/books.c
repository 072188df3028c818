#include "frontends/cli/books.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/talk.h"
#include "tuner/base/file.h"
#include "tuner/key_problem.h"

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

bool book_key_problem(const char *key, struct problem *out)
{
    return key_problem(key, out);
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
    const struct op *op = key_op(parts->head);
    if (op) any_sizes(parts, op);
    if (!op || key_parts_problem(parts, &problem) != STATUS_OK) {
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
