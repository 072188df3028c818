#include "frontends/cli/strategies.h"

#include "search/strategy.h"

enum status check_strategy(const char *name)
{
    const struct strategy_api *api;
    double values[STRATEGY_OPTIONS_MAX];
    return status_prefix(strategy_parse(name, &api, values), "--strategy");
}
