#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/lookup.h"
#include "tuner/base/file.h"

#ifndef TUNEBOOK_PREFIX
#define TUNEBOOK_PREFIX "/usr/local"
#endif
static const char site_book[] = "/etc/tunebook/site.book";
static const char system_leaf[] = "share/tunebook/system.book";

struct layers {
    struct book **books;
    size_t n, capacity;
    struct text *warnings;
};

static void warn(struct layers *layers, const char *line)
{
    text_format(layers->warnings, "%s%s", layers->warnings->size ? "\n" : "", line);
}

/* A layer that cannot be opened is left out with a word; one that need not exist, without. */
static void add(struct layers *layers, const char *path, enum book_mode mode, bool may_be_missing)
{
    if (may_be_missing && access(path, F_OK)) return;
    if (layers->n == layers->capacity) {
        warn(layers, "more layers than can be opened; the last are left out");
        return;
    }
    struct book *book;
    if (book_open(path, mode, &book) == STATUS_OK)
        layers->books[layers->n++] = book;
    else
        warn(layers, status_message());
}

static enum status add_list(struct layers *layers, const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ":");
        char *path = strndup(list, length);
        if (!path) return status_fail(STATUS_NO_MEMORY, "out of memory for the paths in TUNEBOOK");
        if (length) add(layers, path, BOOK_READ, false);
        free(path);
        list += length + (list[length] == ':');
    }
    return STATUS_OK;
}

static void add_user(struct layers *layers)
{
    struct text path = {0};
    if (file_data_path("user.book", &path) == STATUS_OK) add(layers, text_string(&path), BOOK_READ, true);
    text_free(&path);
}

/* The file this code is in. A program that was found by PATH is known to the loader by its bare name. */
static bool find_self(char self[PATH_MAX])
{
    Dl_info info;
    if (!dladdr((const void *)site_book, &info) || !info.dli_fname) return false;
    return realpath(strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", self) != NULL;
}

/* Beside the program or library this code is in (FOLDER/bin or FOLDER/lib), so that an unpacked tarball finds
 * its own; else where `make install` puts it. */
static void add_system(struct layers *layers)
{
    char self[PATH_MAX];
    struct text path = {0};
    char *slash = NULL;
    if (find_self(self)) {
        for (int up = 0; up < 2; up++)
            if ((slash = strrchr(self, '/'))) *slash = 0;
        text_format(&path, "%s/%s", self, system_leaf);
    }
    if (!slash || access(text_string(&path), F_OK)) {
        text_clear(&path);
        text_format(&path, "%s/%s", TUNEBOOK_PREFIX, system_leaf);
    }
    if (!path.failed) add(layers, text_string(&path), BOOK_FROZEN, true);
    text_free(&path);
}

enum status layers_open(const char *explicit_path, struct book **books, size_t capacity, size_t *n,
                        struct text *warnings)
{
    struct layers layers = {.books = books, .capacity = capacity, .warnings = warnings};
    const char *list = getenv("TUNEBOOK");
    if (explicit_path) {
        if (capacity == 0) return status_fail(STATUS_USAGE, "%s: no room for a book", explicit_path);
        TRY(book_open(explicit_path, BOOK_READ, &books[0]));
        layers.n = 1;
    } else if (list && *list) {
        TRY(add_list(&layers, list));
    } else {
        add_user(&layers);
        add(&layers, site_book, BOOK_FROZEN, true);
        add_system(&layers);
    }
    *n = layers.n;
    return STATUS_OK;
}
