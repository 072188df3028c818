/* The names that a manifest's expressions may use, and the compiling of its clauses. */
#include <stdio.h>
#include <string.h>
#include "templates/manifest_reader.h"

static const char *const fact_names[DEVICE_FACT_COUNT] = {
#define FACT(name, meaning) "device." #name,
    DEVICE_FACT_TABLE(FACT)
#undef FACT
};

static bool find_slot(const struct manifest_reader *reader, const char *name, unsigned *slot)
{
    int field = op_field_index(reader->manifest->op, name);
    if (field >= 0) {
        *slot = SLOT_PROBLEM + (unsigned)field;
        return true;
    }
    for (unsigned i = 0; i < DEVICE_FACT_COUNT; i++) {
        if (strcmp(fact_names[i], name) != 0) continue;
        *slot = SLOT_DEVICE + i;
        return true;
    }
    return false;
}

/* Types and choices of the op's fields, and words among parameters' values. */
static bool is_word(const struct manifest *manifest, const char *name)
{
    enum dtype type;
    if (dtype_parse(name, &type)) return true;
    for (unsigned i = 0; i < manifest->op->n_fields; i++) {
        const struct op_field *field = &manifest->op->fields[i];
        for (size_t c = 0; field->kind == FIELD_CHOICE && field->choices[c]; c++)
            if (strcmp(field->choices[c], name) == 0) return true;
    }
    for (unsigned i = 0; i < manifest->n_parameters; i++) {
        const struct manifest_parameter *parameter = &manifest->parameters[i];
        for (unsigned v = 0; parameter->words && v < parameter->n_values; v++)
            if (strcmp(parameter->words[v], name) == 0) return true;
    }
    return false;
}

static bool find_parameter_or_let(const struct manifest_reader *reader, const char *name,
                                  struct expr_name *out)
{
    const struct manifest *manifest = reader->manifest;
    for (unsigned i = 0; i < manifest->n_parameters; i++) {
        if (strcmp(manifest->parameters[i].name, name) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = manifest->parameters[i].slot};
        return true;
    }
    for (unsigned i = 0; i < reader->n_lets; i++) {
        if (strcmp(reader->lets[i].name, name) != 0) continue;
        *out = (struct expr_name){.kind = EXPR_LET, .code = reader->lets[i].expr};
        return true;
    }
    return false;
}

/* The scope's context is const; what a clause wrongly asked for is noted in a reader of its own making. */
static bool find_name(const void *context, const char *name, struct expr_name *out)
{
    struct manifest_reader *const *holder = context;
    struct manifest_reader *reader = *holder;
    unsigned slot;
    if (find_slot(reader, name, &slot)) {
        *out = (struct expr_name){.kind = EXPR_SLOT, .slot = slot};
        return true;
    }
    if (find_parameter_or_let(reader, name, out)) {
        if (!reader->problem_only) return true;
        reader->parameter_asked = true;
        return false;
    }
    if (!is_word(reader->manifest, name)) return false;
    *out = (struct expr_name){.kind = EXPR_CONSTANT, .value = expr_word(name)};
    return true;
}

static size_t list_names(const void *context, const char **names, size_t capacity)
{
    struct manifest_reader *const *holder = context;
    const struct manifest_reader *reader = *holder;
    const struct manifest *manifest = reader->manifest;
    size_t n = 0;
    for (unsigned i = 0; i < manifest->op->n_fields && n < capacity; i++)
        names[n++] = manifest->op->fields[i].name;
    for (unsigned i = 0; !reader->problem_only && i < manifest->n_parameters && n < capacity; i++)
        names[n++] = manifest->parameters[i].name;
    for (unsigned i = 0; !reader->problem_only && i < reader->n_lets && n < capacity; i++)
        names[n++] = reader->lets[i].name;
    for (unsigned i = 0; i < DEVICE_FACT_COUNT && n < capacity; i++) names[n++] = fact_names[i];
    for (unsigned i = 0; i < manifest->op->n_fields; i++) {
        const struct op_field *field = &manifest->op->fields[i];
        for (size_t c = 0; field->kind == FIELD_CHOICE && field->choices[c] && n < capacity; c++)
            names[n++] = field->choices[c];
    }
    for (int type = 0; type < DTYPE_COUNT && n < capacity; type++) names[n++] = dtype_name((enum dtype)type);
    return n;
}

bool reader_knows(struct manifest_reader *reader, const char *name)
{
    static const char *const functions[] = {"ceil_div", "min",     "max",     "abs",
                                            "log2",     "is_pow2", "size_of", "device"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i], name) == 0) return true;
    struct expr_name found;
    return find_name(&reader, name, &found);
}

bool reader_is_name(const char *name, bool upper)
{
    size_t size = strlen(name);
    if (size == 0 || size >= MANIFEST_NAME_BYTES) return false;
    char first = upper ? 'A' : 'a', last = upper ? 'Z' : 'z';
    for (size_t i = 0; i < size; i++) {
        bool letter = name[i] >= first && name[i] <= last, digit = name[i] >= '0' && name[i] <= '9';
        if (!letter && (i == 0 || (!digit && name[i] != '_'))) return false;
    }
    return true;
}

bool reader_number(const cJSON *value, int64_t *number)
{
    const double limit = 9007199254740992.0; /* 2^53: JSON's numbers are doubles */
    if (!cJSON_IsNumber(value) || !(value->valuedouble > -limit && value->valuedouble < limit)) return false;
    *number = (int64_t)value->valuedouble;
    return (double)*number == value->valuedouble;
}

enum status reader_keep(struct manifest_reader *reader, const char *string, const char **out)
{
    *out = arena_string(&reader->manifest->arena, string);
    return *out ? STATUS_OK
                : status_fail(STATUS_NO_MEMORY, "%s: no memory for its manifest", reader->source.name);
}

static enum status compile(struct manifest_reader *reader, const char *text, const char *clause,
                           struct expr *out)
{
    const struct expr_scope scope = {&reader, find_name, list_names};
    struct text where = {0};
    text_format(&where, "%s: %s", reader->source.name, clause);
    reader->parameter_asked = false;
    enum status status = text_status(&where);
    if (status == STATUS_OK)
        status = expr_compile(&reader->manifest->arena, text, text_string(&where), &scope, out);
    text_free(&where);
    if (status != STATUS_BAD_DATA || !reader->parameter_asked) return status;
    char message[512];
    snprintf(message, sizeof message, "%.*s", (int)strcspn(status_message(), ";"), status_message());
    return status_fail(status, "%s (accepts sees problem fields and device.* only; use where)", message);
}

enum status reader_expression(struct manifest_reader *reader, const cJSON *value, const char *clause,
                              struct expr *out)
{
    if (cJSON_IsString(value)) return compile(reader, value->valuestring, clause, out);
    int64_t number;
    if (!reader_number(value, &number))
        return status_fail(STATUS_BAD_DATA, "%s: %s: must be an expression in quotes or a whole number",
                           reader->source.name, clause);
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    return compile(reader, text, clause, out);
}

enum status reader_optional(struct manifest_reader *reader, const cJSON *object, const char *member,
                            const char *clause, const char *otherwise, struct expr *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, member);
    return value ? reader_expression(reader, value, clause, out) : compile(reader, otherwise, clause, out);
}
