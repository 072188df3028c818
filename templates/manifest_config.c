/* What a template says about one problem and one configuration: acceptance, texts, definitions. */
#include <ctype.h>
#include <string.h>
#include "templates/manifest.h"

bool manifest_has_target(const struct manifest *manifest, const char *target)
{
    for (const char *const *t = manifest->targets; *t; t++)
        if (strcmp(*t, target) == 0) return true;
    return false;
}

/* A fault is a refusal: a clause that cannot be computed does not hold. */
static bool holds(const struct manifest_clause *clause, const int64_t *slots)
{
    int64_t value;
    return expr_eval(&clause->expr, slots, &value) == EXPR_FINE && value != 0;
}

static bool all_hold(const struct manifest_clause *clauses, uint32_t n, const int64_t *slots,
                     const char **clause)
{
    for (uint32_t i = 0; i < n; i++) {
        if (holds(&clauses[i], slots)) continue;
        if (clause) *clause = clauses[i].text;
        return false;
    }
    return true;
}

bool manifest_accepts(const struct manifest *manifest, const int64_t slots[SLOT_COUNT], const char **clause)
{
    return all_hold(manifest->accepts, manifest->n_accepts, slots, clause);
}

bool manifest_check_default(const struct manifest *manifest, const int64_t slots[SLOT_COUNT],
                            const char **clause)
{
    int64_t with_default[SLOT_COUNT];
    memcpy(with_default, slots, sizeof with_default);
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        with_default[manifest->parameters[i].slot] = manifest->defaults[i];
    return all_hold(manifest->where, manifest->n_where, with_default, clause);
}

/* The word for a value of a parameter of words, else NULL. */
static const char *word_of(const struct manifest_parameter *parameter, int64_t value)
{
    for (uint32_t i = 0; parameter->words && i < parameter->n_values; i++)
        if (parameter->values[i] == value) return parameter->words[i];
    return NULL;
}

void manifest_print_configuration(const struct manifest *manifest, const int64_t *slots, struct text *out)
{
    for (uint32_t i = 0; i < manifest->n_parameters; i++) {
        const struct manifest_parameter *parameter = &manifest->parameters[i];
        int64_t value = slots[parameter->slot];
        const char *word = word_of(parameter, value);
        text_format(out, "%s%s=", i ? "," : "", parameter->name);
        if (word)
            text_append(out, word);
        else
            text_format(out, "%lld", (long long)value);
    }
}

static enum status fail_value(const struct manifest *manifest, const struct manifest_parameter *parameter,
                              const char *value)
{
    struct text list = {0};
    for (uint32_t i = 0; i < parameter->n_values && i < 32; i++) {
        text_append(&list, i ? ", " : "");
        if (parameter->words)
            text_append(&list, parameter->words[i]);
        else
            text_format(&list, "%lld", (long long)parameter->values[i]);
    }
    enum status status =
        status_fail(STATUS_USAGE, "%s: %s=%s is not one of its values: %s%s", manifest->name, parameter->name,
                    value, text_string(&list), parameter->n_values > 32 ? " ..." : "");
    text_free(&list);
    return status;
}

static enum status parse_value(const struct manifest *manifest, const struct manifest_parameter *parameter,
                               const char *text, int64_t *out)
{
    int64_t number = 0;
    bool is_number = !parameter->words && text_parse_int64(text, &number);
    for (uint32_t i = 0; i < parameter->n_values; i++) {
        bool same = parameter->words ? strcmp(parameter->words[i], text) == 0
                                     : is_number && parameter->values[i] == number;
        if (!same) continue;
        *out = parameter->values[i];
        return STATUS_OK;
    }
    return fail_value(manifest, parameter, text);
}

static const struct manifest_parameter *find_parameter(const struct manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        if (strcmp(manifest->parameters[i].name, name) == 0) return &manifest->parameters[i];
    return NULL;
}

static enum status fail_parameter(const struct manifest *manifest, const char *name)
{
    const char *names[MANIFEST_PARAMETERS_MAX];
    for (uint32_t i = 0; i < manifest->n_parameters; i++) names[i] = manifest->parameters[i].name;
    const char *closest = text_closest(name, names, manifest->n_parameters);
    return status_fail(STATUS_USAGE, "%s: unknown parameter '%s'; %s '%s'%s", manifest->name, name,
                       closest ? "did you mean" : "the first is", closest ? closest : names[0],
                       closest ? "?" : "");
}

static enum status parse_item(const struct manifest *manifest, const char *item, size_t size, uint32_t *seen,
                              int64_t *values)
{
    char copy[128], *equals;
    if (size >= sizeof copy)
        return status_fail(STATUS_USAGE, "%s: '%.20s...' is too long for NAME=VALUE", manifest->name, item);
    memcpy(copy, item, size);
    copy[size] = '\0';
    equals = strchr(copy, '=');
    if (!equals)
        return status_fail(STATUS_USAGE, "%s: '%s' is not of the form NAME=VALUE", manifest->name, copy);
    *equals = '\0';
    const struct manifest_parameter *parameter = find_parameter(manifest, copy);
    if (!parameter) return fail_parameter(manifest, copy);
    uint32_t index = parameter->slot - SLOT_PARAMETERS;
    if (*seen >> index & 1) return status_fail(STATUS_USAGE, "%s: %s is given twice", manifest->name, copy);
    *seen |= 1u << index;
    return parse_value(manifest, parameter, equals + 1, &values[index]);
}

enum status manifest_parse_configuration(const struct manifest *manifest, const char *text, int64_t *slots)
{
    int64_t values[MANIFEST_PARAMETERS_MAX];
    uint32_t seen = 0;
    for (;;) {
        size_t size = strcspn(text, ",");
        TRY(parse_item(manifest, text, size, &seen, values));
        if (text[size] == '\0') break;
        text += size + 1;
    }
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        if (!(seen >> i & 1))
            return status_fail(STATUS_USAGE, "%s: %s is missing", manifest->name,
                               manifest->parameters[i].name);
    for (uint32_t i = 0; i < manifest->n_parameters; i++) slots[manifest->parameters[i].slot] = values[i];
    return STATUS_OK;
}

static void append_upper(struct text *out, const char *word)
{
    for (; *word; word++) {
        char letter = (char)toupper((unsigned char)*word);
        text_append_bytes(out, &letter, 1);
    }
}

static void define_field(const struct op_field *field, int64_t value, struct text *out)
{
    if (field->kind == FIELD_SIZE) text_append(out, "SIZE_");
    append_upper(out, field->name);
    text_append(out, "=");
    if (field->kind == FIELD_TYPE) {
        text_append(out, "DTYPE_");
        append_upper(out, dtype_name((enum dtype)value));
    } else if (field->kind == FIELD_CHOICE) {
        append_upper(out, field->name);
        text_append(out, "_");
        append_upper(out, field->choices[value]);
    } else {
        text_format(out, "%lld", (long long)value);
    }
    text_append(out, "\n");
}

void manifest_definitions(const struct manifest *manifest, const struct problem *problem,
                          const int64_t *slots, struct text *out)
{
    const struct op *op = manifest->op;
    for (unsigned i = 0; i < op->n_fields; i++)
        if (op->fields[i].kind != FIELD_SIZE || manifest->specialize >> i & 1)
            define_field(&op->fields[i], problem->value[i], out);
    for (uint32_t i = 0; i < manifest->n_parameters; i++) {
        const struct manifest_parameter *parameter = &manifest->parameters[i];
        int64_t value = slots[parameter->slot];
        const char *word = word_of(parameter, value);
        text_format(out, "%s=", parameter->name);
        if (word) {
            text_format(out, "%s_", parameter->name);
            append_upper(out, word);
            text_append(out, "\n");
        } else {
            text_format(out, "%lld\n", (long long)value);
        }
    }
}
