/* The record of a problem: its best predictions in, former ones out. What was measured stays, and stands in
 * front. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/predict_internal.h"

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_prediction(const struct record_entry *entry)
{
    static const struct hash none;
    return entry->evidence == EVIDENCE_PREDICTED && same_hash(&entry->environment, &none);
}

bool predict_is_usable(const struct predict_front *front)
{
    return front->kernel->passed == VERDICT_OK;
}

/* Its time has no samples: it stands in all places where the order of entries and reports look. */
static struct record_entry entry_of(const struct predict_front *front)
{
    uint64_t ns = front->ns < 1 ? 1 : (uint64_t)(front->ns + 0.5);
    return (struct record_entry){
        .kernel = front->kernel->candidate.kernel,
        .evidence = EVIDENCE_PREDICTED,
        .timing = {.median_ns = ns, .q1_ns = ns, .q3_ns = ns, .low_ns = ns, .high_ns = ns, .min_ns = ns}};
}

static enum status store(struct predict *predict, struct predict_kernel *kernel)
{
    const struct manifest *manifest = kernel->manifest;
    struct candidate *candidate = &kernel->candidate;
    struct text both = {0};
    if (kernel->stored) return STATUS_OK;
    text_format(&both, "%s\n%s", manifest->json, manifest->source);
    enum status status = text_status(&both);
    if (status == STATUS_OK)
        status = book_put_source(predict->options->book, &manifest->hash, both.data, both.size);
    text_free(&both);
    TRY(status);
    TRY(book_put_kernel(predict->options->book, &candidate->kernel, &candidate->descriptor,
                        candidate->job.code.data, candidate->job.code.size));
    kernel->stored = true;
    return STATUS_OK;
}

static void describe(const struct predict_front *front, struct predict_choice *out)
{
    const struct descriptor *descriptor = &front->kernel->candidate.descriptor;
    snprintf(out->template_name, sizeof out->template_name, "%s", descriptor->template_name);
    snprintf(out->configuration, sizeof out->configuration, "%s", descriptor->configuration);
    out->predicted_ns = front->ns;
    out->registers = descriptor->resources.registers;
    out->shared_bytes = descriptor->resources.shared_bytes;
    out->spill_bytes = descriptor->resources.spill_bytes;
    out->bound = front->bound;
}

/* The usable ones in their order. Where the code of one was measured already, that says more. */
static enum status choose(struct predict *predict, struct predict_task *task, const struct record *record,
                          struct record_entry entries[PREDICT_KEPT], size_t *n)
{
    struct predict_result *result = &task->result;
    for (size_t i = 0; i < task->n && result->n < PREDICT_KEPT; i++) {
        const struct predict_front *front = &task->fronts[i];
        bool measured = false;
        if (!predict_is_usable(front)) continue;
        describe(front, &result->choices[result->n++]);
        for (uint32_t e = 0; e < record->n_entries; e++)
            measured |= record->entries[e].evidence == EVIDENCE_MEASURED &&
                        same_hash(&record->entries[e].kernel, &front->kernel->candidate.kernel);
        if (measured) continue;
        TRY(store(predict, front->kernel));
        entries[(*n)++] = entry_of(front);
    }
    return STATUS_OK;
}

static void note_rejected(struct predict_task *task)
{
    struct predict_result *result = &task->result;
    result->n_fronts = task->n;
    for (size_t i = 0; i < task->n; i++) {
        const struct predict_kernel *kernel = task->fronts[i].kernel;
        if (kernel->passed == VERDICT_OK || kernel->passed == VERDICT_STARTED) continue;
        if (result->n_rejected++) continue;
        snprintf(result->note, sizeof result->note, "%s: %s %.200s: %.200s", verdict_name(kernel->passed),
                 kernel->candidate.descriptor.template_name, kernel->candidate.descriptor.configuration,
                 kernel->detail);
    }
}

/* Predictions go by their kernels; what else is said of one of those comes back with it. */
static void replace_former(const struct record *record, struct hash *former, struct record_entry *entries,
                           struct book_finals *found)
{
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (is_prediction(&record->entries[i])) former[found->n_measured++] = record->entries[i].kernel;
    for (uint32_t i = 0; i < record->n_entries; i++)
        for (size_t f = 0; f < found->n_measured && !is_prediction(&record->entries[i]); f++)
            if (same_hash(&record->entries[i].kernel, &former[f])) {
                entries[found->n_entries++] = record->entries[i];
                break;
            }
}

static enum status replace(struct predict *predict, struct predict_task *task, struct record *record)
{
    struct record_entry entries[PREDICT_KEPT + RECORD_ENTRIES_MAX];
    struct hash former[RECORD_ENTRIES_MAX];
    struct book_finals found = {.entries = entries, .measured = former};
    TRY(choose(predict, task, record, entries, &found.n_entries));
    predict->summary->entries += found.n_entries;
    replace_former(record, former, entries, &found);
    if (!found.n_entries && !found.n_measured) return STATUS_OK;
    return book_put_finals(predict->options->book, task->key, &found);
}

enum status predict_record(struct predict *predict, struct predict_task *task)
{
    struct record *record = calloc(1, sizeof *record);
    if (!record) return status_fail(STATUS_NO_MEMORY, "no memory for a record");
    note_rejected(task);
    if (book_get_record(predict->options->book, task->key, record) != STATUS_OK) record->n_entries = 0;
    enum status status = replace(predict, task, record);
    free(record);
    if (status == STATUS_OK && !task->result.n && !*task->result.note)
        snprintf(task->result.note, sizeof task->result.note, "no configuration was found");
    return status;
}
