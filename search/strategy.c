#include "search/strategy.h"

#include <string.h>

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
