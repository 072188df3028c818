/* autotune export: what a book holds, as a bundle and in the formats of other tools. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "frontends/cli/book_recordings.h"
#include "frontends/cli/books.h"
#include "frontends/cli/bundles.h"
#include "frontends/cli/command.h"
#include "frontends/cli/place.h"
#include "frontends/cli/records.h"
#include "frontends/cli/talk.h"
#include "search/recording_write.h"
#include "tuner/base/file.h"

typedef enum status write_format(const struct recording *recording, const struct recording_about *about,
                                 struct text *out);

static const struct {
    const char *name;
    write_format *write;
} formats[] = {{"t4", recording_write_t4}, {"kerneltuner", recording_write_kt}};

enum { FORMATS = sizeof formats / sizeof *formats, CLASSES_MAX = 32 };

struct export
{
    const struct settings *settings;
    struct book *book;
    write_format *write;
    struct book_recordings recordings;
    cJSON *written; /* for --json */
};

static enum status choose_format(const char *name, write_format **out)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0) {
            *out = formats[i].write;
            return STATUS_OK;
        }
    return status_fail(STATUS_USAGE, "--format=%s: unknown format; known: t4, kerneltuner, records", name);
}

/* ---- what is written ---- */

static enum status render(const struct export *export, const struct book_recording *item, struct text *out)
{
    struct key_parts parts = {0};
    struct value environment = {0};
    struct text json = {0};
    key_parse(item->key, strlen(item->key), &parts);
    struct recording_about about = {.problem_size = parts.sizes, .n_problem_size = parts.n_sizes};
    if (book_get_environment(export->book, &item->environment, &environment) == STATUS_OK) {
        text_append_bytes(&json, environment.bytes, environment.size);
        about.environment = text_string(&json);
    }
    enum status status = export->write(item->recording, &about, out);
    value_free(&environment);
    text_free(&json);
    return status;
}

static void tell(const struct export *export, const struct book_recording *item, const char *path)
{
    char problem[PROBLEM_TEXT_BYTES], hex[SHA256_HEX_BYTES];
    book_key_text(item->key, problem);
    text_hex(item->environment.bytes, sizeof item->environment.bytes, hex);
    if (item->n_left_out)
        talk_note("%s: left out %zu trials that had other parameters", item->recording->name,
                  item->n_left_out);
    if (!export->written) {
        if (path)
            talk_note("%s: %s %s, %zu configurations", path, problem, item->template_name,
                      item->recording->n);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", path);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "template", item->template_name);
    cJSON_AddStringToObject(object, "environment", hex);
    cJSON_AddNumberToObject(object, "configurations", (double)item->recording->n);
    cJSON_AddNumberToObject(object, "valid", (double)item->n_valid);
    cJSON_AddItemToArray(export->written, object);
}

/* NULL: standard output. */
static enum status write_one(const struct export *export, const struct book_recording *item, const char *path)
{
    struct text content = {0};
    enum status status = render(export, item, &content);
    if (status == STATUS_OK && path)
        status = file_publish(path, content.data, content.size, 0666);
    else if (status == STATUS_OK)
        fwrite(content.data, 1, content.size, stdout); /* main() looks for errors */
    if (status == STATUS_OK) tell(export, item, path);
    text_free(&content);
    return status;
}

/* ---- where ---- */

static bool is_folder(const char *path)
{
    struct stat info;
    size_t length = strlen(path);
    return (length && path[length - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* "gemm-f32-nn-m-4-n-5-k-6-gemm_cpu-1a2b3c4d.json", and the class where a book has several. */
static void file_name(const struct book_recording *item, const char *folder, struct text *out)
{
    char problem[PROBLEM_TEXT_BYTES], hex[SHA256_HEX_BYTES], whole[PROBLEM_TEXT_BYTES + 256];
    book_key_text(item->key, problem);
    text_hex(item->environment.bytes, sizeof item->environment.bytes, hex);
    snprintf(whole, sizeof whole, "%s %s %s %.8s", problem, item->recording->device, item->template_name,
             hex);
    for (char *c = whole; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') *c = '-';
    text_format(out, "%s%s%s.json", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", whole);
}

static enum status write_folder(const struct export *export, const char *folder)
{
    TRY(file_make_folders(folder));
    for (size_t i = 0; i < export->recordings.n; i++) {
        struct text path = {0};
        file_name(&export->recordings.items[i], folder, &path);
        enum status status = text_status(&path);
        if (status == STATUS_OK) status = write_one(export, &export->recordings.items[i], path.data);
        text_free(&path);
        TRY(status);
    }
    return STATUS_OK;
}

/* Says what there is to choose from. */
static enum status fail_several(const struct export *export)
{
    enum { NAMED = 4 };
    struct text list = {0};
    for (size_t i = 0; i < export->recordings.n && i < NAMED; i++) {
        const struct book_recording *item = &export->recordings.items[i];
        char problem[PROBLEM_TEXT_BYTES], hex[SHA256_HEX_BYTES];
        book_key_text(item->key, problem);
        text_hex(item->environment.bytes, sizeof item->environment.bytes, hex);
        text_format(&list, "%s'%s' %s %.8s", i ? ", " : "", problem, item->template_name, hex);
    }
    enum status status = status_fail(
        STATUS_USAGE,
        "%s: %zu recordings match: %s%s; choose one by --problem, --template or --environment, or write all "
        "with -o FOLDER/",
        book_path(export->book), export->recordings.n, text_string(&list),
        export->recordings.n > NAMED ? " ..." : "");
    text_free(&list);
    return status;
}

static enum status write_all(const struct export *export)
{
    const char *path = export->settings->output;
    size_t n = export->recordings.n;
    if (!n)
        return status_fail(STATUS_NOT_FOUND,
                           "%s: no such trials that ran; those of a problem without a record are found by "
                           "--problem, and frozen books have none",
                           book_path(export->book));
    if (path && is_folder(path)) return write_folder(export, path);
    return n > 1 ? fail_several(export) : write_one(export, &export->recordings.items[0], path);
}

/* A named problem is looked for on the devices here as well, where there are any. */
static enum status read_recordings(struct export *export)
{
    const struct settings *settings = export->settings;
    const char *classes[CLASSES_MAX];
    struct places places = {0};
    struct book_recordings_filter filter = {.problem = settings->problem,
                                            .template_name = settings->template_name,
                                            .environment = settings->environment,
                                            .classes = classes};
    if (!settings->problem) return book_recordings_read(export->book, &filter, &export->recordings);
    bool have_places = places_open(settings, &places) == STATUS_OK;
    for (size_t i = 0; have_places && i < places.n && i < CLASSES_MAX; i++)
        classes[filter.n_classes++] = places.items[i].info->class_text;
    enum status status = book_recordings_read(export->book, &filter, &export->recordings);
    if (have_places) places_close(&places);
    return status;
}

static enum status export_book(struct export *export)
{
    const struct settings *settings = export->settings;
    TRY(read_recordings(export));
    if (!settings->json) return write_all(export);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "book", book_path(export->book));
    cJSON_AddStringToObject(root, "format", settings->format);
    export->written = cJSON_AddArrayToObject(root, "written");
    enum status status = write_all(export);
    if (status == STATUS_OK) return json_deliver(root);
    cJSON_Delete(root);
    return status;
}

/* Options that would be silently without effect are refused. */
static enum status check(const struct settings *settings)
{
    const char *of_trials = settings->problem         ? "problem"
                            : settings->template_name ? "template"
                            : settings->environment   ? "environment"
                                                      : NULL;
    const char *of_bundle = settings->without_code    ? "without-code"
                            : settings->filters.n     ? "filter"
                            : settings->sign          ? "sign"
                            : settings->password_file ? "password-file"
                                                      : NULL;
    bool records = settings->format && strcmp(settings->format, "records") == 0;
    if (settings->arguments.n > 1) return status_fail(STATUS_USAGE, "export: takes one BOOK");
    if (!settings->format && of_trials)
        return status_fail(STATUS_USAGE, "--%s: goes with --format=t4 or kerneltuner, which is missing",
                           of_trials);
    if (settings->format && of_bundle)
        return status_fail(STATUS_USAGE, "--%s: goes with a bundle; leave --format out", of_bundle);
    if (settings->password_file && !settings->sign)
        return status_fail(STATUS_USAGE, "--password-file: goes with --sign, which is missing");
    if (!settings->format && !settings->output)
        return status_fail(STATUS_USAGE, "export: -o FILE is missing, the bundle to write; or name another "
                                         "--format: t4, kerneltuner or records");
    if (settings->json && !settings->output)
        return status_fail(STATUS_USAGE, "export: --json needs -o, for both would go to standard output");
    if (records && settings->json)
        return status_fail(STATUS_USAGE, "export: --format=records is JSON already; leave --json out");
    return STATUS_OK;
}

enum status command_export(const struct settings *settings)
{
    struct export export = {.settings = settings};
    struct layers layers = {0};
    struct text path = {0};
    TRY(check(settings));
    bool bundle = !settings->format, records = !bundle && strcmp(settings->format, "records") == 0;
    if (!bundle && !records) TRY(choose_format(settings->format, &export.write));
    enum status status = book_user_path(settings->arguments.n ? settings->arguments.items[0] : NULL, &path);
    if (status == STATUS_OK) status = books_open(path.data, &layers);
    if (status == STATUS_OK) {
        export.book = layers.items[0];
        status = bundle    ? bundle_export_command(settings, export.book)
                 : records ? records_export(settings, export.book)
                           : export_book(&export);
    }
    book_recordings_free(&export.recordings);
    books_close(&layers);
    text_free(&path);
    return status;
}
