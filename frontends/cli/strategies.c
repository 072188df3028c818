#include "frontends/cli/strategies.h"

#include "search/strategy.h"
#include "tuner/base/text.h"

enum { NAMES_MAX = 64 };

enum status check_strategy(const char *name)
{
    if (!name || strategy_find(name)) return STATUS_OK;
    const char *names[NAMES_MAX];
    size_t n = strategy_names(names, NAMES_MAX);
    const char *closest = text_closest(name, names, n);
    if (closest)
        return status_fail(STATUS_USAGE, "--strategy=%s: unknown strategy; did you mean '%s'?", name,
                           closest);
    struct text list = {0};
    for (size_t i = 0; i < n; i++) text_format(&list, "%s%s", i ? ", " : "", names[i]);
    enum status status =
        status_fail(STATUS_USAGE, "--strategy=%s: unknown strategy; known: %s", name, text_string(&list));
    text_free(&list);
    return status;
}
