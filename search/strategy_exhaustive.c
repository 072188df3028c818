/* Every configuration in the order of its number. */
#include <inttypes.h>
#include "search/strategy.h"

struct exhaustive {
    const struct space *space;
    uint64_t next;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct exhaustive *self = state;
    bool exact;
    uint64_t count = space_count(context->space, &exact);
    *self = (struct exhaustive){.space = context->space};
    if (exact) return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "strategy exhaustive: about %" PRIu64 " configurations are too many to number; "
                       "use auto or random",
                       count);
}

static bool propose(void *state, struct configuration *out)
{
    struct exhaustive *self = state;
    return space_at(self->space, self->next++, out);
}

static void tell(void *state, const struct observation *observation)
{
    (void)state;
    (void)observation;
}

static void end(void *state)
{
    (void)state;
}

const struct strategy_api strategy_exhaustive = {
    .name = "exhaustive",
    .summary = "every configuration, one after the other",
    .state_bytes = sizeof(struct exhaustive),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
