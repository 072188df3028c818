#include "frontends/cli/strategies.h"

#include <stdio.h>
#include "search/strategy.h"

enum status check_strategy(const char *name)
{
    const struct strategy_api *api;
    double values[STRATEGY_OPTIONS_MAX];
    enum status status = strategy_parse(name, &api, values);
    if (status == STATUS_OK) return status;
    char message[512];
    snprintf(message, sizeof message, "%s", status_message());
    return status_fail(status, "--strategy: %s", message);
}
