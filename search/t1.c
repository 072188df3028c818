#include "search/t1.h"

#include <stdlib.h>
#include "search/t1_parts.h"

static enum status read_space(struct t1 *t1, const cJSON *root)
{
    struct json_source source = {t1->name};
    const cJSON *configuration_space, *parameters, *conditions = NULL;
    TRY(json_object(&source, root, "ConfigurationSpace", &configuration_space));
    TRY(json_array(&source, configuration_space, "TuningParameters", &parameters));
    if (cJSON_HasObjectItem(configuration_space, "Conditions"))
        TRY(json_array(&source, configuration_space, "Conditions", &conditions));
    const struct python_value **tables = arena_alloc(&t1->arena, (SPACE_PARAMETERS_MAX + 1) * sizeof *tables);
    if (!tables) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", t1->name);
    TRY(t1_read_parameters(t1, parameters, tables));
    return t1_read_conditions(t1, conditions, tables);
}

static enum status read_root(struct t1 *t1, const cJSON *root)
{
    const cJSON *specification = cJSON_GetObjectItemCaseSensitive(root, "KernelSpecification");
    const cJSON *kernel = cJSON_GetObjectItemCaseSensitive(specification, "KernelName");
    if (!cJSON_IsObject(root))
        return status_fail(STATUS_BAD_DATA, "%s: no T1 definition: it is no JSON object", t1->name);
    TRY(read_space(t1, root));
    t1->kernel = arena_string(&t1->arena, cJSON_IsString(kernel) ? kernel->valuestring : "");
    return t1->kernel ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", t1->name);
}

enum status t1_read(const char *name, const char *bytes, size_t size, struct t1 **out)
{
    cJSON *root = NULL;
    struct json_source source = {name};
    TRY(json_parse(&source, bytes, size, &root));
    struct t1 *t1 = calloc(1, sizeof *t1);
    enum status status = STATUS_OK;
    if (!t1 || !(t1->name = arena_string(&t1->arena, name)))
        status = status_fail(STATUS_NO_MEMORY, "%s: out of memory", name);
    if (status == STATUS_OK) status = read_root(t1, root);
    cJSON_Delete(root);
    if (status == STATUS_OK)
        *out = t1;
    else
        t1_free(t1);
    return status;
}

void t1_free(struct t1 *t1)
{
    if (!t1) return;
    arena_free(&t1->arena);
    free(t1);
}

/* Evaluation cannot fail on its own: what it met is asked for here, and outweighs what the space says. */
static enum status check_faults(const struct t1 *t1)
{
    for (uint32_t i = 0; i < t1->spec.n_clauses; i++) {
        const struct t1_conjunct *conjunct = t1->spec.clauses[i].predicate->context;
        int fault = atomic_load(conjunct->fault);
        if (fault)
            return status_fail(STATUS_BAD_DATA, "%s: condition %zu, '%.200s': %s", t1->name,
                               conjunct->number + 1, conjunct->text,
                               python_fault_name((enum python_fault)fault));
    }
    return STATUS_OK;
}

enum status t1_space(const struct t1 *t1, struct space **out)
{
    struct space *space = NULL;
    enum status status = status_prefix(space_create(&t1->spec, &space), "%s", t1->name);
    if (status != STATUS_NO_MEMORY) {
        enum status faults = check_faults(t1);
        if (faults != STATUS_OK) {
            space_free(space);
            return faults;
        }
    }
    if (status == STATUS_OK) *out = space;
    return status;
}
