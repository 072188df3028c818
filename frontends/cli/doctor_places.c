#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/books.h"
#include "frontends/cli/doctor.h"
#include "tuner/base/file.h"

static const char *file_system(const char *path)
{
    const char *name;
    return file_on_network(path, &name) ? name : "local";
}

static void check_layer(struct book *book, struct findings *findings)
{
    struct book_counts counts;
    const char *path = book_path(book);
    if (book_count(book, &counts) != STATUS_OK) {
        finding_add(findings, "book", FINDING_ADVICE, "move it away; a sweep makes a new one", "%s",
                    status_message());
        return;
    }
    bool trusted = book_is_private(path);
    finding_add(
        findings, "book", trusted ? FINDING_OK : FINDING_ADVICE,
        trusted ? "" : "its CPU kernels are not loaded: others can write it or its folder; chmod go-w both",
        "%s (%s file system): %llu records, %llu kernels, %llu trials, %llu quarantined", path,
        file_system(path), (unsigned long long)counts.records, (unsigned long long)counts.kernels,
        (unsigned long long)counts.trials, (unsigned long long)counts.quarantined);
}

static void check_layers(const struct settings *settings, struct findings *findings)
{
    struct layers layers = {0};
    struct text warnings = {0};
    enum status status = layers_open(settings->book, layers.items, LAYERS_MAX, &layers.n, &warnings);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        finding_add(findings, "book", FINDING_ADVICE, "", "%s", status_message());
    for (const char *line = text_string(&warnings); *line;) {
        size_t length = strcspn(line, "\n");
        finding_add(findings, "book", FINDING_ADVICE, "it is left out of every lookup", "%.*s", (int)length,
                    line);
        line += length + (line[length] == '\n');
    }
    for (size_t i = 0; i < layers.n; i++) check_layer(layers.items[i], findings);
    if (status == STATUS_OK && !layers.n)
        finding_add(findings, "book", FINDING_ADVICE,
                    "'autotune --model=NAME' makes the user's; 'make install' a system's", "none yet");
    text_free(&warnings);
    books_close(&layers);
}

/* A folder can be written if a file can be made in it. */
static bool can_write(const char *folder)
{
    char probe[4096];
    if (file_make_folders(folder) != STATUS_OK) return false;
    snprintf(probe, sizeof probe, "%s/.doctor.XXXXXX", folder);
    int file = mkstemp(probe);
    if (file < 0) {
        status_fail_errno(STATUS_IO, "%s", folder);
        return false;
    }
    close(file);
    unlink(probe);
    return true;
}

/* The folder that `leaf` is in. */
static void check_folder(struct findings *findings, const char *what,
                         enum status (*path)(const char *, struct text *), const char *leaf,
                         enum finding_state without, const char *advice)
{
    struct text folder = {0};
    enum status status = path(leaf, &folder);
    if (status == STATUS_OK) status = text_status(&folder);
    char *slash = status == STATUS_OK ? strrchr(folder.data, '/') : NULL;
    if (slash) *slash = 0;
    if (status == STATUS_OK && can_write(folder.data))
        finding_add(findings, what, FINDING_OK, "", "%s (%s file system)", folder.data,
                    file_system(folder.data));
    else
        finding_add(findings, what, without, advice, "cannot be written: %s", status_message());
    text_free(&folder);
}

void doctor_check_places(const struct settings *settings, struct findings *findings)
{
    check_layers(settings, findings);
    check_folder(findings, "book folder", file_data_path, "user.book", FINDING_MISSING,
                 "set XDG_DATA_HOME, or give --book=FILE");
    check_folder(findings, "cache folder", file_cache_path, "code", FINDING_ADVICE,
                 "every sweep compiles everything again; set XDG_CACHE_HOME");
}
