#include "search/strategy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/text.h"

#define STRATEGY(name) extern const struct strategy_api strategy_##name;
#include "search/strategies.def"
#undef STRATEGY

static const struct strategy_api *const strategies[] = {
#define STRATEGY(name) &strategy_##name,
#include "search/strategies.def"
#undef STRATEGY
};

enum { N_STRATEGIES = sizeof strategies / sizeof *strategies };

const struct strategy_api *strategy_find(const char *name)
{
    for (size_t i = 0; i < N_STRATEGIES; i++)
        if (strcmp(strategies[i]->name, name) == 0) return strategies[i];
    return NULL;
}

size_t strategy_names(const char **names, size_t capacity)
{
    for (size_t i = 0; i < N_STRATEGIES && i < capacity; i++) names[i] = strategies[i]->name;
    return N_STRATEGIES;
}

/* "unknown WHAT 'NAME'; did you mean 'X'?", or all there are. */
static enum status unknown(const char *what, const char *name, const char **names, size_t n)
{
    const char *closest = text_closest(name, names, n);
    if (closest) return status_fail(STATUS_USAGE, "unknown %s '%s'; did you mean '%s'?", what, name, closest);
    struct text list = {0};
    for (size_t i = 0; i < n; i++) text_format(&list, "%s%s", i ? ", " : "", names[i]);
    enum status status =
        status_fail(STATUS_USAGE, "unknown %s '%s'; known: %s", what, name, n ? text_string(&list) : "none");
    text_free(&list);
    return status;
}

static enum status set_option(const struct strategy_api *api, const char *name, const char *value,
                              double *values)
{
    char what[96], *end;
    const char *names[STRATEGY_OPTIONS_MAX];
    size_t i = 0;
    for (size_t j = 0; j < api->n_options; j++) names[j] = api->options[j].name;
    while (i < api->n_options && strcmp(names[i], name) != 0) i++;
    snprintf(what, sizeof what, "option of strategy %s", api->name);
    if (i == api->n_options) return unknown(what, name, names, api->n_options);
    const struct strategy_option *option = &api->options[i];
    double number = value ? strtod(value, &end) : NAN;
    if (!value || end == value || *end || !(number >= option->low && number <= option->high))
        return status_fail(STATUS_USAGE, "strategy %s: %s%s%s: wants a number from %g to %g (%s)", api->name,
                           name, value ? "=" : "", value ? value : "", option->low, option->high,
                           option->help);
    values[i] = number;
    return STATUS_OK;
}

enum status strategy_parse(const char *text, const struct strategy_api **api, double *values)
{
    const char *names[N_STRATEGIES];
    strategy_names(names, N_STRATEGIES);
    char copy[256], *save = NULL;
    if (!text) text = names[0];
    if (strlen(text) >= sizeof copy)
        return status_fail(STATUS_USAGE, "strategy '%.40s...': more than %zu bytes", text, sizeof copy - 1);
    strcpy(copy, text);
    const char *name = strtok_r(copy, ":", &save);
    *api = name ? strategy_find(name) : NULL;
    if (!*api) return unknown("strategy", name ? name : "", names, N_STRATEGIES);
    for (size_t i = 0; i < (*api)->n_options; i++) values[i] = (*api)->options[i].value;
    for (char *word; (word = strtok_r(NULL, ":", &save));) {
        char *equals = strchr(word, '=');
        if (equals) *equals = '\0';
        TRY(set_option(*api, word, equals ? equals + 1 : NULL, values));
    }
    return STATUS_OK;
}
