#include "frontends/cli/pin_choose.h"

#include <stdlib.h>
#include <string.h>
#include "db/pin.h"
#include "frontends/cli/configuration.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "frontends/cli/validity.h"
#include "tuner/compile/compiler.h"
#include "tuner/single.h"

struct chooser {
    const struct pin_question *question;
    struct template_set templates;
    struct pin_choice *out;
    struct book *from;                 /* whose record has the entry; NULL: none yet */
    char reason[VALIDITY_BYTES + 640]; /* why the first that fits is not usable */
    bool fits;                         /* an entry of that template and configuration stands somewhere */
};

/* ---- in the records ---- */

static const struct manifest *manifest_named(const struct chooser *chooser, const char *name)
{
    for (size_t i = 0; i < chooser->templates.n; i++)
        if (strcmp(chooser->templates.items[i]->name, name) == 0) return chooser->templates.items[i];
    return NULL;
}

static bool is_meant(const struct chooser *chooser, const struct descriptor *descriptor)
{
    const struct pin_question *question = chooser->question;
    const char *name = question->settings->template_name;
    if (name && strcmp(name, descriptor->template_name) != 0) return false;
    if (strcmp(question->configuration, descriptor->configuration) == 0) return true;
    const struct manifest *manifest = manifest_named(chooser, descriptor->template_name);
    struct text text = {0};
    bool same = manifest && configuration_canonical(manifest, question->configuration, &text) == STATUS_OK &&
                strcmp(text_string(&text), descriptor->configuration) == 0;
    text_free(&text);
    return same;
}

static void keep_best(struct chooser *chooser, struct book *book, const struct record *record,
                      const struct record_entry *entry, const struct descriptor *descriptor)
{
    struct pin_choice *out = chooser->out;
    if (chooser->from && record_entry_compare(&out->record.entries[0], entry) <= 0) return;
    chooser->from = book;
    out->record =
        (struct record){.baseline_ns = record->baseline_ns, .default_ns = record->default_ns, .n_entries = 1};
    memcpy(out->record.baseline_name, record->baseline_name, sizeof out->record.baseline_name);
    out->record.entries[0] = *entry;
    snprintf(out->template_name, sizeof out->template_name, "%s", descriptor->template_name);
    snprintf(out->configuration, sizeof out->configuration, "%s", descriptor->configuration);
}

static enum status consider(struct chooser *chooser, struct book *book, const struct record *record,
                            const struct record_entry *entry)
{
    const struct pin_question *question = chooser->question;
    struct value bytes = {0};
    struct descriptor descriptor;
    char reason[VALIDITY_BYTES];
    enum status status = STATUS_OK;
    if (book_get_descriptor(book, &entry->kernel, &bytes, &descriptor) != STATUS_OK) return STATUS_OK;
    if (is_meant(chooser, &descriptor)) {
        bool usable = entry_usable(question->place, book, entry, &descriptor, question->problem, reason);
        if (chooser->from && strcmp(chooser->out->template_name, descriptor.template_name) != 0)
            status =
                status_fail(STATUS_USAGE, "%s: of which template? --template=%s or --template=%s",
                            question->configuration, chooser->out->template_name, descriptor.template_name);
        else if (usable)
            keep_best(chooser, book, record, entry, &descriptor);
        else if (!chooser->fits)
            snprintf(chooser->reason, sizeof chooser->reason, "%.60s %.400s: %s", descriptor.template_name,
                     descriptor.configuration, reason);
        chooser->fits = true;
    }
    value_free(&bytes);
    return status;
}

static enum status search_records(struct chooser *chooser)
{
    const struct layers *layers = chooser->question->layers;
    struct record *record = malloc(sizeof *record);
    if (!record) return status_fail(STATUS_NO_MEMORY, "no memory for a record");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < layers->n && status == STATUS_OK; i++) {
        if (book_get_record(layers->items[i], chooser->question->key, record) != STATUS_OK) continue;
        for (uint32_t e = 0; e < record->n_entries && status == STATUS_OK; e++)
            status = consider(chooser, layers->items[i], record, &record->entries[e]);
    }
    free(record);
    return status;
}

/* ---- made ---- */

/* Has the template such a configuration for this problem here? The tuning stays open where it has. */
static enum status open_tuning(const struct chooser *chooser, const struct tuning_scene *scene,
                               const struct manifest *manifest, struct tuning *tuning,
                               struct configuration *configuration)
{
    enum status status = tuning_open(scene, manifest, tuning);
    if (status == STATUS_OK)
        status = configuration_find(tuning, chooser->question->configuration, configuration);
    if (status != STATUS_OK) tuning_close(tuning);
    return status;
}

/* The only template that has it; with --template that one or none. */
static enum status find_template(const struct chooser *chooser, const struct tuning_scene *scene,
                                 const struct manifest **out)
{
    const struct settings *settings = chooser->question->settings;
    char reason[1024] = "";
    *out = NULL;
    if (settings->template_name) return template_set_find(&chooser->templates, settings->template_name, out);
    for (size_t i = 0; i < chooser->templates.n; i++) {
        const struct manifest *manifest = chooser->templates.items[i];
        struct tuning tuning = {0};
        struct configuration configuration;
        if (open_tuning(chooser, scene, manifest, &tuning, &configuration) != STATUS_OK) {
            if (manifest->op == scene->problem->op) snprintf(reason, sizeof reason, "%s", status_message());
            continue;
        }
        tuning_close(&tuning);
        if (*out)
            return status_fail(STATUS_USAGE, "%s: of which template? --template=%s or --template=%s",
                               chooser->question->configuration, (*out)->name, manifest->name);
        *out = manifest;
    }
    if (*out) return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: of no template's space for this problem on %s; the last: %s",
                       chooser->question->configuration, scene->target, *reason ? reason : "none is here");
}

static enum status make_with(struct chooser *chooser, const struct tuning_scene *scene)
{
    const struct pin_question *question = chooser->question;
    const struct manifest *manifest;
    struct tuning tuning = {0};
    struct single single = {.backend = question->place->api->name,
                            .device = question->place->index,
                            .threads = (uint32_t)question->settings->threads,
                            .info = question->place->info,
                            .key = question->key,
                            .tuning = &tuning,
                            .book = question->book,
                            .stop = stop_flag()};
    TRY(find_template(chooser, scene, &manifest));
    TRY(open_tuning(chooser, scene, manifest, &tuning, &single.configuration));
    struct text name = {0};
    enum status status = configuration_canonical(manifest, question->configuration, &name);
    talk_note("no record has %s %s; it is compiled, verified and measured", manifest->name,
              text_string(&name));
    if (status == STATUS_OK) status = single_try(&single, &chooser->out->record.entries[0]);
    if (status == STATUS_OK) {
        chooser->out->record.n_entries = 1;
        chooser->out->tried = true;
        snprintf(chooser->out->template_name, sizeof chooser->out->template_name, "%s", manifest->name);
        snprintf(chooser->out->configuration, sizeof chooser->out->configuration, "%s", text_string(&name));
    }
    text_free(&name);
    tuning_close(&tuning);
    return status;
}

static enum status make(struct chooser *chooser)
{
    const struct pin_question *question = chooser->question;
    const struct device_info *info = question->place->info;
    const struct compiler_api *compiler;
    struct text identity = {0};
    if (place_is_paper(question->place))
        return status_fail(STATUS_UNAVAILABLE,
                           "no record has it, and %s is not here to try it on; give this command where it is",
                           info->class_text);
    stop_watch();
    enum status status = compiler_for_target(info->device_class.target, &compiler, &identity);
    struct tuning_scene scene = {question->problem, &info->facts, info->device_class.target, compiler,
                                 text_string(&identity)};
    if (status == STATUS_OK) status = make_with(chooser, &scene);
    text_free(&identity);
    return status;
}

enum status pin_choose(const struct pin_question *question, struct pin_choice *out)
{
    struct chooser chooser = {.question = question, .out = out};
    memset(out, 0, sizeof *out);
    TRY(template_set_load(question->settings->templates, &chooser.templates));
    enum status status = search_records(&chooser);
    if (status == STATUS_OK && chooser.from)
        status = book_copy_kernel(question->book, chooser.from, &out->record.entries[0]);
    else if (status == STATUS_OK && chooser.fits)
        status = status_fail(STATUS_NOT_FOUND, "not pinned: %s", chooser.reason);
    else if (status == STATUS_OK)
        status = status_prefix(make(&chooser), "not pinned");
    template_set_free(&chooser.templates);
    return status;
}
