#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/defaults_targets.h"
#include "tuner/launch/problem_key.h"
#include "tuner/records.h"
#include "tuner/tuning.h"

enum { BATCH = 64, COMPILE_MS = 120000 };

/* An entry on its way. */
struct making {
    const struct records_record *record;
    const struct records_entry *entry;
    const struct records_environment *environment;
    struct tuning_scene scene;
    struct device_facts facts;
    struct tuning tuning;
    struct candidate candidate;
    bool same_source;
};

struct build {
    const struct records_options *options;
    const struct records *records;
    struct records_summary *summary;
    char target[32]; /* whose compiler is open; "" at first */
    const struct compiler_api *compiler;
    struct text identity;
    struct making makings[BATCH];
    size_t n;
};

static void leave_out(struct build *build, const struct records_record *record,
                      const struct records_entry *entry, const char *why)
{
    char problem[PROBLEM_TEXT_BYTES];
    if (build->summary->left_out++) return;
    problem_print(&record->problem, problem);
    snprintf(build->summary->first_left_out, sizeof build->summary->first_left_out,
             "%.120s on %.40s, %.60s: %.250s", problem, record->class_text, entry->template_name, why);
}

/* --- what stands for the device --- */

static enum status open_compiler(struct build *build, const char *target)
{
    if (strcmp(build->target, target) == 0)
        return build->compiler
                   ? STATUS_OK
                   : status_fail(STATUS_UNAVAILABLE, "no compiler here makes code for %s", target);
    snprintf(build->target, sizeof build->target, "%s", target);
    text_clear(&build->identity);
    build->compiler = NULL;
    return compiler_for_target(target, &build->compiler, &build->identity);
}

static const struct records_environment *environment_of(const struct build *build, const char *name)
{
    for (size_t i = 0; i < build->records->n_environments; i++)
        if (strcmp(build->records->environments[i].name, name) == 0) return &build->records->environments[i];
    return NULL;
}

static const struct manifest *template_of(const struct build *build, const char *name)
{
    for (size_t i = 0; i < build->options->n_templates; i++)
        if (strcmp(build->options->templates[i]->name, name) == 0) return build->options->templates[i];
    return NULL;
}

/* --- one entry: STATUS_NOT_COVERED or STATUS_UNAVAILABLE where it cannot be made here --- */

static enum status prepare(struct build *build, struct making *making)
{
    const struct records_entry *entry = making->entry;
    const struct manifest *manifest = template_of(build, entry->template_name);
    struct configuration configuration;
    char target[32], hex[SHA256_HEX_BYTES];
    uint32_t units, gbps;
    making->environment = entry->environment ? environment_of(build, entry->environment) : NULL;
    if (entry->environment && !making->environment)
        return status_fail(STATUS_BAD_DATA, "environment %s is not in the file", entry->environment);
    if (!manifest) return status_fail(STATUS_NOT_COVERED, "there is no such template");
    TRY(class_parse(making->record->class_text, target, &units, &gbps));
    TRY(open_compiler(build, target));
    defaults_class_facts(making->record->class_text, target, &making->facts);
    text_hex(manifest->hash.bytes, sizeof manifest->hash.bytes, hex);
    making->same_source = strncmp(hex, entry->source, RECORDS_SHORT_HEX) == 0;
    making->scene = (struct tuning_scene){&making->record->problem, &making->facts, build->target,
                                          build->compiler, text_string(&build->identity)};
    TRY(tuning_open(&making->scene, manifest, &making->tuning));
    enum status status = STATUS_OK;
    if (!tuning_configuration(&making->tuning, entry->configuration, &configuration))
        status = status_fail(STATUS_NOT_COVERED, "%.200s is not in its space", entry->configuration);
    if (status == STATUS_OK) status = candidate_prepare(&making->tuning, &configuration, &making->candidate);
    if (status == STATUS_OK) return STATUS_OK;
    candidate_free(&making->candidate);
    tuning_close(&making->tuning);
    return status;
}

/* Measured with other code it is not; how long it takes is what was measured, and nobody has seen it. */
static enum status put(struct build *build, struct making *making)
{
    struct candidate *candidate = &making->candidate;
    const struct records_record *record = making->record;
    struct record_entry entry = {.kernel = candidate->kernel,
                                 .timing = making->entry->timing,
                                 .measured_at_s = making->entry->measured_at_s};
    char key[KEY_BYTES_MAX + 1];
    bool same = making->environment && making->same_source &&
                strcmp(making->environment->compiler, candidate->descriptor.compiler) == 0;
    entry.evidence = same ? EVIDENCE_MEASURED : EVIDENCE_PREDICTED;
    entry.verified = same;
    candidate_compiled(candidate);
    if (making->environment)
        TRY(book_put_environment(build->options->book, making->environment->json, &entry.environment));
    TRY(book_put_kernel(build->options->book, &candidate->kernel, &candidate->descriptor,
                        candidate->job.code.data, candidate->job.code.size));
    TRY(problem_key(&record->problem, record->class_text, key));
    TRY(book_put_entry(build->options->book, key, &entry, record->baseline_ns, record->baseline_name,
                       record->default_ns));
    build->summary->kernels++;
    return STATUS_OK;
}

/* --- batches --- */

static enum status compile_all(struct build *build)
{
    struct compile_job jobs[BATCH];
    for (size_t i = 0; i < build->n; i++) jobs[i] = build->makings[i].candidate.job;
    enum status status = compile_run(jobs, build->n, build->options->jobs, COMPILE_MS, build->options->stop);
    for (size_t i = 0; i < build->n; i++) build->makings[i].candidate.job = jobs[i];
    return status;
}

static enum status flush(struct build *build)
{
    enum status status = build->n ? compile_all(build) : STATUS_OK;
    for (size_t i = 0; i < build->n; i++) {
        struct making *making = &build->makings[i];
        if (status == STATUS_OK && making->candidate.job.verdict == VERDICT_OK)
            status = put(build, making);
        else if (status == STATUS_OK)
            leave_out(build, making->record, making->entry, making->candidate.job.detail);
        candidate_free(&making->candidate);
        tuning_close(&making->tuning);
    }
    build->n = 0;
    return status;
}

static enum status add(struct build *build, const struct records_record *record,
                       const struct records_entry *entry)
{
    char target[32] = "";
    uint32_t units, gbps;
    class_parse(record->class_text, target, &units, &gbps);
    if (strcmp(target, build->target) != 0) TRY(flush(build)); /* what waits is for the target before */
    struct making *making = &build->makings[build->n];
    *making = (struct making){.record = record, .entry = entry};
    enum status status = prepare(build, making);
    if (status == STATUS_NOT_COVERED || status == STATUS_UNAVAILABLE) {
        leave_out(build, record, entry, status_message());
        return STATUS_OK;
    }
    TRY(status);
    build->n++;
    return build->n == BATCH ? flush(build) : STATUS_OK;
}

static void news(const struct build *build, size_t i)
{
    char line[160];
    if (!build->options->progress) return;
    snprintf(line, sizeof line, "records for %s, %llu kernels", build->records->records[i].class_text,
             (unsigned long long)build->summary->kernels);
    build->options->progress(build->options->context, (double)i / (double)build->records->n_records, line);
}

enum status records_build(const struct records_options *options, const struct records *records,
                          struct records_summary *summary)
{
    struct build *build = calloc(1, sizeof *build);
    if (!build) return status_fail(STATUS_NO_MEMORY, "no memory for records");
    build->options = options;
    build->records = records;
    build->summary = summary;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < records->n_records && status == STATUS_OK; i++) {
        const struct records_record *record = &records->records[i];
        if (options->stop && *options->stop) status = status_fail(STATUS_INTERRUPTED, "interrupted");
        news(build, i);
        for (size_t e = 0; e < record->n_entries && status == STATUS_OK; e++)
            status = add(build, record, &record->entries[e]);
        summary->records++;
    }
    enum status flushed = flush(build);
    if (status == STATUS_OK) status = flushed;
    text_free(&build->identity);
    free(build);
    return status;
}
