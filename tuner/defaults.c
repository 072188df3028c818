#include "tuner/defaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/defaults_targets.h"
#include "tuner/launch/problem_key.h"
#include "tuner/tuning.h"

/* Of one kind of problem, that is of one combination of types, choices and flags, there are so many sizes. */
enum { DEFAULTS_BATCH = 64, DEFAULTS_OF_KIND = 16, DEFAULTS_COMPILE_MS = 60000 };

/* The work on one target. */
struct build {
    const struct defaults_options *options;
    struct defaults_summary *summary;
    struct tuning_scene scene; /* .problem changes */
    struct device_facts facts;
    double done, all; /* templates x targets */
    struct candidate candidates[DEFAULTS_BATCH];
    struct tuning *tunings[DEFAULTS_BATCH];
    struct problem problems[DEFAULTS_BATCH];
    uint64_t ranks[DEFAULTS_BATCH];
    size_t n, first_of_kind;
};

static bool stopped(const struct build *build)
{
    return build->options->stop && *build->options->stop;
}

/* --- Recording. --- */

static enum status record_default(struct build *build, size_t i)
{
    struct candidate *candidate = &build->candidates[i];
    char key[KEY_BYTES_MAX + 1];
    candidate_compiled(candidate);
    TRY(book_put_kernel(build->options->book, &candidate->kernel, &candidate->descriptor,
                        candidate->job.code.data, candidate->job.code.size));
    TRY(problem_key(&build->problems[i], build->scene.target, key));
    /* A default has no time. high_ns, which orders a record's entries, holds its rank: the specific before
     * the general. */
    struct record_entry entry = {.kernel = candidate->kernel,
                                 .evidence = EVIDENCE_DEFAULT,
                                 .timing = {.high_ns = build->ranks[i]},
                                 .measured_at_s = clock_wall_s()};
    TRY(book_put_entry(build->options->book, key, &entry, 0, "", 0));
    build->summary->kernels++;
    return STATUS_OK;
}

static void news(const struct build *build, const char *template_name)
{
    char line[160];
    if (!build->options->progress) return;
    snprintf(line, sizeof line, "%s for %s, %llu kernels", template_name, build->scene.target,
             (unsigned long long)build->summary->kernels);
    build->options->progress(build->options->context, build->done / build->all, line);
}

static enum status compile_all(struct build *build)
{
    struct compile_job jobs[DEFAULTS_BATCH];
    for (size_t i = 0; i < build->n; i++) jobs[i] = build->candidates[i].job;
    enum status status =
        compile_run(jobs, build->n, build->options->jobs, DEFAULTS_COMPILE_MS, build->options->stop);
    for (size_t i = 0; i < build->n; i++) build->candidates[i].job = jobs[i];
    return status;
}

static void release(struct build *build)
{
    for (size_t i = 0; i < build->n; i++) {
        candidate_free(&build->candidates[i]);
        tuning_close(build->tunings[i]);
        free(build->tunings[i]);
    }
    build->n = build->first_of_kind = 0;
}

static enum status flush(struct build *build)
{
    enum status status = build->n ? compile_all(build) : STATUS_OK;
    for (size_t i = 0; i < build->n; i++) {
        struct compile_job *job = &build->candidates[i].job;
        build->summary->compile_hits += job->cached;
        if (status == STATUS_OK && job->verdict == VERDICT_OK) {
            status = record_default(build, i);
        } else if (status == STATUS_OK && build->summary->failed++ == 0) {
            snprintf(build->summary->first_failure, sizeof build->summary->first_failure, "%s", job->detail);
        }
    }
    if (build->n) news(build, build->tunings[0]->manifest->name);
    release(build);
    return status;
}

/* --- Enumerating what a template accepts. --- */

/* Representative sizes: one skinny and one square product; a kernel serves all sizes its clauses admit. */
static const int64_t representative_sizes[] = {1, 64};

/* The i-th sizes that kernels are made for. */
static bool set_sizes(struct problem *problem, unsigned i)
{
    if (problem->op->usual_sizes) return problem->op->usual_sizes(i, problem);
    if (i >= sizeof representative_sizes / sizeof *representative_sizes) return false;
    int64_t first = representative_sizes[i];
    const struct op *op = problem->op;
    for (unsigned f = 0; f < op->n_fields; f++) {
        if (op->fields[f].kind != FIELD_SIZE) continue;
        bool is_last = false;
        for (const char *const *name = op->key_sizes; *name; name++)
            is_last = strcmp(*name, op->fields[f].name) == 0 && !name[1];
        problem->value[f] = op->fields[f].initial >= 0 ? op->fields[f].initial : is_last ? first : 64;
    }
    if (op->complete) op->complete(problem);
    return true;
}

/* The loosest alignment there is: that of the element, so that the kernel serves every pointer. */
static void set_alignments(struct problem *problem)
{
    for (unsigned f = 0; f < problem->op->n_fields; f++)
        if (problem->op->fields[f].kind == FIELD_ALIGN) problem->value[f] = problem->op->fields[f].minimum;
    struct operand operands[OP_OPERANDS_MAX];
    unsigned n = problem->op->operands(problem, operands);
    for (unsigned i = 0; i < n; i++) {
        char field[64];
        snprintf(field, sizeof field, "align_%s", operands[i].name);
        int index = op_field_index(problem->op, field);
        if (index >= 0) problem->value[index] = __builtin_ctz(dtype_bytes(operands[i].type));
    }
}

static enum status add_problem(struct build *build, const struct manifest *manifest,
                               const struct problem *problem)
{
    struct tuning *tuning = malloc(sizeof *tuning);
    if (!tuning) return status_fail(STATUS_NO_MEMORY, "no memory for defaults");
    size_t i = build->n;
    build->problems[i] = *problem;
    build->scene.problem = &build->problems[i];
    enum status status = tuning_open(&build->scene, manifest, tuning);
    if (status != STATUS_OK || !tuning->has_default) {
        tuning_close(tuning);
        free(tuning);
        return status == STATUS_NOT_COVERED ? STATUS_OK : status;
    }
    build->tunings[i] = tuning;
    build->ranks[i] = 1 + MANIFEST_CLAUSES_MAX - manifest->n_accepts;
    build->n++;
    return candidate_prepare(tuning, &tuning->fallback, &build->candidates[i]);
}

/* Steps the types, choices and flags like an odometer; false after the last. */
static bool next_combination(struct problem *problem)
{
    const struct op *op = problem->op;
    for (unsigned f = 0; f < op->n_fields; f++) {
        const struct op_field *field = &op->fields[f];
        if (field->kind == FIELD_SIZE || field->kind == FIELD_ALIGN) continue;
        if (problem->value[f] < field->maximum) {
            problem->value[f]++;
            return true;
        }
        problem->value[f] = field->minimum;
    }
    return false;
}

static bool is_accepted(const struct build *build, const struct manifest *manifest,
                        const struct problem *problem)
{
    int64_t slots[SLOT_COUNT] = {0};
    if (problem_check(problem) != STATUS_OK) return false;
    if (problem->op->is_usual && !problem->op->is_usual(problem)) return false;
    problem_slots(problem, &build->facts, slots);
    return manifest_accepts(manifest, slots, NULL);
}

/* Is there such a default already? Sizes that no key's head names make no other. */
static bool is_there(const struct build *build, const struct problem *problem)
{
    char key[KEY_BYTES_MAX + 1], other[KEY_BYTES_MAX + 1];
    if (problem_key(problem, build->scene.target, key) != STATUS_OK) return false;
    for (size_t i = build->n; i-- > build->first_of_kind;)
        if (problem_key(&build->problems[i], build->scene.target, other) == STATUS_OK &&
            strcmp(key, other) == 0)
            return true;
    return false;
}

/* A kernel for each kind of problem, made for the first sizes that the template accepts. */
static enum status add_sizes(struct build *build, const struct manifest *manifest, struct problem *problem)
{
    build->first_of_kind = build->n;
    for (unsigned i = 0; set_sizes(problem, i); i++)
        if (is_accepted(build, manifest, problem) && !is_there(build, problem))
            TRY(add_problem(build, manifest, problem));
    return build->n + DEFAULTS_OF_KIND > DEFAULTS_BATCH ? flush(build) : STATUS_OK;
}

static enum status build_template(struct build *build, const struct manifest *manifest)
{
    struct problem problem = {.op = manifest->op};
    for (unsigned f = 0; f < problem.op->n_fields; f++) problem.value[f] = problem.op->fields[f].minimum;
    do {
        if (stopped(build)) return status_fail(STATUS_INTERRUPTED, "interrupted");
        set_alignments(&problem);
        TRY(add_sizes(build, manifest, &problem));
    } while (next_combination(&problem));
    return flush(build);
}

/* --- Targets. --- */

static enum status build_target(struct build *build, const char *target)
{
    struct text identity = {0};
    enum status status = compiler_for_target(target, &build->scene.compiler, &identity);
    build->scene.target = target;
    build->scene.compiler_identity = text_string(&identity);
    build->scene.facts = &build->facts;
    defaults_facts(target, &build->facts);
    for (size_t i = 0; status == STATUS_OK && i < build->options->n_templates; i++) {
        const struct manifest *manifest = build->options->templates[i];
        news(build, manifest->name);
        if (manifest_has_target(manifest, target)) status = build_template(build, manifest);
        build->done++;
    }
    release(build);
    text_free(&identity);
    return status;
}

enum status defaults_build(const struct defaults_options *options, struct defaults_summary *summary)
{
    const char *found[32];
    const char *const *targets = options->targets;
    size_t n_targets = options->n_targets;
    memset(summary, 0, sizeof *summary);
    if (!targets) {
        n_targets =
            defaults_targets(options->templates, options->n_templates, found, sizeof found / sizeof *found);
        targets = found;
    }
    if (n_targets == 0)
        return status_fail(STATUS_UNAVAILABLE,
                           "no compiler here makes any target of the templates; `autotune doctor` "
                           "says what is missing");
    struct build *build = calloc(1, sizeof *build);
    if (!build) return status_fail(STATUS_NO_MEMORY, "no memory for defaults");
    build->options = options;
    build->summary = summary;
    build->all = (double)(n_targets * options->n_templates);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < n_targets; i++) status = build_target(build, targets[i]);
    free(build);
    struct book_counts counts;
    if (status == STATUS_OK && book_count(options->book, &counts) == STATUS_OK)
        summary->records = counts.records;
    return status;
}
