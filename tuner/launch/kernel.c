#include "tuner/launch/kernel.h"

#include <stdlib.h>
#include <string.h>
#include "search/expr.h"

enum { GRID_MAX = INT32_MAX, BLOCK_MAX = 1024, WORKSPACE_ALIGN = 64, SOURCE_NONE = 0xffff };

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

struct step {
    void *function; /* NULL: zero */
    bool always;
    struct expr when, grid[3], cluster[3], block[3], shared_bytes, zero_offset, zero_bytes;
};

struct kernel {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    const struct op *op;
    struct device_facts facts;
    uint32_t n_names, n_clauses, n_steps;
    int64_t fixed[DESCRIPTOR_NAMES_MAX];   /* parameters; 0 elsewhere */
    uint16_t source[DESCRIPTOR_NAMES_MAX]; /* slot it comes from, or SOURCE_NONE */
    struct expr clauses[DESCRIPTOR_CLAUSES_MAX];
    const char *clause_texts[DESCRIPTOR_CLAUSES_MAX];
    struct expr workspace_bytes;
    struct step steps[DESCRIPTOR_STEPS_MAX];
    char *copies, *end; /* bytecode and texts */
};

/* Visits every byte range that a kernel keeps, so that sizes and copies cannot disagree. */
static size_t descriptor_bytes(const struct descriptor *descriptor)
{
    size_t bytes = descriptor->workspace_bytes.size;
    for (uint32_t i = 0; i < descriptor->n_clauses; i++)
        bytes += descriptor->clauses[i].size + strlen(clause_text(descriptor, i)) + 1;
    for (uint32_t i = 0; i < descriptor->n_steps; i++) {
        const struct descriptor_step *step = &descriptor->steps[i];
        bytes += step->when.size + step->shared_bytes.size + step->zero_offset.size + step->zero_bytes.size;
        for (int axis = 0; axis < 3; axis++)
            bytes += step->grid[axis].size + step->cluster[axis].size + step->block[axis].size;
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

/* An expression that may be left out: 1. */
static enum status keep_axis(struct kernel *kernel, const struct blob *blob, const char *what,
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
        TRY(keep_axis(kernel, &from->grid[axis], "grid", &to->grid[axis]));
        TRY(keep_axis(kernel, &from->cluster[axis], "cluster", &to->cluster[axis]));
        TRY(keep_axis(kernel, &from->block[axis], "block", &to->block[axis]));
    }
    TRY(keep_axis(kernel, &from->shared_bytes, "shared_bytes", &to->shared_bytes));
    return kernel->api->function(kernel->module, from->entry, &to->function);
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
    return STATUS_OK;
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
        descriptor->n_steps > DESCRIPTOR_STEPS_MAX || descriptor->n_steps == 0)
        return status_fail(
            STATUS_BAD_DATA, "descriptor of %s: %u names, %u clauses, %u steps are out of range",
            descriptor->template_name, descriptor->n_names, descriptor->n_clauses, descriptor->n_steps);
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
static void fill_values(const struct kernel *kernel, const struct problem *problem, int64_t *values)
{
    int64_t slots[SLOT_COUNT];
    problem_slots(problem, &kernel->facts, slots);
    for (uint32_t i = 0; i < kernel->n_names; i++)
        values[i] = kernel->source[i] == SOURCE_NONE ? kernel->fixed[i] : slots[kernel->source[i]];
}

static bool accepts(const struct kernel *kernel, const struct problem *problem, const int64_t *values,
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
    fill_values(kernel, problem, values);
    return accepts(kernel, problem, values, clause ? clause : &ignored);
}

/* ---- binding ---- */

static enum status number(const struct expr *expr, const int64_t *values, const char *what, int64_t low,
                          int64_t high, int64_t *out)
{
    int64_t value = 0;
    enum expr_fault fault = expr_eval(expr, values, &value);
    if (fault != EXPR_FINE) return status_fail(STATUS_BAD_DATA, "%s: %s", what, expr_fault_name(fault));
    if (value < low || value > high)
        return status_fail(STATUS_BAD_DATA, "%s is %lld; it must lie in %lld..%lld", what, (long long)value,
                           (long long)low, (long long)high);
    *out = value;
    return STATUS_OK;
}

static enum status bind_axes(const struct expr axes[3], const int64_t *values, const char *what, int64_t high,
                             uint32_t out[3])
{
    for (int axis = 0; axis < 3; axis++) {
        int64_t value = 1;
        if (axes[axis].size) TRY(number(&axes[axis], values, what, 1, high, &value));
        out[axis] = (uint32_t)value;
    }
    return STATUS_OK;
}

static enum status bind_step(const struct step *step, const int64_t *values, uint64_t workspace_bytes,
                             struct device_step *out)
{
    int64_t value = 0, offset = 0;
    *out = (struct device_step){.function = step->function};
    if (!step->function) {
        TRY(number(&step->zero_offset, values, "zero offset", 0, (int64_t)workspace_bytes, &offset));
        TRY(number(&step->zero_bytes, values, "zero bytes", 0, (int64_t)workspace_bytes - offset, &value));
        out->zero_offset = (uint64_t)offset;
        out->zero_bytes = (uint64_t)value;
        return STATUS_OK;
    }
    TRY(bind_axes(step->grid, values, "grid", GRID_MAX, out->grid));
    TRY(bind_axes(step->cluster, values, "cluster", BLOCK_MAX, out->cluster));
    TRY(bind_axes(step->block, values, "block", BLOCK_MAX, out->block));
    if (step->shared_bytes.size)
        TRY(number(&step->shared_bytes, values, "shared_bytes", 0, UINT32_MAX, &value));
    out->shared_bytes = (uint32_t)value;
    return STATUS_OK;
}

enum status kernel_bind(const struct kernel *kernel, const struct problem *problem, struct kernel_launch *out)
{
    int64_t values[DESCRIPTOR_NAMES_MAX], workspace = 0;
    const char *clause;
    fill_values(kernel, problem, values);
    if (!accepts(kernel, problem, values, &clause))
        return status_fail(STATUS_NOT_COVERED, "the kernel does not cover this problem: %s", clause);
    if (kernel->workspace_bytes.size)
        TRY(number(&kernel->workspace_bytes, values, "workspace_bytes", 0, INT64_MAX / 4, &workspace));
    struct kernel_launch launch = {.workspace_bytes = ((uint64_t)workspace + WORKSPACE_ALIGN - 1) /
                                                      WORKSPACE_ALIGN * WORKSPACE_ALIGN};
    for (uint32_t i = 0; i < kernel->n_steps; i++) {
        const struct step *step = &kernel->steps[i];
        int64_t run = 1;
        if (!step->always) TRY(number(&step->when, values, "when", INT64_MIN, INT64_MAX, &run));
        if (!run) continue;
        struct device_step *bound = &launch.steps[launch.n_steps++];
        TRY(bind_step(step, values, launch.workspace_bytes, bound));
        uint64_t scratch = kernel->api->scratch_bytes(kernel->device, bound->shared_bytes);
        if (scratch > launch.scratch_bytes) launch.scratch_bytes = scratch;
    }
    *out = launch;
    return STATUS_OK;
}

enum status kernel_run(const struct kernel *kernel, const struct kernel_launch *launch, const void *args,
                       uint32_t args_bytes, void *workspace, void *stream)
{
    const struct device_launch call = {
        .steps = launch->steps,
        .n_steps = launch->n_steps,
        .args = args,
        .args_bytes = args_bytes,
        .workspace = workspace,
        .scratch = launch->scratch_bytes ? (char *)workspace + launch->workspace_bytes : NULL,
    };
    return kernel->api->launch(kernel->device, stream, &call);
}
