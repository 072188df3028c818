#include "tuner/descriptor.h"

#include <stdio.h>
#include <string.h>
#include "search/expr_fold.h"
#include "search/expr_share.h"

/* Which value-vector slots the descriptor's expressions read, and the dense numbers they get. */
struct names {
    bool used[SLOT_COUNT];
    unsigned map[SLOT_COUNT];
};

static void mark_used(void *context, unsigned slot)
{
    struct names *names = context;
    if (slot < SLOT_COUNT) names->used[slot] = true;
}

static const char *slot_name(const struct manifest *manifest, unsigned slot)
{
    static const char *const facts[] = {
#define FACT(name, meaning) "device." #name,
        DEVICE_FACT_TABLE(FACT)
#undef FACT
    };
    if (slot < SLOT_DEVICE) return manifest->op->fields[slot - SLOT_PROBLEM].name;
    if (slot < SLOT_PARAMETERS) return facts[slot - SLOT_DEVICE];
    return manifest->parameters[slot - SLOT_PARAMETERS].name;
}

/* --- Clauses for what is compiled in: types, choices and flags equal, alignments at least, specialized sizes
 * equal. --- */

static bool find_field(const void *context, const char *name, struct expr_name *out)
{
    const struct op *op = context;
    int field = op_field_index(op, name);
    if (field >= 0) {
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = SLOT_PROBLEM + (unsigned)field};
        return true;
    }
    *out = (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
    return true;
}

/* Does the kernel's source look at this alignment? A CPU template that does not is good for any. */
static bool reads_alignment(const struct manifest *manifest, const char *field)
{
    char macro[32];
    size_t n = 0;
    for (; field[n] && n + 1 < sizeof macro; n++)
        macro[n] = (char)(field[n] >= 'a' && field[n] <= 'z' ? field[n] - 32 : field[n]);
    macro[n] = 0;
    return strstr(manifest->source, macro) != NULL;
}

static const char *compiled_in(struct arena *arena, const struct manifest *manifest,
                               const struct problem *problem, unsigned index)
{
    const struct op_field *field = &manifest->op->fields[index];
    int64_t value = problem->value[index];
    switch (field->kind) {
    case FIELD_TYPE: return arena_format(arena, "%s == %s", field->name, dtype_name((enum dtype)value));
    case FIELD_CHOICE: return arena_format(arena, "%s == %s", field->name, field->choices[value]);
    case FIELD_FLAG: return arena_format(arena, "%s == %lld", field->name, (long long)value);
    case FIELD_ALIGN:
        if (!reads_alignment(manifest, field->name)) return NULL;
        return arena_format(arena, "%s >= %lld", field->name, (long long)value);
    case FIELD_SIZE:
        if (!(manifest->specialize >> index & 1)) return NULL;
        return arena_format(arena, "%s == %lld", field->name, (long long)value);
    }
    return NULL;
}

/* --- What of a manifest's step or map is an expression, and where its bytecode goes. --- */

struct part {
    size_t expr, blob; /* offsets */
};
#define PART(kind, member)                                                                   \
    {                                                                                        \
        offsetof(struct manifest_##kind, member), offsetof(struct descriptor_##kind, member) \
    }
static const struct part step_parts[] = {
    PART(step, grid[0]),     PART(step, grid[1]),      PART(step, grid[2]),     PART(step, cluster[0]),
    PART(step, cluster[1]),  PART(step, cluster[2]),   PART(step, block[0]),    PART(step, block[1]),
    PART(step, block[2]),    PART(step, shared_bytes), PART(step, cooperative), PART(step, programmatic),
    PART(step, zero_offset), PART(step, zero_bytes)};
static const struct part map_parts[] = {PART(map, box[0]), PART(map, box[1]), PART(map, swizzle)};
enum {
    N_STEP_PARTS = sizeof step_parts / sizeof *step_parts,
    N_MAP_PARTS = sizeof map_parts / sizeof *map_parts
};

static struct expr *expr_of(void *of, const struct part *part)
{
    return (struct expr *)(void *)((char *)of + part->expr);
}

/* --- Folding: in a kernel the parameters are constants, and so is what the first clauses want equal, for
 * nothing behind them is evaluated where they do not hold. What folds away is paid for by no lookup and no
 * launch. --- */

struct folding {
    struct arena *arena;
    bool known[SLOT_COUNT];
    int64_t slots[SLOT_COUNT];
};

static bool is_wanted_equal(const struct manifest *manifest, unsigned index)
{
    enum field_kind kind = manifest->op->fields[index].kind;
    return kind == FIELD_SIZE ? manifest->specialize >> index & 1 : kind != FIELD_ALIGN;
}

static void folding_begin(struct arena *arena, const struct descriptor_request *request, struct folding *out)
{
    static const struct device_facts unknown;
    memset(out, 0, sizeof *out);
    out->arena = arena;
    memcpy(out->slots, request->slots, sizeof out->slots);
    problem_slots(request->problem, &unknown, out->slots);
    for (unsigned i = 0; i < request->manifest->op->n_fields; i++)
        out->known[SLOT_PROBLEM + i] = is_wanted_equal(request->manifest, i);
    for (unsigned slot = SLOT_PARAMETERS; slot < SLOT_COUNT; slot++) out->known[slot] = true;
}

static enum status fold(const struct folding *folding, struct expr *expr)
{
    if (!expr->size) return STATUS_OK;
    TRY(expr_fold(folding->arena, expr, folding->known, folding->slots, expr));
    return expr_share(folding->arena, expr, expr);
}

static enum status fold_parts(const struct folding *folding, const struct part *parts, size_t n, void *of)
{
    for (size_t i = 0; i < n; i++) TRY(fold(folding, expr_of(of, &parts[i])));
    return STATUS_OK;
}

/* A condition that always holds is left out. */
static enum status fold_when(const struct folding *folding, bool *has_when, struct expr *when)
{
    int64_t holds;
    if (!*has_when) return STATUS_OK;
    TRY(fold(folding, when));
    if (expr_is_constant(when, &holds) && holds) *has_when = false;
    return STATUS_OK;
}

/* An attribute that no launch has is left out. */
static void drop_zero(struct expr *attribute)
{
    int64_t value;
    if (expr_is_constant(attribute, &value) && !value) *attribute = (struct expr){0};
}

static enum status fold_step(const struct folding *folding, struct manifest_step *step)
{
    TRY(fold_when(folding, &step->has_when, &step->when));
    TRY(fold_parts(folding, step_parts, N_STEP_PARTS, step));
    drop_zero(&step->cooperative);
    drop_zero(&step->programmatic);
    return STATUS_OK;
}

static enum status fold_map(const struct folding *folding, struct manifest_map *map)
{
    TRY(fold_when(folding, &map->has_when, &map->when));
    return fold_parts(folding, map_parts, N_MAP_PARTS, map);
}

/* Everything of a manifest that becomes an expression of the descriptor, folded. */
struct expressions {
    uint32_t n_clauses, n_steps;
    struct expr clauses[DESCRIPTOR_CLAUSES_MAX];
    const char *texts[DESCRIPTOR_CLAUSES_MAX];
    struct expr workspace_bytes;
    struct manifest_step steps[MANIFEST_STEPS_MAX];
    uint32_t n_maps;
    struct manifest_map maps[MANIFEST_MAPS_MAX];
};

static enum status add_clause(struct expressions *list, const struct expr *expr, const char *text)
{
    if (list->n_clauses == DESCRIPTOR_CLAUSES_MAX)
        return status_fail(STATUS_BAD_DATA, "more than %d clauses in one kernel", DESCRIPTOR_CLAUSES_MAX);
    list->clauses[list->n_clauses] = *expr;
    list->texts[list->n_clauses++] = text;
    return STATUS_OK;
}

/* A clause that always holds is left out; one that never does stays, and says why. */
static enum status add_folded(const struct folding *folding, const struct manifest_clause *clause,
                              struct expressions *list)
{
    struct expr expr = clause->expr;
    int64_t holds;
    TRY(fold(folding, &expr));
    return expr_is_constant(&expr, &holds) && holds ? STATUS_OK : add_clause(list, &expr, clause->text);
}

static enum status gather_clauses(struct arena *arena, const struct descriptor_request *request,
                                  const struct folding *folding, struct expressions *list)
{
    const struct manifest *manifest = request->manifest;
    struct expr_scope scope = {.context = manifest->op, .find = find_field};
    for (unsigned i = 0; i < manifest->op->n_fields; i++) {
        const char *text = compiled_in(arena, manifest, request->problem, i);
        if (!text) continue;
        struct expr expr;
        TRY(expr_compile(arena, text, manifest->name, &scope, &expr));
        TRY(add_clause(list, &expr, text));
    }
    for (uint32_t i = 0; i < manifest->n_accepts; i++) TRY(add_folded(folding, &manifest->accepts[i], list));
    for (uint32_t i = 0; i < manifest->n_where; i++) TRY(add_folded(folding, &manifest->where[i], list));
    return STATUS_OK;
}

static enum status gather(struct arena *arena, const struct descriptor_request *request,
                          struct expressions *out)
{
    const struct manifest *manifest = request->manifest;
    struct folding folding;
    folding_begin(arena, request, &folding);
    out->n_clauses = 0;
    TRY(gather_clauses(arena, request, &folding, out));
    out->workspace_bytes = manifest->workspace_bytes;
    TRY(fold(&folding, &out->workspace_bytes));
    out->n_steps = manifest->n_steps;
    for (uint32_t i = 0; i < manifest->n_steps; i++) {
        out->steps[i] = manifest->steps[i];
        TRY(fold_step(&folding, &out->steps[i]));
    }
    out->n_maps = manifest->n_maps;
    for (uint32_t i = 0; i < manifest->n_maps; i++) {
        out->maps[i] = manifest->maps[i];
        TRY(fold_map(&folding, &out->maps[i]));
    }
    return STATUS_OK;
}

/* --- Renumbering: every folded expression becomes a blob over the descriptor's own names. --- */

static void visit(struct names *names, const struct expr *expr)
{
    if (expr->size) expr_visit_slots(expr, mark_used, names);
}

static void visit_parts(struct names *names, const struct part *parts, size_t n, const void *of)
{
    for (size_t i = 0; i < n; i++) visit(names, expr_of((void *)(uintptr_t)of, &parts[i]));
}

static void visit_step(struct names *names, const struct manifest_step *step)
{
    if (step->has_when) visit(names, &step->when);
    visit_parts(names, step_parts, N_STEP_PARTS, step);
}

static void visit_map(struct names *names, const struct manifest_map *map)
{
    if (map->has_when) visit(names, &map->when);
    visit_parts(names, map_parts, N_MAP_PARTS, map);
}

static enum status number_names(const struct descriptor_request *request, struct names *names,
                                struct descriptor *out)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        names->map[slot] = DESCRIPTOR_NAMES_MAX;
        if (!names->used[slot]) continue;
        unsigned n = out->n_names++;
        names->map[slot] = n;
        out->names[n] = slot_name(request->manifest, slot);
        out->is_parameter[n] = slot >= SLOT_PARAMETERS;
        out->parameter_values[n] = slot >= SLOT_PARAMETERS ? request->slots[slot] : 0;
    }
    return STATUS_OK;
}

static enum status renumber(struct arena *arena, const struct names *names, const struct expr *expr,
                            struct blob *out)
{
    *out = (struct blob){0};
    if (!expr->size) return STATUS_OK;
    struct text code = {0};
    enum status status = expr_renumber(expr, names->map, SLOT_COUNT, &code);
    if (status == STATUS_OK) status = text_status(&code);
    if (status == STATUS_OK) {
        out->bytes = arena_copy(arena, code.data, code.size);
        out->size = (uint32_t)code.size;
        if (!out->bytes) status = status_fail(STATUS_NO_MEMORY, "no memory for a descriptor");
    }
    text_free(&code);
    return status;
}

static enum status renumber_parts(struct arena *arena, const struct names *names, const struct part *parts,
                                  size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        struct blob *blob = (struct blob *)(void *)((char *)to + parts[i].blob);
        TRY(renumber(arena, names, expr_of((void *)(uintptr_t)from, &parts[i]), blob));
    }
    return STATUS_OK;
}

static enum status renumber_step(struct arena *arena, const struct names *names,
                                 const struct manifest_step *step, struct descriptor_step *out)
{
    out->entry = step->entry;
    if (step->has_when) TRY(renumber(arena, names, &step->when, &out->when));
    return renumber_parts(arena, names, step_parts, N_STEP_PARTS, step, out);
}

static enum status renumber_map(struct arena *arena, const struct names *names,
                                const struct manifest_map *map, struct descriptor_map *out)
{
    out->operand = map->operand;
    if (map->has_when) TRY(renumber(arena, names, &map->when, &out->when));
    return renumber_parts(arena, names, map_parts, N_MAP_PARTS, map, out);
}

static enum status fill_texts(struct arena *arena, const struct descriptor_request *request,
                              struct descriptor *out)
{
    struct text configuration = {0}, definitions = {0};
    manifest_print_configuration(request->manifest, request->slots, &configuration);
    manifest_definitions(request->manifest, request->problem, request->slots, &definitions);
    out->configuration = arena_string(arena, text_string(&configuration));
    out->definitions = arena_string(arena, text_string(&definitions));
    text_free(&configuration);
    text_free(&definitions);
    if (!out->configuration || !out->definitions)
        return status_fail(STATUS_NO_MEMORY, "no memory for a descriptor");
    out->op = request->manifest->op->name;
    out->template_name = request->manifest->name;
    out->source = request->manifest->hash;
    out->target = request->target;
    out->compiler = request->compiler_identity;
    out->args_abi = request->manifest->op->args_abi;
    return STATUS_OK;
}

static enum status fill_expressions(struct arena *arena, const struct descriptor_request *request,
                                    const struct expressions *from, struct descriptor *out)
{
    struct names names = {0};
    for (uint32_t i = 0; i < from->n_clauses; i++) visit(&names, &from->clauses[i]);
    visit(&names, &from->workspace_bytes);
    for (uint32_t i = 0; i < from->n_steps; i++) visit_step(&names, &from->steps[i]);
    for (uint32_t i = 0; i < from->n_maps; i++) visit_map(&names, &from->maps[i]);
    TRY(number_names(request, &names, out));
    out->n_clauses = from->n_clauses;
    for (uint32_t i = 0; i < from->n_clauses; i++) {
        TRY(renumber(arena, &names, &from->clauses[i], &out->clauses[i]));
        out->clause_texts[i] = from->texts[i];
    }
    TRY(renumber(arena, &names, &from->workspace_bytes, &out->workspace_bytes));
    out->n_steps = from->n_steps;
    for (uint32_t i = 0; i < from->n_steps; i++)
        TRY(renumber_step(arena, &names, &from->steps[i], &out->steps[i]));
    out->n_maps = from->n_maps;
    for (uint32_t i = 0; i < from->n_maps; i++)
        TRY(renumber_map(arena, &names, &from->maps[i], &out->maps[i]));
    return STATUS_OK;
}

enum status descriptor_build(struct arena *arena, const struct descriptor_request *request,
                             struct descriptor *out)
{
    struct expressions *expressions = arena_alloc(arena, sizeof *expressions);
    if (!expressions) return status_fail(STATUS_NO_MEMORY, "no memory for a descriptor");
    memset(out, 0, sizeof *out);
    TRY(fill_texts(arena, request, out));
    TRY(gather(arena, request, expressions));
    TRY(fill_expressions(arena, request, expressions, out));
    int64_t deterministic = 0;
    enum expr_fault fault = expr_eval(&request->manifest->deterministic, request->slots, &deterministic);
    if (fault != EXPR_FINE)
        return status_fail(STATUS_BAD_DATA, "%s: deterministic: %s", request->manifest->name,
                           expr_fault_name(fault));
    out->deterministic = deterministic != 0;
    return STATUS_OK;
}

enum status descriptor_kernel_hash(const struct descriptor_request *request, struct hash *kernel)
{
    struct text definitions = {0};
    manifest_definitions(request->manifest, request->problem, request->slots, &definitions);
    enum status status = text_status(&definitions);
    if (status == STATUS_OK) {
        struct sha256 sha;
        sha256_begin(&sha);
        sha256_add_field(&sha, "tunebook kernel 1");
        sha256_add(&sha, request->manifest->identity.bytes, SHA256_BYTES);
        sha256_add_field(&sha, text_string(&definitions));
        sha256_add_field(&sha, request->target);
        sha256_add_field(&sha, request->compiler_identity);
        *kernel = sha256_end(&sha);
    }
    text_free(&definitions);
    return status;
}
