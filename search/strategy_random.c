/* Configurations in random order, none twice where the space can be counted. */
#include "search/moves.h"

static enum status begin(void *state, const struct strategy_context *context)
{
    return moves_begin(state, context);
}

static bool propose(void *state, struct configuration *out)
{
    return moves_any(state, out);
}

static void tell(void *state, const struct observation *observation)
{
    (void)state;
    (void)observation;
}

static void end(void *state)
{
    moves_end(state);
}

const struct strategy_api strategy_random = {
    .name = "random",
    .summary = "configurations in random order",
    .state_bytes = sizeof(struct moves),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
