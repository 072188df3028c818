#include "frontends/cli/validity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "tuner/launch/kernel.h"

enum { SHOWN_MAX = 4 };

/* ---- the values in a condition ---- */

/* false: the name stands for no value of its own, such as a word that a field may have. */
static bool value_text(const char *name, const struct descriptor *descriptor, const struct problem *problem,
                       const struct device_facts *facts, char out[64])
{
    static const char *const fact_names[] = {
#define DEVICE_FACT(fact, meaning) "device." #fact,
        DEVICE_FACT_TABLE(DEVICE_FACT)
#undef DEVICE_FACT
    };
    for (uint32_t i = 0; i < descriptor->n_names; i++) {
        if (!descriptor->is_parameter[i] || strcmp(descriptor->names[i], name) != 0) continue;
        snprintf(out, 64, "%lld", (long long)descriptor->parameter_values[i]);
        return true;
    }
    for (size_t i = 0; i < sizeof fact_names / sizeof *fact_names; i++) {
        if (strcmp(fact_names[i], name) != 0) continue;
        snprintf(out, 64, "%lld", (long long)facts->value[i]);
        return true;
    }
    int index = op_field_index(problem->op, name);
    if (index < 0) return false;
    const struct op_field *field = &problem->op->fields[index];
    int64_t value = problem->value[index];
    if (field->kind == FIELD_TYPE)
        snprintf(out, 64, "%s", dtype_name((enum dtype)value));
    else if (field->kind == FIELD_CHOICE)
        snprintf(out, 64, "%s", field->choices[value]);
    else
        snprintf(out, 64, "%lld", (long long)value);
    return true;
}

static bool is_shown(const struct text *out, size_t start, const char *item)
{
    const char *at = strstr(text_string(out) + start, item);
    return at != NULL;
}

void clause_values(const char *clause, const struct descriptor *descriptor, const struct problem *problem,
                   const struct device_facts *facts, struct text *out)
{
    size_t start = out->size, n = 0;
    for (const char *at = clause; *at && n < SHOWN_MAX;) {
        char name[64], value[64], item[160];
        size_t length = 0;
        if (!isalpha((unsigned char)*at) && *at != '_') {
            /* A number is passed over whole: the x of 0x10 is no name. */
            do at++;
            while (isdigit((unsigned char)at[-1]) && isalnum((unsigned char)*at));
            continue;
        }
        while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '.') length++;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        at += length;
        if (!value_text(name, descriptor, problem, facts, value)) continue;
        snprintf(item, sizeof item, "%s=%s", name, value);
        if (is_shown(out, start, item)) continue;
        text_format(out, "%s%s", n++ ? ", " : " (", item);
    }
    if (n) text_append(out, ")");
}

/* ---- the rules, in the order in which the runtime library asks ---- */

struct judged {
    const struct place *place;
    struct book *book;
    const struct record_entry *entry;
    const struct descriptor *descriptor;
    const struct problem *problem;
    struct text reason;
};

static bool is_private_enough(struct judged *judged)
{
    if (strcmp(judged->place->api->name, "cpu") != 0 || book_is_private(book_path(judged->book))) return true;
    text_append(&judged->reason, "the book holds code for the CPU and others can write it or its folder");
    return false;
}

static bool is_of_op(struct judged *judged)
{
    if (strcmp(judged->descriptor->op, judged->problem->op->name) == 0) return true;
    text_format(&judged->reason, "of another op: %s", judged->descriptor->op);
    return false;
}

static bool has_arguments(struct judged *judged)
{
    if (judged->descriptor->args_abi == judged->problem->op->args_abi) return true;
    text_format(&judged->reason, "takes arguments of version %u, here they are of version %u",
                judged->descriptor->args_abi, judged->problem->op->args_abi);
    return false;
}

static bool is_for_target(struct judged *judged)
{
    if (strcmp(judged->descriptor->target, judged->place->info->device_class.target) == 0) return true;
    text_format(&judged->reason, "compiled for %s", judged->descriptor->target);
    return false;
}

static bool is_verified(struct judged *judged)
{
    if (judged->entry->evidence != EVIDENCE_MEASURED || judged->entry->verified) return true;
    text_append(&judged->reason, "measured but not verified");
    return false;
}

static bool has_code(struct judged *judged)
{
    struct value code = {0};
    enum status status = book_get_code(judged->book, &judged->descriptor->code, &code);
    value_free(&code);
    if (status == STATUS_OK) return true;
    text_format(&judged->reason, "%s",
                status == STATUS_NOT_FOUND ? "its code is not in the book" : "its code is damaged");
    return false;
}

static bool is_free(struct judged *judged)
{
    enum verdict verdict;
    if (book_quarantined(judged->book, judged->place->info->class_text, &judged->entry->kernel,
                         &judged->entry->environment, &verdict) != STATUS_OK)
        return true;
    text_format(&judged->reason, "in quarantine: %s", verdict_name(verdict));
    return false;
}

static bool covers(struct judged *judged)
{
    const char *clause = NULL;
    const struct device_facts *facts = &judged->place->info->facts;
    if (kernel_covers(judged->descriptor, judged->problem, facts, &clause)) return true;
    text_append(&judged->reason, clause ? clause : "does not cover the problem");
    if (clause) clause_values(clause, judged->descriptor, judged->problem, facts, &judged->reason);
    return false;
}

bool entry_usable(const struct place *place, struct book *book, const struct record_entry *entry,
                  const struct descriptor *descriptor, const struct problem *problem,
                  char reason[VALIDITY_BYTES])
{
    static bool (*const rules[])(struct judged * judged) = {
        is_private_enough, is_of_op, has_arguments, is_for_target, is_verified, has_code, is_free, covers};
    struct judged judged = {
        .place = place, .book = book, .entry = entry, .descriptor = descriptor, .problem = problem};
    bool usable = true;
    for (size_t i = 0; usable && i < sizeof rules / sizeof *rules; i++) usable = rules[i](&judged);
    snprintf(reason, VALIDITY_BYTES, "%s", text_string(&judged.reason));
    text_free(&judged.reason);
    return usable;
}
