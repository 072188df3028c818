/* Problem texts: "gemm bf16 nt bias+gelu m=16 n=4096 k=4096", read and written by the op's field table. */
#include <stdio.h>
#include <string.h>
#include "templates/op.h"

enum { TOKEN_BYTES = 64, WORDS_MAX = 96 };

static const int64_t UNTOUCHED = INT64_MIN;

/* The next word of *text into `token`; false at the end. A word that is too long is an error of the text. */
static enum status next_token(const char **text, char token[TOKEN_BYTES], bool *found)
{
    const char *blanks = " \t\r\n";
    *text += strspn(*text, blanks);
    size_t size = strcspn(*text, blanks);
    if (size >= TOKEN_BYTES)
        return status_fail(STATUS_USAGE, "problem: the word '%.20s...' is too long (at most %d characters)",
                           *text, TOKEN_BYTES - 1);
    memcpy(token, *text, size);
    token[size] = '\0';
    *text += size;
    *found = size > 0;
    return STATUS_OK;
}

static int field_by_text(const struct op *op, const char *name)
{
    for (unsigned i = 0; i < op->n_fields; i++) {
        const struct op_field *field = &op->fields[i];
        if (strcmp(field->name, name) == 0 || (field->brief && strcmp(field->brief, name) == 0))
            return (int)i;
    }
    return -1;
}

/* Every word that could stand in a problem of this op, for "did you mean". */
static size_t known_words(const struct op *op, bool values, const char *words[WORDS_MAX])
{
    size_t n = 0;
    for (unsigned i = 0; i < op->n_fields && n + 1 < WORDS_MAX; i++) {
        const struct op_field *field = &op->fields[i];
        if (field->brief) words[n++] = field->brief;
        words[n++] = field->name;
        for (size_t c = 0; values && field->kind == FIELD_CHOICE && field->choices[c] && n < WORDS_MAX; c++)
            words[n++] = field->choices[c];
    }
    for (int type = 0; values && type < DTYPE_COUNT && n < WORDS_MAX; type++)
        words[n++] = dtype_name((enum dtype)type);
    return n;
}

static enum status fail_unknown(const struct op *op, const char *what, const char *word, bool values)
{
    const char *words[WORDS_MAX];
    size_t n = known_words(op, values, words);
    const char *closest = text_closest(word, words, n);
    if (closest)
        return status_fail(STATUS_USAGE, "%s: unknown %s '%s'; did you mean '%s'?", op->name, what, word,
                           closest);
    char list[256] = "";
    for (unsigned i = 0; i < op->n_fields; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? " " : "", op->fields[i].name);
    }
    return status_fail(STATUS_USAGE, "%s: unknown %s '%s'; the fields are: %s", op->name, what, word, list);
}

static enum status fail_value(const struct op *op, const struct op_field *field, const char *value,
                              const char *const *allowed, size_t n)
{
    char list[160] = "";
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", allowed[i]);
    }
    return status_fail(STATUS_USAGE, "%s: %s='%s' is unknown; it is one of %s", op->name, field->name, value,
                       list);
}

static enum status parse_number(const struct op *op, const struct op_field *field, const char *text,
                                int64_t *value)
{
    int64_t number;
    bool digits = text[strspn(text, "0123456789")] == '\0' && text[0] != '\0';
    if (!text_parse_int64(text, &number)) {
        if (digits) /* all digits, yet no number: too large for 64 bits */
            return status_fail(STATUS_USAGE, "%s: %s=%s is too large; it lies in %lld..%lld", op->name,
                               field->name, text, (long long)field->minimum, (long long)field->maximum);
        return status_fail(STATUS_USAGE, "%s: %s='%s' is not a whole number; it lies in %lld..%lld", op->name,
                           field->name, text, (long long)field->minimum, (long long)field->maximum);
    }
    if (number < field->minimum || number > field->maximum)
        return status_fail(STATUS_USAGE, "%s: %s=%lld is out of range; it lies in %lld..%lld", op->name,
                           field->name, (long long)number, (long long)field->minimum,
                           (long long)field->maximum);
    *value = number;
    return STATUS_OK;
}

static enum status parse_value(const struct op *op, const struct op_field *field, const char *text,
                               int64_t *value)
{
    if (field->kind == FIELD_TYPE) {
        enum dtype type;
        if (dtype_parse(text, &type)) {
            *value = type;
            return STATUS_OK;
        }
        const char *names[DTYPE_COUNT];
        for (int i = 0; i < DTYPE_COUNT; i++) names[i] = dtype_name((enum dtype)i);
        return fail_value(op, field, text, names, DTYPE_COUNT);
    }
    if (field->kind == FIELD_CHOICE) {
        size_t n = 0;
        for (; field->choices[n]; n++) {
            if (strcmp(field->choices[n], text) != 0) continue;
            *value = (int64_t)n;
            return STATUS_OK;
        }
        return fail_value(op, field, text, field->choices, n);
    }
    return parse_number(op, field, text, value);
}

enum status problem_set(struct problem *problem, const char *name, const char *value)
{
    const struct op *op = problem->op;
    int index = field_by_text(op, name);
    if (index >= 0) return parse_value(op, &op->fields[index], value, &problem->value[index]);
    char word[TOKEN_BYTES]; /* a word of the op may hold a '=' too: al=4444 */
    int size = snprintf(word, sizeof word, "%s=%s", name, value);
    if (size < (int)sizeof word && op->take_word(problem, word)) return STATUS_OK;
    return fail_unknown(op, "field", name, false);
}

/* Sets what one token says, and returns in *touched a bit for each field it set. */
static enum status take_token(struct problem *problem, const char *token, uint32_t *touched)
{
    const struct op *op = problem->op;
    struct problem probe = {.op = op};
    for (unsigned i = 0; i < OP_FIELDS_MAX; i++) probe.value[i] = UNTOUCHED;
    const char *equals = strchr(token, '=');
    if (equals) {
        char name[TOKEN_BYTES] = "";
        memcpy(name, token, (size_t)(equals - token));
        TRY(problem_set(&probe, name, equals + 1));
    } else if (!op->take_word(&probe, token)) {
        int index = field_by_text(op, token);
        if (index >= 0)
            return status_fail(STATUS_USAGE, "%s: '%s' needs a value: write %s=VALUE", op->name, token,
                               token);
        return fail_unknown(op, "word", token, true);
    }
    *touched = 0;
    for (unsigned i = 0; i < op->n_fields; i++) {
        if (probe.value[i] == UNTOUCHED) continue;
        problem->value[i] = probe.value[i];
        *touched |= 1u << i;
    }
    return STATUS_OK;
}

/* Words stand for several fields, so they go first and name=value overrides them, whatever the order. */
static enum status take_tokens(struct problem *problem, const char *text, bool with_equals)
{
    uint32_t seen = 0, touched = 0;
    char token[TOKEN_BYTES];
    bool found;
    for (;;) {
        TRY(next_token(&text, token, &found));
        if (!found) return STATUS_OK;
        if ((strchr(token, '=') != NULL) != with_equals) continue;
        TRY(take_token(problem, token, &touched));
        if (seen & touched)
            return status_fail(STATUS_USAGE, "%s: '%s' sets what an earlier word has set already",
                               problem->op->name, token);
        seen |= touched;
    }
}

enum status problem_parse(const char *text, struct problem *out)
{
    char name[TOKEN_BYTES];
    bool found;
    TRY(next_token(&text, name, &found));
    if (!found)
        return status_fail(STATUS_USAGE,
                           "problem: empty; write for example 'gemm bf16 nt m=16 n=4096 k=4096'");
    struct problem problem = {.op = op_find(name)};
    if (!problem.op) {
        const char *names[16];
        size_t n = op_names(names, 16);
        const char *closest = text_closest(name, names, n);
        return status_fail(STATUS_USAGE, "problem: unknown op '%s'; %s '%s'%s", name,
                           closest ? "did you mean" : "a problem starts with its op, such as",
                           closest ? closest : names[0], closest ? "?" : "");
    }
    for (unsigned i = 0; i < problem.op->n_fields; i++) problem.value[i] = problem.op->fields[i].initial;
    TRY(take_tokens(&problem, text, false));
    TRY(take_tokens(&problem, text, true));
    if (problem.op->complete) problem.op->complete(&problem);
    TRY(problem_check(&problem));
    *out = problem;
    return STATUS_OK;
}

enum status problem_check(const struct problem *problem)
{
    const struct op *op = problem->op;
    for (unsigned i = 0; i < op->n_fields; i++) {
        const struct op_field *field = &op->fields[i];
        int64_t value = problem->value[i];
        if (value == -1 && field->initial == -1 && field->kind == FIELD_TYPE)
            return status_fail(STATUS_USAGE, "%s: %s is missing; write a type such as bf16", op->name,
                               field->name);
        if (value == -1 && field->initial == -1)
            return status_fail(STATUS_USAGE, "%s: %s is missing; write %s=VALUE", op->name, field->name,
                               field->name);
        if (value < field->minimum || value > field->maximum)
            return status_fail(STATUS_USAGE, "%s: %s=%lld is out of range; it lies in %lld..%lld", op->name,
                               field->name, (long long)value, (long long)field->minimum,
                               (long long)field->maximum);
    }
    return op->check(problem);
}

void problem_print(const struct problem *problem, char out[PROBLEM_TEXT_BYTES])
{
    struct text text = {0};
    text_append(&text, problem->op->name);
    text_append(&text, " ");
    problem->op->print(problem, &text);
    snprintf(out, PROBLEM_TEXT_BYTES, "%s", text_string(&text));
    text_free(&text);
}
