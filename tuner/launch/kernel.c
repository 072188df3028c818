/* What a descriptor covers, and its kernel loaded. */
#include "tuner/launch/kernel_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- names: where slot i of the descriptor's expressions comes from ---- */

/* Descriptors list names in the order of the op's fields and of the device's facts, so each search starts
 * behind the last hit. */
struct cursor {
    unsigned field, fact;
};

/* Names are short and mostly what is expected: a call would cost more. */
static inline bool same_name(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static int find_fact(const char *name, unsigned *cursor)
{
    static const char *const facts[] = {
#define FACT(name, meaning) #name,
        DEVICE_FACT_TABLE(FACT)
#undef FACT
    };
    unsigned i = *cursor;
    for (unsigned tried = 0; tried < DEVICE_FACT_COUNT; tried++, i++) {
        if (i >= DEVICE_FACT_COUNT) i = 0;
        if (!same_name(facts[i], name)) continue;
        *cursor = i + 1;
        return (int)i;
    }
    return -1;
}

/* Index of a problem field or device fact in the value vector of problem_slots; -1 if unknown. */
static int find_source(const struct op *op, const char *name, struct cursor *cursor)
{
    static const char prefix[] = "device.";
    size_t same = 0;
    while (prefix[same] && name[same] == prefix[same]) same++;
    if (!prefix[same]) {
        int fact = find_fact(name + same, &cursor->fact);
        return fact < 0 ? -1 : SLOT_DEVICE + fact;
    }
    unsigned i = cursor->field;
    for (unsigned tried = 0; tried < op->n_fields; tried++, i++) {
        if (i >= op->n_fields) i = 0;
        if (!same_name(op->fields[i].name, name)) continue;
        cursor->field = i + 1;
        return SLOT_PROBLEM + (int)i;
    }
    return -1;
}

/* Writes the value of every name, or answers false with the unknown one. */
static bool resolve_names(const struct descriptor *descriptor, const struct op *op, const int64_t *slots,
                          int64_t values[DESCRIPTOR_NAMES_MAX], const char **unknown)
{
    struct cursor cursor = {0, 0};
    for (uint32_t i = 0; i < descriptor->n_names; i++) {
        if (descriptor->is_parameter[i]) {
            values[i] = descriptor->parameter_values[i];
            continue;
        }
        int source = find_source(op, descriptor->names[i], &cursor);
        if (source < 0) {
            *unknown = descriptor->names[i];
            return false;
        }
        values[i] = slots[source];
    }
    return true;
}

static const char *clause_text(const struct descriptor *descriptor, uint32_t i)
{
    return descriptor->clause_texts[i] ? descriptor->clause_texts[i] : "";
}

bool kernel_covers(const struct descriptor *descriptor, const struct problem *problem,
                   const struct device_facts *facts, const char **clause)
{
    const char *ignored;
    if (!clause) clause = &ignored;
    int64_t slots[SLOT_COUNT], values[DESCRIPTOR_NAMES_MAX];
    if (strcmp(descriptor->op, problem->op->name) != 0) {
        *clause = descriptor->op;
        return false;
    }
    if (descriptor->args_abi != problem->op->args_abi) {
        *clause = "the argument block's version";
        return false;
    }
    problem_slots(problem, facts, slots);
    if (!resolve_names(descriptor, problem->op, slots, values, clause)) return false;
    for (uint32_t i = 0; i < descriptor->n_clauses; i++) {
        int64_t holds;
        const struct blob *code = &descriptor->clauses[i];
        enum expr_fault fault =
            expr_eval_checked(code->bytes, code->size, values, descriptor->n_names, &holds);
        if (fault == EXPR_FINE && holds) continue;
        *clause = fault == EXPR_BAD_CODE ? "sound bytecode; one of its clauses is damaged"
                                         : clause_text(descriptor, i);
        return false;
    }
    return true;
}

/* ---- the loaded kernel ---- */

/* Visits every byte range that a kernel keeps, so that sizes and copies cannot disagree. */
static size_t descriptor_bytes(const struct descriptor *descriptor)
{
    size_t bytes = descriptor->workspace_bytes.size;
    for (uint32_t i = 0; i < descriptor->n_clauses; i++)
        bytes += descriptor->clauses[i].size + strlen(clause_text(descriptor, i)) + 1;
    for (uint32_t i = 0; i < descriptor->n_steps; i++) {
        const struct descriptor_step *step = &descriptor->steps[i];
        bytes += step->when.size + step->shared_bytes.size + step->cooperative.size +
                 step->programmatic.size + step->zero_offset.size + step->zero_bytes.size;
        for (int axis = 0; axis < 3; axis++)
            bytes += step->grid[axis].size + step->cluster[axis].size + step->block[axis].size;
    }
    for (uint32_t i = 0; i < descriptor->n_maps; i++) {
        const struct descriptor_map *map = &descriptor->maps[i];
        bytes += map->when.size + map->box[0].size + map->box[1].size + map->swizzle.size;
    }
    return bytes;
}

static char *keep(struct kernel *kernel, const void *bytes, size_t size)
{
    char *copy = kernel->end;
    if (size) memcpy(copy, bytes, size);
    kernel->end += size;
    return copy;
}

static enum status keep_expr(struct kernel *kernel, const struct blob *blob, const char *what,
                             struct expr *out)
{
    const char *copy = keep(kernel, blob->bytes, blob->size);
    enum status status = expr_validate(copy, blob->size, kernel->n_names, out);
    return status == STATUS_OK ? status : status_prefix(status, "descriptor, %s", what);
}

/* An expression that may be left out: 1 for an axis, 0 for the rest. */
static enum status keep_optional(struct kernel *kernel, const struct blob *blob, const char *what,
                                 struct expr *out)
{
    *out = (struct expr){0};
    return blob->size ? keep_expr(kernel, blob, what, out) : STATUS_OK;
}

static enum status keep_step(struct kernel *kernel, const struct descriptor_step *from, struct step *to)
{
    to->always = from->when.size == 0;
    if (!to->always) TRY(keep_expr(kernel, &from->when, "when", &to->when));
    if (!from->entry) {
        TRY(keep_expr(kernel, &from->zero_offset, "zero offset", &to->zero_offset));
        return keep_expr(kernel, &from->zero_bytes, "zero bytes", &to->zero_bytes);
    }
    for (int axis = 0; axis < 3; axis++) {
        TRY(keep_optional(kernel, &from->grid[axis], "grid", &to->grid[axis]));
        TRY(keep_optional(kernel, &from->cluster[axis], "cluster", &to->cluster[axis]));
        TRY(keep_optional(kernel, &from->block[axis], "block", &to->block[axis]));
    }
    TRY(keep_optional(kernel, &from->shared_bytes, "shared_bytes", &to->shared_bytes));
    TRY(keep_optional(kernel, &from->cooperative, "cooperative", &to->cooperative));
    TRY(keep_optional(kernel, &from->programmatic, "programmatic", &to->programmatic));
    return kernel->api->function(kernel->module, from->entry, &to->function);
}

static enum status keep_map(struct kernel *kernel, const struct descriptor *descriptor,
                            const struct descriptor_map *from, struct map *to)
{
    to->operand = op_operand_index(kernel->op, from->operand);
    if (to->operand < 0)
        return status_fail(
            STATUS_NOT_COVERED,
            "descriptor of %s: a tensor map of '%s', which is no operand of %s; it needs a newer "
            "version of this program",
            descriptor->template_name, from->operand, kernel->op->name);
    to->always = from->when.size == 0;
    if (!to->always) TRY(keep_expr(kernel, &from->when, "when of a tensor map", &to->when));
    for (int i = 0; i < 2; i++) TRY(keep_expr(kernel, &from->box[i], "box of a tensor map", &to->box[i]));
    return keep_optional(kernel, &from->swizzle, "swizzle of a tensor map", &to->swizzle);
}

static enum status keep_maps(struct kernel *kernel, const struct descriptor *descriptor)
{
    if (descriptor->n_maps && !kernel->api->tensor_map)
        return status_fail(STATUS_NOT_COVERED,
                           "descriptor of %s: it has tensor maps, and a %s device has none",
                           descriptor->template_name, kernel->api->name);
    for (uint32_t i = 0; i < descriptor->n_maps; i++) {
        TRY(keep_map(kernel, descriptor, &descriptor->maps[i], &kernel->maps[i]));
        kernel->n_maps = i + 1;
    }
    return STATUS_OK;
}

static enum status keep_names(struct kernel *kernel, const struct descriptor *descriptor)
{
    struct cursor cursor = {0, 0};
    for (uint32_t i = 0; i < descriptor->n_names; i++) {
        kernel->source[i] = SOURCE_NONE;
        kernel->fixed[i] = descriptor->is_parameter[i] ? descriptor->parameter_values[i] : 0;
        if (descriptor->is_parameter[i]) continue;
        int source = find_source(kernel->op, descriptor->names[i], &cursor);
        if (source < 0)
            return status_fail(
                STATUS_NOT_COVERED,
                "descriptor of %s: unknown name '%s'; it needs a newer version of this program",
                descriptor->template_name, descriptor->names[i]);
        kernel->source[i] = (uint16_t)source;
    }
    return STATUS_OK;
}

static enum status keep_all(struct kernel *kernel, const struct descriptor *descriptor)
{
    kernel->n_names = descriptor->n_names;
    TRY(keep_names(kernel, descriptor));
    for (uint32_t i = 0; i < descriptor->n_clauses; i++) {
        const char *text = clause_text(descriptor, i);
        kernel->clause_texts[i] = keep(kernel, text, strlen(text) + 1);
        TRY(keep_expr(kernel, &descriptor->clauses[i], text, &kernel->clauses[i]));
        kernel->n_clauses = i + 1;
    }
    if (descriptor->workspace_bytes.size)
        TRY(keep_expr(kernel, &descriptor->workspace_bytes, "workspace_bytes", &kernel->workspace_bytes));
    for (uint32_t i = 0; i < descriptor->n_steps; i++) {
        TRY(keep_step(kernel, &descriptor->steps[i], &kernel->steps[i]));
        kernel->n_steps = i + 1;
    }
    return keep_maps(kernel, descriptor);
}

static enum status check_descriptor(const struct descriptor *descriptor, const struct op **op)
{
    *op = op_find(descriptor->op);
    if (!*op)
        return status_fail(STATUS_NOT_COVERED, "descriptor of %s: unknown op '%s'", descriptor->template_name,
                           descriptor->op);
    if (descriptor->args_abi != (*op)->args_abi)
        return status_fail(STATUS_NOT_COVERED,
                           "descriptor of %s: made for version %u of %s's argument block, this is version %u",
                           descriptor->template_name, descriptor->args_abi, descriptor->op, (*op)->args_abi);
    if (descriptor->n_names > DESCRIPTOR_NAMES_MAX || descriptor->n_clauses > DESCRIPTOR_CLAUSES_MAX ||
        descriptor->n_steps > DESCRIPTOR_STEPS_MAX || descriptor->n_steps == 0 ||
        descriptor->n_maps > DESCRIPTOR_MAPS_MAX)
        return status_fail(
            STATUS_BAD_DATA,
            "descriptor of %s: %u names, %u clauses, %u steps, %u tensor maps are out of range",
            descriptor->template_name, descriptor->n_names, descriptor->n_clauses, descriptor->n_steps,
            descriptor->n_maps);
    return STATUS_OK;
}

enum status kernel_load(const struct device_api *api, struct device *device,
                        const struct descriptor *descriptor, const void *code, size_t code_bytes,
                        struct kernel **out)
{
    const struct op *op;
    TRY(check_descriptor(descriptor, &op));
    struct kernel *kernel = calloc(1, sizeof *kernel);
    if (kernel) kernel->end = kernel->copies = malloc(descriptor_bytes(descriptor) + 1);
    if (!kernel || !kernel->copies) {
        free(kernel);
        return status_fail(STATUS_NO_MEMORY, "no memory for a kernel");
    }
    kernel->api = api;
    kernel->device = device;
    kernel->op = op;
    kernel->facts = api->info(device)->facts;
    enum status status = api->load(device, code, code_bytes, &kernel->module);
    if (status == STATUS_OK) status = keep_all(kernel, descriptor);
    if (status != STATUS_OK) {
        kernel_unload(kernel);
        return status;
    }
    *out = kernel;
    return STATUS_OK;
}

void kernel_unload(struct kernel *kernel)
{
    if (!kernel) return;
    if (kernel->module) kernel->api->unload(kernel->device, kernel->module);
    free(kernel->copies);
    free(kernel);
}

/* The value of every name for this problem. */
void kernel_values(const struct kernel *kernel, const struct problem *problem, int64_t *values)
{
    int64_t slots[SLOT_COUNT];
    problem_slots(problem, &kernel->facts, slots);
    for (uint32_t i = 0; i < kernel->n_names; i++)
        values[i] = kernel->source[i] == SOURCE_NONE ? kernel->fixed[i] : slots[kernel->source[i]];
}

bool kernel_accepts_values(const struct kernel *kernel, const struct problem *problem, const int64_t *values,
                           const char **clause)
{
    if (problem->op != kernel->op) {
        *clause = kernel->op->name;
        return false;
    }
    for (uint32_t i = 0; i < kernel->n_clauses; i++) {
        int64_t holds;
        if (expr_eval(&kernel->clauses[i], values, &holds) == EXPR_FINE && holds) continue;
        *clause = kernel->clause_texts[i];
        return false;
    }
    return true;
}

bool kernel_accepts(const struct kernel *kernel, const struct problem *problem, const char **clause)
{
    const char *ignored;
    int64_t values[DESCRIPTOR_NAMES_MAX];
    kernel_values(kernel, problem, values);
    return kernel_accepts_values(kernel, problem, values, clause ? clause : &ignored);
}
