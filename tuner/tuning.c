#include "tuner/tuning.h"

#include <string.h>

static void fill_spec(struct tuning *tuning)
{
    const struct manifest *manifest = tuning->manifest;
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        tuning->parameters[i] = (struct space_parameter){.name = manifest->parameters[i].name,
                                                         .values = manifest->parameters[i].values,
                                                         .n_values = manifest->parameters[i].n_values,
                                                         .slot = manifest->parameters[i].slot};
    for (uint32_t i = 0; i < manifest->n_where; i++)
        tuning->clauses[i] =
            (struct space_clause){.expr = manifest->where[i].expr, .text = manifest->where[i].text};
    tuning->spec = (struct space_spec){.parameters = tuning->parameters,
                                       .n_parameters = manifest->n_parameters,
                                       .clauses = tuning->clauses,
                                       .n_clauses = manifest->n_where,
                                       .slots = tuning->slots,
                                       .n_slots = SLOT_COUNT};
}

/* Value indices of the parameters' values in a value vector; false if one is not listed or a clause refuses.
 */
static bool configuration_of(const struct tuning *tuning, const int64_t *slots, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t p = 0; p < tuning->spec.n_parameters; p++) {
        const struct space_parameter *parameter = &tuning->parameters[p];
        uint32_t i = 0;
        while (i < parameter->n_values && parameter->values[i] != slots[parameter->slot]) i++;
        if (i == parameter->n_values) return false;
        out->index[p] = (uint16_t)i;
    }
    return space_admits(tuning->space, out, NULL);
}

bool tuning_values_configuration(const struct tuning *tuning, const int64_t *values,
                                 struct configuration *out)
{
    int64_t slots[SLOT_COUNT];
    memcpy(slots, tuning->slots, sizeof slots);
    for (uint32_t p = 0; p < tuning->manifest->n_parameters; p++)
        slots[tuning->manifest->parameters[p].slot] = values[p];
    return configuration_of(tuning, slots, out);
}

enum status tuning_open(const struct tuning_scene *scene, const struct manifest *manifest, struct tuning *out)
{
    memset(out, 0, sizeof *out);
    out->scene = scene;
    out->manifest = manifest;
    if (manifest->op != scene->problem->op)
        return status_fail(STATUS_NOT_COVERED, "%s: computes %s", manifest->name, manifest->op->name);
    if (!manifest_has_target(manifest, scene->target))
        return status_fail(STATUS_NOT_COVERED, "%s: not for target %s", manifest->name, scene->target);
    problem_slots(scene->problem, scene->facts, out->slots);
    const char *clause = NULL;
    if (!manifest_accepts(manifest, out->slots, &clause))
        return status_fail(STATUS_NOT_COVERED, "%s: accepts only %s", manifest->name, clause);
    fill_spec(out);
    if (space_create(&out->spec, &out->space) != STATUS_OK)
        return status_prefix(STATUS_NOT_COVERED, "%s", manifest->name);
    out->has_default = tuning_values_configuration(out, manifest->defaults, &out->fallback);
    return STATUS_OK;
}

void tuning_close(struct tuning *tuning)
{
    search_free(tuning->search);
    ranking_free(tuning->ranking);
    space_free(tuning->space);
    tuning->search = NULL;
    tuning->ranking = NULL;
    tuning->space = NULL;
}

void tuning_rank(struct tuning *tuning, const struct device_class *device_class)
{
    if (ranking_create(tuning->manifest, tuning->scene->problem, device_class, tuning->space,
                       &tuning->ranking) != STATUS_OK)
        tuning->ranking = NULL;
}

bool tuning_configuration(const struct tuning *tuning, const char *text, struct configuration *out)
{
    int64_t slots[SLOT_COUNT];
    memcpy(slots, tuning->slots, sizeof slots);
    return manifest_parse_configuration(tuning->manifest, text, slots) == STATUS_OK &&
           configuration_of(tuning, slots, out);
}

static void fill_job(struct candidate *candidate)
{
    const struct tuning_scene *scene = candidate->tuning->scene;
    candidate->job = (struct compile_job){.compiler = scene->compiler,
                                          .identity = scene->compiler_identity,
                                          .request = {.source = candidate->tuning->manifest->source,
                                                      .source_name = candidate->tuning->manifest->source_name,
                                                      .definitions = candidate->descriptor.definitions,
                                                      .target = scene->target}};
}

enum status candidate_prepare(struct tuning *tuning, const struct configuration *configuration,
                              struct candidate *out)
{
    memset(out, 0, sizeof *out);
    out->tuning = tuning;
    out->configuration = *configuration;
    int64_t slots[SLOT_COUNT];
    memcpy(slots, tuning->slots, sizeof slots);
    space_values(tuning->space, configuration, slots);
    struct descriptor_request request = {.manifest = tuning->manifest,
                                         .problem = tuning->scene->problem,
                                         .slots = slots,
                                         .target = tuning->scene->target,
                                         .compiler_identity = tuning->scene->compiler_identity};
    TRY(descriptor_kernel_hash(&request, &out->kernel));
    TRY(descriptor_build(&out->arena, &request, &out->descriptor));
    fill_job(out);
    return STATUS_OK;
}

enum status candidate_from_book(struct book *book, const struct hash *kernel,
                                const struct compiler_api *compiler, struct candidate *out)
{
    struct value bytes, code;
    memset(out, 0, sizeof *out);
    TRY(book_get_descriptor(book, kernel, &bytes, &out->descriptor));
    void *copy = arena_alloc(&out->arena, bytes.size);
    enum status status = copy ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a descriptor");
    if (status == STATUS_OK) {
        memcpy(copy, bytes.bytes, bytes.size);
        status = descriptor_decode(copy, bytes.size, &out->descriptor);
    }
    value_free(&bytes);
    TRY(status);
    TRY(book_get_code(book, &out->descriptor.code, &code));
    out->kernel = *kernel;
    out->job.compiler = compiler;
    text_append_bytes(&out->job.code, code.bytes, code.size);
    value_free(&code);
    return text_status(&out->job.code);
}

void candidate_free(struct candidate *candidate)
{
    text_free(&candidate->job.code);
    arena_free(&candidate->arena);
    memset(candidate, 0, sizeof *candidate);
}

void candidate_compiled(struct candidate *candidate)
{
    struct descriptor *descriptor = &candidate->descriptor;
    descriptor->code = candidate->job.code_hash;
    descriptor->code_bytes = (uint32_t)candidate->job.code.size;
    if (candidate->job.compiler->inspect)
        candidate->job.compiler->inspect(candidate->job.code.data, candidate->job.code.size,
                                         &descriptor->registers, &descriptor->shared_bytes,
                                         &descriptor->spill_bytes);
}

const char *candidate_name(struct candidate *candidate)
{
    const char *name = arena_format(&candidate->arena, "%s %s", candidate->descriptor.template_name,
                                    candidate->descriptor.configuration);
    return name ? name : candidate->descriptor.template_name;
}
