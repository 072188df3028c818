#include "frontends/cli/records.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "frontends/cli/books.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "tuner/base/file.h"
#include "tuner/base/json.h"
#include "tuner/base/progress.h"
#include "tuner/records.h"

enum { CLASSES_MAX = 32, ENVIRONMENTS_MAX = 256, LIMIT_BYTES = 64 << 20 };

/* --- writing --- */

struct class_file {
    char class_text[CLASS_TEXT_BYTES];
    struct text lines; /* records, in the order of their keys */
    struct hash environments[ENVIRONMENTS_MAX];
    size_t n_environments, n_records;
};

struct writer {
    struct book *book;
    struct class_file *files;
    size_t n;
    enum status status;
};

static struct class_file *file_of(struct writer *writer, const char *class_text)
{
    for (size_t i = 0; i < writer->n; i++)
        if (strcmp(writer->files[i].class_text, class_text) == 0) return &writer->files[i];
    if (writer->n == CLASSES_MAX) return NULL;
    struct class_file *file = &writer->files[writer->n++];
    snprintf(file->class_text, sizeof file->class_text, "%s", class_text);
    return file;
}

static void short_hex(const struct hash *hash, char out[RECORDS_SHORT_HEX + 1])
{
    text_hex(hash->bytes, RECORDS_SHORT_HEX / 2, out);
}

static enum status note_environment(struct class_file *file, const struct hash *hash)
{
    for (size_t i = 0; i < file->n_environments; i++)
        if (memcmp(&file->environments[i], hash, sizeof *hash) == 0) return STATUS_OK;
    if (file->n_environments == ENVIRONMENTS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: more than %d environments", file->class_text,
                           ENVIRONMENTS_MAX);
    file->environments[file->n_environments++] = *hash;
    return STATUS_OK;
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

static cJSON *entry_json(const struct descriptor *descriptor, const struct record_entry *entry)
{
    const struct timing *timing = &entry->timing;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"median_ns", timing->median_ns}, {"q1_ns", timing->q1_ns},
                   {"q3_ns", timing->q3_ns},         {"low_ns", timing->low_ns},
                   {"high_ns", timing->high_ns},     {"min_ns", timing->min_ns},
                   {"samples", timing->samples},     {"launches", timing->launches_per_sample},
                   {"flags", timing->flags},         {"measured_at_s", entry->measured_at_s}};
    char hex[RECORDS_SHORT_HEX + 1];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", descriptor->template_name);
    cJSON_AddStringToObject(object, "configuration", descriptor->configuration);
    short_hex(&descriptor->source, hex);
    cJSON_AddStringToObject(object, "source", hex);
    short_hex(&entry->environment, hex);
    cJSON_AddStringToObject(object, "environment", hex);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_number(object, numbers[i].name, numbers[i].value);
    return object;
}

/* Of the model's word nothing but the time; the environment is nobody's. */
static cJSON *predicted_json(const struct descriptor *descriptor, const struct record_entry *entry)
{
    char hex[RECORDS_SHORT_HEX + 1];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", descriptor->template_name);
    cJSON_AddStringToObject(object, "configuration", descriptor->configuration);
    short_hex(&descriptor->source, hex);
    cJSON_AddStringToObject(object, "source", hex);
    add_number(object, "predicted_ns", entry->timing.median_ns);
    return object;
}

/* A prediction of our own; a measurement that was made elsewhere with other code is none. */
static bool is_prediction(const struct record_entry *entry)
{
    static const struct hash none;
    return entry->evidence == EVIDENCE_PREDICTED && memcmp(&entry->environment, &none, sizeof none) == 0;
}

/* The best of what was measured and verified; where nothing was, the best prediction: more of those would be
 * more to compile for everybody who builds a book of them. */
static enum status add_entries(struct writer *writer, struct class_file *file, const struct record *record,
                               cJSON *entries)
{
    for (uint32_t i = 0; i < record->n_entries && cJSON_GetArraySize(entries) < RECORDS_ENTRIES_MAX; i++) {
        const struct record_entry *entry = &record->entries[i];
        struct value bytes = {0};
        struct descriptor *descriptor = calloc(1, sizeof *descriptor);
        if (!descriptor) return status_fail(STATUS_NO_MEMORY, "no memory for a kernel");
        enum status status = STATUS_OK;
        if (is_prediction(entry) && !cJSON_GetArraySize(entries)) {
            status = book_get_descriptor(writer->book, &entry->kernel, &bytes, descriptor);
            if (status == STATUS_OK) cJSON_AddItemToArray(entries, predicted_json(descriptor, entry));
            i = record->n_entries;
        } else if (entry->evidence == EVIDENCE_MEASURED && entry->verified) {
            status = book_get_descriptor(writer->book, &entry->kernel, &bytes, descriptor);
            if (status == STATUS_OK) status = note_environment(file, &entry->environment);
            if (status == STATUS_OK) cJSON_AddItemToArray(entries, entry_json(descriptor, entry));
        }
        value_free(&bytes);
        free(descriptor);
        TRY(status);
    }
    return STATUS_OK;
}

static enum status add_record(struct writer *writer, const char *key, const struct record *record)
{
    struct key_parts parts;
    struct problem problem;
    char text[PROBLEM_TEXT_BYTES];
    TRY(key_parse(key, strlen(key), &parts));
    if (!strchr(parts.device_class, ':') || !book_key_problem(key, &problem))
        return STATUS_OK; /* a default */
    struct class_file *file = file_of(writer, parts.device_class);
    if (!file) return status_fail(STATUS_BAD_DATA, "more than %d device classes", CLASSES_MAX);
    cJSON *line = cJSON_CreateObject();
    problem_print(&problem, text);
    cJSON_AddStringToObject(line, "problem", text);
    cJSON_AddStringToObject(line, "class", parts.device_class);
    cJSON_AddStringToObject(line, "baseline", record->baseline_name);
    add_number(line, "baseline_ns", record->baseline_ns);
    add_number(line, "default_ns", record->default_ns);
    cJSON *entries = cJSON_AddArrayToObject(line, "entries");
    enum status status = add_entries(writer, file, record, entries);
    if (status == STATUS_OK && cJSON_GetArraySize(entries)) {
        json_print(line, false, &file->lines);
        text_append(&file->lines, "\n");
        file->n_records++;
        status = text_status(&file->lines);
    }
    cJSON_Delete(line);
    return status;
}

static bool visit(void *context, const char *key, const struct record *record)
{
    struct writer *writer = context;
    writer->status = add_record(writer, key, record);
    return writer->status == STATUS_OK;
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* Environments first, each once, by their names; then the records. */
static enum status render(const struct writer *writer, struct class_file *file, struct text *out)
{
    qsort(file->environments, file->n_environments, sizeof *file->environments, compare_hashes);
    for (size_t i = 0; i < file->n_environments; i++) {
        struct value json = {0};
        char hex[RECORDS_SHORT_HEX + 1];
        short_hex(&file->environments[i], hex);
        TRY(book_get_environment(writer->book, &file->environments[i], &json));
        text_format(out, "{\"environment\":\"%s\",\"facts\":%.*s}\n", hex, (int)json.size,
                    (const char *)json.bytes);
        value_free(&json);
    }
    text_append(out, text_string(&file->lines));
    return text_status(out);
}

/* "sm_90a-132-3350.jsonl": a class's own ':' is no friend of Makefiles. */
static enum status write_file(const struct writer *writer, struct class_file *file, const char *folder,
                              const char *path)
{
    struct text content = {0}, name = {0};
    enum status status = render(writer, file, &content);
    if (folder) {
        text_format(&name, "%s%s%s.jsonl", folder, folder[strlen(folder) - 1] == '/' ? "" : "/",
                    file->class_text);
        for (char *c = name.data ? name.data + strlen(folder) : NULL; c && *c; c++)
            if (*c == ':') *c = '-';
        path = text_string(&name);
    }
    if (status == STATUS_OK && path)
        status = file_publish(path, content.data, content.size, 0666);
    else if (status == STATUS_OK)
        fwrite(content.data, 1, content.size, stdout);
    if (status == STATUS_OK && path)
        talk_note("%s: %zu records of %s", path, file->n_records, file->class_text);
    text_free(&content);
    text_free(&name);
    return status;
}

static bool is_folder(const char *path)
{
    struct stat info;
    size_t length = strlen(path);
    return (length && path[length - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

static enum status write_files(const struct settings *settings, struct writer *writer)
{
    const char *path = settings->output, *folder = path && is_folder(path) ? path : NULL;
    size_t n = 0, last = 0;
    for (size_t i = 0; i < writer->n; i++)
        if (writer->files[i].n_records) n++, last = i;
    if (!n)
        return status_fail(STATUS_NOT_FOUND, "%s: no records that were measured and verified, or predicted",
                           book_path(writer->book));
    if (!folder && n > 1)
        return status_fail(STATUS_USAGE, "%s: records of %zu device classes; write them with -o FOLDER/",
                           book_path(writer->book), n);
    if (!folder) return write_file(writer, &writer->files[last], NULL, path);
    TRY(file_make_folders(folder));
    for (size_t i = 0; i < writer->n; i++)
        if (writer->files[i].n_records) TRY(write_file(writer, &writer->files[i], folder, NULL));
    return STATUS_OK;
}

enum status records_export(const struct settings *settings, struct book *book)
{
    struct writer writer = {.book = book, .files = calloc(CLASSES_MAX, sizeof *writer.files)};
    if (!writer.files) return status_fail(STATUS_NO_MEMORY, "no memory for records");
    enum status status = book_each_record(book, "", visit, &writer);
    if (status == STATUS_OK) status = writer.status;
    if (status == STATUS_OK) status = write_files(settings, &writer);
    for (size_t i = 0; i < writer.n; i++) text_free(&writer.files[i].lines);
    free(writer.files);
    return status;
}

/* --- reading --- */

static void on_progress(void *context, double fraction, const char *line)
{
    progress_show(context, fraction, "%s", line);
}

static enum status import_file(const struct records_options *options, const char *path,
                               struct records_summary *summary)
{
    struct text bytes = {0};
    struct records records = {0};
    enum status status = file_read(path, LIMIT_BYTES, &bytes);
    if (status == STATUS_NOT_FOUND) status = STATUS_IO; /* a named file that is missing is no finding */
    if (status == STATUS_OK) status = records_read(path, text_string(&bytes), bytes.size, &records);
    if (status == STATUS_OK) status = records_build(options, &records, summary);
    records_free(&records);
    text_free(&bytes);
    return status;
}

enum status records_import(const struct settings *settings, const struct template_set *templates,
                           struct book *book)
{
    struct progress progress;
    struct records_options options = {.book = book,
                                      .templates = templates->items,
                                      .n_templates = templates->n,
                                      .jobs = (unsigned)settings->jobs,
                                      .stop = stop_flag(),
                                      .progress = on_progress,
                                      .context = &progress};
    struct records_summary summary = {0};
    enum status status = STATUS_OK;
    progress_begin(&progress);
    for (size_t i = 0; i < settings->records.n && status == STATUS_OK; i++)
        status = import_file(&options, settings->records.items[i], &summary);
    progress_end(&progress);
    if (status == STATUS_OK && summary.left_out)
        talk_note("%llu of the records' kernels were left out; the first: %s",
                  (unsigned long long)summary.left_out, summary.first_left_out);
    return status;
}
